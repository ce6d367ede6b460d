"""The compliance rules, as pure functions: no ORM, no HTTP, no clock.

The stored half ("standing") depends on facts only and is kept by the services that
write; the dated half (coming due, expired) is worked out for the day that is asked
about, so that an answer is right at midnight without any job having run.
"""

import calendar
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol


class Component(StrEnum):
    """The seven kinds of requirement, in the order in which answers list them."""

    ONLINE_TRAINING = "online_training"
    CERTIFICATE = "certificate"
    POLICY = "policy"
    PROCEDURE = "procedure"
    BULLETIN = "bulletin"
    COMPETENCY = "competency"
    ORIENTATION = "orientation"


class Level(StrEnum):
    """How much a requirement asks of a worker, strictest first."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NOT_APPLICABLE = "not_applicable"


class Status(StrEnum):
    """What one requirement is for one worker on one day."""

    MISSING = "missing"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    REJECTED = "rejected"
    CURRENT = "current"
    COMING_DUE = "coming_due"
    EXPIRED = "expired"
    REVIEW_AGAIN = "review_again"
    DECLINED = "declined"
    REQUIRES_SUPERVISION = "requires_supervision"
    PREQUALIFIED = "prequalified"


class RecordState(StrEnum):
    """What became of a record: the part of a status that no date changes."""

    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    APPROVED = "approved"
    DECLINED = "declined"
    REQUIRES_SUPERVISION = "requires_supervision"
    PREQUALIFIED = "prequalified"


class WorkerStatus(StrEnum):
    COMPLIANT = "compliant"
    NOT_COMPLIANT = "not_compliant"
    NOTHING_REQUIRED = "nothing_required"
    INACTIVE = "inactive"


class CompliantWhen(StrEnum):
    """From when on a submitted record counts."""

    ON_SUBMISSION = "on_submission"
    AFTER_APPROVAL = "after_approval"


class Because(StrEnum):
    """Which of a worker's assignments made the level of a requirement.

    A worker has one position and one location, so these four say it all, and the names
    are read when they are shown: renaming a position changes no derived row.
    """

    POSITION = "position"
    LOCATION = "location"
    POSITION_AND_LOCATION = "position_and_location"  # two assignments that agree
    POSITION_AT_LOCATION = "position_at_location"  # one assignment that names both


# --- What a requirement asks of a worker -----------------------------------------------

# (position id or None, location id or None) -> level: the assignments of one requirement.
Assigned = Mapping[tuple[int | None, int | None], Level]

_STRICTNESS = {level: rank for rank, level in enumerate(Level)}


def level_of(
    assigned: Assigned, *, position_id: int | None, location_id: int | None
) -> tuple[Level, Because] | None:
    """Return how much is asked of a worker there and why, or None when nothing is.

    The assignment that names both position and location wins over those that name one;
    of two that name one each, the stricter wins.
    """
    if position_id is not None and location_id is not None:
        level = assigned.get((position_id, location_id))
        if level is not None:
            return level, Because.POSITION_AT_LOCATION
    of_position = assigned.get((position_id, None)) if position_id is not None else None
    of_location = assigned.get((None, location_id)) if location_id is not None else None
    if of_position is None or of_location is None:
        if of_position is not None:
            return of_position, Because.POSITION
        return None if of_location is None else (of_location, Because.LOCATION)
    if of_position == of_location:
        return of_position, Because.POSITION_AND_LOCATION
    if _STRICTNESS[of_position] < _STRICTNESS[of_location]:
        return of_position, Because.POSITION
    return of_location, Because.LOCATION


# --- What a worker has to show for it: the stored half ---------------------------------


@dataclass(frozen=True, slots=True)
class RequirementFacts:
    """What a requirement says about the records that meet it."""

    version: int
    validity_months: int | None
    coming_due_days: int
    compliant_when: CompliantWhen


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What the rules read of one record."""

    id: int
    state: RecordState
    requirement_version: int
    completed_on: date | None
    issued_on: date | None
    submitted_on: date | None
    expires_on: date | None
    # The day it was entered, which places a record without another date among the others.
    recorded_on: date

    @property
    def proven_on(self) -> date | None:
        """The day from which the requirement's validity runs."""
        return self.completed_on or self.issued_on or self.submitted_on

    @property
    def age(self) -> tuple[date, int]:
        """What is greater for the newer of two records."""
        return self.proven_on or self.recorded_on, self.id


