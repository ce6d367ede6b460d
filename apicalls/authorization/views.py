"""The pages behind the Authorization panel."""

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.permissions import (
    CompanyRequest,
    company_admin_required,
    company_right_required,
    recently_confirmed_required,
    within_limit,
)
from accounts.roles import Right
from apicalls import selectors, services
from apicalls.authorization.board import board_of, callers_lately
from apicalls.authorization.panel import panel_of
from apicalls.credentials import header_value
from apicalls.details import details_page
from apicalls.forms import ClientKeyForm, RegenerateForm
from apicalls.models import APICall
from apicalls.pages import api_call_or_404, secret_or_message


@company_admin_required
@within_limit
@require_safe
def authorization(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The Authorization panel with the secret masked, for when showing it is over."""
    found = api_call_or_404(request, code)
    credential = selectors.credential_current(api_call=found)
    return render(request, "apicalls/_authorization.html", panel_of(found, credential))


@company_right_required(Right.REVEAL)
@within_limit
@require_POST
@recently_confirmed_required
@sensitive_variables("client_secret", "panel")
def client_secret_show(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = api_call_or_404(request, code)
    credential = selectors.credential_current(api_call=found)
    client_secret = secret_or_message(request, credential, action="showed the secret of")
    if client_secret is None:
        # The page says why; htmx would put it into the panel.
        return HttpResponseClientRefresh() if request.htmx else redirect(found)
    panel = panel_of(found, credential, client_secret)
    if request.htmx:
        return render(request, "apicalls/_authorization.html", panel)
    return details_page(request, found, panel=panel)


@company_right_required(Right.REVEAL)
@within_limit
@require_POST
@recently_confirmed_required
@sensitive_variables("client_secret", "text")
def client_secret_copy(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The secret, or the whole header, as text for the clipboard: nothing is shown."""
    found = api_call_or_404(request, code)
    credential = selectors.credential_current(api_call=found)
    client_secret = secret_or_message(request, credential, action="copied the secret of")
    if client_secret is None:
        return HttpResponse(status=409)
    if request.POST.get("what") == "header":
        text = header_value(credential.client_key, client_secret)
    else:
        text = client_secret.reveal()
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@company_right_required(Right.REGENERATE)
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
@recently_confirmed_required
def regenerate(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Say what will break, and on POST replace the credentials."""
    found = api_call_or_404(request, code)
    if request.method != "POST":
        return _regenerate_page(request, found, None)
    form = RegenerateForm(request.POST)
    if "replaces" not in form.data or form.has_error("replaces"):
        return redirect("regenerate", found.code)  # not from our page; ask once more
    if not form.is_valid():
        return _regenerate_page(request, found, form, status=422)
    try:
        services.regenerate_credentials(api_call=found, by=request.user, **form.cleaned_data)
    except services.AlreadyRegenerated:
        messages.info(
            request,
            _(
                "The credentials were already regenerated, and are not changed again. "
                "This page shows those that work."
            ),
        )
    except services.OverlapRuns:
        form.add_error("stops_older", _("A call has at most two pairs. Tick this to go on."))
        return _regenerate_page(request, found, form, status=422)
    else:
        messages.warning(request, _done(form.cleaned_data["overlap"]))
    return redirect(found)


def _done(overlap: timedelta) -> str:
    if overlap:
        return _(
            "New credentials made. The old ones are answered until then: copy the new header into "
            "every program that uses this API call, and watch here who has changed over."
        )
    return _(
        "New credentials made. The old ones no longer work: "
        "copy the new header into every program that uses this API call."
    )


def _regenerate_page(
    request: CompanyRequest, found: APICall, form: RegenerateForm | None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    pairs = selectors.pairs_answered(api_call=found)
    context = {
        "api_call": found,
        "form": form or RegenerateForm(initial={"replaces": pairs.current.client_key}),
        "credential": pairs.current,
        "old_pair": pairs.old,
        "callers": callers_lately(api_call=found),
        "requests_today": selectors.requests_since(
            api_call=found, since=request.company.day_begin(request.company.today())
        ),
        "requests_7_days": selectors.requests_since(api_call=found, since=now - timedelta(days=7)),
    }
    return render(request, "apicalls/regenerate.html", context, status=status)


@company_admin_required
@within_limit
@require_safe
def cut_over(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """The cut-over board: which callers use the new pair, and which still the old one."""
    found = api_call_or_404(request, code, with_boxes=False)
    pairs = selectors.pairs_answered(api_call=found)
    context = {"api_call": found, "board": board_of(pairs, callers_lately(api_call=found))}
    name = "apicalls/_cut_over.html" if request.htmx else "apicalls/cut_over.html"
    return render(request, name, context)


@company_right_required(Right.REGENERATE)
@within_limit
@require_POST
@recently_confirmed_required
def credential_stop(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Stop a pair that was replaced before its time is over."""
    found = api_call_or_404(request, code, with_boxes=False)
    form = ClientKeyForm(request.POST)
    if form.is_valid() and services.credential_stop(
        api_call=found, by=request.user, **form.cleaned_data
    ):
        messages.success(request, _("Stopped. The old pair is refused from the next request on."))
    else:
        messages.info(request, _("That pair has ended already; nothing is changed."))
    return redirect(found)
