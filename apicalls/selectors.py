"""Reads of API calls and credentials."""

import json
import zoneinfo
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    Exists,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.models import Company
from apicalls.documents.fields import FIELD_GROUP_MEMBERS, FIELD_GROUPS, ITEMS, OPTIONAL_ITEMS
from apicalls.key_age import pair_ends_at
from apicalls.models import APICall, APITemplate, Caller, Credential, HandOver, RequestLog
from apicalls.parameters import parameter_names
from apicalls.usage.counts import number_of, quarter_of, tally, usage_begin
from workers.facts import Wanted
from workers.prepared import PreparedQuery
from workers.scope import Scope


class CallerKey(NamedTuple):
    """What a caller is told by: a network such as 192.0.2.0/24 ("" unknown), and a program."""

    address_range: str
    client: str


class Presented(NamedTuple):
    """What a request shows to be let in: the digests of its pair, and who shows it."""

    digests: tuple[bytes, ...]
    caller: CallerKey


class KnownCaller(NamedTuple):
    """What is known of who asks before they are answered."""

    id: int
    state: str
    credential_id: int | None
    last_seen_at: datetime


class Grant(NamedTuple):
    """What a right pair opens: an API call's settings, as plain values.

    `today` is the date in the company's time zone at the moment `asked_at`. With another
    `facts_stamp` its workers can be told of otherwise; None until any was changed.
    """

    credential_id: int
    created_at: datetime
    replaced_at: datetime | None
    ends_at: datetime | None
    last_used_at: datetime | None
    api_call_id: int
    company_id: int
    time_zone: str
    max_key_age_days: int | None
    max_key_age_set_at: datetime | None
    facts_stamp: int | None
    state: str
    expires_on: date | None
    output_format: str
    document: str
    rate_limit: int
    served_version_id: int | None
    allowed_networks: Sequence[str]
    fields: frozenset[str]
    scope: Scope
    parameter_names: tuple[str, ...]
    asked_at: datetime
    today: date
    caller: KnownCaller | None = None

    @property
    def is_too_old(self) -> bool:
        """Tell whether the pair is older than the company allows."""
        too_old_at = pair_ends_at(self.created_at, self)
        return too_old_at is not None and too_old_at <= self.asked_at

    @property
    def wanted(self) -> Wanted:
        """Return what has to be read for the documents of this call."""
        return wanted_of(self.document, self.fields, is_scoped=bool(self.scope))


@lru_cache(maxsize=256)
def wanted_of(document: str, fields: frozenset[str], *, is_scoped: bool) -> Wanted:
    """Return what a document with these field groups is made of."""
    groups = {group: group in fields for group in FIELD_GROUPS[document]}
    # Where items cannot be left out, there is no such group.
    has_items = groups.setdefault(ITEMS, True)
    groups[OPTIONAL_ITEMS] = has_items and groups.get(OPTIONAL_ITEMS, False)
    left_out = dict.fromkeys(FIELD_GROUP_MEMBERS, False)
    return Wanted(**(left_out | groups), scope=is_scoped)


_CREDENTIAL_FIELDS = (
    # In the order of Grant.
    "id",
    "created_at",
    "replaced_at",
    "ends_at",
    "last_used_at",
    "api_call_id",
    "api_call__company_id",
    "api_call__company__time_zone",
    "api_call__company__max_key_age_days",
    "api_call__company__max_key_age_set_at",
    "api_call__company__facts_stamp__stamp",
    "api_call__state",
    "api_call__expires_on",
    "api_call__output_format",
    "api_call__template__document",
    "api_call__rate_limit",
    "api_call__served_version_id",
    "networks",
    "fields",
    "scope",
)
# JSON as text, which can be looked up.
_AS_TEXT = {
    "networks": Cast("api_call__allowed_networks", TextField()),
    "fields": Cast("api_call__field_groups", TextField()),
    "scope": Cast("api_call__scope", TextField()),
}
# In the order of KnownCaller.
_CALLER_FIELDS = (
    "asked_by__id",
    "asked_by__state",
    "asked_by__credential_id",
    "asked_by__last_seen_at",
)


