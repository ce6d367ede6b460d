"""The second factor of a person: an authenticator app, and recovery codes for when it is lost.

The rows are django-allauth's (`mfa.Authenticator`), their secrets sealed by accounts/adapter.py.
"""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.audit.trail import audit_event_add, own_event_add
from accounts.models import User
from accounts.roles import right_to_manage
from accounts.services import require_right
from accounts.sign_in import limits
from accounts.sign_in.sealing import Unreadable

_APP = Authenticator.Type.TOTP
_CODES = Authenticator.Type.RECOVERY_CODES


class SecondFactorRequired(Exception):
    """The company does not let anybody go without."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What a person has; `codes_left` is None when the codes cannot be read."""

    added_at: datetime
    last_used_at: datetime | None
    codes_left: int | None


def has_second_factor(*, person: User) -> bool:
    return bool(Authenticator.objects.filter(user=person, type=_APP).exists())


def has_second_factor_of(reference: str) -> Exists:
    """Return the same for a query over people: `reference` is the field with the person's id."""
    return Exists(Authenticator.objects.filter(user=OuterRef(reference), type=_APP))


def second_factor_of(*, person: User) -> SecondFactor | None:
    """Return what the person has, or None."""
    rows = {row.type: row for row in Authenticator.objects.filter(user=person)}
    app, codes = rows.get(_APP), rows.get(_CODES)
    if app is None:
        return None
    used = [row.last_used_at for row in (app, codes) if row and row.last_used_at]
    return SecondFactor(
        added_at=app.created_at,
        last_used_at=max(used, default=None),
        codes_left=_codes_left(codes) if codes else 0,
    )


def recovery_codes_of(*, person: User) -> list[str]:
    """Return the codes that are not spent. Raises Unreadable."""
    row = Authenticator.objects.filter(user=person, type=_CODES).first()
    return RecoveryCodes(row).get_unused_codes() if row else []


@transaction.atomic
def second_factor_add(*, person: User, secret: str) -> bool:
    """Ask the person for codes of this app from now on, in place of an app of before.

    `secret` is in base32. Tells whether there are new recovery codes, which are to be shown.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    replaced, _rows = Authenticator.objects.filter(user=person, type=_APP).delete()
    TOTP.activate(person, secret)
    has_codes = Authenticator.objects.filter(user=person, type=_CODES).exists()
    if not has_codes:
        RecoveryCodes.activate(person)
    action = "replaced the second factor" if replaced else "set up a second factor"
    own_event_add(person=person, action=action)
    return not has_codes


@transaction.atomic
def second_factor_remove(*, person: User) -> bool:
    """Go without from now on; tell whether there was one. Raises SecondFactorRequired."""
    person = User.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
    if person.company is not None and person.company.second_factor_required:
        raise SecondFactorRequired
    removed, _rows = Authenticator.objects.filter(user=person).delete()
    if removed:
        own_event_add(person=person, action="removed the second factor")
    return bool(removed)


@transaction.atomic
def second_factor_reset(*, person: User, by: User | None) -> bool:
    """Take away the second factor of somebody who has lost it; tell whether there was one.

    The sessions go on: who has lost a phone may be signed in elsewhere. Raises NotAllowed.
    """
    person = User.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
    if person.company is not None:
        require_right(company=person.company, by=by, right=right_to_manage(person.role))
    removed, _rows = Authenticator.objects.filter(user=person).delete()
    limits.code_attempts_forget(person_id=person.pk)
    if removed and person.company is not None:
        audit_event_add(
            company=person.company,
            actor=by,
            action="reset the second factor of",
            subject=person,
        )
    return bool(removed)


@transaction.atomic
def recovery_codes_make(*, person: User) -> None:
    """Make new recovery codes; those of before open nothing any more."""
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if not has_second_factor(person=person):
        return
    Authenticator.objects.filter(user=person, type=_CODES).delete()
    RecoveryCodes.activate(person)
    own_event_add(person=person, action="made new recovery codes")


def _codes_left(row: Authenticator) -> int | None:
    try:
        return len(RecoveryCodes(row).get_unused_codes())
    except Unreadable:
        return None
