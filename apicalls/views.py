"""The pages of Account -> API: the list, the templates, and the details of a call."""

import uuid
from typing import Any, cast

from django.contrib import messages
from django.db.models import F, OrderBy
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts import exports
from accounts.permissions import (
    CompanyRequest,
    company_admin_required,
    company_member_required,
    within_limit,
)
from apicalls import selectors, services
from apicalls.details import details_page
from apicalls.documents import sample_answer
from apicalls.foresight import Broken, Settings, broken_by, told_of
from apicalls.forms import (
    APICallAddForm,
    APICallFilterForm,
    APICallForm,
    ServedForm,
    WebsiteAddressForm,
)
from apicalls.health import findings
from apicalls.models import APICall, OutputFormat
from apicalls.pages import api_call_or_404
from apicalls.samples import sample_of
from apicalls.visible import api_calls_visible_to
from workers.limits import limit_of
from workers.paging import BoundedPaginator, page_size

# The columns of the list: key in the address, label, and what they are sorted by.
COLUMNS: tuple[tuple[str, Promise, str], ...] = (
    ("name", gettext_lazy("Name"), "name"),
    ("template", gettext_lazy("Request Template"), "template__name"),
    ("format", gettext_lazy("Output Format"), "output_format"),
    ("state", gettext_lazy("State"), "state"),
    ("last_used", gettext_lazy("Last used"), "last_used_at"),
    ("requests", gettext_lazy("Requests (30 days)"), "requests_30_days"),
)


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
    paginator = BoundedPaginator(listed.order_by(*_order(sort)), page_size(request))
    page = paginator.get_page(request.GET.get("page"))
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


@company_member_required
@within_limit
@require_safe
def api_calls_csv(request: CompanyRequest) -> HttpResponse:
    """The list as it is filtered and sorted, as a file."""
    listed = selectors.api_calls_listed(
        company=request.company,
        api_calls=api_calls_visible_to(request.user),
        **APICallFilterForm(request.GET).chosen,
    ).prefetch_related("parameter_sets")
    header = [
        *(str(label) for _key, label, _field in COLUMNS),
        *(_("Owner contact"), _("Parameters"), _("Website Address")),
        *(_("Requests a minute"), _("Allowed networks"), _("Expires on")),
    ]
    response = exports.csv_response(
        name=f"{_('api-calls')}-{request.company.today().isoformat()}",
        header=header,
        rows=(_exported(one) for one in listed.order_by(*_order(request.GET.get("sort", "")))),
        bom=exports.is_for_excel(request),
    )
    return cast("HttpResponse", response)  # the decorators need its headers only


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
    broken = _broken(found, form, served)
    if broken and request.POST.get("told") != told_of(broken):
        return details_page(request, found, form, served, broken=broken, status=422)
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


@company_admin_required
@within_limit
@require_POST
def change_rehearsal(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Which programs would break with the settings as they are on the page, not saved yet."""
    found = api_call_or_404(request, code)
    form = APICallForm(request.POST, instance=api_call_or_404(request, code))
    served = ServedForm(request.POST, api_call=found, person=request.user)
    # What cannot be read is said when it is saved.
    broken = _broken(found, form, served) if form.is_valid() and served.is_valid() else []
    context = {"broken": broken, "told": told_of(broken)}
    return render(request, "apicalls/_change_rehearsal.html", context)


# --- Parts of the above ----------------------------------------------------------------


def _broken(found: APICall, form: APICallForm, served: ServedForm) -> list[Broken]:
    """Return the programs that two valid forms would break."""
    after = Settings.of_form(found, form.cleaned_data | served.cleaned_data, served.scope)
    return broken_by(api_call=found, after=after)


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


def _exported(api_call: Any) -> list[exports.Cell]:
    used = api_call.last_used_at
    return [
        *(api_call.name, api_call.template.shown_name, api_call.get_output_format_display()),
        api_call.get_state_display(),
        used and timezone.localtime(used).isoformat(timespec="seconds"),
        *(api_call.requests_30_days, api_call.owner_contact),
        ", ".join(one.label for one in api_call.parameter_sets.all()),
        *(api_call.website_address(), api_call.rate_limit, ", ".join(api_call.allowed_networks)),
        api_call.expires_on,
    ]


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
