"""The Usage page of all API calls, and its export."""

import csv
import io
import json
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.exports import BOM
from apicalls.models import RefusedRequests, RequestLog
from apicalls.selectors import credential_current
from apicalls.usage.company import EXPORTED
from apicalls.usage.counts import EVERYTHING
from apicalls.usage.figures import use_of_company

PAGE = "/account/api/usage/"


@pytest.fixture
def log():
    """Return a function that adds a request of a call, a moment ago."""

    def add(pair, status=200, at=None, **values):
        return RequestLog.objects.create(
            at=at or timezone.now(),
            api_call=pair.api_call,
            credential=credential_current(api_call=pair.api_call),
            request_id="0" * 32,
            status=status,
            milliseconds=5,
            size=9,
            **values,
        )

    return add


def use_of(company, chosen=EVERYTHING):
    today = company.today()
    return use_of_company(
        company=company, first=today - timedelta(days=29), last=today, chosen=chosen
    )


def test_figures_by_call_and_by_day_add_up(company, call, xml_call, log):
    for status in (200, 304, 404, 503):
        log(call, status)
    log(xml_call)
    log(xml_call, is_test=True)
    days, calls = use_of(company)
    assert [(one.api_call, *one.times) for one in calls] == [
        (call.api_call, 2, 1, 1),
        (xml_call.api_call, 1, 0, 0),
    ]
    assert days[-1].times == (3, 1, 1)
    assert sum(day.times.total for day in days) == sum(one.times.total for one in calls) == 5


def test_refusals_that_were_folded_count_as_often_as_they_came(company, call, other_secret, ask):
    for _ in range(3):
        assert ask(other_secret(call)).status_code == 401
    days, [figures] = use_of(company)
    assert figures.times.refused == days[-1].times.refused == 3


def test_the_page_shows_every_call_and_no_other_company(
    client_of, viewer, outsider, company, other_company, call, add_call, log
):
    theirs = add_call(other_company, name="Their nightly job")
    log(theirs)
    log(call)
    text = client_of(viewer).get(PAGE).content.decode()
    assert f"/account/api/{call.api_call.code}/usage/" in text
    assert str(theirs.api_call.code) not in text
    days, _calls = use_of(company)
    assert days[-1].times.total == 1


@pytest.mark.parametrize("requests", [0, 1, 3])
def test_both_files_hold_every_request(client_of, viewer, call, log, requests):
    for number in range(requests):
        log(call, client=f"=cmd|{number}", address="192.0.2.7")
    client = client_of(viewer)
    told = json.loads(b"".join(client.get(PAGE + "json/").streaming_content))
    assert [one["client"] for one in told] == [f"=cmd|{number}" for number in range(requests)]
    assert all(list(one) == list(EXPORTED) for one in told)
    text = b"".join(client.get(PAGE + "csv/").streaming_content).decode()
    header, *rows = csv.reader(io.StringIO(text.removeprefix(BOM)))
    assert header == list(EXPORTED)
    assert len(rows) == requests
    assert not any(cell.startswith("=") for row in rows for cell in row)


def test_files_hold_no_other_company(client_of, outsider, call, log):
    log(call)
    client = client_of(outsider)
    assert json.loads(b"".join(client.get(PAGE + "json/").streaming_content)) == []
    assert len(b"".join(client.get(PAGE + "csv/").streaming_content).splitlines()) == 1
    assert str(call.api_call.code) not in client.get(PAGE).content.decode()


# --- What is looked at -----------------------------------------------------------------


@pytest.fixture
def exported(client_of, viewer):
    """Return a function that gives the rows of the JSON file for a query."""

    def read(**query):
        response = client_of(viewer).get(PAGE + "json/", query)
        assert response.status_code == 200
        return json.loads(b"".join(response.streaming_content))

    return read


@pytest.fixture
def march(call, xml_call, log):
    """Requests around the turn of March in Edmonton, seven hours behind UTC: call, status, at."""
    for pair, status, at in [
        (call, 200, "2026-03-01T06:59:59Z"),
        (call, 200, "2026-03-01T07:00:00Z"),
        (call, 404, "2026-03-15T12:00:00Z"),
        (xml_call, 200, "2026-04-01T05:59:59Z"),  # six hours by then
        (xml_call, 503, "2026-04-01T06:00:00Z"),
    ]:
        log(pair, status, at=datetime.fromisoformat(at))


MARCH = {"first": "2026-03-01", "last": "2026-03-31"}


