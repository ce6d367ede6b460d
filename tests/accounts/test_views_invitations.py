"""The pages that invite people, and the one that an invitation leads to."""

import re

import pytest
import time_machine
from django.test import Client

from accounts import invitations
from accounts.models import AuditEvent, Invitation, User
from tests.conftest import PASSWORD, signed_in

PEOPLE = "/account/people/"
INVITE = PEOPLE + "invite/"
NIA = {"name": "Nia New", "email": "nia@new.example", "role": "manager"}
FILES = "django.core.mail.backends.filebased.EmailBackend"


@pytest.fixture
def admins_client(client_of, admin):
    return client_of(admin)


@pytest.fixture
def sent(company, admin) -> Invitation:
    return Invitation.objects.create(company=company, invited_by=admin, **NIA)


@pytest.fixture
def address_of():
    """Return a function that tells the address of the page behind an invitation's link."""

    def address(invitation):
        link = invitations.invitation_link(invitation=invitation)
        return link.removeprefix("https://workhub.example")

    return address


@pytest.fixture
def without_mail(settings, tmp_path):
    settings.EMAIL_BACKEND = FILES
    settings.EMAIL_FILE_PATH = str(tmp_path)


def text_of(response):
    return response.content.decode()


# --- Sending -----------------------------------------------------------------------------


def test_who_is_invited_by_mail_sets_a_password_and_is_in(admins_client, company, mailoutbox):
    response = admins_client.post(INVITE, NIA, follow=True)
    assert response.redirect_chain == [(PEOPLE, 302)]
    assert "An invitation is on its way to nia@new.example." in text_of(response)
    [mail] = mailoutbox
    path = re.search(r"https://workhub\.example(/invitation/\S+)", mail.body)[1]

    nia = Client()
    page = nia.get(path)
    assert "Welcome to Northern Build" in text_of(page)
    assert page["Cache-Control"].startswith("max-age=0")
    nia.get(path)  # as programs that look through mail do: nothing is used up
    answer = nia.post(path, {"password1": PASSWORD, "password2": PASSWORD})
    assert answer["Location"] == "/"
    assert nia.get(PEOPLE).status_code == 200
    person = User.objects.get(email="nia@new.example")
    assert (person.role, person.company) == ("manager", company)
    actions = list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["sent", "accepted the invitation", "signed in"]
    assert Client().get(path).status_code == 404


def test_the_mail_does_not_repeat_the_host_that_somebody_asked_for(
    admins_client, mailoutbox, settings
):
    settings.ALLOWED_HOSTS = ["*"]
    admins_client.post(INVITE, NIA, HTTP_HOST="evil.example")
    [mail] = mailoutbox
    assert "evil.example" not in mail.body


def test_the_same_form_sent_twice_is_one_invitation_and_one_mail(admins_client, mailoutbox):
    first, second = (admins_client.post(INVITE, NIA, follow=True) for _time in range(2))
    assert first.redirect_chain == second.redirect_chain
    assert "on its way" in text_of(second)
    assert Invitation.objects.count() == 1
    assert len(mailoutbox) == 1


def test_a_person_of_another_company_gets_the_same_answer(
    admins_client, admin, outsider, mailoutbox
):
    def answer(email):
        response = admins_client.post(INVITE, NIA | {"email": email}, follow=True)
        page = text_of(response)
        page = page[page.index("<main") : page.index("</main")]
        page = re.sub(r'value="[\w-]{64}"|[0-9a-f]{8}-[0-9a-f-]{27}', "", page)
        Invitation.objects.all().delete()
        return page.replace(email, "")

    with time_machine.travel("2026-03-02T12:00:00Z", tick=False):
        signed_in(admins_client, admin)
        assert answer(outsider.email) == answer("nobody@southern.example")
    assert [len(mail.to) for mail in mailoutbox] == [1, 1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param({"email": "viewer@northern.example"}, "is already there", id="there"),
        pytest.param({"role": "owner"}, "Select a valid choice", id="owner"),
        pytest.param({"email": "no"}, "Enter a valid email", id="no-email"),
        pytest.param({"name": ""}, "This field is required", id="no-name"),
        pytest.param({"name": "a\x00b"}, "Null characters", id="nul"),
    ],
)
def test_a_refused_invitation_keeps_what_was_typed(
    admins_client, viewer, mailoutbox, data, message
):
    response = admins_client.post(INVITE, NIA | data)
    assert message in text_of(response)
    assert not Invitation.objects.exists()
    assert mailoutbox == []


