"""Limiting a person to a division or location."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit.trail import audit_event_add
from accounts.models import Company, User
from accounts.roles import Role, right_to_manage
from accounts.services import OwnerIsLimited, access_narrowed, require_right
from workers.limits import limit_name
from workers.models import Division, Location
from workers.scope import EVERYBODY, Scope


@transaction.atomic
def person_limit_set(
    *, company: Company, person: User, to: Division | Location | None, by: User | None
) -> bool:
    """Let the person see only that place from the next request on, or with None everything.

    Tells whether anything changed. Whoever sees less than before is signed out everywhere, and
    what they invited is withdrawn. Raises OwnerIsLimited, NotAllowed when `by` may not, and
    ValidationError for a place of another company.
    """
    # One lock for all people of a company, as for their roles.
    stored_company = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    stored = User.objects.for_company(stored_company).get(pk=person.pk)
    require_right(company=stored_company, by=by, right=right_to_manage(stored.role))
    limit = _limit(stored_company, to)
    before = Scope.of(stored.limit)
    if limit == before:
        return False
    if limit and stored.role == Role.OWNER:
        raise OwnerIsLimited
    stored.limit = limit.as_stored()
    stored.save(update_fields=["limit"])
    if limit:
        access_narrowed(person=stored, by=by)
    audit_event_add(
        company=stored_company,
        actor=by,
        action="changed",
        subject=stored,
        changes={_("Sees"): [limit_name(before), limit_name(limit)]},
    )
    return True


def _limit(company: Company, to: Division | Location | None) -> Scope:
    if to is None:
        return EVERYBODY
    if not type(to)._default_manager.filter(company=company, pk=to.pk).exists():
        raise ValidationError(_("This division or location is no longer there."), code="not_there")
    ids = frozenset({to.pk})
    return Scope(divisions=ids) if isinstance(to, Division) else Scope(locations=ids)
