"""The contract over real HTTP: what Django's test client cannot send or would not see."""

import http.client
import json
import socket
import subprocess
import urllib.parse

import pytest

CHALLENGE = 'amx realm="Workhub"'


@pytest.fixture
def ask(shipped):
    """Return a function that sends one request with the given Authorization bytes."""
    netloc = urllib.parse.urlsplit(shipped.url).netloc

    def ask(authorization=None, query="workerIDNumber=00417", method="GET", headers=()):
        connection = http.client.HTTPConnection(netloc, timeout=20)
        connection.putrequest(method, "/api/v1/worker-compliance?" + query)
        for name, value in headers:
            connection.putheader(name, value)
        if authorization is not None:
            connection.putheader("Authorization", authorization)
        connection.endheaders()
        response = connection.getresponse()
        response.body = response.read()
        connection.close()
        return response

    return ask


@pytest.mark.parametrize(
    "form",
    ["amx {}:{}", "amx {}: {}", "AMX {}:{}", "Amx\t{}:{}", "amx   {}:\t{}  "],
    ids=["plain", "space-after-colon", "upper-case", "tab", "many-blanks"],
)
def test_each_form_of_the_header_is_answered(shipped, ask, form):
    response = ask(form.format(*shipped.key_and_secret))
    assert response.status == 200
    assert json.loads(response.body)["worker"]["workerIDNumber"] == "00417"


@pytest.mark.parametrize(
    ("form", "codes"),
    [
        pytest.param(None, {"not_authenticated"}, id="no-header"),
        pytest.param("Bearer {key}:{secret}", {"not_authenticated"}, id="other-scheme"),
        pytest.param("Basic {key}:{secret}", {"not_authenticated"}, id="basic"),
        pytest.param("{key}:{secret}", {"not_authenticated"}, id="no-scheme"),
        pytest.param("amx", {"malformed_authorization"}, id="scheme-only"),
        pytest.param("amx {key}", {"malformed_authorization"}, id="one-part"),
        pytest.param("amx {key}:{secret}:{secret}", {"malformed_authorization"}, id="three-parts"),
        pytest.param('amx "{key}:{secret}"', {"malformed_authorization"}, id="quoted"),
        pytest.param("amx {key}:" + "A" * 9000, {"malformed_authorization"}, id="nine-kilobytes"),
        pytest.param("amx {key}:" + "A" * 32, {"invalid_credentials"}, id="wrong-secret"),
        pytest.param("amx 00000000000000:{secret}", {"invalid_credentials"}, id="unknown-key"),
        # A server may refuse to hand such a header on; then none has arrived.
        pytest.param(
            b"amx {key}:\xfc\xff", {"malformed_authorization", "not_authenticated"}, id="not-ascii"
        ),
        pytest.param(
            "amx {key}:ÄÖÜ".encode(), {"malformed_authorization", "not_authenticated"}, id="utf-8"
        ),
    ],
)
def test_anything_else_is_401_with_a_challenge(shipped, ask, form, codes):
    key, secret = shipped.key_and_secret
    if isinstance(form, bytes):
        form = form.replace(b"{key}", key.encode())
    elif form is not None:
        form = form.format(key=key, secret=secret)
    response = ask(form)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == CHALLENGE
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(response.body)["code"] in codes


def test_two_authorization_headers_are_refused(shipped, ask):
    pair = "amx {}:{}".format(*shipped.key_and_secret)
    response = ask(pair, headers=[("Authorization", "amx 00000000000000:" + "A" * 32)])
    assert response.status == 401


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        pytest.param("workerIDNumber=%00", "invalid_parameter", "workerIDNumber", id="nul"),
        pytest.param("workerIDNumber=%zz", "invalid_parameter", "workerIDNumber", id="bad-escape"),
        pytest.param("workerIDNumber=%FF", "invalid_parameter", "workerIDNumber", id="not-utf-8"),
        pytest.param(
            "workerIDNumber=1&WORKERIDNUMBER=1",
            "repeated_parameter",
            "workerIDNumber",
            id="repeated",
        ),
        pytest.param("workerIDNumber=1&colour=red", "unknown_parameter", "colour", id="unknown"),
        pytest.param("", "missing_parameter", "workerIDNumber", id="missing"),
        pytest.param("workerIDNumber=1&lastName=X", "unknown_parameter", "lastName", id="unticked"),
        pytest.param(
            "workerIDNumber={workerIDNumber}", "invalid_parameter", "workerIDNumber", id="braces"
        ),
        pytest.param(
            "workerIDNumber=%7BworkerIDNumber%7D",
            "invalid_parameter",
            "workerIDNumber",
            id="escaped-braces",
        ),
    ],
)
def test_a_wrong_parameter_is_400_and_named(shipped, ask, query, code, parameter):
    response = ask("amx {}:{}".format(*shipped.key_and_secret), query)
    problem = json.loads(response.body)
    assert (response.status, problem["code"]) == (400, code)
    assert parameter in [error["parameter"] for error in problem["errors"]]


def test_raw_bytes_beyond_ascii_in_the_query_are_no_server_error(shipped):
    address = urllib.parse.urlsplit(shipped.url)
    pair = "amx {}:{}".format(*shipped.key_and_secret).encode()
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(
            b"GET /api/v1/worker-compliance?workerIDNumber=\xc3\xa9\xff HTTP/1.1\r\n"
            b"Host: " + address.netloc.encode() + b"\r\n"
            b"Authorization: " + pair + b"\r\nConnection: close\r\n\r\n"
        )
        answer = connection.makefile("rb").read()
    assert answer.split()[1] in {b"400", b"404"}


def test_head_is_get_without_a_body(shipped, ask):
    pair = "amx {}:{}".format(*shipped.key_and_secret)
    get, head = ask(pair), ask(pair, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(get.body))


def test_an_answer_carries_the_headers_of_the_contract_and_no_cookie(shipped, ask):
    response = ask("amx {}:{}".format(*shipped.key_and_secret), headers=[("Cookie", "sessionid=x")])
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["Vary"] == "Authorization"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert len(response.headers["X-Request-Id"]) == 32
    assert response.headers["Set-Cookie"] is None
    assert response.headers["Access-Control-Allow-Origin"] is None


def test_an_unchanged_answer_is_304(shipped, ask):
    pair = "amx {}:{}".format(*shipped.key_and_secret)
    tag = ask(pair).headers["ETag"]
    assert tag.startswith('"')
    again = ask(pair, headers=[("If-None-Match", tag)])
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)


def test_a_host_that_is_not_ours_is_refused_as_a_problem(shipped):
    result = subprocess.run(
        ["curl", "-s", "-i", "-H", "Host: evil.test", shipped.url + "/api/v1/worker-compliance"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith("HTTP/1.1 400")
    assert '"code":"bad_request"' in result.stdout
    assert "evil.test" not in result.stdout


def test_no_secret_is_in_the_log_of_the_server(shipped, ask):
    key, secret = shipped.key_and_secret
    ask(f"amx {key}:{secret}")
    ask(f"amx {key}:{secret}x")
    logged = shipped.log_text().replace(shipped.curl, "")
    assert secret not in logged
