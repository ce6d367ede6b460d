"""What the request log keeps no longer."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from apicalls.models import RefusedRequests, RequestCount, RequestLog
from apicalls.usage.counts import count_up


@pytest.mark.parametrize("batch", [1, 5000])
def test_what_is_old_is_deleted_as_each_company_wants(
    ask, call, add_call, other_company, other_secret, time_machine, batch
):
    theirs = add_call(other_company)
    other_company.request_log_days = 31
    other_company.save()
    for day in ("2025-01-01", "2026-02-01", "2026-03-01"):
        time_machine.move_to(f"{day}T12:00:00Z", tick=False)
        for pair in (call, theirs):
            ask(pair)
            ask(other_secret(pair))
        ask(None)
    time_machine.move_to("2026-03-10T12:00:00Z", tick=False)
    call_command("purge_request_log", f"--batch={batch}", stdout=(said := StringIO()))
    assert said.getvalue() == "7 rows deleted\n"
    for model, nobody_s in ((RequestLog, []), (RefusedRequests, [None])):
        kept = sorted((row.api_call_id or 0, str(row.at.date())) for row in model.objects.all())
        assert kept == sorted(
            [
                (call.api_call.pk, "2026-02-01"),
                (call.api_call.pk, "2026-03-01"),
                (theirs.api_call.pk, "2026-03-01"),
                *((0, day) for _ in nobody_s for day in ("2026-02-01", "2026-03-01")),
            ]
        )
    call_command("purge_request_log", stdout=(said := StringIO()))
    assert said.getvalue() == "0 rows deleted\n"


def test_counts_go_with_the_requests_that_they_count(ask, call, company, time_machine):
    for day in ("2025-01-01", "2026-03-01"):
        time_machine.move_to(f"{day}T12:00:00Z", tick=False)
        ask(call)
    time_machine.move_to("2026-03-10T12:00:00Z", tick=False)
    assert count_up(company=company) == 2
    call_command("purge_request_log", stdout=StringIO())
    assert [str(one.begins_at.date()) for one in RequestCount.objects.all()] == ["2026-03-01"]


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_requests_of_the_same_moment_go_together(ask, call, time_machine, batch):
    time_machine.move_to("2025-01-01T12:00:00Z", tick=False)
    for _ in range(5):
        ask(call)
    time_machine.shift(timedelta(seconds=1))
    ask(call)
    time_machine.move_to("2026-03-10T12:00:00Z", tick=False)
    call_command("purge_request_log", f"--batch={batch}", stdout=(said := StringIO()))
    assert said.getvalue() == "6 rows deleted\n"
    assert not RequestLog.objects.exists()
