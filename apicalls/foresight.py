"""Which programs a change of settings would break, and why: told before it is saved.

A program is a caller of the last 30 days. What is said of it follows from what it asked for in
that time, and errs on the side of naming one that would go on.
"""

import hashlib
import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apicalls.documents.fields import FIELD_GROUP_MEMBERS
from apicalls.models import APICall, Caller, CallerState, Document, OutputFormat, RequestLog, State
from apicalls.networks import is_allowed
from apicalls.parameters import parameter_names
from apicalls.usage.counts import usage_begin
from workers.models import Worker
from workers.scope import Scope

# More addresses than this are not gone through.
_ADDRESSES_LOOKED_AT = 2000


@dataclass(frozen=True, slots=True)
class Settings:
    """What of an API call its programs rely on; `parameters` are names, `networks` in CIDR."""

    output_format: str
    parameters: tuple[str, ...]
    fields: frozenset[str]
    scope: Scope
    networks: tuple[str, ...]
    state: str

    @classmethod
    def of(cls, api_call: APICall) -> "Settings":
        return cls(
            output_format=api_call.output_format,
            parameters=parameter_names(one.lookup for one in api_call.parameter_sets.all()),
            fields=frozenset(api_call.field_groups),
            scope=Scope.of(api_call.scope),
            networks=tuple(api_call.allowed_networks),
            state=api_call.state,
        )

    @classmethod
    def of_form(cls, api_call: APICall, values: Mapping[str, Any], scope: Scope) -> "Settings":
        """Return what the call would have with the cleaned `values` of its two forms."""
        return cls(
            output_format=values["output_format"],
            parameters=parameter_names(one.lookup for one in values["parameter_sets"]),
            fields=frozenset(values["field_groups"]),
            scope=scope,
            networks=tuple(values["allowed_networks"]),
            state=api_call.state,
        )


@dataclass(frozen=True, slots=True)
class Broken:
    """A program that would not go on as it does, and why, a sentence each."""

    caller: Caller
    reasons: Sequence[str]


def told_of(broken: Iterable[Broken]) -> str:
    """Return a short text that a form carries, to know what somebody was told; "" for nothing."""
    told = [[one.caller.pk, *one.reasons] for one in broken]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16] if told else ""


def broken_by(*, api_call: APICall, after: Settings) -> list[Broken]:
    """Return the programs that would break if the call had the settings `after`.

    In at most seven queries, however many programs there are.
    """
    before = Settings.of(api_call)
    if before == after or before.state != State.ACTIVE:
        return []  # of a call that is not answered nothing breaks
    since = usage_begin(api_call.company)
    callers = list(
        Caller.objects.filter(
            api_call=api_call, last_seen_at__gte=since, state=CallerState.ANSWERED
        ).order_by("-last_seen_at", "pk")
    )
    if not callers:
        return []
    if after.state != State.ACTIVE:
        return [Broken(one, [_("It is refused from then on.")]) for one in callers]
    of_all = [
        *_by_format(before, after),
        *_by_parameters(api_call, before, after),
        *_by_fields(api_call, before, after),
    ]
    lost = _lost_from_scope(api_call, callers, since, before, after)
    outside = _outside_networks(callers, since, before, after)
    broken = [
        Broken(one, [*of_all, *lost.get(one.pk, ()), *outside.get(one.pk, ())]) for one in callers
    ]
    return [one for one in broken if one.reasons]


def _by_format(before: Settings, after: Settings) -> Iterable[str]:
    if before.output_format != after.output_format:
        yield _("It reads %(before)s, and would get %(after)s.") % {
            "before": OutputFormat(before.output_format).label,
            "after": OutputFormat(after.output_format).label,
        }


