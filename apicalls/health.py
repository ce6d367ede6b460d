"""What an admin should look at among a company's API calls, and what to do about it.

Each kind of finding is a function of the calls as `calls_looked_at` reads them. One more is one
more function in CHECKS.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Company
from apicalls.models import APICall, Caller, Credential, State
from apicalls.usage.counts import number_of, quarter_of

# A call this new is still being set up; one that is silent for longer was used and is not now.
SETTING_UP = timedelta(days=2)
SILENT_DAYS = 14
# Of what was asked in the last day, so much refused is no slip of somebody who tries.
FAILING_WITHIN = timedelta(days=1)
FAILING_FROM = 5
MAX_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """A card: what is the matter with which call, and where to do something about it."""

    title: Promise
    api_call: APICall
    text: str
    action: str
    url: str


def findings(*, company: Company) -> list[Finding]:
    """Return what there is to look at, by kind, at most MAX_FINDINGS."""
    now = timezone.now()
    calls = list(_looked_at(company, now))
    found = [finding for check in CHECKS for call in calls for finding in check(call, now)]
    return found[:MAX_FINDINGS]


def _looked_at(company: Company, now: datetime) -> QuerySet[Any]:
    """Return the active calls with what the checks ask, in one query."""
    of_call = {"api_call": OuterRef("pk")}
    recently = quarter_of(now - FAILING_WITHIN)
    unnamed = Caller.objects.filter(**of_call, name="")
    last_used = (
        Credential.objects.filter(**of_call)
        .order_by()
        .values("api_call")
        .annotate(at=Max("last_used_at"))
    )
    return (
        APICall.objects.for_company(company)
        .filter(state=State.ACTIVE)
        .annotate(
            last_used_at=Subquery(last_used.values("at")),
            answered_now=number_of(company=company, since=recently, chosen=Q(status__lt=400)),
            refused_now=number_of(company=company, since=recently, chosen=Q(status__gte=400)),
            has_unnamed=Exists(unnamed),
            unnamed_callers=_number_of(unnamed),
        )
        .filter(
            Q(has_unnamed=True)
            | Q(last_used_at=None)
            | Q(last_used_at__lt=now - timedelta(days=SILENT_DAYS))
            | Q(refused_now__gt=0)
        )
        .order_by("name", "pk")
    )


def _number_of(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("api_call").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)


# --- Checks ----------------------------------------------------------------------------


def _never_used(call: Any, now: datetime) -> Iterator[Finding]:
    if call.last_used_at is None and call.created_at < now - SETTING_UP:
        yield Finding(
            gettext_lazy("Never used"),
            call,
            _("No program has asked with it yet. Hand it over, or archive it."),
            _("Use it from"),
            reverse("kit", args=[call.code]),
        )


def _silent(call: Any, now: datetime) -> Iterator[Finding]:
    if call.last_used_at is None:
        return
    days = (now - call.last_used_at).days
    if days >= SILENT_DAYS:
        yield Finding(
            gettext_lazy("Silent"),
            call,
            ngettext(
                "Nobody has asked for %(days)d day. Is the program still running?",
                "Nobody has asked for %(days)d days. Is the program still running?",
                days,
            )
            % {"days": days},
            _("Usage"),
            reverse("usage", args=[call.code]),
        )


def _failing(call: Any, now: datetime) -> Iterator[Finding]:
    if call.refused_now >= FAILING_FROM and call.refused_now > call.answered_now:
        yield Finding(
            gettext_lazy("Failing"),
            call,
            _("More requests were refused than answered since yesterday. The list says why."),
            _("What was refused"),
            reverse("usage", args=[call.code]) + "?outcome=refused#requests",
        )


def _unnamed(call: Any, now: datetime) -> Iterator[Finding]:
    if call.unnamed_callers:
        yield Finding(
            gettext_lazy("Not named"),
            call,
            ngettext(
                "%(number)d program asks that nobody has named.",
                "%(number)d programs ask that nobody has named.",
                call.unnamed_callers,
            )
            % {"number": call.unnamed_callers},
            _("Callers"),
            reverse("usage", args=[call.code]) + "#callers",
        )


CHECKS: tuple[Callable[[Any, datetime], Iterator[Finding]], ...] = (
    _failing,
    _unnamed,
    _silent,
    _never_used,
)
