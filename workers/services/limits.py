"""Limiting a person to a division or location."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit.trail import audit_event_add
from accounts.languages import own_language
from accounts.models import Company, User
from accounts.roles import Role, right_to_manage
from accounts.services import OwnerIsLimited, access_narrowed, person_locked, require_right
from workers.limits import limit_name
from workers.models import Division, Location
from workers.scope import EVERYBODY, Scope


@transaction.atomic
def person_limit_set(*, person: User, to: Division | Location | None, by: User | None) -> bool:
    """Let the person see only that place from the next request on, or with None everything.

    Tells whether anything changed. Whoever sees less than before is signed out everywhere, and
    what they invited is withdrawn. Raises OwnerIsLimited, NotAllowed when `by` may not, and
    ValidationError for a place of another company.
    """
    company, stored = person_locked(person)
    require_right(company=company, by=by, right=right_to_manage(stored.role))
    limit, before = _limit(company, to), Scope.of(stored.limit)
    if limit == before:
        return False
    if limit and stored.role == Role.OWNER:
        raise OwnerIsLimited
    stored.limit = limit.as_stored()
    stored.save(update_fields=["limit"])
    if limit:
        access_narrowed(person=stored, by=by)
    audit_event_add(
        company=company,
        actor=by,
        action="changed",
        subject=stored,
        changes=_changes(company, before, limit),
    )
    return True


def _changes(company: Company, before: Scope, after: Scope) -> dict[str, list[str]]:
    with own_language():
        return {_("Sees"): [limit_name(company, one) for one in (before, after)]}


def _limit(company: Company, to: Division | Location | None) -> Scope:
    if to is None:
        return EVERYBODY
    if not type(to)._default_manager.filter(company=company, pk=to.pk).exists():
        raise ValidationError(_("This division or location is no longer there."), code="not_there")
    ids = frozenset({to.pk})
    return Scope(divisions=ids) if isinstance(to, Division) else Scope(locations=ids)
