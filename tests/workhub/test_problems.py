"""The problem documents (RFC 9457), each against what it reads like."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.http import Http404
from django.test import RequestFactory
from lxml import etree
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from workhub.middleware import request_id_of
from workhub.problem_types import PROBLEM_TYPES
from workhub.problems import Problem, answer_problems_in, problem_response, server_error_problem

STATUSES = {
    "missing_parameter": 400,
    "unknown_parameter": 400,
    "repeated_parameter": 400,
    "invalid_parameter": 400,
    "invalid_cursor": 400,
    "bad_request": 400,
    "not_authenticated": 401,
    "malformed_authorization": 401,
    "invalid_credentials": 401,
    "https_required": 403,
    "address_not_allowed": 403,
    "call_paused": 403,
    "caller_held": 403,
    "caller_blocked": 403,
    "call_archived": 403,
    "call_expired": 403,
    "wrong_template": 403,
    "worker_not_found": 404,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "parameters_not_set": 409,
    "worker_ambiguous": 409,
    "precondition_failed": 412,
    "rate_limited": 429,
    "internal_error": 500,
    "temporarily_unavailable": 503,
}


@pytest.fixture
def request_with_id():
    request = RequestFactory().get("/api/v1/worker-compliance")
    request.META["workhub.request_id"] = "0123456789abcdef0123456789abcdef"
    return request


def test_the_codes_and_statuses_are_the_contract_s():
    assert {code: kind.status for code, kind in PROBLEM_TYPES.items()} == STATUSES


@pytest.mark.parametrize("code", STATUSES)
def test_every_kind_says_what_to_do(code):
    kind = PROBLEM_TYPES[code]
    assert kind.title
    assert kind.title[0].isupper()
    assert kind.detail.endswith((".", '"No Auth".', "ClientKey:ClientSecret."))


def test_a_problem_in_json(request_with_id):
    response = problem_response(request_with_id, Problem("worker_not_found"))
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.content.decode() == (
        '{"type":"https://workhub.example/problems/worker_not_found",'
        '"title":"There is no such worker","status":404,'
        '"detail":"Check the values: the ID# is on the worker\'s profile; names must be '
        'written as they are there, accents included.","code":"worker_not_found",'
        '"requestId":"0123456789abcdef0123456789abcdef"}'
    )


def test_a_problem_in_xml(request_with_id):
    answer_problems_in(request_with_id, xml=True)
    problem = Problem(
        "missing_parameter",
        detail="Send <a> & b.",
        errors=[{"parameter": "a", "message": "Send a."}, {"parameter": "\x00", "message": "b"}],
    )
    response = problem_response(request_with_id, problem)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+xml"
    assert response.content.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<problem xmlns="urn:ietf:rfc:7807">'
        "<type>https://workhub.example/problems/missing_parameter</type>"
        "<title>A parameter is missing</title><status>400</status>"
        "<detail>Send &lt;a&gt; &amp; b.</detail><code>missing_parameter</code>"
        "<requestId>0123456789abcdef0123456789abcdef</requestId>"
        "<errors><i><parameter>a</parameter><message>Send a.</message></i>"
        "<i><parameter>\ufffd</parameter><message>b</message></i></errors></problem>"
    )


# RFC 9457, appendix B, as an XSD would have it of its RELAX NG: the members of a problem.
_RFC_9457 = """
<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="urn:ietf:rfc:7807"
  datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start><ref name="problem"/></start>
  <define name="problem"><element name="problem"><interleave>
    <optional><element name="type"><data type="anyURI"/></element></optional>
    <optional><element name="title"><data type="string"/></element></optional>
    <optional><element name="detail"><data type="string"/></element></optional>
    <optional><element name="status"><data type="positiveInteger"/></element></optional>
    <optional><element name="instance"><data type="anyURI"/></element></optional>
    <ref name="more"/>
  </interleave></element></define>
  <define name="more"><zeroOrMore>
    <element><anyName><except>
      <name>type</name><name>title</name><name>detail</name><name>status</name>
      <name>instance</name></except></anyName><ref name="any"/></element>
  </zeroOrMore></define>
  <define name="any"><choice>
    <text/>
    <oneOrMore><element><anyName/><ref name="any"/></element></oneOrMore>
  </choice></define>
