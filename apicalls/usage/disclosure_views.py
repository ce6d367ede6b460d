"""The disclosure register on a worker's profile."""

from typing import cast

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.exports import csv_response, is_for_excel
from accounts.permissions import CompanyRequest, company_member_required
from apicalls.usage.disclosures import register_of
from workers.models import Worker


@company_member_required
@require_safe
def disclosures(request: CompanyRequest, pk: int) -> HttpResponse:
    """Which calls told about this worker, when, how often and which field groups."""
    worker = _get_worker(request, pk)
    register = register_of(worker=worker)
    context = {"worker": worker, "disclosures": register.alone, "lists": register.in_lists}
    return render(request, "apicalls/disclosures.html", context)


@company_member_required
@require_safe
def disclosures_csv(request: CompanyRequest, pk: int) -> HttpResponse:
    """The same as a file, to answer a privacy request with."""
    worker = _get_worker(request, pk)
    register = register_of(worker=worker)
    about = ((_("about this worker"), register.alone), (_("in a list"), register.in_lists))
    rows = [
        (
            *(one.name, one.document, how, one.times),
            *(one.first_at.isoformat(), one.last_at.isoformat(), " ".join(one.field_groups)),
        )
        for how, found in about
        for one in found
    ]
    header = (
        *(_("API call"), _("Document"), _("Told"), _("Times")),
        *(_("First"), _("Last"), _("Fields")),
    )
    name = f"disclosures-{slugify(str(worker)) or worker.pk}"
    response = csv_response(name=name, header=header, rows=rows, bom=is_for_excel(request))
    return cast("HttpResponse", response)


def _get_worker(request: CompanyRequest, pk: int) -> Worker:
    workers = Worker.objects.for_company(request.company)
    return get_object_or_404(workers.select_related("location__division"), pk=pk)
