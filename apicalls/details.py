"""The details page of an API call: its heart, put together from what the other parts know."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables

from accounts.audit.models import AuditEvent
from accounts.permissions import CompanyRequest
from apicalls import selectors, services
from apicalls.authorization.panel import panel_of
from apicalls.foresight import Broken, told_of
from apicalls.forms import APICallForm, ServedForm
from apicalls.kit.example import example_of
from apicalls.kit.views.trial import TrialForm
from apicalls.models import APICall, Document, State
from workers.scope import Scope
from workers.selectors import COUNT_LIMIT, number_in_scope

ACTIVITY_SHOWN = 10
# Names of the scope in the sentence at the top.
_PLACES_SHOWN = 3


@sensitive_variables("panel", "context")
def details_page(
    request: CompanyRequest,
    found: APICall,
    form: APICallForm | None = None,
    served: ServedForm | None = None,
    panel: Mapping[str, Any] | None = None,
    broken: Sequence[Broken] = (),
    status: int = 200,
) -> HttpResponse:
    """Render the page.

    `panel` is the context of the Authorization panel when not as usual; `broken` are the
    programs that would break if the forms were saved.
    """
    events = AuditEvent.objects.for_company(request.company).filter(
        subject_type="apicalls.apicall", subject_id=str(found.code)
    )
    served = served or ServedForm(api_call=found, person=request.user)
    pairs = selectors.pairs_answered(api_call=found)
    example = example_of(found, pairs.current)
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
        "example": example,
        "is_ready": found.is_ready(),
        "summary": summary_of(found, requests=pairs.requests_7_days, names=served.place_names),
        "steps": _steps(found, pairs),
        "events": events.order_by("-id")[:ACTIVITY_SHOWN],
        "duplicate_code": uuid.uuid4(),
        "broken": broken,
        "told": told_of(broken),
        "requests_30_days": pairs.requests_30_days,
        "last_used_at": pairs.last_used_at,
        "old_pair": pairs.old,
        "trial_form": TrialForm(example=example),
    }
    context |= panel or panel_of(found, pairs.current)
    return render(request, "apicalls/api_call.html", context, status=status)


# --- The sentence at the top -------------------------------------------------------------

_READS: Mapping[str, Promise] = {
    Document.WORKER_COMPLIANCE: gettext_lazy("%(name)s reads %(whom)s %(how)s, as %(format)s."),
    Document.COMPLIANCE_ROSTER: gettext_lazy("%(name)s reads %(whom)s, as %(format)s."),
    Document.COMPLIANCE_CHANGES: gettext_lazy(
        "%(name)s reads what changes of %(whom)s, as %(format)s."
    ),
    Document.EXPIRING_REQUIREMENTS: gettext_lazy(
        "%(name)s reads what lapses of %(whom)s, as %(format)s."
    ),
}
_HOW: Mapping[tuple[str, ...], Promise] = {
    ("id_number",): gettext_lazy("by ID#"),
    ("full_name",): gettext_lazy("by name"),
    ("id_number", "full_name"): gettext_lazy("by ID# and name"),
}


def summary_of(api_call: APICall, *, requests: int, names: Mapping[str, Mapping[int, str]]) -> str:
    """Return what the call does in a sentence or two; `requests` are those of a week.

    `names` has the company's places by list and id.
    """
    if api_call.state == State.ARCHIVED:
        return _("%(name)s is archived: programs that use it are refused.") % {
            "name": api_call.name
        }
    if api_call.state == State.PAUSED:
        return _("%(name)s is paused: programs that use it are refused.") % {"name": api_call.name}
    if not api_call.is_ready():
        return _("%(name)s cannot be used yet: tick its parameters.") % {"name": api_call.name}
    lookups = tuple(one.lookup for one in api_call.parameter_sets.all())
    reads = str(_READS[api_call.template.document]) % {
        "name": api_call.name,
        "whom": _whom(api_call, names),
        "how": _HOW.get(lookups, ""),
        "format": api_call.get_output_format_display(),
    }
    asked = ngettext(
        "%(requests)s request this week.", "%(requests)s requests this week.", requests
    ) % {"requests": number_format(requests)}
    return f"{reads} {asked}"


def _whom(api_call: APICall, names: Mapping[str, Mapping[int, str]]) -> str:
    scope = Scope.of(api_call.scope)
    number = number_in_scope(company=api_call.company, scope=scope)
    if number > COUNT_LIMIT:
        told = _("more than %(number)s workers") % {"number": number_format(COUNT_LIMIT)}
    else:
        told = ngettext("%(number)s worker", "%(number)s workers", number) % {
            "number": number_format(number)
        }
    places = [
        names[kind].get(one, f"#{one}")
        for kind in ("divisions", "locations", "positions")
        for one in sorted(getattr(scope, kind))
    ]
    if not places:
        return told
    shown = ", ".join(places[:_PLACES_SHOWN]) + (", …" if len(places) > _PLACES_SHOWN else "")
    return _("%(workers)s of %(places)s") % {"workers": told, "places": shown}


# --- The way from a new call to the program that uses it -------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One of the four: what it is called, where on the page it is done, and whether it is."""

    title: Promise
    text: Promise
    anchor: str
    is_done: bool


def _steps(api_call: APICall, pairs: selectors.Pairs) -> list[Step]:
    """Return the steps until a program uses the call; none when that is so, or in the archive."""
    if pairs.is_handed_over or api_call.state == State.ARCHIVED:
        return []
    is_ready = api_call.is_ready()
    return [
        Step(
            gettext_lazy("Add"),
            gettext_lazy("A call with credentials of its own, from a template."),
            "identity",
            is_done=True,
        ),
        Step(
            gettext_lazy("Choose"),
            gettext_lazy("Tick what the program sends under Parameters, and save."),
            "address",
            is_done=is_ready,
        ),
        Step(
            gettext_lazy("Test"),
            gettext_lazy("Send a test request, and read what a program gets."),
            "trial-heading",
            is_done=is_ready and pairs.is_tested,
        ),
        Step(
            gettext_lazy("Hand over"),
            gettext_lazy("Give address and header to whoever sets the program up."),
            "use-it-from",
            is_done=False,
        ),
    ]
