"""The assignment grid: requirements by positions, everywhere or at one location."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from workers.compliance import Level, level_of
from workers.models import Assignment, Location, Position, Requirement
from workers.reach import Assigned, Cell


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell: what is assigned, and what holds there by other assignments when nothing is.

    `whom` is the column's name.
    """

    cell: Cell
    whom: str
    level: Level | None
    usual: Level | None


@dataclass(frozen=True, slots=True)
class GridRow:
    requirement: Requirement
    cells: Sequence[GridCell]


def assignment_grid(
    *,
    requirements: Sequence[Requirement],
    columns: Mapping[int | None, str],
    location: Location | None,
) -> list[GridRow]:
    """Return the rows of the grid, in one query.

    `columns` maps a position's id to its name; None is whoever works at the `location`.
    Without a location, the cells are about the positions wherever they are held.
    """
    location_id = location.pk if location else None
    positions = {position for position in columns if position is not None}
    rows = Assignment.objects.filter(
        Q(position__in=positions) | Q(position=None),
        Q(location=location_id) | Q(location=None),
        requirement__in=[requirement.pk for requirement in requirements],
    )
    assigned: dict[int, Assigned] = {requirement.pk: {} for requirement in requirements}
    for requirement_id, position_id, at_id, level in rows.values_list(
        "requirement", "position", "location", "level"
    ):
        assigned[requirement_id][position_id, at_id] = Level(level)
    return [
        GridRow(
            requirement,
            [
                _cell(Cell(requirement.pk, position_id, location_id), whom, assigned)
                for position_id, whom in columns.items()
            ],
        )
        for requirement in requirements
    ]


def columns_of(positions: Sequence[Position], *, at: str = "") -> dict[int | None, str]:
    """Return the columns for those positions, after whoever works `at` a location."""
    columns: dict[int | None, str] = {None: at} if at else {}
    return columns | {position.pk: position.name for position in positions}


def _cell(cell: Cell, whom: str, assigned: Mapping[int, Assigned]) -> GridCell:
    of_requirement = assigned[cell.requirement_id]
    others = {place: level for place, level in of_requirement.items() if place != cell.place}
    usual = level_of(others, position_id=cell.position_id, location_id=cell.location_id)
    return GridCell(cell, whom, of_requirement.get(cell.place), usual[0] if usual else None)
