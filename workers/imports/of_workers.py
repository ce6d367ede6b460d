"""What a row of a workers' file would do, and doing it."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Company
from workers import derivation
from workers.folding import fold
from workers.imports.drafts import Draft, Reader, id_key, remarks, shown
from workers.imports.finding import Found, find_workers
from workers.imports.models import DataImport, ImportRow, RowOutcome
from workers.imports.places import Places
from workers.models import Worker
from workers.services.workers import WorkerFields, workers_check, workers_put
from workers.services.writing import Changes, apply, batches

_RELATED = ("position", "location", "supervisor")
_OF_TEXT = {"hired_on": date.fromisoformat}


class PlanOutdated(Exception):
    """Somebody has changed the data since the preview, so that it is no longer true."""


class WorkersPlan:
    """Plans the rows of one file, a batch at a time, in the order of their lines."""

    def __init__(self, data_import: DataImport):
        self._company = data_import.company
        self._reader = Reader(data_import)
        self.places = Places(data_import)
        self._lines: dict[str, int] = {}
        # Key -> the lines of the first two rows that have it.
        self._repeated: dict[str, tuple[int, int]] = {}
        self._line_of_worker: dict[int, int] = {}
        # Own key -> key of a supervisor who is in the file only; and the keys of bad rows.
        self._awaiting: dict[str, tuple[int, str]] = {}
        self._bad: set[str] = set()
        self._numbers = 0

    def look_ahead(self, rows: Sequence[ImportRow]) -> None:
        """Learn of all rows whom they are about, before the first is planned."""
        for row in rows:
            key = self._reader.keys(row)
            if key and self._lines.setdefault(key, row.line) != row.line:
                self._repeated.setdefault(key, (self._lines[key], row.line))

    def plan(self, rows: Sequence[ImportRow]) -> None:
        drafts = self._reader.drafts(rows)
        supervisors = [
            id_key(draft.values["supervisor"]) for draft in drafts if "supervisor" in draft.values
        ]
        found = find_workers(
            company=self._company, keys=[*(draft.key for draft in drafts), *supervisors]
        )
        for draft in drafts:
            self._match(draft, found)
        stored = self._stored(drafts, found, supervisors)
        workers: list[Worker] = []
        changes: list[Changes] = []
        for draft in drafts:
            fields = self._fields(draft, found, stored)
            worker = stored.get(draft.row.matched_id or 0) or Worker(company=self._company)
            changes.append(apply(worker, fields, allowed=WorkerFields))
            workers.append(worker)
        faults = workers_check(company=self._company, workers=workers)
        for index, (draft, worker) in enumerate(zip(drafts, workers, strict=True)):
            if draft.key and (worker.pk is None or changes[index]):
                told = faults.of_row(index)
                if draft.key in self._repeated:
                    told.pop("id_number", None)  # said already, with the line
                draft.faults += remarks(told, self._reader)
            self._settle(draft, worker, changes[index])

    def finish(self) -> dict[int, tuple[str, str]]:
        """Return the lines that turn out bad because that of their supervisor is."""
        reason = _("The row of this supervisor, line %(line)d, is bad.")
        late: dict[int, tuple[str, str]] = {}
        found = True
        while found:
            found = False
            for key, (line, supervisor) in list(self._awaiting.items()):
                if supervisor in self._bad:
                    remark = reason % {"line": self._lines[supervisor]}
                    late[line] = (self._reader.label("supervisor"), remark)
                    self._bad.add(key)
                    del self._awaiting[key]
                    found = True
        return late

    def notes(self) -> list[str]:
        """Return what concerns the file as a whole."""
        if not self._numbers:
            return []
        return [
            ngettext(
                "The ID# of %(count)d row is a number in the spreadsheet: zeros in front of it, "
                "if there were any, are lost. Format the column as text to keep them.",
                "The ID#s of %(count)d rows are numbers in the spreadsheet: zeros in front of "
                "them, if there were any, are lost. Format the column as text to keep them.",
                self._numbers,
            )
            % {"count": self._numbers}
        ]

    def _match(self, draft: Draft, found: Found) -> None:
        """Find the worker whom the row is about, and say what is in the way."""
        row, reader = draft.row, self._reader
        row.matched_id = None
        if reader.is_number(row, "id_number"):
            self._numbers += 1
        if not draft.key:
            draft.faults.append(("", _("This row names nobody: it has no ID# and no name.")))
            return
        label = reader.label("id_number" if draft.has_id_number else "last_name")
        if draft.key in self._repeated:
            draft.faults.append((label, self._repetition(draft)))
            return
        matches = found.get(draft.key, [])
        if len(matches) > 1:
            reason = _("%(count)d workers have this name. Give the ID#.")
            draft.faults.append((label, reason % {"count": len(matches)}))
        elif matches:
            line = self._line_of_worker.setdefault(matches[0], row.line)
            if line != row.line:
                reason = _("Line %(line)d is about the same worker.")
                draft.faults.append((label, reason % {"line": line}))
            row.matched_id = matches[0]
        elif draft.has_id_number and not draft.name and not draft.faults:
            reason = _("No worker has this ID#, and a new one needs a first and a last name.")
            draft.faults.append((label, reason))

    def _repetition(self, draft: Draft) -> str:
        first, second = self._repeated[draft.key]
        other = {"line": second if draft.row.line == first else first}
        if draft.has_id_number:
            return _("Line %(line)d of this file has the same ID#.") % other
        return _("Line %(line)d of this file has the same name, and neither has an ID#.") % other

    def _stored(
        self, drafts: Sequence[Draft], found: Found, supervisors: Sequence[str]
    ) -> dict[int, Worker]:
        """Return the workers whom the rows are about or name, by id."""
        ids = {draft.row.matched_id for draft in drafts if draft.row.matched_id}
        return _in_bulk(
            self._company, ids | {pk for key in supervisors for pk in found.get(key, [])}
        )

    def _fields(self, draft: Draft, found: Found, stored: dict[int, Worker]) -> WorkerFields:
        """Return what the row says of the worker; an empty cell says nothing."""
        fields: dict[str, Any] = {
            name: value
            for name, value in draft.values.items()
            if name not in (*_RELATED, "division")
        }
        fields |= self.places.read(draft, self._reader)
        if "supervisor" in draft.values:
            supervisor = self._supervisor(draft, found, stored)
            if supervisor is not None:
                fields["supervisor"] = supervisor
        return fields  # type: ignore[return-value]

    def _supervisor(self, draft: Draft, found: Found, stored: dict[int, Worker]) -> Worker | None:
        key, label = id_key(draft.values["supervisor"]), self._reader.label("supervisor")
        matches = found.get(key, [])
        if key == draft.key or (matches and matches[0] == draft.row.matched_id):
            draft.faults.append((label, _("Choose somebody else: nobody supervises themselves.")))
        elif matches:
            return stored[matches[0]]
        elif key in self._lines:
            # Somebody whom this file adds: known when all rows are written.
            self._awaiting[draft.key] = (draft.row.line, key)
        else:
            reason = _("No worker has the ID# “%(id_number)s”, here or in this file.")
            draft.faults.append((label, reason % {"id_number": draft.values["supervisor"][:60]}))
        return None

    def _settle(self, draft: Draft, worker: Worker, changes: Changes) -> None:
        title = draft.title if draft.name or worker.pk is None else _called(worker)
        awaited = self._awaiting.get(draft.key)
        if awaited is not None and awaited[0] == draft.row.line:
            changes = changes | {"supervisor": ["", draft.values["supervisor"]]}
        if draft.faults:
            self._bad.add(draft.key)
            self._awaiting.pop(draft.key, None)
            draft.settle(RowOutcome.BAD, title)
            return
        outcome = RowOutcome.CREATE if worker.pk is None else RowOutcome.CHANGE
        if worker.pk is not None and not changes:
            outcome = RowOutcome.LEAVE
        else:
            self.places.need({name: getattr(worker, name) for name in changes if name in _PLACES})
        if outcome == RowOutcome.CHANGE:
            self._warn(draft, changes)
        draft.settle(
            outcome,
            title,
            values={name: _as_json(draft.values[name]) for name in changes},
            changes=shown(Worker, changes, but=_WHO if outcome == RowOutcome.CREATE else ()),
        )

    def _warn(self, draft: Draft, changes: Changes) -> None:
        """Tell of an ID# that seems to have gone to somebody else."""
        if {"first_name", "last_name"} <= changes.keys():
            reason = _("This ID# is that of %(name)s, whose name would change.")
            before = f"{changes['first_name'][0]} {changes['last_name'][0]}"
            draft.warnings.append((self._reader.label("id_number"), reason % {"name": before}))


