"""The Usage page: figures by day, callers, the last requests."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest

from apicalls.doctor import Mistake
from apicalls.kit.advice import ADVICE
from apicalls.models import Caller, RefusedRequests, RequestLog
from apicalls.usage.figures import last_requests, troubles, use_of_call
from workhub.problem_types import PROBLEM_TYPES


def days_of(*, api_call):
    return use_of_call(api_call=api_call)[0]


@pytest.fixture
def path(call):
    return f"/account/api/{call.api_call.code}/usage/"


@pytest.fixture
def page(client_of, admin, path):
    """Return a function that gives the text of the page, or of the part for htmx."""

    def read(query="", **headers):
        response = client_of(admin).get(path + query, headers=headers)
        assert response.status_code == 200
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))

    return read


@pytest.fixture
def log(call):
    """Return a function that adds requests at an instant."""
    from apicalls.selectors import credential_current

    credential = credential_current(api_call=call.api_call)

    def add(at, status=200, **values):
        RequestLog.objects.create(
            at=datetime.fromisoformat(at).astimezone(UTC),
            api_call=call.api_call,
            credential=credential,
            request_id="0" * 32,
            status=status,
            milliseconds=5,
            size=9,
            **values,
        )

    return add


def test_every_day_of_the_last_thirty_is_there(call, time_machine):
    time_machine.move_to("2026-03-10T12:00:00Z", tick=False)
    days = days_of(api_call=call.api_call)
    assert [str(days[0].day), str(days[-1].day)] == ["2026-02-09", "2026-03-10"]
    assert len(days) == 30
    assert all(one.times.total == 0 for one in days)


@pytest.mark.parametrize(
    ("zone", "inside", "outside"),
    [
        # Midnight on both sides, in zones with whole and half hours.
        ("UTC", ["2026-03-07T00:00:00Z", "2026-03-07T23:59:59Z"], ["2026-03-08T00:00:00Z"]),
        (
            "Asia/Kolkata",
            ["2026-03-06T18:30:00Z", "2026-03-07T18:29:59Z"],
            ["2026-03-06T18:29:59Z"],
        ),
        # The clock goes forward on 8 March 2026 in Calgary: this day has 24 hours, the next 23.
        (
            "America/Edmonton",
            ["2026-03-07T07:00:00Z", "2026-03-08T06:59:59Z"],
            ["2026-03-07T06:59:59Z", "2026-03-08T07:00:00Z"],
        ),
    ],
)
def test_a_day_is_one_of_the_company(call, company, log, time_machine, zone, inside, outside):
    company.time_zone = zone
    company.save()
    call.api_call.company.refresh_from_db()
    time_machine.move_to("2026-03-20T12:00:00Z", tick=False)
    for at in [*inside, *outside]:
        log(at)
    day = date(2026, 3, 7)
    by_day = {one.day: one.times.total for one in days_of(api_call=call.api_call)}
    assert by_day[day] == len(inside)
    assert sum(by_day.values()) == len(inside) + len(outside)
    assert len(last_requests(api_call=call.api_call, day=day)) == len(inside)


def test_the_day_that_is_an_hour_short_is_whole(call, company, log, time_machine):
    company.time_zone = "America/Edmonton"
    company.save()
    call.api_call.company.refresh_from_db()
    time_machine.move_to("2026-03-20T12:00:00Z", tick=False)
    for at in ("2026-03-08T07:00:00Z", "2026-03-09T05:59:59Z", "2026-03-09T06:00:00Z"):
        log(at)
    by_day = {str(one.day): one.times.total for one in days_of(api_call=call.api_call)}
    assert (by_day["2026-03-08"], by_day["2026-03-09"]) == (2, 1)


def test_requests_are_counted_by_what_became_of_them(ask, call, other_secret, worker):
    for query in ("workerIDNumber=10482", "workerIDNumber=10482", "workerIDNumber=1", "x=1"):
        ask(call, query)
    for _ in range(3):
        ask(other_secret(call))
    ask(call, "workerIDNumber=TEST-UNAVAILABLE")
    today = days_of(api_call=call.api_call)[-1].times
    assert (today.answered, today.refused, today.failed, today.total) == (2, 5, 1, 8)
    assert today.not_answered == 6


def test_a_test_from_the_page_counts_nowhere(call, log):
    log("2026-03-07T12:00:00Z", is_test=True)
    assert sum(one.times.total for one in days_of(api_call=call.api_call)) == 0


def test_another_call_s_requests_are_not_there(ask, call, xml_call, page):
    ask(xml_call, user_agent="Elsewhere/1")
    assert "Elsewhere" not in page()


def test_the_last_requests_say_what_went_wrong_and_what_to_do(ask, call, other_secret, page):
    ask(call, "workerIDNumber=1", user_agent="Gate/2")
    for _ in range(2):
        refused = ask(other_secret(call), user_agent="Lost/1")
    text = page()
    assert str(ADVICE[Mistake.TYPING_ERROR]) in text
    assert PROBLEM_TYPES["worker_not_found"].title in text
    assert PROBLEM_TYPES["worker_not_found"].detail in text
    assert "2 times in this minute" in text
    assert "Ask the header doctor" in text
    assert "127.0.0.1, Lost/1" in text
    assert refused["X-Request-Id"] in text
    whole = page(hx_request="true", hx_target="usage")
    assert "Requests by day" in whole
    assert "Skip to content" not in whole
    part = page(hx_request="true")
    assert "2 times in this minute" in part
    assert "Requests by day" not in part


@pytest.mark.parametrize(
    ("form", "mistake"),
    [
        pytest.param("amx {key}:{typo}", Mistake.TYPING_ERROR, id="typing-error"),
        pytest.param("amx {secret}:{key}", Mistake.SWAPPED, id="swapped"),
        pytest.param("amx {key} {secret}", Mistake.NO_COLON, id="malformed"),
        pytest.param("Bearer {key}:{secret}", Mistake.BEARER, id="other-scheme"),
    ],
)
def test_a_refused_header_is_explained_as_the_header_doctor_does(
    ask, call, xml_call, client_of, viewer, page, path, form, mistake
):
    secret = call.client_secret
    typo = ("1" if secret[0] != "1" else "2") + secret[1:]
    header = form.format(key=call.client_key, secret=secret, typo=typo)
    ask(None, authorization=header, user_agent="Lost/1")
    ask(None, authorization=header.replace(call.client_key, xml_call.client_key))
    [shown] = last_requests(api_call=call.api_call)
    assert (shown.advice, shown.client_key) == (ADVICE[mistake], call.client_key)
    text = page("?outcome=refused")
    assert str(ADVICE[mistake]) in text
    assert PROBLEM_TYPES[shown.code].title in text
    assert PROBLEM_TYPES[shown.code].detail not in text
    assert "Ask the header doctor" in text
    # The doctor is an admin's.
    assert "Ask the header doctor" not in client_of(viewer).get(path).content.decode()


def test_who_fails_too_often_is_still_told_what_is_wrong(ask, call, other_secret, page, settings):
    settings.FAILED_AUTHORIZATIONS_PER_MINUTE = 1
    for _ in range(2):
        ask(other_secret(call))
    limited, refused = sorted(last_requests(api_call=call.api_call), key=lambda one: -one.status)
    assert (limited.code, refused.code) == ("rate_limited", "invalid_credentials")
    assert limited.advice == refused.advice == ADVICE[Mistake.TYPING_ERROR]


def test_nothing_is_told_of_another_company_s_calls(
    ask, call, add_call, other_company, pair_of, client_of, admin, outsider
):
    theirs = add_call(other_company, name="Their gate")
    ask(None, authorization=f"amx {call.client_key}:{theirs.client_secret}", user_agent="Mixed/1")
    ask(None, authorization=f"Bearer {theirs.client_key}:{call.client_secret}")
    [ours] = last_requests(api_call=call.api_call)
    assert ours.advice == ADVICE[Mistake.WRONG_SECRET]
    [other] = last_requests(api_call=theirs.api_call)
    assert other.advice == ADVICE[Mistake.BEARER]
    response = client_of(admin).get(f"/account/api/{call.api_call.code}/usage/")
    for inside in ("Their gate", theirs.client_key, theirs.client_secret, "Southern Rail"):
        assert inside not in response.content.decode()


@pytest.mark.parametrize("mistake", ["", "of_a_later_version"])
def test_without_a_mistake_that_is_known_the_problem_says_what_to_do(ask, call, mistake):
    ask(None, authorization=f"amx {call.client_key}:x")
    RefusedRequests.objects.update(mistake=mistake)
    [shown] = last_requests(api_call=call.api_call)
    assert shown.advice == PROBLEM_TYPES["invalid_credentials"].detail


def test_a_stream_that_was_broken_off_says_so(call, log, page):
    log("2026-03-07T12:00:00Z", code="interrupted")
    assert "It has not come to its end: it is being sent, or it was broken off." in page()


@pytest.mark.parametrize(
    ("outcome", "statuses"),
    [("answered", {200}), ("refused", {404}), ("failed", {503}), ("", {200, 404, 503})],
)
def test_the_last_requests_are_shown_by_outcome(call, log, outcome, statuses):
    for status in (200, 404, 503):
        log("2026-03-07T12:00:00Z", status=status)
    shown = last_requests(api_call=call.api_call, outcome=outcome)
    assert {one.status for one in shown} == statuses


def test_no_more_than_fifty_are_shown_the_newest_first(call, log):
    for minute in range(60):
        log(f"2026-03-07T12:{minute:02}:00Z")
    shown = last_requests(api_call=call.api_call)
    assert len(shown) == 50
    assert (shown[0].at.minute, shown[-1].at.minute) == (59, 10)


@pytest.mark.parametrize(
    "query", ["?day=yesterday", "?outcome=odd", "?day=9999-99-99", "?day=", "?caller=0"]
)
def test_what_is_no_filter_filters_nothing(ask, call, page, query):
    ask(call, user_agent="Gate/2")
    assert "Gate/2" in page(query)


def test_the_last_requests_are_shown_by_caller(ask, call, other_secret, page):
    for agent in ("Gate/1", "Payroll/1"):
        ask(call, user_agent=agent)
    ask(other_secret(call), user_agent="Lost/1")
    gate = Caller.objects.get(client="Gate")
    shown = last_requests(api_call=call.api_call, caller=gate.pk)
    assert [one.client for one in shown] == ["Gate/1"]
    text = page(f"?caller={gate.pk}").partition("Find")[0].partition("The last requests")[2]
    assert "127.0.0.1, Gate/1" in text
    assert "Payroll/1" not in text
    assert "Lost/1" not in text


def test_requests_and_failures_are_counted_by_caller(ask, call, worker, page):
    for agent, query in [("A/1", "workerIDNumber=10482"), ("A/2", "x=1"), ("B/1", "x=1")]:
        ask(call, query, user_agent=agent)
    _days, times_of = use_of_call(api_call=call.api_call)
    counted = {one.client: times_of(one)[:2] for one in Caller.objects.all()}
    assert counted == {"A": (1, 1), "B": (0, 1)}
    assert "2 , 1 of them refused" in page()


# --- Callers ---------------------------------------------------------------------------


@pytest.fixture
def save_caller(client_of, admin, ask, call, path):
    """Return a function that sends the form of the one caller."""
    ask(call, user_agent="Payroll/3")

    def save(user=admin, **values):
        caller = Caller.objects.get()
        data = {"name": caller.name, "state": caller.state} | values
        return client_of(user).post(f"{path}callers/{caller.pk}/", data)

    return save


def test_a_caller_is_named_and_blocked(save_caller, page, ask, call):
    assert "Payroll, 127.0.0.0/24 Not named" in page()
    assert save_caller(name="Payroll nightly", state="blocked").status_code == 302
    assert "Payroll nightly Payroll, 127.0.0.0/24" in page()
    assert ask(call, user_agent="Payroll/3").json()["code"] == "caller_blocked"


def test_what_cannot_be_saved_is_shown_as_it_was_typed(save_caller):
    response = save_caller(name="x" * 101)
    assert response.status_code == 422
    assert "x" * 101 in response.content.decode()
    assert "at most 100 characters" in response.content.decode()
    assert Caller.objects.get().name == ""
    assert save_caller(state="gone").status_code == 422


def test_only_an_admin_of_the_company_changes_a_caller(save_caller, viewer, outsider):
    assert save_caller(user=viewer, name="Mine").status_code == 403
    assert save_caller(user=outsider, name="Mine").status_code == 404
    assert Caller.objects.get().name == ""


def test_a_caller_of_another_call_is_not_there(save_caller, client_of, admin, xml_call):
    caller = Caller.objects.get()
    path = f"/account/api/{xml_call.api_call.code}/usage/callers/{caller.pk}/"
    assert client_of(admin).post(path, {"name": "x", "state": "held"}).status_code == 404


def test_an_old_pair_that_is_still_in_use_is_marked(save_caller, page, call):
    from apicalls import services

    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    assert f"{call.client_key} Old" in page()


def test_the_page_takes_few_queries_however_many_callers(
    ask, call, client_of, admin, path, django_assert_max_num_queries
):
    for number in range(12):
        ask(call, user_agent=f"Bot{number}/1")
    client = client_of(admin)
    with django_assert_max_num_queries(10):
        client.get(path)


def test_what_was_not_answered_is_grouped_by_reason(log, call, page):
    now = datetime.now(UTC)
    for number in range(3):
        log((now - timedelta(hours=number)).isoformat(), 404, code="worker_not_found")
    log(now.isoformat(), 503, code="temporarily_unavailable")
    log(now.isoformat(), 404, code="worker_not_found", is_test=True)
    log((now - timedelta(days=40)).isoformat(), 403, code="call_paused")
    RefusedRequests.objects.create(
        key="k",
        at=now,
        api_call=call.api_call,
        code="invalid_credentials",
        status=401,
        times=7,
        request_id="0" * 32,
    )
    found = troubles(api_call=call.api_call)
    assert [(one.code, one.times) for one in found] == [
        ("invalid_credentials", 7),
        ("worker_not_found", 3),
        ("temporarily_unavailable", 1),
    ]
    assert abs(found[1].last_at - now) < timedelta(seconds=1)
    text = page()
    assert "What was not answered" in text
    assert "There is no such worker" in text
    assert "Check the values: the ID# is on the worker's profile" in text


def test_where_all_was_answered_no_reason_is_listed(log, page):
    log(datetime.now(UTC).isoformat())
    assert "What was not answered" not in page()
