"""The page "Use it from", and what can be downloaded there."""

import json
import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.addresses import client_address
from accounts.permissions import (
    CompanyRequest,
    company_admin_required,
    company_member_required,
)
from apicalls import selectors, services
from apicalls.credentials import Authorization, ClientSecret, SecretUnreadable
from apicalls.kit.advice import ADVICE, RIGHT
from apicalls.kit.doctor import MAX_LENGTH, Look, Standing, diagnose
from apicalls.kit.example import Example, example_of
from apicalls.kit.postman import collection, environment
from apicalls.kit.snippets import snippets
from apicalls.models import APICall, Credential
from apicalls.parameters import parameter_names
from workers.models import Division, Location, Position


class HeaderForm(forms.Form):
    """What the other program sends, whole or in part."""

    header = forms.CharField(
        label=gettext_lazy("What the program sends"),
        max_length=MAX_LENGTH,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "The Authorization header, or the whole curl command. It is looked at once and kept "
            "nowhere."
        ),
    )


@company_member_required
@require_safe
def kit(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    api_call, credential = _get(request, code)
    shown = snippets(_example(api_call, credential))
    return _page(request, api_call, shown, has_secret=False)


@company_admin_required
@require_POST
@sensitive_variables("client_secret", "shown")
def kit_with_secret(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The same page with the secret in the snippets, for an admin who asked."""
    api_call, credential = _get(request, code)
    client_secret = _revealed(request, credential, action="showed the secret of")
    if client_secret is None:
        return redirect("kit", api_call.code)
    shown = snippets(_example(api_call, credential), client_secret.reveal())
    return _page(request, api_call, shown, has_secret=True)


@company_member_required
@require_safe
def postman_collection(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The collection. It holds no secret: that is in the environment."""
    api_call, credential = _get(request, code)
    return _download(api_call, "postman_collection", collection(_example(api_call, credential)))


@company_admin_required
@require_POST
@sensitive_variables("client_secret", "content")
def postman_environment(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The environment: with the secret when "secret" is sent, else with an empty one."""
    api_call, credential = _get(request, code)
    text = ""
    if request.POST.get("secret"):
        client_secret = _revealed(request, credential, action="downloaded the secret of")
        if client_secret is None:
            return redirect("kit", api_call.code)
        text = client_secret.reveal()
    content = environment(_example(api_call, credential), text)
    return _download(api_call, "postman_environment", content)


@company_admin_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("pasted", "form")
def header_doctor(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Say what is wrong with the header that a program sends. It is kept nowhere."""
    api_call, _credential = _get(request, code)
    form = HeaderForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"api_call": api_call, "form": form}
    if form.is_valid():
        verdict = diagnose(form.cleaned_data["header"], _look_of(api_call))
        context["verdict"] = verdict
        context["advice"] = ADVICE[verdict.mistake] if verdict.mistake else RIGHT
        # What was pasted is not sent back: it can hold the secret.
        context["form"] = HeaderForm()
    return render(request, "apicalls/header_doctor.html", context)


def _look_of(api_call: APICall) -> Look:
    """Return what tells how a pair stands towards this call, within its company."""

    @sensitive_variables("client_secret", "authorization")
    def look(client_key: str, client_secret: ClientSecret) -> tuple[Standing, str]:
        credential = (
            Credential.objects.filter(client_key=client_key, api_call__company=api_call.company)
            .select_related("api_call")
            .first()
        )
        if credential is None:
            return Standing.UNKNOWN_KEY, ""
        authorization = Authorization(client_key, client_secret)
        if not services.vault().matches(
            authorization,
            digest=bytes(credential.secret_digest),
            pepper_number=credential.pepper_number,
        ):
            return Standing.WRONG_SECRET, ""
        if credential.ends_at is not None and credential.ends_at <= timezone.now():
            return Standing.ENDED, ""
        if credential.api_call_id != api_call.pk:
            return Standing.ANOTHER_CALL, credential.api_call.name
        return Standing.RIGHT, ""

    return look


def _get(request: CompanyRequest, code: uuid.UUID) -> tuple[APICall, Credential]:
    """Return the company's API call and its pair, or answer 404."""
    api_call = get_object_or_404(
        APICall.objects.for_company(request.company)
        .select_related("company", "template")
        .prefetch_related("parameter_sets"),
        code=code,
    )
    return api_call, selectors.credential_current(api_call=api_call)


def _example(api_call: APICall, credential: Credential) -> Example:
    names = parameter_names(one.lookup for one in api_call.parameter_sets.all())
    kinds = {"position": Position, "location": Location, "division": Division}
    places = {}
    for name in kinds.keys() & set(names):
        first = kinds[name]._default_manager.filter(company=api_call.company).order_by("name")
        places[name] = str(first.values_list("name", flat=True).first() or "")
    return example_of(
        name=api_call.name,
        document=api_call.template.document,
        output_format=api_call.output_format,
        site_url=settings.SITE_URL,
        client_key=credential.client_key,
        parameter_names=names,
        places=places,
    )


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


def _revealed(
    request: CompanyRequest, credential: Credential, *, action: str
) -> ClientSecret | None:
    """Return the secret, or None after saying why it cannot be had."""
    try:
        return services.client_secret_reveal(
            credential=credential,
            action=action,
            by=request.user,
            address=client_address(request),
        )
    except SecretUnreadable:
        messages.error(
            request,
            _("The Client Secret cannot be shown: the installation no longer has its key."),
        )
        return None
