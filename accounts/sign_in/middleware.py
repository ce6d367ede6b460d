"""What holds for every page of somebody who is signed in."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.models import User
from accounts.permissions import sent_to
from accounts.sign_in.second_factor import has_second_factor
from accounts.sign_in.sessions import session_is_due, session_remember

GetResponse = Callable[[HttpRequest], HttpResponse]

# Where somebody may go who must set up a second factor first: there, through the question
# whether it is them, and out.
_OPEN_WITHOUT = {
    "second_factor_add",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "account_logout",
}


def _person_of(request: HttpRequest) -> User | None:
    """Return who is signed in; nobody is in an answer to a program, which has no session."""
    if not hasattr(request, "session"):
        return None
    return request.user if isinstance(request.user, User) else None


class SessionSeenMiddleware:
    """Keep up to date when and from where each session was last used."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = _person_of(request)
        if person is not None and session_is_due(request=request):
            session_remember(request=request, person=person)
        return self.get_response(request)


class SecondFactorRequiredMiddleware:
    """Lead who has no second factor to setting one up, where the company requires it."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        person = _person_of(request)
        if person is None or person.company is None or not person.company.second_factor_required:
            return None
        match = request.resolver_match
        if match is not None and match.view_name in _OPEN_WITHOUT:
            return None
        if has_second_factor(person=person):
            return None
        return sent_to(request, reverse("second_factor_add"))
