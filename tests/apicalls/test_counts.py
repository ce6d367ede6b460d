"""Requests counted once, and what came later counted from the log: the same figures always."""

import random
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Q

from apicalls import retention
from apicalls.models import (
    APICall,
    CountedUntil,
    RefusedRequests,
    RequestCount,
    RequestDayCount,
    RequestLog,
)
from apicalls.selectors import api_calls_listed, credential_current, requests_since
from apicalls.usage import counts
from apicalls.usage.counts import count_days, count_up, occasions, quarter_of, tally

NOW = datetime(2026, 3, 20, 12, 7, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def log():
    """Return a function that adds a request at an instant."""

    def add(pair, at, status=200, **values):
        return RequestLog.objects.create(
            at=at,
            api_call=pair.api_call,
            credential=credential_current(api_call=pair.api_call),
            served_version=APICall.objects.get(pk=pair.api_call.pk).served_version,
            request_id="0" * 32,
            status=status,
            milliseconds=5,
            size=9,
            **values,
        )

    return add


@pytest.fixture
def fold():
    """Return a function that adds refused requests of a minute."""

    def add(pair, at, times):
        return RefusedRequests.objects.create(
            key=f"{at}{pair.client_key}",
            at=at.replace(second=0, microsecond=0),
            api_call=pair.api_call,
            code="invalid_credentials",
            status=401,
            times=times,
        )

    return add


@pytest.mark.parametrize(
    ("at", "quarter"),
    [
        ("2026-03-20T12:00:00+00:00", "2026-03-20T12:00:00+00:00"),
        ("2026-03-20T12:14:59.999999+00:00", "2026-03-20T12:00:00+00:00"),
        ("2026-03-20T12:15:00+00:00", "2026-03-20T12:15:00+00:00"),
        ("2026-03-20T17:44:59+05:45", "2026-03-20T11:45:00+00:00"),
    ],
)
def test_a_quarter_of_an_hour_is_one_of_utc(at, quarter):
    assert quarter_of(datetime.fromisoformat(at)) == datetime.fromisoformat(quarter)


def test_what_is_over_is_counted_once_and_what_is_not_stays_in_the_log(call, company, log, fold):
    for minutes in (0, 1, 4, 8, 21, 22, 37):
        log(call, NOW - timedelta(minutes=minutes))
    log(call, NOW - timedelta(minutes=21), status=404)
    log(call, NOW - timedelta(minutes=21), is_test=True)
    fold(call, NOW - timedelta(minutes=21), times=5)
    # 11:30 and 11:45; the quarter from 11:45 ended at noon, more than five minutes ago.
    assert count_up(company=company) == 2
    assert CountedUntil.objects.get().at == datetime(2026, 3, 20, 12, tzinfo=UTC)
    kept = RequestCount.objects.order_by("begins_at", "status").values_list(
        "begins_at__minute", "status", "times"
    )
    assert list(kept) == [(30, 200, 1), (45, 200, 3), (45, 401, 5), (45, 404, 1)]
    assert count_up(company=company) == 0
    assert tally(company=company, by=["outcome"], since=LONG_AGO) == {
        ("answered",): 7,
        ("refused",): 6,
    }


@pytest.mark.parametrize(("minute", "counted"), [(4, 0), (5, 1)])
def test_a_quarter_is_counted_when_the_last_of_it_is_surely_there(
    call, company, log, time_machine, minute, counted
):
    log(call, datetime(2026, 3, 20, 11, 59, 59, tzinfo=UTC))
    time_machine.move_to(NOW.replace(minute=minute), tick=False)
    assert count_up(company=company) == counted


def test_an_interruption_loses_and_doubles_nothing(call, company, log, monkeypatch):
    for hours in range(1, 6):
        log(call, NOW - timedelta(hours=hours))
    whole, left = counts._counts, iter(range(2))

    def fails(*arguments):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(counts, "_counts", fails)
    with pytest.raises(KeyboardInterrupt):
        count_up(company=company)
    assert RequestCount.objects.count() == 2
    assert tally(company=company, by=[], since=LONG_AGO).total() == 5
    monkeypatch.undo()
    assert count_up(company=company) == 3
    assert tally(company=company, by=[], since=LONG_AGO).total() == 5


def test_two_who_count_at_once_count_once(real_database, call, company, log):
    for minutes in range(20, 620, 5):
        log(call, NOW - timedelta(minutes=minutes))

    def count():
        try:
            for _ in range(20):
                count_up(company=company)
        finally:
            connection.close()

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(RequestCount.objects.values_list("times", flat=True)) == 120


def test_a_gap_of_years_takes_no_time(call, company, log, django_assert_max_num_queries):
    log(call, LONG_AGO)
    log(call, NOW - timedelta(hours=1))
    with django_assert_max_num_queries(50):
        assert count_up(company=company) == 2


def test_another_company_is_counted_for_itself(
    call, company, other_company, add_call, log, client_of, outsider
):
    theirs = add_call(other_company)
    for pair in (call, call, theirs):
        log(pair, NOW - timedelta(hours=1))
    assert count_up(company=company) == 1
    assert tally(company=company, by=["call"], since=LONG_AGO) == {(call.api_call.pk,): 2}
    assert tally(company=other_company, by=["call"], since=LONG_AGO) == {(theirs.api_call.pk,): 1}
    assert not RequestCount.objects.filter(api_call=theirs.api_call).exists()


@pytest.mark.parametrize("seed", range(5))
def test_counted_or_not_every_figure_is_the_recount_of_a_journal(
    call, xml_call, company, log, fold, seed
):
    """However much of the log is counted, each figure is what the requests themselves say."""
    company.time_zone = random.Random(seed).choice(["Asia/Kathmandu", "America/Edmonton", "UTC"])
    company.save()
    chance, journal = random.Random(seed), []
    for minutes in chance.sample(range(45 * 24 * 60), 150):
        pair, at = chance.choice([call, xml_call]), NOW - timedelta(minutes=minutes)
        outcome, status = chance.choice(
            [
                ("answered", 200),
                ("answered", 304),
                ("refused", 404),
                ("failed", 503),
                ("refused", 0),
            ]
        )
        times = chance.randrange(1, 9) if not status else 1
        if status:
            log(pair, at, status)
        else:
            fold(pair, at, times)
        journal.append((pair.api_call.pk, at, outcome, times))
    begin = counts.usage_begin(company)
    zone = begin.tzinfo
    expected = Counter()
    for call_id, at, outcome, times in journal:
        if at >= begin:
            expected[call_id, at.astimezone(zone).date(), outcome] += times
    for counted_back_to in (timedelta(days=400), timedelta(days=10), timedelta(0)):
        RequestCount.objects.all().delete()
        CountedUntil.objects.all().delete()
        moment = NOW - counted_back_to
        _count_until(company, moment)
        told = tally(company=company, by=["call", "day", "outcome"], since=begin)
        assert told == expected
        for listed in api_calls_listed(
            company=company, api_calls=APICall.objects.for_company(company)
        ):
            number = sum(n for (pk, _, _), n in expected.items() if pk == listed.pk)
            assert listed.requests_30_days == number
            assert requests_since(api_call=listed, since=begin) == number


def _count_until(company, moment):
    """Count as if it had been done last at that moment."""
    import time_machine

    with time_machine.travel(moment, tick=False):
        count_up(company=company)


def test_what_is_chosen_is_counted_alone(call, xml_call, company, log):
    for hours in (1, 0):
        log(call, NOW - timedelta(hours=hours))
        log(xml_call, NOW - timedelta(hours=hours), status=503)
    count_up(company=company)
    chosen = Q(api_call=call.api_call)
    assert tally(company=company, by=["call"], since=LONG_AGO, chosen=chosen).total() == 2
    failed = Q(status__gte=500)
    assert tally(company=company, by=["call"], since=LONG_AGO, chosen=failed) == {
        (xml_call.api_call.pk,): 2
    }
    day = datetime(2026, 3, 20, 12, tzinfo=UTC)
    assert tally(company=company, by=[], since=LONG_AGO, until=day).total() == 2


def test_what_nobody_knows_is_no_key(company):
    with pytest.raises(ValueError, match="colour"):
        tally(company=company, by=["colour"], since=LONG_AGO)


# --- Days ------------------------------------------------------------------------------


@pytest.fixture
def seventy_days(call, xml_call, log, fold):
    """Requests of two calls over seventy days, a daylight saving change among them."""
    chance = random.Random(7)
    for _ in range(300):
        at = NOW - timedelta(minutes=chance.randrange(5, 70 * 24 * 60))
        pair = chance.choice([call, xml_call])
        if chance.random() < 0.1:
            fold(pair, at + timedelta(microseconds=chance.randrange(10**6)), 3)
        else:
            log(pair, at, chance.choice([200, 200, 304, 404, 503]))


SPANS = [NOW - timedelta(days=40, hours=5), NOW - timedelta(days=12, minutes=7)]


def _figures(company):
    since = company.day_begin(company.today() - timedelta(days=75))
    return (
        tally(company=company, by=("call", "day", "outcome"), since=since),
        tally(company=company, by=("call",), since=since, chosen=Q(status__lt=400)),
        tally(
            company=company,
            by=("day",),
            since=since,
            until=company.day_begin(company.today() - timedelta(days=20)),
        ),
        Counter(
            {
                one[:2]: one.times
                for one in _summed(
                    occasions(company=company, chosen=Q(status__lt=400), spans=SPANS)
                )
            }
        ),
    )


def _summed(found):
    """Return occasions with the rows of one version and span together."""
    together = {}
    for one in found:
        so_far = together.get(one[:2])
        together[one[:2]] = one._replace(times=one.times + (so_far.times if so_far else 0))
    return together.values()


def _firsts_and_lasts(company):
    """First and last by version and span, to a quarter of an hour."""
    told = {}
    for one in occasions(company=company, chosen=Q(status__lt=400), spans=[]):
        first, last = told.get(one.version, (one.first_at, one.last_at))
        told[one.version] = min(first, one.first_at), max(last, one.last_at)
    return {key: (quarter_of(first), quarter_of(last)) for key, (first, last) in told.items()}


@pytest.mark.parametrize("zone", ["America/Edmonton", "Asia/Kathmandu", "America/Havana"])
def test_days_that_are_counted_change_no_figure(company, seventy_days, zone):
    company.time_zone = zone
    company.save()
    spans_are_quarters = [quarter_of(one) for one in SPANS]
    assert spans_are_quarters != SPANS  # ends are exact to a quarter of an hour only
    expected, times = _figures(company)[:3], _firsts_and_lasts(company)
    count_up(company=company)
    by_quarter = _figures(company)
    assert by_quarter[:3] == expected
    assert count_days(company=company) >= 69
    assert RequestDayCount.objects.exists()
    assert _figures(company) == by_quarter
    assert _firsts_and_lasts(company) == times
    assert count_days(company=company) == 0


def test_days_are_read_and_not_their_quarters(company, seventy_days, django_assert_max_num_queries):
    before = _figures(company)
    count_up(company=company)
    count_days(company=company)
    old = company.day_begin(company.today() - timedelta(days=60))
    RequestCount.objects.filter(begins_at__lt=old).delete()
    with django_assert_max_num_queries(2):
        since = company.day_begin(company.today() - timedelta(days=75))
        assert tally(company=company, by=("call", "day", "outcome"), since=since) == before[0]


def test_in_another_time_zone_days_are_others_and_counted_anew(company, seventy_days):
    count_up(company=company)
    count_days(company=company)
    company.time_zone = "Pacific/Auckland"
    company.save()
    moved = _figures(company)
    assert count_days(company=company) >= 69
    assert _figures(company) == moved
    assert CountedUntil.objects.get(company=company).time_zone == "Pacific/Auckland"


def test_days_that_nobody_keeps_are_deleted(company, seventy_days):
    count_up(company=company)
    count_days(company=company)
    company.request_log_days = 31
    company.save()
    retention.purge()
    oldest = RequestDayCount.objects.order_by("day").first().day
    assert company.today() - timedelta(days=32) <= oldest
    assert RequestDayCount.objects.count() > 5


def test_days_of_another_company_are_not_ours(company, other_company, add_call, log, seventy_days):
    theirs = add_call(other_company)
    log(theirs, NOW - timedelta(days=50))
    for one in (company, other_company):
        count_up(company=one)
        count_days(company=one)
    since = other_company.day_begin(other_company.today() - timedelta(days=75))
    assert tally(company=other_company, by=("call",), since=since) == {(theirs.api_call.pk,): 1}
