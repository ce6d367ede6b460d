"""The changes feed: what became of every item, in an order that nobody can lose a row of."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, Max, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import Company
from workers.bulk import rows_put
from workers.compliance import Status, steps
from workers.models import Cause, ComplianceChange, Worker, WorkerRequirement

# What `Change.values` are the values of.
_COLUMNS = (
    *("on", "worker_id", "requirement_id", "cause"),
    *("level_before", "status_before", "level_after", "status_after"),
)


class Told(NamedTuple):
    """What the feed says of an item: both "" when the worker is not asked."""

    level: str = ""
    status: str = ""


NOT_ASKED = Told()


class Change(NamedTuple):
    """One row of the feed before it has its number."""

    on: date
    worker_id: int
    requirement_id: int
    before: Told
    after: Told
    cause: Cause

    def values(self) -> tuple[object, ...]:
        """Return the values of _COLUMNS."""
        about = (self.on, self.worker_id, self.requirement_id, self.cause)
        return (*about, *self.before, *self.after)


class Timeline(NamedTuple):
    """An item as the feed told it last, with what its status does by itself from there."""

    told: Told
    standing: Status
    coming_due_on: date | None
    expires_on: date | None
    next_change_on: date | None

    def untold(self, today: date) -> Iterator[tuple[date, Told]]:
        """Return the steps up to `today` that the feed has not told yet, in order.

        However late this is asked, the steps and their days are the same.
        """
        if self.next_change_on is None or self.next_change_on > today:
            return
        for day, status in steps(self.standing, self.coming_due_on, self.expires_on):
            if self.next_change_on <= day <= today:
                yield day, Told(self.told.level, status)


def changes_of(
    *,
    worker_id: int,
    requirement_id: int,
    before: Timeline | None,
    after: Told,
    today: date,
    cause: Cause,
) -> Iterator[Change]:
    """Return what leads from what the feed told last to `after`.

    Dates that have passed come first, each with its own day: they happened before what is
    being changed now.
    """
    told = NOT_ASKED
    if before is not None:
        told = before.told
        for day, status in before.untold(today):
            yield Change(day, worker_id, requirement_id, told, status, Cause.DATE)
            told = status
    if told != after:
        yield Change(today, worker_id, requirement_id, told, after, cause)


def append(*, company: Company, changes: Sequence[Change]) -> None:
    """Add the changes to the company's feed. The caller holds the company's lock."""
    if not changes:
        return
    # By day; the steps of one item stay in the order in which they lead to each other.
    in_order = sorted(changes, key=lambda one: (one.on, one.worker_id, one.requirement_id))
    at = timezone.now()
    rows_put(
        ComplianceChange,
        ("company_id", "sequence", "at", "worker_type_before", *_COLUMNS),
        [
            (company.pk, sequence, at, "", *change.values())
            for sequence, change in enumerate(in_order, start=_last_number(company) + 1)
        ],
    )


def append_workers(*, company: Company, workers: QuerySet[Worker], are_new: bool) -> None:
    """Tell the feed that the workers are new, or that facts about them are being changed.

    Call it for new ones when they are there, and otherwise before the change is written:
    where they were until then is read from their rows. Before the refresh that follows from
    the change, so that a worker is told of before their items. The caller holds the
    company's lock.
    """
    # Not the caller's company: its time zone may have been changed before the lock.
    today = Company.objects.get(pk=company.pk).today()
    if are_new:
        before = ("NULL", "NULL", "NULL", "''")
    else:
        before = ("division_id", "location_id", "position_id", "worker_type")
    found, parameters = (
        workers.order_by("pk")
        .annotate(
            number=Window(RowNumber(), order_by=["pk"]), division_id=F("location__division_id")
        )
        .values("id", "number", "division_id", "location_id", "position_id", "worker_type")
        .query.sql_with_params()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ComplianceChange._meta.db_table} "  # noqa: S608
            '(company_id, sequence, at, "on", cause, level_before, status_before, '
            "level_after, status_after, worker_id, "
            "division_before, location_before, position_before, worker_type_before) "
            "SELECT %s, %s + number, %s, %s, %s, '', '', '', '', id, "
            f"{', '.join(before)} FROM ({found}) told",
            [*_of_each(company, today), *parameters],
        )


def append_new(*, company: Company, after: int, today: date) -> None:
    """Tell the feed of the workers whose ids are above `after`, who are new, and their items.

    Inside the database, from their derived rows. The caller holds the company's lock.
    """
    added = Worker.objects.for_company(company).filter(pk__gt=after)
    append_workers(company=company, workers=added, are_new=True)
    new = WorkerRequirement.objects.filter(worker__company=company, worker__gt=after)
    rows = new.order_by("worker_id", "requirement_id").annotate(
        number=Window(RowNumber(), order_by=["worker_id", "requirement_id"])
    )
    columns = ("worker_id", "requirement_id", "level", "status", "number")
    found, parameters = rows.values(*columns).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ComplianceChange._meta.db_table} "  # noqa: S608
            '(company_id, sequence, at, "on", cause, level_before, status_before, '
            "worker_type_before, worker_id, requirement_id, level_after, status_after) "
            "SELECT %s, %s + number, %s, %s, %s, '', '', '', "
            f"worker_id, requirement_id, level, status FROM ({found}) new",
            [*_of_each(company, today), *parameters],
        )


def _of_each(company: Company, today: date) -> list[Any]:
    """Return what all rows that are added inside the database have in common."""
    return [
        company.pk,
        _last_number(company),
        connection.ops.adapt_datetimefield_value(timezone.now()),
        connection.ops.adapt_datefield_value(today),
        Cause.WORKER,
    ]


def _last_number(company: Company) -> int:
    changes = ComplianceChange.objects.for_company(company)
    return changes.aggregate(last=Max("sequence"))["last"] or 0
