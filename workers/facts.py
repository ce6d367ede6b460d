"""A worker and what is asked of them as plain values, read with no more columns than wanted.

Made for readers in other apps, whose answers run through here thousands of times a minute.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

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
from workers.scope import EVERYBODY, Placement, Scope

Row = tuple[Any, ...]

_DAY = timedelta(days=1)

# Value -> member: looked up here, and not made out by each Enum anew, for every item.
_COMPONENTS = {one.value: one for one in Component}
_LEVELS = {one.value: one for one in Level}
_STATUSES = {one.value: one for one in Status}
_COMPLIANT_WHEN = {one.value: one for one in CompliantWhen}
_COMPONENT_ORDER = {component: order for order, component in enumerate(Component)}


class WorkerFacts(NamedTuple):
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
    email: str = ""


class ItemFacts(NamedTuple):
    """What one requirement is to one worker on one day.

    `expires_on` is the last valid day and `days_left` the days until then, negative
    afterwards. `because` names the position and location whose assignments asked for it.
    `lapses_on` is the first day on which it no longer counts though nobody edits data.
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
    lapses_on: date | None = None


class Found(NamedTuple):
    """A worker with what is asked of them, both as of one moment."""

    worker: WorkerFacts
    items: list[ItemFacts]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader has use for. The rest is not fetched, and is None or empty in the facts.

    Which items there are, how they stand and when that changes is always read: the verdict
    depends on it.
    """

    names: bool = True
    placement: bool = True
    contact: bool = False
    items: bool = True
    certificate_details: bool = True
    optional_items: bool = True
    reasons: bool = True
    # The ids that a scope is compared with.
    scope: bool = False


EVERYTHING = Wanted(contact=True)

# Columns of Worker in the order of WorkerFacts, and what wants each; None: always read.
_WORKER_COLUMNS: tuple[tuple[str, str | None], ...] = (
    ("id", None),
    ("id_number", None),
    ("first_name", "names"),
    ("middle_name", "names"),
    ("last_name", "names"),
    ("is_active", None),
    ("worker_type", "placement"),
    ("position__name", "placement"),
    ("location__name", "placement"),
    ("location__division__name", "placement"),
    ("email", "contact"),
)
# In the order of Placement.
_SCOPE_COLUMNS = ("location__division_id", "location_id", "position_id", "worker_type")
# Columns of WorkerRequirement in the order of `_item`.
_ITEM_COLUMNS: tuple[tuple[str, str | None], ...] = (
    ("requirement_id", None),
    ("requirement__component", None),
    ("requirement__name", "items"),
    ("requirement__compliant_when", None),
    ("level", None),
    ("because", "reasons"),
    ("standing", None),
    ("coming_due_on", None),
    ("expires_on", None),
    ("record__completed_on", "items"),
    ("record__issued_on", "certificate_details"),
    ("record__certificate_number", "certificate_details"),
    ("record__issuer", "certificate_details"),
)
# What goes with the items when they do.
_OF_ITEMS = frozenset({"certificate_details", "reasons"})
# The names of the rules are those of the worker's position and location.
_RULE_COLUMNS = frozenset({"position__name", "location__name"})


class Columns:
    """The columns of one reader, and how a row of them becomes facts.

    `worker` and `items` go in front of the names, for queries that come from elsewhere.
    """

    def __init__(self, wanted: Wanted, *, worker: str = "", items: str = "requirements__"):
        self._wanted = wanted
        of_worker = [name for name, reader in _WORKER_COLUMNS if self._is_read(name, reader)]
        of_worker += [name for name in self._scope_columns() if name not in of_worker]
        of_item = [name for name, reader in _ITEM_COLUMNS if self._is_read(name, reader)]
        self.worker_names = [worker + name for name in of_worker]
        self.names = [*self.worker_names, *(items + name for name in of_item)]
        # A column that is not there is read from behind the last one, where None is put.
        self._worker = _picker(of_worker, [name for name, _ in _WORKER_COLUMNS], 0, self.names)
        self._placement = _picker(of_worker, _SCOPE_COLUMNS, 0, self.names)
        self._item = _picker(
            of_item, [name for name, _ in _ITEM_COLUMNS], len(of_worker), self.names
        )

    def _is_read(self, name: str, reader: str | None) -> bool:
        wanted = self._wanted
        if reader is None:
            return True
        if reader in _OF_ITEMS:
            return wanted.items and getattr(wanted, reader) is True
        if name in _RULE_COLUMNS and wanted.items and wanted.reasons:
            return True
        return getattr(wanted, reader) is True

    def _scope_columns(self) -> Sequence[str]:
        return _SCOPE_COLUMNS if self._wanted.scope else ()

    def worker(self, row: Row) -> WorkerFacts:
        """Return who the row is about."""
        return WorkerFacts(*self._worker((*row, None)))

    def placement(self, row: Row) -> Placement:
        """Return where the worker is: only for a reader that wanted a scope."""
        return Placement(*self._placement((*row, None)))

    def item(self, row: Row, worker: WorkerFacts, today: date) -> ItemFacts:
        """Return what a row that has an item says is asked of the worker."""
        return _item(worker, today, *self._item((*row, None)))

    def items(self, rows: Iterable[Row], worker: WorkerFacts, today: date) -> list[ItemFacts]:
        """Return what rows of one worker say, in the order of components, then by name."""
        picked = (self._item((*row, None)) for row in rows)
        items = [_item(worker, today, *item) for item in picked if item[0] is not None]
        items.sort(
            key=lambda item: (_COMPONENT_ORDER[item.component], item.name, item.requirement_id)
        )
        return items

    def found(self, rows: Iterable[Row], today: date, scope: Scope = EVERYBODY) -> Iterator[Found]:
        """Return the workers who are in the scope, of rows that come worker by worker."""
        for _id, of_worker in groupby(rows, key=itemgetter(0)):
            whole = list(of_worker)
            if not scope or scope.has(self.placement(whole[0])):
                yield self._found(whole, today)

    def _found(self, rows: Sequence[Row], today: date) -> Found:
        worker = self.worker(rows[0])
        return Found(worker, self.items(rows, worker, today))


@lru_cache(maxsize=256)
def columns_of(wanted: Wanted, *, worker: str = "", items: str = "requirements__") -> Columns:
    """Return the columns, worked out once for each way of wanting them."""
    return Columns(wanted, worker=worker, items=items)


def _picker(
    read: Sequence[str], expected: Sequence[str], offset: int, behind: Sequence[str]
) -> Callable[[Row], Row]:
    """Return what takes the `expected` values out of a row in which `read` begins at `offset`."""
    places = {name: offset + place for place, name in enumerate(read)}
    return itemgetter(*(places.get(name, len(behind)) for name in expected))


def _item(
    worker: WorkerFacts,
    today: date,
    requirement_id: int,
    component: str,
    name: str | None,
    compliant_when: str,
    level: str,
    because: str | None,
    stored_standing: str,
    coming_due_on: date | None,
    expires_on: date | None,
    completed_on: date | None,
    issued_on: date | None,
    certificate_number: str | None,
    issuer: str | None,
) -> ItemFacts:
    status = standing = _STATUSES[stored_standing]
    when = _COMPLIANT_WHEN[compliant_when]
    days_left = changes_on = lapses_on = None
    if expires_on is not None:  # else it is on any day what it is today
        status = status_on(standing, coming_due_on, expires_on, today)
        days_left = (expires_on - today).days
        changes_on = next_change_on(standing, coming_due_on, expires_on, today)
        lapses_on = _lapses_on(standing, expires_on, when, today)
    return ItemFacts(
        requirement_id,
        _COMPONENTS[component],
        name or "",
        _LEVELS[level],
        status,
        is_compliant(status, when),
        completed_on,
        issued_on,
        expires_on,
        days_left,
        certificate_number or None,
        issuer or None,
        _because(worker, because),
        changes_on,
        lapses_on,
    )


def _lapses_on(standing: Status, expires_on: date, when: CompliantWhen, today: date) -> date | None:
    """Return the day after the last valid one of what counts: coming due counts as well."""
    if expires_on < today or expires_on == date.max or not is_compliant(standing, when):
        return None
    return expires_on + _DAY


def _because(worker: WorkerFacts, because: str | None) -> list[str]:
    """Return the rules by the names of today: renaming a position changes no derived row."""
    position, location = worker.position or "", worker.location or ""
    if because is None:
        return []
    if because == Because.POSITION:
        return [position]
    if because == Because.LOCATION:
        return [location]
    if because == Because.POSITION_AT_LOCATION:
        return [f"{position} at {location}"]
    return [position, location]
