"""The page "Your sessions" of a person."""

import uuid

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import services
from accounts.permissions import PersonRequest, signed_in_required
from accounts.sign_in.browsers import browser_and_system
from accounts.sign_in.sessions import session_keep, sessions_of


@signed_in_required
@require_safe
def sessions(request: PersonRequest) -> HttpResponse:
    shown = []
    for one in sessions_of(person=request.user):
        browser, system = browser_and_system(one.user_agent)
        is_this = one.session_id == request.session.session_key
        shown.append({"session": one, "browser": browser, "system": system, "is_this": is_this})
    return render(request, "accounts/sessions.html", {"sessions": shown})


@signed_in_required
@require_POST
def session_end(request: PersonRequest, code: uuid.UUID) -> HttpResponse:
    is_this = any(
        one.code == code and one.session_id == request.session.session_key
        for one in sessions_of(person=request.user)
    )
    if not services.session_end(person=request.user, code=code):
        messages.info(request, _("That session has ended already."))
    elif is_this:
        logout(request)
        return redirect("account_login")
    else:
        messages.success(request, _("That session has ended."))
    return redirect("sessions")


@signed_in_required
@require_POST
def sessions_end(request: PersonRequest) -> HttpResponse:
    services.sessions_end(person=request.user)
    session_keep(request=request, person=request.user)
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("sessions")