def _by_parameters(api_call: APICall, before: Settings, after: Settings) -> Iterable[str]:
    added = [name for name in after.parameters if name not in before.parameters]
    removed = [name for name in before.parameters if name not in after.parameters]
    if added:
        yield _("It does not send %(names)s, which would have to be sent.") % {
            "names": ", ".join(added)
        }
    # To a list all parameters may be sent, ticked or not.
    if removed and api_call.template.document == Document.WORKER_COMPLIANCE:
        yield _("It sends %(names)s, which would be refused.") % {"names": ", ".join(removed)}


def _by_fields(api_call: APICall, before: Settings, after: Settings) -> Iterable[str]:
    removed = before.fields - after.fields
    if removed:
        groups = {one.group: one.label for one in api_call.template.field_groups.all()}
        names = [
            name
            for group in groups
            if group in removed
            for name in FIELD_GROUP_MEMBERS[group] or [_(groups[group])]
        ]
        yield _("The answer would no longer have %(names)s.") % {"names": ", ".join(names)}


def _lost_from_scope(
    api_call: APICall,
    callers: Sequence[Caller],
    since: datetime,
    before: Settings,
    after: Settings,
) -> dict[int, list[str]]:
    """Return by caller what it would no longer be told of."""
    if not after.scope or before.scope == after.scope:
        return {}
    workers = Worker.objects.for_company(api_call.company).filter(is_active=True)
    lost = workers.filter(before.scope.condition()).exclude(
        pk__in=workers.filter(after.scope.condition()).values("pk")
    )
    if api_call.template.document == Document.WORKER_COMPLIANCE:
        return _lost_lookups(callers, since, lost)
    number = lost.count()
    text = ngettext(
        "%(number)d worker would be gone from what it reads.",
        "%(number)d workers would be gone from what it reads.",
        number,
    ) % {"number": number}
    return {one.pk: [text] for one in callers} if number else {}


def _lost_lookups(
    callers: Sequence[Caller], since: datetime, lost: QuerySet[Worker]
) -> dict[int, list[str]]:
    asked = (
        RequestLog.objects.filter(caller__in=callers, at__gte=since, worker_id__isnull=False)
        .filter(Exists(lost.filter(pk=OuterRef("worker_id"))))
        .order_by()
        .values_list("caller")
        .annotate(number=Count("worker_id", distinct=True))
    )
    return {
        caller: [
            ngettext(
                "%(number)d worker it asked about would not be found any more.",
                "%(number)d workers it asked about would not be found any more.",
                number,
            )
            % {"number": number}
        ]
        for caller, number in asked
    }


def _outside_networks(
    callers: Sequence[Caller], since: datetime, before: Settings, after: Settings
) -> dict[int, list[str]]:
    """Return by caller from where it asked and would not be let in."""
    if before.networks == after.networks or not after.networks:
        return {}
    allowed = [ipaddress.ip_network(one) for one in after.networks]
    in_part = [
        one for one in callers if not any(_has(network, one.address_range) for network in allowed)
    ]
    asked_from = (
        RequestLog.objects.filter(caller__in=in_part, at__gte=since, address__isnull=False)
        .order_by("caller", "address")
        .values_list("caller", "address")
        .distinct()[:_ADDRESSES_LOOKED_AT]
    )
    refused: defaultdict[int | None, list[str]] = defaultdict(list)
    for caller, address in asked_from:
        if address and not is_allowed(address, after.networks):
            refused[caller].append(address)
    return {
        caller: [
            _("It asks from %(address)s, which would not be allowed.")
            % {"address": _shortened(addresses)}
        ]
        for caller, addresses in refused.items()
        if caller is not None
    }


def _has(network: Any, address_range: str) -> bool:
    """Tell whether all of a caller's range is in the network."""
    if not address_range:
        return False
    within = ipaddress.ip_network(address_range)
    return within.version == network.version and within.subnet_of(network)


def _shortened(addresses: Sequence[str]) -> str:
    shown = ", ".join(addresses[:3])
    return f"{shown}, …" if len(addresses) > 3 else shown
