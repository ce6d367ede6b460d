"""The page "Use it from", and what can be downloaded there."""

import json
import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import (
    CompanyRequest,
    company_member_required,
    company_right_required,
    recently_confirmed_required,
    within_limit,
)
from accounts.roles import Right
from apicalls import selectors
from apicalls.kit.example import example_of
from apicalls.kit.postman import collection, environment
from apicalls.kit.snippets import snippets
from apicalls.models import APICall, Credential
from apicalls.pages import api_call_or_404, secret_or_message


@company_member_required
@within_limit
@require_safe
def kit(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    api_call, credential = _get(request, code)
    shown = snippets(example_of(api_call, credential))
    return _page(request, api_call, shown, has_secret=False)


@company_right_required(Right.REVEAL)
@within_limit
@require_POST
@recently_confirmed_required
@sensitive_variables("client_secret", "shown")
def kit_with_secret(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The same page with the secret in the snippets, for an admin who asked."""
    api_call, credential = _get(request, code)
    client_secret = secret_or_message(request, credential, action="showed the secret of")
    if client_secret is None:
        return redirect("kit", api_call.code)
    shown = snippets(example_of(api_call, credential), client_secret.reveal())
    return _page(request, api_call, shown, has_secret=True)


@company_member_required
@within_limit
@require_safe
def postman_collection(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The collection. It holds no secret: that is in the environment."""
    api_call, credential = _get(request, code)
    return _download(api_call, "postman_collection", collection(example_of(api_call, credential)))


@company_right_required(Right.REVEAL)
@within_limit
@require_POST
@recently_confirmed_required
@sensitive_variables("client_secret", "content")
def postman_environment(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The environment: with the secret when "secret" is sent, else with an empty one."""
    api_call, credential = _get(request, code)
    text = ""
    if request.POST.get("secret"):
        client_secret = secret_or_message(request, credential, action="downloaded the secret of")
        if client_secret is None:
            return redirect("kit", api_call.code)
        text = client_secret.reveal()
    content = environment(example_of(api_call, credential), text)
    return _download(api_call, "postman_environment", content)


def _get(request: CompanyRequest, code: uuid.UUID) -> tuple[APICall, Credential]:
    api_call = api_call_or_404(request, code)
    return api_call, selectors.credential_current(api_call=api_call)


def _page(
    request: CompanyRequest, api_call: APICall, shown: Any, *, has_secret: bool
) -> HttpResponse:
    context = {
        "api_call": api_call,
        "is_ready": api_call.is_ready(),
        "snippets": shown,
        "has_secret": has_secret,
    }
    return render(request, "apicalls/kit.html", context)


def _download(api_call: APICall, kind: str, content: Any) -> HttpResponse:
    """Return a file; its name is ASCII, whatever the call is called."""
    name = slugify(api_call.name) or api_call.template.code
    response = HttpResponse(
        json.dumps(content, indent=2, ensure_ascii=False),
        content_type="application/json; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}.json"'
    return response
