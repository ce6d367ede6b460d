"""How old a pair may become, and secrets that are shown once: what a company sets for all."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts import services as accounts_services
from accounts.models import AuditEvent, Role, User
from apicalls import services
from apicalls.credentials import SecretNotKept
from apicalls.models import Credential
from apicalls.selectors import credential_current
from tests.conftest import PASSWORD

START = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _start(time_machine):
    time_machine.move_to(START, tick=False)


@pytest.fixture
def require(company):
    """Return a function that sets what the company requires."""

    def set_(**fields):
        accounts_services.company_change(company=company, by=None, **fields)
        company.refresh_from_db()

    return set_


# --- Maximum age -----------------------------------------------------------------------


def test_a_pair_is_refused_from_the_moment_it_is_too_old(
    ask, call, pair_of, worker, require, time_machine
):
    require(max_key_age_days=90)
    verified = ask(call, "", path="/api/v1/verify").json()
    assert verified["credential"]["endsAt"] == "2026-05-31T18:00:00Z"
    time_machine.move_to(START + timedelta(days=90, seconds=-1), tick=False)
    assert ask(call).status_code == 200
    time_machine.move_to(START + timedelta(days=90), tick=False)
    refused = ask(call)
    assert (refused.status_code, refused.json()["code"]) == (403, "call_expired")
    assert "regenerate" in refused.json()["detail"]
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    assert ask(pair_of(call.api_call)).status_code == 200


def test_what_is_too_old_when_the_age_is_set_goes_on_for_a_while(
    ask, call, worker, require, time_machine
):
    time_machine.move_to(START + timedelta(days=400), tick=False)
    require(max_key_age_days=90)
    assert ask(call).status_code == 200
    time_machine.move_to(START + timedelta(days=429, hours=23), tick=False)
    assert ask(call).status_code == 200
    time_machine.move_to(START + timedelta(days=430), tick=False)
    assert ask(call).status_code == 403
    require(max_key_age_days=None)
    assert ask(call).status_code == 200


def test_an_age_of_another_company_is_nobody_s_affair(
    ask, add_call, other_company, worker_of, require, time_machine
):
    worker_of(other_company)
    theirs = add_call(other_company)
    require(max_key_age_days=1)
    time_machine.move_to(START + timedelta(days=50), tick=False)
    assert ask(theirs).status_code == 200


# --- Shown once ------------------------------------------------------------------------


def kept():
    pairs = Credential.objects.order_by("api_call__company")
    return [bytes(one) != b"" for one in pairs.values_list("secret_ciphertext", flat=True)]


def test_what_is_kept_is_deleted_when_secrets_are_kept_no_longer(
    ask, call, add_call, other_company, worker, require
):
    add_call(other_company)
    assert kept() == [True, True]
    require(secrets_policy="show_once")
    assert kept() == [False, True]
    assert ask(call).status_code == 200
    event = AuditEvent.objects.filter(action="changed", subject_type="accounts.company").latest(
        "id"
    )
    assert event.changes["secrets_policy"] == [
        "Admins can show it again; each time is in the activity",
        "It is shown once, and kept nowhere",
    ]


def test_a_new_secret_is_shown_once(company, template, require, ask, worker):
    require(secrets_policy="show_once")
    api_call = services.api_call_add(company=company, template=template, by=None)
    credential = credential_current(api_call=api_call)

    def reveal():
        return services.client_secret_reveal(
            credential=credential_current(api_call=api_call), action="showed", by=None
        )

    # A test shows it to nobody.
    assert services.client_secret_try(credential=credential, by=None)
    assert kept() == [True]
    assert len(reveal().reveal()) == 32
    assert kept() == [False]
    trail = AuditEvent.objects.count()
    for ask_for_it in (
        reveal,
        lambda: services.client_secret_try(
            credential=credential_current(api_call=api_call), by=None
        ),
    ):
        with pytest.raises(SecretNotKept):
            ask_for_it()
    # Read before somebody else was shown it.
    with pytest.raises(SecretNotKept):
        services.client_secret_reveal(credential=credential, action="showed", by=None)
    assert AuditEvent.objects.count() == trail


def test_a_link_shows_it_instead_and_there_is_none_afterwards(company, template, require):
    require(secrets_policy="show_once")
    api_call = services.api_call_add(company=company, template=template, by=None)
    credential = credential_current(api_call=api_call)
    _link, token = services.hand_over_add(credential=credential, by=None)
    _link, other = services.hand_over_add(credential=credential, by=None)
    assert services.hand_over_open(token=token)[1].reveal()
    with pytest.raises(SecretNotKept):
        services.hand_over_open(token=other)
    with pytest.raises(SecretNotKept):
        services.hand_over_add(credential=credential_current(api_call=api_call), by=None)


def test_the_page_says_so(client_of, admin, company, template, require):
    require(secrets_policy="show_once")
    api_call = services.api_call_add(company=company, template=template, by=None)
    client, path = client_of(admin), f"/account/api/{api_call.code}/"
    page = client.get(path).content.decode()
    assert "Show Client Secret once" in page
    assert "Copy header" not in page
    panel = client.post(path + "secret/show/", headers={"hx-request": "true"}).content.decode()
    assert "data-shown-once" in panel
    assert "I have stored it" in panel
    assert "delay:60s" not in panel
    page = client.get(path).content.decode()
    assert "It was shown once, and is kept nowhere. Regenerate to get another." in page
    assert "Show Client Secret" not in page
    again = client.post(path + "secret/show/", follow=True).content.decode()
    assert "The Client Secret was shown once, and is kept nowhere." in again
    tried = client.post(path + "test/", {"test-workerIDNumber": "1"}, follow=True)
    assert "The Client Secret was shown once, and is kept nowhere." in tried.content.decode()


# --- The page of the company -----------------------------------------------------------


@pytest.fixture
def owner(company):
    return User.objects.create_user(
        "owner@northern.example", PASSWORD, name="Oda", company=company, role=Role.OWNER
    )


@pytest.mark.parametrize(
    ("days", "is_saved"), [("90", True), ("", True), ("0", False), ("3661", False), ("x", False)]
)
def test_an_owner_sets_both_on_the_page(client_of, owner, company, days, is_saved):
    response = client_of(owner).post(
        "/account/company/security/change/",
        {"secrets_policy": "show_once", "max_key_age_days": days},
    )
    company.refresh_from_db()
    assert (company.secrets_policy == "show_once") is is_saved
    assert (response.status_code == 302) is is_saved
    assert company.max_key_age_days == (90 if days == "90" else None)
