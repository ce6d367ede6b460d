import base64
import re
import traceback

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from apicalls import authentication, services
from apicalls.models import Credential
from workhub.problems import Problem

CHALLENGE = 'amx realm="Workhub"'


def _without_request_id(response) -> tuple:
    """Return all that leaves but the request's id."""
    headers = {name: value for name, value in response.items() if name != "X-Request-Id"}
    body = response.content.decode()
    return response.status_code, headers, re.sub(r'"requestId":"[0-9a-f]{32}"', "", body)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("amx {key}:{secret}", id="as-published"),
        pytest.param("amx {key}: {secret}", id="as-the-help-article-writes-it"),
        pytest.param("AMX {key}:{secret}", id="upper-case"),
        pytest.param("Amx\t{key}:\t{secret}", id="tabs"),
        pytest.param("  amx   {key}:   {secret}   ", id="blanks-everywhere"),
    ],
)
def test_the_right_pair_is_answered(ask, call, worker, form):
    header = form.format(key=call.client_key, secret=call.client_secret)
    assert ask(call, authorization=header).status_code == 200


def test_the_client_key_may_be_lower_case(ask, call, worker):
    header = f"amx {call.client_key.lower()}:{call.client_secret}"
    assert ask(call, authorization=header).status_code == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param(None, "not_authenticated", id="no-header"),
        pytest.param("", "not_authenticated", id="empty"),
        pytest.param("Bearer {key}:{secret}", "not_authenticated", id="other-scheme"),
        pytest.param("{key}:{secret}", "not_authenticated", id="no-scheme"),
        pytest.param("Basic {key}:{secret}", "not_authenticated", id="basic"),
        pytest.param("amxamx {key}:{secret}", "not_authenticated", id="longer-scheme"),
        pytest.param("amx", "malformed_authorization", id="scheme-only"),
        pytest.param("amx {key}", "malformed_authorization", id="one-part"),
        pytest.param("amx {key}:", "malformed_authorization", id="no-secret"),
        pytest.param("amx :{secret}", "malformed_authorization", id="no-key"),
        pytest.param("amx {key}:{secret}:x", "malformed_authorization", id="three-parts"),
        pytest.param('amx "{key}:{secret}"', "malformed_authorization", id="quoted"),
        pytest.param(
            "amx {key}:{secret},amx {key}:{secret}", "malformed_authorization", id="twice"
        ),
        pytest.param("amx {key}:\u00fc", "malformed_authorization", id="latin-1"),
        pytest.param("amx {key}:\u674e", "malformed_authorization", id="beyond-latin-1"),
        pytest.param("\u674e", "not_authenticated", id="nothing-but-beyond-latin-1"),
        pytest.param("amx {key}:\ud800", "malformed_authorization", id="lone-surrogate"),
        pytest.param("amx {key}:" + "A" * 9000, "malformed_authorization", id="9-kB"),
        pytest.param("amx {key}:{lower}", "invalid_credentials", id="lower-case-secret"),
        pytest.param("amx {key}:0", "invalid_credentials", id="short-secret"),
        pytest.param("amx {key}:{wrong}", "invalid_credentials", id="wrong-secret"),
        pytest.param("amx 00000000000000:{secret}", "invalid_credentials", id="unknown-key"),
        pytest.param("amx 0:{secret}", "invalid_credentials", id="short-key"),
        pytest.param("amx {secret}:{key}", "invalid_credentials", id="the-wrong-way-round"),
    ],
)
def test_bad_credentials_get_401_and_a_challenge(ask, call, worker, other_secret, header, code):
    sent = {}
    if header is not None:
        sent["authorization"] = header.format(
            key=call.client_key,
            secret=call.client_secret,
            lower=call.client_secret.lower(),
            wrong=other_secret(call).client_secret,
        )
    response = ask(None, **sent)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == CHALLENGE
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert response.json()["code"] == code
    assert call.client_secret not in response.content.decode()


def test_one_pair_s_secret_does_not_open_another_call(ask, call, xml_call, worker):
    header = f"amx {call.client_key}:{xml_call.client_secret}"
    assert ask(None, authorization=header).json()["code"] == "invalid_credentials"


@pytest.mark.parametrize(
    "place",
    [
        pytest.param({"query": "authorization={header}&workerIDNumber=10482"}, id="query"),
        pytest.param({"query": "ClientKey={key}&ClientSecret={secret}"}, id="query-parts"),
        pytest.param({"cookie": "authorization={header}"}, id="cookie"),
        pytest.param({"x_authorization": "{header}"}, id="other-header"),
        pytest.param({"proxy_authorization": "{header}"}, id="proxy-authorization"),
    ],
)
def test_credentials_anywhere_else_are_not_read(ask, call, worker, place):
    sent = {
        name: value.format(header=call.header, key=call.client_key, secret=call.client_secret)
        for name, value in place.items()
    }
    assert ask(None, **sent).json()["code"] == "not_authenticated"


def _without_values(sql):
    """Return a statement without what differs between two requests of one kind.

    Of one whose values go apart from the text, on PostgreSQL, Django tells nothing.
    """
    return re.sub(r"'[^']*'|\b\d+\.\d+(e\+\d+)?|(?<=COALESCE\()NULL", "?", sql or "prepared")


