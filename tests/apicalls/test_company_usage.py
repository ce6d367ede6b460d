"""The Usage page of all API calls, and its export."""

import csv
import io
import json

import pytest
from django.utils import timezone

from apicalls.models import RequestLog
from apicalls.selectors import credential_current
from apicalls.usage.company import EXPORTED, figures_of
from workers.exports import BOM

PAGE = "/account/api/usage/"


@pytest.fixture
def log():
    """Return a function that adds a request of a call, a moment ago."""

    def add(pair, status=200, **values):
        return RequestLog.objects.create(
            at=timezone.now(),
            api_call=pair.api_call,
            credential=credential_current(api_call=pair.api_call),
            request_id="0" * 32,
            status=status,
            milliseconds=5,
            size=9,
            **values,
        )

    return add


def test_figures_by_call_and_by_day_add_up(company, call, xml_call, log):
    for status in (200, 304, 404, 503):
        log(call, status)
    log(xml_call)
    log(xml_call, is_test=True)
    days, calls = figures_of(company=company)
    assert [(one.api_call, one.answered, one.refused, one.failed) for one in calls] == [
        (call.api_call, 2, 1, 1),
        (xml_call.api_call, 1, 0, 0),
    ]
    assert (days[-1].answered, days[-1].refused, days[-1].failed) == (3, 1, 1)
    assert sum(day.total for day in days) == sum(one.total for one in calls) == 5


def test_refusals_that_were_folded_count_as_often_as_they_came(company, call, other_secret, ask):
    for _ in range(3):
        assert ask(other_secret(call)).status_code == 401
    days, [figures] = figures_of(company=company)
    assert figures.refused == days[-1].refused == 3


def test_the_page_shows_every_call_and_no_other_company(
    client_of, viewer, outsider, company, other_company, call, add_call, log
):
    theirs = add_call(other_company, name="Their nightly job")
    log(theirs)
    log(call)
    text = client_of(viewer).get(PAGE).content.decode()
    assert f"/account/api/{call.api_call.code}/usage/" in text
    assert str(theirs.api_call.code) not in text
    days, _calls = figures_of(company=company)
    assert days[-1].total == 1


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
