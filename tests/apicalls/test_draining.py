"""From the spool into the request log: nothing lost, nothing twice, and counted once."""

import json
import logging
import os
import threading
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import OperationalError, connection

from apicalls import draining
from apicalls.draining import Drainer, drain
from apicalls.models import CountedUntil, Credential, RequestCount, RequestDayCount, RequestLog
from apicalls.spool import spool
from apicalls.usage.counts import count_days, count_up, tally

ID = "{:032x}"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.LOG_SPOOL = str(tmp_path / "spool")
    return tmp_path / "spool"


@pytest.fixture
def row_of(call):
    """Return a function that makes the values of a row."""
    credential_id = Credential.objects.get(client_key=call.client_key).pk

    def make(number, at="2026-03-02T18:01:00+00:00", **values):
        return {
            "at": at,
            "api_call_id": call.api_call.pk,
            "credential_id": credential_id,
            "request_id": ID.format(number),
            "status": 200,
            "code": "",
            "milliseconds": 2,
            "size": 300,
        } | values

    return make


@pytest.fixture
def wait(row_of):
    """Return a function that has rows of these numbers wait."""

    def add(*numbers, **values):
        for number in numbers:
            spool().add({"row": row_of(number, **values), "spooled_at": time.time()})

    return add


def ids():
    return sorted(int(one, 16) for one in RequestLog.objects.values_list("request_id", flat=True))


def test_rows_are_written_once_and_their_file_is_taken_away(wait, monkeypatch):
    monkeypatch.setattr(draining, "BATCH", 3)
    wait(*range(8))
    assert len(spool().files()) == 1
    assert drain() == 8
    assert ids() == list(range(8))
    assert spool().files() == []
    assert drain() == 0
    wait(8)
    assert drain() == 1
    assert ids() == list(range(9))


def test_what_was_interrupted_is_begun_anew_and_nothing_is_twice(wait, row_of, monkeypatch):
    monkeypatch.setattr(draining, "BATCH", 3)
    wait(*range(8))
    write = draining._write
    batches = []

    def then_dies(batch):
        batches.append(write(batch))
        if len(batches) == 2:
            raise OperationalError("gone")
        return batches[-1]

    with monkeypatch.context() as patched:
        patched.setattr(draining, "_write", then_dies)
        with pytest.raises(OperationalError):
            drain()
    assert ids() == list(range(6))
    assert drain() == 2
    assert ids() == list(range(8))


def test_files_of_other_processes_are_drained_too(wait, row_of, folder):
    wait(1)
    (folder / "1-of-another.rows").write_text(
        "".join(json.dumps({"row": row_of(number)}) + "\n" for number in (2, 3, 2))
        + '{"row": {"at": "2026-'  # it was killed with it
    )
    (folder / "2-of-a-broken-disk.rows").write_text(
        "\0\0\n" + json.dumps({"row": row_of(4)}) + "\n"
    )
    assert drain() == 4
    assert ids() == [1, 2, 3, 4]
    assert spool().files() == []


def test_a_row_of_another_version_is_taken_as_far_as_it_is_known(wait):
    wait(1, of_tomorrow="x")
    assert drain() == 1
    assert RequestLog.objects.get().output_format == ""


def test_a_row_of_a_company_that_is_gone_is_not(wait, call):
    wait(1)
    wait(2, api_call_id=call.api_call.pk + 1000)
    assert drain() == 1
    assert ids() == [1]


def test_only_one_drains(wait):
    wait(1)
    with spool().alone() as is_alone:
        assert is_alone
        assert drain() == 0
    assert drain() == 1


def test_what_is_added_while_it_is_drained_is_drained(real_database, wait, row_of):
    rows = [row_of(number) for number in range(200)]

    def add():
        for row in rows:
            spool().add({"row": row})

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        drain()
    drain()
    assert ids() == list(range(200))
    assert spool().files() == []


def test_a_full_disk_leaves_no_half_a_line(wait, monkeypatch):
    wait(1)
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:20]))
        with pytest.raises(OSError, match="No space left"):
            wait(2)
    wait(3)
    assert drain() == 2
    assert ids() == [1, 3]


