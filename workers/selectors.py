"""Reads of workers for other apps, as plain values: they run for each answer of the API."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db.models import QuerySet

from workers.compliance import (
    Because,
    CompliantWhen,
    Component,
    Level,
    Status,
    is_compliant,
    next_change_on,
    status_on,
)
from workers.folding import fold, fold_name
from workers.models import Worker, WorkerRequirement
from workers.prepared import PreparedQuery, Row

# Items of the workers of one name that are read: a bound for a company that calls
# everybody alike, whose count of them then ends here.
ROWS_LIMIT = 10_000

_COMPONENT_ORDER = {component: order for order, component in enumerate(Component)}


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """Who a worker is, and where; position, location and division are names."""

    id: int
    id_number: str
    first_name: str
    middle_name: str
    last_name: str
    is_active: bool
    worker_type: str
    position: str | None
    location: str | None
    division: str | None


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What one requirement is to one worker on one day.

    `expires_on` is the last valid day and `days_left` the days until then, negative
    afterwards. `because` names the position and location whose assignments asked for it.
    """

    requirement_id: int
    component: Component
    name: str
    level: Level
    status: Status
    compliant: bool
    completed_on: date | None
    issued_on: date | None
    expires_on: date | None
    days_left: int | None
    certificate_number: str | None
    issuer: str | None
    because: list[str]
    next_change_on: date | None


class Found(NamedTuple):
    """A worker with what is asked of them, both as of one moment."""

    worker: WorkerFacts
    items: list[ItemFacts]


def compliance_find(
    *,
    company_id: int,
    today: date,
    id_number: str | None = None,
    names: tuple[str, str, str] | None = None,
) -> list[Found]:
    """Return the company's workers with that ID# and that first, middle and last name.

    What is None is not asked for; a middle name of "" is that of who has none. Text is
    compared folded (workers/folding.py). There can be many of one name: all of them
    come back, as far as ROWS_LIMIT goes. Raises ValueError when nothing is asked for,
    because no filter must never mean everybody.

    One query, and so one moment: between two, a worker could be deactivated and be told
    as somebody of whom nothing is required.
    """
    if id_number is None and names is None:
        raise ValueError("compliance_find needs an ID# or names")
    asked: dict[str, str] = {}
    if id_number is not None:
        asked["id_number_folded"] = fold(id_number)
    if names is not None:
        asked["name_folded"] = fold_name(*names)
    rows = _FIND_BY[tuple(asked)].rows(company_id=company_id, **asked)
    return [_found(list(of_worker), today) for _id, of_worker in groupby(rows, key=itemgetter(0))]


_WORKER_COLUMNS = (
    "id",
    "id_number",
    "first_name",
    "middle_name",
    "last_name",
    "is_active",
    "worker_type",
    "position__name",
    "location__name",
    "location__division__name",
)
_ITEM_COLUMNS = (
    "requirement_id",
    "requirement__component",
    "requirement__name",
    "requirement__compliant_when",
    "level",
    "because",
    "standing",
    "coming_due_on",
    "expires_on",
    "record__completed_on",
    "record__issued_on",
    "record__certificate_number",
    "record__issuer",
)


def _find_by(**values: int | str) -> QuerySet[Worker, Row]:
    """Return a row for each item of the workers, and one without for who has none."""
    return (
        Worker.objects.filter(**values)
        .order_by("id")
        .values_list(*_WORKER_COLUMNS, *(f"requirements__{name}" for name in _ITEM_COLUMNS))
    )[:ROWS_LIMIT]


_FIND_BY: dict[tuple[str, ...], PreparedQuery] = {
    columns: PreparedQuery(_find_by, company_id=-1, **{column: column for column in columns})
    for columns in (
        ("id_number_folded",),
        ("name_folded",),
        ("id_number_folded", "name_folded"),
    )
}


def _found(rows: Sequence[Row], today: date) -> Found:
    worker = WorkerFacts(*rows[0][: len(_WORKER_COLUMNS)])
    items = (row[len(_WORKER_COLUMNS) :] for row in rows)
    return Found(worker, _items(worker, today, (item for item in items if item[0] is not None)))


def worker_items(*, worker: WorkerFacts, today: date) -> list[ItemFacts]:
    """Return what is asked of the worker, with its status on the day `today`.

    In the order of components, then by name. One query; none for an inactive worker, of
    whom nothing is asked.
    """
    if not worker.is_active:
        return []
    return _items(worker, today, _ITEMS.rows(worker_id=worker.id))


def _items_of(worker_id: int) -> QuerySet[WorkerRequirement, Row]:
    return WorkerRequirement.objects.filter(worker_id=worker_id).values_list(*_ITEM_COLUMNS)


_ITEMS = PreparedQuery(_items_of, worker_id=-1)


def _items(worker: WorkerFacts, today: date, rows: Iterable[Row]) -> list[ItemFacts]:
    items = [_item(worker, today, *row) for row in rows]
    items.sort(key=lambda item: (_COMPONENT_ORDER[item.component], item.name, item.requirement_id))
    return items


def _item(
    worker: WorkerFacts,
    today: date,
    requirement_id: int,
    component: str,
    name: str,
    compliant_when: str,
    level: str,
    because: str,
    stored_standing: str,
    coming_due_on: date | None,
    expires_on: date | None,
    completed_on: date | None,
    issued_on: date | None,
    certificate_number: str | None,
    issuer: str | None,
) -> ItemFacts:
    standing = Status(stored_standing)
    status = status_on(standing, coming_due_on, expires_on, today)
    return ItemFacts(
        requirement_id=requirement_id,
        component=Component(component),
        name=name,
        level=Level(level),
        status=status,
        compliant=is_compliant(status, CompliantWhen(compliant_when)),
        completed_on=completed_on,
        issued_on=issued_on,
        expires_on=expires_on,
        days_left=None if expires_on is None else (expires_on - today).days,
        certificate_number=certificate_number or None,
        issuer=issuer or None,
        because=_because(worker, because),
        next_change_on=next_change_on(standing, coming_due_on, expires_on, today),
    )


def _because(worker: WorkerFacts, because: str) -> list[str]:
    """Return the rules by the names of today: renaming a position changes no derived row."""
    position, location = worker.position or "", worker.location or ""
    if because == Because.POSITION:
        return [position]
    if because == Because.LOCATION:
        return [location]
    if because == Because.POSITION_AT_LOCATION:
        return [f"{position} at {location}"]
    return [position, location]