_PLACES = ("position", "location")
# What the title of a row says already.
_WHO = ("id_number", "first_name", "middle_name", "last_name")


def _in_bulk(company: Company, ids: Collection[int]) -> dict[int, Worker]:
    workers = Worker.objects.for_company(company).select_related(*_RELATED)
    return {
        worker.pk: worker for some in batches(sorted(ids)) for worker in workers.filter(pk__in=some)
    }


def _called(worker: Worker) -> str:
    name, number = worker.full_name, worker.id_number
    return f"{name} ({number})" if number else name


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


class WorkersWrite:
    """Does what the rows' plan says. The caller holds the company's lock, in a transaction."""

    def __init__(self, data_import: DataImport):
        self._company = data_import.company
        self._places = Places(data_import)
        self._places.create(data_import.new_places, by=data_import.by)
        last = Worker.objects.for_company(self._company).aggregate(last=Max("pk"))["last"]
        # Those who came with this file are not looked at when a name is searched for.
        self._last_id = last or 0
        # Id or, of a new one, key of a worker, and the key of the supervisor.
        self._supervised: list[tuple[int | str, str]] = []

    def write(self, rows: Sequence[ImportRow]) -> None:
        """Write the rows. Raises PlanOutdated when they no longer mean what was shown."""
        keys = {row.key for row in rows}
        found = find_workers(company=self._company, keys=keys, up_to=self._last_id)
        for row in rows:
            matches = found.get(row.key, [])
            if matches != ([row.matched_id] if row.matched_id else []):
                raise PlanOutdated
        stored = _in_bulk(self._company, {row.matched_id for row in rows if row.matched_id})
        workers_put(
            company=self._company,
            added=[self._fields(row) for row in rows if not row.matched_id],
            changed=[(stored[row.matched_id], self._fields(row)) for row in rows if row.matched_id],
        )
        self._supervised += [
            (row.matched_id or row.key, id_key(row.values["supervisor"]))
            for row in rows
            if "supervisor" in row.values
        ]

    def finish(self) -> None:
        """Derive what is asked of the new ones, and set supervisors, whom the file itself
        may have added."""
        derivation.derive_new(company=self._company, after=self._last_id)
        for some in batches(self._supervised):
            named = {key for pair in some for key in pair if isinstance(key, str)}
            found = find_workers(company=self._company, keys=named)
            ids = {one for one, _key in some if isinstance(one, int)}
            stored = _in_bulk(self._company, ids | {pk for pks in found.values() for pk in pks})
            changed: list[tuple[Worker, WorkerFields]] = [
                (stored[self._only(found, one)], {"supervisor": stored[self._only(found, key)]})
                for one, key in some
            ]
            workers_put(company=self._company, added=[], changed=changed)

    def _only(self, found: Found, key: int | str) -> int:
        """Return the id of a worker by id or key. Of several of one name, the new one."""
        if isinstance(key, int):
            return key
        matches = found.get(key, [])
        if key.startswith("="):
            matches = [pk for pk in matches if pk > self._last_id]
        if len(matches) != 1:
            raise PlanOutdated
        return matches[0]

    def _fields(self, row: ImportRow) -> WorkerFields:
        fields: dict[str, Any] = {}
        for name, value in row.values.items():
            if name == "position":
                fields[name] = self._place(self._places.positions, value)
            elif name == "location":
                fields[name] = self._place(self._places.locations, value)
            elif name != "supervisor":
                fields[name] = _OF_TEXT[name](value) if name in _OF_TEXT else value
        return fields  # type: ignore[return-value]

    def _place(self, places: dict[str, Any], name: str) -> Any:
        place = places.get(fold(name))
        if place is None:
            raise PlanOutdated  # renamed, merged or removed meanwhile
        return place
