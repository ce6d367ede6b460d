"""Pages to read or to print about one call: "Using Postman", and the call sheet."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import CompanyRequest, company_member_required, within_limit
from apicalls import selectors, services
from apicalls.authorization.panel import panel_of
from apicalls.documents import as_text, sample_document
from apicalls.kit.example import example_of
from apicalls.pages import api_call_or_404


@company_member_required
@within_limit
@require_safe
def postman(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The steps in Postman, drawn with the values of this call."""
    api_call = api_call_or_404(request, code)
    credential = selectors.credential_current(api_call=api_call)
    context = panel_of(api_call, credential) | {
        "example": example_of(api_call, credential),
        "website_address": api_call.website_address(),
        "is_ready": api_call.is_ready(),
        "sample": as_text(
            sample_document(api_call.template.document, frozenset(api_call.field_groups)),
            api_call.output_format,
        ),
    }
    return render(request, "apicalls/postman.html", context)


@company_member_required
@within_limit
@require_safe
def call_sheet(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """All there is to know of a call but its secret, on a page for the printer."""
    api_call = api_call_or_404(request, code)
    context = {
        "api_call": api_call,
        "credential": selectors.credential_current(api_call=api_call),
        "website_address": api_call.website_address(),
        "is_ready": api_call.is_ready(),
        "parameter_sets": api_call.parameter_sets.all(),
        "scope_lines": services.scope_lines(api_call=api_call),
    }
    return render(request, "apicalls/call_sheet.html", context)
