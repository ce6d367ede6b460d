"""How long a process that answers waits: on real locks, with connections of its own."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from copy import deepcopy

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.db import OperationalError, connection, connections, transaction
from django.http import HttpResponse, StreamingHttpResponse

from accounts.models import Company
from workers.statements import Statement
from workhub import waiting
from workhub.waiting import PagesWaitMiddleware, answer_in_time

ADD = Statement(
    "INSERT INTO apicalls_limitcounter (key, started_at, hits) VALUES (%s, %s, %s) RETURNING key"
)
of_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="one writes at a time there")


@pytest.fixture
def in_time(real_database, settings, monkeypatch):
    """Let connections that are made from now on wait as those of a server do."""
    settings.DATABASE_TIMEOUTS = True
    settings.API_WAITS, settings.PAGE_WAITS = (0.2, 0.4), (1.0, 2.0)
    monkeypatch.setattr(waiting, "_is_in_time", False)
    kept = connections.settings["default"]
    before = deepcopy(kept["OPTIONS"])
    answer_in_time()
    yield
    kept["OPTIONS"] = before


@pytest.fixture
def in_a_thread(in_time):
    """Return a function that runs another in a thread, which has a connection of its own."""

    def run(do):
        def closing():
            try:
                return do()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(closing).result()

    return run


@pytest.fixture
def locked(company):
    """A context in which another connection holds the row of the company, or the write lock."""

    @contextmanager
    def hold():
        holds, is_over = threading.Event(), threading.Event()

        def keep():
            try:
                with transaction.atomic():
                    Company.objects.filter(pk=company.pk).update(name="Held")
                    holds.set()
                    is_over.wait(10)
            finally:
                connection.close()

        thread = threading.Thread(target=keep)
        thread.start()
        assert holds.wait(10)
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    return hold


def write():
    """Return how long a write waited, and whether in vain."""
    began = time.monotonic()
    try:
        Company.objects.update(name="Written")
    except OperationalError:
        return time.monotonic() - began, False
    return time.monotonic() - began, True


def test_the_api_waits_for_a_lock_for_a_moment(in_a_thread, locked):
    with locked():
        seconds, is_written = in_a_thread(write)
    assert not is_written
    assert 0.15 < seconds < 0.8


@of_sqlite
def test_what_an_answer_writes_is_written_in_the_first_gap(in_a_thread, locked, monkeypatch):
    looks = []

    def written():
        rows = ADD.rows(["a", 1.5, 1])
        with connection.cursor() as cursor:
            return rows, cursor.execute("PRAGMA busy_timeout").fetchone()

    with ExitStack() as held:
        held.enter_context(locked())

        def look(seconds):
            looks.append(seconds)
            if len(looks) == 3:
                held.close()

        monkeypatch.setattr("workers.statements.time.sleep", look)
        rows, waits = in_a_thread(written)
    assert (rows, waits, len(looks)) == ([("a",)], (200,), 3)
    assert max(looks) < 0.01


@of_sqlite
def test_what_an_answer_writes_waits_for_a_moment(in_a_thread, locked):
    def write():
        began = time.monotonic()
        with pytest.raises(OperationalError):
            ADD.rows(["a", 1.5, 1])
        return time.monotonic() - began

    with locked():
        assert 0.15 < in_a_thread(write) < 0.8


def test_a_page_waits_for_longer_and_leaves_the_connection_as_it_was(in_a_thread, locked):
    def page_then_api():
        page = PagesWaitMiddleware(lambda _request: HttpResponse(repr(write()[0])))
        return float(page(None).content), write()[0]

    with locked():
        of_page, of_api = in_a_thread(page_then_api)
    assert 0.9 < of_page < 1.9
    assert 0.15 < of_api < 0.8


def test_so_does_what_a_page_streams(in_a_thread, locked):
    def page_then_api():
        def rows():
            yield repr(write()[0])

        page = PagesWaitMiddleware(lambda _request: StreamingHttpResponse(rows()))
        return float(b"".join(page(None))), write()[0]

    with locked():
        of_page, of_api = in_a_thread(page_then_api)
    assert 0.9 < of_page < 1.9
    assert 0.15 < of_api < 0.8


def test_a_page_that_is_rolled_back_waits_on(in_a_thread, locked):
    def page():
        def view(_request):
            with transaction.atomic():
                Company.objects.count()
                transaction.set_rollback(True)
            return HttpResponse(repr(write()[0]))

        return float(PagesWaitMiddleware(view)(None).content)

    # SQLite takes the write lock when the transaction begins.
    if connection.vendor == "postgresql":
        with locked():
            assert 0.9 < in_a_thread(page) < 1.9


@pytest.mark.parametrize("of_page", [False, True], ids=["api", "page"])
def test_a_statement_that_takes_too_long_is_ended(in_a_thread, of_page):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite ends no statement")

    def ask():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.8)")
        return HttpResponse()

    if of_page:
        in_a_thread(lambda: PagesWaitMiddleware(lambda _request: ask())(None))
        return
    with pytest.raises(OperationalError) as raised:
        in_a_thread(ask)
    assert raised.value.__cause__.sqlstate == "57014"


def test_a_page_whose_connection_is_lost_is_answered_as_it_was(in_a_thread):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connection to lose")

    def lose():
        with connection.cursor() as cursor, pytest.raises(OperationalError):
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return HttpResponse("told")

    def page_then_api():
        page = PagesWaitMiddleware(lambda _request: lose())
        return page(None).content, write()[1]

    assert in_a_thread(page_then_api) == (b"told", True)


def test_a_command_waits_as_ever(real_database):
    with pytest.raises(MiddlewareNotUsed):
        PagesWaitMiddleware(lambda _request: HttpResponse())
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",)
    else:
        assert connection.settings_dict["OPTIONS"]["timeout"] == 20
