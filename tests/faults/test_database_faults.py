"""The database is restarted, locked, used up or read-only while programs ask.

They are answered as ever, or 503 with Retry-After within a second, and rightly; what is over is
over without a restart of ours. WORKHUB_RESTARTS=2 is a short run.
"""

import json
import os
import signal
import sqlite3
import stat
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import closing, contextmanager, suppress

import psycopg
import pytest
from lxml import html

from tests.faults.pages import Visitor
from tests.faults.programs import KINDS, Attempt, Program
from tests.faults.test_killed_processes import answering
from tests.shipped.calls import all_with, pairs_of
from tests.shipped.server import shipped_server
from tests.shipped.test_processes import wait_until
from tests.with_postgresql import postgresql_server

pytestmark = pytest.mark.faults

RESTARTS = int(os.environ.get("WORKHUB_RESTARTS", "10"))
PROGRAMS = 5
READ_ONLY_SECONDS = 5
RATE_LIMIT = 1_000_000
LOOKUP = KINDS[0]
# As uid 0 a file could be written whatever its mode says.
AS_ANYBODY = ("setpriv", "--bounding-set", "-dac_override") if os.geteuid() == 0 else ()

is_on_postgresql = os.environ.get("DATABASE_URL", "").startswith("postgres")
of_postgresql = pytest.mark.skipif(not is_on_postgresql, reason="of PostgreSQL")
of_sqlite = pytest.mark.skipif(is_on_postgresql, reason="of SQLite")


@pytest.fixture(scope="module")
def postgresql():
    """A server of its own, which nobody else needs."""
    if not is_on_postgresql:
        yield None
        return
    # What was committed outlives a restart; this machine's power does not fail meanwhile.
    with postgresql_server("-c fsync=off -c shared_buffers=128MB") as server:
        yield server


@pytest.fixture(scope="module")
def server(postgresql, tmp_path_factory):
    var = tmp_path_factory.mktemp("faults") / "var"
    more = {"WEB_CONCURRENCY": "2", "PAGE_LOCK_TIMEOUT": "1"}
    if postgresql is None:
        # A file that is open for writing stays so, whatever its mode says by then.
        with shipped_server(var, prefix=AS_ANYBODY, CONN_MAX_AGE="1", **more) as server:
            yield server
        return
    with psycopg.connect(postgresql.url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE shipped")
    url = postgresql.url.replace("/postgres?", "/shipped?")
    with shipped_server(var, DATABASE_URL=url, **more) as server:
        yield server


@pytest.fixture(scope="module")
def pairs(server):
    found = pairs_of(server)
    return {
        "Gate": found["worker-compliance"],
        "HR roster": found["compliance-roster"],
        "Data warehouse": found["compliance-changes"],
    }


@contextmanager
def asking(server, pairs):
    """Have programs ask meanwhile, and give their journal, which is whole at the end."""
    journal = []
    programs = [Program(number, server.url, pairs) for number in range(PROGRAMS)]
    with all_with(server, "rate_limit", RATE_LIMIT):
        for program in programs:
            program.start()
        try:
            yield journal
        finally:
            for program in programs:
                program.end()
            for program in programs:
                journal.extend(program.journal)


def asked(server, pairs, kind=LOOKUP):
    """Ask once, and return what was told."""
    attempt = Attempt(kind, "single/1")
    Program(0, server.url, pairs)._ask(_connected(server), attempt)
    return attempt


def _connected(server):
    import http.client

    return http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)


@pytest.fixture(scope="module")
def usual(server, pairs):
    """What each kind of request is told when all is well."""
    with all_with(server, "rate_limit", RATE_LIMIT):
        told = {kind: asked(server, pairs, kind) for kind in KINDS}
    assert told[LOOKUP].status == 200
    assert told[LOOKUP].verdict
    return told


def strange(journal, usual):
    """Return what was told that is neither as usual nor "come back"."""

    def is_right(one):
        if one.status == 503:
            return one.retry_after == "5" and one.code == "temporarily_unavailable"
        if one.status == 429:  # who fails too often
            return not one.kind.has_right_pair
        expected = usual[one.kind]
        if one.status != expected.status:
            return False
        # One that broke off has None: it parses nowhere.
        return one.code is None or (one.code, one.verdict) == (expected.code, expected.verdict)

    return [str(one) for one in journal if one.status and not is_right(one)]


