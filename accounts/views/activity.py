"""The page "Activity"."""

import re

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import selectors
from accounts.forms import ActivityFilterForm
from accounts.permissions import CompanyRequest, company_member_required


@company_member_required
@require_safe
def activity(request: CompanyRequest) -> HttpResponse:
    form = ActivityFilterForm(request.GET, company=request.company)
    if form.is_valid():
        page = selectors.audit_events(
            company=request.company,
            actor=form.cleaned_data["person"],
            text=form.cleaned_data["q"],
            older_than=_event_id(request.GET.get("before", "")),
        )
    else:
        # A filter that means nothing finds nothing; everything would look like its answer.
        page = selectors.EventPage(events=[], older_than=None)
    return render(request, "accounts/activity.html", {"form": form, "page": page})


def _event_id(text: str) -> int | None:
    """Read an id from an address: ASCII digits, as many as a database takes."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None
