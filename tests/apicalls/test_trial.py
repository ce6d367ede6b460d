""" "Test this call": a real request through the whole stack, from a page."""

import re
from html import unescape

import pytest

from apicalls import services
from apicalls.kit import trial
from apicalls.models import APICall, Credential, RequestLog
from apicalls.selectors import api_calls_listed, requests_since


@pytest.fixture
def send_from(client_of, admin):
    """Return a function that sends a test of a call, and returns the part of the page."""

    def send(call, **values):
        response = client_of(admin).post(
            f"/account/api/{call.api_call.code}/test/",
            {f"test-{name}": value for name, value in values.items()},
            headers={"HX-Request": "true"},
        )
        assert response.status_code == 200
        page = response.content.decode()
        assert call.client_secret not in page
        return page

    return send


@pytest.fixture
def send(send_from, call):
    return lambda **values: send_from(call, **values)


def blocks(page):
    """Return what was sent, the headers of the answer and its body."""
    return [unescape(one) for one in re.findall(r"<code>(.*?)</code>", page, re.DOTALL)]


def test_the_answer_is_that_of_the_api(send, call, worker):
    page = send(workerIDNumber=worker.id_number)
    sent, headers, body = blocks(page)
    assert "200 OK" in page
    assert sent == (
        f"GET /api/v1/worker-compliance?workerIDNumber={worker.id_number}\n"
        f"Authorization: amx {call.client_key}:••••••••"
    )
    assert 'RateLimit: "call";r=599;t=60' in headers
    for name in ("X-Request-Id", "ETag", "Content-Type", "Vary"):
        assert f"{name}: " in headers
    assert f'"workerIDNumber": "{worker.id_number}"' in body


def test_it_comes_in_the_format_of_the_call(send_from, xml_call, worker):
    page = send_from(xml_call, workerIDNumber=worker.id_number)
    assert f"\n    <workerIDNumber>{worker.id_number}</workerIDNumber>\n" in blocks(page)[2]


def test_what_is_refused_is_shown_as_a_program_gets_it(send):
    page = send(workerIDNumber="TEST-AMBIGUOUS")
    assert "409 Conflict" in page
    assert '"code": "worker_ambiguous"' in blocks(page)[2]


def test_a_paused_call_is_refused_here_too(send, call, admin):
    services.api_call_state_change(api_call=call.api_call, change="pause", by=admin)
    assert '"code": "call_paused"' in blocks(send(workerIDNumber="1"))[2]


def test_values_arrive_as_they_were_typed(send, worker_of, company):
    worker_of(company, id_number="A&B=ü %+")
    sent, _headers, body = blocks(send(workerIDNumber="A&B=ü %+"))
    assert "workerIDNumber=A%26B%3D%C3%BC%20%25%2B\n" in sent
    assert '"workerIDNumber": "A&B=ü %+"' in body


def test_what_is_not_filled_is_sent_empty_when_it_is_ticked_and_else_not_at_all(send):
    sent, _headers, body = blocks(send(workerIDNumber="", validThrough=""))
    assert sent.startswith("GET /api/v1/worker-compliance?workerIDNumber=\n")
    assert '"code": "invalid_parameter"' in body or '"code": "missing_parameter"' in body


def test_options_are_sent_when_they_are_filled(send, worker):
    page = send(workerIDNumber=worker.id_number, validThrough="2099-12-31")
    assert '"validThrough": {' in blocks(page)[2]


def test_a_stream_is_read_as_far_as_it_is_shown(
    add_call, company, worker_of, send_from, monkeypatch
):
    monkeypatch.setattr(trial, "MAX_SHOWN_BYTES", 300)
    for number in range(5):
        worker_of(company, id_number=str(number))
    roster = add_call(company, of="compliance-roster", lookups=())
    page = send_from(roster, stream="true")
    assert "Only its beginning is shown." in page
    assert len(blocks(page)[2].encode()) == 300
    assert RequestLog.objects.get().code == "interrupted"


def test_it_is_logged_as_a_test_and_is_no_use_of_the_call(send, call, company, ask):
    send(workerIDNumber="1")
    row = RequestLog.objects.get()
    assert (row.is_test, row.status, row.code) == (True, 404, "worker_not_found")
    assert requests_since(api_call=call.api_call, since=row.at) == 0
    assert (
        api_calls_listed(company=company, api_calls=APICall.objects.for_company(company))
        .get()
        .requests_30_days
        == 0
    )
    assert Credential.objects.get().last_used_at is None


def test_a_program_cannot_pass_for_a_test(ask, call):
    ask(call, **{"workhub.is_test": "1", "Workhub-Is-Test": "1"})
    assert RequestLog.objects.get().is_test is False


def test_it_counts_against_the_limit(send, call, change):
    change(call.api_call, rate_limit=1)
    assert "404 Not Found" in send(workerIDNumber="1")
    assert "429 Too Many Requests" in send(workerIDNumber="1")


def test_that_it_was_sent_is_in_the_activity(send, admin, call, trail):
    trail.begin_anew()
    send(workerIDNumber="1")
    event = trail.events().get()
    assert (event.action, event.actor, event.subject_name) == ("tested", admin, "Gate")


def test_without_a_script_it_is_a_page_that_keeps_what_was_typed(client_of, admin, call, worker):
    path = f"/account/api/{call.api_call.code}/test/"
    page = client_of(admin).get(path).content.decode()
    assert 'value="TEST-COMPLIANT"' in page
    page = client_of(admin).post(path, {"test-workerIDNumber": worker.id_number}).content.decode()
    assert "200 OK" in page
    assert f'value="{worker.id_number}"' in page
    assert call.client_secret not in page


def test_what_a_form_cannot_carry_is_refused_without_a_request(send):
    page = send(workerIDNumber="a\0b")
    assert "Null characters are not allowed." in page
    assert send(workerIDNumber="1" * 1001).count('role="alert"') == 1
    assert not RequestLog.objects.exists()


def test_a_secret_that_cannot_be_read_is_said(client_of, admin, call, settings):
    settings.CREDENTIAL_KEYS = {2: bytes(32)}
    client = client_of(admin)
    path = f"/account/api/{call.api_call.code}/test/"
    response = client.post(path, {"test-workerIDNumber": "1"}, follow=True)
    assert "The Client Secret cannot be shown" in response.content.decode()
    assert not RequestLog.objects.exists()


def test_the_page_goes_on_in_its_language(send):
    from django.utils import translation

    with translation.override("fr"):
        send(workerIDNumber="1")
        assert translation.get_language() == "fr"
