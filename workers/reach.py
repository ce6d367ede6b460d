"""How many workers a change touches, worked out before it is saved.

Workers share few places (a position and a location together), so a change of assignments is
tried once for each place with its head count: the cost follows the places, not the workers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Q

from accounts.models import Company
from workers.compliance import CompliantWhen, Level, Status, level_of
from workers.models import (
    Assignment,
    Division,
    Location,
    Position,
    Requirement,
    Worker,
    WorkerRequirement,
)

# (position id or None, location id or None)
Place = tuple[int | None, int | None]
Assigned = dict[Place, Level]

_STRICTEST_FIRST = list(Level)
_BEARING = frozenset({Status.CURRENT, Status.PREQUALIFIED})


class Cell(NamedTuple):
    """What one level can be assigned to; of position and location, one may be None."""

    requirement_id: int
    position_id: int | None
    location_id: int | None

    @property
    def place(self) -> Place:
        return self.position_id, self.location_id


class CellChange(NamedTuple):
    """Another level for a cell. None: no assignment; `before` is what somebody was shown."""

    cell: Cell
    before: Level | None
    after: Level | None


def stricter(one: Level, other: Level) -> Level:
    return min(one, other, key=_STRICTEST_FIRST.index)


def reach_of_assignments(*, company: Company, changes: Iterable[CellChange]) -> int:
    """Return of how many active workers something is asked at another level afterwards.

    Three queries. A worker for whom a more specific assignment wins anyway is not counted.
    """
    after: defaultdict[int, dict[Place, Level | None]] = defaultdict(dict)
    for change in changes:
        after[change.cell.requirement_id][change.cell.place] = change.after
    places = {place for of_one in after.values() for place in of_one}
    if not places:
        return 0
    active = Requirement.objects.for_company(company).filter(is_active=True, pk__in=after)
    before = _assigned(Q(requirement__in=after), company)
    changed = [
        (before[requirement_id], _with(before[requirement_id], after[requirement_id]))
        for requirement_id in active.values_list("pk", flat=True)
    ]
    concerned = Q(position__in={position for position, _ in places if position}) | Q(
        location__in={location for position, location in places if location and not position}
    )
    return sum(
        heads
        for place, heads in _head_counts(company, concerned)
        if any(_asked(old, place) != _asked(new, place) for old, new in changed)
    )


# --- A requirement that changes --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequirementReach:
    """Of how many workers it is asked, before or afterwards; how many must review it again."""

    workers: int = 0
    review_again: int = 0

    @property
    def told(self) -> str:
        """The figures as a form carries them, to know what somebody was told."""
        return f"{self.workers}.{self.review_again}"

    def __bool__(self) -> bool:
        return bool(self.workers)


def reach_of_requirement(*, stored: Requirement, changed: Requirement) -> RequirementReach:
    """Return whom it touches that the rules of `stored` become those of `changed`."""
    if _rules(stored) == _rules(changed) or not (stored.is_active or changed.is_active):
        return RequirementReach()
    if not stored.is_active:
        return RequirementReach(workers=_would_be_asked(stored))
    asked = WorkerRequirement.objects.filter(requirement=stored)
    if not changed.is_active or changed.version == stored.version:
        return RequirementReach(workers=asked.count())
    bearing = set(_BEARING)
    if changed.compliant_when == CompliantWhen.ON_SUBMISSION:
        bearing.add(Status.WAITING_FOR_APPROVAL)
    return RequirementReach(
        **asked.aggregate(
            workers=Count("pk"), review_again=Count("pk", filter=Q(standing__in=bearing))
        )
    )


def _rules(requirement: Requirement) -> tuple[object, ...]:
    """Return what decides how records of the requirement stand."""
    return (
        requirement.validity_months,
        requirement.coming_due_days,
        requirement.compliant_when,
        requirement.version,
        requirement.is_active,
    )


def _would_be_asked(requirement: Requirement) -> int:
    """Return of how many workers it would be asked, were it active."""
    assigned: Assigned = {
        (position, location): Level(level)
        for position, location, level in Assignment.objects.filter(
            requirement=requirement
        ).values_list("position", "location", "level")
    }
    concerned = Q(position__in={position for position, _ in assigned if position}) | Q(
        location__in={location for _, location in assigned if location}
    )
    return sum(
        heads
        for place, heads in _head_counts(requirement.company, concerned)
        if _asked(assigned, place) is not None
    )


# --- A merge ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MergeReach:
    """What a merge moves, and of how many workers something is asked at another level then.

    `both` counts the assignments of which the stricter one stays.
    """

    workers: int = 0
    assignments: int = 0
    both: int = 0
    locations: int = 0
    touched: int = 0


def reach_of_merge(
    *, company: Company, place: Division | Location | Position, into: Division | Location | Position
) -> MergeReach:
    """Return what it moves and touches that `place` goes up in `into`, of the same kind."""
    if isinstance(place, Division):
        return MergeReach(locations=place.locations.count())
    of_positions = isinstance(place, Position)
    kind = "position" if of_positions else "location"
    two = Q(**{f"{kind}__in": [place.pk, into.pk]})
    named = Assignment.objects.filter(two, requirement__company=company).values("requirement")
    before = _assigned(Q(requirement__in=named) & (two | Q(**{kind: None})), company)
    own = 0 if of_positions else 1
    merged = {
        requirement_id: _merged(assigned, own, place.pk, into.pk)
        for requirement_id, assigned in before.items()
    }
    source = sum(where[own] == place.pk for assigned in before.values() for where in assigned)
    both = sum(len(before[pk]) - len(merged[pk]) for pk in before)
    return MergeReach(
        workers=place.workers.count(),
        assignments=source - both,
        both=both,
        touched=sum(
            heads
            for where, heads in _head_counts(company, two)
            if any(
                _asked(before[pk], where)
                != _asked(merged[pk], _moved(where, own, place.pk, into.pk))
                for pk in before
            )
        ),
    )


def _moved(where: Place, own: int, source: int, target: int) -> Place:
    """Return the place that `where` becomes; `own` is where a place has what is merged."""
    if where[own] != source:
        return where
    return (target, where[1]) if own == 0 else (where[0], target)


def _merged(assigned: Assigned, own: int, source: int, target: int) -> Assigned:
    merged: Assigned = {}
    for where, level in assigned.items():
        moved = _moved(where, own, source, target)
        merged[moved] = stricter(level, merged[moved]) if moved in merged else level
    return merged


# --- Parts of the above ----------------------------------------------------------------


def _assigned(which: Q, company: Company) -> defaultdict[int, Assigned]:
    """Return the assignments of active requirements by requirement id."""
    assigned: defaultdict[int, Assigned] = defaultdict(dict)
    rows = Assignment.objects.filter(
        which, requirement__company=company, requirement__is_active=True
    )
    for requirement_id, position_id, location_id, level in rows.values_list(
        "requirement", "position", "location", "level"
    ):
        assigned[requirement_id][position_id, location_id] = Level(level)
    return assigned


def _with(assigned: Assigned, levels: dict[Place, Level | None]) -> Assigned:
    merged = {**assigned, **levels}
    return {place: level for place, level in merged.items() if level is not None}


def _asked(assigned: Assigned, place: Place) -> Level | None:
    """Return the level at which it is asked there; None for Not Applicable, too."""
    found = level_of(assigned, position_id=place[0], location_id=place[1])
    return None if found is None or found[0] is Level.NOT_APPLICABLE else found[0]


def _head_counts(company: Company, concerned: Q) -> Sequence[tuple[Place, int]]:
    """Return how many active workers there are at each place of those `concerned`."""
    workers = Worker.objects.for_company(company).filter(concerned, is_active=True)
    rows = workers.values("position", "location").annotate(heads=Count("pk")).order_by()
    return [((row["position"], row["location"]), row["heads"]) for row in rows]
