"""Writes to companies and people, each with its line in the audit trail."""

import uuid
from collections.abc import Callable, Iterable, Mapping

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils import timezone

from accounts.audit.trail import audit_event_add, own_event_add
from accounts.languages import in_own_language, own_language
from accounts.models import Company, Invitation, SecretsPolicy, User
from accounts.roles import Right, Role, right_to_manage
from accounts.sign_in import limits, sessions
from accounts.sign_in.browsers import browser_and_system

# What another app must do when coming-due days or the time zone have changed: they are part of
# rows derived there. Such an app appends its function in AppConfig.ready(), because this
# app imports none of ours; a list, not a signal, so that a reader finds who is called and
# an error undoes the change. Called inside the transaction of the change.
company_changed_hooks: list[Callable[[Company], None]] = []

# The same for when secrets are no longer kept: what is kept of them must go.
secrets_not_kept_hooks: list[Callable[[Company], None]] = []

# What admins set themselves.
COMPANY_FIELDS = ("name", "time_zone", "coming_due_days", "request_log_days")


# What owners set for everybody's signing in, and for what signing in leads to.
SECURITY_FIELDS = ("second_factor_required", "secrets_policy", "max_key_age_days")


class LastOwner(Exception):
    """The change would leave the company without an active owner."""


class OwnerIsLimited(Exception):
    """An owner sees the whole company, and whoever is to be one has a limit."""


class NotAllowed(PermissionDenied):
    """Who asks may not, as things are stored now: a page that let them in answers 403."""


# --- Company ---------------------------------------------------------------------------


@transaction.atomic
def company_change(*, company: Company, by: User | None, **fields: str | int | None) -> bool:
    """Set any of COMPANY_FIELDS or SECURITY_FIELDS, and tell whether anything changed.

    Raises ValidationError when a value cannot stand, NotAllowed when `by` may not.
    """
    changeable = (*COMPANY_FIELDS, *SECURITY_FIELDS)
    unknown = fields.keys() - set(changeable)
    if unknown:
        raise TypeError(f"not a field of a company that is changed here: {sorted(unknown)}")
    stored = _locked(company)
    if fields.keys() & set(SECURITY_FIELDS):
        require_right(company=stored, by=by, right=Right.MANAGE_SECURITY)
    before = _as_text(stored, changeable)
    for name, value in fields.items():
        setattr(stored, name, value)
    changes = _changes(before, _as_text(stored, changeable))
    if "max_key_age_days" in changes:
        stored.max_key_age_set_at = timezone.now()
    stored.full_clean()
    if not changes:
        return False
    stored.save(update_fields=(*changeable, "max_key_age_set_at"))
    if changes.keys() & {"coming_due_days", "time_zone"}:
        for hook in company_changed_hooks:
            hook(stored)
    if "secrets_policy" in changes and stored.secrets_policy == SecretsPolicy.SHOW_ONCE:
        for hook in secrets_not_kept_hooks:
            hook(stored)
    # Last: whoever else writes in the trail waits from here on.
    audit_event_add(company=stored, actor=by, action="changed", subject=stored, changes=changes)
    return True


# --- People ----------------------------------------------------------------------------


@transaction.atomic
def person_change(*, person: User, by: User | None, name: str, role: str) -> bool:
    """Set name and role, and tell whether anything changed. A new role ends all sessions.

    Raises LastOwner when nobody else could undo it, OwnerIsLimited, NotAllowed when `by` may
    not.
    """
    company, stored = person_locked(person)
    if role == Role.OWNER and stored.limit:
        raise OwnerIsLimited
    before = {"name": stored.name, "role": in_own_language(Role(stored.role).label)}
    for concerned in {right_to_manage(stored.role), right_to_manage(role)}:
        require_right(company=company, by=by, right=concerned)
    if role != Role.OWNER:
        _require_another_owner(company, stored)
    has_new_role = role != stored.role
    stored.name, stored.role = name, role
    changes = _changes(before, {"name": name, "role": in_own_language(Role(role).label)})
    if not changes:
        return False
    stored.save(update_fields=["name", "role"])
    if has_new_role:
        access_narrowed(person=stored, by=by)
    audit_event_add(
        company=company,
        actor=by,
        action="changed",
        subject=stored,
        changes=changes,
    )
    return True


@transaction.atomic
def person_deactivate(*, person: User, by: User | None) -> bool:
    """Keep the person out from the next request on; tell whether that was still to do.

    Invitations that the person sent, or that are for the person, end too: no door stays open.
    Raises LastOwner when nobody else could undo it, NotAllowed when `by` may not.
    """
    company, stored = person_locked(person)
    require_right(company=company, by=by, right=right_to_manage(stored.role))
    if not stored.is_active:
        return False
    _require_another_owner(company, stored)
    stored.is_active = False
    stored.save(update_fields=["is_active"])
    access_narrowed(person=stored, by=by)
    audit_event_add(company=company, actor=by, action="deactivated", subject=stored)
    return True


