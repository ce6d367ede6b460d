"""What a row of a records' file would do, and doing it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import Company, User
from workers.compliance import RecordState
from workers.folding import fold
from workers.imports.drafts import Draft, Reader, Remark, remarks, shown
from workers.imports.finding import find_workers
from workers.imports.models import DataImport, ImportRow, RowOutcome
from workers.imports.of_workers import PlanOutdated
from workers.models import Record, Requirement, Worker
from workers.services.records import NewRecord, RecordFields, records_check, records_put
from workers.services.writing import Changes, apply, batches

_OF_PERSON = ("id_number", "first_name", "middle_name", "last_name")
_DAYS = ("completed_on", "issued_on", "submitted_on", "expires_on")
# What tells one record from another: whose, of what, proven when.
Identity = tuple[int, int, date | None]


class Requirements:
    """The company's requirements by folded name."""

    def __init__(self, company: Company):
        self._by_name: defaultdict[str, list[Requirement]] = defaultdict(list)
        for requirement in Requirement.objects.for_company(company):
            self._by_name[fold(requirement.name)].append(requirement)

    def read(self, draft: Draft, reader: Reader) -> Requirement | None:
        """Return the requirement that the row names; None with a fault when there is not one."""
        name, component = draft.values.get("requirement", ""), draft.values.get("component")
        label = reader.label("requirement")
        if not name:
            draft.faults.append((label, _("This row names no requirement.")))
            return None
        named = self._by_name.get(fold(name), [])
        found = [one for one in named if component in (None, one.component)]
        if len(found) == 1:
            return found[0]
        if found:
            reason = _(
                "Requirements of several components are called so: %(components)s. Say which."
            )
            about = {"components": ", ".join(one.get_component_display() for one in found)}
        elif named:
            reason = _("“%(name)s” is not of this component, but: %(components)s.")
            components = ", ".join(one.get_component_display() for one in named)
            about = {"name": name[:100], "components": components}
        else:
            reason = _("There is no requirement “%(name)s”.")
            about = {"name": name[:100]}
        draft.faults.append((label, reason % about))
        return None


class RecordsPlan:
    """Plans the rows of one file, a batch at a time, in the order of their lines."""

    def __init__(self, data_import: DataImport):
        self._company = data_import.company
        self._by = data_import.by
        self._reader = Reader(data_import)
        self._requirements = Requirements(self._company)
        self._line_of: dict[tuple[Identity, str] | int, int] = {}

    def look_ahead(self, rows: Sequence[ImportRow]) -> None:
        """Nothing to learn: a worker may have many records."""

    def finish(self) -> dict[int, Remark]:
        return {}

    def notes(self) -> list[str]:
        return []

    def plan(self, rows: Sequence[ImportRow]) -> None:
        drafts = self._reader.drafts(rows)
        found = find_workers(company=self._company, keys={draft.key for draft in drafts})
        workers = _workers(self._company, {pk for pks in found.values() for pk in pks})
        about: list[tuple[Worker, Requirement] | None] = []
        for draft in drafts:
            worker = self._worker(draft, found.get(draft.key, []), workers)
            requirement = self._requirements.read(draft, self._reader)
            about.append((worker, requirement) if worker and requirement else None)
        stored = stored_records(self._company, [one for one in about if one])
        planned: list[tuple[Draft, Record, Changes]] = []
        for draft, one in zip(drafts, about, strict=True):
            if one is None:
                draft.settle(RowOutcome.BAD, draft.title)
            else:
                planned.append((draft, *self._planned(draft, *one, stored)))
        faults = records_check(company=self._company, records=[row[1] for row in planned])
        for index, (draft, record, changes) in enumerate(planned):
            if record.pk is None or changes:
                draft.faults += remarks(faults.of_row(index), self._reader)
            self._settle(draft, record, changes)

    def _worker(
        self, draft: Draft, matches: list[int], workers: dict[int, Worker]
    ) -> Worker | None:
        reader = self._reader
        if not draft.key:
            draft.faults.append(("", _("This row names nobody: it has no ID# and no name.")))
            return None
        if len(matches) == 1:
            return workers[matches[0]]
        label = reader.label("id_number" if draft.has_id_number else "last_name")
        if matches:
            reason = _("%(count)d workers have this name. Give the ID#.")
        elif draft.has_id_number and reader.is_number(draft.row, "id_number"):
            reason = _(
                "No worker has this ID#. It is a number in the spreadsheet: were there zeros in "
                "front of it?"
            )
        elif draft.has_id_number:
            reason = _("No worker has this ID#.")
        else:
            reason = _("There is no worker of this name.")
        draft.faults.append((label, reason % {"count": len(matches)}))
        return None

    def _planned(
        self,
        draft: Draft,
        worker: Worker,
        requirement: Requirement,
        stored: dict[Identity, list[Record]],
    ) -> tuple[Record, Changes]:
        """Return the record as the row would have it: one that is there, or a new one."""
        fields = fields_of_draft(draft, by=self._by)
        identity = (worker.pk, requirement.pk, proven_on(fields))
        record = pick(stored.get(identity, []), fields)
        same = record.pk if record else (identity, fields.get("certificate_number", ""))
        line = self._line_of.setdefault(same, draft.row.line)
        if line != draft.row.line:
            reason = _("Line %(line)d has a record of the same worker, requirement and day.")
            draft.faults.append(("", reason % {"line": line}))
        if record is None:
            record = Record(worker=worker, requirement=requirement)
            record.requirement_version = requirement.version
            draft.row.matched_id = None
        else:
            draft.row.matched_id = record.pk
            if "state" not in draft.values:
                fields.pop("state", None)
                fields.pop("approved_by", None)
            elif record.state == fields.get("state"):
                fields.pop("approved_by", None)
        return record, apply(record, fields, allowed=RecordFields)

    def _settle(self, draft: Draft, record: Record, changes: Changes) -> None:
        title = f"{record.worker}: {record.requirement}"
        outcome = RowOutcome.CREATE if record.pk is None else RowOutcome.CHANGE
        if record.pk is not None and not changes:
            outcome = RowOutcome.LEAVE
        told = {name: texts for name, texts in changes.items() if name != "approved_by"}
        draft.settle(
            outcome,
            title,
            values={
                **{name: _as_json(getattr(record, name)) for name in told},
                "worker": record.worker_id,
                "requirement": record.requirement_id,
            },
            changes=shown(Record, told),
        )


