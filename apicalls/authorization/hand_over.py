"""The pages of hand-over links: an admin's list of them, and what opens behind one."""

import base64
import json
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import (
    CompanyRequest,
    company_admin_required,
    company_right_required,
    recently_confirmed_required,
    within_limit,
)
from accounts.roles import Right
from apicalls import selectors, services
from apicalls.authorization.panel import panel_of
from apicalls.credentials import ClientSecret, SecretUnreadable
from apicalls.kit.example import example_of
from apicalls.kit.postman import collection, environment
from apicalls.kit.snippets import snippets
from apicalls.models import HandOver
from apicalls.pages import api_call_or_404, say_why_not_shown

SHOWN = 20


@company_right_required(Right.REVEAL)
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
@recently_confirmed_required
@sensitive_variables("token", "context")
def hand_overs(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The links of a call; on POST a new one, which is shown here and never again."""
    found = api_call_or_404(request, code, with_boxes=False)
    context: dict[str, Any] = {"api_call": found}
    if request.method == "POST":
        try:
            _made, token = services.hand_over_add(
                credential=selectors.credential_current(api_call=found),
                by=request.user,
            )
        except SecretUnreadable as error:
            say_why_not_shown(request, error)
            return redirect("hand_overs", found.code)
        context["link"] = f"{settings.SITE_URL}{reverse('hand_over', args=[token])}"
    links = HandOver.objects.filter(credential__api_call=found)
    context["links"] = links.select_related("credential", "created_by").order_by("-pk")[:SHOWN]
    context["hours"] = int(services.LINK_LASTS.total_seconds() // 3600)
    return render(request, "apicalls/hand_overs.html", context)


@company_admin_required
@within_limit
@require_POST
def hand_over_withdraw(request: CompanyRequest, code: uuid.UUID, link: uuid.UUID) -> HttpResponse:
    found = api_call_or_404(request, code, with_boxes=False)
    if services.hand_over_withdraw(api_call=found, code=link, by=request.user):
        messages.success(request, _("Withdrawn. The link leads nowhere from now on."))
    else:
        messages.info(request, _("That link could not be opened any more; nothing is changed."))
    return redirect("hand_overs", found.code)


# --- For whoever has the link -----------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("token", "client_secret", "context")
def hand_over(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link hands over, once, to somebody who presses a button for it.

    A program that looks at links in mail and chat presses none.
    """
    try:
        if request.method != "POST":
            services.hand_over_find(token=token)
            return _unkept(render(request, "apicalls/hand_over_closed.html"))
        opened, client_secret = services.hand_over_open(token=token)
    except (services.LinkIsGone, SecretUnreadable):
        return _unkept(render(request, "apicalls/hand_over_gone.html", status=410))
    context = _handed_over(opened, client_secret)
    return _unkept(render(request, "apicalls/hand_over.html", context))


@sensitive_variables("client_secret", "text")
def _handed_over(opened: HandOver, client_secret: ClientSecret) -> dict[str, Any]:
    credential = opened.credential
    api_call = credential.api_call
    example = example_of(api_call, credential)
    text = client_secret.reveal()
    return panel_of(api_call, credential, client_secret) | {
        "website_address": api_call.website_address(),
        "is_ready": api_call.is_ready(),
        "snippets": snippets(example, text),
        # There is no second page to download them from.
        "files": [
            (_("Collection"), "postman_collection", _as_data(collection(example))),
            (_("Environment"), "postman_environment", _as_data(environment(example, text))),
        ],
    }


def _as_data(content: Any) -> str:
    encoded = base64.b64encode(json.dumps(content, indent=2, ensure_ascii=False).encode())
    return f"data:application/json;base64,{encoded.decode('ascii')}"


def _unkept(response: HttpResponse) -> HttpResponse:
    """Let nobody keep the page, and no other site learn its address."""
    response["Cache-Control"] = "no-store"
    # Not "no-referrer": a browser then says `Origin: null` when the button is pressed, which
    # the protection against forged requests refuses.
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response
