"""The list of workers, and the page of each."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import exports
from accounts.audit.trail import audit_event_add
from accounts.permissions import (
    CompanyRequest,
    company_manager_required,
    company_member_required,
    within_limit,
)
from workers import listing, profile, services
from workers.forms.faults import tell
from workers.forms.workers import (
    WorkerAddForm,
    WorkerChangeForm,
    WorkerFilterForm,
    suggestion,
)
from workers.limits import limit_of
from workers.models import Worker
from workers.paging import BoundedPaginator, page_size
from workers.views.once import add_once

# An Excel file is made before it is sent, and a request must not take minutes.
XLSX_ROWS_LIMIT = 100_000

# The columns of the list: key in the address ("" where it cannot be sorted by) and label.
COLUMNS: tuple[tuple[str, Promise], ...] = (
    ("name", gettext_lazy("Name")),
    ("id_number", gettext_lazy("ID#")),
    ("position", gettext_lazy("Position")),
    ("location", gettext_lazy("Location")),
    ("", gettext_lazy("Compliance")),
    ("", gettext_lazy("Coming due")),
)


# --- The list --------------------------------------------------------------------------


@company_member_required
@within_limit
@require_safe
def workers(request: CompanyRequest) -> HttpResponse:
    form = WorkerFilterForm(request.GET, company=request.company)
    today = request.company.today()
    found = _found(request, form)
    sort = request.GET.get("sort", "")
    rows = found.select_related("position", "location").order_by(*listing.order_by(sort))
    page = BoundedPaginator(rows, page_size(request)).get_page(request.GET.get("page"))
    return render(
        request,
        "workers/workers.html",
        {
            "form": form,
            "page": page,
            "listed": listing.listed(list(page), today=today),
            "columns": _columns(sort),
        },
    )


@company_member_required
@within_limit
@require_safe
def workers_export(request: CompanyRequest, file_type: str) -> HttpResponse:
    """The filtered list as a file: "csv", "xlsx", or "excel-csv", which Excel reads as UTF-8."""
    form = WorkerFilterForm(request.GET, company=request.company)
    found = _found(request, form)
    if file_type == "xlsx" and found.order_by()[: XLSX_ROWS_LIMIT + 1].count() > XLSX_ROWS_LIMIT:
        messages.error(
            request,
            _("An Excel file holds up to 100,000 workers. Narrow the list, or take a CSV file."),
        )
        return redirect(f"{reverse('workers')}?{request.GET.urlencode()}")
    today = request.company.today()
    sort = request.GET.get("sort", "")
    rows = listing.export_rows(
        found.select_related("position", "location__division").order_by(*listing.order_by(sort)),
        today=today,
    )
    name, header = f"{_('workers')}-{today.isoformat()}", listing.export_header()
    if request.method == "GET":
        audit_event_add(
            company=request.company,
            actor=request.user,
            action="exported workers",
            subject=request.company,
        )
    response: HttpResponseBase
    if file_type == "xlsx":
        response = exports.xlsx_response(name=name, header=header, rows=rows)
    else:
        is_for_excel = file_type == "excel-csv"
        response = exports.csv_response(name=name, header=header, rows=rows, bom=is_for_excel)
    return cast("HttpResponse", response)  # the decorators need its headers only


@company_member_required
@require_safe
def lookup_quality(request: CompanyRequest) -> HttpResponse:
    """What look-ups by other programs would miss: a panel of the list, and a page."""
    found = listing.lookup_quality(company=request.company)
    template = "workers/_lookup_quality.html" if request.htmx else "workers/lookup_quality.html"
    return render(request, template, {"quality": found, "limit": listing.QUALITY_LIMIT})


@company_member_required
@within_limit
@require_safe
def worker_suggestions(request: CompanyRequest) -> HttpResponse:
    """The workers who fit what is typed as supervisor, as options."""
    found = listing.workers_suggested(
        company=request.company,
        text=request.GET.get("supervisor", "")[:100].replace("\0", ""),
        limit=limit_of(request.user),
    )
    return render(
        request,
        "workers/_worker_suggestions.html",
        {"suggestions": [suggestion(worker) for worker in found]},
    )


# --- One worker ------------------------------------------------------------------------


@company_member_required
@within_limit
@require_safe
def worker(request: CompanyRequest, pk: int) -> HttpResponse:
    found = _get_worker(request, pk)
    shown = profile.profile_of(worker=found, today=request.company.today())
    events = profile.events_of(company=request.company, worker=found, record_ids=shown.record_ids)
    return render(
        request, "workers/worker.html", {"worker": found, "profile": shown, "events": events}
    )


@company_manager_required
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
def worker_add(request: CompanyRequest) -> HttpResponse:
    form = WorkerAddForm(request.POST or None, company=request.company, person=request.user)
    if form.is_valid():
        fields = form.cleaned_data
        code = fields.pop("code")
        try:
            pk, is_new = add_once(
                request,
                code,
                lambda: services.worker_add(company=request.company, by=request.user, **fields).pk,
            )
        except ValidationError as error:
            tell(form, error)
        else:
            if is_new:
                added = _get_worker(request, pk)
                messages.success(request, _("%(worker)s is added.") % {"worker": added})
            return redirect("worker", pk)
    return render(request, "workers/worker_add.html", {"form": form})


@company_manager_required
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
def worker_change(request: CompanyRequest, pk: int) -> HttpResponse:
    found = _get_worker(request, pk)
    form = WorkerChangeForm(
        request.POST or None,
        instance=_get_worker(request, pk),
        company=request.company,
        person=request.user,
    )
    if not form.is_valid():
        return _change_page(request, found, form)
    fields = form.cleaned_data.copy()
    seen = fields.pop("seen")
    try:
        changed = services.worker_change(
            company=request.company, worker=found, by=request.user, seen=seen, **fields
        )
    except services.ChangedMeanwhile:
        return _changed_meanwhile(request, form, pk)
    except ValidationError as error:
        tell(form, error)
        return _change_page(request, found, form)
    messages.success(request, _("%(worker)s is saved.") % {"worker": changed})
    return redirect("worker", pk)


@company_manager_required
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
def worker_deactivate(request: CompanyRequest, pk: int) -> HttpResponse:
    """Say what will change, and on POST do it."""
    found = _get_worker(request, pk)
    if request.method != "POST":
        shown = profile.profile_of(worker=found, today=request.company.today())
        return render(
            request, "workers/worker_deactivate.html", {"worker": found, "profile": shown}
        )
    if services.worker_deactivate(company=request.company, worker=found, by=request.user):
        messages.success(
            request,
            _(
                "%(worker)s is deactivated. Nothing is asked of them any more, and other "
                "programs are told that they may not work."
            )
            % {"worker": found},
        )
    else:
        messages.info(request, _("%(worker)s was deactivated already.") % {"worker": found})
    return redirect("worker", pk)


@company_manager_required
@within_limit
@require_POST
def worker_reactivate(request: CompanyRequest, pk: int) -> HttpResponse:
    found = _get_worker(request, pk)
    if services.worker_reactivate(company=request.company, worker=found, by=request.user):
        messages.success(
            request,
            _("%(worker)s is active again; their records count as before.") % {"worker": found},
        )
    else:
        messages.info(request, _("%(worker)s was active already.") % {"worker": found})
    return redirect("worker", pk)


# --- Parts of the above ----------------------------------------------------------------


def _get_worker(request: CompanyRequest, pk: int) -> Worker:
    """Return the company's worker or answer 404, also for another company's."""
    return get_object_or_404(
        Worker.objects.for_company(request.company)
        .filter(limit_of(request.user).condition())
        .select_related("position", "location__division", "supervisor"),
        pk=pk,
    )


def _found(request: CompanyRequest, form: WorkerFilterForm) -> Any:
    if not form.is_valid():
        # A filter that means nothing finds nobody; everybody would look like its answer.
        return Worker.objects.none()
    return listing.workers_listed(
        company=request.company,
        today=request.company.today(),
        limit=limit_of(request.user),
        **form.chosen,
    )


def _change_page(
    request: CompanyRequest, found: Worker, form: WorkerChangeForm, status: int = 200, **more: Any
) -> HttpResponse:
    return render(
        request,
        "workers/worker_change.html",
        {"worker": found, "form": form, **more},
        status=status,
    )


def _changed_meanwhile(request: CompanyRequest, form: WorkerChangeForm, pk: int) -> HttpResponse:
    """Show the form as it was typed, beside what somebody else has saved, to be saved over it."""
    stored = _get_worker(request, pk)
    data = request.POST.copy()
    data["seen"] = services.worker_digest(stored)
    again = WorkerChangeForm(
        data, instance=_get_worker(request, pk), company=request.company, person=request.user
    )
    again.is_valid()
    return _change_page(
        request,
        stored,
        again,
        status=409,
        saved_otherwise=form.saved_otherwise(stored),
    )


def _columns(sort: str) -> list[dict[str, Any]]:
    """Return each column's label, what a click on it sorts by, and its `aria-sort`."""
    current = sort if sort.removeprefix("-") in listing.SORTS else "name"
    return [
        {
            "label": label,
            "sort": key and (f"-{key}" if current == key else key),
            "aria_sort": {key: "ascending", f"-{key}": "descending"}.get(current, "")
            if key
            else "",
        }
        for key, label in COLUMNS
    ]
