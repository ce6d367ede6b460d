"""The page "Test this call", which is also a part of the details page."""

import uuid
from typing import Any
from urllib.parse import quote, urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from accounts.permissions import CompanyRequest, company_admin_required, within_limit
from apicalls import selectors, services
from apicalls.credentials import SecretUnreadable, header_value
from apicalls.documents import document_path
from apicalls.kit.example import Example, example_of
from apicalls.kit.trial import Reply, send
from apicalls.models import APICall
from apicalls.options import PARAMETERS
from apicalls.pages import api_call_or_404, say_why_not_shown
from apicalls.parameters import LIMIT

_MAX_LENGTH = 1000
# So that the first answer of a list is short enough to be read.
_FIRST_OPTIONS = {LIMIT: "5"}
_MASK = "••••••••"


class TrialForm(forms.Form):
    """The values to send. What is wrong with them is for the API to say, as it would to a
    program: nothing is judged here but what a form cannot carry."""

    prefix = "test"

    def __init__(self, *args: Any, example: Example, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.ticked = [name for name, _value in example.parameters]
        self.options = list(example.options)
        for name, value in example.parameters:
            self.fields[name] = _field(name, value)
        for name in self.options:
            self.fields[name] = _field(name, _FIRST_OPTIONS.get(name, ""))

    @property
    def ticked_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.ticked]

    @property
    def option_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.options]

    def query_string(self) -> str:
        """Return the query of a valid form: all that is ticked, and the options that are filled."""
        values = self.cleaned_data
        sent = [*self.ticked, *(name for name in self.options if values[name])]
        return urlencode([(name, values[name]) for name in sent], quote_via=quote)


def _field(name: str, value: str = "") -> forms.CharField:
    schema = PARAMETERS[name].schema
    widget: forms.Widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    if "enum" in schema:
        widget = forms.Select(choices=[(one, one) for one in ("", *schema["enum"])])
    elif schema.get("format") == "date":
        widget = forms.DateInput(attrs={"type": "date"})
    return forms.CharField(
        label=name,
        initial=value,
        required=False,
        strip=False,
        max_length=_MAX_LENGTH,
        widget=widget,
        help_text=gettext(PARAMETERS[name].about),
    )


@company_admin_required
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("client_secret")
def trial(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Send a real request with the call's own pair, and show what a program would get."""
    api_call = api_call_or_404(request, code)
    credential = selectors.credential_current(api_call=api_call)
    values = request.POST if request.method == "POST" else None
    form = TrialForm(values, example=example_of(api_call, credential))
    context: dict[str, Any] = {"api_call": api_call, "trial_form": form}
    if request.method == "POST" and form.is_valid():
        try:
            client_secret = services.client_secret_try(credential=credential, by=request.user)
        except SecretUnreadable as error:
            say_why_not_shown(request, error)
            return HttpResponseClientRefresh() if request.htmx else redirect(api_call)
        context |= _sent(
            request, api_call, form, header_value(credential.client_key, client_secret)
        )
        context["shown_authorization"] = f"amx {credential.client_key}:{_MASK}"
    name = "apicalls/_trial_result.html" if request.htmx else "apicalls/trial.html"
    return render(request, name, context)


@sensitive_variables("authorization")
def _sent(
    request: CompanyRequest, api_call: APICall, form: TrialForm, authorization: str
) -> dict[str, Any]:
    path = document_path(api_call.template.document)
    query_string = form.query_string()
    reply: Reply = send(
        path=path,
        query_string=query_string,
        authorization=authorization,
        connection=request.META,
    )
    return {"reply": reply, "sent_target": f"{path}?{query_string}" if query_string else path}
