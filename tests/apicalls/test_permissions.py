from datetime import date

import pytest

from apicalls import services
from apicalls.endpoints import WorkerComplianceView


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param(["pause"], "call_paused", id="paused"),
        pytest.param(["archive"], "call_archived", id="archived"),
        pytest.param(["pause", "archive"], "call_archived", id="paused-then-archived"),
        pytest.param(["archive", "restore"], "call_paused", id="restored"),
    ],
)
def test_a_call_that_is_not_active_is_refused(ask, call, worker, changes, code):
    for name in changes:
        services.api_call_state_change(api_call=call.api_call, change=name, by=None)
    response = ask(call)
    assert response.status_code == 403
    assert response.json()["code"] == code
    assert "WWW-Authenticate" not in response


def test_a_call_that_is_resumed_is_answered_again(ask, call, worker):
    for name in ("pause", "resume"):
        services.api_call_state_change(api_call=call.api_call, change=name, by=None)
    assert ask(call).status_code == 200


@pytest.mark.parametrize(
    ("now", "status"),
    [
        pytest.param("2026-03-11T05:59:59Z", 200, id="last-second-in-edmonton"),
        pytest.param("2026-03-11T06:00:00Z", 403, id="midnight-in-edmonton"),
        pytest.param("2026-03-10T23:00:00Z", 200, id="midnight-in-berlin-is-too-early"),
    ],
)
def test_the_last_day_lasts_to_its_end_in_the_company_s_time_zone(
    ask, call, worker, change, time_machine, now, status
):
    change(call.api_call, expires_on=date(2026, 3, 10))
    time_machine.move_to(now, tick=False)
    response = ask(call)
    assert response.status_code == status
    if status == 403:
        assert response.json()["code"] == "call_expired"


def test_the_time_zone_of_another_company_is_its_own(
    ask, add_call, other_company, worker_of, time_machine
):
    worker_of(other_company)
    berlin = add_call(other_company, expires_on=date(2026, 3, 10))
    time_machine.move_to("2026-03-10T22:59:59Z", tick=False)
    assert ask(berlin).status_code == 200
    time_machine.move_to("2026-03-10T23:00:00Z", tick=False)
    assert ask(berlin).json()["code"] == "call_expired"


def test_a_call_of_another_template_is_refused(ask, call, worker, monkeypatch):
    monkeypatch.setattr(WorkerComplianceView, "document", "compliance-roster")
    response = ask(call)
    assert response.status_code == 403
    assert response.json()["code"] == "wrong_template"


def test_the_state_is_told_before_anything_about_parameters(ask, call, change):
    change(call.api_call, lookups=[])
    services.api_call_state_change(api_call=call.api_call, change="pause", by=None)
    assert ask(call, "nonsense=%zz").json()["code"] == "call_paused"
