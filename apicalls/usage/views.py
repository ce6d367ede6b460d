"""The page "Usage" of an API call."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.addresses import client_address
from accounts.permissions import (
    CompanyRequest,
    company_admin_required,
    company_member_required,
)
from apicalls.callers import caller_change, callers_listed
from apicalls.models import APICall, Caller
from apicalls.pages import api_call_or_404
from apicalls.usage.figures import OUTCOME_LABELS, days_of, last_requests


class RequestFilterForm(forms.Form):
    """Which of the last requests are shown. What cannot be read is no filter."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        required=False,
        choices=[("", gettext_lazy("All")), *OUTCOME_LABELS.items()],
    )
    day = forms.DateField(
        label=gettext_lazy("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    @property
    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        data = self.cleaned_data
        return {"outcome": data.get("outcome", ""), "day": data.get("day")}

    @property
    def is_used(self) -> bool:
        return any(self.chosen.values())


class CallerForm(forms.ModelForm):
    class Meta:
        model = Caller
        fields = ["name", "state"]


@company_member_required
@require_safe
def usage(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Requests by day, callers and the last requests; for htmx only the last requests."""
    return _usage_page(request, api_call_or_404(request, code, with_boxes=False))


@company_admin_required
@require_POST
def caller(request: CompanyRequest, code: uuid.UUID, caller: int) -> HttpResponse:
    """Name a caller, and answer, hold or block it."""
    api_call = api_call_or_404(request, code, with_boxes=False)
    found = get_object_or_404(Caller, api_call=api_call, pk=caller)
    form = CallerForm(request.POST, instance=found, auto_id=_AUTO_ID % found.pk)
    if not form.is_valid():
        return _usage_page(request, api_call, refused=form, status=422)
    if caller_change(
        caller=found,
        name=form.cleaned_data["name"],
        state=form.cleaned_data["state"],
        by=request.user,
        address=client_address(request),
    ):
        messages.success(request, _("Saved. It holds from the next request on."))
    else:
        messages.info(request, _("There was nothing to save: no setting differs."))
    return redirect("usage", api_call.code)


_AUTO_ID = "id_%d_%%s"


def _usage_page(
    request: CompanyRequest,
    api_call: APICall,
    *,
    refused: CallerForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page; `refused` is a caller's form as it was sent, with its errors."""
    filter_form = RequestFilterForm(request.GET)
    context: dict[str, Any] = {
        "api_call": api_call,
        "filter_form": filter_form,
        "requests": last_requests(api_call=api_call, **filter_form.chosen),
    }
    if request.htmx:
        return render(request, "apicalls/_requests.html", context)
    context["days"] = days_of(api_call=api_call)
    context["callers"] = [
        (one, refused)
        if refused and refused.instance.pk == one.pk
        else (one, CallerForm(instance=one, auto_id=_AUTO_ID % one.pk))
        for one in callers_listed(api_call=api_call)
    ]
    return render(request, "apicalls/usage.html", context, status=status)