_READ = """
import json
from apicalls.models import RequestLog
print(json.dumps(list(RequestLog.objects.values_list("request_id", "status"))))
"""


def rows_of(server):
    return json.loads(server.manage("shell", "-v0", "-c", _READ).splitlines()[-1])


def held_against_the_log(server, journal):
    """Check that each answer has its one row; return how many 503 have one of an answer."""
    rows = rows_of(server)
    times = Counter(request_id for request_id, _status in rows)
    assert not [one for one, number in times.items() if number > 1]
    status_of = dict(rows)
    answered = [one for one in journal if one.kind.has_right_pair and one.status not in (0, 503)]
    lost = [str(one) for one in answered if status_of.get(one.request_id) != one.status]
    assert not lost, f"{len(lost)} of {len(answered)} answers without their row: {lost[:5]}"
    refused = [one.request_id for one in journal if one.status == 503]
    return sum(status_of.get(one, 503) != 503 for one in refused)


def told_in(figures, what, journal):
    statuses = Counter(one.status for one in journal)
    slow = sorted(one.seconds for one in journal if one.status == 503)
    figures |= {
        f"{what}: requests": len(journal),
        "  with no answer at all": statuses.pop(0, 0),
        **{f"  answered {status}": number for status, number in sorted(statuses.items())},
        "  slowest 503, seconds": f"{slow[-1]:.2f}" if slow else "-",
    }
    # A key says what it is of.
    for key in [key for key in figures if key.startswith("  ")]:
        figures[f"{what}:{key[1:]}"] = figures.pop(key)
    return slow


# --- PostgreSQL is restarted ---------------------------------------------------------------


@of_postgresql
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_restarted_under_load(server, postgresql, pairs, usual, figures, mode):
    accepting = []
    with asking(server, pairs) as journal:
        for _ in range(RESTARTS):
            time.sleep(2.5)
            postgresql.restart(mode)
            accepting.append(time.monotonic())
        time.sleep(3)
    slow = told_in(figures, f"{RESTARTS} x restart {mode}", journal)
    recovered = [
        max(
            (
                one.sent_at + one.seconds - began
                for one in journal
                if one.status == 503 and began < one.sent_at < began + 2
            ),
            default=0,
        )
        for began in accepting
    ]
    figures[f"{RESTARTS} x restart {mode}: last 503 after it accepts, s"] = f"{max(recovered):.2f}"
    figures[f"{RESTARTS} x restart {mode}: 503 whose row says answered"] = held_against_the_log(
        server, journal
    )
    assert not strange(journal, usual)
    assert slow, "no restart was felt"
    assert max(recovered) < 1
    assert slow[-1] < 1.5  # on a machine with nothing to spare


# --- Read-only -----------------------------------------------------------------------------


def kill_answering(server):
    for pid in answering(server):
        os.kill(pid, signal.SIGKILL)
        time.sleep(6)  # granian gives up on what ends sooner
        wait_until(lambda: ready_of(server), 60)


def ready_of(server):
    """Return what /readyz says, None while nobody listens."""
    with suppress(OSError), urllib.request.urlopen(f"{server.url}/readyz", timeout=10) as answer:
        return json.load(answer)


@contextmanager
def read_only(server, postgresql):
    if postgresql is None:
        database = server.var / "workhub.sqlite3"
        mode = stat.S_IMODE(database.stat().st_mode)
        database.chmod(0o444)
        try:
            # Of a process that has it open for writing, connections go on to write.
            kill_answering(server)
            yield
        finally:
            database.chmod(mode)
        return
    writing = f"{postgresql.url}&options=-c%20default_transaction_read_only%3Doff"
    with psycopg.connect(writing, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        admin.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
            admin.execute("SELECT pg_reload_conf()")


def waiting(server):
    return list((server.var / "spool").glob("*.rows"))


def test_read_only_for_a_while(server, postgresql, pairs, usual, figures):
    with asking(server, pairs) as journal:
        time.sleep(2)
        with read_only(server, postgresql):
            time.sleep(2)
            ready = ready_of(server)
            time.sleep(READ_ONLY_SECONDS)
            spooled = sum(len(path.read_bytes().splitlines()) for path in waiting(server))
        back = time.monotonic()
        wait_until(lambda: not waiting(server), 30)
        drained_after = time.monotonic() - back
        time.sleep(1)
    told_in(figures, "read-only for 7 s", journal)
    figures["read-only for 7 s: rows that waited"] = spooled
    figures["read-only for 7 s: drained after, s"] = f"{drained_after:.1f}"
    figures["read-only for 7 s: 503 whose row says answered"] = held_against_the_log(
        server, journal
    )
    assert ready["checks"]["database"] == "The database can only be read."
    assert spooled > 50
    assert not strange(journal, usual)
    # Not one of them for want of a row.
    assert not [one for one in journal if one.status == 503]


def test_killed_with_rows_in_the_spool(server, postgresql, pairs, figures):
    """They are drained by whoever is there next."""
    with asking(server, pairs) as journal, read_only(server, postgresql):
        time.sleep(2)
        kill_answering(server)
    wait_until(lambda: not waiting(server), 90)
    told_in(figures, "killed while read-only", journal)
    held_against_the_log(server, journal)


# --- Locked, used up -----------------------------------------------------------------------


@contextmanager
def locked(server, table, how="ACCESS EXCLUSIVE"):
    """Keep the table, or SQLite's one write lock."""
    url = server.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(server.var / "workhub.sqlite3")) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    with psycopg.connect(url) as other:
        other.execute(f"LOCK TABLE {table} IN {how} MODE")
        yield


