"""Writes to workers."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit.trail import audit_event_add
from accounts.models import Company, User
from workers import derivation
from workers.bulk import rows_put
from workers.changes import append_workers
from workers.folding import fold, fold_name
from workers.models import Cause, Location, Position, Worker
from workers.services.meanwhile import ChangedMeanwhile, digest
from workers.services.writing import (
    BATCH,
    Faults,
    apply,
    batches,
    check_related,
    clean,
    not_there,
)


class WorkerFields(TypedDict, total=False):
    """What is told of a worker; what is left out stays, or takes the model's default."""

    id_number: str
    first_name: str
    middle_name: str
    last_name: str
    email: str
    worker_type: str
    position: Position | None
    location: Location | None
    supervisor: Worker | None
    is_active: bool
    hired_on: date | None


# What decides which requirements apply to a worker.
_PLACE = {"position", "location", "is_active"}
# What answers show of a worker, and so the changes feed tells of.
_TOLD = _PLACE | {
    *("id_number", "first_name", "middle_name", "last_name"),
    *("email", "worker_type"),
}

_RELATED: dict[str, type[Position] | type[Location] | type[Worker]] = {
    "position": Position,
    "location": Location,
    "supervisor": Worker,
}

# What is stored of a worker but the id, as attributes of the model.
_COLUMNS = tuple(field.attname for field in Worker._meta.concrete_fields if not field.primary_key)
_FOLDED = {"id_number_folded", "name_folded"}

# Folding can make text longer ("ﬃ" becomes three letters), and too long for its column.
_SHOWN_AS = {"id_number_folded": "id_number", "name_folded": "last_name"}


@transaction.atomic
def worker_add(*, company: Company, by: User | None, **fields: Unpack[WorkerFields]) -> Worker:
    """Add a worker. Raises ValidationError by field."""
    derivation.lock(company=company)
    worker = Worker(company=company)
    changes = apply(worker, fields, allowed=WorkerFields)
    _check(company, [worker]).raise_for_one()
    worker.save()
    this_one = Worker.objects.filter(pk=worker.pk)
    append_workers(company=company, workers=this_one, are_new=True)
    derivation.refresh(company=company, workers=this_one, cause=Cause.WORKER)
    audit_event_add(company=company, actor=by, action="added", subject=worker, changes=changes)
    return worker


@transaction.atomic
def workers_add(
    *, company: Company, workers: Sequence[WorkerFields], by: User | None
) -> list[Worker]:
    """Add many workers, all or none, in the order given, with one audit event.

    Raises ValidationError with a message for each fault; its `params` tell row (counted
    from 1) and field.
    """
    derivation.lock(company=company)
    added = [Worker(company=company) for _fields in workers]
    for worker, fields in zip(added, workers, strict=True):
        apply(worker, fields, allowed=WorkerFields)
    _check(company, added).raise_for_all()
    Worker.objects.bulk_create(added, batch_size=BATCH)
    for some in batches([worker.pk for worker in added]):
        these = Worker.objects.filter(pk__in=some)
        append_workers(company=company, workers=these, are_new=True)
        derivation.refresh(company=company, workers=these, cause=Cause.WORKER)
    audit_event_add(
        company=company,
        actor=by,
        action="added workers",
        subject=company,
        changes={"workers": ["", str(len(added))]},
    )
    return added


def workers_put(
    *,
    company: Company,
    added: Sequence[WorkerFields],
    changed: Sequence[tuple[Worker, WorkerFields]],
) -> None:
    """Add and change many workers as a part of a larger write.

    What is written has passed `workers_check`. The caller is in a transaction, holds the
    lock since before it read the workers to be changed, and leaves a line in the audit
    trail for the whole. Those changed are derived here; for those added it calls
    `derivation.derive_new` when all are there.
    """
    new = [Worker(company=company, **fields) for fields in added]
    changes = [apply(worker, fields, allowed=WorkerFields) for worker, fields in changed]
    old = [worker for worker, _fields in changed]
    for worker in (*new, *old):
        _fold(worker)
    rows_put(Worker, _COLUMNS, [_values(worker, _COLUMNS) for worker in new])
    told = [worker.pk for worker, names in zip(old, changes, strict=True) if names.keys() & _TOLD]
    for some in batches(told):
        these = Worker.objects.filter(pk__in=some)
        append_workers(company=company, workers=these, are_new=False)
    written = {_attribute(name) for names in changes for name in names}
    if written:
        rows_put(
            Worker,
            ("id", *_COLUMNS),
            [_values(worker, ("id", *_COLUMNS)) for worker in old],
            unique=["id"],
            overwrite=written | _FOLDED,
        )
    moved = [worker.pk for worker, names in zip(old, changes, strict=True) if names.keys() & _PLACE]
    for some in batches(moved):
        derivation.refresh(
            company=company, workers=Worker.objects.filter(pk__in=some), cause=Cause.WORKER
        )


