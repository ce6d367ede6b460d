"""Inviting somebody by e-mail to become a person of the company.

The link is signed and not stored: for the invitation and the number of its last link, so that it
dies when another is made, when it was used, and when the invitation is withdrawn.

An e-mail may be a person's of another company, and one e-mail is one person. The admin who
invites it sees what they see of any other: the same answer after the same work, and an
invitation that waits. Only the mail differs, which whoever owns the mailbox reads. Where mail
is not sent the admin can copy the link, whose page is the same as well.
"""

import re
import uuid

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from accounts.audit.trail import audit_event_add
from accounts.languages import in_own_language
from accounts.mail import mail_to
from accounts.models import Company, Invitation, User
from accounts.roles import Role, right_to_manage
from accounts.services import invitation_remove, require_right

# So many can wait at once: enough for a company, and of no use for sending mail to the world.
OPEN_AT_MOST = 100

_SIGNER = Signer(salt="accounts.invitations")
_TOKEN = re.compile("([0-9a-f]{32})-([0-9]{1,9})", re.ASCII)


class AlreadyThere(Exception):
    """The e-mail is a person's of the company."""


class AlreadyInvited(Exception):
    """An invitation for the e-mail waits already."""


class TooManyInvitations(Exception):
    """OPEN_AT_MOST of them wait."""


class InvitationOver(Exception):
    """The link was used, withdrawn, replaced, is too old or never was one."""


# --- Sending -----------------------------------------------------------------------------


@transaction.atomic
def invitation_add(
    *,
    company: Company,
    by: User | None,
    email: str,
    name: str,
    role: str,
) -> tuple[Invitation, bool]:
    """Invite, and tell whether a mail is to be sent: not for the same form sent twice.

    A person of the company who has no password yet is invited as who they are.
    Raises NotAllowed, AlreadyThere, AlreadyInvited, TooManyInvitations.
    """
    email = email.strip().lower()
    company = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    require_right(company=company, by=by, right=right_to_manage(role))
    person = User.objects.for_company(company).filter(email=email).first()
    if person is not None and not (
        _waits_for_a_password(person) and (person.name, person.role) == (name, role)
    ):
        raise AlreadyThere
    invitation = Invitation.objects.for_company(company).filter(email=email).first()
    if invitation is not None and invitation.is_open:
        if invitation.is_settling and (invitation.name, invitation.role) == (name, role):
            return invitation, False
        raise AlreadyInvited
    if invitation is not None:
        invitation.delete()
    if Invitation.objects.for_company(company).count() >= OPEN_AT_MOST:
        raise TooManyInvitations
    invitation = Invitation.objects.create(
        company=company, email=email, name=name, role=role, invited_by=by
    )
    audit_event_add(
        company=company,
        actor=by,
        action="sent",
        subject=invitation,
        changes={"email": ["", email], "role": ["", in_own_language(Role(role).label)]},
    )
    return invitation, True


@transaction.atomic
def invitation_renew(*, invitation: Invitation, by: User | None) -> tuple[Invitation, bool]:
    """Make another link, which ends the old one and lasts as long again.

    Tells whether a mail is to be sent: not when one is on the way. Raises NotAllowed, and
    InvitationOver when it was accepted or withdrawn meanwhile.
    """
    stored = _locked(invitation)
    require_right(company=stored.company, by=by, right=right_to_manage(stored.role))
    if stored.is_settling:
        return stored, False
    stored.link_number += 1
    stored.link_made_at = timezone.now()
    stored.mail_failed = False
    # Who sends it answers for it: the link ends when they may no longer send it.
    stored.invited_by = by
    stored.save(update_fields=["link_number", "link_made_at", "mail_failed", "invited_by"])
    audit_event_add(
        company=stored.company,
        actor=by,
        action="sent again",
        subject=stored,
        changes={"email": ["", stored.email]},
    )
    return stored, True


@transaction.atomic
def invitation_withdraw(*, invitation: Invitation, by: User | None) -> bool:
    """End the invitation; tell whether that was still to do. Raises NotAllowed."""
    try:
        stored = _locked(invitation)
    except InvitationOver:
        return False
    require_right(company=stored.company, by=by, right=right_to_manage(stored.role))
    invitation_remove(invitation=stored, by=by)
    return True


def invitation_mail(*, invitation: Invitation) -> bool:
    """Send the mail, and tell whether a mail server took it. Call it outside a transaction."""
    is_elsewhere = User.objects.filter(email=invitation.email).exclude(
        company_id=invitation.company_id
    )
    template = "invitation_elsewhere" if is_elsewhere.exists() else "invitation"
    context = {"invitation": invitation, "link": invitation_link(invitation=invitation)}
    try:
        mail_to(invitation.email, f"accounts/mail/{template}", context)
    except OSError:  # smtplib's errors are such, too
        Invitation.objects.filter(pk=invitation.pk).update(mail_failed=True)
        return False
    return True


def invitation_link(*, invitation: Invitation) -> str:
    """Return the address where the invited person sets a password."""
    token = _SIGNER.sign(f"{invitation.code.hex}-{invitation.link_number}")
    return f"{settings.SITE_URL}{reverse('invitation', kwargs={'token': token})}"


# --- Accepting ---------------------------------------------------------------------------


def invitation_of(*, token: str) -> Invitation:
    """Return the invitation that the link is for. Raises InvitationOver."""
    try:
        match = _TOKEN.fullmatch(_SIGNER.unsign(token))
    except BadSignature as error:
        raise InvitationOver from error
    if match is None:
        raise InvitationOver
    invitation = (
        Invitation.objects.filter(code=uuid.UUID(match[1]), link_number=int(match[2]))
        .select_related("company")
        .first()
    )
    if invitation is None or not invitation.is_open:
        raise InvitationOver
    return invitation


def invitation_accept(*, token: str, password: str) -> User:
    """Make the person who was invited, or give a person who had no password theirs.

    Raises InvitationOver, also when the e-mail is a person's of another company.
    """
    try:
        return _accepted(token, password)
    except IntegrityError as error:  # another company's link was used at the same moment
        raise InvitationOver from error


@transaction.atomic
def _accepted(token: str, password: str) -> User:
    _locked(invitation_of(token=token))
    # Of two presses at once, the second finds it gone.
    invitation = invitation_of(token=token)
    person = User.objects.filter(email=invitation.email).first()
    if person is None:
        person = User(
            email=invitation.email,
            company=invitation.company,
            name=invitation.name,
            role=invitation.role,
            # In which they read the page of the invitation; mails to them follow it.
            language=get_language() or "",
        )
    elif person.company_id != invitation.company_id or not _waits_for_a_password(person):
        raise InvitationOver
    person.set_password(password)
    person.save()
    audit_event_add(
        company=invitation.company,
        actor=person,
        action="accepted the invitation",
        subject=person,
        changes={
            "email": ["", person.email],
            "role": ["", in_own_language(Role(person.role).label)],
        },
    )
    invitation.delete()
    return person


def _waits_for_a_password(person: User) -> bool:
    """Tell whether somebody, such as the operator, added the person without one."""
    return person.is_active and not person.has_usable_password()


def _locked(invitation: Invitation) -> Invitation:
    """Return the invitation as stored, with the company's row locked; all its changes take turns.

    Raises InvitationOver when it is gone.
    """
    company = Company.objects.select_for_update(no_key=True).get(pk=invitation.company_id)
    stored = Invitation.objects.for_company(company).filter(pk=invitation.pk).first()
    if stored is None:
        raise InvitationOver
    stored.company = company
    return stored
