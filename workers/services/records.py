"""Writes to records. A renewal is a record added; the ones before it stay as history."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Required, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.audit.trail import audit_event_add
from accounts.models import Company, User
from workers import derivation
from workers.bulk import rows_put
from workers.compliance import RecordState
from workers.models import Cause, Record, Requirement, Worker
from workers.services.meanwhile import ChangedMeanwhile, digest
from workers.services.writing import (
    BATCH,
    Changes,
    Faults,
    apply,
    batches,
    check_related,
    clean,
    not_there,
)

# What is stored of a record but the id, as attributes of the model.
_COLUMNS = tuple(field.attname for field in Record._meta.concrete_fields if not field.primary_key)


class RecordFields(TypedDict, total=False):
    """What is told of a record; what is left out stays, or takes the model's default.

    Without a `requirement_version`, a new record is of the requirement's current one.
    """

    state: str
    issued_on: date | None
    completed_on: date | None
    submitted_on: date | None
    expires_on: date | None
    certificate_number: str
    issuer: str
    score: Decimal | None
    progress: int | None
    approved_by: User | None
    requirement_version: int
    note: str


class NewRecord(RecordFields, total=False):
    worker: Required[Worker]
    requirement: Required[Requirement]


@transaction.atomic
def record_add(
    *,
    company: Company,
    worker: Worker,
    requirement: Requirement,
    by: User | None,
    **fields: Unpack[RecordFields],
) -> Record:
    """Add a record, a first one or a renewal. Raises ValidationError by field."""
    derivation.lock(company=company)
    [(record, changes)] = _new(company, [{**fields, "worker": worker, "requirement": requirement}])
    _check(company, [record]).raise_for_one()
    record.save()
    _refresh(company, record)
    audit_event_add(company=company, actor=by, action="added", subject=record, changes=changes)
    return record


@transaction.atomic
def records_add(*, company: Company, records: Sequence[NewRecord], by: User | None) -> list[Record]:
    """Add many records, all or none, in the order given, with one audit event.

    Raises ValidationError with a message for each fault; its `params` tell row (counted
    from 1) and field.
    """
    derivation.lock(company=company)
    added = [record for record, _changes in _new(company, records)]
    _check(company, added).raise_for_all()
    Record.objects.bulk_create(added, batch_size=BATCH)
    for some in batches(sorted({record.worker_id for record in added})):
        derivation.refresh(
            company=company, workers=Worker.objects.filter(pk__in=some), cause=Cause.RECORD
        )
    audit_event_add(
        company=company,
        actor=by,
        action="added records",
        subject=company,
        changes={"records": ["", str(len(added))]},
    )
    return added


def records_put(
    *,
    company: Company,
    added: Sequence[NewRecord],
    changed: Sequence[tuple[Record, RecordFields]],
) -> None:
    """Add and change many records as a part of a larger write, and derive what follows.

    What is written has passed `records_check`. The caller is in a transaction, holds the
    lock since before it read the records to be changed, and leaves a line in the audit
    trail for the whole.
    """
    new = [record for record, _changes in _new(company, added)]
    written: set[str] = set()
    for record, fields in changed:
        written |= apply(record, fields, allowed=RecordFields).keys()
    old = [record for record, _fields in changed]
    rows_put(Record, _COLUMNS, [_values(record, _COLUMNS) for record in new])
    if written:
        rows_put(
            Record,
            ("id", *_COLUMNS),
            [_values(record, ("id", *_COLUMNS)) for record in old],
            unique=["id"],
            overwrite={_attribute(name) for name in written},
        )
    # What else is asked of these workers stays as it is.
    workers_of: defaultdict[Requirement, set[int]] = defaultdict(set)
    for record in (*new, *old):
        workers_of[record.requirement].add(record.worker_id)
    for requirement, ids in workers_of.items():
        for some in batches(sorted(ids)):
            derivation.refresh(
                company=company,
                workers=Worker.objects.filter(pk__in=some),
                requirement=requirement,
                cause=Cause.RECORD,
            )


def records_check(*, company: Company, records: Sequence[Record]) -> Faults:
    """Return what is wrong with records as they would be written, in a few queries."""
    return _check(company, records)


@transaction.atomic
def record_change(
    *,
    company: Company,
    record: Record,
    by: User | None,
    seen: str | None = None,
    **fields: Unpack[RecordFields],
) -> Record:
    """Change a record. Returns the row as it is now.

    Raises ValidationError by field, and ChangedMeanwhile when `seen` is given and no
    longer the row's `record_digest`.
    """
    derivation.lock(company=company)
    stored = _record(company, record)
    if seen is not None and seen != record_digest(stored):
        raise ChangedMeanwhile
    return _change(company, stored, fields, by=by, action="changed")


def record_digest(record: Record) -> str:
    """Return a short text that differs when anything that is told of the record does."""
    return digest(record, RecordFields.__annotations__)


@transaction.atomic
def record_approve(*, company: Company, record: Record, by: User | None) -> Record:
    """Approve a submitted record. Raises ValidationError when it does not wait for that."""
    derivation.lock(company=company)
    fields: RecordFields = {"state": RecordState.APPROVED, "approved_by": by}
    return _change(company, _waiting(company, record), fields, by=by, action="approved")


@transaction.atomic
def record_reject(*, company: Company, record: Record, by: User | None, note: str = "") -> Record:
    """Reject a submitted record; a `note` tells why and takes the place of the one there.

    Raises ValidationError when the record does not wait for approval.
    """
    derivation.lock(company=company)
    fields: RecordFields = {"state": RecordState.REJECTED}
    if note:
        fields["note"] = note
    return _change(company, _waiting(company, record), fields, by=by, action="rejected")


def _new(company: Company, records: Sequence[NewRecord]) -> list[tuple[Record, Changes]]:
    """Return unsaved records with the changes that make them."""
    versions = _versions(company, [fields["requirement"].pk for fields in records])
    made = []
    for fields in records:
        record = Record(worker=fields["worker"], requirement=fields["requirement"])
        record.requirement_version = versions.get(record.requirement_id, 1)
        made.append((record, apply(record, fields, allowed=NewRecord)))
    return made


def _attribute(name: str) -> str:
    return str(Record._meta.get_field(name).attname)  # type: ignore[union-attr]


def _values(record: Record, columns: Sequence[str]) -> tuple[object, ...]:
    return tuple(getattr(record, column) for column in columns)


def _record(company: Company, record: Record) -> Record:
    """Return the company's record as it is stored now."""
    stored = (
        Record.objects.filter(pk=record.pk, worker__company=company)
        .select_related("worker", "requirement", "approved_by")
        .first()
    )
    if stored is None:
        raise not_there()
    return stored