def workers_check(*, company: Company, workers: Sequence[Worker]) -> Faults:
    """Return what is wrong with workers as they would be written, in a few queries."""
    return _check(company, workers)


@transaction.atomic
def worker_change(
    *,
    company: Company,
    worker: Worker,
    by: User | None,
    seen: str | None = None,
    **fields: Unpack[WorkerFields],
) -> Worker:
    """Change a worker: rename, move, … Returns the row as it is now.

    Only what is given is changed, on the row as it is stored: what somebody else changed
    since `worker` was read stays. Raises ValidationError by field, and ChangedMeanwhile
    when `seen` is given and no longer the row's `worker_digest`.
    """
    derivation.lock(company=company)
    stored = _worker(company, worker)
    if seen is not None and seen != worker_digest(stored):
        raise ChangedMeanwhile
    _change(company, stored, fields, by=by, action="changed")
    return stored


@transaction.atomic
def worker_deactivate(*, company: Company, worker: Worker, by: User | None) -> bool:
    """Ask nothing of the worker any more; tell whether that was still to do."""
    derivation.lock(company=company)
    stored = _worker(company, worker)
    return _change(company, stored, {"is_active": False}, by=by, action="deactivated")


@transaction.atomic
def worker_reactivate(*, company: Company, worker: Worker, by: User | None) -> bool:
    """Ask again what is asked where the worker works; tell whether that was still to do."""
    derivation.lock(company=company)
    stored = _worker(company, worker)
    return _change(company, stored, {"is_active": True}, by=by, action="reactivated")


def worker_digest(worker: Worker) -> str:
    """Return a short text that differs when anything that is told of the worker does."""
    return digest(worker, WorkerFields.__annotations__)


def _worker(company: Company, worker: Worker) -> Worker:
    """Return the company's worker as stored now."""
    stored = (
        Worker.objects.for_company(company)
        .select_related("position", "location", "supervisor")
        .filter(pk=worker.pk)
        .first()
    )
    if stored is None:
        raise not_there()
    return stored


def _change(
    company: Company, stored: Worker, fields: WorkerFields, *, by: User | None, action: str
) -> bool:
    """Write what differs, and tell whether anything did. The caller holds the lock."""
    changes = apply(stored, fields, allowed=WorkerFields)
    if not changes:
        return False
    _check(company, [stored]).raise_for_one()
    this_one = Worker.objects.filter(pk=stored.pk)
    if changes.keys() & _TOLD:
        append_workers(company=company, workers=this_one, are_new=False)
    stored.save()
    if changes.keys() & _PLACE:
        derivation.refresh(company=company, workers=this_one, cause=Cause.WORKER)
    audit_event_add(company=company, actor=by, action=action, subject=stored, changes=changes)
    return True


def _check(company: Company, workers: Sequence[Worker]) -> Faults:
    """Validate and fold workers that are about to be written, in a constant number of queries."""
    faults = Faults()
    for worker in workers:
        _fold(worker)
    clean(workers, faults, related=["company", *_RELATED], shown_as=_SHOWN_AS)
    for field, model in _RELATED.items():
        check_related(workers, faults, field=field, among=model.objects.for_company(company))
    for index, worker in enumerate(workers):
        if worker.pk is not None and worker.supervisor_id == worker.pk:
            message = _("Choose somebody else: nobody supervises themselves.")
            faults.add(index, "supervisor", ValidationError(message, code="self"))
    _check_id_numbers(company, workers, faults)
    return faults


def _fold(worker: Worker) -> None:
    worker.id_number_folded = fold(worker.id_number or "") or None
    worker.name_folded = fold_name(
        worker.first_name or "", worker.middle_name or "", worker.last_name or ""
    )


def _attribute(name: str) -> str:
    return str(Worker._meta.get_field(name).attname)  # type: ignore[union-attr]


def _values(worker: Worker, columns: Sequence[str]) -> tuple[object, ...]:
    return tuple(getattr(worker, column) for column in columns)


def _check_id_numbers(company: Company, workers: Sequence[Worker], faults: Faults) -> None:
    """Refuse ID#s that another worker has, of the company or among those given."""
    folded = Counter(worker.id_number_folded for worker in workers if worker.id_number_folded)
    others = Worker.objects.for_company(company).exclude(
        pk__in=[worker.pk for worker in workers if worker.pk is not None]
    )
    for some in batches(sorted(folded)):
        taken = others.filter(id_number_folded__in=some)
        folded.update(filter(None, taken.values_list("id_number_folded", flat=True)))
    for index, worker in enumerate(workers):
        if worker.id_number_folded and folded[worker.id_number_folded] > 1:
            message = _("Another worker of the company has this ID#.")
            faults.add(index, "id_number", ValidationError(message, code="unique"))
