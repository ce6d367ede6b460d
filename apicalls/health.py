"""What an admin should look at among a company's API calls, and what to do about it.

Each kind of finding is a function of the calls as `_looked_at` reads them. One more is one more
function in CHECKS, or in ADVICE for what is no trouble but could be safer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Company
from apicalls.models import APICall, Caller, Credential, State
from apicalls.reminders import Why, end_of
from apicalls.usage.counts import number_of, quarter_of

# A call this new is still being set up; one that is silent for longer was used and is not now.
SETTING_UP = timedelta(days=2)
SILENT_DAYS = 14
# Of what was asked in the last day, so much refused is no slip of somebody who tries.
FAILING_WITHIN = timedelta(days=1)
FAILING_FROM = 5
EXPIRING_DAYS = 30
MAX_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """A card: what is the matter with which call, and where to do something about it."""

    title: Promise
    api_call: APICall
    text: str
    action: str
    url: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What could be safer, and at which calls."""

    title: Promise
    api_calls: Sequence[APICall]
    text: Promise


def findings(
    *, company: Company, api_calls: QuerySet[APICall]
) -> tuple[list[Finding], list[Advice]]:
    """Return what there is to look at, by kind and at most MAX_FINDINGS, and what to think of.

    Of the company's `api_calls`, as the person who looks sees them.
    """
    now = timezone.now()
    calls = list(_looked_at(company, api_calls, now))
    pairs = Credential.objects.filter(api_call__in=calls, ends_at=None)
    ends = {pair.api_call_id: end_of(pair) for pair in pairs.select_related("api_call__company")}
    for call in calls:
        call.end = ends.get(call.pk)
    found = [finding for check in CHECKS for call in calls for finding in check(call, now)]
    advice = [
        Advice(title, concerned, text)
        for title, text, concerns in ADVICE
        if (concerned := [call for call in calls if concerns(call)])
    ]
    return found[:MAX_FINDINGS], advice


def _looked_at(company: Company, api_calls: QuerySet[APICall], now: datetime) -> QuerySet[Any]:
    """Return the active calls with what the checks ask, in one query."""
    of_call = {"api_call": OuterRef("pk")}
    recently = quarter_of(now - FAILING_WITHIN)
    # Replaced, still answered, and used since then.
    old_pair = Credential.objects.filter(
        **of_call, ends_at__gt=now, is_stopped=False, last_used_at__gt=F("replaced_at")
    )
    unnamed = Caller.objects.filter(**of_call, name="")
    last_used = (
        Credential.objects.filter(**of_call)
        .order_by()
        .values("api_call")
        .annotate(at=Max("last_used_at"))
    )
    return (
        api_calls.select_related("company")
        .filter(state=State.ACTIVE)
        .annotate(
            last_used_at=Subquery(last_used.values("at")),
            answered_now=number_of(company=company, since=recently, chosen=Q(status__lt=400)),
            refused_now=number_of(company=company, since=recently, chosen=Q(status__gte=400)),
            unnamed_callers=_number_of(unnamed),
            old_pair_ends_at=Subquery(old_pair.values("ends_at")[:1]),
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


def _old_pair(call: Any, now: datetime) -> Iterator[Finding]:
    if call.old_pair_ends_at is not None:
        yield Finding(
            gettext_lazy("Old pair still used"),
            call,
            _("A program still uses the pair that was replaced. It is refused from %(time)s on.")
            % {"time": _in_full(call.old_pair_ends_at)},
            _("Who has changed over"),
            reverse("cut_over", args=[call.code]),
        )


def _in_full(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")


def _expiring(call: Any, now: datetime) -> Iterator[Finding]:
    if call.end is None:
        return
    days = (call.end.last_day - call.company.today()).days
    if days > EXPIRING_DAYS:
        return
    title = gettext_lazy("Expiring")
    text = ngettext(
        "It is answered for %(days)d more day.", "It is answered for %(days)d more days.", days
    ) % {"days": days}
    if days < 0:
        title, text = gettext_lazy("Expired"), _("Programs that use it are refused.")
    if call.end.why is Why.PAIR_TOO_OLD:
        text = f"{text} {_('Its pair is as old as your company allows then.')}"
        yield Finding(title, call, text, _("Regenerate"), reverse("regenerate", args=[call.code]))
    else:
        url = call.get_absolute_url() + "#id_expires_on"
        yield Finding(title, call, text, _("Set a later day"), url)


CHECKS: tuple[Callable[[Any, datetime], Iterator[Finding]], ...] = (
    _expiring,
    _failing,
    _old_pair,
    _unnamed,
    _silent,
    _never_used,
)

# --- Advice ------------------------------------------------------------------------------

ADVICE: tuple[tuple[Promise, Promise, Callable[[Any], bool]], ...] = (
    (
        gettext_lazy("No expiry"),
        gettext_lazy("Without a last day, a call that is forgotten is answered for ever."),
        lambda call: call.end is None,
    ),
    (
        gettext_lazy("Open to every address"),
        gettext_lazy("With allowed networks, a pair that has leaked is of no use elsewhere."),
        lambda call: not call.allowed_networks,
    ),
)
