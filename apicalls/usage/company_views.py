"""The page "Usage" of a whole company, and its export."""

import json
from collections.abc import Iterator
from typing import cast

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Company
from accounts.permissions import CompanyRequest, company_member_required
from apicalls.usage.company import EXPORTED, figures_of, requests_exported
from workers.exports import csv_response

_FILE_NAME = "api-requests"


@company_member_required
@require_safe
def company_usage(request: CompanyRequest) -> HttpResponse:
    """Requests of all calls by day, by call and by outcome."""
    days, calls = figures_of(company=request.company)
    return render(request, "apicalls/company_usage.html", {"days": days, "calls": calls})


@company_member_required
@require_safe
def company_usage_csv(request: CompanyRequest) -> HttpResponse:
    """Every request that is kept, as a table."""
    rows = ((at.isoformat(), *values) for at, *values in requests_exported(company=request.company))
    return cast("HttpResponse", csv_response(name=_FILE_NAME, header=list(EXPORTED), rows=rows))


@company_member_required
@require_safe
def company_usage_json(request: CompanyRequest) -> HttpResponse:
    """The same as one array of objects."""
    response = StreamingHttpResponse(
        _json_pieces(request.company),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{_FILE_NAME}.json"'},
    )
    return cast("HttpResponse", response)


def _json_pieces(company: Company) -> Iterator[str]:
    between = "["
    for values in requests_exported(company=company):
        row = dict(zip(EXPORTED, values, strict=True))
        yield f"{between}\n{json.dumps(row, cls=DjangoJSONEncoder)}"
        between = ","
    yield "[]\n" if between == "[" else "\n]\n"
