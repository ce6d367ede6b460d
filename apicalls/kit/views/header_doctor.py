"""The page "Header doctor"."""

import uuid
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.permissions import CompanyRequest, company_admin_required, within_limit
from apicalls import services
from apicalls.credentials import Authorization, ClientSecret
from apicalls.doctor import MAX_LENGTH, Look, Standing, diagnose
from apicalls.kit.advice import ADVICE, RIGHT
from apicalls.models import APICall, Credential
from apicalls.pages import api_call_or_404
from apicalls.visible import api_calls_visible_to


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


@company_admin_required
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("form")
def header_doctor(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Say what is wrong with the header that a program sends. It is kept nowhere."""
    api_call = api_call_or_404(request, code)
    form = HeaderForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"api_call": api_call, "form": form}
    if form.is_valid():
        verdict = diagnose(form.cleaned_data["header"], _look_of(api_call, request.user))
        context["verdict"] = verdict
        context["advice"] = ADVICE[verdict.mistake] if verdict.mistake else RIGHT
        # What was pasted is not sent back: it can hold the secret.
        context["form"] = HeaderForm()
    return render(request, "apicalls/header_doctor.html", context)


def _look_of(api_call: APICall, person: User) -> Look:
    """Return what tells how a pair stands towards this call, of those that the person knows."""

    @sensitive_variables("client_secret", "authorization")
    def look(client_key: str, client_secret: ClientSecret) -> tuple[Standing, str]:
        credential = (
            Credential.objects.filter(
                client_key=client_key, api_call__in=api_calls_visible_to(person)
            )
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
