"""Signing in and out, and passwords: django-allauth's views at our addresses."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from accounts import services
from accounts.models import AuditEvent, User
from tests.conftest import PASSWORD

SIGN_IN = "/sign-in/"
NEW_PASSWORD = "horse battery staple"


def _sign_in(client, email, password=PASSWORD, *, back="", **more):
    return client.post(SIGN_IN, {"login": email, "password": password, "next": back}, **more)


def _actions(company):
    return list(
        AuditEvent.objects.for_company(company).order_by("id").values_list("action", flat=True)
    )


# --- Addresses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        (SIGN_IN, "Sign in to Workhub"),
        ("/sign-up/", "Nobody signs up here"),
        ("/inactive/", "You cannot sign in"),
        ("/password/reset/", "Forgot your password?"),
        ("/password/reset/done/", "Look into your mail"),
        ("/password/reset/key/1-abc-def/", "This link no longer works"),
        ("/password/reset/key/zzzzzzzzzzzzz-abc/", "This link no longer works"),
        ("/password/reset/key/done/", "Your password is set"),
    ],
)
@pytest.mark.django_db
def test_pages_before_signing_in(client, address, heading):
    response = client.get(address)
    assert response.status_code == 200
    assert f"<h1>{heading}</h1>" in re.sub(
        r">\s+|\s+<", lambda m: m[0].strip(), response.content.decode()
    )


@pytest.mark.parametrize(
    "name",
    [
        "account_email",
        "account_confirm_email",
        "account_set_password",
        "account_request_login_code",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_add_webauthn",
        "socialaccount_login",
    ],
)
def test_what_we_do_not_offer_has_no_address(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.django_db
def test_nobody_signs_up(client):
    response = client.post(
        "/sign-up/",
        {"email": "new@example.com", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert "Nobody signs up here" in response.content.decode()
    assert not User.objects.exists()


# --- Sign-in ---------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["viewer@northern.example", " Viewer@Northern.EXAMPLE "])
def test_a_person_signs_in_and_out(client, company, viewer, email):
    response = _sign_in(client, email)
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert client.get("/account/company/").status_code == 200
    response = client.post("/sign-out/", follow=True)
    assert "You are signed out." in response.content.decode()
    assert client.get("/account/company/").status_code == 302
    assert _actions(company) == ["signed in", "signed out"]
    assert set(AuditEvent.objects.values_list("address", flat=True)) == {"127.0.0.1"}


def test_one_comes_back_to_the_page_that_was_asked_for(client, viewer):
    page = client.get(f"{SIGN_IN}?next=/account/people/").content.decode()
    assert '<input type="hidden" name="next" value="/account/people/">' in page
    assert _sign_in(client, viewer.email, back="/account/people/")["Location"] == "/account/people/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_nobody_is_sent_to_another_site(client, viewer, target):
    assert _sign_in(client, viewer.email, back=target)["Location"] == "/"


def test_a_wrong_password_and_an_unknown_email_read_alike(client, viewer):
    def answer(email):
        page = _sign_in(client, email, "not the password").content.decode()
        assert "The e-mail or the password is not right." in page
        return re.sub(r"[\w-]{64}", "", page.replace(email, ""))

    assert answer(viewer.email) == answer("nobody@northern.example")


@pytest.mark.parametrize("email", ["viewer@northern.example", "nobody@northern.example"])
def test_who_guesses_is_slowed_down_whomever_they_guess(client, viewer, email):
    for _attempt in range(5):
        assert _sign_in(client, email, "not the password").status_code == 200
    response = _sign_in(client, email)
    assert response.status_code == 429
    assert "Too many attempts." in response.content.decode()
    assert client.get("/account/company/").status_code == 302


def test_who_guesses_elsewhere_locks_out_nobody(client, viewer):
    for attempt in range(40):
        _sign_in(client, viewer.email, "x", REMOTE_ADDR=f"203.0.113.{attempt % 4}")
    assert _sign_in(client, viewer.email).status_code == 302


def test_one_address_tries_no_password_on_everybody(client, viewer):
    for attempt in range(20):
        _sign_in(client, f"a{attempt}@x.example", "x")
    assert _sign_in(client, viewer.email).status_code == 429
    assert _sign_in(Client(), viewer.email, REMOTE_ADDR="203.0.113.7").status_code == 302


def test_who_signs_in_often_is_not_slowed_down(viewer):
    for _time in range(25):
        assert _sign_in(Client(), viewer.email).status_code == 302


def test_limits_do_not_believe_the_caller_about_its_address(client, viewer):
    for attempt in range(21):
        response = client.post(
            SIGN_IN,
            {"login": f"a{attempt}@x.example", "password": "x"},
            HTTP_X_FORWARDED_FOR=f"203.0.113.{attempt}",
        )
    assert response.status_code == 429
    assert "Too many attempts" in response.content.decode()


def test_who_is_known_takes_the_same_queries_as_who_is_not(client, viewer):
    def queries(do):
        with CaptureQueriesContext(connection) as captured:
            do()
        return [re.sub("'[^']*'|[0-9]+", "?", query["sql"]) for query in captured]

    _sign_in(client, "warm@up.example", "x")
    known = queries(lambda: _sign_in(client, viewer.email, "not the password"))
    assert known == queries(lambda: _sign_in(client, "nobody@x.example", "not the password"))
    client.post("/password/reset/", {"email": "warm@up.example"})
    known = queries(lambda: client.post("/password/reset/", {"email": viewer.email}))
    assert known == queries(lambda: client.post("/password/reset/", {"email": "nobody@x.example"}))


def test_one_signs_in_by_a_unix_socket_too(client, viewer):
    data = {"login": viewer.email, "password": PASSWORD}
    assert client.post(SIGN_IN, data, REMOTE_ADDR="").status_code == 302
    assert AuditEvent.objects.get().address is None


def test_the_deactivated_do_not_get_in(client, admin, viewer):
    services.person_deactivate(person=viewer, by=admin)
    response = _sign_in(client, viewer.email)
    assert response["Location"] == "/inactive/"
    assert client.get("/account/company/").status_code == 302


def test_who_has_no_password_yet_does_not_get_in(client, company, admin):
    person = User.objects.create_user("nia@northern.example", name="Nia", company=company)
    for password in ("", "!", person.password):
        assert _sign_in(client, person.email, password).status_code == 200
    assert client.get("/account/company/").status_code == 302


def test_opening_the_sign_out_address_signs_nobody_out(client_of, viewer):
    client = client_of(viewer)
    assert "Sign out?" in client.get("/sign-out/").content.decode()
    assert client.get("/account/company/").status_code == 200


@pytest.mark.parametrize(
    "address", [SIGN_IN, "/sign-out/", "/password/change/", "/password/reset/"]
)
def test_forms_of_another_site_are_refused(viewer, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(viewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(address, {"login": viewer.email, "password": PASSWORD}).status_code == 403


def test_an_operator_signs_in_without_a_trail_of_a_company(client, operator):
    assert _sign_in(client, operator.email)["Location"] == "/"
    assert client.get("/")["Location"] == "/operator/"
    assert not AuditEvent.objects.exists()


# --- Passwords -------------------------------------------------------------------------


def test_a_person_changes_the_password_and_stays_signed_in_here_only(company, viewer):
    here, elsewhere = Client(), Client()
    _sign_in(here, viewer.email)
    _sign_in(elsewhere, viewer.email)
    response = here.post(
        "/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert response["Location"] == "/"
    assert "Your password is changed." in here.get("/account/company/").content.decode()
    assert elsewhere.get("/account/company/").status_code == 302
    assert _actions(company) == ["signed in", "signed in", "set a new password"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("wrong", NEW_PASSWORD, "This is not your current password.", id="old"),
        pytest.param(PASSWORD, "short", "at least 10 characters", id="short"),
        pytest.param(PASSWORD, "password123", "too common", id="common"),
        pytest.param(PASSWORD, "viewer@northern", "too similar", id="like-the-email"),
    ],
)
def test_a_bad_change_of_password_is_refused(client_of, viewer, old, new, message):
    response = client_of(viewer).post(
        "/password/change/", {"oldpassword": old, "password1": new, "password2": new}
    )
    assert message in response.content.decode()
    viewer.refresh_from_db()
    assert viewer.check_password(PASSWORD)


def test_changing_the_password_needs_a_session(client, db):
    assert client.get("/password/change/")["Location"] == "/sign-in/?next=/password/change/"


def test_a_forgotten_password_is_set_by_mail(client, company, viewer, mailoutbox, settings):
    settings.SITE_URL = "https://workhub.example"
    client.post("/password/reset/", {"email": "Viewer@northern.example"})
    [mail] = mailoutbox
    assert mail.to == ["viewer@northern.example"]
    assert mail.subject == "Set a new password for Workhub"
    path = re.search(r"https://workhub\.example(/password/reset/key/\S+)", mail.body)[1]
    form = client.get(path, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert _sign_in(client, viewer.email, NEW_PASSWORD).status_code == 302
    assert _actions(company) == ["set a new password", "signed in"]


def test_a_mail_does_not_repeat_the_host_that_somebody_asked_for(
    client, viewer, mailoutbox, settings
):
    settings.SITE_URL = "https://workhub.example"
    settings.ALLOWED_HOSTS = ["*"]
    client.post("/password/reset/", {"email": viewer.email}, HTTP_HOST="evil.example")
    [mail] = mailoutbox
    assert "evil.example" not in mail.subject + mail.body


def test_asking_for_a_new_password_does_not_tell_who_is_known(client, viewer, mailoutbox):
    known = client.post("/password/reset/", {"email": viewer.email})
    unknown = client.post("/password/reset/", {"email": "nobody@northern.example"})
    for response in (known, unknown):
        assert response.status_code == 302
        assert response["Location"] == "/password/reset/done/"
    # Both cost the sending of a mail, so time does not tell either.
    assert [mail.to for mail in mailoutbox] == [[viewer.email], ["nobody@northern.example"]]
    assert "/password/reset/key/" not in mailoutbox[1].body


def test_a_mailbox_is_not_filled_by_whoever_asks(client, viewer, mailoutbox):
    answers = {
        client.post("/password/reset/", {"email": viewer.email}, REMOTE_ADDR=f"203.0.113.{number}")[
            "Location"
        ]
        for number in range(12)
    }
    assert answers == {"/password/reset/done/"}
    assert len(mailoutbox) == 10


@pytest.mark.parametrize("email", ["viewer@northern.example", "nobody@northern.example"])
def test_who_asks_for_links_again_and_again_is_told_to_wait(client, viewer, mailoutbox, email):
    for _time in range(6):
        response = client.post("/password/reset/", {"email": email})
    assert "Too many attempts." in response.content.decode()
    assert len(mailoutbox) == 5


def test_a_session_that_is_there_sets_the_password_by_mail_and_goes_on(client, viewer, mailoutbox):
    _sign_in(client, viewer.email)
    elsewhere = Client()
    _sign_in(elsewhere, viewer.email)
    client.post("/password/reset/", {"email": viewer.email})
    path = re.search(r"https://workhub\.example(/password/reset/key/\S+)", mailoutbox[0].body)[1]
    form = client.get(path, follow=True)
    response = client.post(
        form.redirect_chain[-1][0], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    )
    assert response.status_code == 302
    assert client.get("/account/company/").status_code == 200
    assert elsewhere.get("/account/company/").status_code == 302


def test_the_current_password_cannot_be_guessed_in_a_browser_left_alone(client_of, viewer):
    client = client_of(viewer)
    change = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    for _time in range(5):
        client.post("/password/change/", {"oldpassword": "guess", **change})
    response = client.post("/password/change/", {"oldpassword": PASSWORD, **change})
    assert "Too many attempts." in response.content.decode()
    viewer.refresh_from_db()
    assert viewer.check_password(PASSWORD)


@pytest.mark.parametrize("reactivated", [False, True])
def test_a_link_of_before_is_over_for_the_deactivated(client, viewer, mailoutbox, reactivated):
    client.post("/password/reset/", {"email": viewer.email})
    path = re.search(r"https://workhub\.example(/password/reset/key/\S+)", mailoutbox[0].body)[1]
    services.person_deactivate(person=viewer, by=None)
    if reactivated:
        services.person_reactivate(person=viewer, by=None)
    assert "This link no longer works" in client.get(path).content.decode()


def test_the_deactivated_get_no_link(client, admin, viewer, mailoutbox):
    services.person_deactivate(person=viewer, by=admin)
    client.post("/password/reset/", {"email": viewer.email})
    assert "/password/reset/key/" not in mailoutbox[0].body
