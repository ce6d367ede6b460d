"""The page "Activity", and its file."""

import re
from typing import cast

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.audit.models import AuditHead
from accounts.audit.reading import ActivityForm, events_header, events_rows, page_of
from accounts.audit.trail import audit_event_add
from accounts.exports import csv_response, is_for_excel
from accounts.permissions import CompanyRequest, company_member_required


@company_member_required
@require_safe
def activity(request: CompanyRequest) -> HttpResponse:
    form = ActivityForm(request.GET, company=request.company)
    page = page_of(form.events(), older_than=_number(request.GET.get("before", "")))
    asked = request.GET.copy()
    asked.pop("before", None)
    context = {
        "form": form,
        "page": page,
        "query": asked.urlencode(),
        "head": AuditHead.objects.filter(company=request.company).first(),
        # The name of the one thing that is asked for, as it was last called.
        "only": page.events[0] if page.events and request.GET.get("subject") else None,
    }
    return render(request, "accounts/activity.html", context)


@company_member_required
@require_safe
def activity_csv(request: CompanyRequest) -> HttpResponse:
    form = ActivityForm(request.GET, company=request.company)
    if not form.is_valid():
        return redirect("activity")
    with transaction.atomic():
        audit_event_add(
            company=request.company,
            actor=request.user,
            action="exported the activity of",
            subject=request.company,
        )
    response = csv_response(
        name=f"activity-{slugify(request.company.name)}",
        header=events_header(),
        rows=events_rows(form.events()),
        bom=is_for_excel(request),
    )
    return cast("HttpResponse", response)


def _number(text: str) -> int | None:
    """Read the number of an entry from an address: ASCII digits, as many as a database takes."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None
