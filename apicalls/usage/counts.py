"""How many requests there were, without going through each of them.

Quarters of an hour that are over are counted once, into RequestCount; what came later is
counted from the log, in the same statement. So a figure is right at any time, however long ago
somebody counted, and costs the same however many requests there are. Days that are over are
counted from those into RequestDayCount, which is read instead where many days are asked for.

A test from the details page counts nowhere.
"""

import zoneinfo
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, cast

from django.db import transaction
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DateTimeField,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from accounts.models import Company
from apicalls.models import (
    APICall,
    CountedUntil,
    RefusedRequests,
    RequestCount,
    RequestDayCount,
    RequestLog,
)
from apicalls.usage.outcomes import outcome_of_row

USAGE_DAYS = 30
QUARTER = timedelta(minutes=15)
# So long after its time each request is in the log, also one that waited for the database.
SETTLED = timedelta(minutes=5)
EVERYTHING = Q()
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class _Table(NamedTuple):
    """Where requests are: the column that says when, and how a group of rows is counted."""

    model: Any
    at: str
    number: Any


_COUNTED = _Table(RequestCount, "begins_at", Sum("times"))
_LOGGED = _Table(RequestLog, "at", Count("pk", filter=Q(is_test=False)))
_FOLDED = _Table(RefusedRequests, "at", Sum("times"))
_TABLES = (_COUNTED, _LOGGED, _FOLDED)


# --- Reading ---------------------------------------------------------------------------


def usage_begin(company: Company) -> datetime:
    """Return when the last USAGE_DAYS days began, today included."""
    return company.day_begin(company.today() - timedelta(days=USAGE_DAYS - 1))


def quarter_of(at: datetime) -> datetime:
    """Return the beginning of the quarter of an hour that `at` is in."""
    return at - (at - _NEVER) % QUARTER


def tally(
    *,
    company: Company,
    by: Sequence[str],
    since: datetime,
    until: datetime | None = None,
    chosen: Q = EVERYTHING,
) -> "Counter[tuple[Any, ...]]":
    """Count the company's requests from `since` up to `until`, both on a quarter of an hour.

    `by` names what the counts are told apart by: "call" and "caller" (ids), "day" (in the
    company's time zone), "outcome". `chosen` is a condition on api_call or status. One query, and
    one more where it is about more than a month.
    """
    days = _days_counted(company, since, until) if set(by) <= _OF_DAYS else None
    parts = []
    for table in _TABLES:
        when = Q(**{f"{table.at}__gte": days.end if days and table is _COUNTED else since})
        if until is not None:
            when &= Q(**{f"{table.at}__lt": until})
        keys = {f"by_{name}": _key(name, table, company) for name in by}
        rows = _rows(table, company).filter(chosen, when).annotate(**keys).values(*keys)
        parts.append(rows.annotate(number=table.number).values_list(*keys, "number"))
    if days:
        keys = {f"by_{name}": _day_key(name) for name in by}
        rows = days.rows.filter(chosen).order_by().annotate(**keys).values(*keys)
        parts.append(rows.annotate(number=Sum("times")).values_list(*keys, "number"))
    counted: Counter[tuple[Any, ...]] = Counter()
    for *found, number in parts[0].union(*parts[1:], all=True):
        if number:
            counted[tuple(found)] += number
    return counted


class Occasion(NamedTuple):
    """How often a version was served in a span of time, and when first and last."""

    version: int
    span: int
    times: int
    first_at: datetime
    last_at: datetime


def occasions(*, company: Company, chosen: Q, spans: Sequence[datetime]) -> list[Occasion]:
    """Tell the company's requests apart by ServedVersion and by span of time.

    `spans` are the ends of all spans but the last, in their order. First and last are exact to
    a quarter of an hour, and so are the ends. Two queries.
    """
    days = _days_counted(company, _NEVER, None)
    # A day in which a span ends is in two of them: its quarters of an hour are read.
    split = {_day_of(company, end) for end in spans}
    parts = []
    if days:
        rows = (
            days.rows.filter(chosen, served_version__isnull=False)
            .exclude(day__in=split)
            .order_by()
            .annotate(version=F("served_version_id"), span=_span("first_at", spans))
            .values("version", "span")
            .annotate(number=Sum("times"), first=Min("first_at"), last=Max("last_at"))
        )
        parts.append(rows.values_list("version", "span", "number", "first", "last"))
    for table in _TABLES:
        when = Q()
        if days and table is _COUNTED:
            when = Q(begins_at__gte=days.end)
            for day in split:
                begin, end = company.day_begin(day), company.day_begin(day + timedelta(days=1))
                when |= Q(begins_at__gte=begin, begins_at__lt=end)
        span = _span(table.at, spans)
        rows = (
            _rows(table, company)
            .filter(chosen, when)
            .annotate(version=_key("version", table, company), span=span)
            .filter(version__isnull=False)
            .values("version", "span")
            .annotate(number=table.number, first=Min(table.at), last=Max(table.at))
        )
        parts.append(rows.values_list("version", "span", "number", "first", "last"))
    return [Occasion(*row) for row in parts[0].union(*parts[1:], all=True) if row[2]]


