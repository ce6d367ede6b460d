"""What is counted of answers, and read when somebody looks: as /metrics tells it."""

import os
import subprocess
import sys

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from apicalls import measured
from apicalls.draining import drain
from apicalls.models import Document
from workers.models import WorkerRequirement
from workhub.meters import Shared
from workhub.problem_types import PROBLEM_TYPES

TOKEN = "a-token-that-is-long-enough"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """One for all tests of this process: prometheus_client keeps its files open."""
    return tmp_path_factory.mktemp("metrics")


@pytest.fixture
def counting(folder, settings, monkeypatch):
    """Let this process count as one that answers does."""
    settings.METRICS_TOKEN, settings.METRICS_FOLDER = TOKEN, str(folder)
    monkeypatch.setattr(measured, "_shared", None)
    monkeypatch.setattr(measured, "_meters", None)
    measured.start()


def scraped(**options):
    # Each process has a middleware of its own; a new client makes a new one.
    options.setdefault("headers", BEARER)
    return Client().get("/metrics", **options)


def figures(**options):
    response = scraped(**options)
    assert response.status_code == 200
    return {
        name: float(value)
        for line in response.text.splitlines()
        if not line.startswith("#")
        for name, _, value in [line.rpartition(" ")]
    }


@pytest.fixture
def added(counting):
    """Return a function that tells what figures have changed since the test began, by how much."""
    before = figures()

    def since():
        after = figures()
        return {
            name: value - before.get(name, 0)
            for name, value in after.items()
            if value != before.get(name, 0)
        }

    return since


# --- What is counted --------------------------------------------------------------------


def test_answers_are_counted_by_template_and_outcome(added, client, ask, call, worker):
    etag = ask(call)["ETag"]
    ask(call)
    ask(call, if_none_match=etag)
    ask(call, "workerIDNumber=1")
    ask(call, "workerIDNumber=1&who=2")
    found = {name: times for name, times in added().items() if "_requests_total" in name}
    of = 'workhub_api_requests_total{outcome="%s",template="worker-compliance"}'
    assert found == {
        of % "200": 2,
        of % "304": 1,
        of % "worker_not_found": 1,
        of % "unknown_parameter": 1,
        'workhub_api_limiter_requests_total{result="allowed"}': 5,
    }


def test_what_belongs_to_no_template_has_a_name_too(added, client, db, settings):
    client.get("/api/v1/verify")
    client.get("/api/v1/worker-complaince/00417")
    settings.ALLOWED_HOSTS = ["workhub.example"]
    client.get("/api/v1/verify", headers={"host": "evil.test"})
    found = added()
    of = 'workhub_api_requests_total{outcome="%s",template="%s"}'
    assert found[of % ("not_authenticated", "verify")] == 1
    assert found[of % ("not_found", "nowhere")] == 1
    assert found[of % ("bad_request", "none")] == 1
    assert 'workhub_api_limiter_requests_total{result="allowed"}' not in found


def test_how_long_answers_took_is_counted(added, ask, call, worker):
    ask(call)
    found = added()
    assert found['workhub_api_request_seconds_count{template="worker-compliance"}'] == 1
    assert found['workhub_api_request_seconds_bucket{le="+Inf",template="worker-compliance"}'] == 1
    assert 0 < found['workhub_api_request_seconds_sum{template="worker-compliance"}'] < 10


def test_what_the_limiter_says_is_counted(added, ask, call, worker, change, monkeypatch):
    change(call.api_call, rate_limit=1)
    ask(call), ask(call)
    change(call.api_call, rate_limit=100)
    monkeypatch.setattr("apicalls.limits.CallHit.usage", lambda _hit: None)
    ask(call)
    of = 'workhub_api_limiter_requests_total{result="%s"}'
    found = added()
    assert {name: found.get(of % name) for name in ("allowed", "refused", "not_counted")} == {
        "allowed": 1,
        "refused": 1,
        "not_counted": 1,
    }


def test_rows_of_the_request_log_are_counted(
    added, ask, call, worker, monkeypatch, settings, tmp_path
):
    settings.LOG_SPOOL = str(tmp_path / "spool")
    ask(call)
    ask(None)

    def fail(error):
        def insert(_values):
            raise error

        monkeypatch.setattr("apicalls.request_log._insert", insert)

    fail(OperationalError("attempt to write a readonly database"))
    assert ask(call).status_code == 200
    fail(OperationalError("gone"))
    assert ask(call).status_code == 503
    of = 'workhub_request_log_rows_total{result="%s"}'
    found = added()
    names = ("written", "spooled", "failed")
    assert {name: found.get(of % name) for name in names} == dict(
        zip(names, (2, 1, 1), strict=True)
    )
    assert found["workhub_log_spool_bytes"] > 300
    assert drain() == 1
    assert figures()["workhub_log_spool_bytes"] == figures()["workhub_log_spool_seconds"] == 0


