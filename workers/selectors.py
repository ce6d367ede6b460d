"""Reads of workers for other apps, as plain values: they run for each answer of the API."""

from dataclasses import dataclass
from datetime import date

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

# How many workers of one name are counted. A bound, because the count is an answer too.
MATCHES_LIMIT = 1000

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


def worker_find(
    *,
    company_id: int,
    id_number: str | None = None,
    names: tuple[str, str, str] | None = None,
) -> list[WorkerFacts]:
    """Return the company's workers with that ID# and that first, middle and last name.

    What is None is not asked for; a middle name of "" is that of who has none. Text is
    compared folded (workers/folding.py). There can be many of one name: all of them
    come back, up to MATCHES_LIMIT. One query. Raises ValueError when nothing is asked
    for, because no filter must never mean everybody.
    """
    if id_number is None and names is None:
        raise ValueError("worker_find needs an ID# or names")
    asked: dict[str, str] = {}
    if id_number is not None:
        asked["id_number_folded"] = fold(id_number)
    if names is not None:
        asked["name_folded"] = fold_name(*names)
    rows = _WORKERS_BY[tuple(asked)].rows(company_id=company_id, **asked)
    return [WorkerFacts(*row) for row in rows]


def _workers_by(**values: int | str) -> QuerySet[Worker, Row]:
    workers = Worker.objects.filter(**values).order_by("id")[:MATCHES_LIMIT]
    return workers.values_list(
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


_WORKERS_BY: dict[tuple[str, ...], PreparedQuery] = {
    columns: PreparedQuery(_workers_by, company_id=-1, **{column: column for column in columns})
    for columns in (
        ("id_number_folded",),
        ("name_folded",),
        ("id_number_folded", "name_folded"),
    )
}


def worker_items(*, worker: WorkerFacts, today: date) -> list[ItemFacts]:
    """Return what is asked of the worker, with its status on the day `today`.

    In the order of components, then by name. One query; none for an inactive worker, of
    whom nothing is asked.
    """
    if not worker.is_active:
        return []
    items = [_item(worker, today, *row) for row in _ITEMS.rows(worker_id=worker.id)]
    items.sort(key=lambda item: (_COMPONENT_ORDER[item.component], item.name, item.requirement_id))
    return items


def _items_of(worker_id: int) -> QuerySet[WorkerRequirement, Row]:
    return WorkerRequirement.objects.filter(worker_id=worker_id).values_list(
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


_ITEMS = PreparedQuery(_items_of, worker_id=-1)


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
