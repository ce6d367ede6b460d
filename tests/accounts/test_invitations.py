import threading

import pytest
import time_machine
from django.core.signing import Signer
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import invitations, services
from accounts.addresses import acting_from
from accounts.invitations import AlreadyInvited, AlreadyThere, InvitationOver, TooManyInvitations
from accounts.models import AuditEvent, Invitation, Role, User
from accounts.services import NotAllowed
from tests.conftest import PASSWORD

NIA = {"email": "nia@new.example", "name": "Nia New", "role": "manager"}
NOW = "2026-03-02T12:00:00Z"


@pytest.fixture
def sent(company, admin) -> Invitation:
    invitation, _is_new = invitations.invitation_add(company=company, by=admin, **NIA)
    return invitation


def token_of(invitation):
    return invitations.invitation_link(invitation=invitation).rstrip("/").rpartition("/")[2]


def events(company):
    return list(AuditEvent.objects.for_company(company).order_by("id"))


# --- Sending -----------------------------------------------------------------------------


def test_who_is_invited_is_no_person_yet(company, sent):
    assert not User.objects.filter(email="nia@new.example").exists()
    [event] = events(company)
    assert (event.actor_name, event.action, event.subject_name) == ("Ada Admin", "sent", "Nia New")
    assert event.changes == {"email": ["", "nia@new.example"], "role": ["", "Manager"]}


def test_the_same_form_sent_twice_is_one_invitation(company, admin, sent):
    again, is_new = invitations.invitation_add(company=company, by=admin, **NIA)
    assert (again, is_new) == (sent, False)
    assert len(events(company)) == 1


@pytest.mark.parametrize(
    ("changed", "seconds"), [({"role": "viewer"}, 0), ({"name": "Nina"}, 0), ({}, 61)]
)
def test_another_form_for_the_same_email_is_refused(company, admin, changed, seconds):
    with time_machine.travel(NOW, tick=False) as clock:
        invitations.invitation_add(company=company, by=admin, **NIA)
        clock.shift(seconds)
        with pytest.raises(AlreadyInvited):
            invitations.invitation_add(company=company, by=admin, **NIA | changed)


def test_who_was_invited_long_ago_is_invited_anew(company, admin):
    with time_machine.travel(NOW, tick=False) as clock:
        old, _is_new = invitations.invitation_add(company=company, by=admin, **NIA)
        old_token = token_of(old)
        clock.shift(7 * 24 * 3600)
        _new, is_new = invitations.invitation_add(company=company, by=admin, **NIA)
        assert is_new
        with pytest.raises(InvitationOver):
            invitations.invitation_of(token=old_token)


def test_a_person_of_the_company_is_not_invited(company, admin, viewer):
    with pytest.raises(AlreadyThere):
        invitations.invitation_add(
            company=company, by=admin, email=viewer.email.upper(), name="Vic", role="viewer"
        )


def test_a_person_of_another_company_is_invited_like_anybody(company, admin, outsider, mailoutbox):
    def work(email):
        with CaptureQueriesContext(connection) as captured:
            invitation, is_new = invitations.invitation_add(
                company=company, by=admin, **NIA | {"email": email}
            )
            assert invitations.invitation_mail(invitation=invitation)
        return is_new, len(captured)

    work("first@new.example")  # which begins the company's trail
    assert work("nobody@new.example") == work(outsider.email)
    assert len(mailoutbox) == 3


@pytest.mark.parametrize("who", ["manager", "viewer", "outsider"])
def test_who_may_not_manage_people_invites_nobody(company, who, request):
    with pytest.raises(NotAllowed):
        invitations.invitation_add(company=company, by=request.getfixturevalue(who), **NIA)


def test_only_an_owner_invites_an_owner(company, admin, owner):
    with pytest.raises(NotAllowed):
        invitations.invitation_add(company=company, by=admin, **NIA | {"role": "owner"})
    invitation, _is_new = invitations.invitation_add(
        company=company, by=owner, **NIA | {"role": "owner"}
    )
    for change in (invitations.invitation_renew, invitations.invitation_withdraw):
        with pytest.raises(NotAllowed):
            change(invitation=invitation, by=admin)


