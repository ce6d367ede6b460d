"""Who may open a page of a company: the decorators of every such view.

Nobody gets in by default: a view without one of them has no `request.company` to read. What a
role may is in accounts/roles.py.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode, urlsplit

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.models import Company, User
from accounts.roles import Right, Role, roles_with

P = ParamSpec("P")

# In the session: a button was pressed that did nothing, because who pressed it had to confirm.
PRESS_AGAIN_KEY = "press_again_after_confirming"


class PersonRequest(HttpRequest):
    """A request of a signed-in person, of a company or the operator."""

    user: User
    htmx: HtmxDetails


class CompanyRequest(PersonRequest):
    """A request of a person of a company, with the company that all its queries are scoped to."""

    company: Company


AnyRequest = TypeVar("AnyRequest", bound=HttpRequest)
Page = Callable[Concatenate[CompanyRequest, P], HttpResponse]
PersonPage = Callable[Concatenate[PersonRequest, P], HttpResponse]
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def within_limit(
    page: Callable[Concatenate[AnyRequest, P], HttpResponse],
) -> Callable[Concatenate[AnyRequest, P], HttpResponse]:
    """Mark a page that shows a person who is limited to a division or location only that.

    Any other page of a company refuses them: nobody gets to see the whole by default. Stands
    below the decorators that let in.
    """
    page.keeps_limit = True  # type: ignore[attr-defined]
    return page


def company_member_required(page: Page[P]) -> View[P]:
    """Let in everybody of a company, whatever the role.

    Others are sent to sign in and come back, or get a 403 that says why. In the page, times
    are in the company's zone. No browser or proxy keeps the answer, unless the page says so.
    """
    return _guarded(page, Right.VIEW)


def company_manager_required(page: Page[P]) -> View[P]:
    """Let in who may change workers and what is asked of them."""
    return _guarded(page, Right.CHANGE_WORKERS)


def company_admin_required(page: Page[P]) -> View[P]:
    """Let in who may change the company and its API calls."""
    return _guarded(page, Right.CHANGE_API_CALLS)


def company_right_required(right: Right) -> Callable[[Page[P]], View[P]]:
    """Let in who has the right; otherwise like `company_member_required`."""

    def decorator(page: Page[P]) -> View[P]:
        return _guarded(page, right)

    return decorator


def signed_in_required(page: PersonPage[P]) -> View[P]:
    """Let in everybody who is signed in, for pages about nobody but themselves."""
    return _guarded(page, None)


def recently_confirmed_required(
    page: Callable[Concatenate[AnyRequest, P], HttpResponse],
) -> Callable[Concatenate[AnyRequest, P], HttpResponse]:
    """Ask for password or second factor when neither was given in the last 15 minutes.

    Who looks at a page comes back to it. Who pressed a button comes back to the page with the
    button and is told to press it again: nothing is done, now or later, by this request.
    Stands below the decorators that let in and that check the method.
    """

    @wraps(page)
    def view(request: AnyRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_recently_confirmed(request):
            return page(request, *args, **kwargs)
        return _confirm(request)

    return view


def is_recently_confirmed(request: HttpRequest) -> bool:
    """Tell whether the last proof of who is signed in is young enough; signing in is one."""
    user = request.user
    if not isinstance(user, User):
        return False
    proofs = [
        record["at"]
        for record in get_authentication_records(request, user)
        if record["method"] in {"password", "mfa"}
    ]
    return time.time() - max(proofs, default=0.0) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


_REFUSALS = {
    Role.MANAGER: gettext_lazy("Only an admin or manager of your company may do this."),
    Role.ADMIN: gettext_lazy("Only an admin of your company may do this."),
    Role.OWNER: gettext_lazy("Only an owner of your company may do this."),
}


def _guarded(
    page: Callable[Concatenate[AnyRequest, P], HttpResponse], right: Right | None
) -> View[P]:
    """Let in who has the right in a company; with None everybody who is signed in."""

    @wraps(page)
    def view(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return _sign_in(request)
        if right is not None:
            _require(user, right)
            if user.is_limited and not getattr(page, "keeps_limit", False):
                raise PermissionDenied(
                    _("You see a part of your company, and this is about all of it.")
                )
        request.company = user.company  # type: ignore[attr-defined]
        with timezone.override(user.shown_time_zone):
            response = page(request, *args, **kwargs)  # type: ignore[arg-type]
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return view


def _require(user: User, right: Right) -> None:
    if user.company is None:
        raise PermissionDenied(_("You belong to no company, and this page shows a company's data."))
    if not user.may(right):
        raise PermissionDenied(_REFUSALS[roles_with(right)[-1]])


def _sign_in(request: HttpRequest) -> HttpResponse:
    """Send somebody to sign in and then back to the page they are looking at."""
    if _is_for_the_page(request):
        return redirect_to_login(request.get_full_path())
    return sent_to(request, redirect_to_login(_page_looked_at(request)).url)


def _confirm(request: HttpRequest) -> HttpResponse:
    """Send somebody to confirm who they are, and then back to the page they are looking at."""
    back = request.get_full_path()
    request.session.pop(PRESS_AGAIN_KEY, None)
    if not _is_for_the_page(request):
        back = _page_looked_at(request)
        request.session[PRESS_AGAIN_KEY] = True
    query = urlencode({REDIRECT_FIELD_NAME: back})
    return sent_to(request, f"{resolve_url('account_reauthenticate')}?{query}")


def sent_to(request: HttpRequest, address: str) -> HttpResponse:
    """Lead the browser to another page, also where htmx asked for a part of one."""
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address)


def _is_for_the_page(request: HttpRequest) -> bool:
    """Tell whether the address asked for is the one that stands, or will stand, above the page."""
    return request.method in {"GET", "HEAD"} and not request.headers.get("HX-Request")


def _page_looked_at(request: HttpRequest) -> str:
    """Return the address of the page that a button was pressed on, or the start page."""
    shown = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    is_ours = shown.netloc == request.get_host() and shown.path.startswith("/")
    back = shown._replace(scheme="", netloc="", fragment="").geturl() if is_ours else ""
    return back or resolve_url("home")