class Opened(NamedTuple):
    """What a pair opened when it was looked up, and what tells whether it still opens the same."""

    grant: Grant
    found: Sequence[int]


def pair_find(pair: Presented, *, now: datetime) -> Grant | None:
    """Return what the pair with one of these digests opens, and what is known of the caller.

    The digests are those of Client Key and Client Secret together (credentials.Vault.digests). So
    an unknown key, a wrong secret and a pair that has ended are one case, that of no row: there
    is nothing to compare, to build or to read further for one of them and not for another.
    It is one query. Each chosen parameter set makes a row; the other columns are the same in
    all of them.
    """
    rows = _pair_query(len(pair.digests)).rows(**_asked(pair, now))
    return grant_at(_settings_in(tuple(rows)), now) if rows else None


def pair_open(pair: Presented, *, now: datetime) -> Opened | None:
    """Return the same, to be compared later on; for PostgreSQL."""
    rows, found = _pair_query(len(pair.digests)).rows_and_digests(**_asked(pair, now))
    return Opened(grant_at(_settings_in(tuple(rows)), now), found) if rows else None


def pair_written_if_same(
    pair: Presented, opened: Opened, *, insert: str, row: Sequence[Any]
) -> bool:
    """Write a row if the pair still opens the same, and tell whether it was written.

    One statement looks and writes, at the moment of the grant; it is for PostgreSQL. `insert`
    is as of PreparedQuery.written_if_same.
    """
    named = _asked(pair, opened.grant.asked_at)
    query = _pair_query(len(pair.digests))
    return query.written_if_same(insert, row, found=opened.found, **named)


def grant_at(grant: Grant, now: datetime) -> Grant:
    """Return what the same settings are at another moment."""
    today = now.astimezone(zoneinfo.ZoneInfo(grant.time_zone)).date()
    return grant._replace(asked_at=now, today=today)


def _asked(pair: Presented, now: datetime) -> dict[str, Any]:
    caller = {"address_range": pair.caller.address_range, "client": pair.caller.client}
    digests = {f"digest_{number}": digest for number, digest in enumerate(pair.digests)}
    return {**digests, **caller, "now": now}


NO_MOMENT = datetime(1, 1, 1, tzinfo=UTC)


# The same few pairs ask again and again: what is in a row is worked out once.
@lru_cache(maxsize=1024)
def _settings_in(rows: tuple[tuple[Any, ...], ...]) -> Grant:
    """Return the grant that the rows of a pair are, but for the moment."""
    *facts, networks, field_groups, scope = rows[0][: len(_CREDENTIAL_FIELDS)]
    known = KnownCaller(*rows[0][-1 - len(_CALLER_FIELDS) : -1])
    return Grant(  # type: ignore[misc]
        *facts,
        allowed_networks=tuple(json.loads(networks)),
        fields=frozenset(json.loads(field_groups)),
        scope=Scope.of(json.loads(scope)),
        parameter_names=parameter_names([row[-1] for row in rows if row[-1] is not None]),
        caller=known if known.id is not None else None,
        asked_at=NO_MOMENT,
        today=NO_MOMENT.date(),
    )


@lru_cache(maxsize=8)
def _pair_query(number: int) -> PreparedQuery:
    """Return the query for so many digests: one for each pepper of the installation."""
    stand_ins = {f"digest_{one}": bytes([one]) * 32 for one in range(number)}

    def build(
        now: datetime, address_range: str, client: str, **digests: bytes
    ) -> QuerySet[Any, Any]:
        return (
            Credential.objects.filter(
                Q(ends_at=None) | Q(ends_at__gt=now),
                is_stopped=False,
                secret_digest__in=list(digests.values()),
            )
            .annotate(
                **_AS_TEXT,
                asked_by=FilteredRelation(
                    "api_call__callers",
                    condition=Q(
                        api_call__callers__address_range=address_range,
                        api_call__callers__client=client,
                    ),
                ),
            )
            .order_by("api_call__parameter_sets__order", "api_call__parameter_sets__id")
            .values_list(*_CREDENTIAL_FIELDS, *_CALLER_FIELDS, "api_call__parameter_sets__lookup")
        )

    return PreparedQuery(
        build,
        now=datetime(1, 1, 1, tzinfo=UTC),
        address_range="the caller's network",
        client="the caller's program",
        **stand_ins,
    )


