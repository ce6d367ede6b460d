"""What is done as time passes."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from apicalls import clock
from apicalls.clock import Clock, Job
from apicalls.models import RequestCount, RequestLog
from workers.models import WorkerRequirement


@pytest.fixture
def jobs(monkeypatch):
    """Jobs of a test's own: name -> how often each ran; those in `failing` fail."""
    ran = {"often": 0, "seldom": 0}
    failing = set()

    def job(name, **every):
        def do():
            if name in failing:
                raise OSError("the database is away")
            ran[name] += 1
            return ran[name] - 1

        return Job(f"%d of {name}", timedelta(**every), do)

    monkeypatch.setattr(clock, "JOBS", (job("often", minutes=5), job("seldom", days=1)))
    return ran, failing


def test_each_job_runs_when_it_is_due(jobs, monkeypatch):
    ran, _failing = jobs
    ticks = Clock()

    def tick(minute):
        monkeypatch.setattr(clock.time, "monotonic", lambda: 60.0 * minute)
        return list(ticks.tick())

    assert tick(0) == []
    assert tick(4) == []
    assert ran == {"often": 1, "seldom": 1}
    assert tick(5) == ["1 of often"]
    assert tick(24 * 60) == ["2 of often", "1 of seldom"]


def test_a_job_that_fails_is_tried_again_and_keeps_no_other_from_running(jobs, caplog):
    ran, failing = jobs
    ticks = Clock()
    failing.add("often")
    list(ticks.tick())
    assert ran == {"often": 0, "seldom": 1}
    assert "Failed, and tried again: of often" in caplog.text
    failing.clear()
    list(ticks.tick())
    assert ran == {"often": 1, "seldom": 1}


def test_the_command_does_all_there_is_to_do(ask, call, company, time_machine, request):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    request.getfixturevalue("crane_operator")
    ask(call)
    time_machine.move_to("2027-03-01T12:00:00Z", tick=False)
    ask(call)
    time_machine.move_to("2027-03-02T12:00:00Z", tick=False)
    call_command("tick", stdout=(said := StringIO()))
    lines = said.getvalue().splitlines()
    assert lines[0] == "2 quarters of an hour of requests counted"
    # A certificate expired; an orientation came due and expired.
    assert lines[1] == "405 days of requests counted"
    assert lines[2] == "3 changes told that days have made"
    # The old request, its count, and that of its day.
    assert lines[-1] == "3 rows of the request log deleted"
    assert RequestLog.objects.count() == RequestCount.objects.count() == 1
    assert not WorkerRequirement.objects.filter(next_change_on__lte=company.today()).exists()
    call_command("tick", stdout=(said := StringIO()))
    assert said.getvalue() == ""
