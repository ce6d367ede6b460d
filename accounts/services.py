"""Writes to companies and people, each with its line in the audit trail."""

from collections.abc import Callable, Iterable, Mapping

from allauth.account import app_settings as allauth_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import models, transaction
from django.urls import reverse

from accounts.models import AuditEvent, Company, Role, User

# What another app must do when coming-due days or the time zone have changed: they are part of
# rows derived there. Such an app appends its function in AppConfig.ready(), because this
# app imports none of ours; a list, not a signal, so that a reader finds who is called and
# an error undoes the change. Called inside the transaction of the change.
company_changed_hooks: list[Callable[[Company], None]] = []

# What admins set themselves.
COMPANY_FIELDS = ("name", "time_zone", "coming_due_days", "request_log_days")


class LastAdmin(Exception):
    """The change would leave the company without an active admin."""


def audit_event_add(
    *,
    company: Company,
    actor: User | None,
    action: str,
    subject: models.Model,
    changes: Mapping[str, list[str]] | None = None,
    address: str | None = None,
) -> AuditEvent:
    """Record that `actor` (None: the system itself) did `action` to `subject`.

    `changes` maps a field to its text before and after; callers keep secrets out of it.
    Call it inside the transaction of the change, so that neither stands without the other.
    """
    return AuditEvent.objects.create(
        company=company,
        actor=actor,
        actor_name=str(actor) if actor else "Workhub",
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=str(getattr(subject, "code", subject.pk)),
        subject_name=str(subject)[:300],
        changes=dict(changes or {}),
        address=address,
    )


# --- Company ---------------------------------------------------------------------------


@transaction.atomic
def company_change(
    *, company: Company, by: User | None, address: str | None = None, **fields: str | int
) -> bool:
    """Set any of COMPANY_FIELDS, and tell whether anything changed.

    Raises ValidationError when a value cannot stand.
    """
    unknown = fields.keys() - set(COMPANY_FIELDS)
    if unknown:
        raise TypeError(f"not a field of a company that is changed here: {sorted(unknown)}")
    stored = _locked(company)
    before = _as_text(stored, COMPANY_FIELDS)
    for name, value in fields.items():
        setattr(stored, name, value)
    stored.full_clean()
    changes = _changes(before, _as_text(stored, COMPANY_FIELDS))
    if not changes:
        return False
    stored.save(update_fields=COMPANY_FIELDS)
    audit_event_add(
        company=stored, actor=by, action="changed", subject=stored, changes=changes, address=address
    )
    if changes.keys() & {"coming_due_days", "time_zone"}:
        for hook in company_changed_hooks:
            hook(stored)
    return True


# --- People ----------------------------------------------------------------------------


@transaction.atomic
def person_add(
    *,
    company: Company,
    by: User | None,
    email: str,
    name: str,
    role: str,
    address: str | None = None,
) -> User:
    """Add a person who cannot sign in before setting a password by `set_password_link`."""
    person = User.objects.create_user(email, None, name=name, company=company, role=role)
    audit_event_add(
        company=company,
        actor=by,
        action="added",
        subject=person,
        changes={"email": ["", person.email], "role": ["", str(Role(role).label)]},
        address=address,
    )
    return person


@transaction.atomic
def person_change(
    *, person: User, by: User | None, name: str, role: str, address: str | None = None
) -> bool:
    """Set name and role, and tell whether anything changed.

    Raises LastAdmin when nobody else could undo it.
    """
    company, stored = _locked_person(person)
    before = {"name": stored.name, "role": str(Role(stored.role).label)}
    if role != Role.ADMIN:
        _require_another_admin(company, stored)
    stored.name, stored.role = name, role
    changes = _changes(before, {"name": name, "role": str(Role(role).label)})
    if not changes:
        return False
    stored.save(update_fields=["name", "role"])
    audit_event_add(
        company=company,
        actor=by,
        action="changed",
        subject=stored,
        changes=changes,
        address=address,
    )
    return True


@transaction.atomic
def person_deactivate(*, person: User, by: User | None, address: str | None = None) -> bool:
    """Keep the person out from the next request on; tell whether that was still to do.

    Raises LastAdmin when nobody else could undo it.
    """
    company, stored = _locked_person(person)
    if not stored.is_active:
        return False
    _require_another_admin(company, stored)
    stored.is_active = False
    stored.session_epoch += 1
    stored.save(update_fields=["is_active", "session_epoch"])
    audit_event_add(
        company=company, actor=by, action="deactivated", subject=stored, address=address
    )
    return True


@transaction.atomic
def person_reactivate(*, person: User, by: User | None, address: str | None = None) -> bool:
    """Let the person sign in again; tell whether that was still to do."""
    company, stored = _locked_person(person)
    if stored.is_active:
        return False
    stored.is_active = True
    stored.save(update_fields=["is_active"])
    audit_event_add(
        company=company, actor=by, action="reactivated", subject=stored, address=address
    )
    return True


def set_password_link(*, person: User) -> str:
    """Return the address where a person sets a password: good once, for some days.

    It is what django-allauth mails to somebody who forgot theirs, so its page and its
    limits are the same.
    """
    token = allauth_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(person)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(person), "key": token},
    )
    return f"{settings.SITE_URL}{path}"


@transaction.atomic
def password_change(*, person: User, password: str, address: str | None = None) -> None:
    """Store a password that the person has chosen; other sessions of the person end."""
    person.set_password(password)
    # This field only: the role may have been changed since `person` was read.
    person.save(update_fields=["password"])
    if person.company is not None:
        audit_event_add(
            company=person.company,
            actor=person,
            action="set a new password",
            subject=person,
            address=address,
        )


# --- Common ----------------------------------------------------------------------------


def _locked(company: Company) -> Company:
    return Company.objects.select_for_update().get(pk=company.pk)


def _locked_person(person: User) -> tuple[Company, User]:
    """Return the company and the person as stored, with the company's row locked.

    One lock for all people of a company: two admins who demote each other at once take
    turns, and the second finds that nobody else is left.
    """
    if person.company is None:
        raise ValueError("an operator belongs to no company")
    company = _locked(person.company)
    return company, User.objects.for_company(company).get(pk=person.pk)


def _require_another_admin(company: Company, person: User) -> None:
    if not (person.is_active and person.is_company_admin):
        return
    admins = User.objects.for_company(company).filter(role=Role.ADMIN, is_active=True)
    if not admins.exclude(pk=person.pk).exists():
        raise LastAdmin


def _as_text(row: models.Model, fields: Iterable[str]) -> dict[str, str]:
    return {name: str(getattr(row, name)) for name in fields}


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}