def api_templates_offered() -> QuerySet[APITemplate]:
    """Return what the "Add API call" dialog lists, with parameter sets and field groups."""
    offered = APITemplate.objects.filter(is_active=True)
    return offered.prefetch_related("parameter_sets", "field_groups")


def credential_current(*, api_call: APICall) -> Credential:
    """Return the pair that works; every call has one."""
    return Credential.objects.select_related("api_call__company").get(
        api_call=api_call, ends_at__isnull=True
    )


class Pairs(NamedTuple):
    """The pairs of a call that are answered: the current, and perhaps one that it replaced."""

    current: Credential
    old: Credential | None
    requests_30_days: int
    requests_7_days: int
    # Given to somebody by a link, or asked with by a program.
    is_handed_over: bool
    # Answered to an admin; told as long as no program asks.
    is_tested: bool
    # With whichever pair, those that have ended included.
    last_used_at: datetime | None


def pairs_answered(*, api_call: APICall) -> Pairs:
    """Return the pairs that work, with how their call was used, in one query."""
    company = api_call.company
    week = company.day_begin(company.today() - timedelta(days=6))
    requests = partial(number_of, company=company, api_call="api_call")
    handed_over = HandOver.objects.filter(credential__api_call=OuterRef("api_call"))
    callers = Caller.objects.filter(api_call=OuterRef("api_call"))
    tests = RequestLog.objects.filter(api_call=OuterRef("api_call"), is_test=True, status__lt=400)
    found = (
        Credential.objects.select_related("api_call__company")
        .annotate(
            requests_30_days=requests(since=usage_begin(company)),
            requests_7_days=requests(since=week),
            is_handed_over=Exists(handed_over) | Exists(callers),
            # Where programs ask, the log is not gone through for a test.
            is_tested=Case(When(Exists(callers), then=Value(False)), default=Exists(tests)),
            call_last_used_at=_last_used("api_call"),
        )
        .filter(
            Q(ends_at=None) | Q(ends_at__gt=timezone.now(), is_stopped=False), api_call=api_call
        )
    )
    current, *old = sorted(found, key=lambda one: one.ends_at is not None)
    return Pairs(
        current,
        old[0] if old else None,
        current.requests_30_days,
        current.requests_7_days,
        current.is_handed_over,
        current.is_tested,
        current.call_last_used_at,
    )


def _last_used(api_call: str) -> Subquery:
    """Return when an API call was last used with any of its pairs, as an annotation."""
    used = Credential.objects.filter(api_call=OuterRef(api_call), last_used_at__isnull=False)
    return Subquery(used.order_by("-last_used_at").values("last_used_at")[:1])


def api_calls_listed(
    *,
    company: Company,
    api_calls: QuerySet[APICall],
    search: str = "",
    states: Sequence[str] = (),
) -> QuerySet[APICall]:
    """Return the company's `api_calls` with `last_used_at` and `requests_30_days`.

    `search` looks in name and owner contact, and for the beginning of a Client Key.
    """
    current = Credential.objects.filter(api_call=OuterRef("pk"))
    api_calls = api_calls.select_related("template").annotate(
        last_used_at=_last_used("pk"),
        requests_30_days=number_of(company=company, since=usage_begin(company)),
    )
    if states:
        api_calls = api_calls.filter(state__in=states)
    if search:
        api_calls = api_calls.filter(
            Q(name__icontains=search)
            | Q(owner_contact__icontains=search)
            | Exists(current.filter(client_key__startswith=search.upper()))
        )
    return api_calls


def requests_since(*, api_call: APICall, since: datetime) -> int:
    """Return how many requests there were since the quarter of an hour that `since` is in."""
    company = api_call.company
    of_call = Q(api_call=api_call)
    return tally(company=company, by=(), since=quarter_of(since), chosen=of_call).total()
