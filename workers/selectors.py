"""Reads of workers for other apps, as plain values: they run for each answer of the API."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, Subquery

from accounts.batches import cursor_kept, kept_rows
from accounts.models import Company
from workers.compliance import Component, Level, WorkerStatus
from workers.facts import (
    EVERYTHING,
    Found,
    ItemFacts,
    Row,
    Wanted,
    WorkerFacts,
    columns_of,
)
from workers.folding import fold, fold_name
from workers.models import (
    ComplianceChange,
    Division,
    Location,
    Position,
    Worker,
    WorkerRequirement,
)
from workers.prepared import Beside, PreparedQuery
from workers.scope import EVERYBODY, Scope
from workers.statuses import LAPSING, worker_status_is

__all__ = ["Found", "ItemFacts", "Wanted", "WorkerFacts"]

# Items of the workers of one name that are read: a bound for a company that calls
# everybody alike, whose count of them then ends here.
ROWS_LIMIT = 10_000
# Rows that the database hands over at a time.
_CHUNK = 2000
# How far the workers in a scope are counted.
COUNT_LIMIT = 10_000


# --- One worker ------------------------------------------------------------------------


class FoundRows(NamedTuple):
    """What was read of the workers who were looked for: `found_in` makes facts of it.

    Equal rows are equal facts. `change_sequence` says which moment it is: after the company's
    change of that number, 0 for none.
    """

    rows: tuple[Row, ...]
    change_sequence: int


def compliance_rows(
    *,
    company_id: int,
    id_number: str | None = None,
    names: tuple[str, str, str] | None = None,
    wanted: Wanted = EVERYTHING,
    beside: Beside | None = None,
) -> FoundRows:
    """Read the company's workers with that ID# and that first, middle and last name.

    What is None is not asked for; a middle name of "" is that of who has none. Text is
    compared folded (workers/folding.py). There can be many of one name: all of them
    come back, as far as ROWS_LIMIT goes. Raises ValueError when nothing is asked for,
    because no filter must never mean everybody.

    One query, and so one moment: between two, a worker could be deactivated and be told
    as somebody of whom nothing is required. What is to be run `beside` it, is.
    """
    if id_number is None and names is None:
        raise ValueError("compliance_rows needs an ID# or names")
    asked: dict[str, str] = {}
    if id_number is not None:
        asked["id_number_folded"] = fold(id_number)
    if names is not None:
        asked["name_folded"] = fold_name(*names)
    rows = _find_by(tuple(asked), wanted).rows(beside=beside, company_id=company_id, **asked)
    # The last column is the same in all.
    return FoundRows(tuple([row[:-1] for row in rows]), rows[0][-1] or 0 if rows else 0)


def found_in(
    rows: Sequence[Row], *, wanted: Wanted, today: date, scope: Scope = EVERYBODY
) -> list[Found]:
    """Return the workers of these rows who are in the scope, as they are on the day `today`."""
    return list(columns_of(wanted).found(rows, today, scope))


def compliance_find(
    *,
    company_id: int,
    today: date,
    id_number: str | None = None,
    names: tuple[str, str, str] | None = None,
    wanted: Wanted = EVERYTHING,
    scope: Scope = EVERYBODY,
) -> list[Found]:
    """Return the facts of `compliance_rows` on the day `today`, of who is in the scope."""
    found = compliance_rows(company_id=company_id, id_number=id_number, names=names, wanted=wanted)
    return found_in(found.rows, wanted=wanted, today=today, scope=scope)


@lru_cache(maxsize=256)
def _find_by(asked: tuple[str, ...], wanted: Wanted) -> PreparedQuery:
    def build(**values: int | str) -> QuerySet[Worker, Row]:
        changes = ComplianceChange.objects.filter(company_id=values["company_id"])
        last = changes.order_by("-sequence")
        workers = Worker.objects.filter(**values).annotate(
            change_sequence=Subquery(last.values("sequence")[:1])
        )
        return _with_items(workers, wanted, "change_sequence")[:ROWS_LIMIT]

    return PreparedQuery(build, company_id=-1, **{column: column for column in asked})


def _with_items(workers: QuerySet[Worker], wanted: Wanted, *more: str) -> QuerySet[Worker, Row]:
    """Return a row for each item of the workers, and one without for who has none.

    The columns are those that are `wanted`, then `more`.
    """
    if wanted.optional_items:
        names = columns_of(wanted).names
    else:
        workers = workers.annotate(
            asked=FilteredRelation("requirements", condition=Q(requirements__level=Level.REQUIRED))
        )
        names = columns_of(wanted, items="asked__").names
    return workers.order_by("id").values_list(*names, *more)


def worker_items(*, worker: WorkerFacts, today: date) -> list[ItemFacts]:
    """Return what is asked of the worker, with its status on the day `today`.

    In the order of components, then by name. One query; none for an inactive worker, of
    whom nothing is asked.
    """
    if not worker.is_active:
        return []
    rows = _ITEMS.rows(worker_id=worker.id)
    return columns_of(EVERYTHING, worker="worker__", items="").items(rows, worker, today)


def _items_of(worker_id: int) -> QuerySet[WorkerRequirement, Row]:
    names = columns_of(EVERYTHING, worker="worker__", items="").names
    return WorkerRequirement.objects.filter(worker_id=worker_id).values_list(*names)


_ITEMS = PreparedQuery(_items_of, worker_id=-1)


# --- All workers -----------------------------------------------------------------------


class Filters(NamedTuple):
    """Which workers of a roster are asked for; None asks nothing. Places are ids."""

    status: WorkerStatus | None = None
    component: Component | None = None
    position_id: int | None = None
    location_id: int | None = None
    division_id: int | None = None
    due_before: date | None = None


def roster_page(
    *,
    company_id: int,
    today: date,
    wanted: Wanted,
    scope: Scope,
    filters: Filters,
    after: int,
    limit: int,
    using: str = DEFAULT_DB_ALIAS,
) -> list[Found]:
    """Return up to `limit` workers whose ids are above `after`, in the order of their ids.

    One query and so one moment, as with compliance_find. `using` is the database.
    """
    page = _roster(using, company_id, today, scope, filters).filter(id__gt=after).order_by("id")
    on_page = Worker.objects.using(using).filter(id__in=page.values("id")[:limit])
    return list(columns_of(wanted).found(_with_items(on_page, wanted), today))


def roster_all(
    *,
    company_id: int,
    today: date,
    wanted: Wanted,
    scope: Scope,
    filters: Filters,
    using: str = DEFAULT_DB_ALIAS,
) -> Iterator[Found]:
    """Read all of these workers in the order of their ids, holding a few at a time.

    All of it is as of the moment at which the reading begins.
    """
    workers = _with_items(_roster(using, company_id, today, scope, filters), wanted)
    with cursor_kept(using):
        yield from columns_of(wanted).found(kept_rows(workers, _CHUNK), today)


def _roster(
    using: str, company_id: int, today: date, scope: Scope, filters: Filters
) -> QuerySet[Worker]:
    places = {
        "position_id": filters.position_id,
        "location_id": filters.location_id,
        "location__division_id": filters.division_id,
    }
    of_company = Worker.objects.using(using).filter(company_id=company_id)
    workers = of_company.filter(scope.condition()).filter(
        **{name: place for name, place in places.items() if place is not None}
    )
    if filters.status is not None:
        workers = workers.filter(worker_status_is(filters.status, today))
    items = WorkerRequirement.objects.filter(worker=OuterRef("pk"))
    if filters.component is not None:
        workers = workers.filter(Exists(items.filter(requirement__component=filters.component)))
    if filters.due_before is not None:
        lapsing = items.filter(
            level=Level.REQUIRED, standing__in=LAPSING, expires_on__lt=filters.due_before
        )
        workers = workers.filter(Exists(lapsing))
    return workers


def number_in_scope(*, company: Company, scope: Scope) -> int:
    """Return how many active workers are in the scope, COUNT_LIMIT + 1 where there are more."""
    workers = Worker.objects.for_company(company).filter(scope.condition(), is_active=True)
    # In the order of the index by company: else all of a database could be gone through for the
    # first few of one company.
    return workers.order_by("company_id", "pk")[: COUNT_LIMIT + 1].count()


def place_id(
    *,
    company_id: int,
    kind: type[Division] | type[Location] | type[Position],
    name: str,
    using: str = DEFAULT_DB_ALIAS,
) -> int | None:
    """Return the id of the company's division, location or position of that name."""
    places = kind._default_manager.using(using).filter(company_id=company_id, name=name)
    return places.values_list("id", flat=True).first()


