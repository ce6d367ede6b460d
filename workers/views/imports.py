"""Import of workers and of records: upload, columns, preview, outcome."""

import uuid
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, cast

from django.contrib import messages
from django.core.files.uploadhandler import FileUploadHandler
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts import exports
from accounts.batches import in_batches
from accounts.permissions import (
    CompanyRequest,
    company_manager_required,
    company_member_required,
)
from workers.forms.imports import (
    ImportAddForm,
    ImportApplyForm,
    ImportColumnsForm,
    ImportRowsForm,
)
from workers.imports import limits, progress, template
from workers.imports.fields import fields_of
from workers.imports.guessing import REASON
from workers.imports.models import DataImport, ImportKind, ImportRow, ImportState, RowOutcome
from workers.imports.planning import rows_of
from workers.imports.reading import Cell, too_large
from workers.services import imports as services

FILE_TYPES = ("csv", "xlsx")
PAGE_SIZE = 25
ROWS_SHOWN = 50
# Rows from the top of the file that show what is in a column.
SAMPLES = 3


@company_member_required
@require_safe
def imports(request: CompanyRequest) -> HttpResponse:
    return _list_page(request, ImportAddForm())


# --- Upload ----------------------------------------------------------------------------


class _Bounded(FileUploadHandler):
    """Keeps no more of an upload than is allowed: the rest goes neither to memory nor disk."""

    def __init__(self, request: HttpRequest):
        super().__init__(request)
        self._received = 0
        self.is_too_large = False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self._received += len(raw_data)
        self.is_too_large = self._received > limits.FILE_BYTES
        return None if self.is_too_large else raw_data

    def file_complete(self, file_size: int) -> None:
        return None


@csrf_exempt
def import_add(request: HttpRequest) -> HttpResponse:
    """Take a file. Its size is bounded before anything is read of it, the form's token
    included; that is checked right after."""
    if request.method == "POST":
        request.upload_handlers.insert(0, _Bounded(request))
    return _import_add(request)


@csrf_protect
@company_manager_required
@require_POST
def _import_add(request: CompanyRequest) -> HttpResponse:
    form = ImportAddForm(request.POST, request.FILES)
    is_valid = form.is_valid()
    if any(isinstance(one, _Bounded) and one.is_too_large for one in request.upload_handlers):
        form.errors.pop("file", None)
        form.add_error("file", str(too_large()))
        is_valid = False
    if not is_valid:
        return _list_page(request, form, status=422)
    file = form.cleaned_data["file"]
    data_import = services.import_add(
        company=request.company,
        by=request.user,
        code=form.cleaned_data["code"],
        kind=form.cleaned_data["kind"],
        file_name=file.name,
        content=file.read(),
    )
    return redirect(data_import)


@company_member_required
@require_safe
def import_template(request: CompanyRequest, kind: str, file_type: str) -> HttpResponse:
    """A file to start from: its headings are those that are known without choosing."""
    if kind not in ImportKind.values or file_type not in FILE_TYPES:
        raise Http404
    if file_type == "xlsx":
        response = FileResponse(
            template.workbook(kind),
            as_attachment=True,
            filename=f"workhub-{kind}.xlsx",
            content_type=exports.XLSX_TYPE,
        )
        return cast(HttpResponse, response)
    header = [str(field.label) for field in fields_of(kind)]
    answer = exports.csv_response(name=f"workhub-{kind}", header=header, rows=[], bom=True)
    return cast(HttpResponse, answer)


# --- One import ------------------------------------------------------------------------


