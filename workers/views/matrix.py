"""The matrix report: workers by requirements, and its export."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import exports
from accounts.audit.trail import audit_event_add
from accounts.permissions import CompanyRequest, company_member_required, within_limit
from workers import labels, listing
from workers.forms.matrix import MatrixFilterForm
from workers.limits import limit_of
from workers.matrix import SHORT, export_header, export_rows, matrix_rows, matrix_workers
from workers.models import Requirement, Worker
from workers.paging import BoundedPaginator, page_size
from workers.requirements import requirements_listed

# Requirements beside each other; the others are a page further.
COLUMNS_SHOWN = 10
# An Excel file is made before it is sent, and a request must not take minutes.
XLSX_CELLS_LIMIT = 2_000_000


@company_member_required
@within_limit
@require_safe
def matrix(request: CompanyRequest) -> HttpResponse:
    form = MatrixFilterForm(request.GET, company=request.company)
    found = _workers(request, form).select_related("position", "location")
    page = BoundedPaginator(found, page_size(request)).get_page(request.GET.get("page"))
    columns = Paginator(_requirements(request, form), COLUMNS_SHOWN).get_page(
        request.GET.get("columns")
    )
    requirements = list(columns.object_list)
    return render(
        request,
        "workers/matrix.html",
        {
            "form": form,
            "page": page,
            "columns": columns,
            "requirements": requirements,
            "rows": matrix_rows(page, requirements=requirements, today=request.company.today()),
            "legend": [(status, SHORT[status], labels.STATUSES[status]) for status in SHORT],
        },
    )


@company_member_required
@within_limit
@require_safe
def matrix_export(request: CompanyRequest, file_type: str) -> HttpResponse:
    """The filtered report with all its requirements as a file; types as in `workers_export`."""
    form = MatrixFilterForm(request.GET, company=request.company)
    found = _workers(request, form).select_related("position", "location__division")
    requirements = _requirements(request, form)
    header = export_header(requirements)
    most = XLSX_CELLS_LIMIT // len(header)
    if file_type == "xlsx" and found.order_by()[: most + 1].count() > most:
        messages.error(
            request,
            _("That is too much for an Excel file. Narrow the report, or take a CSV file."),
        )
        return redirect(f"{reverse('matrix')}?{request.GET.urlencode()}")
    today = request.company.today()
    rows = export_rows(found, requirements=requirements, today=today)
    name = f"{_('matrix')}-{today.isoformat()}"
    if request.method == "GET":
        audit_event_add(
            company=request.company,
            actor=request.user,
            action="exported the matrix report",
            subject=request.company,
        )
    response: HttpResponseBase
    if file_type == "xlsx":
        response = exports.xlsx_response(name=name, header=header, rows=rows)
    else:
        is_for_excel = file_type == "excel-csv"
        response = exports.csv_response(name=name, header=header, rows=rows, bom=is_for_excel)
    return cast("HttpResponse", response)  # the decorators need its headers only


def _workers(request: CompanyRequest, form: MatrixFilterForm) -> QuerySet[Worker]:
    if not form.is_valid():
        # A filter that means nothing finds nobody; everybody would look like its answer.
        return Worker.objects.none()
    found = matrix_workers(
        company=request.company,
        today=request.company.today(),
        limit=limit_of(request.user),
        **form.chosen,
    )
    return found.order_by(*listing.order_by("name"))


def _requirements(request: CompanyRequest, form: MatrixFilterForm) -> list[Requirement]:
    component = form.chosen["component"] if form.is_valid() else ""
    return list(requirements_listed(company=request.company, component=component, is_active=True))
