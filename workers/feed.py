"""Reads of the changes feed for other apps: what became of whom, in the order of commit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Max, Q

from workers.compliance import Level
from workers.facts import Columns, ItemFacts, Row, Wanted, WorkerFacts, columns_of
from workers.models import ComplianceChange, WorkerRequirement
from workers.scope import Placement, Scope


class Kind(StrEnum):
    """What a row is about."""

    # One item of a worker: it appeared, went, or changed its status or level.
    ITEM = "item"
    # The worker: added, moved or renamed, activated or deactivated, or new in the scope.
    WORKER = "worker"
    # The worker is no longer in the reader's scope, and with them all of their items.
    WORKER_REMOVED = "worker_removed"


class FeedRequirement(NamedTuple):
    id: int
    component: str
    name: str


class FeedState(NamedTuple):
    """What an item was or became."""

    level: str
    status: str


class FeedRow(NamedTuple):
    """One step. The worker is told as of now; `before` and `after` as of that step.

    `before` is None for an item that was not asked until then, `after` for one that no
    longer is. A row about a worker has no requirement, and of a worker in the scope all
    `items` as of now. `at` is when it was noted, in UTC, and `on` the day from which it
    holds in the company's time zone.
    """

    sequence: int
    at: datetime
    on: date
    cause: str
    kind: Kind
    worker: WorkerFacts
    requirement: FeedRequirement | None
    before: FeedState | None
    after: FeedState | None
    items: Sequence[ItemFacts] = ()


class FeedPage(NamedTuple):
    """`latest` is the number up to which nothing is left to tell of; go on behind it."""

    rows: list[FeedRow]
    latest: int
    is_last: bool


def feed_end(*, company_id: int, using: str = DEFAULT_DB_ALIAS) -> int:
    """Return the number of the company's latest change, 0 when there is none."""
    changes = ComplianceChange.objects.using(using).filter(company_id=company_id)
    return changes.aggregate(last=Max("sequence"))["last"] or 0


def feed_number_before(*, company_id: int, at: datetime, using: str = DEFAULT_DB_ALIAS) -> int:
    """Return the number behind which the changes noted at that instant or later begin."""
    changes = ComplianceChange.objects.using(using)
    later = changes.filter(company_id=company_id, at__gte=at)
    first = later.order_by("at", "sequence").values_list("sequence", flat=True).first()
    return feed_end(company_id=company_id, using=using) if first is None else first - 1


# Of the feed itself, before the columns of the worker.
_CHANGE_COLUMNS = (
    *("sequence", "at", "on", "cause"),
    *("requirement_id", "requirement__component", "requirement__name"),
    *("level_before", "status_before", "level_after", "status_after"),
    # In the order of Placement.
    *("division_before", "location_before", "position_before", "worker_type_before"),
)


def feed_page(
    *,
    company_id: int,
    today: date,
    wanted: Wanted,
    scope: Scope,
    after: int,
    limit: int,
    using: str = DEFAULT_DB_ALIAS,
) -> FeedPage:
    """Return up to `limit` of the changes behind number `after`.

    Numbers have no gaps and follow the order of commit, so that a reader who goes on
    behind `latest` misses nothing and gets nothing twice, whoever writes meanwhile.

    Workers outside the scope are not told of, but for one who was in it and left.
    """
    end = feed_end(company_id=company_id, using=using)
    wanted = replace(wanted, items=False, scope=True)
    columns = columns_of(wanted, worker="worker__", items="")
    of_worker = columns.worker_names
    changes = (
        ComplianceChange.objects.using(using)
        .filter(
            _is_told(wanted, scope),
            company_id=company_id,
            sequence__gt=after,
            sequence__lte=end,
        )
        .order_by("sequence")
        .values_list(*of_worker, *_CHANGE_COLUMNS)
    )
    found = list(changes[: limit + 1])
    told = [_row(row, columns, len(of_worker), wanted, scope) for row in found[:limit]]
    rows = _with_items([row for row in told if row is not None], today, wanted, using)
    is_last = len(found) <= limit
    latest = end if is_last else found[limit - 1][len(of_worker)]
    return FeedPage(rows, latest, is_last)


def _is_told(wanted: Wanted, scope: Scope) -> Q:
    """Return the condition on what can be of use; whose worker left is seen row by row."""
    of_worker = Q(requirement=None)
    of_item = Q(requirement__isnull=False) & scope.condition("worker__")
    if not wanted.optional_items:
        of_item &= Q(level_before=Level.REQUIRED) | Q(level_after=Level.REQUIRED)
    return of_worker | of_item


def _row(
    row: Row, columns: Columns, of_worker: int, wanted: Wanted, scope: Scope
) -> FeedRow | None:
    """Return the row as the reader may see it, None when it is not for them."""
    sequence, at, on, cause, requirement_id, component, name, *rest = row[of_worker:]
    about = (sequence, at, on, cause)
    worker = columns.worker(row)
    if requirement_id is not None:
        requirement = FeedRequirement(requirement_id, component, name)
        before, after = _state(rest[0:2], wanted), _state(rest[2:4], wanted)
        return FeedRow(*about, Kind.ITEM, worker, requirement, before, after)
    if scope.has(columns.placement(row)):
        return FeedRow(*about, Kind.WORKER, worker, None, None, None)
    moved_from = Placement(*rest[4:8])
    was_there = bool(moved_from.worker_type)
    if was_there and scope.has(moved_from):
        return FeedRow(*about, Kind.WORKER_REMOVED, worker, None, None, None)
    return None


def _state(stored: Sequence[str], wanted: Wanted) -> FeedState | None:
    state = FeedState(*stored)
    if not state.level or (state.level == Level.OPTIONAL and not wanted.optional_items):
        return None
    return state


def _with_items(rows: list[FeedRow], today: date, wanted: Wanted, using: str) -> list[FeedRow]:
    """Return the rows with all items of those workers whom a row is about."""
    workers = {row.worker.id: row.worker for row in rows if row.kind is Kind.WORKER}
    if not workers:
        return rows
    items = _items_of(workers, today, wanted, using)
    return [
        row._replace(items=items.get(row.worker.id, [])) if row.kind is Kind.WORKER else row
        for row in rows
    ]


def _items_of(
    workers: Mapping[int, WorkerFacts], today: date, wanted: Wanted, using: str
) -> dict[int, list[ItemFacts]]:
    columns = columns_of(
        replace(wanted, items=True, certificate_details=False, reasons=False),
        worker="worker__",
        items="",
    )
    rows = WorkerRequirement.objects.using(using).filter(worker_id__in=workers)
    if not wanted.optional_items:
        rows = rows.filter(level=Level.REQUIRED)
    by_worker: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows.values_list(*columns.names):
        by_worker[row[0]].append(row)
    return {
        worker_id: columns.items(of_worker, workers[worker_id], today)
        for worker_id, of_worker in by_worker.items()
    }