def test_unknown_key_wrong_secret_and_revoked_are_one_answer(ask, call, worker, other_secret):
    revoked = call
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    for _ in range(3):  # until they are prepared
        ask(None, authorization=other_secret(call).header)
    answers, queries = [], []
    for header in (
        f"amx FFFFFFFFFFFFFF:{call.client_secret}",
        other_secret(call).header,
        revoked.header,
    ):
        with CaptureQueriesContext(connection) as captured:
            answers.append(_without_request_id(ask(None, authorization=header)))
        queries.append([_without_values(query["sql"]) for query in captured])
    assert answers[0][0] == 401
    assert answers[0] == answers[1] == answers[2]
    assert queries[0] == queries[1] == queries[2]
    assert len(queries[0]) == 3  # the look-up, the count of failures, and the log


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("amx {key}", id="no-secret"),
        pytest.param('amx "{key}:{secret}"', id="quotes"),
        pytest.param("amx {key}:{secret}, amx {key}:{secret}", id="twice"),
        pytest.param("Bearer {key}:{secret}", id="bearer"),
        pytest.param("Basic {basic}", id="basic"),
        pytest.param("{key}:{secret}", id="no-scheme"),
    ],
)
def test_no_other_header_tells_whether_its_key_is_known(ask, call, form):
    answers, queries = [], []
    for key in (call.client_key, "FFFFFFFFFFFFFF"):
        basic = base64.b64encode(f"{key}:{call.client_secret}".encode()).decode()
        header = form.format(key=key, secret=call.client_secret, basic=basic)
        with CaptureQueriesContext(connection) as captured:
            answers.append(_without_request_id(ask(None, authorization=header)))
        queries.append([_without_values(query["sql"]) for query in captured])
    assert answers[0][0] == 401
    assert answers[0] == answers[1]
    assert queries[0] == queries[1]
    assert len(queries[0]) == 1  # the log, which finds out whose key it is


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("amx", id="scheme-only"),
        pytest.param("amx 3A33DB77C0FFD:x y", id="short-key"),
        pytest.param("Bearer 0" + "0" * 14, id="long-key"),
        pytest.param("Basic MDAwMDAwMDAwMDAwMDA", id="basic-that-is-none"),
        pytest.param("Basic " + base64.b64encode(b"\xff00000000000000").decode(), id="no-text"),
    ],
)
def test_a_header_without_a_key_costs_no_look_up(ask, call, django_assert_num_queries, header):
    with django_assert_num_queries(1):  # the log
        ask(None, **({} if header is None else {"authorization": header}))


def test_a_pair_the_wrong_way_round_opens_nothing_and_asks_for_no_secret(ask, call, worker):
    with CaptureQueriesContext(connection) as captured:
        response = ask(None, authorization=f"amx {call.client_secret}:{call.client_key}")
    assert response.json()["code"] == "invalid_credentials"
    assert len(captured) == 3
    assert call.client_key in captured[-1]["sql"]
    assert not any(call.client_secret in (query["sql"] or "") for query in captured)


def test_a_pair_the_wrong_way_round_would_be_refused_even_if_it_matched(
    ask, call, worker, monkeypatch
):
    monkeypatch.setattr("apicalls.credentials.Vault.matches", lambda *args, **kwargs: True)
    assert ask(call).status_code == 200
    response = ask(None, authorization=f"amx {call.client_secret}:{call.client_key}")
    assert response.json()["code"] == "invalid_credentials"


@pytest.mark.parametrize("state", ["paused", "archived", "expired"])
def test_only_the_right_secret_is_told_why_a_call_is_refused(
    ask, call, change, other_secret, state
):
    before = _without_request_id(ask(other_secret(call)))
    if state == "expired":
        change(call.api_call, expires_on="2020-01-01")
    else:
        services.api_call_state_change(
            api_call=call.api_call,
            change={"paused": "pause", "archived": "archive"}[state],
            by=None,
        )
    assert ask(call).json()["code"] == f"call_{state}"
    assert _without_request_id(ask(other_secret(call))) == before


def test_the_api_path_never_reads_the_ciphertext(ask, call, worker):
    with CaptureQueriesContext(connection) as captured:
        ask(call)
    assert captured
    assert not any("secret_ciphertext" in query["sql"] for query in captured)


def test_a_pair_that_ends_later_is_answered_until_then(ask, call, worker, time_machine):
    time_machine.move_to("2026-03-02T12:00:00Z", tick=False)
    Credential.objects.filter(client_key=call.client_key).update(ends_at="2026-03-02T12:00:01Z")
    assert ask(call).status_code == 200
    time_machine.move_to("2026-03-02T12:00:01Z", tick=False)
    assert ask(call).json()["code"] == "invalid_credentials"


def test_a_pepper_that_is_gone_refuses_and_does_not_fail(ask, call, worker, settings):
    settings.CREDENTIAL_PEPPERS = {2: bytes(32)}
    assert ask(call).json()["code"] == "invalid_credentials"


def test_signing_in_gives_no_access_to_the_api(ask, program, admin, worker):
    program.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert ask(None).json()["code"] == "not_authenticated"


@pytest.mark.parametrize("form", ["amx {key}:{secret}", "amx {secret}:{key}"])
def test_a_traceback_with_local_variables_does_not_show_the_secret(
    program, call, monkeypatch, form
):
    """What an error reporter such as Sentry would send of a database that is away."""
    caught = []

    def away(*_args, **_kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    def keep(exc, request):
        found = traceback.TracebackException.from_exception(exc, capture_locals=True)
        caught.append("".join(found.format()))
        return Problem("temporarily_unavailable")

    monkeypatch.setattr(authentication, "pair_find", away)
    monkeypatch.setattr("apicalls.endpoints.problem_of", keep)
    header = form.format(key=call.client_key, secret=call.client_secret)
    program.get("/api/v1/worker-compliance", headers={"authorization": header})
    assert "authenticate_credentials" in caught[0]
    assert call.client_secret not in caught[0]