@pytest.mark.parametrize(
    ("query", "times"),
    [
        pytest.param({}, 3, id="month"),
        pytest.param({"first": "2026-02-28"}, 4, id="day-before"),
        pytest.param({"last": "2026-04-01"}, 4, id="day-after"),
        pytest.param({"outcome": "refused"}, 1, id="outcome"),
        pytest.param({"api_call": "xml"}, 1, id="call"),
        pytest.param({"api_call": "xml", "outcome": "refused"}, 0, id="call-and-outcome"),
    ],
)
def test_page_and_file_are_about_the_same_requests(
    march, client_of, viewer, exported, xml_call, query, times
):
    query = MARCH | query
    if "api_call" in query:
        query["api_call"] = str(xml_call.api_call.code)
    page = client_of(viewer).get(PAGE, query)
    assert sum(one.times.total for one in page.context["days"]) == times
    assert sum(one.times.total for one in page.context["calls"]) == times
    assert len(exported(**query)) == times
    assert f"first={query['first']}" in page.content.decode()


def test_what_was_folded_is_in_the_file_at_its_time(ask, call, other_secret, exported, worker):
    ask(call)
    for _ in range(3):
        ask(other_secret(call))
    ask(call, "workerIDNumber=1")
    rows = exported()
    assert sorted((row["status"], row["times"], row["problem"]) for row in rows) == [
        (200, 1, ""),
        (401, 3, "invalid_credentials"),
        (404, 1, "worker_not_found"),
    ]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    folded = next(row for row in rows if row["status"] == 401)
    assert folded["requestId"] == RefusedRequests.objects.get().request_id
    assert (folded["milliseconds"], folded["isTest"]) == (None, False)


@pytest.mark.parametrize("path", ["", "csv/", "json/"])
@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"first": "2026-03-02", "last": "2026-03-01"}, "before the first"),
        ({"first": "2025-03-01", "last": "2026-03-02"}, "at most 366 days"),
        ({"first": "soon"}, "Enter a valid date"),
        ({"first": ""}, "This field is required"),
        ({"outcome": "odd"}, "Select a valid choice"),
        ({"api_call": "x"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_looked_at_is_said_and_never_exported(
    client_of, viewer, call, log, path, query, complaint
):
    log(call)
    response = client_of(viewer).get(PAGE + path, query, follow=True)
    assert response.status_code == 422
    assert complaint in response.content.decode()
    assert "Requests as CSV" not in response.content.decode()


def test_another_company_s_call_is_no_choice(client_of, outsider, call):
    response = client_of(outsider).get(PAGE, {"api_call": call.api_call.code})
    assert response.status_code == 422


def test_the_page_takes_few_queries_however_many_calls(
    client_of, viewer, add_call, company, log, django_assert_max_num_queries
):
    for number in range(12):
        log(add_call(company, name=str(number)))
    client = client_of(viewer)
    with django_assert_max_num_queries(10):
        client.get(PAGE)


# --- A request by its id ---------------------------------------------------------------


@pytest.fixture
def find(client_of, admin):
    """Return a function that looks for a request id and gives where that leads."""

    def look(request_id, user=admin):
        response = client_of(user).get(PAGE + "request/", {"request_id": request_id})
        assert response.status_code == 302
        return response["Location"]

    return look


@pytest.mark.parametrize("spelling", [str, str.upper, lambda one: f" {one[:8]}-{one[8:]} "])
def test_a_request_id_leads_to_its_receipt(ask, call, xml_call, find, spelling):
    ask(call)
    wanted = ask(xml_call)["X-Request-Id"]
    code = xml_call.api_call.code
    assert find(spelling(wanted)) == f"/account/api/{code}/usage/requests/{wanted}/"


def test_the_id_of_a_folded_request_leads_to_its_call(ask, call, other_secret, find):
    wanted = ask(other_secret(call))["X-Request-Id"]
    code = call.api_call.code
    assert find(wanted) == f"/account/api/{code}/usage/?request_id={wanted}#requests"


@pytest.mark.parametrize("wanted", ["", "0" * 32, "x" * 65, "\x00", "not an id"])
def test_what_is_not_found_is_said(ask, call, find, client_of, admin, wanted):
    ask(None)
    assert find(wanted) == PAGE
    assert "has this id" in client_of(admin).get(PAGE).content.decode()


def test_another_company_s_request_is_not_found(ask, call, other_secret, find, outsider):
    assert find(ask(call)["X-Request-Id"], user=outsider) == PAGE
    assert find(ask(other_secret(call))["X-Request-Id"], user=outsider) == PAGE