def test_ends_of_streams_are_counted(real_database, added, program, add_call, company):
    roster = add_call(company, of="compliance-roster", lookups=())
    headers = {"authorization": roster.header}

    def stream():
        return program.get("/api/v1/compliance-roster?stream=true", headers=headers)

    assert b"".join(stream().streaming_content)
    broken = stream()
    next(iter(broken.streaming_content))
    broken.close()  # as a server does when the caller has gone
    found = added()
    assert found['workhub_api_streams_total{result="complete"}'] == 1
    assert found['workhub_api_streams_total{result="interrupted"}'] == 1
    assert found['workhub_api_requests_total{outcome="200",template="compliance-roster"}'] == 2


def test_no_figure_names_anybody(counting, ask, call, worker, company):
    ask(call)
    text = scraped().text
    for name in (call.client_key, worker.last_name, company.name, worker.id_number):
        assert name not in text


def test_all_there_can_be_has_its_room_on_the_disk(counting, folder):
    templates = [*Document.values, "verify", "nowhere", "none"]
    for template in templates:
        measured._meters.seconds(template, 0.01)
        for outcome in ["200", "204", "304", *PROBLEM_TYPES]:
            measured._meters.request(template, outcome)
    for kind in ("counter", "histogram"):
        assert (folder / f"{kind}_{os.getpid()}.db").stat().st_size == 65536


# --- What is read -----------------------------------------------------------------------


def test_tasks_that_wait_are_read(counting, db):
    assert figures()["workhub_tasks_waiting"] == 0
    waiting = DBTaskResult.objects.create(
        task_path="x", args_kwargs={}, run_after=timezone.now(), backend_name="default"
    )
    since = timezone.now() - timezone.timedelta(minutes=5)
    DBTaskResult.objects.filter(pk=waiting.pk).update(enqueued_at=since)
    found = figures()
    assert found["workhub_tasks_waiting"] == 1
    assert 300 <= found["workhub_tasks_waiting_seconds"] < 310
    DBTaskResult.objects.update(status="SUCCESSFUL")
    assert figures()["workhub_tasks_waiting_seconds"] == 0


@pytest.mark.breaks_derived_rows
def test_how_far_the_feed_is_behind_the_days_is_read(counting, crane_operator, time_machine):
    WorkerRequirement.objects.update(next_change_on=None)
    assert figures()["workhub_feed_lag_seconds"] == 0
    first = WorkerRequirement.objects.order_by("pk")[:1].values("pk")
    WorkerRequirement.objects.filter(pk__in=first).update(next_change_on="2026-03-02")
    time_machine.move_to("2026-03-02T11:59:00Z", tick=False)  # not begun everywhere
    assert figures()["workhub_feed_lag_seconds"] == 0
    time_machine.move_to("2026-03-02T13:00:00Z", tick=False)
    assert figures()["workhub_feed_lag_seconds"] == 3600


def test_connections_are_read_where_there_are_any(counting, db):
    found = figures()
    assert found["workhub_database_up"] == 1
    if connection.vendor == "postgresql":
        assert found['workhub_database_connections{state="active"}'] >= 1
        assert found["workhub_database_connections_max"] >= 10


def test_without_a_database_what_was_counted_is_told(counting, ask, call, worker, monkeypatch):
    ask(call)

    def away():
        raise OperationalError("password=hunter2 host=db")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", away)
        patched.setattr(connection, "close", lambda: None)
        found = figures()
    assert found["workhub_database_up"] == 0
    assert found['workhub_api_requests_total{outcome="200",template="worker-compliance"}'] > 0
    assert "workhub_tasks_waiting" not in found


def test_a_look_costs_few_queries(counting, db, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        scraped()


def test_this_process_is_the_one_that_runs(counting, db, folder):
    assert figures()["workhub_processes"] == 1
    assert Shared(folder).processes() == 1


# --- When nothing is ---------------------------------------------------------------------


def test_nothing_is_imported_to_count_unless_it_is_asked_for(tmp_path):
    program = "import workhub.wsgi, sys; print('prometheus_client' in sys.modules)"
    for token, imported in [("", "False"), (TOKEN, "True")]:
        process = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "tests.settings",
                "METRICS_TOKEN": token,
                "METRICS_FOLDER": str(tmp_path / "metrics"),
            },
        )
        assert process.stdout.strip() == imported


def test_a_folder_that_cannot_be_written_stops_no_answer(counting, db, tmp_path, settings, caplog):
    (tmp_path / "file").touch()
    settings.METRICS_FOLDER = str(tmp_path / "file" / "metrics")
    measured._shared = measured._meters = None
    measured.start()
    assert "Nothing is counted for /metrics" in caplog.text
    assert scraped().status_code == 503
    assert Client().get("/api/v1/verify").status_code == 401
