"""The life of an API call, by the buttons at the foot of its page: paused, archived, duplicated."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import CompanyRequest, company_admin_required, within_limit
from apicalls import selectors, services
from apicalls.foresight import Settings, broken_by
from apicalls.forms import APICallDuplicateForm
from apicalls.models import APICall
from apicalls.pages import api_call_or_404


class Words(NamedTuple):
    """What pages say of a change of state, and the change that takes it back."""

    question: Promise
    does: Promise
    button: Promise
    done: Promise
    undo: str


# For each of services.STATE_CHANGES.
WORDS: Mapping[str, Words] = {
    "pause": Words(
        gettext_lazy("Pause “{name}”?"),
        gettext_lazy("Programs that use it are refused until you resume it."),
        gettext_lazy("Pause now"),
        gettext_lazy("Paused. Programs that use it are refused until you resume it."),
        undo="resume",
    ),
    "resume": Words(
        gettext_lazy("Resume “{name}”?"),
        gettext_lazy("Programs that use it are answered again, with the same credentials."),
        gettext_lazy("Resume now"),
        gettext_lazy("Resumed. Programs that use it are answered again."),
        undo="pause",
    ),
    "archive": Words(
        gettext_lazy("Archive “{name}”?"),
        gettext_lazy(
            "Programs that use it are refused, and it leaves the list. You can restore it."
        ),
        gettext_lazy("Archive now"),
        gettext_lazy("Archived. Its history is kept, and you can restore it."),
        undo="restore",
    ),
    "restore": Words(
        gettext_lazy("Restore “{name}”?"),
        gettext_lazy("Takes it out of the archive. It stays paused until you resume it."),
        gettext_lazy("Restore now"),
        gettext_lazy("Restored, and paused. Resume it to have it answered again."),
        undo="archive",
    ),
}


@company_admin_required
@within_limit
@require_http_methods(["GET", "HEAD", "POST"])
def api_call_state_change(request: CompanyRequest, code: uuid.UUID, change: str) -> HttpResponse:
    """Say what it does and who is hit, and on POST do it."""
    found = api_call_or_404(request, code)
    if request.method != "POST":
        return _state_change_page(request, found, change)
    if services.api_call_state_change(api_call=found, change=change, by=request.user):
        words = WORDS[change]
        undo = reverse("api_call_state_change", args=[found.code, words.undo])
        messages.success(request, str(words.done), extra_tags=undo)
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


def _state_change_page(request: CompanyRequest, found: APICall, change: str) -> HttpResponse:
    _allowed_from, state = services.STATE_CHANGES[change]
    words = WORDS[change]
    context = {
        "api_call": found,
        "change": change,
        "question": str(words.question).format(name=found.name),
        "words": words,
        "pairs": selectors.pairs_answered(api_call=found),
        "broken": broken_by(api_call=found, after=replace(Settings.of(found), state=state)),
    }
    return render(request, "apicalls/api_call_state_change.html", context)
