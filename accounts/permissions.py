"""Who may open a page of a company: the decorators of every such view.

Nobody gets in by default: a view without one of them has no `request.company` to read.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.models import Company, User

P = ParamSpec("P")


class CompanyRequest(HttpRequest):
    """A request of a signed-in person, with the company that all its queries are scoped to."""

    user: User
    company: Company
    htmx: HtmxDetails


Page = Callable[Concatenate[CompanyRequest, P], HttpResponse]
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def company_member_required(page: Page[P]) -> View[P]:
    """Let in everybody of a company, whatever the role.

    Others are sent to sign in and come back, or get a 403 that says why. In the page, times
    are in the company's zone. No browser or proxy keeps the answer, unless the page says so.
    """
    return _guarded(page, lambda user: None)


def company_admin_required(page: Page[P]) -> View[P]:
    """Let in the admins of a company only; otherwise like `company_member_required`."""
    return _guarded(page, _refusal_unless_admin)


def company_manager_required(page: Page[P]) -> View[P]:
    """Let in admins and managers, who may change workers and what is asked of them."""
    return _guarded(page, _refusal_unless_manager)


def _refusal_unless_manager(user: User) -> str | None:
    if user.may_change_workers:
        return None
    return _("Only an admin or manager of your company may do this.")


def _refusal_unless_admin(user: User) -> str | None:
    if user.is_company_admin:
        return None
    return _("Only an admin of your company may do this.")


def _guarded(page: Page[P], refusal_for: Callable[[User], str | None]) -> View[P]:
    @wraps(page)
    def view(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return _sign_in(request)
        if user.company is None:
            raise PermissionDenied(
                _("You belong to no company, and this page shows a company's data.")
            )
        refusal = refusal_for(user)
        if refusal:
            raise PermissionDenied(refusal)
        request.company = user.company  # type: ignore[attr-defined]
        with timezone.override(user.company.time_zone):
            response = page(request, *args, **kwargs)  # type: ignore[arg-type]
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return view


def _sign_in(request: HttpRequest) -> HttpResponse:
    """Send somebody to sign in and then back to the page they are looking at.

    After a POST, or a request of htmx, that is not the address asked for.
    """
    if request.method in {"GET", "HEAD"} and not request.headers.get("HX-Request"):
        return redirect_to_login(request.get_full_path())
    shown = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    is_ours = shown.netloc == request.get_host() and shown.path.startswith("/")
    back = shown._replace(scheme="", netloc="", fragment="").geturl() if is_ours else ""
    sign_in = redirect_to_login(back or resolve_url("home"))
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(sign_in.url)
    return sign_in
