"""Limits: what is let through in total, whoever counts."""

import json
import shutil
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from socket import socket

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from apicalls import limits
from apicalls.models import LimitCounter, RequestLog

QUOTA = 40
PROCESSES = 4


# What each of the processes runs: it hits one limit and prints how often it was let through.
SCRIPT = """
import json, sys
import django
from django.conf import settings
database, redis, quota, how = json.loads(sys.argv[1])
settings.DATABASES["default"].update(database)
settings.RATE_LIMIT_STORAGE = redis
django.setup()
from apicalls import limits
hits = (limits.CallHit(api_call_id=7, quota=quota) for _ in range(quota))
print(sum(getattr(hit, how)().allowed for hit in hits))
"""


def let_through(redis="", *, quota=QUOTA, how="usage"):
    """Return how many of four processes' hits were let through, each sending the whole quota."""
    stored = connection.settings_dict
    database = {name: stored[name] for name in ("NAME", "HOST", "PORT", "USER", "PASSWORD")}
    arguments = json.dumps([database, redis, quota, how])
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, arguments],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    return sum(int(worker.communicate(timeout=60)[0]) for worker in workers)


@pytest.fixture
def redis_server(tmp_path):
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [shutil.which("redis-server"), "--bind", "127.0.0.1", "--port", str(port), "--save", ""],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            with closing(socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=10)


@pytest.fixture
def in_redis(redis_server, settings):
    settings.RATE_LIMIT_STORAGE = redis_server
    limits._redis.cache_clear()
    yield
    limits._redis.cache_clear()


# --- The count -------------------------------------------------------------------------


def test_a_limit_lets_as_many_through_over_all_processes(real_database):
    assert let_through() == QUOTA


def test_a_limit_lets_as_many_through_over_all_processes_with_redis(real_database, redis_server):
    assert let_through(redis_server) == QUOTA
    assert not LimitCounter.objects.exists()