@transaction.atomic
def person_reactivate(*, person: User, by: User | None) -> bool:
    """Let the person sign in again; tell whether that was still to do.

    Raises NotAllowed when `by` may not.
    """
    company, stored = person_locked(person)
    require_right(company=company, by=by, right=right_to_manage(stored.role))
    if stored.is_active:
        return False
    stored.is_active = True
    stored.save(update_fields=["is_active"])
    audit_event_add(company=company, actor=by, action="reactivated", subject=stored)
    return True


def invitation_remove(*, invitation: Invitation, by: User | None) -> None:
    """End an invitation that is no longer meant. Call it inside a transaction."""
    audit_event_add(
        company=invitation.company,
        actor=by,
        action="withdrew",
        subject=invitation,
        changes={
            "email": [invitation.email, ""],
            "role": [in_own_language(Role(invitation.role).label), ""],
        },
    )
    invitation.delete()


def access_narrowed(*, person: User, by: User | None) -> None:
    """Close the doors that are open to a person who may no longer do what they could.

    All sessions end, and the invitations that the person may no longer send: whom they would
    let in could be anybody. So does one for the person, when the person is deactivated. Call it
    after the change, inside its transaction.
    """
    sessions.sessions_end(person=person)
    for invitation in Invitation.objects.filter(
        models.Q(invited_by=person) | models.Q(company=person.company_id, email=person.email)
    ):
        may_send = (
            person.is_active
            and person.company_id == invitation.company_id
            and person.may(right_to_manage(invitation.role))
        )
        is_sent_in_vain = invitation.invited_by_id == person.pk and not may_send
        is_for_the_deactivated = invitation.email == person.email and not person.is_active
        if is_sent_in_vain or is_for_the_deactivated:
            invitation_remove(invitation=invitation, by=by)


# --- Of a person alone -------------------------------------------------------------------


@transaction.atomic
def password_change(*, person: User, password: str) -> None:
    """Store a password that the person has chosen; all sessions of the person end."""
    person.set_password(password)
    # This field only: the role may have been changed since `person` was read.
    person.save(update_fields=["password"])
    sessions.sessions_end(person=person)
    # Whoever knew the old one can no longer come so far as to be asked for a code.
    limits.code_attempts_forget(person_id=person.pk)
    own_event_add(person=person, action="set a new password")


@transaction.atomic
def session_end(*, person: User, code: uuid.UUID) -> bool:
    """End one session because the person asked for it; tell whether it was still there."""
    ended = sessions.session_end(person=person, code=code)
    if ended is None:
        return False
    where = ", ".join(filter(None, [*browser_and_system(ended.user_agent), ended.address]))
    own_event_add(person=person, action="ended a session", changes={"session": [where, ""]})
    return True


@transaction.atomic
def sessions_end(*, person: User) -> None:
    """End all sessions because the person asked for it."""
    sessions.sessions_end(person=person)
    own_event_add(person=person, action="signed out everywhere")


# --- Common ----------------------------------------------------------------------------


def _locked(company: Company) -> Company:
    return Company.objects.select_for_update(no_key=True).get(pk=company.pk)


def person_locked(person: User) -> tuple[Company, User]:
    """Return the company and the person as stored, with the company's row locked.

    One lock for all people of a company: two admins who demote each other at once take
    turns, and the second finds that nobody else is left.
    """
    if person.company is None:
        raise ValueError("an operator belongs to no company")
    company = _locked(person.company)
    return company, User.objects.for_company(company).get(pk=person.pk)


def require_right(*, company: Company, by: User | None, right: Right) -> None:
    """Raise NotAllowed when `by` does not have the right as things are stored now.

    The system itself (None) and an operator, who belongs to no company, may.
    """
    if by is None or (by.is_staff and by.company_id is None):
        return
    stored = User.objects.for_company(company).filter(pk=by.pk, is_active=True).first()
    if stored is None or not stored.may(right):
        raise NotAllowed


def _require_another_owner(company: Company, person: User) -> None:
    if not (person.is_active and person.is_company_owner):
        return
    if not other_active_owners(company=company, person=person).exists():
        raise LastOwner


def other_active_owners(*, company: Company, person: User) -> models.QuerySet[User]:
    owners = User.objects.for_company(company).filter(role=Role.OWNER, is_active=True)
    return owners.exclude(pk=person.pk)


def _as_text(row: models.Model, fields: Iterable[str]) -> dict[str, str]:
    return {name: _text(row, name) for name in fields}


def _text(row: models.Model, name: str) -> str:
    """Return the value as the audit trail keeps it, whoever reads that later."""
    value = getattr(row, name)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    display = getattr(row, f"get_{name}_display", None)  # of a field with choices
    if display is not None:
        with own_language():
            return str(display())
    return "" if value is None else str(value)


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}
