import re
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.files.base import ContentFile
from django.db import InterfaceError, OperationalError
from lxml import html

from apicalls.models import RefusedRequests
from workhub.problem_types import PROBLEM_TYPES


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_anybody_can_read_what_every_problem_means(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/problems/")
    assert response.status_code == 200
    body = response.content.decode()
    for code in PROBLEM_TYPES:
        assert f'href="/problems/{code}"' in body


@pytest.mark.parametrize("code", PROBLEM_TYPES)
def test_the_type_of_every_problem_leads_to_its_page(client, db, django_assert_num_queries, code):
    kind = PROBLEM_TYPES[code]
    with django_assert_num_queries(0):
        response = client.get(f"/problems/{code}")
    assert response.status_code == 200
    assert f"Code {code} " in text_of(response)
    assert f"Status {kind.status} " in text_of(response)


@pytest.mark.parametrize("path", ["none", "worker-not-found", "%00", "..", "worker_not_found/"])
def test_a_problem_that_is_none_has_no_page(client, db, path):
    response = client.get(f"/problems/{path}")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/problems/", "/problems/worker_not_found"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_pages_are_read_only(client, db, path, method):
    response = getattr(client, method)(path)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"


def _raise(error):
    def away(*_args, **_kwargs):
        raise error

    return away


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        pytest.param(OperationalError("the inside"), 503, "5", id="away"),
        pytest.param(InterfaceError("the inside"), 503, "5", id="closed"),
        pytest.param(ValueError("the inside"), 500, None, id="bug"),
    ],
)
def test_a_page_that_fails_says_whether_to_come_back(
    client_of, admin, monkeypatch, error, status, retry_after
):
    client = client_of(admin)
    client.raise_request_exception = False
    monkeypatch.setattr("apicalls.selectors.api_calls_listed", _raise(error))
    response = client.get("/account/api/")
    assert response.status_code == status
    assert response.get("Retry-After") == retry_after
    assert response["Content-Type"].startswith("text/html")
    assert "Something went wrong here" in text_of(response)
    assert "the inside" not in response.content.decode()
    assert response["X-Request-Id"]


def test_a_page_that_fails_at_the_session_is_503(client_of, admin, monkeypatch):
    client = client_of(admin)
    client.raise_request_exception = False
    monkeypatch.setattr(
        "django.contrib.sessions.backends.db.SessionStore.load", _raise(OperationalError("gone"))
    )
    response = client.get("/account/api/")
    assert response.status_code == 503
    assert response["Retry-After"] == "5"


def test_what_was_entered_can_be_sent_again(client_of, admin, monkeypatch):
    client = client_of(admin)
    client.raise_request_exception = False
    company = admin.company
    sent = {"name": 'North & "Build"', "time_zone": "Europe/Berlin", "request_log_days": "90"}
    with monkeypatch.context() as away:
        away.setattr(
            "accounts.views.company.CompanyForm.is_valid", _raise(OperationalError("locked"))
        )
        response = client.post("/account/company/change/", sent)
    company.refresh_from_db()
    assert company.name == "Northern Build"
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response["Cache-Control"] == "private, no-store"
    [form] = html.fromstring(response.content).xpath("//form[.//button[text()='Send again']]")
    assert (form.method, form.action) == ("POST", "/account/company/change/")
    assert dict(form.form_values()) == sent


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"login": "a@b.example", "password": "hunter2"}, id="password"),
        pytest.param({"name": "x" * 100_001}, id="long"),
        pytest.param({"file": ContentFile(b"a;b", "rows.csv")}, id="file"),
    ],
)
def test_what_cannot_be_sent_again_is_not_told_back(client_of, admin, monkeypatch, sent):
    client = client_of(admin)
    client.raise_request_exception = False
    monkeypatch.setattr(
        "django.contrib.sessions.backends.db.SessionStore.load", _raise(OperationalError("gone"))
    )
    response = client.post("/account/company/change/", sent)
    assert response.status_code == 503
    assert not html.fromstring(response.content).xpath("//button[text()='Send again']")
    assert "hunter2" not in response.text


# --- Requests of the API that come to no endpoint ------------------------------------------


@pytest.fixture
def failing_api(client, monkeypatch):
    """Return a function that asks the API while no view can be found."""
    client.raise_request_exception = False

    def get(error):
        monkeypatch.setattr("workhub.middleware._resolved", _raise(error))
        return client.get("/api/v1/verify", headers={"authorization": "amx 3A33DB77C0FFD8:x"})

    return get


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        pytest.param(BadRequest("the inside"), 400, "bad_request", id="400"),
        pytest.param(SuspiciousOperation("the inside"), 400, "bad_request", id="suspicious"),
        pytest.param(ValueError("the inside"), 500, "internal_error", id="500"),
        pytest.param(OperationalError("the inside"), 503, "temporarily_unavailable", id="503"),
    ],
)
def test_the_api_answers_and_logs_what_came_to_no_endpoint(db, failing_api, error, status, code):
    response = failing_api(error)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.get("Retry-After") == ("5" if status == 503 else None)
    assert "the inside" not in response.content.decode()
    row = RefusedRequests.objects.get()
    assert (row.status, row.code, row.mistake, row.api_call) == (status, code, "", None)
    assert row.request_id == response["X-Request-Id"]


@pytest.mark.parametrize("error", [OperationalError("away"), InterfaceError("closed")])
@pytest.mark.parametrize("at_first", [BadRequest("x"), OperationalError("away")])
def test_what_cannot_be_logged_either_is_503_with_a_line(
    db, failing_api, monkeypatch, caplog, at_first, error
):
    monkeypatch.setattr("apicalls.request_log.refused_add", _raise(error))
    response = failing_api(at_first)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json()["code"] == "temporarily_unavailable"
    line = f"Not in the request log: {response['X-Request-Id']} 503 temporarily_unavailable"
    assert line in caplog.messages


def test_what_is_refused_on_a_page_is_in_no_log_of_requests(client, db):
    assert client.get("/problems/", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/nowhere/").status_code == 404
    assert not RefusedRequests.objects.exists()


@pytest.mark.parametrize("content_type", ["text/plain; c*=nope''x", "a;b*=''", "\x80", ";;="])
@pytest.mark.parametrize("path", ["/problems/", "/api/v1/worker-compliance"])
def test_an_unreadable_content_type_is_no_error(transactional_db, content_type, path):
    """Django reads it while it makes the request, before any error page of ours.

    The application closes what it finds in a transaction, so there must be none around it.
    """
    from workhub.wsgi import application  # asks the database which keys are needed

    environ = {"PATH_INFO": path, "CONTENT_TYPE": content_type, "HTTP_HOST": "workhub.example"}
    setup_testing_defaults(environ)
    answered = []
    body = b"".join(
        application(environ, lambda status, headers: answered.append((status, dict(headers))))
    )
    [(status, headers)] = answered
    assert status in {"200 OK", "401 Unauthorized"}
    assert body
    assert "X-Request-Id" in headers
