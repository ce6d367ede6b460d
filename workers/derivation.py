"""Keep the WorkerRequirement rows what the facts make them.

Rows are worked out for many workers at once, in a number of queries that does not grow
with them, and only what differs is written, each difference with its row in the changes
feed. Services call `refresh` inside the transaction of their change; the
`rebuild_compliance` command goes over everything.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from accounts.models import Company
from workers.bulk import rows_put
from workers.changes import NOT_ASKED, Change, Timeline, Told, append, append_new, changes_of
from workers.compliance import (
    Because,
    CompliantWhen,
    Level,
    RecordFacts,
    RecordState,
    RequirementFacts,
    Status,
    level_of,
    next_change_on,
    standing_of,
    status_on,
)
from workers.models import (
    Assignment,
    Cause,
    FactsStamp,
    Record,
    Requirement,
    Worker,
    WorkerRequirement,
)

# Workers per round: bounds the memory whatever the size of the company.
BATCH = 2000

_DAY = timedelta(days=1)

# (worker id, requirement id)
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many derived rows were not as the facts make them."""

    created: int = 0
    changed: int = 0
    deleted: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.created + other.created,
            self.changed + other.changed,
            self.deleted + other.deleted,
        )

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.deleted)


def lock(*, company: Company) -> None:
    """Let one transaction at a time change what derived rows are made of.

    Under READ COMMITTED, one that assigns to a position and one that moves a worker to
    it would each not see the other's uncommitted row, and the worker would be left
    without the requirement. Whoever takes the lock second reads what the first wrote.
    "No key", because rows that only refer to the company need not wait for it. On SQLite
    nothing is locked here: transactions are IMMEDIATE, so writers queue anyway.

    Whoever takes it changes facts, and with them the company's stamp: what was made from
    facts before that is out of date when the transaction ends.
    """
    Company.objects.select_for_update(no_key=True).values_list("pk").get(pk=company.pk)
    FactsStamp.objects.bulk_create(
        [FactsStamp(company=company, stamp=secrets.randbits(63))],
        update_conflicts=True,
        unique_fields=["company"],
        update_fields=["stamp"],
    )


def refresh(
    *,
    company: Company,
    workers: QuerySet[Worker],
    cause: Cause,
    requirement: Requirement | None = None,
) -> Counts:
    """Bring the derived rows of `workers`, all of one company, up to date.

    With a `requirement`, only its rows are looked at. The changes feed is told what
    `cause` has changed. The caller holds the `lock` since before it read what it changes.
    """
    counts = Counts()
    for batch in _batches(workers):
        counts += _settle(company, _differences(company, batch, requirement, cause))
    return counts


def derive_new(*, company: Company, after: int) -> None:
    """Derive the rows of the workers whose ids are above `after`, inside the database.

    For many who were just added: they have no record yet, so that a row depends on the
    place alone, and a thousand workers of one place are one statement. The caller holds
    the `lock` since before they were added.
    """
    # Not the caller's company, which may have been read before the lock.
    settings = Company.objects.get(pk=company.pk)
    active = Worker.objects.for_company(company).filter(pk__gt=after, is_active=True)
    found = active.order_by().values_list("position_id", "location_id").distinct()
    places = [_Place(0, True, *place) for place in found]
    rules = _rules(settings, places, None)
    for place in places:
        asked = rules.asked_at(place.position_id, place.location_id)
        workers = active.filter(position=place.position_id, location=place.location_id)
        _insert_asked(workers, asked)
    append_new(company=company, after=after, today=settings.today())


def follow_company(company: Company) -> None:
    """Bring the rows up to date that depend on settings of the company.

    accounts.services calls it when those have changed (see apps.py).
    """
    lock(company=company)
    refresh(company=company, workers=Worker.objects.for_company(company), cause=Cause.COMPANY)


def rebuild(*, company: Company) -> Counts:
    """Bring all derived rows of the company up to date; return what was wrong."""
    return _walk(company, lambda found: _settle(company, found))


def differences(*, company: Company) -> Counts:
    """Return what `rebuild` would change, without changing it."""
    return _walk(company, lambda found: found.wrong)


class _Place(NamedTuple):
    """What of a worker decides which requirements apply."""

    worker_id: int
    is_active: bool
    position_id: int | None
    location_id: int | None


class _Derived(NamedTuple):
    """The columns of a derived row that facts alone decide, whatever the day."""

    level: str
    because: str
    record_id: int | None
    standing: str
    coming_due_on: date | None
    expires_on: date | None

    def status_on(self, day: date) -> Status:
        return status_on(Status(self.standing), self.coming_due_on, self.expires_on, day)

    def next_change_on(self, day: date) -> date | None:
        return next_change_on(Status(self.standing), self.coming_due_on, self.expires_on, day)