@dataclass(frozen=True, slots=True)
class Standing:
    """What the records of one worker for one requirement come to, whatever the day.

    `record_id` is the record that counts, `expires_on` its last valid day: None when it
    never expires, and when it is not valid anyway (nobody may read a future expiry of a
    rejected certificate as good news). `coming_due_on` is None where nothing comes due.
    """

    standing: Status
    record_id: int | None = None
    expires_on: date | None = None
    coming_due_on: date | None = None


_VERDICTS = frozenset({RecordState.DECLINED, RecordState.REQUIRES_SUPERVISION})

_EXPIRING = frozenset(
    {Status.CURRENT, Status.PREQUALIFIED, Status.REVIEW_AGAIN, Status.WAITING_FOR_APPROVAL}
)

_STANDINGS = {
    RecordState.IN_PROGRESS: Status.IN_PROGRESS,
    RecordState.SUBMITTED: Status.WAITING_FOR_APPROVAL,
    RecordState.REJECTED: Status.REJECTED,
    RecordState.APPROVED: Status.CURRENT,
    RecordState.DECLINED: Status.DECLINED,
    RecordState.REQUIRES_SUPERVISION: Status.REQUIRES_SUPERVISION,
    RecordState.PREQUALIFIED: Status.PREQUALIFIED,
}


def standing_of(records: Sequence[RecordFacts], requirement: RequirementFacts) -> Standing:
    """Return what the `records` of one worker come to for the `requirement`."""
    if not records:
        return Standing(Status.MISSING)
    record = _record_that_counts(records, requirement)
    standing = _STANDINGS[record.state]
    if _is_bearing(record, requirement) and record.requirement_version < requirement.version:
        standing = Status.REVIEW_AGAIN
    expires_on = _expires_on(record, requirement) if standing in _EXPIRING else None
    coming_due_on = None
    if standing is Status.CURRENT and expires_on is not None:
        coming_due_on = _days_before(expires_on, requirement.coming_due_days)
    return Standing(standing, record.id, expires_on, coming_due_on)


def _record_that_counts(
    records: Sequence[RecordFacts], requirement: RequirementFacts
) -> RecordFacts:
    """Return the best record that bears; the newest when none does.

    An assessor's verdict overrules the records before it, not those after it. A renewal
    that is under way, waits or was rejected takes nothing from the proof it would renew.
    """
    bearing = [record for record in records if _is_bearing(record, requirement)]
    if not bearing:
        return max(records, key=lambda record: record.age)
    verdicts = [record for record in records if record.state in _VERDICTS]
    if verdicts:
        verdict = max(verdicts, key=lambda record: record.age)
        bearing = [record for record in bearing if record.age > verdict.age]
        if not bearing:
            return verdict
    return max(bearing, key=lambda record: _worth(record, requirement))


def _is_bearing(record: RecordFacts, requirement: RequirementFacts) -> bool:
    if record.state is RecordState.SUBMITTED:
        return requirement.compliant_when is CompliantWhen.ON_SUBMISSION
    return record.state in (RecordState.APPROVED, RecordState.PREQUALIFIED)


def _worth(
    record: RecordFacts, requirement: RequirementFacts
) -> tuple[bool, date, tuple[date, int]]:
    """Return what is greater for the better of two records that bear."""
    return (
        record.requirement_version >= requirement.version,
        _expires_on(record, requirement) or date.max,
        record.age,
    )


def _expires_on(record: RecordFacts, requirement: RequirementFacts) -> date | None:
    """Return the last valid day: as printed, else by the requirement's validity."""
    if record.expires_on is not None:
        return record.expires_on
    if record.proven_on is None or requirement.validity_months is None:
        return None
    return add_months(record.proven_on, requirement.validity_months)


def add_months(day: date, months: int) -> date:
    """Return the same day so many calendar months later, or that month's last day.

    It stops at the end of the calendar, year 9999.
    """
    month_number = day.year * 12 + day.month - 1 + months
    year, month = month_number // 12, month_number % 12 + 1
    if year > MAXYEAR:
        return date.max
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(max(day.toordinal() - days, 1))


