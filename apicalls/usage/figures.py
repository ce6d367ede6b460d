"""Figures of a call's requests: by day and outcome, and the last ones."""

import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from apicalls.models import APICall, RefusedRequests, RequestLog
from apicalls.selectors import USAGE_DAYS
from workhub.problem_types import PROBLEM_TYPES

LAST_SHOWN = 50

# What became of requests, from good to bad: key, and the statuses that count as it.
OUTCOMES = {
    "answered": Q(status__lt=400),
    "refused": Q(status__gte=400, status__lt=500),
    "failed": Q(status__gte=500),
}

OUTCOME_LABELS = {
    "answered": _("Answered"),
    "refused": _("Refused"),
    "failed": _("Failed"),
}


@dataclass(frozen=True, slots=True)
class Day:
    """The requests of one day of the company's time zone, by outcome."""

    day: date
    answered: int
    refused: int
    failed: int

    @property
    def total(self) -> int:
        return self.answered + self.refused + self.failed


@dataclass(frozen=True, slots=True)
class Request:
    """A line of the list: a request, or several without a right pair that were folded."""

    at: datetime
    status: int
    code: str
    times: int
    milliseconds: int | None
    size: int | None
    caller: str
    address: str | None
    client: str
    client_key: str
    request_id: str
    is_test: bool
    has_receipt: bool

    @property
    def advice(self) -> str:
        """Return what to do about it, "" when nothing has to be done."""
        kind = PROBLEM_TYPES.get(self.code)
        return kind.detail if kind else ""

    @property
    def title(self) -> str:
        kind = PROBLEM_TYPES.get(self.code)
        return kind.title if kind else self.code


def days_of(*, api_call: APICall) -> list[Day]:
    """Return the last USAGE_DAYS days up to today, each of them, in their order.

    A test from the details page counts nowhere.
    """
    today = api_call.company.today()
    first = today - timedelta(days=USAGE_DAYS - 1)
    counted: dict[tuple[date, str], int] = {}
    for rows, number in (
        (RequestLog.objects.filter(api_call=api_call, is_test=False), Count("pk")),
        (RefusedRequests.objects.filter(api_call=api_call), Sum("times")),
    ):
        for day, outcome, times in (
            rows.filter(_since(api_call, first))
            .order_by()
            .annotate(day=TruncDate("at", tzinfo=_zone(api_call)), outcome=_OUTCOME)
            .values("day", "outcome")
            .annotate(number=number)
            .values_list("day", "outcome", "number")
        ):
            counted[day, outcome] = counted.get((day, outcome), 0) + times
    days = (first + timedelta(days=number) for number in range(USAGE_DAYS))
    return [Day(day, *(counted.get((day, outcome), 0) for outcome in OUTCOMES)) for day in days]


def last_requests(
    *, api_call: APICall, day: date | None = None, outcome: str = "", request_id: str = ""
) -> list[Request]:
    """Return the last LAST_SHOWN requests, the newest first; of one day or one outcome."""
    chosen = OUTCOMES.get(outcome, Q())
    if day is not None:
        chosen &= _since(api_call, day) & Q(at__lt=_begin(api_call, day + timedelta(days=1)))
    if request_id:
        chosen &= Q(request_id=request_id.lower())
    logged = RequestLog.objects.filter(chosen, api_call=api_call).select_related(
        "caller", "credential"
    )
    refused = RefusedRequests.objects.filter(chosen, api_call=api_call).select_related("credential")
    lines = [*map(_of_log, _last(logged)), *map(_of_refused, _last(refused, "key"))]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:LAST_SHOWN]


_OUTCOME = Case(
    *(When(statuses, then=Value(outcome)) for outcome, statuses in OUTCOMES.items()),
    output_field=CharField(),
)


def _last(rows: QuerySet[Any], then: str = "id") -> QuerySet[Any]:
    return rows.order_by(F("at").desc(), F(then).desc())[:LAST_SHOWN]


def _of_log(row: RequestLog) -> Request:
    return Request(
        at=row.at,
        status=row.status,
        code=row.code,
        times=1,
        milliseconds=row.milliseconds,
        size=row.size,
        caller=row.caller.called if row.caller else "",
        address=row.address,
        client=row.client,
        client_key=row.credential.client_key,
        request_id=row.request_id,
        is_test=row.is_test,
        has_receipt=True,
    )


def _of_refused(row: RefusedRequests) -> Request:
    return Request(
        at=row.at,
        status=row.status,
        code=row.code,
        times=row.times,
        milliseconds=None,
        size=None,
        caller="",
        address=row.address,
        client=row.client,
        client_key=row.credential.client_key if row.credential else "",
        request_id=row.request_id,
        is_test=False,
        has_receipt=False,
    )


def _since(api_call: APICall, day: date) -> Q:
    return Q(at__gte=_begin(api_call, day))


def _begin(api_call: APICall, day: date) -> datetime:
    """Return when a day of the company begins; where midnight is skipped, with what follows it."""
    return datetime.combine(day, time.min, tzinfo=_zone(api_call))


def _zone(api_call: APICall) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(api_call.company.time_zone)
