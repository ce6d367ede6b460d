"""What a person sees who is limited to one division or one location.

The limit is a scope, stored with the person as that of an API call is with the call: a place
that is gone leaves somebody who sees nobody, never one who sees everybody.
"""

from collections.abc import Callable

from django.utils.translation import gettext as _

from accounts.models import Company, User
from workers.models import Division, Location, Position
from workers.scope import Scope

Place = Division | Location | Position


def limit_of(person: User) -> Scope:
    """Return the scope that the person is limited to, EVERYBODY for most."""
    return Scope.of(person.limit)


def locations_in(limit: Scope) -> frozenset[int]:
    """Return the locations that lie within a limit, as they are now."""
    if not limit.divisions:
        return limit.locations
    inside = Location.objects.filter(division__in=limit.divisions)
    return frozenset(inside.values_list("pk", flat=True))


def is_within(
    scope: Scope, limit: Scope, locations: Callable[[], frozenset[int]] | None = None
) -> bool:
    """Tell whether no worker outside of `limit` can ever be in `scope`.

    `locations` gives `locations_in(limit)` to a caller who asks often; only where it matters.
    """
    if not limit:
        return True
    if limit.divisions and scope.divisions and scope.divisions <= limit.divisions:
        return True
    if not scope.locations:
        return False
    return scope.locations <= (locations() if locations else locations_in(limit))


def limit_name(company: Company, limit: Scope) -> str:
    """Return what pages call the limit: the name of the place of the company."""
    for model, ids in ((Division, limit.divisions), (Location, limit.locations)):
        for pk in ids:
            place = model._default_manager.filter(company=company, pk=pk).first()
            return str(place) if place else _("#%d (no longer there)") % pk
    return _("The whole company")


def follow_merge(company: Company, place: Place, into: Place) -> None:
    """Limit to `into` whoever is limited to `place`: they see whom they saw before."""
    name = _list_of(place)
    if name:
        limited = User.objects.for_company(company).filter(limit={name: [place.pk]})
        limited.update(limit={name: [into.pk]})


def users_of(company: Company, place: Place) -> list[str]:
    """Return how those who are limited to the place are called."""
    name = _list_of(place)
    limited = User.objects.for_company(company).filter(limit={name: [place.pk]}) if name else ()
    return [_("the limit of %s") % person for person in limited]


def _list_of(place: Place) -> str:
    return {Division: "divisions", Location: "locations"}.get(type(place), "")