def test_an_invitation_that_waits_is_pointed_at(admins_client, sent):
    response = admins_client.post(INVITE, NIA | {"role": "viewer"})
    assert "An invitation waits already." in text_of(response)


def test_a_mail_server_that_is_away_is_told(admins_client, monkeypatch):
    def refuse(*args, **kwargs):
        raise TimeoutError

    monkeypatch.setattr("accounts.mail.send_mail", refuse)
    page = text_of(admins_client.post(INVITE, NIA, follow=True))
    assert "no mail server took the mail" in page
    assert "Mail was not taken" in page


# --- The list ----------------------------------------------------------------------------


def test_people_shows_who_is_invited_until_when(admins_client, sent):
    Invitation.objects.update(link_made_at="2099-02-01T12:00:00Z")
    page = text_of(admins_client.get(PEOPLE))
    assert "Nia New" in page
    assert '<time datetime="2099-02-08T05:00:00-07:00"' in page
    assert "Ada Admin" in page
    assert "Copy the link" not in page
    Invitation.objects.update(link_made_at="2020-03-01T12:00:00Z")
    assert "Too old" in text_of(admins_client.get(PEOPLE))


def test_others_see_who_is_invited_and_change_nothing(client_of, viewer, sent):
    page = text_of(client_of(viewer).get(PEOPLE))
    assert "Nia New" in page
    assert "Withdraw" not in page


def test_the_invitation_of_an_owner_is_not_for_admins(admins_client, client_of, sent, owner):
    Invitation.objects.update(role="owner")
    assert "Withdraw" not in text_of(admins_client.get(PEOPLE))
    for do in ("renew/", "withdraw/"):
        response = admins_client.post(f"{PEOPLE}invitations/{sent.code}/{do}")
        assert response.status_code == 403
    assert "Withdraw" in text_of(client_of(owner).get(PEOPLE))


def test_send_again_sends_a_link_in_place_of_the_old(admins_client, sent, mailoutbox, address_of):
    Invitation.objects.update(link_made_at="2026-01-01T12:00:00Z")
    old = address_of(sent)
    response = admins_client.post(f"{PEOPLE}invitations/{sent.code}/renew/", follow=True)
    assert "on its way" in text_of(response)
    again = admins_client.post(f"{PEOPLE}invitations/{sent.code}/renew/", follow=True)
    assert "It was sent a moment ago." in text_of(again)
    [mail] = mailoutbox
    sent.refresh_from_db()
    assert address_of(sent) in mail.body
    assert Client().get(address_of(sent)).status_code == 200
    assert Client().get(old).status_code == 404


def test_withdraw_ends_it(admins_client, sent, address_of):
    response = admins_client.post(f"{PEOPLE}invitations/{sent.code}/withdraw/", follow=True)
    assert "The invitation of nia@new.example is withdrawn." in text_of(response)
    assert Client().get(address_of(sent)).status_code == 404
    again = admins_client.post(f"{PEOPLE}invitations/{sent.code}/withdraw/")
    assert again.status_code == 404


# --- Where no mail is sent ---------------------------------------------------------------


def test_without_mail_the_link_is_there_to_copy(admins_client, without_mail, address_of):
    response = admins_client.post(INVITE, NIA, follow=True)
    invitation = Invitation.objects.get()
    assert response.redirect_chain == [(f"{PEOPLE}invitations/{invitation.code}/link/", 302)]
    assert response["Cache-Control"] == "private, no-store"
    assert f"https://workhub.example{address_of(invitation)}" in text_of(response)
    # Looking at it again ends nothing, and shows the same.
    again = admins_client.get(response.redirect_chain[0][0])
    assert address_of(invitation) in text_of(again)
    assert "Copy the link" in text_of(admins_client.get(PEOPLE))
    assert Client().get(address_of(invitation)).status_code == 200


