"""Figures of requests: by call, day and outcome, and the last ones."""

import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from accounts.models import Company
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


# How often: by the call's id, the day in the company's time zone and a key of OUTCOMES.
Counted = dict[tuple[int, date, str], int]


def days_of(*, api_call: APICall) -> list[Day]:
    """Return the last USAGE_DAYS days of a call up to today, each of them, in their order."""
    counted = counted_of(company=api_call.company, api_call=api_call)
    return days_from(counted, company=api_call.company)


def counted_of(*, company: Company, api_call: APICall | None = None) -> Counted:
    """Count the last USAGE_DAYS days of one call or of all, in two queries.

    A test from the details page counts nowhere.
    """
    calls = Q(api_call__company=company) if api_call is None else Q(api_call=api_call)
    chosen = calls & Q(at__gte=_begin(company, _first_day(company)))
    counted: Counted = {}
    for rows, number in (
        (RequestLog.objects.filter(chosen, is_test=False), Count("pk")),
        (RefusedRequests.objects.filter(chosen), Sum("times")),
    ):
        for call, day, outcome, times in (
            rows.order_by()
            .annotate(day=TruncDate("at", tzinfo=_zone(company)), outcome=_OUTCOME)
            .values("api_call", "day", "outcome")
            .annotate(number=number)
            .values_list("api_call", "day", "outcome", "number")
        ):
            counted[call, day, outcome] = counted.get((call, day, outcome), 0) + times
    return counted


def days_from(counted: Counted, *, company: Company) -> list[Day]:
    """Return the days that were counted, whatever the call, with those on which nobody asked."""
    by_day: dict[tuple[date, str], int] = {}
    for (_call, day, outcome), times in counted.items():
        by_day[day, outcome] = by_day.get((day, outcome), 0) + times
    first = _first_day(company)
    days = (first + timedelta(days=number) for number in range(USAGE_DAYS))
    return [Day(day, *(by_day.get((day, outcome), 0) for outcome in OUTCOMES)) for day in days]


def last_requests(
    *, api_call: APICall, day: date | None = None, outcome: str = "", request_id: str = ""
) -> list[Request]:
    """Return the last LAST_SHOWN requests, the newest first; of one day or one outcome."""
    chosen = OUTCOMES.get(outcome, Q())
    if day is not None:
        company = api_call.company
        chosen &= Q(at__gte=_begin(company, day), at__lt=_begin(company, day + timedelta(days=1)))
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


def _first_day(company: Company) -> date:
    return company.today() - timedelta(days=USAGE_DAYS - 1)


def _begin(company: Company, day: date) -> datetime:
    """Return when a day of the company begins; where midnight is skipped, with what follows it."""
    return datetime.combine(day, time.min, tzinfo=_zone(company))


def _zone(company: Company) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(company.time_zone)
