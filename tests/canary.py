"""Every Client Secret that the suite makes is looked for wherever it must not be.

A plugin: in all that is logged, in the answers of pages and of the API, in every table of the
database after each test, in session rows, in mails, and in the error reports that Django would
send of an exception. A test during which one is found fails.
"""

import logging
import re
from copy import copy

import pytest
from django.core import mail
from django.core.signals import got_request_exception
from django.db import connection
from django.test import Client
from django.views.debug import ExceptionReporter

import apicalls.services.credentials as credentials_service

# What a Client Secret looks like, so that a text is looked through once for all of them.
_LOOKS_LIKE_ONE = re.compile(r"[0-9A-HJKMNP-TV-Z]{32}")

# The pages that show a secret to an admin, or a stranger with a link, who asked for it.
_SHOWS_IT = re.compile(
    r"/account/api/[0-9a-f-]{36}/(secret/(show|copy)|kit/(secret|postman-environment))/"
    r"|/hand-over/[^/]+/"
)


class Canary:
    """Knows every secret that was made in this process, and where one was seen."""

    def __init__(self):
        self.secrets = set()
        self.sightings = []
        self.made_in_test = False

    def made(self, client_secret):
        self.secrets.add(client_secret.reveal())
        self.made_in_test = True
        return client_secret

    def look(self, where, text):
        for found in _LOOKS_LIKE_ONE.findall(text):
            if found in self.secrets:
                self.sightings.append(where)

    def look_in_database(self):
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                quoted = connection.ops.quote_name(table)
                cursor.execute(f"SELECT * FROM {quoted}")
                for row in cursor.fetchall():
                    self.look(f"table {table}", " ".join(map(_as_text, row)))

    def look_in_sessions(self):
        from django.contrib.sessions.models import Session

        for session in Session.objects.all():
            self.look("a session", str(session.get_decoded()))

    def look_in_mails(self):
        for message in getattr(mail, "outbox", []):
            self.look("a mail", f"{message.subject} {message.body}")


def _as_text(value):
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    return str(value)


class _Listener(logging.Handler):
    """Sees every record with its traceback, before anything of it is masked as it is written."""

    def __init__(self, canary):
        super().__init__()
        self.canary = canary

    def emit(self, record):
        record = copy(record)
        record.exc_text = None  # what the server's own handler has made of it
        self.canary.look(f"the log of {record.name}", self.format(record))


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    canary = config.stash[CANARY] = Canary()
    config.stash[_RESTORE] = restore = []

    make = credentials_service.new_client_secret
    credentials_service.new_client_secret = lambda: canary.made(make())
    restore.append(lambda: setattr(credentials_service, "new_client_secret", make))

    listener = _Listener(canary)
    logging.getLogger().addHandler(listener)
    # Its records go no further up.
    logging.getLogger("django").addHandler(listener)
    logging.getLogger("django.request").addHandler(listener)
    restore.append(lambda: logging.getLogger().removeHandler(listener))

    send = Client.request

    def request(self, **environ):
        response = send(self, **environ)
        path = environ.get("PATH_INFO", "")
        if not response.streaming and not _SHOWS_IT.fullmatch(path):
            canary.look(f"the answer of {path}", response.content.decode("utf-8", "replace"))
            canary.look(f"a header of {path}", str(response.headers))
        return response

    Client.request = request
    restore.append(lambda: setattr(Client, "request", send))

    def report(sender, request=None, **_kwargs):
        import sys

        reporter = ExceptionReporter(request, *sys.exc_info())
        canary.look("an error report", reporter.get_traceback_text())
        canary.look("an error report", reporter.get_traceback_html())

    got_request_exception.connect(report, weak=False, dispatch_uid="canary")
    restore.append(lambda: got_request_exception.disconnect(dispatch_uid="canary"))


def pytest_unconfigure(config):
    for undo in config.stash.get(_RESTORE, []):
        undo()


CANARY = pytest.StashKey[Canary]()
_RESTORE = pytest.StashKey[list]()


@pytest.fixture
def canary(pytestconfig):
    return pytestconfig.stash[CANARY]


@pytest.fixture(autouse=True)
def _no_secret_is_anywhere(request, canary):
    """Fail a test during which a secret was seen where it must not be."""
    canary.made_in_test = False
    uses_database = {"db", "transactional_db", "real_database"} & set(request.fixturenames)
    if uses_database:
        request.getfixturevalue("db")  # asked for first, so that it is still there afterwards
    yield
    if uses_database and canary.made_in_test:
        if not connection.needs_rollback and connection.is_usable():
            canary.look_in_database()
            canary.look_in_sessions()
        canary.look_in_mails()
    sightings, canary.sightings = canary.sightings, []
    if request.node.get_closest_marker("shows_a_secret"):
        assert sightings, "this test was to show one"
        return
    assert not sightings, f"a Client Secret was seen in {sorted(set(sightings))}"