def fields_of_draft(draft: Draft, *, by: User | None) -> RecordFields:
    """Return what the row says of the record. Without a state it is a proof that holds."""
    fields: dict[str, Any] = {
        name: value
        for name, value in draft.values.items()
        if name not in (*_OF_PERSON, "requirement", "component")
    }
    fields.setdefault("state", RecordState.APPROVED)
    if fields["state"] == RecordState.APPROVED:
        fields["approved_by"] = by
    return fields  # type: ignore[return-value]


def proven_on(fields: Any) -> date | None:
    """Return the day that tells a renewal from the record before it."""
    days = (fields.get(name) for name in _DAYS)
    return next((day for day in days if day is not None), None)


def stored_records(
    company: Company, about: Sequence[tuple[Worker, Requirement]], up_to: int | None = None
) -> dict[Identity, list[Record]]:
    """Return the records that there are of these workers and requirements, newest first.

    With `up_to`, only records up to that id are looked at.
    """
    found: defaultdict[Identity, list[Record]] = defaultdict(list)
    requirements = {requirement.pk for _worker, requirement in about}
    for some in batches(sorted({worker.pk for worker, _requirement in about})):
        records = Record.objects.filter(
            worker__company=company, worker__in=some, requirement__in=requirements
        ).select_related("worker", "requirement", "approved_by")
        if up_to is not None:
            records = records.filter(pk__lte=up_to)
        for record in records.order_by("-pk"):
            day = proven_on({name: getattr(record, name) for name in _DAYS})
            found[record.worker_id, record.requirement_id, day].append(record)
    return found


def pick(records: list[Record], fields: RecordFields) -> Record | None:
    """Return which of several records of one day is meant: by its number, else the newest."""
    number = fields.get("certificate_number", "")
    same = [record for record in records if record.certificate_number == number]
    open_ = [record for record in records if not number or not record.certificate_number]
    return next(iter(same or open_), None)


def _workers(company: Company, ids: set[int]) -> dict[int, Worker]:
    workers = Worker.objects.for_company(company)
    return {
        pk: worker for some in batches(sorted(ids)) for pk, worker in workers.in_bulk(some).items()
    }


def _as_json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


class RecordsWrite:
    """Does what the rows' plan says. The caller holds the company's lock, in a transaction."""

    def __init__(self, data_import: DataImport):
        self._company = data_import.company
        self._by = data_import.by
        self._requirements = {
            requirement.pk: requirement
            for requirement in Requirement.objects.for_company(self._company)
        }
        # Those that come with this file are not looked at when one is searched for.
        self._last_id = Record.objects.aggregate(last=Max("pk"))["last"] or 0

    def write(self, rows: Sequence[ImportRow]) -> None:
        """Write the rows. Raises PlanOutdated when they no longer mean what was shown."""
        found = find_workers(company=self._company, keys={row.key for row in rows})
        for row in rows:
            if found.get(row.key, []) != [row.values["worker"]]:
                raise PlanOutdated
            if row.values["requirement"] not in self._requirements:
                raise PlanOutdated
        workers = _workers(self._company, {row.values["worker"] for row in rows})
        stored = self._stored(rows)
        added: list[NewRecord] = []
        changed: list[tuple[Record, RecordFields]] = []
        for row in rows:
            fields = self._fields(row)
            if row.matched_id:
                changed.append((stored[row.matched_id], fields))
                continue
            worker = workers[row.values["worker"]]
            requirement = self._requirements[row.values["requirement"]]
            added.append({**fields, "worker": worker, "requirement": requirement})
        self._check_new(added)
        records_put(company=self._company, added=added, changed=changed)

    def finish(self) -> None:
        """Everything is written."""

    def _stored(self, rows: Sequence[ImportRow]) -> dict[int, Record]:
        ids = {row.matched_id for row in rows if row.matched_id}
        records = Record.objects.filter(worker__company=self._company, pk__in=ids).select_related(
            "worker", "requirement", "approved_by"
        )
        stored = {record.pk: record for record in records}
        if len(stored) < len(ids):
            raise PlanOutdated
        return stored

    def _check_new(self, added: Sequence[NewRecord]) -> None:
        """Raise PlanOutdated when one of them is there already."""
        about = [(new["worker"], new["requirement"]) for new in added]
        there = stored_records(self._company, about, up_to=self._last_id)
        for new in added:
            identity = (new["worker"].pk, new["requirement"].pk, proven_on(new))
            if pick(there.get(identity, []), new) is not None:
                raise PlanOutdated

    def _fields(self, row: ImportRow) -> RecordFields:
        fields: dict[str, Any] = {}
        for name, value in row.values.items():
            if name in _DAYS and value is not None:
                fields[name] = date.fromisoformat(value)
            elif name == "score" and value is not None:
                fields[name] = Decimal(value)
            elif name not in ("worker", "requirement"):
                fields[name] = value
        if fields.get("state") == RecordState.APPROVED:
            fields["approved_by"] = self._by
        return fields  # type: ignore[return-value]
