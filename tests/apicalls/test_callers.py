"""Callers: who uses a call, and how an admin holds or blocks one of them."""

import pytest
from django.core import mail
from django_tasks_db.models import DBTaskResult

from apicalls import callers
from apicalls.callers import caller_change
from apicalls.models import Caller, RequestLog


@pytest.fixture
def the_caller(ask, call, worker):
    """The caller of a call after its first request."""
    ask(call, user_agent="Payroll/3.2")
    return Caller.objects.get()


@pytest.mark.parametrize(
    ("address", "agent", "kept"),
    [
        ("192.0.2.17", "PostmanRuntime/7.39.1", "PostmanRuntime, 192.0.2.0/24"),
        ("192.0.2.17", "curl", "curl, 192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "python-requests/2.31", "python-requests, 2001:db8:1:2::/64"),
        ("::ffff:192.0.2.9", "Mozilla/5.0 (X11)", "Mozilla, 192.0.2.0/24"),
        ("192.0.2.1", "", "unnamed, 192.0.2.0/24"),
        ("192.0.2.1", "x" * 100, "x" * 60 + ", 192.0.2.0/24"),
        ("", "curl/8", "curl"),
    ],
)
def test_a_caller_is_told_by_network_and_program(program, call, address, agent, kept):
    program.get(
        "/api/v1/verify",
        headers={"authorization": call.header, "user-agent": agent},
        REMOTE_ADDR=address,
    )
    assert Caller.objects.get().told_by == kept


def test_another_version_is_the_same_caller_and_another_call_has_its_own(ask, call, xml_call):
    for pair, agent in [(call, "Gate/1"), (call, "Gate/2.5 beta"), (xml_call, "Gate/1")]:
        ask(pair, user_agent=agent)
    assert Caller.objects.count() == 2
    first, second, _third = RequestLog.objects.order_by("id").values_list("caller", flat=True)
    assert first == second


def test_who_has_no_right_pair_is_no_caller(ask, call, other_secret):
    ask(other_secret(call))
    ask(None)
    assert not Caller.objects.exists()


def test_last_seen_is_written_at_most_once_a_minute_and_tells_the_pair(
    ask, call, pair_of, time_machine
):
    from apicalls import services

    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    ask(call)
    time_machine.move_to("2026-03-02T18:00:59Z", tick=False)
    ask(call)
    seen = Caller.objects.get()
    assert seen.last_seen_at.second == 0
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    newer = pair_of(call.api_call)
    ask(newer)
    seen = Caller.objects.get()
    assert (seen.credential.client_key, seen.last_seen_at.second) == (newer.client_key, 59)
    assert seen.first_seen_at.second == 0


@pytest.mark.parametrize(
    ("state", "code"), [("held", "caller_held"), ("blocked", "caller_blocked")]
)
def test_who_is_held_or_blocked_is_refused_at_the_next_request(
    ask, call, the_caller, admin, state, code
):
    caller_change(caller=the_caller, name="", state=state, by=admin)
    refused = ask(call, user_agent="Payroll/4")
    assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert "RateLimit" not in refused
    assert ask(call, user_agent="Other/1").status_code == 200
    caller_change(caller=the_caller, name="", state="answered", by=admin)
    assert ask(call, user_agent="Payroll/4").status_code == 200
    log = RequestLog.objects.filter(caller=the_caller).order_by("id")
    assert list(log.values_list("code", flat=True)) == ["", code, ""]


def test_a_change_is_in_the_trail_and_doing_it_twice_changes_nothing(the_caller, admin, trail):
    trail.begin_anew()
    assert caller_change(caller=the_caller, name="Payroll nightly", state="held", by=admin)
    assert not caller_change(caller=the_caller, name="Payroll nightly", state="held", by=admin)
    event = trail.events().get()
    assert event.action == "changed a caller of"
    assert event.changes == {
        "Payroll, 127.0.0.0/24: name": ["", "Payroll nightly"],
        "Payroll, 127.0.0.0/24: state": ["Answered", "Held"],
    }


def test_callers_without_end_share_the_last_one(ask, call, monkeypatch):
    monkeypatch.setattr(callers, "MAX_CALLERS", 3)
    for number in range(6):
        ask(call, user_agent=f"Bot{number}/1")
    assert Caller.objects.count() == 4
    assert str(Caller.objects.get(client="")) == "All others"
    assert RequestLog.objects.filter(caller__client="").count() == 3


# --- Mail ------------------------------------------------------------------------------


def run_tasks():
    """Do what the background worker would, and return how many notices there were."""
    waiting = DBTaskResult.objects.filter(task_path="apicalls.callers.caller_notice")
    for result in waiting:
        callers.caller_notice.call(*result.args_kwargs["args"])
    number = waiting.count()
    waiting.delete()
    return number


def test_a_new_caller_is_told_to_the_admins_once(ask, call, admin, viewer, outsider):
    for agent in ("Payroll/1", "Payroll/2", "Other/1"):
        ask(call, user_agent=agent)
    assert run_tasks() == 1
    [sent] = mail.outbox
    assert sent.to == [admin.email]
    assert sent.subject == "A new program uses the API call “Gate”"
    assert "Payroll, 127.0.0.0/24" in sent.body
    assert f"/account/api/{call.api_call.code}/usage/" in sent.body
    assert call.client_secret not in sent.body


def test_who_was_named_meanwhile_is_not_told_of(the_caller, admin):
    caller_change(caller=the_caller, name="Payroll", state="answered", by=admin)
    run_tasks()
    assert mail.outbox == []


def test_an_hour_later_the_next_new_one_is_told_of(ask, call, time_machine):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    ask(call, user_agent="A/1")
    time_machine.move_to("2026-03-02T19:00:01Z", tick=False)
    ask(call, user_agent="B/1")
    assert run_tasks() == 2
