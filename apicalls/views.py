"""The pages of Account -> API: the list, the templates, and the details of a call."""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, OrderBy
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from accounts.audit.models import AuditEvent
from accounts.permissions import (
    CompanyRequest,
    company_admin_required,
    company_member_required,
    within_limit,
)
from apicalls import selectors, services
from apicalls.authorization.panel import panel_of
from apicalls.documents import sample_answer
from apicalls.forms import (
    APICallAddForm,
    APICallDuplicateForm,
    APICallFilterForm,
    APICallForm,
    ServedForm,
    WebsiteAddressForm,
)
from apicalls.health import findings
from apicalls.kit.example import example_of
from apicalls.kit.views.trial import TrialForm
from apicalls.models import APICall, OutputFormat
from apicalls.pages import api_call_or_404
from apicalls.samples import sample_of
from apicalls.visible import api_calls_visible_to
from workers.limits import limit_of

PAGE_SIZE = 25
ACTIVITY_SHOWN = 10

# The columns of the list: key in the address, label, and what they are sorted by.
COLUMNS: tuple[tuple[str, Promise, str], ...] = (
    ("name", gettext_lazy("Name"), "name"),
    ("template", gettext_lazy("Request Template"), "template__name"),
    ("format", gettext_lazy("Output Format"), "output_format"),
    ("state", gettext_lazy("State"), "state"),
    ("last_used", gettext_lazy("Last used"), "last_used_at"),
    ("requests", gettext_lazy("Requests (30 days)"), "requests_30_days"),
)

DONE = {
    "pause": gettext_lazy("Paused. Programs that use it are refused until you resume it."),
    "resume": gettext_lazy("Resumed. Programs that use it are answered again."),
    "archive": gettext_lazy("Archived. Its history is kept, and you can restore it."),
    "restore": gettext_lazy("Restored, and paused. Resume it to have it answered again."),
}


@company_member_required
@within_limit
@require_safe
def api_calls(request: CompanyRequest) -> HttpResponse:
    filter_form = APICallFilterForm(request.GET)
    visible = api_calls_visible_to(request.user)
    listed = selectors.api_calls_listed(
        company=request.company, api_calls=visible, **filter_form.chosen
    )
    sort = request.GET.get("sort", "")
    found, advice = findings(company=request.company, api_calls=visible)
    page = Paginator(listed.order_by(*_order(sort)), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "apicalls/api_calls.html",
        {
            "filter_form": filter_form,
            "page": page,
            "columns": _columns(sort),
            "findings": found,
            "advice": advice,
        },
    )


@company_admin_required
@within_limit
@require_safe
def api_templates(request: CompanyRequest) -> HttpResponse:
    """The page behind "Add API call", which opens as a dialog."""
    templates = [
        {
            "template": template,
            "code": uuid.uuid4(),
            "samples": [
                (label, sample_answer(template.document, value))
                for value, label in OutputFormat.choices
            ],
        }
        for template in selectors.api_templates_offered()
    ]
    return render(request, "apicalls/api_templates.html", {"cards": templates})


@company_admin_required
@within_limit
@require_POST
def api_call_add(request: CompanyRequest) -> HttpResponse:
    form = APICallAddForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was added: choose one of these API templates."))
        return redirect("api_templates")
    api_call = services.api_call_add(
        company=request.company,
        template=form.cleaned_data["template"],
        code=form.cleaned_data["code"],
        scope=limit_of(request.user),
        by=request.user,
    )
    messages.success(request, _("API call added. Give it a name and tick its parameters."))
    return redirect(api_call)