class _Stored(NamedTuple):
    """A derived row as it is stored: the facts' part, and how far the feed has told it."""

    pk: int
    derived: _Derived
    status: str
    next_change_on: date | None

    def timeline(self) -> Timeline:
        return Timeline(
            told=Told(self.derived.level, self.status),
            standing=Status(self.derived.standing),
            coming_due_on=self.derived.coming_due_on,
            expires_on=self.derived.expires_on,
            next_change_on=self.next_change_on,
        )

    def is_told_up_to(self, today: date) -> bool:
        """Tell whether a feed that was told nothing else since would say so today."""
        return self.status == self.derived.status_on(
            today
        ) and self.next_change_on == self.derived.next_change_on(today)

    def is_told_in_part(self) -> bool:
        """Tell whether the feed says what was true before the step that it tells next."""
        day = self.next_change_on
        return self.status == self.derived.status_on(day - _DAY if day else date.max)


@dataclass(slots=True)
class _Differences:
    """What to write. `wrong` counts rows that facts decide otherwise; a passed date is none."""

    written: list[tuple[object, ...]] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    wrong: Counts = field(default_factory=Counts)


def _walk(company: Company, do: Callable[[_Differences], Counts]) -> Counts:
    counts = Counts()
    batches = _batches(Worker.objects.for_company(company))
    while True:
        # A transaction for each round, so that nobody waits for the whole company. The
        # round is read under the lock: a look from outside could see half a change.
        with transaction.atomic():
            lock(company=company)
            batch = next(batches, None)
            if batch is None:
                return counts
            counts += do(_differences(company, batch, None, Cause.REPAIR))


def _batches(workers: QuerySet[Worker]) -> Iterator[list[_Place]]:
    places = workers.order_by("pk").values_list("pk", "is_active", "position_id", "location_id")
    last_id = 0
    while batch := [_Place(*row) for row in places.filter(pk__gt=last_id)[:BATCH]]:
        yield batch
        if len(batch) < BATCH:
            return
        last_id = batch[-1].worker_id


def _settle(company: Company, found: _Differences) -> Counts:
    """Write the differences, and tell the feed."""
    rows_put(WorkerRequirement, _COLUMNS, found.written, unique=_COLUMNS[:2])
    for start in range(0, len(found.deleted), BATCH):
        WorkerRequirement.objects.filter(pk__in=found.deleted[start : start + BATCH]).delete()
    append(company=company, changes=found.changes)
    return found.wrong


def _differences(
    company: Company, batch: Sequence[_Place], requirement: Requirement | None, cause: Cause
) -> _Differences:
    """Compare what should be with what is stored for the workers of the batch."""
    found = _Differences()
    # Not the caller's company, which may have been read before the lock.
    settings = Company.objects.get(pk=company.pk)
    today = settings.today()
    stored = _stored(batch, requirement)
    for key, derived in _derived(settings, batch, requirement):
        before = stored.pop(key, None)
        if before and before.derived == derived and before.is_told_up_to(today):
            continue
        after = Told(derived.level, derived.status_on(today))
        found.changes += _changes(key, before, after, today, cause)
        found.written.append(_row(key, derived, today))
        if before is None:
            found.wrong += Counts(created=1)
        elif before.derived != derived or not before.is_told_in_part():
            found.wrong += Counts(changed=1)
    for key, before in stored.items():
        found.changes += _changes(key, before, NOT_ASKED, today, cause)
        found.deleted.append(before.pk)
    found.wrong += Counts(deleted=len(stored))
    return found


def _insert_asked(workers: QuerySet[Worker], asked: "Asked") -> None:
    """Insert a row for each of the workers and each of what is asked of all of them."""
    if not asked:
        return
    ids, parameters = workers.order_by().values("id").query.sql_with_params()
    values = ", ".join(["(%s, %s, %s)"] * len(asked))
    told: list[Any] = [value for one in asked for value in one]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH asked (requirement_id, level, because) AS (VALUES {values}) "  # noqa: S608
            f"INSERT INTO {WorkerRequirement._meta.db_table} "
            "(worker_id, requirement_id, level, because, standing, status) "
            "SELECT new.id, asked.requirement_id, asked.level, asked.because, %s, %s "
            f"FROM ({ids}) new CROSS JOIN asked",
            [*told, Status.MISSING, Status.MISSING, *parameters],
        )


def _changes(
    key: Key, before: _Stored | None, after: Told, today: date, cause: Cause
) -> Iterator[Change]:
    worker_id, requirement_id = key
    return changes_of(
        worker_id=worker_id,
        requirement_id=requirement_id,
        before=before.timeline() if before else None,
        after=after,
        today=today,
        cause=cause,
    )


