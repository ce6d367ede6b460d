"""A second factor: set up, asked for, used up, lost, required."""

import base64
import html
import json
import re
import threading
import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import AuditEvent, Company, User
from accounts.services import NotAllowed
from accounts.sign_in import second_factor
from accounts.sign_in.second_factor import SecondFactorRequired
from tests.conftest import PASSWORD, signed_in

PAGE = "/you/second-factor/"
ADD = PAGE + "add/"
REMOVE = PAGE + "remove/"
CODES = "/you/recovery-codes/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = "2026-03-02T12:00:10Z"
COMPANY = "/account/company/"
OWN_PAGES = [PAGE, ADD, REMOVE, CODES]


def code(secret=SECRET, steps=0):
    """Return what the app shows now, or so many steps of 30 seconds later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def actions(trail):
    """Return a function that tells what was done, apart from signing in."""
    return lambda: [action for action in trail.actions() if action != "signed in"]


def text_of(response):
    return html.unescape(response.content.decode())


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def with_app(viewer, clock, trail):
    """The viewer, who has an authenticator app."""
    second_factor.second_factor_add(person=viewer, secret=SECRET)
    trail.begin_anew()
    return viewer


@pytest.fixture
def half_in(with_app):
    """A browser that has given the password and is asked for the code."""
    client = Client()
    response = client.post("/sign-in/", {"login": with_app.email, "password": PASSWORD})
    assert response["Location"] == "/sign-in/code/"
    return client


def is_in(client):
    return client.get(COMPANY).status_code == 200


# --- Setting up --------------------------------------------------------------------------


def test_who_types_the_first_code_has_a_second_factor_and_sees_recovery_codes(
    client, viewer, clock, actions
):
    signed_in(client, viewer)
    page = text_of(client.get(ADD))
    secret = re.search(r'data-copy-text="([A-Z2-7]{32})"', page)[1]
    in_groups = re.search(r'<code id="second-factor-secret">([^<]+)</code>', page)[1]
    assert in_groups.replace(" ", "") == secret
    assert f"otpauth://totp/viewer%40northern.example?secret={secret}&issuer=Workhub" in page
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)[1]
    assert b"<svg" in base64.b64decode(picture)

    response = client.post(ADD, {"code": code(secret)}, follow=True)
    assert response.redirect_chain == [(CODES, 302)]
    assert len(re.findall(r"<li><code>\d{4} \d{4}</code></li>", text_of(response))) == 10
    assert actions() == ["set up a second factor"]
    event = AuditEvent.objects.get()
    assert event.changes == {}
    # It was shown to be in the app: the code is spent.
    other = Client()
    other.post("/sign-in/", {"login": viewer.email, "password": PASSWORD})
    assert "This code is not right" in text_of(other.post("/sign-in/code/", {"code": code(secret)}))


def test_no_secret_is_in_the_database_as_it_is(client, viewer, clock):
    signed_in(client, viewer)
    page = text_of(client.get(ADD))
    secret = re.search(r'data-copy-text="([A-Z2-7]{32})"', page)[1]
    assert secret not in json.dumps(Session.objects.get().get_decoded())
    client.post(ADD, {"code": code(secret)})
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert re.search(r'"secret": "1:', stored)
    assert re.search(r'"seed": "1:', stored)
    assert "second_factor_pending" not in Session.objects.get().get_decoded()


@pytest.mark.parametrize("typed", ["", "000000", "\u0661\u0662\u0663", "x" * 5000, "\x00"])
def test_a_wrong_first_code_sets_up_nothing(client, viewer, clock, typed):
    signed_in(client, viewer)
    page = text_of(client.get(ADD))
    secret = re.search(r'data-copy-text="([A-Z2-7]{32})"', page)[1]
    response = client.post(ADD, {"code": typed})
    assert response.status_code == 200
    assert secret in text_of(response)  # the app need not scan again
    assert not Authenticator.objects.exists()


def test_every_new_page_has_a_new_secret(client, viewer):
    signed_in(client, viewer)
    assert text_of(client.get(ADD)) != text_of(client.get(ADD))


def test_the_picture_passes_the_security_policy(client, viewer):
    signed_in(client, viewer)
    policy = client.get(ADD)["Content-Security-Policy"]
    assert "img-src 'self' data:" in policy


def test_another_app_takes_the_place_of_the_one_before(client, with_app, actions):
    before = second_factor.recovery_codes_of(person=with_app)
    signed_in(client, with_app)
    secret = re.search(r'data-copy-text="([A-Z2-7]{32})"', text_of(client.get(ADD)))[1]
    assert is_right(with_app, code())  # until the new one has shown a code
    response = client.post(ADD, {"code": code(secret)})
    assert response["Location"] == PAGE
    assert not is_right(with_app, code(steps=1))
    assert is_right(with_app, code(secret, steps=1))
    assert second_factor.recovery_codes_of(person=with_app) == before
    assert actions() == ["replaced the second factor"]


def is_right(person, typed):
    """Tell whether somebody signs in with it."""
    cache.clear()
    client = Client()
    client.post("/sign-in/", {"login": person.email, "password": PASSWORD})
    client.post("/sign-in/code/", {"code": typed})
    return is_in(client)


# --- Signing in --------------------------------------------------------------------------


def test_the_password_alone_lets_nobody_in(half_in, actions):
    assert not is_in(half_in)
    assert half_in.get(PAGE).status_code == 302
    assert "Enter your code" in text_of(half_in.get("/sign-in/code/"))
    assert actions() == []


@pytest.mark.parametrize("steps", [-1, 0, 1])
@pytest.mark.parametrize("shape", ["{0}{1}", "{0} {1}", " {0}-{1} "])
def test_a_code_of_now_lets_in_and_one_beside_it(half_in, steps, shape, trail):
    typed = code(steps=steps)
    response = half_in.post("/sign-in/code/", {"code": shape.format(typed[:3], typed[3:])})
    assert response["Location"] == "/"
    assert is_in(half_in)
    assert trail.actions() == ["signed in"]


@pytest.mark.parametrize("typed", ["", "000000", "\u0661\u0662\u0663", "9" * 5000, "\x00", "' OR"])
def test_a_wrong_code_lets_nobody_in(half_in, typed):
    response = half_in.post("/sign-in/code/", {"code": typed})
    assert response.status_code == 200
    assert not is_in(half_in)


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_of_another_time_lets_nobody_in(half_in, steps):
    half_in.post("/sign-in/code/", {"code": code(steps=steps)})
    assert not is_in(half_in)


def test_a_code_is_good_once_on_every_process(with_app):
    assert is_right(with_app, code())
    # Another process has another cache; is_right() empties it.
    assert not is_right(with_app, code())


def test_codes_cannot_be_guessed(half_in):
    for _time in range(5):
        half_in.post("/sign-in/code/", {"code": "000000"})
    response = half_in.post("/sign-in/code/", {"code": code()})
    assert "Too many attempts." in text_of(response)
    assert not is_in(half_in)


def test_who_was_deactivated_while_asked_for_the_code_stays_out(half_in, with_app, actions):
    User.objects.filter(pk=with_app.pk).update(is_active=False)
    response = half_in.post("/sign-in/code/", {"code": code()})
    assert response["Location"] == "/inactive/"
    assert actions() == []


def test_one_can_begin_again_as_somebody_else(half_in, admin):
    response = half_in.post("/sign-out/", {"next": "/sign-in/"})
    assert response["Location"] == "/sign-in/"
    half_in.post("/sign-in/", {"login": admin.email, "password": PASSWORD})
    assert is_in(half_in)


def test_nobody_comes_to_the_code_without_a_password(client, with_app):
    assert client.get("/sign-in/code/")["Location"] == "/sign-in/"
    assert client.post("/sign-in/code/", {"code": code()})["Location"] == "/sign-in/"


def test_a_lost_key_is_told_and_an_admin_helps(half_in, settings, with_app, admin, caplog):
    settings.CREDENTIAL_KEYS = {2: b"2" * 32}
    response = half_in.post("/sign-in/code/", {"code": code()})
    assert "Ask an admin to reset them." in text_of(response)
    assert SECRET not in caplog.text
    second_factor.second_factor_reset(person=with_app, by=admin)
    client = Client()
    client.post("/sign-in/", {"login": with_app.email, "password": PASSWORD})
    assert is_in(client)


# --- Recovery codes ----------------------------------------------------------------------


def test_a_recovery_code_lets_in_once(with_app, actions):
    [first, *rest] = second_factor.recovery_codes_of(person=with_app)
    assert is_right(with_app, f"{first[:4]} {first[4:]}")
    assert second_factor.recovery_codes_of(person=with_app) == rest
    assert actions() == ["used a recovery code"]
    assert not is_right(with_app, first)


def test_recovery_codes_are_shown_again_only_to_who_confirms(client, with_app):
    signed_in(client, with_app, confirmed_at=0)
    assert client.get(CODES)["Location"] == "/confirm/?next=%2Fyou%2Frecovery-codes%2F"
    response = client.post("/confirm/", {"password": PASSWORD, "next": CODES}, follow=True)
    first = second_factor.recovery_codes_of(person=with_app)[0]
    assert f"{first[:4]} {first[4:]}" in text_of(response)
    assert response["Cache-Control"] == "private, no-store"


def test_new_codes_end_those_of_before(client, with_app, actions):
    before = second_factor.recovery_codes_of(person=with_app)
    signed_in(client, with_app)
    assert client.post(CODES + "make/")["Location"] == CODES
    after = second_factor.recovery_codes_of(person=with_app)
    assert not set(before) & set(after)
    assert not is_right(with_app, before[0])
    assert actions()[0] == "made new recovery codes"


def test_who_has_no_app_has_no_codes(client, viewer):
    signed_in(client, viewer)
    assert client.get(CODES)["Location"] == PAGE
    client.post(CODES + "make/")
    assert not Authenticator.objects.exists()


def test_codes_that_cannot_be_read_are_made_anew(client, with_app, settings):
    signed_in(client, with_app)
    settings.CREDENTIAL_KEYS = {2: b"2" * 32}
    assert "cannot be read any more" in text_of(client.get(PAGE))
    assert client.get(CODES)["Location"] == PAGE
    client.post(CODES + "make/")
    assert len(second_factor.recovery_codes_of(person=with_app)) == 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("sqlite" in connection.vendor, reason="a database in memory has one connection")
def test_of_two_who_use_a_recovery_code_at_once_one_is_in(with_app):
    spent = second_factor.recovery_codes_of(person=with_app)[0]
    barrier, let_in = threading.Barrier(2), []

    def use(client):
        barrier.wait()
        let_in.append(client.post("/sign-in/code/", {"code": spent}).status_code == 302)
        connection.close()

    clients = [Client(), Client()]
    for client in clients:
        client.post("/sign-in/", {"login": with_app.email, "password": PASSWORD})
    threads = [threading.Thread(target=use, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(let_in) == [False, True]


# --- Without -----------------------------------------------------------------------------


def test_it_is_removed_after_asking(client, with_app, actions):
    signed_in(client, with_app)
    assert "Remove the second factor?" in text_of(client.get(REMOVE))
    response = client.post(REMOVE, follow=True)
    assert "no longer asked for a code" in text_of(response)
    assert not Authenticator.objects.exists()
    assert actions() == ["removed the second factor"]


def test_what_the_company_requires_is_not_removed(client, company, with_app):
    Company.objects.update(second_factor_required=True)
    signed_in(client, with_app)
    assert "requires a second factor" in text_of(client.get(REMOVE))
    response = client.post(REMOVE, follow=True)
    assert "You can replace it." in text_of(response)
    with pytest.raises(SecondFactorRequired):
        second_factor.second_factor_remove(person=with_app)
    assert Authenticator.objects.count() == 2


def test_an_admin_resets_the_one_of_somebody_who_lost_it(client, admin, with_app, trail):
    signed_in(client, admin)
    path = f"/account/people/{with_app.code}/second-factor/reset/"
    assert "Reset second factor" in text_of(client.get(f"/account/people/{with_app.code}/"))
    assert "call them" in text_of(client.get(path))
    client.post(path)
    assert not Authenticator.objects.exists()
    event = trail.events().get()
    assert (event.actor_name, event.action, event.subject_name) == (
        "Ada Admin",
        "reset the second factor of",
        "Vic Viewer",
    )
    assert "That was done already" in text_of(client.post(path, follow=True))
    assert trail.events().count() == 1


def test_only_an_owner_resets_the_one_of_an_owner(admin, owner, second_owner):
    second_factor.second_factor_add(person=owner, secret=SECRET)
    with pytest.raises(NotAllowed):
        second_factor.second_factor_reset(person=owner, by=admin)
    assert second_factor.second_factor_reset(person=owner, by=second_owner)


def test_an_operator_resets_it_from_the_list(client_of, operator, with_app, trail):
    response = client_of(operator).post(
        "/operator/accounts/user/",
        {"action": "reset_second_factor", "_selected_action": [with_app.pk]},
    )
    assert response.status_code == 302
    assert not Authenticator.objects.exists()
    assert trail.events().get().actor_name == "Otto Operator"


def test_an_operator_sees_no_sealed_secrets(client_of, operator, with_app):
    assert client_of(operator).get("/operator/mfa/authenticator/").status_code == 404


def test_resetting_lets_guesses_begin_anew(half_in, with_app, admin):
    for _time in range(5):
        half_in.post("/sign-in/code/", {"code": "000000"})
    second_factor.second_factor_reset(person=with_app, by=admin)
    second_factor.second_factor_add(person=with_app, secret=SECRET)
    assert is_right(with_app, code())


def test_a_code_confirms_as_well_as_the_password(client, with_app):
    signed_in(client, with_app, confirmed_at=0)
    page = text_of(client.get("/confirm/?next=/you/recovery-codes/"))
    assert 'href="/confirm/code/?next=' in page
    response = client.post("/confirm/code/", {"code": code(), "next": CODES})
    assert response["Location"] == CODES
    assert client.get(CODES).status_code == 200


# --- The pages ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", OWN_PAGES)
def test_who_is_not_signed_in_is_sent_to_sign_in(client, db, path):
    assert client.get(path)["Location"] == f"/sign-in/?next={path}"


@pytest.mark.parametrize("path", [ADD, REMOVE, CODES])
def test_a_browser_left_alone_changes_nothing(client, with_app, path, actions):
    signed_in(client, with_app, confirmed_at=0)
    assert client.get(path)["Location"].startswith("/confirm/?next=")
    if path != CODES:
        assert client.post(path)["Location"].startswith("/confirm/?next=")
    assert client.post(CODES + "make/")["Location"].startswith("/confirm/?next=")
    assert Authenticator.objects.count() == 2
    assert actions() == []


@pytest.mark.parametrize("path", OWN_PAGES)
def test_pages_take_few_queries(client, with_app, path, django_assert_max_num_queries):
    Company.objects.update(second_factor_required=True)
    signed_in(client, with_app)
    with django_assert_max_num_queries(9):
        assert client.get(path).status_code == 200


def test_an_operator_can_have_one_too(client_of, operator, clock):
    client = client_of(operator)
    secret = re.search(r'data-copy-text="([A-Z2-7]{32})"', text_of(client.get(ADD)))[1]
    assert client.post(ADD, {"code": code(secret)})["Location"] == CODES
    assert client.get(PAGE).status_code == 200
    assert not AuditEvent.objects.exists()