def test_where_mail_is_sent_no_admin_gets_the_link(admins_client, sent):
    response = admins_client.get(f"{PEOPLE}invitations/{sent.code}/link/")
    assert response.status_code == 403
    assert "/invitation/" not in text_of(response)


def test_a_link_that_is_too_old_is_not_shown(admins_client, without_mail, sent):
    Invitation.objects.update(link_made_at="2020-03-01T12:00:00Z")
    page = text_of(admins_client.get(f"{PEOPLE}invitations/{sent.code}/link/"))
    assert "too old" in page
    assert "/invitation/" not in page


def test_the_page_of_a_copied_link_does_not_tell_who_is_known(
    client, company, outsider, address_of
):
    def page(email):
        invitation = Invitation.objects.create(
            company=company, email=email, name="X", role="viewer"
        )
        address = address_of(invitation)
        text = text_of(client.get(address)).replace(email, "").replace(address, "")
        return re.sub(r"[\w-]{64}", "", text)

    assert page(outsider.email) == page("nobody@southern.example")


# --- Accepting ---------------------------------------------------------------------------


def test_every_link_that_is_not_good_gets_the_same_answer(client, sent, address_of, outsider):
    good = address_of(sent)
    Invitation.objects.update(link_made_at="2020-01-01T00:00:00Z")
    pages = {
        (response.status_code, re.sub(r"[\w-]{64}", "", text_of(response)))
        for response in (
            client.get(good),
            client.post(good, {"password1": PASSWORD, "password2": PASSWORD}),
            client.get("/invitation/nonsense/"),
            client.get("/invitation/%00/"),
            client.get("/invitation/" + "9" * 3000 + "/"),
        )
    }
    [(status, page)] = pages
    assert status == 404
    assert "This link no longer works" in page
    assert not User.objects.filter(email="nia@new.example").exists()


def test_an_email_taken_meanwhile_gets_that_answer_too(client, sent, address_of, other_company):
    User.objects.create_user(sent.email, PASSWORD, company=other_company)
    response = client.post(address_of(sent), {"password1": PASSWORD, "password2": PASSWORD})
    assert response.status_code == 404
    assert client.get("/account/people/").status_code == 302


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("short", "short", "at least 10 characters"),
        ("nia@new.example", "nia@new.example", "too similar"),
        (PASSWORD, "another long password", "same password each time"),
    ],
)
def test_a_bad_password_uses_nothing_up(client, sent, address_of, first, second, message):
    response = client.post(address_of(sent), {"password1": first, "password2": second})
    assert message in text_of(response)
    assert client.get(address_of(sent)).status_code == 200


def test_who_is_signed_in_signs_out_first(admins_client, sent, address_of):
    path = address_of(sent)
    page = text_of(admins_client.get(path))
    assert "you are signed in as Ada Admin" in page
    admins_client.post(path, {"password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.filter(email="nia@new.example").exists()
    response = admins_client.post("/sign-out/", {"next": path}, follow=True)
    assert "Set a password." in text_of(response)


def test_where_a_second_factor_is_required_it_comes_next(client, company, sent, address_of):
    company.second_factor_required = True
    company.save()
    response = client.post(
        address_of(sent), {"password1": PASSWORD, "password2": PASSWORD}, follow=True
    )
    assert response.redirect_chain[-1][0] == "/you/second-factor/add/"


# --- Who is there without a password -----------------------------------------------------


def test_who_was_added_without_a_password_is_invited_from_their_page(
    admins_client, company, mailoutbox
):
    person = User.objects.create_user("nia@new.example", name="Nia", company=company)
    page = text_of(admins_client.get(f"{PEOPLE}{person.code}/"))
    assert "No password is set yet. Send a link to set one." in page
    admins_client.post(f"{PEOPLE}{person.code}/invite/")
    path = re.search(r"https://workhub\.example(/invitation/\S+)", mailoutbox[0].body)[1]
    Client().post(path, {"password1": PASSWORD, "password2": PASSWORD})
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_nobody_is_invited_into_the_login_of_somebody_else(admins_client, viewer, mailoutbox):
    response = admins_client.post(f"{PEOPLE}{viewer.code}/invite/", follow=True)
    assert "Only for a person who has not set a password yet." in text_of(response)
    assert not Invitation.objects.exists()
    assert mailoutbox == []