</grammar>
"""


@pytest.mark.parametrize("code", STATUSES)
def test_every_kind_is_a_problem_by_the_schema_of_the_rfc(request_with_id, code):
    answer_problems_in(request_with_id, xml=True)
    errors = [{"parameter": "a", "message": "b"}]
    response = problem_response(request_with_id, Problem(code, errors=errors))
    schema = etree.RelaxNG(etree.fromstring(_RFC_9457))
    schema.assertValid(etree.fromstring(response.content))


@pytest.mark.parametrize("code", STATUSES)
def test_headers_of_a_problem(request_with_id, code):
    response = problem_response(request_with_id, Problem(code, headers={"Allow": "GET"}))
    assert response.status_code == STATUSES[code]
    assert response["Cache-Control"] == "no-store"
    assert response["Vary"] == "Authorization"
    assert response["Allow"] == "GET"
    challenge = 'amx realm="Workhub"' if STATUSES[code] == 401 else None
    assert response.get("WWW-Authenticate") == challenge
    assert response.get("Retry-After") == ("5" if STATUSES[code] == 503 else None)
    assert request_id_of(request_with_id) in response.content.decode()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(OperationalError(), "temporarily_unavailable", id="away"),
        pytest.param(InterfaceError(), "temporarily_unavailable", id="closed"),
        pytest.param(
            connection.Database.OperationalError(), "temporarily_unavailable", id="of-the-driver"
        ),
        pytest.param(IntegrityError(), "internal_error", id="integrity"),
        pytest.param(DataError(), "internal_error", id="data"),
        pytest.param(DatabaseError(), "internal_error", id="other"),
        pytest.param(ValueError(), "internal_error", id="bug"),
        pytest.param(None, "internal_error", id="none"),
    ],
)
def test_what_an_exception_that_nothing_caught_becomes(error, code):
    assert server_error_problem(error).kind.code == code


# What PostgreSQL says when asked so, and as what it is answered.
TOLD_BY_POSTGRESQL = [
    pytest.param("EXECUTE not_prepared_here", "26000", 503, id="prepared-elsewhere"),
    pytest.param("PREPARE a AS SELECT 1; PREPARE a AS SELECT 1", "42P05", 503, id="prepared-twice"),
    pytest.param("SET statement_timeout = 20; SELECT pg_sleep(5)", "57014", 503, id="slow"),
    pytest.param("BEGIN READ ONLY; CREATE TABLE a ()", "25006", 503, id="read"),
    pytest.param("SELECT pg_terminate_backend(pg_backend_pid())", "57P01", 503, id="shut-down"),
    pytest.param("SELECT pg_advisory_lock(7), pg_sleep(0)", "55P03", 503, id="locked"),
    pytest.param("SELECT nonsense", "42703", 500, id="wrong"),
    pytest.param("SELECT 1 FROM nowhere", "42P01", 500, id="no-table"),
]


@pytest.mark.parametrize(("sql", "state", "status"), TOLD_BY_POSTGRESQL)
def test_what_postgresql_says(real_database, sql, state, status):
    if connection.vendor != "postgresql":
        pytest.skip("of PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(7)")

    def ask():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = 20")
                with pytest.raises(DatabaseError) as raised:
                    cursor.execute(sql)
                return raised.value
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        error = pool.submit(ask).result()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(7)")
    assert error.__cause__.sqlstate == state
    assert server_error_problem(error).status_code == status


def test_a_server_that_goes_in_the_middle_of_an_answer():
    """libpq's own result has no SQLSTATE, for which the driver has no better class."""
    error = DatabaseError("server closed the connection unexpectedly")
    error.__cause__ = psycopg.DatabaseError("server closed the connection unexpectedly")
    assert server_error_problem(error).status_code == 503


