import re
import uuid

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from workhub.middleware import (
    ContentSecurityPolicyMiddleware,
    RequestIDMiddleware,
    is_api,
    request_id_of,
)


def test_a_request_has_one_id_however_often_it_is_asked_for():
    request = RequestFactory().get("/")
    assert request_id_of(request) == request_id_of(request)
    assert re.fullmatch("[0-9a-f]{32}", request_id_of(request))
    assert request_id_of(RequestFactory().get("/")) != request_id_of(request)


@pytest.mark.parametrize(
    "name",
    ["x-request-id", "workhub.request_id", "workhub-request-id", "request-id", "x-correlation-id"],
)
def test_an_id_of_the_caller_is_not_taken_over(name):
    sent = uuid.uuid4().hex
    request = RequestFactory().get("/", headers={name: sent})
    answered = RequestIDMiddleware(lambda request: HttpResponse())(request)
    assert answered["X-Request-Id"] == request_id_of(request) != sent


def test_an_answer_has_the_id_that_the_view_saw():
    seen = []

    def view(request):
        seen.append(request_id_of(request))
        return HttpResponse()

    answered = RequestIDMiddleware(view)(RequestFactory().get("/"))
    assert [answered["X-Request-Id"]] == seen


def test_pages_load_nothing_inline_and_nothing_from_elsewhere():
    request = RequestFactory().get("/")
    answered = ContentSecurityPolicyMiddleware(lambda request: HttpResponse())(request)
    policy = dict(
        part.strip().partition(" ")[::2] for part in answered["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answered["Content-Security-Policy"]


def test_a_policy_of_the_view_s_own_stays():
    response = HttpResponse(headers={"Content-Security-Policy": "default-src 'self'"})
    answered = ContentSecurityPolicyMiddleware(lambda request: response)(RequestFactory().get("/"))
    assert answered["Content-Security-Policy"] == "default-src 'self'"


@pytest.mark.parametrize(
    ("path", "answer"),
    [("/api/", True), ("/api/v1/x", True), ("/api", False), ("/account/api/", False), ("/", False)],
)
def test_what_is_the_api(path, answer):
    assert is_api(RequestFactory().get(path)) is answer


def test_the_api_of_a_site_below_a_path_is_the_api_too():
    request = RequestFactory().get("/api/v1/x", SCRIPT_NAME="/hub")
    assert request.path == "/hub/api/v1/x"
    assert is_api(request)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/sign-in/", 200), ("/account/api/", 302), ("/nowhere/", 404), ("/problems/", 200)],
)
def test_every_page_has_an_id_a_policy_and_nosniff(db, path, status):
    response = Client().get(path, headers={"x-request-id": "mine"})
    assert response.status_code == status
    assert re.fullmatch("[0-9a-f]{32}", response["X-Request-Id"])
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
