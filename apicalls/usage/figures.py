"""Figures of requests: by day, call, caller and outcome, and the last ones."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import CharField, Count, F, Max, Q, QuerySet, Sum, Value
from django.utils.translation import gettext

from accounts.models import Company
from apicalls.doctor import Mistake
from apicalls.kit.advice import ADVICE
from apicalls.models import APICall, Caller, RefusedRequests, RequestLog
from apicalls.request_log import INTERRUPTED
from apicalls.usage.counts import USAGE_DAYS, tally, usage_begin
from apicalls.usage.outcomes import FAILED, OUTCOMES, REFUSED
from workhub.problem_types import PROBLEM_TYPES

LAST_SHOWN = 50


class Times(NamedTuple):
    """How often requests were answered, refused, and failed for a fault of ours."""

    answered: int
    refused: int
    failed: int

    @property
    def total(self) -> int:
        return self.answered + self.refused + self.failed

    @property
    def not_answered(self) -> int:
        return self.refused + self.failed


class Day(NamedTuple):
    """The requests of one day of the company's time zone."""

    day: date
    times: Times


class CallUse(NamedTuple):
    api_call: APICall
    times: Times


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
    mistake: str = ""

    @property
    def advice(self) -> str:
        return _advice_on(self.code, self.mistake)

    @property
    def title(self) -> str:
        return _title_of(self.code)


def _advice_on(code: str, mistake: str) -> str:
    """Return what to do about a problem, "" when nothing has to be done.

    Of a header that was refused, it is what the header doctor says.
    """
    if mistake in ADVICE:
        return str(ADVICE[Mistake(mistake)])
    if code == INTERRUPTED:
        return gettext("It has not come to its end: it is being sent, or it was broken off.")
    kind = PROBLEM_TYPES.get(code)
    return gettext(kind.detail) if kind else ""


def _title_of(code: str) -> str:
    kind = PROBLEM_TYPES.get(code)
    return gettext(kind.title) if kind else code


# How often, by a thing's key and an outcome.
Counted = Mapping[tuple[Any, str], int]


def use_of_call(*, api_call: APICall) -> tuple[list[Day], Callable[[Caller], Times]]:
    """Return the last USAGE_DAYS days of a call, and what tells how often a caller asked then."""
    company = api_call.company
    counted = tally(
        company=company,
        by=("day", "caller", "outcome"),
        since=usage_begin(company),
        chosen=Q(api_call=api_call),
    )
    by_caller = _summed(
        (caller, outcome, number) for (_, caller, outcome), number in counted.items()
    )
    by_day = _summed((day, outcome, number) for (day, _, outcome), number in counted.items())
    today = company.today()
    days = days_between(by_day, today - timedelta(days=USAGE_DAYS - 1), today)
    return days, lambda caller: _times(by_caller, caller.pk)


def use_of_company(
    *, company: Company, first: date, last: date, chosen: Q
) -> tuple[list[Day], list[CallUse]]:
    """Return the days from `first` to `last`, and the calls with the most used first."""
    counted = tally(
        company=company,
        by=("call", "day", "outcome"),
        since=company.day_begin(first),
        until=company.day_begin(last + timedelta(days=1)),
        chosen=chosen,
    )
    by_call = _summed((call, outcome, number) for (call, _, outcome), number in counted.items())
    by_day = _summed((day, outcome, number) for (_, day, outcome), number in counted.items())
    calls = [
        CallUse(one, _times(by_call, one.pk))
        for one in APICall.objects.for_company(company).order_by("name", "pk")
    ]
    return days_between(by_day, first, last), sorted(calls, key=lambda one: -one.times.total)


def days_between(by_day: Counted, first: date, last: date) -> list[Day]:
    """Return each day from `first` to `last`, also those on which nobody asked."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [Day(day, _times(by_day, day)) for day in days]


def _summed(rows: Iterable[tuple[Any, str, int]]) -> Counted:
    counted: dict[tuple[Any, str], int] = {}
    for key, outcome, number in rows:
        counted[key, outcome] = counted.get((key, outcome), 0) + number
    return counted


def _times(counted: Counted, key: Any) -> Times:
    return Times(*(counted.get((key, outcome), 0) for outcome in OUTCOMES))


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was refused or failed for one reason in the last USAGE_DAYS days."""

    code: str
    mistake: str
    times: int
    last_at: datetime

    @property
    def title(self) -> str:
        return _title_of(self.code)

    @property
    def advice(self) -> str:
        return _advice_on(self.code, self.mistake)


def troubles(*, api_call: APICall) -> list[Trouble]:
    """Return why requests of programs were not answered, the most frequent first."""
    recent = Q(api_call=api_call, at__gte=usage_begin(api_call.company))
    # Each half by an index of its own: few of many.
    logged = [
        RequestLog.objects.filter(recent, OUTCOMES[outcome], is_test=False)
        .order_by()
        .annotate(why=Value("", output_field=CharField()))
        .values_list("code", "why")
        .annotate(number=Count("pk"), last=Max("at"))
        for outcome in (REFUSED, FAILED)
    ]
    folded = (
        RefusedRequests.objects.filter(recent)
        .order_by()
        .annotate(why=F("mistake"))
        .values_list("code", "why")
        .annotate(number=Sum("times"), last=Max("at"))
    )
    found: dict[tuple[str, str], Trouble] = {}
    for code, mistake, number, last in folded.union(*logged, all=True):
        known = found.get((code, mistake), Trouble(code, mistake, 0, last))
        times, last_at = known.times + number, max(known.last_at, last)
        found[code, mistake] = Trouble(code, mistake, times, last_at)
    return sorted(found.values(), key=lambda one: (-one.times, one.code, one.mistake))


def last_requests(
    *,
    api_call: APICall,
    day: date | None = None,
    outcome: str = "",
    caller: int | None = None,
    request_id: str = "",
) -> list[Request]:
    """Return the last LAST_SHOWN requests, the newest first.

    All of those that are given must hold: the day, the outcome, the caller's id, the request
    id. Who has no right pair is no caller.
    """
    chosen = OUTCOMES.get(outcome, Q())
    if day is not None:
        company = api_call.company
        begin, end = company.day_begin(day), company.day_begin(day + timedelta(days=1))
        chosen &= Q(at__gte=begin, at__lt=end)
    if request_id:
        chosen &= Q(request_id=request_id.lower())
    logged = RequestLog.objects.filter(chosen, api_call=api_call).select_related(
        "caller", "credential"
    )
    refused = RefusedRequests.objects.filter(chosen, api_call=api_call).select_related("credential")
    if caller is not None:
        logged, refused = logged.filter(caller=caller), refused.none()
    lines = [*map(_of_log, _last(logged)), *map(_of_refused, _last(refused, "key"))]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:LAST_SHOWN]


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
        caller=row.caller.name if row.caller else "",
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
        mistake=row.mistake,
    )