def test_no_connection_is_left(real_database):
    if connection.vendor != "postgresql":
        pytest.skip("of PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE only_one LOGIN CONNECTION LIMIT 0")
    try:
        other = connection.copy()
        other.settings_dict["USER"] = "only_one"
        with pytest.raises(DatabaseError, match="too many connections") as raised:
            other.ensure_connection()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP ROLE only_one")
    assert server_error_problem(raised.value).status_code == 503


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        pytest.param("BEGIN IMMEDIATE", 503, id="locked"),
        pytest.param("PRAGMA query_only = ON; CREATE TABLE a (b)", 503, id="read-only"),
        pytest.param("SELECT nonsense", 500, id="wrong"),
        pytest.param("SELECT 1 FROM nowhere", 500, id="no-table"),
    ],
)
def test_what_sqlite_says(real_database, sql, status):
    if connection.vendor != "sqlite":
        pytest.skip("of SQLite")
    other = connection.copy()
    other.settings_dict["OPTIONS"] = other.settings_dict["OPTIONS"] | {"timeout": 0.02}
    *before, asked = sql.split("; ")
    with transaction.atomic(), other.cursor() as cursor:
        for one in before:
            cursor.execute(one)
        with pytest.raises(DatabaseError) as raised:
            cursor.execute(asked)
        other.close()
    assert server_error_problem(raised.value).status_code == status


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        pytest.param(Http404("secret"), 404, "not_found", id="http404"),
        pytest.param(exceptions.NotFound("secret"), 404, "not_found", id="not-found"),
        pytest.param(exceptions.MethodNotAllowed("GET"), 405, "method_not_allowed", id="method"),
        pytest.param(exceptions.NotAcceptable("secret"), 406, "not_acceptable", id="accept"),
        pytest.param(OperationalError("secret"), 503, "temporarily_unavailable", id="database"),
        pytest.param(IntegrityError("secret"), 500, "internal_error", id="integrity"),
        pytest.param(exceptions.ParseError("secret"), 500, "internal_error", id="parse-error"),
        pytest.param(ValueError("secret"), 500, "internal_error", id="bug"),
        pytest.param(exceptions.NotAuthenticated("s"), 401, "not_authenticated", id="nobody"),
        pytest.param(exceptions.AuthenticationFailed("s"), 401, "not_authenticated", id="failed"),
        pytest.param(exceptions.PermissionDenied("secret"), 404, "not_found", id="denied"),
    ],
)
def test_an_endpoint_s_exception_becomes_a_problem(error, status, code):
    class Endpoint(APIView):
        permission_classes = []

        def get(self, request):
            raise error

    response = Endpoint.as_view()(APIRequestFactory().get("/api/x"))
    assert response.status_code == status
    assert response.problem_code == code
    assert b"secret" not in response.content


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("amx 3A33DB77C0FFD8:7GQ4ZK81XNVT05CEMRH3YBWD69E4T395", id="amx"),
        pytest.param("amx3A33DB77C0FFD8:7GQ4ZK81XNVT05CEMRH3YBWD69E4T395", id="malformed"),
        pytest.param("Basic M0EzM0RCNzdDMEZGRDg6N0dRNFpLODFYTlZUMDVDRQ==", id="basic"),
        pytest.param("Bearer a.b(c[d*e+f?g", id="no-pattern"),
        pytest.param("", id="empty"),
    ],
)
def test_a_bug_is_said_in_the_log_without_what_the_header_holds(caplog, header):
    class Endpoint(APIView):
        permission_classes = []

        def get(self, request):
            sent = request.META["HTTP_AUTHORIZATION"]
            try:
                raise KeyError(sent)
            except KeyError as error:
                raise RuntimeError(f"cannot read {sent.swapcase()!r}") from error

    request = APIRequestFactory().get("/api/x?workerIDNumber=10482", HTTP_AUTHORIZATION=header)
    with caplog.at_level(logging.DEBUG):
        response = Endpoint.as_view()(request)
    assert (response.status_code, response.problem_code) == (500, "internal_error")
    [record] = caplog.records
    text = record.getMessage()
    assert (record.levelname, record.exc_info) == ("ERROR", None)
    assert text.startswith(f"{request_id_of(request)} failed: Traceback (most recent call last):")
    assert "KeyError: " in text
    assert "RuntimeError: cannot read " in text
    assert __file__ in text
    for part in (one for one in re.split("[ :=]", header) if len(one) > 12):
        assert part not in text
        assert part.swapcase() not in text
    assert "10482" not in str(vars(record))


def test_an_endpoint_that_does_not_say_whom_it_answers_answers_nobody():
    class Endpoint(APIView):
        def get(self, request):
            return Response({"names": "of everybody"})

    response = Endpoint.as_view()(APIRequestFactory().get("/api/x"))
    assert response.status_code == 404
    assert b"everybody" not in response.content


@pytest.mark.parametrize(
    ("query", "accept", "status"),
    [
        pytest.param("format=xml", "*/*", 200, id="format-is-a-parameter"),
        pytest.param("format=api", "*/*", 200, id="no-browsable-page-by-parameter"),
        pytest.param("", "text/html,*/*;q=0.8", 200, id="json-for-a-browser"),
        pytest.param("", "text/html", 406, id="no-page-at-all"),
    ],
)
def test_an_endpoint_that_says_nothing_of_formats_answers_in_json(query, accept, status):
    class Endpoint(APIView):
        permission_classes = []

        def get(self, request):
            return Response({"a": 1})

    request = APIRequestFactory().get(f"/api/x?{query}", headers={"accept": accept})
    response = Endpoint.as_view()(request)
    assert response.status_code == status
    if status == 200:
        assert response.render().content == b'{"a":1}'
