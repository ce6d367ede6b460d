"""The matrix report: workers by requirements, each cell with its status of the day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.batches import in_batches
from accounts.exports import Cell
from accounts.models import Company
from workers import labels
from workers.compliance import (
    CompliantWhen,
    Component,
    Level,
    Status,
    Summary,
    is_compliant,
    status_on,
    summary,
)
from workers.listing import workers_listed
from workers.models import Requirement, Worker, WorkerRequirement
from workers.statuses import status_is

# Workers per round of an export.
_BATCH = 500

# What stands in a cell, where the whole word has no room.
SHORT: Mapping[Status, Promise] = {
    Status.MISSING: gettext_lazy("Miss"),
    Status.IN_PROGRESS: gettext_lazy("Prog"),
    Status.WAITING_FOR_APPROVAL: gettext_lazy("Wait"),
    Status.REJECTED: gettext_lazy("Rej"),
    Status.CURRENT: gettext_lazy("OK"),
    Status.COMING_DUE: gettext_lazy("Due"),
    Status.EXPIRED: gettext_lazy("Exp"),
    Status.REVIEW_AGAIN: gettext_lazy("Rev"),
    Status.DECLINED: gettext_lazy("Decl"),
    Status.REQUIRES_SUPERVISION: gettext_lazy("Sup"),
    Status.PREQUALIFIED: gettext_lazy("Preq"),
}


@dataclass(frozen=True, slots=True)
class MatrixItem:
    """What one requirement is to one worker on the day."""

    component: Component
    level: Level
    status: Status
    compliant: bool
    expires_on: date | None

    @property
    def short(self) -> Promise:
        return SHORT[self.status]

    @property
    def is_optional(self) -> bool:
        return self.level is Level.OPTIONAL


class MatrixRow(NamedTuple):
    """One worker: how they stand in all, and a cell for each column, None where not asked."""

    worker: Worker
    summary: Summary
    items: list[MatrixItem | None]


def matrix_workers(
    *,
    company: Company,
    today: date,
    component: str = "",
    item_status: str = "",
    **chosen: Any,
) -> QuerySet[Worker]:
    """Return the workers of the report: `chosen` is as `listing.workers_listed` takes it.

    `item_status` is one that any of their items has; with a `component`, one of that.
    """
    workers = workers_listed(company=company, today=today, **chosen)
    if item_status:
        items = WorkerRequirement.objects.filter(
            status_is(Status(item_status), today), worker=OuterRef("pk")
        )
        if component:
            items = items.filter(requirement__component=component)
        workers = workers.filter(Exists(items))
    return workers


def matrix_rows(
    workers: Iterable[Worker], *, requirements: Sequence[Requirement], today: date
) -> list[MatrixRow]:
    """Return the rows of those workers with a cell for each requirement, in one query."""
    rows = list(workers)
    items = _items([worker.pk for worker in rows if worker.is_active], today)
    return [
        MatrixRow(
            worker,
            summary(items[worker.pk].values(), is_active=worker.is_active),
            [items[worker.pk].get(requirement.pk) for requirement in requirements],
        )
        for worker in rows
    ]


def export_header(requirements: Sequence[Requirement]) -> list[str]:
    return [
        _("ID#"),
        _("First name"),
        _("Middle name"),
        _("Last name"),
        _("Position"),
        _("Location"),
        _("Division"),
        _("Compliance"),
        _("Percent"),
        *(requirement.name for requirement in requirements),
    ]


def export_rows(
    workers: QuerySet[Worker], *, requirements: Sequence[Requirement], today: date
) -> Iterator[list[Cell]]:
    """Return the lines of an export, read in batches: its memory does not grow with them."""
    remaining = in_batches(workers, _BATCH)
    while batch := list(islice(remaining, _BATCH)):
        for worker, how, items in matrix_rows(batch, requirements=requirements, today=today):
            position, location = worker.position, worker.location
            yield [
                worker.id_number,
                worker.first_name,
                worker.middle_name,
                worker.last_name,
                position.name if position else "",
                location.name if location else "",
                location.division.name if location and location.division else "",
                str(labels.WORKER_STATUSES[how.status]),
                how.percent,
                *map(_exported, items),
            ]


def _exported(item: MatrixItem | None) -> str:
    if item is None:
        return ""
    status = str(labels.STATUSES[item.status])
    return _("%(status)s (optional)") % {"status": status} if item.is_optional else status


def _items(worker_ids: Sequence[int], today: date) -> defaultdict[int, dict[int, MatrixItem]]:
    """Return all items of the workers by worker id and requirement id."""
    items: defaultdict[int, dict[int, MatrixItem]] = defaultdict(dict)
    rows = WorkerRequirement.objects.filter(worker__in=worker_ids).values_list(
        "worker_id",
        "requirement_id",
        "requirement__component",
        "requirement__compliant_when",
        "level",
        "standing",
        "coming_due_on",
        "expires_on",
    )
    for worker_id, requirement_id, component, when, level, standing, due_on, expires_on in rows:
        status = status_on(Status(standing), due_on, expires_on, today)
        items[worker_id][requirement_id] = MatrixItem(
            component=Component(component),
            level=Level(level),
            status=status,
            compliant=is_compliant(status, CompliantWhen(when)),
            expires_on=expires_on,
        )
    return items