def test_invitations_are_no_way_to_write_to_the_world(company, admin, monkeypatch):
    monkeypatch.setattr(invitations, "OPEN_AT_MOST", 2)
    for number in range(2):
        invitations.invitation_add(company=company, by=admin, **NIA | {"email": f"{number}@x.test"})
    with pytest.raises(TooManyInvitations):
        invitations.invitation_add(company=company, by=admin, **NIA)


def test_the_database_keeps_one_invitation_of_an_email(company, sent):
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(company=company, email=sent.email, name="X", role="viewer")


# --- The mail ----------------------------------------------------------------------------


def test_the_mail_has_the_link_below_the_site_address(company, sent, mailoutbox, settings):
    settings.SITE_URL = "https://workhub.example"
    assert invitations.invitation_mail(invitation=sent)
    [mail] = mailoutbox
    assert mail.to == ["nia@new.example"]
    assert mail.subject == "You are invited to Northern Build on Workhub"
    assert f"https://workhub.example/invitation/{token_of(sent)}/\n" in mail.body
    assert "Ada Admin invites you" in mail.body


def test_who_is_known_elsewhere_is_told_so_and_gets_no_link(company, admin, outsider, mailoutbox):
    invitation, _is_new = invitations.invitation_add(
        company=company, by=admin, **NIA | {"email": outsider.email}
    )
    invitations.invitation_mail(invitation=invitation)
    [mail] = mailoutbox
    assert mail.to == [outsider.email]
    assert "one e-mail signs in to one company" in mail.body
    assert "/invitation/" not in mail.body
    assert "Southern" not in mail.body