@company_member_required
@require_safe
def import_details(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """How far it is; when it is checked, what would become of each row."""
    data_import = _get_import(request, code)
    if data_import.state == ImportState.MAPPING and request.user.may_change_workers:
        return redirect("import_columns", code)
    return _details_page(request, data_import)


@company_member_required
@require_safe
def import_progress(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The progress bar, asked for every second; when the work is done, the page anew."""
    data_import = _get_import(request, code)
    if not data_import.is_working:
        return HttpResponseClientRefresh()
    return render(request, "workers/_import_progress.html", _progress(data_import))


@company_manager_required
@require_safe
def import_columns(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    data_import = _get_import(request, code)
    if data_import.state not in (ImportState.MAPPING, ImportState.READY):
        return redirect(data_import)
    return _columns_page(request, data_import, ImportColumnsForm(data_import=data_import))


@company_manager_required
@require_POST
def import_check(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Take the choice of columns, and have the preview made."""
    data_import = _get_import(request, code)
    if data_import.state not in (ImportState.MAPPING, ImportState.READY):
        return _no_longer(request, data_import)
    form = ImportColumnsForm(request.POST, data_import=data_import)
    if not form.is_valid():
        return _columns_page(request, data_import, form, status=422)
    try:
        services.import_map(
            data_import=data_import,
            by=request.user,
            columns=form.cleaned_data["columns"],
            date_order=form.cleaned_data["date_order"],
            create_places=form.cleaned_data.get("create_places", False),
        )
    except services.NotPossible as error:
        messages.error(request, str(error))
    return redirect(data_import)


@company_manager_required
@require_POST
def import_apply(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    data_import = _get_import(request, code)
    form = ImportApplyForm(request.POST)
    form.is_valid()
    try:
        data_import = services.import_apply(
            data_import=data_import,
            by=request.user,
            leave_out_bad=form.cleaned_data["leave_out_bad"],
        )
    except services.NotPossible as error:
        messages.error(request, str(error))
    return redirect(data_import)


@company_manager_required
@require_POST
def import_cancel(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    data_import = _get_import(request, code)
    if not services.import_cancel(data_import=data_import, by=request.user):
        return _no_longer(request, data_import)
    messages.success(request, _("Cancelled. Nothing was imported, and the file is deleted."))
    return redirect("imports")


@company_manager_required
@require_POST
def import_restart(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Begin anew what was interrupted."""
    data_import = _get_import(request, code)
    if not services.import_restart(data_import=data_import):
        messages.info(request, _("It is being worked on."))
    return redirect(data_import)


@company_member_required
@require_safe
def import_bad_rows(request: CompanyRequest, code: uuid.UUID, file_type: str) -> HttpResponse:
    """The bad rows as they were, each with what is wrong: to be fixed and uploaded again."""
    data_import = _get_import(request, code)
    rows = rows_of(data_import).filter(outcome=RowOutcome.BAD)
    if file_type not in FILE_TYPES or not rows.exists():
        raise Http404
    name = _("%(file)s bad rows") % {"file": PurePath(data_import.file_name).stem}
    header = [*_without_reason(data_import, data_import.headings), str(REASON)]
    found = _bad_rows(data_import, rows)
    if file_type == "xlsx":
        return cast(HttpResponse, exports.xlsx_response(name=name, header=header, rows=found))
    answer = exports.csv_response(name=name, header=header, rows=found, bom=True)
    return cast(HttpResponse, answer)


# --- Parts of the above ----------------------------------------------------------------


def _get_import(request: CompanyRequest, code: uuid.UUID) -> DataImport:
    """Return the company's import or answer 404, also for another company's."""
    return get_object_or_404(
        DataImport.objects.for_company(request.company).select_related("by"), code=code
    )


def _list_page(request: CompanyRequest, form: ImportAddForm, status: int = 200) -> HttpResponse:
    found = DataImport.objects.for_company(request.company).select_related("by").order_by("-id")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    kinds = ImportKind.choices
    return render(
        request,
        "workers/imports.html",
        {"form": form, "page": page, "kinds": kinds},
        status=status,
    )


def _no_longer(request: CompanyRequest, data_import: DataImport) -> HttpResponse:
    data_import.refresh_from_db()
    messages.info(
        request,
        _("That is not possible any more: %(state)s.")
        % {"state": data_import.get_state_display().lower()},
    )
    return redirect(data_import)


def _columns_page(
    request: CompanyRequest, data_import: DataImport, form: ImportColumnsForm, status: int = 200
) -> HttpResponse:
    samples = list(rows_of(data_import).order_by("line").values_list("cells", flat=True)[:SAMPLES])
    columns = [
        (field, [cells[number] for cells in samples if cells[number] != ""])
        for number, field in enumerate(form.column_fields)
    ]
    return render(
        request,
        "workers/import_columns.html",
        {"data_import": data_import, "form": form, "columns": columns},
        status=status,
    )


def _details_page(request: CompanyRequest, data_import: DataImport) -> HttpResponse:
    show, after = ImportRowsForm(request.GET).shown
    rows = rows_of(data_import)
    if show:
        rows = rows.filter(outcome=show)
    page: list[ImportRow] = []
    if data_import.state in (ImportState.READY, ImportState.APPLIED):
        page = list(rows.filter(line__gt=after).order_by("line")[: ROWS_SHOWN + 1])
    context = {
        "data_import": data_import,
        "figures": [
            (outcome, outcome.label, data_import.count(outcome))
            for outcome in (
                RowOutcome.CREATE,
                RowOutcome.CHANGE,
                RowOutcome.LEAVE,
                RowOutcome.BAD,
            )
        ],
        "bad": data_import.count(RowOutcome.BAD),
        "rows": page[:ROWS_SHOWN],
        "show": show,
        "after": after,
        "next_after": page[ROWS_SHOWN - 1].line if len(page) > ROWS_SHOWN else None,
        **_progress(data_import),
    }
    return render(request, "workers/import_details.html", context)


def _progress(data_import: DataImport) -> dict[str, Any]:
    seen = progress.seen(data_import) if data_import.state == ImportState.APPLYING else None
    is_applying = data_import.state == ImportState.APPLYING
    return {
        "data_import": data_import,
        "rows_done": seen[0] if seen else data_import.rows_done,
        "rows_total": data_import.to_write if is_applying else data_import.rows_total,
        "is_stalled": services.is_stalled(data_import),
    }


def _without_reason(data_import: DataImport, cells: list[Any]) -> list[Any]:
    """Return the cells but that of an earlier file of bad rows which says what was wrong."""
    width = len(data_import.headings)
    if data_import.headings[-1:] == [str(REASON)]:
        return cells[: width - 1]
    return cells


def _bad_rows(data_import: DataImport, rows: QuerySet[ImportRow]) -> Iterator[list[Cell]]:
    width = len(data_import.headings)
    for row in in_batches(rows.order_by("line"), 1000):
        reason = "; ".join(
            f"{heading}: {reason}" if heading else reason for heading, reason in row.faults
        )
        yield [*_without_reason(data_import, row.cells[:width]), reason]