def test_a_window_begins_with_its_first_hit_and_ends_a_minute_later(db, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    first = limits.CallHit(api_call_id=1, quota=2).usage()
    assert (first.allowed, first.remaining, first.reset_after) == (True, 1, 60)
    time_machine.move_to(start + timedelta(seconds=59.5), tick=False)
    second, third = (limits.CallHit(api_call_id=1, quota=2).usage() for _ in range(2))
    assert (second.allowed, second.remaining, second.reset_after) == (True, 0, 1)
    assert (third.allowed, third.remaining) == (False, 0)
    time_machine.move_to(start + timedelta(seconds=60), tick=False)
    assert limits.CallHit(api_call_id=1, quota=2).usage().remaining == 1


def test_a_window_in_redis_is_the_same(db, in_redis):
    usages = [limits.CallHit(api_call_id=1, quota=2).usage() for _ in range(3)]
    assert [usage.allowed for usage in usages] == [True, True, False]
    assert [usage.remaining for usage in usages] == [1, 0, 0]
    assert all(58 <= usage.reset_after <= 60 for usage in usages)


def test_calls_are_counted_apart(db):
    assert limits.CallHit(api_call_id=1, quota=1).usage().allowed
    assert limits.CallHit(api_call_id=2, quota=1).usage().allowed
    assert not limits.CallHit(api_call_id=1, quota=1).usage().allowed


# --- Beforehand ------------------------------------------------------------------------


def ahead(quota=100, **more):
    return limits.CallHit(api_call_id=1, quota=quota, **more)


def counted():
    return LimitCounter.objects.get(key="call:1").hits


def test_who_is_told_nothing_new_is_counted_with_some_that_follow(db):
    usages = [ahead().usage_ahead() for _ in range(3)]
    # The second knows what is left: 99, of which it takes 4 more.
    assert [usage.remaining for usage in usages] == [99, 94, 94]
    assert counted() == 6
    for _ in range(3):
        ahead().usage_ahead()
    assert counted() == 6
    ahead().usage_ahead()
    assert counted() == 11


@pytest.mark.parametrize("quota", [1, 5, 40, 100, 1000])
def test_alone_a_process_lets_through_what_the_limit_says(db, quota):
    usages = [ahead(quota).usage_ahead() for _ in range(quota + 30)]
    assert [usage.allowed for usage in usages] == [True] * quota + [False] * 30
    assert usages[quota - 1].remaining == 0
    assert all(usage.remaining >= later.remaining for usage, later in pairwise(usages))


def test_what_was_counted_beforehand_ends_with_its_window(db, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    for _ in range(2):
        ahead().usage_ahead()
    time_machine.move_to(start + timedelta(seconds=60), tick=False)
    assert ahead().usage_ahead().remaining == 99
    assert counted() == 1


def test_another_limit_has_nothing_of_it(db):
    for _ in range(2):
        ahead().usage_ahead()
    assert not ahead(5).usage_ahead().allowed


def test_what_is_given_back_is_there_for_the_next(db):
    for _ in range(3):
        hit = ahead()
        hit.usage_ahead()
    hit.give_back()
    for _ in range(4):
        ahead().usage_ahead()
    assert counted() == 6
    refused = ahead(1)
    assert not refused.usage_ahead().allowed
    refused.give_back()
    assert not ahead(1).usage_ahead().allowed


def test_what_is_given_back_after_its_window_is_gone(db, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    hits = []
    for _ in range(3):
        hits.append(ahead())
        hits[-1].usage_ahead()
    time_machine.move_to(start + timedelta(seconds=60), tick=False)
    for hit in hits:
        hit.give_back()
    ahead().usage_ahead()
    assert counted() == 1
    hits[2].give_back()
    ahead().usage_ahead()
    assert counted() == 6


def test_others_who_count_are_seen_by_what_was_counted_beforehand(db):
    for _ in range(2):
        ahead().usage_ahead()
    assert ahead().usage().remaining == 93
    assert ahead().usage_ahead().remaining == 93


# Of forty, each of the processes keeps two at most that nobody else can have.
FEWEST = QUOTA - PROCESSES * (QUOTA // 20)


def test_beforehand_no_more_is_let_through_than_the_limit(real_database):
    assert FEWEST <= let_through(how="usage_ahead") <= QUOTA


def test_beforehand_it_is_the_same_in_redis(real_database, redis_server):
    assert FEWEST <= let_through(redis_server, how="usage_ahead") <= QUOTA


# --- No counter ------------------------------------------------------------------------


@pytest.mark.parametrize("storage", ["", "redis://127.0.0.1:1/0"])
def test_a_counter_that_is_away_stops_nobody(db, settings, monkeypatch, caplog, storage):
    settings.RATE_LIMIT_STORAGE = storage
    limits._redis.cache_clear()
    monkeypatch.setattr(limits, "_warn", limits._Warner())

    def away(_keys, _number):
        raise OperationalError("database is read-only")

    monkeypatch.setattr(limits, "_counted_in_database", away)
    for _ in range(3):
        assert limits.CallHit(api_call_id=1, quota=1).usage() is None
        assert limits.CallHit(api_call_id=1, quota=1).usage_ahead() is None
        assert limits.failed_authorization(address="192.0.2.1", client_key="K") is None
    warnings = [record for record in caplog.records if "not counted" in record.message]
    assert len(warnings) == 1
    limits._redis.cache_clear()


# --- The answer ------------------------------------------------------------------------


def test_headers_and_retry_after_agree(ask, add_call, company, worker, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    pair = add_call(company, rate_limit=2)
    answers = [ask(pair) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit"] for answer in answers] == [
        '"call";r=1;t=60',
        '"call";r=0;t=60',
        '"call";r=0;t=60',
    ]
    assert {answer["RateLimit-Policy"] for answer in answers} == {'"call";q=2;w=60'}
    assert answers[2]["Retry-After"] == "60"
    assert answers[2].json()["code"] == "rate_limited"
    assert RequestLog.objects.latest("id").code == "rate_limited"
    time_machine.shift(timedelta(seconds=60))
    assert ask(pair).status_code == 200


def test_what_is_refused_before_it_uses_nothing_up(ask, add_call, company, worker, program):
    pair = add_call(company, rate_limit=1)
    program.get("/api/v1/compliance-roster", headers={"authorization": pair.header})
    assert ask(pair).status_code == 200


# --- Failed authorizations -------------------------------------------------------------


def test_guessing_is_slowed_and_locks_nobody_out(ask, call, worker, other_secret, settings):
    settings.FAILED_AUTHORIZATIONS_PER_MINUTE = 3
    wrong = other_secret(call)
    answers = [ask(wrong, REMOTE_ADDR="192.0.2.1") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert answers[4].json()["code"] == "rate_limited"
    assert int(answers[4]["Retry-After"]) <= 60
    # The owner, from elsewhere and from the very same address.
    assert ask(call, REMOTE_ADDR="198.51.100.7").status_code == 200
    assert ask(call, REMOTE_ADDR="192.0.2.1").status_code == 200


def test_failures_are_counted_by_address_and_by_key_apart(db, settings):
    settings.FAILED_AUTHORIZATIONS_PER_MINUTE = 2

    def fail(address, key):
        return limits.failed_authorization(address=address, client_key=key).allowed

    assert fail("192.0.2.1", "A" * 14)
    assert fail("192.0.2.2", "A" * 14)
    assert not fail("192.0.2.3", "A" * 14)  # the key is tried from everywhere
    assert fail("192.0.2.1", "B" * 14)
    assert not fail("192.0.2.1", "C" * 14)  # the address tries every key
    assert fail("2001:db8::1", "D" * 14)
    assert fail("2001:db8::2", "E" * 14)
    assert not fail("2001:db8::3:0:0:1", "F" * 14)  # one customer's network
    assert fail("2001:db8:0:1::1", "G" * 14)


def test_whatever_is_tried_the_table_stays_small(db, monkeypatch):
    monkeypatch.setattr(limits, "_BUCKETS", 8)
    for number in range(300):
        limits.failed_authorization(address=f"192.0.2.{number % 250}", client_key=f"{number:014X}")
    assert LimitCounter.objects.count() <= 16
    assert not LimitCounter.objects.filter(key__contains="192.0.2").exists()


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL counts beside a query")
def test_a_counter_that_fails_beside_a_query_is_not_tried_again(
    real_database, ask, call, worker, monkeypatch
):
    monkeypatch.setattr(limits, "_upsert_sql", lambda _number: "SELECT hits, 1 FROM nowhere")
    tried = []
    monkeypatch.setattr(limits, "_counted", lambda *_args: tried.append(1) or [])
    answer = ask(call)
    assert answer.status_code == 200
    assert "RateLimit" not in answer
    assert not tried


def test_counters_are_not_vacuumed_each_minute(db):
    # Each time all connections would plan their statements anew, while programs wait.
    if connection.vendor != "postgresql":
        pytest.skip("of PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'apicalls_limitcounter'")
        [[options]] = cursor.fetchall()
    assert set(options) == {
        "autovacuum_vacuum_threshold=10000000",
        "autovacuum_analyze_threshold=10000000",
    }