def test_a_mail_server_that_is_away_is_noted(sent, monkeypatch):
    def refuse(*args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr("accounts.mail.send_mail", refuse)
    assert not invitations.invitation_mail(invitation=sent)
    sent.refresh_from_db()
    assert sent.mail_failed
    _renewed, is_new = invitations.invitation_renew(invitation=sent, by=None)
    assert is_new


# --- Again, or no more -------------------------------------------------------------------


def test_sending_again_ends_the_old_link_and_lasts_as_long_again(company, admin, second_admin):
    with time_machine.travel(NOW, tick=False) as clock:
        sent, _is_new = invitations.invitation_add(company=company, by=admin, **NIA)
        old = token_of(sent)
        clock.shift(6 * 24 * 3600)
        renewed, is_new = invitations.invitation_renew(invitation=sent, by=second_admin)
        assert is_new
        with pytest.raises(InvitationOver):
            invitations.invitation_of(token=old)
        clock.shift(6 * 24 * 3600)
        assert invitations.invitation_of(token=token_of(renewed)) == sent
    # Who has sent it last answers for it.
    services.person_deactivate(person=second_admin, by=admin)
    assert not Invitation.objects.exists()


def test_sending_again_twice_at_once_leaves_the_link_that_was_mailed(company, admin):
    with time_machine.travel(NOW, tick=False) as clock:
        sent, _is_new = invitations.invitation_add(company=company, by=admin, **NIA)
        clock.shift(61)
        first, _is_new = invitations.invitation_renew(invitation=sent, by=admin)
        second, is_new = invitations.invitation_renew(invitation=sent, by=admin)
        assert not is_new
        assert second.link_number == first.link_number


def test_what_is_withdrawn_is_over(company, admin, sent):
    token = token_of(sent)
    assert invitations.invitation_withdraw(invitation=sent, by=admin)
    assert not invitations.invitation_withdraw(invitation=sent, by=admin)
    with pytest.raises(InvitationOver):
        invitations.invitation_of(token=token)
    with pytest.raises(InvitationOver):
        invitations.invitation_renew(invitation=sent, by=admin)
    assert [event.action for event in events(company)] == ["sent", "withdrew"]


# --- Accepting ---------------------------------------------------------------------------


def test_who_accepts_is_a_person_in_the_role(company, sent):
    with acting_from("203.0.113.7"):
        person = invitations.invitation_accept(token=token_of(sent), password=PASSWORD)
    person.refresh_from_db()
    assert (person.email, person.name, person.role, person.company) == (
        "nia@new.example",
        "Nia New",
        "manager",
        company,
    )
    assert person.check_password(PASSWORD)
    event = events(company)[-1]
    assert (event.actor, event.action, event.address) == (
        person,
        "accepted the invitation",
        "203.0.113.7",
    )
    assert PASSWORD not in str(event.changes)
    with pytest.raises(InvitationOver):
        invitations.invitation_accept(token=token_of(sent), password="another long password")


def test_a_link_lasts_seven_days(company, admin):
    with time_machine.travel(NOW, tick=False) as clock:
        sent, _is_new = invitations.invitation_add(company=company, by=admin, **NIA)
        clock.shift(7 * 24 * 3600 - 1)
        assert invitations.invitation_of(token=token_of(sent)) == sent
        clock.shift(1)
        with pytest.raises(InvitationOver):
            invitations.invitation_accept(token=token_of(sent), password=PASSWORD)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda token: "", id="empty"),
        pytest.param(lambda token: "nonsense", id="nonsense"),
        pytest.param(lambda token: token[:-1], id="cut"),
        pytest.param(lambda token: token.replace("-1:", "-2:"), id="another-number"),
        pytest.param(lambda token: token.rpartition(":")[0], id="unsigned"),
        pytest.param(lambda token: Signer().sign(token.rpartition(":")[0]), id="another-purpose"),
        pytest.param(lambda token: invitations._SIGNER.sign("x"), id="another-text"),
        pytest.param(lambda token: token + "\u00e9\u0000", id="not-ascii"),
    ],
)
def test_a_link_that_never_was_one_opens_nothing(sent, spoil):
    with pytest.raises(InvitationOver):
        invitations.invitation_of(token=spoil(token_of(sent)))


@pytest.mark.parametrize("is_active", [True, False])
def test_an_email_that_became_somebodys_meanwhile_is_not_taken_over(sent, other_company, is_active):
    theirs = User.objects.create_user(
        "nia@new.example", PASSWORD, company=other_company, is_active=is_active
    )
    with pytest.raises(InvitationOver):
        invitations.invitation_accept(token=token_of(sent), password="another long password")
    theirs.refresh_from_db()
    assert theirs.company == other_company
    assert theirs.check_password(PASSWORD)


def test_who_was_added_without_a_password_gets_one(company, admin):
    person = User.objects.create_user("nia@new.example", name="Nia", company=company, role="admin")
    with pytest.raises(AlreadyThere):  # the role is changed on the person's page, not by this
        invitations.invitation_add(company=company, by=admin, **NIA)
    sent, _is_new = invitations.invitation_add(
        company=company, by=admin, email=person.email, name="Nia", role="admin"
    )
    services.person_change(person=person, by=admin, name="Nia", role=Role.VIEWER)
    assert invitations.invitation_accept(token=token_of(sent), password=PASSWORD) == person
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert person.role == "viewer"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "sqlite" in connection.vendor, reason="SQLite lets in one writer at a time anyway"
)
def test_of_two_presses_at_once_one_is_the_password(sent):
    barrier, accepted, refused = threading.Barrier(2), [], []

    def accept(password):
        barrier.wait()
        try:
            invitations.invitation_accept(token=token_of(sent), password=password)
            accepted.append(password)
        except InvitationOver:
            refused.append(password)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=accept, args=(f"a long password {number}",)) for number in (1, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(accepted), len(refused)) == (1, 1)
    assert User.objects.get(email="nia@new.example").check_password(accepted[0])