def _span(at: str, ends: Sequence[datetime]) -> Case:
    """Return the number of the span of time that a row is in."""
    before = [When(**{f"{at}__lt": end}, then=Value(number)) for number, end in enumerate(ends)]
    return Case(*before, default=Value(len(ends)))


class _Days(NamedTuple):
    """Whole days that are counted, and when the first begins that is not."""

    rows: QuerySet[RequestDayCount]
    end: datetime


# What RequestDayCount tells apart.
_OF_DAYS = frozenset({"call", "day", "outcome"})
_MANY_DAYS = timedelta(days=35)


def _days_counted(company: Company, since: datetime, until: datetime | None) -> _Days | None:
    """Return what is counted of the days from `since` on; None where it is not worth a look.

    And where `since` is no beginning of a day, nor of all.
    """
    if (until or timezone.now()) - since < _MANY_DAYS:
        return None
    if since not in {_NEVER, company.day_begin(_day_of(company, since))}:
        return None
    counted = CountedUntil.objects.filter(company=company, time_zone=company.time_zone).first()
    if counted is None or counted.day is None:
        return None
    end = counted.day if until is None else min(counted.day, _day_of(company, until))
    rows = RequestDayCount.objects.filter(
        api_call__company=company, day__gte=_day_of(company, since), day__lt=end
    )
    return _Days(rows, max(since, company.day_begin(end)))


def _day_of(company: Company, at: datetime) -> date:
    return at.astimezone(zoneinfo.ZoneInfo(company.time_zone)).date()


def _day_key(name: str) -> Any:
    return {"call": F("api_call_id"), "day": F("day"), "outcome": outcome_of_row()}[name]


def number_of(
    *, company: Company, since: datetime, chosen: Q = EVERYTHING, api_call: str = "pk"
) -> Combinable:
    """Return the number of requests of an API call from `since` on, as an annotation.

    Of the call itself, or of a row that names it in the field `api_call`.
    """
    total: Combinable = Value(0)
    for table in _TABLES:
        rows = table.model.objects.filter(
            chosen,
            _not_elsewhere(table, company),
            api_call=OuterRef(api_call),
            **{f"{table.at}__gte": since},
        )
        counted = rows.order_by().values("api_call").annotate(number=table.number)
        total = total + Coalesce(Subquery(counted.values("number")), 0)
    return total


def _rows(table: "_Table", company: Company) -> QuerySet[Any]:
    rows = table.model.objects.filter(_not_elsewhere(table, company), api_call__company=company)
    return cast("QuerySet[Any]", rows.order_by())


def _not_elsewhere(table: "_Table", company: Company) -> Q:
    """Return which rows of a table count, so that each request does once."""
    until = CountedUntil.objects.filter(company=company).values("at")
    moment = Coalesce(Subquery(until), Value(_NEVER, output_field=DateTimeField()))
    return Q(**{f"{table.at}__lt" if table is _COUNTED else f"{table.at}__gte": moment})


def _key(name: str, table: "_Table", company: Company) -> Any:
    match name:
        case "call":
            return F("api_call_id")
        case "day":
            return TruncDate(table.at, tzinfo=zoneinfo.ZoneInfo(company.time_zone))
        case "outcome":
            return outcome_of_row()
        case "caller" | "version" if table is _FOLDED:
            return Value(None, output_field=BigIntegerField(null=True))
        case "caller":
            return F("caller_id")
        case "version":
            return F("served_version_id")
    raise ValueError(name)


# --- Counting --------------------------------------------------------------------------


def count_up(*, company: Company) -> int:
    """Count the quarters of an hour that are over and not counted; return how many there were.

    A transaction each, so that it can be interrupted. Of two who count at once, one does.
    """
    end = quarter_of(timezone.now() - SETTLED)
    counted = 0
    while True:
        until, _is_new = CountedUntil.objects.get_or_create(
            company=company, defaults={"at": _NEVER}
        )
        first = _first_request(company, until.at)
        if first is None or quarter_of(first) >= end:
            return counted
        begin = quarter_of(first)
        with transaction.atomic():
            mine = CountedUntil.objects.filter(company=company, at=until.at)
            if not mine.update(at=begin + QUARTER):
                return counted
            RequestCount.objects.bulk_create(_counts(company, begin))
        counted += 1


def hold(company_ids: Collection[int]) -> Mapping[int, CountedUntil]:
    """Return by company how far its requests are counted; nobody counts on in this transaction.

    In the order of their ids, so that of two who hold some neither waits for the other's.
    """
    for company_id in company_ids:
        CountedUntil.objects.get_or_create(company_id=company_id, defaults={"at": _NEVER})
    held = CountedUntil.objects.filter(company__in=company_ids).order_by("company_id")
    return {one.company_id: one for one in held.select_for_update(no_key=True)}


