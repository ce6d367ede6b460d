"""The canary sings: a secret in any of these places fails a test."""

import logging

import pytest
from django.core import mail
from django.http import HttpResponse

from accounts.models import Company
from apicalls import services
from apicalls.models import APICall
from workhub import views


@pytest.fixture
def call(company, db):
    from apicalls.models import APITemplate
    from apicalls.selectors import credential_current

    template = APITemplate.objects.get(code="worker-compliance")
    api_call = services.api_call_add(company=company, template=template, by=None)
    credential = credential_current(api_call=api_call)
    return services.client_secret_reveal(credential=credential, action="showed", by=None).reveal()


pytestmark = pytest.mark.shows_a_secret


def test_a_secret_in_the_log_is_seen(call):
    logging.getLogger("somewhere").warning("refused amx KEY:%s", call)


def test_a_secret_in_a_traceback_is_seen(call):
    try:
        raise ValueError(call)
    except ValueError:
        logging.getLogger("django.request").exception("it failed")


def test_a_secret_in_a_row_is_seen(call):
    Company.objects.update(name=f"Northern {call}")


def test_a_secret_in_a_json_column_is_seen(call):
    APICall.objects.update(scope={"note": [call]})


def test_a_secret_in_a_session_is_seen(call, client_of, admin):
    session = client_of(admin).session
    session["secret"] = call
    session.save()


def test_a_secret_in_a_mail_is_seen(call):
    mail.send_mail("New credentials", f"They are {call}.", None, ["a@example.com"])


def test_a_secret_on_a_page_is_seen(call, client, monkeypatch):
    monkeypatch.setattr(views, "render", lambda *_a, **_k: HttpResponse(f"<p>{call}</p>"))
    client.get("/problems/")


def test_a_secret_in_an_error_report_is_seen(call, client, monkeypatch):
    def fails(*_arguments, **_more):
        shown_in_the_frame = call  # noqa: F841
        raise RuntimeError("a bug")

    monkeypatch.setattr(views, "render", fails)
    client.raise_request_exception = False
    client.get("/problems/")