def _waiting(company: Company, record: Record) -> Record:
    stored = _record(company, record)
    if stored.state != RecordState.SUBMITTED:
        raise ValidationError(_("This record does not wait for approval."), code="not_waiting")
    return stored


def _change(
    company: Company, record: Record, fields: RecordFields, *, by: User | None, action: str
) -> Record:
    changes = apply(record, fields, allowed=RecordFields)
    if not changes:
        return record
    _check(company, [record]).raise_for_one()
    record.save()
    _refresh(company, record)
    audit_event_add(company=company, actor=by, action=action, subject=record, changes=changes)
    return record


def _refresh(company: Company, record: Record) -> None:
    derivation.refresh(
        company=company,
        workers=Worker.objects.filter(pk=record.worker_id),
        cause=Cause.RECORD,
        requirement=record.requirement,
    )


def _check(company: Company, records: Sequence[Record]) -> Faults:
    """Validate records that are about to be written, in a constant number of queries."""
    faults = Faults()
    check_related(records, faults, field="worker", among=Worker.objects.for_company(company))
    # The operator, who belongs to no company, may approve as well.
    people = User.objects.filter(Q(company=company) | Q(company=None))
    check_related(records, faults, field="approved_by", among=people)
    clean(records, faults, related=["worker", "requirement", "approved_by"])
    _check_versions(company, records, faults)
    for index, record in enumerate(records):
        _check_dates(index, record, faults)
    return faults


def _check_versions(company: Company, records: Sequence[Record], faults: Faults) -> None:
    """Refuse requirements of another company and versions that are not there yet."""
    versions = _versions(company, [record.requirement_id for record in records])
    for index, record in enumerate(records):
        current = versions.get(record.requirement_id)
        if current is None:
            faults.add(index, "requirement", not_there())
        elif record.requirement_version > current:
            message = _("The requirement has no such version yet.")
            faults.add(index, "requirement_version", ValidationError(message, code="version"))


def _versions(company: Company, requirement_ids: Iterable[int]) -> dict[int, int]:
    """Return the current version of those requirements that are the company's."""
    versions: dict[int, int] = {}
    for some in batches(sorted(set(requirement_ids))):
        requirements = Requirement.objects.for_company(company).filter(pk__in=some)
        versions.update(requirements.values_list("pk", "version"))
    return versions


def _check_dates(index: int, record: Record, faults: Faults) -> None:
    """Refuse a proof without any date: one that never expires for lack of a date would be
    worse than none."""
    dates = (record.completed_on, record.issued_on, record.submitted_on, record.expires_on)
    if record.state != RecordState.IN_PROGRESS and not any(dates):
        message = _("Give the day on which it was completed, issued or submitted.")
        faults.add(index, "completed_on", ValidationError(message, code="required"))