def test_locked_for_the_api(server, pairs, usual, figures):
    # Whoever asked before may have used the minute up.
    with all_with(server, "rate_limit", RATE_LIMIT):
        with locked(server, "apicalls_requestlog"):
            attempts = [asked(server, pairs) for _ in range(5)]
        after = asked(server, pairs)
    assert {(one.status, one.retry_after) for one in attempts} == {(503, "5")}
    assert after.verdict == usual[LOOKUP].verdict
    slowest = max(one.seconds for one in attempts)
    figures["locked: slowest 503, seconds"] = f"{slowest:.2f}"
    assert slowest < 1


def test_a_form_that_met_a_lock_is_sent_again_as_it_is(server, figures):
    visitor = Visitor(server)
    page = visitor.page("/account/company/")
    [form] = page.xpath("//form[contains(@action, 'company/change') and .//input[@name='name']]")
    sent = dict(form.form_values()) | {"name": "Northern Build & Sons"}
    with locked(server, "accounts_company", "EXCLUSIVE"):
        began = time.monotonic()
        with pytest.raises(urllib.error.HTTPError) as refused:
            visitor.page("/account/company/change/", sent)
        seconds = time.monotonic() - began
    figures["page locked: seconds until its 503"] = f"{seconds:.2f}"
    assert (refused.value.code, refused.value.headers["Retry-After"]) == (503, "5")
    again = html.fromstring(refused.value.read())
    [form] = again.xpath("//form[.//button[text()='Send again']]")
    assert dict(form.form_values()) == sent
    shown = visitor.page("/account/company/").xpath("//input[@name='name']/@value")
    assert "Northern Build & Sons" not in shown
    shown = visitor.page(form.action, dict(form.form_values())).xpath(
        "//input[@name='name']/@value"
    )
    assert "Northern Build & Sons" in shown
    visitor.page("/account/company/change/", sent | {"name": "Northern Build"})


def _taken_one_more(url, taken):
    try:
        taken.append(psycopg.connect(url, autocommit=True))
    except psycopg.OperationalError:
        return False
    return True


@of_postgresql
def test_out_of_connections(server, postgresql, pairs, usual, figures):
    url = server.environment["DATABASE_URL"]
    taken = []
    try:
        while _taken_one_more(url, taken):
            pass
        # Whoever of the server still has one loses it, and one of ours takes its place.
        mine = [one.info.backend_pid for one in taken]
        taken[0].execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND NOT pid = ANY (%s)",
            [mine],
        )
        for _ in range(50):
            if not _taken_one_more(url, taken):
                time.sleep(0.02)
        attempts = [asked(server, pairs) for _ in range(10)]
    finally:
        for one in taken:
            one.close()
    refused = [one for one in attempts if one.status == 503]
    assert refused
    assert not strange(attempts, usual)
    figures["out of connections: slowest 503, seconds"] = f"{max(o.seconds for o in refused):.2f}"
    assert max(one.seconds for one in refused) < 1
    began = time.monotonic()
    wait_until(lambda: asked(server, pairs).status == 200, 5)
    figures["out of connections: seconds until 200"] = f"{time.monotonic() - began:.2f}"
