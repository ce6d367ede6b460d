"""The page "Second factor" of a person, and what can be done there."""

import base64

from allauth.mfa.adapter import get_adapter
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import (
    PersonRequest,
    recently_confirmed_required,
    signed_in_required,
)
from accounts.sign_in import second_factor as services
from accounts.sign_in.forms import SecondFactorAddForm
from accounts.sign_in.sealing import Unreadable


@signed_in_required
@require_safe
def second_factor(request: PersonRequest) -> HttpResponse:
    found = services.second_factor_of(person=request.user)
    context = {"second_factor": found, "is_required": _is_required(request)}
    return render(request, "accounts/second_factor.html", context)


@signed_in_required
@require_http_methods(["GET", "HEAD", "POST"])
@recently_confirmed_required
@sensitive_variables("form", "address", "picture")
def second_factor_add(request: PersonRequest) -> HttpResponse:
    form = SecondFactorAddForm(request.POST or None, request=request, person=request.user)
    if form.is_valid():
        has_new_codes = services.second_factor_add(person=request.user, secret=form.secret)
        form.forget()
        messages.success(
            request, _("From now on you are asked for a code of your app when you sign in.")
        )
        return redirect("recovery_codes" if has_new_codes else "second_factor")
    adapter = get_adapter()
    address = adapter.build_totp_url(request.user, form.secret)
    picture = base64.b64encode(adapter.build_totp_svg(address).encode()).decode("ascii")
    context = {
        "form": form,
        "picture": f"data:image/svg+xml;base64,{picture}",
        "address": address,
        "secret_in_groups": _in_groups(form.secret),
        "replaces": services.has_second_factor(person=request.user),
        "is_required": _is_required(request),
    }
    return render(request, "accounts/second_factor_add.html", context)


@signed_in_required
@require_http_methods(["GET", "HEAD", "POST"])
@recently_confirmed_required
def second_factor_remove(request: PersonRequest) -> HttpResponse:
    if request.method != "POST":
        context = {"is_required": _is_required(request)}
        return render(request, "accounts/second_factor_remove.html", context)
    try:
        services.second_factor_remove(person=request.user)
    except services.SecondFactorRequired:
        messages.error(request, _("Your company requires a second factor. You can replace it."))
    else:
        messages.success(request, _("You are no longer asked for a code when you sign in."))
    return redirect("second_factor")


@signed_in_required
@require_safe
@recently_confirmed_required
@sensitive_variables("codes")
def recovery_codes(request: PersonRequest) -> HttpResponse:
    """Show the codes that are not spent."""
    try:
        codes = services.recovery_codes_of(person=request.user)
    except Unreadable:
        messages.error(
            request, _("These codes cannot be read any more. Make new ones in their place.")
        )
        return redirect("second_factor")
    if not services.has_second_factor(person=request.user):
        return redirect("second_factor")
    context = {"codes": [_in_groups(code) for code in codes]}
    return render(request, "accounts/recovery_codes.html", context)


@signed_in_required
@require_POST
@recently_confirmed_required
def recovery_codes_make(request: PersonRequest) -> HttpResponse:
    services.recovery_codes_make(person=request.user)
    messages.success(request, _("New recovery codes made. Those of before open nothing any more."))
    return redirect("recovery_codes")


def _is_required(request: PersonRequest) -> bool:
    company = request.user.company
    return company is not None and company.second_factor_required


def _in_groups(text: str) -> str:
    """Return the text in groups of four, which is how people read and type it."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
