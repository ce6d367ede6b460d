"""What the API tab says should be looked at."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.utils import timezone

from apicalls import services
from apicalls.callers import caller_change
from apicalls.health import FAILING_FROM, findings
from apicalls.models import APICall, Caller, Credential


@pytest.fixture
def titles(company):
    """Return a function that gives (title, call) of each finding."""
    return lambda: [
        (str(one.title), one.api_call.name)
        for one in findings(company=company, api_calls=APICall.objects.for_company(company))[0]
    ]


@pytest.fixture
def named(admin):
    """Return a function that names every caller there is."""

    def name():
        for caller in Caller.objects.filter(name=""):
            caller_change(caller=caller, name="Known", state="answered", by=admin)

    return name


def older(call, **age):
    APICall.objects.filter(pk=call.api_call.pk).update(created_at=timezone.now() - timedelta(**age))


def test_a_call_that_nobody_uses_is_told_when_it_was_set_up(call, titles):
    assert titles() == []
    older(call, days=2, seconds=1)
    assert titles() == [("Never used", "Gate")]


def test_a_call_that_fell_silent_is_told_after_two_weeks(ask, call, named, titles):
    ask(call)
    named()
    credential = Credential.objects.filter(api_call=call.api_call)
    credential.update(last_used_at=timezone.now() - timedelta(days=13, hours=23))
    assert titles() == []
    credential.update(last_used_at=timezone.now() - timedelta(days=14))
    assert titles() == [("Silent", "Gate")]


def test_the_last_use_of_any_pair_counts(ask, call, named, titles):
    ask(call)
    named()
    older(call, days=90)
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    assert titles() == []


@pytest.mark.parametrize("kind", ["wrong parameter", "wrong secret"])
def test_a_call_that_is_mostly_refused_is_told(
    ask, call, other_secret, named, worker, titles, kind
):
    ask(call)
    named()
    for number in range(FAILING_FROM):
        assert ("Failing", "Gate") not in titles(), number
        if kind == "wrong secret":
            ask(other_secret(call))
        else:
            ask(call, "x=1")
    assert titles() == [("Failing", "Gate")]
    for _ in range(FAILING_FROM):
        ask(call)
    assert titles() == []


def test_a_caller_without_a_name_is_told_until_it_has_one(ask, call, named, titles):
    ask(call, user_agent="Payroll/1")
    assert titles() == [("Not named", "Gate")]
    named()
    assert titles() == []


def test_an_old_pair_is_told_of_while_it_is_used(ask, call, named, pair_of, titles, time_machine):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    ask(call)
    named()
    services.regenerate_credentials(
        api_call=call.api_call, replaces=call.client_key, by=None, overlap=timedelta(days=7)
    )
    new = pair_of(call.api_call)
    time_machine.move_to("2026-03-02T18:02:00Z", tick=False)
    ask(new)
    assert titles() == []
    ask(call)
    assert titles() == [("Old pair still used", "Gate")]
    time_machine.move_to("2026-03-09T18:00:00Z", tick=False)
    assert titles() == []


@pytest.mark.parametrize(
    ("expires_on", "expected"),
    [
        ("2026-04-02", []),
        ("2026-04-01", ["Expiring"]),
        ("2026-03-02", ["Expiring"]),
        ("2026-03-01", ["Expired"]),
    ],
)
def test_a_last_day_is_told_of_a_month_before(
    call, change, company, time_machine, expires_on, expected
):
    time_machine.move_to("2026-03-03T06:59:00Z", tick=False)  # 2 March in Edmonton
    change(call.api_call, expires_on=date.fromisoformat(expires_on))
    found, _advice = findings(company=company, api_calls=APICall.objects.for_company(company))
    assert [str(one.title) for one in found if str(one.title) != "Never used"] == expected


def test_what_could_be_safer_is_said_with_the_calls_that_it_is_about(
    call, xml_call, change, company, client_of, admin
):
    change(xml_call.api_call, expires_on=date(2099, 1, 1), allowed_networks=["203.0.113.7/32"])
    _found, advice = findings(company=company, api_calls=APICall.objects.for_company(company))
    assert [(str(one.title), [call.name for call in one.api_calls]) for one in advice] == [
        ("No expiry", ["Gate"]),
        ("Open to every address", ["Gate"]),
    ]
    assert "Could be safer" in client_of(admin).get("/account/api/").content.decode()


@pytest.mark.parametrize("what", ["pause", "archive"])
def test_what_is_not_active_is_nobody_s_worry(ask, call, titles, what):
    ask(call)
    services.api_call_state_change(api_call=call.api_call, change=what, by=None)
    assert titles() == []


def test_another_company_s_calls_are_not_told_of(ask, add_call, other_company, titles):
    ask(add_call(other_company))
    assert titles() == []


def test_each_card_leads_to_where_something_can_be_done(ask, call, client_of, admin):
    for number in range(FAILING_FROM):
        ask(call, "x=1", user_agent=f"Bot{number}/1")
    client = client_of(admin)
    page = client.get("/account/api/").content.decode()
    assert "Failing" in page
    text = unescape(re.sub(r"\s+", " ", page))
    assert "5 programs ask that nobody has named." in text
    links = re.findall(rf'href="(/account/api/{call.api_call.code}/usage/[^"]*)"', page)
    assert len(links) == 2
    for link in links:
        assert client.get(unescape(link)).status_code == 200


def test_many_calls_are_looked_at_in_two_queries(ask, add_call, company, django_assert_num_queries):
    for number in range(5):
        ask(add_call(company, name=str(number)))
    with django_assert_num_queries(2):
        assert (
            len(findings(company=company, api_calls=APICall.objects.for_company(company))[0]) == 5
        )
