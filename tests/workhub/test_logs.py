"""How the server's log is written: as lines for people, or as JSON for programs."""

import io
import json
import logging
import sys

import pytest
from django.test import Client

from accounts.audit.verification import Verdict, line_of
from tests.workhub.test_settings import SECRETS, loaded
from workhub.logs import JSONFormatter, LineFormatter, request_id

SECRET = "7FX9W8WRD3JDPR7PQAT5F9H3S5CWCHRJ"


def line(message, *args, exc_info=None):
    record = logging.LogRecord("w", logging.WARNING, "f.py", 1, message, args, exc_info)
    return LineFormatter("{levelname} {message}", style="{").format(record)


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("a\nERROR forged", r"WARNING Not Found: a\nERROR forged"),
        ("a\r\nb", r"WARNING Not Found: a\r\nb"),
        ("\x1b[2J", r"WARNING Not Found: \x1b[2J"),
        ("a\x85b\u2028c", r"WARNING Not Found: a\x85b\u2028c"),
        ("Zoë\tÅ 李", "WARNING Not Found: Zoë\tÅ 李"),
    ],
)
def test_what_somebody_sends_cannot_look_like_a_line_of_ours(sent, written):
    assert line("Not Found: %s", sent) == written


def test_a_traceback_stays_readable_beneath_its_line():
    try:
        raise ValueError("boom\n2026-01-01 INFO forged")
    except ValueError:
        text = line("Failed", exc_info=sys.exc_info())
    first, *others = text.splitlines()
    assert first == "WARNING Failed"
    assert all(other.startswith("    ") for other in others)
    assert "    ValueError: boom" in others


def test_a_header_in_an_exception_is_not_written():
    try:
        raise ValueError(f"cannot read 'amx 3A33DB77C0FFD8:{SECRET}'")
    except ValueError:
        assert SECRET not in line(f"Failed for {SECRET}", exc_info=sys.exc_info())


# --- As JSON ------------------------------------------------------------------------------


def told(message, *args, exc_info=None, **extra):
    record = logging.LogRecord("workhub.x", logging.WARNING, "f.py", 1, message, args, exc_info)
    record.created = 1772474400.0625
    record.__dict__.update(extra)
    text = JSONFormatter().format(record)
    assert text.isascii()
    assert text.isprintable(), "it must be one line, and move no cursor"
    return json.loads(text)


def test_a_record_is_one_object():
    assert told("Not Found: %s", "/x") == {
        "time": "2026-03-02T18:00:00.062Z",
        "level": "WARNING",
        "logger": "workhub.x",
        "message": "Not Found: /x",
    }


@pytest.mark.parametrize("sent", ["a\nb", "\x1b[2J", "\x85\u2028", '"}{"', "Zoë 李", "\ud800"])
def test_whatever_somebody_sends_stays_within_its_string(sent):
    assert told("Not Found: %s", sent)["message"] == f"Not Found: {sent}"


def test_a_traceback_is_text_without_secrets():
    try:
        raise ValueError(f"cannot read 'amx 3A33DB77C0FFD8:{SECRET}'")
    except ValueError:
        found = told("Failed", exc_info=sys.exc_info())
    assert found["exception"].startswith("Traceback (most recent call last):\n")
    assert found["exception"].endswith("ValueError: cannot read 'amx ***'")


@pytest.mark.parametrize("formatter", [LineFormatter(), JSONFormatter()], ids=["line", "json"])
def test_the_end_of_an_audit_trail_can_be_read_back(company, formatter):
    digest = "0fb1c4d2" * 8
    line = line_of(company, Verdict(sequence=2, digest=digest))
    record = logging.LogRecord("a", logging.INFO, "f.py", 1, "Audit trail: %s", (line,), None)
    assert f"digest {digest}" in formatter.format(record)


def test_a_header_in_a_message_is_not_told():
    found = told("refused %s", f"amx 3A33DB77C0FFD8:{SECRET}")
    assert found["message"] == "refused amx ***"


def test_what_a_caller_adds_is_not_told():
    assert told("x", request=object(), status_code=500).keys() == told("x").keys()


# --- Of the request that is answered --------------------------------------------------------


@pytest.fixture
def logged(settings):
    """Return a function that gives what the server's log has been told since, as objects."""
    settings.LOG_FORMAT = "json"
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    loggers = [logging.getLogger(name) for name in ("", "django", "django.request")]
    for logger in loggers:
        logger.addHandler(handler)
    yield lambda: [json.loads(one) for one in stream.getvalue().splitlines()]
    for logger in loggers:
        logger.removeHandler(handler)
    request_id.set("")


@pytest.fixture
def failing(monkeypatch):
    """Let every endpoint and a page fail, with a message that shows what was sent."""

    def fail(request, *_args, **_kwargs):
        raise ValueError(f"cannot read {request.META['HTTP_AUTHORIZATION']!r}")

    monkeypatch.setattr("apicalls.endpoints.VerifyView.identify", lambda self, it: fail(it))
    monkeypatch.setattr("workhub.views.render", fail)


@pytest.mark.parametrize("path", ["/api/v1/verify", "/accessibility/"], ids=["api", "page"])
def test_a_line_names_the_request_and_not_what_it_holds(logged, failing, db, path):
    header = f"amx 3A33DB77C0FFD8:{SECRET}"
    client = Client(raise_request_exception=False)
    response = client.get(path, headers={"authorization": header})
    assert response.status_code == 500
    found = [one for one in logged() if one["level"] == "ERROR"]
    assert found
    assert {one["request_id"] for one in found} == {response["X-Request-Id"]}
    text = json.dumps(found)
    assert "ValueError" in text
    assert SECRET not in text
    assert "3A33DB77C0FFD8" not in text


def test_of_two_requests_each_has_its_own(logged, failing, db):
    client = Client(raise_request_exception=False)
    ids = [
        client.get("/accessibility/", headers={"authorization": "x"})["X-Request-Id"]
        for _each in range(2)
    ]
    assert [one["request_id"] for one in logged() if one["level"] == "ERROR"] == ids


def test_the_format_is_lines_unless_json_is_asked_for():
    show = "s.LOGGING['handlers']['console']['formatter']"
    assert loaded(show, **SECRETS).stdout.strip() == "line"
    assert loaded(show, **SECRETS, LOG_FORMAT="json").stdout.strip() == "json"
    process = loaded(**SECRETS, LOG_FORMAT="xml")
    assert "(workhub.E008) LOG_FORMAT is line or json" in process.stderr