_COLUMNS = ("worker_id", "requirement_id", "status", "next_change_on", *_Derived._fields)


def _row(key: Key, derived: _Derived, today: date) -> tuple[object, ...]:
    """Return the values of _COLUMNS."""
    return (*key, derived.status_on(today), derived.next_change_on(today), *derived)


def _stored(batch: Sequence[_Place], requirement: Requirement | None) -> dict[Key, _Stored]:
    rows = WorkerRequirement.objects.filter(worker_id__in=[place.worker_id for place in batch])
    if requirement is not None:
        rows = rows.filter(requirement=requirement)
    return {
        (worker_id, requirement_id): _Stored(pk, _Derived(*columns), status, next_change)
        for pk, worker_id, requirement_id, status, next_change, *columns in rows.values_list(
            "pk", "worker_id", "requirement_id", "status", "next_change_on", *_Derived._fields
        )
    }


def _derived(
    company: Company, batch: Sequence[_Place], requirement: Requirement | None
) -> Iterator[tuple[Key, _Derived]]:
    """Work out the rows of the batch; there are none for workers who are not active."""
    active = [place for place in batch if place.is_active]
    if not active:
        return
    rules = _rules(company, active, requirement)
    records = _records(active, requirement)
    for worker_id, _, position_id, location_id in active:
        for requirement_id, level, because in rules.asked_at(position_id, location_id):
            key = (worker_id, requirement_id)
            found = standing_of(records.get(key, ()), rules.requirements[requirement_id])
            yield (
                key,
                _Derived(
                    level,
                    because,
                    found.record_id,
                    found.standing,
                    found.coming_due_on,
                    found.expires_on,
                ),
            )


Asked = list[tuple[int, Level, Because]]


@dataclass(slots=True)
class _Rules:
    """Active requirements with their assignments, as far as they can concern a batch."""

    requirements: dict[int, RequirementFacts] = field(default_factory=dict)
    assigned: defaultdict[int, dict[tuple[int | None, int | None], Level]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    # Workers share few places, so what is asked there is worked out once.
    _asked: dict[tuple[int | None, int | None], Asked] = field(default_factory=dict)

    def asked_at(self, position_id: int | None, location_id: int | None) -> Asked:
        """Return what is required or optional there, and why."""
        place = (position_id, location_id)
        if place not in self._asked:
            asked = self._asked[place] = []
            for requirement_id, assigned in self.assigned.items():
                found = level_of(assigned, position_id=position_id, location_id=location_id)
                if found is not None and found[0] is not Level.NOT_APPLICABLE:
                    asked.append((requirement_id, *found))
        return self._asked[place]


def _rules(company: Company, places: Sequence[_Place], requirement: Requirement | None) -> _Rules:
    positions = {place.position_id for place in places}
    locations = {place.location_id for place in places}
    assignments = Assignment.objects.filter(
        Q(position_id__in=positions - {None}) | Q(position_id=None),
        Q(location_id__in=locations - {None}) | Q(location_id=None),
        requirement__company=company,
        requirement__is_active=True,
    ).select_related("requirement")
    if requirement is not None:
        assignments = assignments.filter(requirement=requirement)
    rules = _Rules()
    for assignment in assignments:
        place = (assignment.position_id, assignment.location_id)
        rules.assigned[assignment.requirement_id][place] = Level(assignment.level)
        rules.requirements[assignment.requirement_id] = _requirement_facts(
            assignment.requirement, company.coming_due_days
        )
    return rules


def _requirement_facts(requirement: Requirement, company_coming_due_days: int) -> RequirementFacts:
    days = requirement.coming_due_days
    return RequirementFacts(
        version=requirement.version,
        validity_months=requirement.validity_months,
        coming_due_days=company_coming_due_days if days is None else days,
        compliant_when=CompliantWhen(requirement.compliant_when),
    )


def _records(
    places: Sequence[_Place], requirement: Requirement | None
) -> Mapping[Key, list[RecordFacts]]:
    rows = Record.objects.filter(worker_id__in=[place.worker_id for place in places])
    if requirement is not None:
        rows = rows.filter(requirement=requirement)
    records: defaultdict[Key, list[RecordFacts]] = defaultdict(list)
    for row in rows.values_list(
        "worker_id",
        "requirement_id",
        "pk",
        "state",
        "requirement_version",
        "completed_on",
        "issued_on",
        "submitted_on",
        "expires_on",
        "created_at",
    ):
        worker_id, requirement_id, pk, state, version, done, issued, submitted, expires, at = row
        records[worker_id, requirement_id].append(
            # The day in UTC: it must not depend on a time zone that a company can change.
            RecordFacts(
                pk, RecordState(state), version, done, issued, submitted, expires, at.date()
            )
        )
    return records
