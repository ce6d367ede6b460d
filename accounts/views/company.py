"""The start page, and the page "Company"."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import selectors, services
from accounts.forms import CompanyForm, CompanySecurityForm
from accounts.permissions import (
    CompanyRequest,
    company_admin_required,
    company_member_required,
    company_right_required,
    recently_confirmed_required,
)
from accounts.roles import Right


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Send everybody to where their work is."""
    user = request.user
    if not user.is_authenticated:
        return redirect("account_login")
    if user.company_id is not None:
        return redirect("api_calls")
    if user.is_staff:
        return redirect("admin:index")
    raise PermissionDenied(_("You belong to no company yet. Ask who gave you this login."))


@company_member_required
@require_safe
def company(request: CompanyRequest) -> HttpResponse:
    return _company_page(request)


@company_admin_required
@require_POST
def company_change(request: CompanyRequest) -> HttpResponse:
    form = CompanyForm(request.POST, instance=request.company)
    if not form.is_valid():
        # The frame of the page shows what is stored, not what was refused.
        request.company.refresh_from_db()
        return _company_page(request, form=form)
    return _saved(request, form.cleaned_data)


@company_right_required(Right.MANAGE_SECURITY)
@require_POST
@recently_confirmed_required
def company_security_change(request: CompanyRequest) -> HttpResponse:
    form = CompanySecurityForm(request.POST, instance=request.company)
    if not form.is_valid():
        request.company.refresh_from_db()
        return _company_page(request, security_form=form)
    return _saved(request, form.cleaned_data)


def _saved(request: CompanyRequest, values: dict[str, Any]) -> HttpResponse:
    changed = services.company_change(company=request.company, by=request.user, **values)
    if changed:
        messages.success(request, _("Company saved."))
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("company")


def _company_page(
    request: CompanyRequest,
    form: CompanyForm | None = None,
    security_form: CompanySecurityForm | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form or CompanyForm(instance=request.company),
        "security_form": security_form or CompanySecurityForm(instance=request.company),
    }
    if request.user.may(Right.MANAGE_SECURITY):
        context["without"] = selectors.people_without_second_factor(company=request.company)
    return render(request, "accounts/company.html", context)
