"""Writes to many assignments at once, as the grid sends them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.audit.trail import Done, audit_events_add
from accounts.models import Company, User
from workers import derivation
from workers.models import Assignment, Cause, Location, Position, Requirement, Worker
from workers.reach import Cell, CellChange
from workers.services.meanwhile import ChangedMeanwhile
from workers.services.writing import BATCH, Changes, batches, not_there, text

Row = TypeVar("Row", Requirement, Position, Location)


class CellsChangedMeanwhile(ChangedMeanwhile):
    """Somebody else has set some of the cells since they were shown: `cells` says which."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        super().__init__()
        self.cells = frozenset(cells)


@transaction.atomic
def assignments_set(*, company: Company, changes: Sequence[CellChange], by: User | None) -> int:
    """Give the cells their levels, all or none, and return how many were not so already.

    Raises CellsChangedMeanwhile when a cell has neither the level it was shown with nor the
    one it is to get, and ValidationError for a cell that is not the company's. Each
    requirement gets one event in the audit trail; the derived rows of its workers follow.
    """
    derivation.lock(company=company)
    named = _named(company, [change.cell for change in changes])
    stored = _stored(changes)
    levels = {cell: assignment.level for cell, assignment in stored.items()}
    changes = [change for change in changes if change.after != levels.get(change.cell)]
    stale = [change.cell for change in changes if change.before != levels.get(change.cell)]
    if stale:
        raise CellsChangedMeanwhile(stale)
    if not changes:
        return 0
    _write(changes, stored)
    # One requirement is looked at alone, which spares the rows of all others.
    requirement_ids = {change.cell.requirement_id for change in changes}
    derivation.refresh(
        company=company,
        workers=_concerned(company, changes),
        cause=Cause.ASSIGNMENT,
        requirement=named.requirements[min(requirement_ids)] if len(requirement_ids) == 1 else None,
    )
    _audit(company, changes, named, by)
    return len(changes)


@dataclass(frozen=True, slots=True)
class _Named:
    """What cells are about, by id; all of it the company's."""

    requirements: dict[int, Requirement]
    positions: dict[int, Position]
    locations: dict[int, Location]

    def whom(self, cell: Cell) -> str:
        """Return whom the cell's level is asked of, as the audit trail tells it."""
        names = [
            places[pk].name
            for pk, places in (
                (cell.position_id, self.positions),
                (cell.location_id, self.locations),
            )
            if pk is not None
        ]
        return " at ".join(names)


def _named(company: Company, cells: Sequence[Cell]) -> _Named:
    """Look up what the cells name. Raises ValidationError for what is not the company's."""
    if any(cell.position_id is None and cell.location_id is None for cell in cells):
        raise ValidationError(_("Choose a position, a location, or both."), code="required")
    return _Named(
        _by_id(Requirement.objects.for_company(company), [cell.requirement_id for cell in cells]),
        _by_id(Position.objects.for_company(company), [cell.position_id for cell in cells]),
        _by_id(Location.objects.for_company(company), [cell.location_id for cell in cells]),
    )


def _by_id(rows: QuerySet[Row], ids: Iterable[int | None]) -> dict[int, Row]:
    wanted = {pk for pk in ids if pk is not None}
    found = {row.pk: row for row in rows.filter(pk__in=wanted)} if wanted else {}
    if found.keys() != wanted:
        raise not_there()
    return found


def _stored(changes: Sequence[CellChange]) -> dict[Cell, Assignment]:
    """Return the assignments of the cells, and some of cells between them, in one query."""
    positions = {change.cell.position_id for change in changes} - {None}
    locations = {change.cell.location_id for change in changes} - {None}
    rows = Assignment.objects.filter(
        Q(position__in=positions) | Q(position=None),
        Q(location__in=locations) | Q(location=None),
        requirement__in={change.cell.requirement_id for change in changes},
    )
    return {Cell(row.requirement_id, row.position_id, row.location_id): row for row in rows}


def _write(changes: Sequence[CellChange], stored: Mapping[Cell, Assignment]) -> None:
    added, changed, removed = [], [], []
    for cell, _before, after in changes:
        assignment = stored.get(cell)
        if after is None:
            removed.append(stored[cell].pk)
        elif assignment is None:
            added.append(Assignment(**cell._asdict(), level=after))
        else:
            assignment.level = after
            changed.append(assignment)
    Assignment.objects.bulk_create(added, batch_size=BATCH)
    Assignment.objects.bulk_update(changed, ["level"], batch_size=BATCH)
    for some in batches(removed):
        Assignment.objects.filter(pk__in=some).delete()


def _concerned(company: Company, changes: Sequence[CellChange]) -> QuerySet[Worker]:
    """Return everybody whom one of the changed assignments could be about."""
    positions = {change.cell.position_id for change in changes} - {None}
    locations = {change.cell.location_id for change in changes if change.cell.position_id is None}
    return Worker.objects.for_company(company).filter(
        Q(position__in=positions) | Q(location__in=locations)
    )


def _audit(company: Company, changes: Sequence[CellChange], named: _Named, by: User | None) -> None:
    told: defaultdict[int, Changes] = defaultdict(dict)
    for cell, before, after in changes:
        told[cell.requirement_id][named.whom(cell)] = [text(before), text(after)]
    audit_events_add(
        company=company,
        actor=by,
        done=(
            Done("assigned", named.requirements[requirement_id], changed)
            for requirement_id, changed in told.items()
        ),
    )
