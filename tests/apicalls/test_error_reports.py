"""Reports to Sentry: what is sent of an error, looked through for what must never be."""

import json
import logging
import os
import subprocess
import sys

import pytest
import sentry_sdk
from django.db import IntegrityError, connection
from django.test import Client
from sentry_sdk.transport import Transport

from tests.workhub.test_settings import ROOT, SECRETS, loaded
from workhub import error_reports
from workhub.logs import request_id

# Made at run time: the lines of the code around an error are sent, and these are such lines.
NAME = "".join(["Oka", "for"])
KEY, SECRET = "3A33DB77C0FFD8", "7FX9W8WRD3JDPR7PQAT5F9H3S5CWCHRJ"
DSN = "https://0123456789abcdef0123456789abcdef@sentry.invalid/1"


class Kept(Transport):
    """Keeps what would have been sent, as the bytes that would have been."""

    def __init__(self):
        super().__init__()
        self.sent = []
        self.kinds = []

    def capture_envelope(self, envelope):
        self.sent.append(envelope.serialize())
        self.kinds += [item.type for item in envelope.items]

    def events(self):
        return [json.loads(sent.splitlines()[2]) for sent in self.sent]


@pytest.fixture
def kept(settings, monkeypatch):
    transport = Kept()
    settings.SENTRY_DSN = DSN
    error_reports.start(DSN, transport=transport)
    yield transport
    sentry_sdk.get_global_scope().set_client(None)
    error_reports._is_on = False
    request_id.set("")


@pytest.fixture
def failing(monkeypatch):
    """Let the page and the endpoints fail where everything about the request is at hand."""

    def fail(request, *_args, **_kwargs):
        header, query = request.META["HTTP_AUTHORIZATION"], request.META["QUERY_STRING"]
        cookies = request.META["HTTP_COOKIE"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", [query])
        try:
            raise KeyError(cookies)
        except KeyError as error:
            raise ValueError(f"cannot read {header!r} {query}") from error

    monkeypatch.setattr("apicalls.answers.worker_answer", _with_request(fail))
    monkeypatch.setattr("workhub.views.render", fail)


def _with_request(fail):
    def worker_answer(grant, sent, meant, *, render, beside):
        # As a bug in the depths would have it: the frames above hold the request.
        frame = sys._getframe(1)
        fail(frame.f_locals["request"])

    return worker_answer


def test_nothing_of_a_request_of_a_program_is_sent_but_its_id(kept, failing, call, worker):
    response = asked("/api/v1/worker-compliance", call.header)
    assert_told_without(kept, response, call.client_key, call.client_secret)


def test_nothing_of_a_request_of_a_page_is_sent_but_its_id(kept, failing, db):
    # No pair that the canary knows: the page's traceback is in its log.
    response = asked("/accessibility/", f"amx {KEY}:{SECRET}")
    assert_told_without(kept, response, KEY, SECRET)


def asked(path, header):
    client = Client(raise_request_exception=False, REMOTE_ADDR="203.0.113.77")
    client.cookies["sessionid"] = "c00kie-of-somebody"
    return client.get(
        f"{path}?workerIDNumber=10482",
        headers={"authorization": header, "user-agent": "Gate/2.1"},
    )


def assert_told_without(kept, response, key, secret):
    assert response.status_code == 500
    [sent] = kept.sent
    for part in (
        *(key, secret, "10482", "workerIDNumber=", NAME, "Northern Build"),
        *("c00kie", "sessionid", "Gate/2.1", "203.0.113.77"),
    ):
        assert part not in sent.decode(), part
    [event] = kept.events()
    assert event["tags"] == {"request_id": response["X-Request-Id"]}
    assert [one["type"] for one in event["exception"]["values"]] == ["KeyError", "ValueError"]
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "fail"
    assert all("vars" not in frame for frame in frames)


def test_arguments_of_a_log_line_are_not_sent(kept):
    logging.getLogger("workhub.x").error("Worker %s of %s cannot be told", NAME, "Northern")
    [event] = kept.events()
    assert event["logentry"] == {"message": "Worker %s of %s cannot be told"}
    assert event["level"] == "error"
    assert NAME.encode() not in kept.sent[0]


def test_a_text_of_others_that_may_hold_anything_is_not_sent(kept):
    logging.getLogger("other.library").error(f"Worker {NAME} cannot be told")  # noqa: G004
    assert NAME.encode() not in kept.sent[0]
    assert kept.events()[0]["logger"] == "other.library"


def test_what_a_database_says_of_a_row_is_not_sent(kept):
    try:
        raise IntegrityError(f"DETAIL: Key (name)=(Dana {NAME}) already exists.")
    except IntegrityError:
        logging.getLogger("workers.x").exception("Failed")
    [event] = kept.events()
    assert event["exception"]["values"][0]["type"] == "IntegrityError"
    assert NAME.encode() not in kept.sent[0]


def test_what_somebody_adds_to_the_scope_is_not_sent(kept):
    with sentry_sdk.new_scope() as scope:
        scope.set_user({"email": "dana@northern.example"})
        scope.set_tag("worker", NAME)
        scope.set_context("row", {"name": NAME})
        scope.set_extra("name", NAME)
        scope.set_transaction_name(f"/workers/{NAME}/")
        sentry_sdk.add_breadcrumb(message=NAME, data={"params": [NAME]})
        sentry_sdk.capture_message(NAME)
    [sent] = kept.sent
    assert NAME.encode() not in sent
    assert b"dana@" not in sent


def test_a_credential_in_what_is_sent_is_masked(kept, call):
    name = f"workhub.{call.client_key}.{call.client_secret}"
    logging.getLogger(name).error("amx %s", "x")
    assert call.client_key.encode() not in kept.sent[0]
    assert call.client_secret.encode() not in kept.sent[0]


def test_nothing_but_errors_is_sent(kept, call, worker):
    client = Client()
    client.get("/api/v1/worker-compliance?workerIDNumber=1", headers={"authorization": call.header})
    client.get("/nowhere/")
    logging.getLogger("workhub.x").warning("The database cannot answer")
    with sentry_sdk.start_transaction(name=NAME):
        pass
    sentry_sdk.flush()
    assert kept.kinds == []


# --- Where it is on -----------------------------------------------------------------------


def test_nothing_is_imported_without_a_dsn():
    show = "'sentry_sdk' in __import__('sys').modules"
    assert loaded(show, **SECRETS).stdout.strip() == "False"
    assert loaded(show, **SECRETS, SENTRY_DSN="").stdout.strip() == "False"
    assert loaded(show, **SECRETS, SENTRY_DSN=DSN).stdout.strip() == "True"


def test_a_dsn_that_is_none_starts_nothing_and_is_not_shown():
    process = loaded(**SECRETS, SENTRY_DSN="hunter2")
    assert process.returncode != 0
    assert "(workhub.E009) SENTRY_DSN is no address of Sentry's." in process.stderr
    assert "hunter2" not in process.stderr


def test_without_the_library_it_says_what_to_install():
    program = "import sys; sys.modules['sentry_sdk'] = None; from workhub import settings"
    process = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"ENV_FILE": os.devnull, "PATH": os.environ["PATH"], "SENTRY_DSN": DSN} | SECRETS,
    )
    assert process.returncode != 0
    assert "install requirements/sentry.txt" in process.stderr
