"""Where people are signed in: the page "Your sessions", and what ends sessions."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client

from accounts import services
from accounts.models import AuditEvent, PersonSession, User
from accounts.sign_in import sessions
from tests.conftest import PASSWORD, signed_in

PAGE = "/you/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW_PASSWORD = "horse battery staple"


def sign_in(person, address="127.0.0.1", user_agent=FIREFOX):
    client = Client(REMOTE_ADDR=address, headers={"user-agent": user_agent})
    client.post("/sign-in/", {"login": person.email, "password": PASSWORD})
    return client


def is_in(client):
    return client.get("/account/company/").status_code == 200


def shown(client):
    """Return what the page tells of each session."""
    page = client.get(PAGE).content.decode()
    rows = re.findall("<tr>(.*?)</tr>", page.partition("<tbody>")[2], re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in rows]


@pytest.fixture
def here(viewer):
    return sign_in(viewer)


@pytest.fixture
def elsewhere(viewer, here):
    return sign_in(viewer, "203.0.113.7", "curl/8.14.1")


# --- The page ----------------------------------------------------------------------------


def test_each_session_is_listed_with_where_and_when(here, elsewhere, admin):
    sign_in(admin)
    mine, other = sorted(shown(here), key=lambda row: "This one" not in row)
    assert mine.startswith("Firefox This one Windows 127.0.0.1")
    assert mine.endswith("Now")
    assert other.startswith("curl 203.0.113.7")
    assert other.endswith("End")


def test_who_is_not_signed_in_is_sent_to_sign_in(client, db):
    assert client.get(PAGE)["Location"] == "/sign-in/?next=/you/sessions/"
    assert client.post(PAGE + "end/").status_code == 302


def test_the_page_is_kept_nowhere(here):
    assert here.get(PAGE)["Cache-Control"] == "private, no-store"


def test_an_operator_has_sessions_too(operator):
    client = sign_in(operator)
    assert len(shown(client)) == 1
    client.post(PAGE + "end/")
    assert len(shown(client)) == 1
    assert not AuditEvent.objects.exists()


def test_the_page_takes_few_queries_whatever_the_number(
    here, viewer, django_assert_max_num_queries
):
    for _time in range(60):
        sign_in(viewer)
    with django_assert_max_num_queries(5):
        assert len(shown(here)) == sessions.SHOWN_AT_MOST


def test_what_a_browser_calls_itself_is_text_and_not_markup(viewer, admin):
    client = sign_in(viewer, user_agent="<script>x\x00y\u2028 Firefox" + "z" * 500)
    assert shown(client)[0].startswith("Firefox")
    assert len(PersonSession.objects.get().user_agent) <= 300
    assert "<script>x" not in client.get(PAGE).content.decode()


# --- What is known of them ---------------------------------------------------------------


def test_a_session_of_before_is_taken_up_when_it_is_used(viewer):
    client = Client()
    client.force_login(viewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert not PersonSession.objects.exists()
    client.get("/account/company/")
    assert PersonSession.objects.get().person == viewer


def test_when_it_was_last_seen_is_written_now_and_then(viewer, django_assert_num_queries):
    start = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        client = sign_in(viewer)
        clock.shift(299)
        client.get("/account/company/", REMOTE_ADDR="203.0.113.9")
        session = PersonSession.objects.get()
        assert (session.last_seen_at, session.address) == (start, "127.0.0.1")
        clock.shift(1)
        client.get("/account/company/", REMOTE_ADDR="203.0.113.9")
        session.refresh_from_db()
        assert session.last_seen_at == start + timedelta(minutes=5)
        assert session.started_at == start
        assert session.address == "203.0.113.9"


def test_signing_out_leaves_nothing_behind(here):
    assert PersonSession.objects.count() == 1
    here.post("/sign-out/")
    assert not PersonSession.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_session_that_ended_while_it_was_used_is_not_taken_up_again(rf, viewer):
    client = sign_in(viewer)
    request = rf.get("/")
    request.session = client.session
    assert request.session["seen_at"]  # it was read when the request came in
    Session.objects.all().delete()
    sessions.session_remember(request=request, person=viewer)
    assert not PersonSession.objects.exists()


def test_sessions_that_are_over_are_not_listed(here, viewer, elsewhere):
    Session.objects.filter(pk=elsewhere.session.session_key).update(expire_date="2020-01-01T00:00Z")
    assert len(shown(here)) == 1


def test_sessions_that_a_password_of_the_operator_ended_are_not_listed(viewer, here):
    viewer.set_password(NEW_PASSWORD)
    viewer.save()
    assert sessions.sessions_of(person=viewer) == []
    assert not is_in(here)


# --- Ending ------------------------------------------------------------------------------


def test_one_session_is_ended_and_the_others_go_on(here, elsewhere, company):
    [code] = re.findall(r"/you/sessions/([0-9a-f-]{36})/end/", here.get(PAGE).content.decode())
    response = here.post(f"{PAGE}{code}/end/", follow=True)
    assert "That session has ended." in response.content.decode()
    assert is_in(here)
    assert not is_in(elsewhere)
    event = AuditEvent.objects.order_by("-id")[0]
    assert event.action == "ended a session"
    assert event.changes == {"session": ["curl, 203.0.113.7", ""]}
    again = here.post(f"{PAGE}{code}/end/", follow=True)
    assert "ended already" in again.content.decode()


def test_the_session_of_somebody_else_is_not_ended(here, admin):
    theirs = sign_in(admin)
    code = PersonSession.objects.get(person=admin).code
    here.post(f"{PAGE}{code}/end/")
    assert is_in(theirs)


def test_who_ends_this_session_is_out(here):
    code = PersonSession.objects.get().code
    assert here.post(f"{PAGE}{code}/end/")["Location"] == "/sign-in/"
    assert not is_in(here)


def test_signing_out_everywhere_leaves_this_one(here, elsewhere, viewer):
    unknown = Client()
    unknown.force_login(viewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    response = here.post(PAGE + "end/", follow=True)
    assert "You are signed out everywhere else." in response.content.decode()
    assert is_in(here)
    assert not is_in(elsewhere)
    assert not is_in(unknown)
    assert len(shown(here)) == 1
    assert AuditEvent.objects.order_by("-id")[0].action == "signed out everywhere"


def test_a_new_password_ends_the_others_and_keeps_this_one_in_the_list(here, elsewhere):
    [row] = [row for row in shown(here) if "This one" in row]
    here.post(
        "/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert shown(here) == [row]
    assert not is_in(elsewhere)
    assert PersonSession.objects.count() == 1


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(
            lambda person: services.person_deactivate(person=person, by=None), id="deactivated"
        ),
        pytest.param(
            lambda person: services.person_change(
                person=person, by=None, name="Vic", role="manager"
            ),
            id="a-new-role",
        ),
        pytest.param(
            lambda person: services.password_change(person=person, password=NEW_PASSWORD),
            id="a-new-password",
        ),
    ],
)
def test_what_ends_sessions_ends_those_that_nobody_knows_as_well(here, elsewhere, viewer, end):
    unknown = Client()
    signed_in(unknown, viewer)
    end(User.objects.get(pk=viewer.pk))
    assert [is_in(client) for client in (here, elsewhere, unknown)] == [False, False, False]
    assert not PersonSession.objects.exists()


# --- A database that fails while a session is saved -------------------------------------


@pytest.fixture
def failing():
    """Return a function that has the saving of sessions fail with an error, in a block."""

    def fail(error):
        def refuse(execute, sql, params, many, context):
            if sql.startswith('UPDATE "django_session"'):
                raise error
            return execute(sql, params, many, context)

        return connection.execute_wrapper(refuse)

    return fail


def test_who_is_told_to_come_back_has_not_been_told_that_it_was_wrong(client_of, admin, failing):
    client = client_of(admin)
    client.raise_request_exception = False
    with failing(OperationalError("terminating connection")):
        answer = client.post("/you/preferences/", {"theme": "dark", "language": "en"})
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")
    again = client.post("/you/preferences/", {"theme": "dark", "language": "en"})
    assert again.status_code == 302


def test_a_session_that_was_ended_meanwhile_is_no_fault_of_the_database(client_of, admin):
    client = client_of(admin)
    store = client.session
    store["anything"] = 1
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        store.save()
