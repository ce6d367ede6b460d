"""Records: adding, renewing and changing them, and those that wait for approval."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import (
    CompanyRequest,
    company_manager_required,
    company_member_required,
    within_limit,
)
from workers import labels, profile, services
from workers.forms.faults import tell
from workers.forms.records import (
    RecordAddForm,
    RecordChangeForm,
    RecordRejectForm,
    RecordRenewForm,
    WaitingFilterForm,
)
from workers.limits import limit_of
from workers.models import Record, Worker
from workers.paging import BoundedPaginator, page_size
from workers.views.once import add_once


@company_member_required
@within_limit
@require_safe
def records_waiting(request: CompanyRequest) -> HttpResponse:
    form = WaitingFilterForm(request.GET, company=request.company)
    found = Record.objects.none()
    if form.is_valid():
        chosen = form.cleaned_data["requirement"]
        found = profile.records_waiting(
            company=request.company,
            requirement_id=int(chosen) if chosen else None,
            limit=limit_of(request.user),
        )
    page = BoundedPaginator(found, page_size(request)).get_page(request.GET.get("page"))
    return render(request, "workers/records_waiting.html", {"form": form, "page": page})


@company_manager_required
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
def record_add(request: CompanyRequest, worker_pk: int) -> HttpResponse:
    workers = Worker.objects.for_company(request.company)
    worker = get_object_or_404(workers.filter(limit_of(request.user).condition()), pk=worker_pk)
    form = RecordAddForm(
        request.POST or None,
        company=request.company,
        initial={"requirement": request.GET.get("requirement")},
    )
    if form.is_valid():
        added = _added(request, form, worker=worker, requirement=form.cleaned_data["requirement"])
        if added is not None:
            return redirect("worker", worker.pk)
    return render(request, "workers/record_add.html", {"worker": worker, "form": form})


@company_manager_required
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
def record_renew(request: CompanyRequest, pk: int) -> HttpResponse:
    """Add a record that follows this one; what seldom changes is filled in from it."""
    old = _get_record(request, pk)
    form = RecordRenewForm(
        request.POST or None,
        initial={"certificate_number": old.certificate_number, "issuer": old.issuer},
    )
    if form.is_valid():
        added = _added(request, form, worker=old.worker, requirement=old.requirement)
        if added is not None:
            return redirect("worker", old.worker_id)
    return render(request, "workers/record_renew.html", {"record": old, "form": form})


@company_manager_required
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
def record_change(request: CompanyRequest, pk: int) -> HttpResponse:
    found = _get_record(request, pk)
    form = RecordChangeForm(request.POST or None, instance=_get_record(request, pk))
    if not form.is_valid():
        return _change_page(request, found, form)
    try:
        changed = services.record_change(
            company=request.company,
            record=found,
            by=request.user,
            seen=form.cleaned_data["seen"],
            **form.fields_by(request.user),
        )
    except services.ChangedMeanwhile:
        return _changed_meanwhile(request, form, pk)
    except ValidationError as error:
        tell(form, error)
        return _change_page(request, found, form)
    messages.success(request, _told(_("Saved."), changed, request))
    return redirect("worker", found.worker_id)


@company_manager_required
@within_limit
@require_POST
def record_approve(request: CompanyRequest, pk: int) -> HttpResponse:
    found = _get_record(request, pk)
    try:
        approved = services.record_approve(company=request.company, record=found, by=request.user)
    except ValidationError as error:
        messages.error(request, _not_done(found, error))
    else:
        messages.success(request, _told(_("Approved."), approved, request))
    return _back(request, found)


@company_manager_required
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
def record_reject(request: CompanyRequest, pk: int) -> HttpResponse:
    """Ask for the reason, and on POST reject."""
    found = _get_record(request, pk)
    form = RecordRejectForm(request.POST or None)
    if not form.is_valid():
        return render(
            request,
            "workers/record_reject.html",
            {"record": found, "form": form, "next": _next(request)},
        )
    try:
        rejected = services.record_reject(
            company=request.company,
            record=found,
            by=request.user,
            note=form.cleaned_data["reason"],
        )
    except ValidationError as error:
        messages.error(request, _not_done(found, error))
    else:
        messages.success(request, _told(_("Rejected."), rejected, request))
    return _back(request, found)


# --- Parts of the above ----------------------------------------------------------------


def _get_record(request: CompanyRequest, pk: int) -> Record:
    """Return the record of the company's worker or answer 404, also for another company's."""
    return get_object_or_404(
        Record.objects.filter(
            limit_of(request.user).condition("worker__"), worker__company=request.company
        ).select_related("worker", "requirement", "approved_by"),
        pk=pk,
    )


def _added(
    request: CompanyRequest, form: RecordRenewForm, *, worker: Worker, requirement: Any
) -> int | None:
    """Add the record once and say so; None when the service refused it, which the form tells."""

    def add() -> int:
        return services.record_add(
            company=request.company,
            worker=worker,
            requirement=requirement,
            by=request.user,
            **form.fields_by(request.user),
        ).pk

    try:
        pk, is_new = add_once(request, form.cleaned_data["code"], add)
    except ValidationError as error:
        tell(form, error)
        return None
    if is_new:
        messages.success(request, _told(_("Record added."), _get_record(request, pk), request))
    return pk


def _change_page(
    request: CompanyRequest, found: Record, form: RecordChangeForm, status: int = 200, **more: Any
) -> HttpResponse:
    return render(
        request,
        "workers/record_change.html",
        {"record": found, "form": form, **more},
        status=status,
    )


def _changed_meanwhile(request: CompanyRequest, form: RecordChangeForm, pk: int) -> HttpResponse:
    """Show the form as it was typed, beside what somebody else has saved, to be saved over it."""
    stored = _get_record(request, pk)
    data = request.POST.copy()
    data["seen"] = services.record_digest(stored)
    again = RecordChangeForm(data, instance=_get_record(request, pk))
    again.is_valid()
    return _change_page(
        request, stored, again, status=409, saved_otherwise=form.saved_otherwise(stored)
    )


def _told(done: str, record: Record, request: CompanyRequest) -> str:
    """Say what was done, and how the worker stands with the requirement from now on."""
    found = profile.item_status(record=record, today=request.company.today())
    facts: dict[str, object] = {"requirement": record.requirement, "worker": record.worker}
    if found is None:
        kept = _("%(requirement)s is not asked of %(worker)s now; the record is kept.") % facts
        return f"{done} {kept}"
    status, expires_on = found
    facts["status"] = labels.STATUSES[status]
    if expires_on is None:
        now = _("%(requirement)s of %(worker)s is now: %(status)s.") % facts
    else:
        facts["day"] = date_format(expires_on)
        now = _("%(requirement)s of %(worker)s is now: %(status)s, valid to %(day)s.") % facts
    return f"{done} {now}"


def _not_done(record: Record, error: ValidationError) -> str:
    return _("%(requirement)s of %(worker)s: %(error)s") % {
        "requirement": record.requirement,
        "worker": record.worker,
        "error": " ".join(error.messages),
    }


def _next(request: CompanyRequest) -> str:
    """Return the address of this site that the person came from, or ""."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts=None, require_https=request.is_secure()
    )
    return address if is_ours else ""


def _back(request: CompanyRequest, record: Record) -> HttpResponse:
    return redirect(_next(request) or resolve_url("worker", record.worker_id))
