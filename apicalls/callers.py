"""Callers: the programs that use an API call, told apart by where they ask from and by name.

A caller is an address range and the first product of the User-Agent, without its version: a
program that is updated, or whose line gets another address of its provider, is still the same.
"""

import ipaddress
import re
from datetime import datetime, timedelta
from functools import lru_cache

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django_tasks import task

from accounts.addresses import client_address
from accounts.audit.trail import audit_event_add
from accounts.languages import in_own_language
from accounts.mail import mail_admins_of
from accounts.models import User
from apicalls.models import CALLER_CLIENT_LENGTH, APICall, Caller, CallerState
from apicalls.selectors import CallerKey, KnownCaller
from apicalls.visible import may_know

# A holder of the right pair could call itself anything: what is above shares one caller.
MAX_CALLERS = 200
SEEN_PRECISION = timedelta(minutes=1)
# Of many that are new at once, one mail tells; the page shows each.
MAIL_AT_MOST_EVERY = timedelta(hours=1)

_IPV4_RANGE, _IPV6_RANGE = 24, 64  # bits
_PRODUCT = re.compile(r"[^/\s(;,]+")


_TOO_MANY = CallerKey("", "")


def caller_key(request: HttpRequest) -> CallerKey:
    """Return what tells the caller of a request."""
    return _caller_key(client_address(request), request.META.get("HTTP_USER_AGENT", ""))


# Few programs ask, and often.
@lru_cache(maxsize=4096)
def _caller_key(address: str | None, user_agent: str) -> CallerKey:
    network = ""
    if address is not None:
        bits = _IPV4_RANGE if ipaddress.ip_address(address).version == 4 else _IPV6_RANGE
        network = str(ipaddress.ip_network((address, bits), strict=False))
    product = _PRODUCT.match(user_agent.lstrip())
    text = "".join(one for one in product[0] if one.isprintable()) if product else "unnamed"
    return CallerKey(network, text[:CALLER_CLIENT_LENGTH])


def caller_seen(
    *,
    api_call_id: int,
    credential_id: int,
    key: CallerKey,
    known: KnownCaller | None,
    now: datetime,
) -> int:
    """Record that the caller asked, at most once a minute, and return its row's id."""
    if known is None:
        return _met(api_call_id, credential_id, key, now)
    stale = now - SEEN_PRECISION
    if is_unsaid(known, credential_id, now):
        Caller.objects.filter(pk=known.id).exclude(
            Q(last_seen_at__gte=stale) & Q(credential_id=credential_id)
        ).update(last_seen_at=now, credential_id=credential_id)
    return known.id


def is_unsaid(known: KnownCaller | None, credential_id: int, now: datetime) -> bool:
    """Tell whether it is still to be recorded that the caller asked."""
    return (
        known is None
        or known.last_seen_at < now - SEEN_PRECISION
        or known.credential_id != credential_id
    )


def _met(api_call_id: int, credential_id: int, key: CallerKey, now: datetime) -> int:
    of_call = Caller.objects.filter(api_call_id=api_call_id)
    if of_call.count() >= MAX_CALLERS:
        key = _TOO_MANY
    newest = of_call.order_by("-first_seen_at").values_list("first_seen_at", flat=True).first()
    caller, is_new = Caller.objects.get_or_create(
        api_call_id=api_call_id,
        address_range=key.address_range,
        client=key.client,
        defaults={"first_seen_at": now, "last_seen_at": now, "credential_id": credential_id},
    )
    if is_new and (newest is None or newest < now - MAIL_AT_MOST_EVERY):
        caller_notice.enqueue(caller.pk)
    return caller.pk


@task()
def caller_notice(caller_id: int) -> None:
    """Tell the company's admins by mail that a program asks that nobody has named."""
    caller = (
        Caller.objects.select_related("api_call__company").filter(pk=caller_id, name="").first()
    )
    if caller is not None:
        api_call = caller.api_call
        mail_admins_of(
            api_call.company,
            "apicalls/mail/new_caller",
            {"caller": caller, "api_call": api_call},
            may_know=lambda admin: may_know(admin, api_call),
        )


# --- What an admin does with them --------------------------------------------------------


@transaction.atomic
def caller_change(*, caller: Caller, name: str, state: str, by: User | None) -> bool:
    """Name a caller, and answer, hold or block it from the next request on.

    Returns False, and writes nothing, where both are so already.
    """
    stored = (
        Caller.objects.select_for_update(no_key=True)
        .select_related("api_call__company")
        .get(pk=caller.pk)
    )
    changes = {}
    if stored.name != name:
        changes["name"] = [stored.name, name]
    if stored.state != state:
        labels = dict(CallerState.choices)
        changes["state"] = [
            in_own_language(labels[CallerState(one)]) for one in (stored.state, state)
        ]
    if not changes:
        return False
    was_called = stored.called
    stored.name, stored.state = name, state
    stored.save(update_fields=["name", "state"])
    audit_event_add(
        company=stored.api_call.company,
        actor=by,
        action="changed a caller of",
        subject=stored.api_call,
        changes={f"{was_called}: {what}": values for what, values in changes.items()},
    )
    return True


def callers_listed(*, api_call: APICall) -> list[Caller]:
    """Return the callers of a call, the last seen first, with the pair each used last."""
    listed = Caller.objects.filter(api_call=api_call).select_related("credential")
    return list(listed.order_by("-last_seen_at", "-pk"))
