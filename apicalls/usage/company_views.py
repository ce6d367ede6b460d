"""The page "Usage" of a whole company, and its export."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, cast
from urllib.parse import urlencode

import orjson
from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.exports import csv_response, is_for_excel
from accounts.models import Company
from accounts.permissions import CompanyRequest, company_member_required
from apicalls.models import APICall, RefusedRequests, RequestLog
from apicalls.usage.company import EXPORTED, requests_exported
from apicalls.usage.counts import USAGE_DAYS
from apicalls.usage.figures import use_of_company
from apicalls.usage.outcomes import LABELS, OUTCOMES

MAX_DAYS = 366
# Bytes of an export that are sent together.
_PIECE = 64 * 1024


class UsageForm(forms.Form):
    """Which requests are looked at: from one day to another, of one call, with one outcome."""

    first = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    last = forms.DateField(
        label=gettext_lazy("To"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    api_call = forms.ChoiceField(label=gettext_lazy("API call"), required=False)
    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        required=False,
        choices=[("", gettext_lazy("All")), *LABELS.items()],
    )

    def __init__(self, data: Any, *, company: Company):
        today = company.today()
        usual = {
            "first": (today - timedelta(days=USAGE_DAYS - 1)).isoformat(),
            "last": today.isoformat(),
        }
        super().__init__(usual | {name: data[name] for name in data if name in self.base_fields})
        calls = APICall.objects.for_company(company).order_by("name", "pk")
        choices = [("", _("All")), *((str(one.code), one.name) for one in calls)]
        self.fields["api_call"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("first"), values.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first. Choose it or a later one."))
        elif first and last and (last - first).days >= MAX_DAYS:
            self.add_error("last", _("Choose at most %d days.") % MAX_DAYS)
        return values

    @property
    def chosen(self) -> dict[str, Any]:
        """Return what a valid form asks for, as arguments of what counts and exports."""
        values = self.cleaned_data
        chosen = OUTCOMES.get(values["outcome"], Q())
        if values["api_call"]:
            chosen &= Q(api_call__code=values["api_call"])
        return {"first": values["first"], "last": values["last"], "chosen": chosen}

    @property
    def query(self) -> str:
        """Return the form as it is, for an address."""
        return urlencode({field.name: field.value() or "" for field in self})


class RequestIDForm(forms.Form):
    request_id = forms.CharField(label=gettext_lazy("Request id"), max_length=64)

    def clean_request_id(self) -> str:
        return str(self.cleaned_data["request_id"]).lower().replace("-", "")


@company_member_required
@require_safe
def company_usage(request: CompanyRequest) -> HttpResponse:
    """Requests of all calls by day, by call and by outcome."""
    form = UsageForm(request.GET, company=request.company)
    context: dict[str, Any] = {"form": form, "request_id_form": RequestIDForm()}
    if not form.is_valid():
        return render(request, "apicalls/company_usage.html", context, status=422)
    days, calls = use_of_company(company=request.company, **form.chosen)
    if code := form.cleaned_data["api_call"]:
        calls = [one for one in calls if str(one.api_call.code) == code]
    return render(request, "apicalls/company_usage.html", context | {"days": days, "calls": calls})


@company_member_required
@require_safe
def company_usage_csv(request: CompanyRequest) -> HttpResponse:
    """The requests that the page is about, as a table."""
    form = UsageForm(request.GET, company=request.company)
    if not form.is_valid():
        return _back(form)
    rows = requests_exported(company=request.company, **form.chosen)
    told = ((at.isoformat(), *values) for at, *values in rows)
    response = csv_response(
        name=_name(form), header=list(EXPORTED), rows=told, bom=is_for_excel(request)
    )
    return cast("HttpResponse", response)


@company_member_required
@require_safe
def company_usage_json(request: CompanyRequest) -> HttpResponse:
    """The same as one array of objects."""
    form = UsageForm(request.GET, company=request.company)
    if not form.is_valid():
        return _back(form)
    response = StreamingHttpResponse(
        _json_pieces(requests_exported(company=request.company, **form.chosen)),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{_name(form)}.json"'},
    )
    return cast("HttpResponse", response)


@company_member_required
@require_safe
def request_found(request: CompanyRequest) -> HttpResponse:
    """Lead from a request id, as an answer has it in X-Request-Id, to what is kept of it."""
    form = RequestIDForm(request.GET)
    if form.is_valid():
        wanted = {
            "request_id": form.cleaned_data["request_id"],
            "api_call__company": request.company,
        }
        logged = RequestLog.objects.select_related("api_call").filter(**wanted).first()
        if logged is not None:
            return redirect("receipt", logged.api_call.code, logged.request_id)
        folded = RefusedRequests.objects.select_related("api_call").filter(**wanted).first()
        if folded is not None and folded.api_call is not None:
            query = urlencode({"request_id": folded.request_id})
            return redirect(f"{reverse('usage', args=[folded.api_call.code])}?{query}#requests")
    messages.error(
        request,
        _(
            "No request of your company's API calls has this id. It is the X-Request-Id of an "
            "answer: 32 characters, 0 to 9 and a to f. Of requests with a wrong header, only the "
            "last of each minute is kept with its id."
        ),
    )
    return redirect("company_usage")


def _back(form: UsageForm) -> HttpResponse:
    """Lead to the page, which says what is wrong with the form."""
    return redirect(f"{reverse('company_usage')}?{form.query}")


def _name(form: UsageForm) -> str:
    first: date = form.cleaned_data["first"]
    return f"api-requests-{first:%Y-%m-%d}-to-{form.cleaned_data['last']:%Y-%m-%d}"


def _json_pieces(rows: Iterator[tuple[Any, ...]]) -> Iterator[bytes]:
    piece = bytearray(b"[")
    between = b"\n"
    for values in rows:
        piece += between + orjson.dumps(dict(zip(EXPORTED, values, strict=True)))
        between = b",\n"
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece) + b"\n]\n"
