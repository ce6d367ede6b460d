"""What the scopes of API calls have to do with divisions, locations and positions.

workers.services.places calls both, without knowing API calls (see apps.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from django.utils.translation import gettext as _

from accounts.audit.trail import Done, audit_events_add
from accounts.models import Company
from apicalls.models import APICall
from apicalls.services import served_version_follow
from workers.models import Division, Location, Position
from workers.scope import Scope
from workers.services.places import Place

_LISTS: Mapping[type[Place], str] = {
    Division: "divisions",
    Location: "locations",
    Position: "positions",
}


def follow_merge(company: Company, place: Place, into: Place) -> None:
    """Put `into` in the place of `place` in all scopes of the company: the same workers stay."""
    name, done = _LISTS[type(place)], []
    for api_call, scope in _naming(company, place):
        ids = getattr(scope, name) - {place.pk} | {into.pk}
        api_call.scope = replace(scope, **{name: ids}).as_stored()
        api_call.save(update_fields=["scope"])
        served_version_follow(api_call=api_call)
        done.append(Done("changed", api_call, {str(_("Scope")): [str(place), str(into)]}))
    audit_events_add(company=company, actor=None, done=done)


def users_of(company: Company, place: Place) -> list[str]:
    """Return how the API calls that name the place are called."""
    return [_("the scope of %s") % api_call.name for api_call, _scope in _naming(company, place)]


def _naming(company: Company, place: Place) -> Iterator[tuple[APICall, Scope]]:
    api_calls = APICall.objects.for_company(company).exclude(scope={}).order_by("pk")
    for api_call in api_calls.select_for_update(of=("self",), no_key=True):
        scope = Scope.of(api_call.scope)
        if place.pk in getattr(scope, _LISTS[type(place)]):
            yield api_call, scope
