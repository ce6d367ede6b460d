"""The compliance rules in SQL, for questions about many workers at once.

Which standings lapse, come due and count is asked of compliance.py, not repeated. A test
holds both equal for every combination, on both databases.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import Case, CharField, Count, Exists, F, Min, OuterRef, Q, Value, When

from workers.compliance import (
    CompliantWhen,
    Level,
    Status,
    Summary,
    WorkerStatus,
    is_compliant,
    status_on,
)
from workers.models import STANDINGS, WorkerRequirement

_DAY = date(2000, 1, 2)
_DAY_BEFORE = _DAY - timedelta(days=1)

LAPSING = [
    standing
    for standing in STANDINGS
    if status_on(standing, None, _DAY_BEFORE, _DAY) is Status.EXPIRED
]
_COMING_DUE = [
    standing for standing in STANDINGS if status_on(standing, _DAY, None, _DAY) is Status.COMING_DUE
]
_COMPLIANT_WHEN = {
    when: [standing for standing in STANDINGS if is_compliant(standing, when)]
    for when in CompliantWhen
}


def status_is(status: Status, today: date) -> Q:
    """Return the condition on WorkerRequirement that its status of the day is that one."""
    if status is Status.EXPIRED:
        return Q(standing__in=LAPSING, expires_on__lt=today)
    if status is Status.COMING_DUE:
        return Q(standing__in=_COMING_DUE, coming_due_on__lte=today) & _has_not_lapsed(today)
    condition = Q(standing=status)
    if status in LAPSING:
        condition &= _has_not_lapsed(today)
    if status in _COMING_DUE:
        condition &= Q(coming_due_on=None) | Q(coming_due_on__gt=today)
    return condition


def status_of_day(today: date) -> Case:
    """Return the status of a WorkerRequirement on the day, as an expression."""
    return Case(
        *(
            When(status_is(status, today), then=Value(str(status)))
            for status in (Status.EXPIRED, Status.COMING_DUE)
        ),
        default=F("standing"),
        output_field=CharField(),
    )


def counts_as_compliant(today: date) -> Q:
    """Return the condition on WorkerRequirement that it counts as compliant on the day."""
    always = [
        standing
        for standing in STANDINGS
        if all(standing in standings for standings in _COMPLIANT_WHEN.values())
    ]
    condition = Q(standing__in=always)
    for when, standings in _COMPLIANT_WHEN.items():
        besides = [standing for standing in standings if standing not in always]
        if besides:
            condition |= Q(standing__in=besides, requirement__compliant_when=when)
    return condition & _has_not_lapsed(today)


def worker_status_is(status: WorkerStatus, today: date) -> Q:
    """Return the condition on Worker that this is the answer about them on the day."""
    required = WorkerRequirement.objects.filter(worker=OuterRef("pk"), level=Level.REQUIRED)
    outstanding = required.exclude(counts_as_compliant(today))
    match status:
        case WorkerStatus.INACTIVE:
            return Q(is_active=False)
        case WorkerStatus.NOTHING_REQUIRED:
            return Q(~Exists(required), is_active=True)
        case WorkerStatus.NOT_COMPLIANT:
            return Q(Exists(outstanding), is_active=True)
        case WorkerStatus.COMPLIANT:
            return Q(Exists(required), ~Exists(outstanding), is_active=True)


class Figures(NamedTuple):
    """What a list says of one worker: counts of required items, as in compliance.Summary."""

    required: int = 0
    complete: int = 0
    coming_due: int = 0
    # The last valid day of the first of those that are coming due.
    first_due_on: date | None = None

    def summary(self, *, is_active: bool) -> Summary:
        """Return what compliance.summary says of those items, but for the components."""
        if not is_active:
            return Summary(compliant=False, status=WorkerStatus.INACTIVE)
        if not self.required:
            return Summary(compliant=True, status=WorkerStatus.NOTHING_REQUIRED)
        is_complete = self.complete == self.required
        return Summary(
            compliant=is_complete,
            status=WorkerStatus.COMPLIANT if is_complete else WorkerStatus.NOT_COMPLIANT,
            percent=100 * self.complete // self.required,
            required=self.required,
            complete=self.complete,
            coming_due=self.coming_due,
        )


def figures_of(worker_ids: Iterable[int], today: date) -> dict[int, Figures]:
    """Return the figures of those workers by id, in one query; who has none is left out."""
    is_coming_due = status_is(Status.COMING_DUE, today)
    rows = (
        WorkerRequirement.objects.filter(worker_id__in=list(worker_ids), level=Level.REQUIRED)
        .order_by()
        .values("worker_id")
        .annotate(
            required=Count("pk"),
            complete=Count("pk", filter=counts_as_compliant(today)),
            coming_due=Count("pk", filter=is_coming_due),
            first_due_on=Min("expires_on", filter=is_coming_due),
        )
        .values_list("worker_id", "required", "complete", "coming_due", "first_due_on")
    )
    return {worker_id: Figures(*figures) for worker_id, *figures in rows}


def _has_not_lapsed(today: date) -> Q:
    return Q(expires_on=None) | Q(expires_on__gte=today)