def count_late(rows: Iterable[RequestLog], until: Mapping[int, CountedUntil]) -> None:
    """Count rows that came to the log after their time was counted, as far as it was.

    `until` says by API call how far, and is held. Counts of one time add up.
    """
    quarters: Counter[tuple[Any, ...]] = Counter()
    days: dict[tuple[Any, ...], list[datetime]] = {}
    for row in rows:
        counted, begin = until[row.api_call_id], quarter_of(row.at)
        if row.is_test or begin >= counted.at:
            continue
        call, version, status = row.api_call_id, row.served_version_id, row.status
        quarters[call, begin, row.caller_id, version, status] += 1
        day = begin.astimezone(zoneinfo.ZoneInfo(counted.time_zone or "UTC")).date()
        if counted.day is not None and day < counted.day:
            days.setdefault((call, day, version, status), []).append(begin)
    RequestCount.objects.bulk_create(
        RequestCount(
            api_call_id=call,
            begins_at=begin,
            caller_id=caller,
            served_version_id=version,
            status=status,
            times=times,
        )
        for (call, begin, caller, version, status), times in quarters.items()
    )
    RequestDayCount.objects.bulk_create(
        RequestDayCount(
            api_call_id=call,
            day=day,
            served_version_id=version,
            status=status,
            times=len(begins),
            first_at=min(begins),
            last_at=max(begins),
        )
        for (call, day, version, status), begins in days.items()
    )


def count_days(*, company: Company) -> int:
    """Count the days that are over and not counted as days; return how many there were.

    A month at a time, each a transaction of its own. Of two who count at once, one does.
    """
    counted = 0
    while True:
        state = CountedUntil.objects.filter(company=company).first()
        if state is None:
            return counted
        if state.time_zone != company.time_zone:
            _forget_days(company)
            continue
        first = state.day or _first_day(company)
        end = _day_of(company, state.at)
        if first is None or first >= end:
            return counted
        last = min(end, first + timedelta(days=31))
        with transaction.atomic():
            mine = CountedUntil.objects.filter(
                company=company, day=state.day, time_zone=company.time_zone
            )
            if not mine.update(day=last):
                return counted
            RequestDayCount.objects.bulk_create(_day_counts(company, first, last), batch_size=2000)
        counted += (last - first).days


@transaction.atomic
def _forget_days(company: Company) -> None:
    """Begin anew with the days of the company's time zone."""
    CountedUntil.objects.filter(company=company).update(day=None, time_zone=company.time_zone)
    RequestDayCount.objects.filter(api_call__company=company).delete()


def _first_day(company: Company) -> date | None:
    counts = RequestCount.objects.filter(api_call__company=company)
    first = counts.aggregate(at=Min("begins_at"))["at"]
    return _day_of(company, first) if first else None


def _day_counts(company: Company, first: date, end: date) -> list[RequestDayCount]:
    zone = zoneinfo.ZoneInfo(company.time_zone)
    names = ("api_call_id", "day", "served_version_id", "status")
    rows = (
        RequestCount.objects.filter(
            api_call__company=company,
            begins_at__gte=company.day_begin(first),
            begins_at__lt=company.day_begin(end),
        )
        .order_by()
        .annotate(day=TruncDate("begins_at", tzinfo=zone))
        .values(*names)
        .annotate(number=Sum("times"), first=Min("begins_at"), last=Max("begins_at"))
        .values_list(*names, "number", "first", "last")
    )
    return [
        RequestDayCount(
            api_call_id=call,
            day=day,
            served_version_id=version,
            status=status,
            times=number,
            first_at=first_at,
            last_at=last_at,
        )
        for call, day, version, status, number, first_at, last_at in rows
    ]


def _first_request(company: Company, since: datetime) -> datetime | None:
    """Return the time of the first request that is logged from `since` on.

    Call by call, which takes one look into an index each.
    """
    firsts = [
        APICall.objects.for_company(company).aggregate(
            at=Min(
                Subquery(
                    model.objects.filter(api_call=OuterRef("pk"), at__gte=since)
                    .order_by("at")
                    .values("at")[:1]
                )
            )
        )["at"]
        for model in (RequestLog, RefusedRequests)
    ]
    return min((at for at in firsts if at is not None), default=None)


def _counts(company: Company, begin: datetime) -> Iterator[RequestCount]:
    """Give what is to be kept of the quarter of an hour."""
    names = ("call", "caller", "version")
    for table in (_LOGGED, _FOLDED):
        keys = {f"by_{name}": _key(name, table, company) for name in names}
        rows = table.model.objects.filter(
            api_call__company=company, at__gte=begin, at__lt=begin + QUARTER
        )
        for call, caller, version, status, times in (
            rows.order_by()
            .annotate(**keys)
            .values(*keys, "status")
            .annotate(number=table.number)
            .values_list(*keys, "status", "number")
        ):
            if times:  # none of them a test
                yield RequestCount(
                    api_call_id=call,
                    begins_at=begin,
                    caller_id=caller,
                    served_version_id=version,
                    status=status,
                    times=times,
                )
