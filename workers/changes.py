"""The changes feed: what became of every item, in an order that nobody can lose a row of."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from django.db import connection
from django.db.models import Max, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import Company
from workers.bulk import rows_put
from workers.compliance import Status, steps
from workers.models import Cause, ComplianceChange, WorkerRequirement

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
    last = ComplianceChange.objects.for_company(company).aggregate(last=Max("sequence"))["last"]
    # By day; the steps of one item stay in the order in which they lead to each other.
    in_order = sorted(changes, key=lambda one: (one.on, one.worker_id, one.requirement_id))
    at = timezone.now()
    rows_put(
        ComplianceChange,
        ("company_id", "sequence", "at", *_COLUMNS),
        [
            (company.pk, sequence, at, *change.values())
            for sequence, change in enumerate(in_order, start=(last or 0) + 1)
        ],
    )


def append_new(*, company: Company, after: int, today: date) -> None:
    """Tell the feed what is asked of the workers whose ids are above `after`, who are new.

    Inside the database, from their derived rows. The caller holds the company's lock.
    """
    new = WorkerRequirement.objects.filter(worker__company=company, worker__gt=after)
    rows = new.order_by("worker_id", "requirement_id").annotate(
        number=Window(RowNumber(), order_by=["worker_id", "requirement_id"])
    )
    columns = ("worker_id", "requirement_id", "level", "status", "number")
    found, parameters = rows.values(*columns).query.sql_with_params()
    last = ComplianceChange.objects.for_company(company).aggregate(last=Max("sequence"))["last"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ComplianceChange._meta.db_table} "  # noqa: S608
            '(company_id, sequence, at, "on", cause, level_before, status_before, '
            "worker_id, requirement_id, level_after, status_after) "
            "SELECT %s, %s + number, %s, %s, %s, '', '', "
            f"worker_id, requirement_id, level, status FROM ({found}) new",
            [
                company.pk,
                last or 0,
                connection.ops.adapt_datetimefield_value(timezone.now()),
                connection.ops.adapt_datefield_value(today),
                Cause.WORKER,
                *parameters,
            ],
        )
