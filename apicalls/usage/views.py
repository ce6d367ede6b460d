"""The page "Usage" of an API call."""

import uuid
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import (
    CompanyRequest,
    company_admin_required,
    company_member_required,
    within_limit,
)
from apicalls.callers import caller_change, callers_listed
from apicalls.models import APICall, Caller, RequestLog
from apicalls.pages import api_call_or_404
from apicalls.parameters import LOOKUPS
from apicalls.usage.figures import last_requests, troubles, use_of_call
from apicalls.usage.outcomes import LABELS
from workers.history import items_at
from workers.models import Worker


class RequestFilterForm(forms.Form):
    """Which of the last requests are shown. What cannot be read is no filter."""

    caller = forms.TypedChoiceField(
        label=gettext_lazy("Caller"), required=False, coerce=int, empty_value=None
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        required=False,
        choices=[("", gettext_lazy("All")), *LABELS.items()],
    )
    day = forms.DateField(
        label=gettext_lazy("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    request_id = forms.CharField(
        label=gettext_lazy("Request id"), required=False, max_length=32, strip=True
    )

    def __init__(self, *args: Any, callers: Iterable[Caller], **kwargs: Any):
        super().__init__(*args, **kwargs)
        choices = [("", gettext_lazy("All")), *((one.pk, one.called) for one in callers)]
        self.fields["caller"].choices = choices  # type: ignore[attr-defined]

    @property
    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        data = self.cleaned_data
        return {
            "caller": data.get("caller"),
            "outcome": data.get("outcome", ""),
            "day": data.get("day"),
            "request_id": data.get("request_id", ""),
        }

    @property
    def is_used(self) -> bool:
        return any(self.chosen.values())


class CallerForm(forms.ModelForm):
    class Meta:
        model = Caller
        fields = ["name", "state"]


@company_member_required
@within_limit
@require_safe
def usage(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Requests by day, callers and the last requests.

    For htmx the last requests only, or all of it as a part of the details page.
    """
    return _usage_page(request, api_call_or_404(request, code, with_boxes=False))


@company_admin_required
@within_limit
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
    ):
        messages.success(request, _("Saved. It holds from the next request on."))
    else:
        messages.info(request, _("There was nothing to save: no setting differs."))
    return redirect("usage", api_call.code)


@company_member_required
@within_limit
@require_safe
def receipt(request: CompanyRequest, code: uuid.UUID, request_id: str) -> HttpResponse:
    """Show which worker a request was told of, and how they stood at that moment."""
    api_call = api_call_or_404(request, code, with_boxes=False)
    rows = RequestLog.objects.select_related("caller", "credential", "served_version")
    row = rows.filter(api_call=api_call, request_id=request_id).first()
    if row is None:
        raise Http404
    worker, items = None, []
    if row.worker_id is not None and row.status < 400:
        worker = Worker.objects.for_company(request.company).filter(pk=row.worker_id).first()
    if worker is not None:
        items = items_at(
            company_id=worker.company_id,
            worker_id=worker.pk,
            sequence=row.change_sequence or 0,
            on=timezone.localdate(row.at, timezone=ZoneInfo(request.company.time_zone)),
        )
    required = [item.is_compliant for item in items if item.is_required]
    return render(
        request,
        "apicalls/receipt.html",
        {
            "api_call": api_call,
            "row": row,
            "worker": worker,
            "items": items,
            "is_compliant": all(required) if required else None,
            "lookup_label": "&".join(LOOKUPS.get(row.lookup, ())),
        },
    )


_AUTO_ID = "id_%d_%%s"


def _usage_page(
    request: CompanyRequest,
    api_call: APICall,
    *,
    refused: CallerForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page; `refused` is a caller's form as it was sent, with its errors."""
    callers = callers_listed(api_call=api_call)
    filter_form = RequestFilterForm(request.GET, callers=callers)
    context: dict[str, Any] = {
        "api_call": api_call,
        "filter_form": filter_form,
        "requests": last_requests(api_call=api_call, **filter_form.chosen),
    }
    if request.htmx and request.htmx.target != "usage":
        return render(request, "apicalls/_requests.html", context)
    days, times_of_callers = use_of_call(api_call=api_call)
    context["days"] = days
    context["troubles"] = troubles(api_call=api_call)
    context["callers"] = [
        (
            one,
            times_of_callers(one),
            refused
            if refused and refused.instance.pk == one.pk
            else CallerForm(instance=one, auto_id=_AUTO_ID % one.pk),
        )
        for one in callers
    ]
    name = "apicalls/_usage.html" if request.htmx else "apicalls/usage.html"
    return render(request, name, context, status=status)
