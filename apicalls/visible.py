"""Which API calls a person knows of: all of the company, or those within the person's limit."""

from functools import cache

from django.db.models import QuerySet

from accounts.models import User
from apicalls.models import APICall
from workers.limits import is_within, limit_of, locations_in
from workers.scope import Scope


def api_calls_visible_to(person: User) -> QuerySet[APICall]:
    """Return the calls that exist for the person.

    Of somebody with a limit: those that can never tell of a worker outside of it. That is
    worked out here and not in the database, for a company has some dozens of calls.
    """
    if person.company is None:
        return APICall.objects.none()
    api_calls = APICall.objects.for_company(person.company)
    limit = limit_of(person)
    if not limit:
        return api_calls
    locations = cache(lambda: locations_in(limit))
    scoped = api_calls.exclude(scope={}).values_list("pk", "scope")
    within = [pk for pk, scope in scoped if is_within(Scope.of(scope), limit, locations)]
    return api_calls.filter(pk__in=within)


def may_know(person: User, api_call: APICall) -> bool:
    """Tell whether the call, which is of the person's company, exists for the person."""
    return is_within(Scope.of(api_call.scope), limit_of(person))