# --- What that is on a day: the dated half ---------------------------------------------

_COMPLIANT = frozenset({Status.CURRENT, Status.COMING_DUE, Status.PREQUALIFIED})


def status_on(
    standing: Status, coming_due_on: date | None, expires_on: date | None, today: date
) -> Status:
    """Return the status on the day `today` of the company's time zone.

    The expiry day itself is valid to its end.
    """
    if expires_on is not None and today > expires_on and standing in _EXPIRING:
        return Status.EXPIRED
    if coming_due_on is not None and today >= coming_due_on and standing is Status.CURRENT:
        return Status.COMING_DUE
    return standing


def next_change_on(
    standing: Status, coming_due_on: date | None, expires_on: date | None, today: date
) -> date | None:
    """Return the first day after `today` whose status differs though nobody edits data."""
    if expires_on is None or standing not in _EXPIRING or today > expires_on:
        return None
    if coming_due_on is not None and today < coming_due_on and standing is Status.CURRENT:
        return coming_due_on
    return expires_on + timedelta(days=1) if expires_on < date.max else None


def steps(
    standing: Status, coming_due_on: date | None, expires_on: date | None
) -> list[tuple[date, Status]]:
    """Return each day on which the status changes though nobody edits data, and to what."""
    if expires_on is None or standing not in _EXPIRING:
        return []
    found = []
    if standing is Status.CURRENT and coming_due_on is not None:
        found.append((coming_due_on, Status.COMING_DUE))
    if expires_on < date.max:
        found.append((expires_on + timedelta(days=1), Status.EXPIRED))
    return found


def is_compliant(status: Status, compliant_when: CompliantWhen) -> bool:
    """Tell whether the status counts as compliant."""
    if status is Status.WAITING_FOR_APPROVAL:
        return compliant_when is CompliantWhen.ON_SUBMISSION
    return status in _COMPLIANT


# --- What all of it says about the worker ----------------------------------------------


class Item(Protocol):
    """What the summary reads of one requirement of the worker."""

    @property
    def component(self) -> Component: ...
    @property
    def level(self) -> Level: ...
    @property
    def status(self) -> Status: ...
    @property
    def compliant(self) -> bool: ...


class ComponentSummary(NamedTuple):
    """The required items of one component; `percent` is whole and rounded down."""

    component: Component
    required: int
    complete: int
    percent: int


class Summary(NamedTuple):
    """May this worker work? `compliant` is the answer, the rest explains it.

    All numbers count required items. `percent` is whole and rounded down, so that 100
    only ever means all; None when nothing is required. Only components that require
    something are listed.
    """

    compliant: bool
    status: WorkerStatus
    percent: int | None = None
    required: int = 0
    complete: int = 0
    coming_due: int = 0
    components: tuple[ComponentSummary, ...] = ()

    @property
    def outstanding(self) -> int:
        return self.required - self.complete


def summary(items: Iterable[Item], *, is_active: bool) -> Summary:
    """Sum up the items of one worker on one day."""
    if not is_active:
        return Summary(compliant=False, status=WorkerStatus.INACTIVE)
    required_of: defaultdict[Component, int] = defaultdict(int)
    complete_of: defaultdict[Component, int] = defaultdict(int)
    coming_due = 0
    for item in items:
        if item.level is Level.REQUIRED:
            required_of[item.component] += 1
            complete_of[item.component] += item.compliant
            coming_due += item.status is Status.COMING_DUE
    if not required_of:
        return Summary(compliant=True, status=WorkerStatus.NOTHING_REQUIRED)
    components = tuple(
        ComponentSummary(one, of_one, complete_of[one], 100 * complete_of[one] // of_one)
        for one in Component
        if (of_one := required_of.get(one))
    )
    required = sum(component.required for component in components)
    complete = sum(component.complete for component in components)
    return Summary(
        compliant=complete == required,
        status=WorkerStatus.COMPLIANT if complete == required else WorkerStatus.NOT_COMPLIANT,
        percent=100 * complete // required,
        required=required,
        complete=complete,
        coming_due=coming_due,
        components=components,
    )