def test_nobody_else_reads_what_waits(wait, folder):
    wait(1)
    [path] = spool().files()
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


# --- Counted -----------------------------------------------------------------------------


def by_day(company):
    since = datetime(2026, 1, 1, 7, tzinfo=UTC)
    return dict(tally(company=company, by=["day", "outcome"], since=since))


@pytest.mark.parametrize("is_first", [False, True], ids=["counted-before", "drained-before"])
def test_late_rows_are_counted_once(company, row_of, wait, time_machine, is_first):
    """Those of quarters that were counted, of days that were, and of neither."""
    late = ["2026-02-01T12:01:00+00:00", "2026-02-01T12:20:00+00:00", "2026-03-05T17:59:00+00:00"]
    time_machine.move_to("2026-03-05T18:00:00Z", tick=False)
    for number, at in enumerate(["2026-02-01T12:02:00+00:00", "2026-03-04T12:00:00+00:00"]):
        RequestLog.objects.create(**row_of(number, at=at))
    for number, at in enumerate(late, 10):
        wait(number, at=at)
    wait(20, at=late[0], status=404, code="worker_not_found")
    wait(21, at=late[0], is_test=True)
    for is_drained in (is_first, not is_first):
        if is_drained:
            assert drain() == 5
        else:
            count_up(company=company)
            count_days(company=company)
    expected = {
        (date(2026, 2, 1), "answered"): 3,
        (date(2026, 2, 1), "refused"): 1,
        (date(2026, 3, 4), "answered"): 1,
        (date(2026, 3, 5), "answered"): 1,
    }
    assert by_day(company) == expected
    assert CountedUntil.objects.get().day == date(2026, 3, 4)
    assert sum(RequestCount.objects.values_list("times", flat=True)) == 5
    assert sum(RequestDayCount.objects.values_list("times", flat=True)) == 4
    time_machine.move_to("2026-03-08T18:00:00Z", tick=False)
    count_up(company=company)
    count_days(company=company)
    assert by_day(company) == expected
    assert sum(RequestCount.objects.values_list("times", flat=True)) == 6


def test_counting_and_draining_at_once_count_each_row_once(
    real_database, company, wait, row_of, time_machine, monkeypatch
):
    time_machine.move_to("2026-03-05T18:00:00Z", tick=True)
    begin = datetime(2026, 3, 4, 12, tzinfo=UTC)
    for number in range(60):
        at = (begin + timedelta(minutes=15 * (number // 2))).isoformat()
        if number % 2:
            RequestLog.objects.create(**row_of(number, at=at))
        else:
            wait(number, at=at)
    monkeypatch.setattr(draining, "BATCH", 2)

    def counting():
        try:
            count_up(company=company)
        finally:
            connection.close()

    thread = threading.Thread(target=counting)
    thread.start()
    drain()
    thread.join()
    count_up(company=company)
    assert sum(by_day(company).values()) == 60
    assert sum(RequestCount.objects.values_list("times", flat=True)) == 60


# --- Beside answers ----------------------------------------------------------------------


def until(holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_thread_drains_when_it_can_and_is_gone_then(real_database, wait, monkeypatch, caplog):
    monkeypatch.setattr(draining, "EVERY_SECONDS", 0.02)
    drainer, tries = Drainer(), []

    def away_twice():
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("read-only")
        return drain()

    monkeypatch.setattr(draining, "drain", away_twice)
    wait(1)
    drainer.wake()
    assert drainer._thread is None  # not in a process that answers nobody
    with caplog.at_level(logging.INFO):
        drainer.start()
        until(lambda: drainer._thread is None)
    assert ids() == [1]
    assert caplog.messages == [
        "Rows wait in the spool: OperationalError",
        "1 rows of the request log taken from the spool",
    ]
    wait(2)
    drainer.wake()
    until(lambda: drainer._thread is None)
    assert ids() == [1, 2]