# --- What lapses -----------------------------------------------------------------------


class Lapsing(NamedTuple):
    """A worker with one item that lapses."""

    worker: WorkerFacts
    item: ItemFacts


# The order of lapsing items, and so where a page begins.
LapsingKey = tuple[date, int, int]


def lapsing_page(
    *,
    company_id: int,
    today: date,
    within_days: int,
    wanted: Wanted,
    scope: Scope,
    after: LapsingKey | None,
    limit: int,
    using: str = DEFAULT_DB_ALIAS,
) -> list[Lapsing]:
    """Return up to `limit` items whose last valid day is today or one of the `within_days` next.

    By that day, then by worker; `after` is the day, worker and requirement to go on behind.
    """
    until = today + timedelta(days=within_days)
    rows = WorkerRequirement.objects.using(using).filter(
        scope.condition("worker__"),
        worker__company_id=company_id,
        standing__in=LAPSING,
        expires_on__range=(after[0] if after else today, until),
    )
    if not wanted.optional_items:
        rows = rows.filter(level=Level.REQUIRED)
    if after is not None:
        day, worker_id, requirement_id = after
        behind = Q(worker_id__gt=worker_id) | Q(
            worker_id=worker_id, requirement_id__gt=requirement_id
        )
        rows = rows.filter(Q(expires_on__gt=day) | Q(behind, expires_on=day))
    columns = columns_of(wanted, worker="worker__", items="")
    ordered = rows.order_by("expires_on", "worker_id", "requirement_id")
    return [
        Lapsing(worker := columns.worker(row), columns.item(row, worker, today))
        for row in ordered.values_list(*columns.names)[:limit]
    ]