@company_member_required
@within_limit
@require_safe
def api_call(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = api_call_or_404(request, code)
    return details_page(request, found)


@company_admin_required
@within_limit
@require_POST
def api_call_change(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = api_call_or_404(request, code)
    form = APICallForm(request.POST, instance=api_call_or_404(request, code))
    served = ServedForm(request.POST, api_call=found, person=request.user)
    if not form.is_valid() or not served.is_valid():
        return details_page(request, found, form, served, status=422)
    try:
        changed = services.api_call_change(
            api_call=found,
            values=form.cleaned_data | served.cleaned_data | {"scope": served.scope.as_stored()},
            seen=form.cleaned_data["seen"],
            by=request.user,
        )
    except services.ChangedMeanwhile:
        return details_page(request, found, _seen_anew(request, found), served, status=409)
    if changed:
        messages.success(request, _("Saved."))
    else:
        messages.info(request, _("There was nothing to save: no setting differs."))
    return redirect(found)


@company_member_required
@within_limit
@require_safe
def website_address(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The Website Address with the boxes as they are ticked on the page, saved or not."""
    found = api_call_or_404(request, code)
    form = WebsiteAddressForm(request.GET, api_call=found)
    if not form.is_valid():
        raise Http404
    address = found.website_address(form.cleaned_data["parameter_sets"])
    return render(
        request,
        "apicalls/_website_address.html",
        {
            "website_address": address,
            "is_ready": found.is_ready(form.cleaned_data["parameter_sets"]),
            "has_parameters": bool(form.cleaned_data["parameter_sets"]),
            "is_preview": address != found.website_address(),
        },
    )


@company_member_required
@within_limit
@require_safe
def sample(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """What would be answered with the boxes as they are ticked on the page, saved or not."""
    found = api_call_or_404(request, code)
    served = ServedForm(request.GET, api_call=found, person=request.user)
    if not served.is_valid():
        raise Http404
    served_sample = sample_of(
        api_call=found,
        output_format=served.cleaned_data["output_format"],
        fields=frozenset(served.cleaned_data["field_groups"]),
        scope=served.scope,
    )
    name = "apicalls/_sample.html" if request.htmx else "apicalls/sample.html"
    return render(request, name, {"api_call": found, "sample": served_sample})


# --- Life of a call --------------------------------------------------------------------


@company_admin_required
@within_limit
@require_POST
def api_call_state_change(request: CompanyRequest, code: uuid.UUID, change: str) -> HttpResponse:
    found = api_call_or_404(request, code)
    if services.api_call_state_change(api_call=found, change=change, by=request.user):
        messages.success(request, DONE[change])
    else:
        messages.info(request, _("That was done already; nothing is changed."))
    return redirect(found)


@company_admin_required
@within_limit
@require_POST
def api_call_duplicate(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = api_call_or_404(request, code)
    form = APICallDuplicateForm(request.POST)
    if not form.is_valid():
        return redirect(found)
    twin = services.api_call_duplicate(
        api_call=found,
        code=form.cleaned_data["code"],
        by=request.user,
    )
    messages.success(
        request, _("Copied, with credentials of its own. Give it the name of its department.")
    )
    return redirect(twin)


# --- Parts of the above ----------------------------------------------------------------


def _seen_anew(request: CompanyRequest, found: APICall) -> APICallForm:
    """Return the form as it was typed, to be saved over what somebody else has saved."""
    theirs = api_call_or_404(request, found.code)
    data = request.POST.copy()
    data["seen"] = services.settings_digest(theirs)
    form = APICallForm(data, instance=theirs)
    form.add_error(
        None,
        _(
            "Somebody else has changed this API call since you opened it; Activity shows "
            "what. Your input is still here: save again to put it in place of theirs."
        ),
    )
    return form


@sensitive_variables("panel", "context")
def details_page(
    request: CompanyRequest,
    found: APICall,
    form: APICallForm | None = None,
    served: ServedForm | None = None,
    panel: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page; `panel` is the context of the Authorization panel when not as usual."""
    events = AuditEvent.objects.for_company(request.company).filter(
        subject_type="apicalls.apicall", subject_id=str(found.code)
    )
    served = served or ServedForm(api_call=found, person=request.user)
    context = {
        "api_call": found,
        "form": form or APICallForm(instance=found),
        "served": served,
        "sample_query": urlencode(
            {
                "output_format": found.output_format,
                "field_groups": found.field_groups,
                **found.scope,
            },
            doseq=True,
        ),
        "scope_lines": services.scope_lines(api_call=found, names=served.place_names),
        "parameter_sets": found.parameter_sets.all(),
        "has_parameters": bool(found.parameter_sets.all()),
        "website_address": found.website_address(),
        "is_ready": found.is_ready(),
        "events": events.order_by("-id")[:ACTIVITY_SHOWN],
        "duplicate_code": uuid.uuid4(),
    }
    pairs = selectors.pairs_answered(api_call=found)
    context["requests_30_days"] = pairs.requests_30_days
    context["last_used_at"] = pairs.last_used_at
    context["trial_form"] = TrialForm(example=example_of(found, pairs.current))
    context |= panel or panel_of(found, pairs.current)
    context["old_pair"] = pairs.old
    return render(request, "apicalls/api_call.html", context, status=status)


def _order(sort: str) -> list[OrderBy]:
    """Return the order for `sort`: a column's key, with "-" in front to turn it round."""
    fields = {key: field for key, _label, field in COLUMNS}
    field = fields.get(sort.removeprefix("-"), "name")
    if sort.startswith("-"):
        return [F(field).desc(nulls_last=True), F("pk").desc()]
    return [F(field).asc(nulls_first=True), F("pk").asc()]


def _columns(sort: str) -> list[dict[str, Any]]:
    """Return each column's label, what a click on it sorts by, and its `aria-sort`."""
    current = sort or "name"
    return [
        {
            "key": key,
            "label": label,
            "sort": f"-{key}" if current == key else key,
            "aria_sort": {key: "ascending", f"-{key}": "descending"}.get(current, ""),
        }
        for key, label, _field in COLUMNS
    ]
