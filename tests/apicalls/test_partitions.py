"""The request log by month, on PostgreSQL."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apicalls import partitions
from apicalls.models import RequestLog
from apicalls.partitions import partitions_drop, partitions_ensure
from apicalls.retention import purge
from apicalls.selectors import credential_current

on_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="only PostgreSQL has partitions"
)


@pytest.fixture
def log(call):
    """Return a function that adds a request at an instant."""

    def add(at):
        return RequestLog.objects.create(
            at=at,
            api_call=call.api_call,
            credential=credential_current(api_call=call.api_call),
            request_id="0" * 32,
            status=200,
            milliseconds=5,
            size=9,
        )

    return add


def months():
    return sorted(str(month)[:7] for month, _name in partitions._partitions())


def in_default():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM apicalls_requestlog_default")
        return cursor.fetchone()[0]


@pytest.mark.skipif("connection.vendor == 'postgresql'", reason="it has partitions")
@pytest.mark.django_db
def test_where_there_are_no_partitions_there_is_nothing_to_do():
    assert partitions_ensure() == 0
    assert partitions_drop(before=timezone.now()) == 0


@on_postgresql
def test_a_fresh_installation_has_this_month_and_the_next_three(db):
    today = timezone.now()
    expected = [
        f"{today.year + (today.month - 1 + n) // 12}-{(today.month - 1 + n) % 12 + 1:02}"
        for n in range(4)
    ]
    assert months() == expected
    assert partitions_ensure() == 0


@on_postgresql
def test_what_has_no_month_of_its_own_is_kept_and_moves_when_it_has(log, time_machine):
    before = set(months())
    kept = [log(datetime(2031, month, 1, tzinfo=UTC)) for month in (2, 3)]
    kept.append(log(datetime(2031, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)))
    assert in_default() == 3
    assert partitions_ensure() == 2
    assert set(months()) - before == {"2031-02", "2031-03"}
    assert in_default() == 0
    assert {row.pk for row in RequestLog.objects.all()} == {row.pk for row in kept}
    # And what comes now goes there at once.
    log(datetime(2031, 2, 5, tzinfo=UTC))
    assert in_default() == 0


@on_postgresql
def test_little_is_drawn_of_a_month_to_analyze_it(db, log):
    # What is drawn keeps a processor, and who asks then waits.
    log(datetime(2031, 2, 1, tzinfo=UTC))
    partitions_ensure()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, max(attstattarget), min(attstattarget) "
            "FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
            "WHERE relname LIKE 'apicalls_requestlog%' AND relkind IN ('r', 'p') AND attnum > 0 "
            "GROUP BY relname"
        )
        found = {name: {most, least} for name, most, least in cursor.fetchall()}
    assert {"apicalls_requestlog", "apicalls_requestlog_2031_02"} <= found.keys()
    assert all(targets == {10} for targets in found.values()), found


@on_postgresql
def test_the_turn_of_a_year_is_prepared(db, time_machine):
    time_machine.move_to("2033-11-30T23:59:59Z", tick=False)
    assert partitions_ensure() == 4
    assert months()[-4:] == ["2033-11", "2033-12", "2034-01", "2034-02"]


@on_postgresql
def test_a_month_that_nobody_keeps_goes_whole(log, company, other_company, time_machine):
    time_machine.move_to("2032-05-20T12:00:00Z", tick=False)
    for days in (0, 45, 100, 120):
        log(timezone.now() - timedelta(days=days))
    partitions_ensure()
    company.request_log_days, other_company.request_log_days = 31, 90
    company.save()
    other_company.save()
    # January and, of February, what is more than 31 days old: the month is in use until
    # 90 days are over.
    assert partitions_drop(before=timezone.now() - timedelta(days=90)) == 1
    assert "2032-01" not in months()
    assert "2032-02" in months()
    assert purge(batch=10) == 2
    assert RequestLog.objects.count() == 1


@on_postgresql
def test_two_who_prepare_at_once_prepare_once(real_database, log):
    log(datetime(2035, 6, 1, tzinfo=UTC))
    made = []

    def prepare():
        try:
            made.append(partitions_ensure())
        finally:
            connection.close()

    threads = [threading.Thread(target=prepare) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 1
    assert in_default() == 0
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE apicalls_requestlog_2035_06")


@on_postgresql
def test_who_reads_the_log_for_long_is_waited_for_only_so_long(real_database, log, monkeypatch):
    """And whoever logs a request meanwhile waits no longer than that."""
    monkeypatch.setattr(partitions, "_PAUSE_SECONDS", 0)
    log(datetime(2020, 6, 1, tzinfo=UTC))
    assert partitions_ensure() == 1
    reading, dropped = threading.Event(), threading.Event()

    def read():
        try:
            with connection.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute("SELECT count(*) FROM apicalls_requestlog")
                reading.set()
                dropped.wait(30)
                cursor.execute("ROLLBACK")
        finally:
            connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    reading.wait(30)
    assert partitions_drop(before=datetime(2021, 1, 1, tzinfo=UTC)) == 0
    assert RequestLog.objects.count() == 1
    dropped.set()
    reader.join()
    assert partitions_drop(before=datetime(2021, 1, 1, tzinfo=UTC)) == 1
