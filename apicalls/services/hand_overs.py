"""Writes to hand-over links: made, opened once, and withdrawn."""

import hashlib
import secrets
import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.addresses import acting_address
from accounts.audit.trail import audit_event_add
from accounts.models import User
from apicalls.credentials import ClientSecret
from apicalls.models import APICall, Credential, HandOver
from apicalls.services.credentials import client_secret_open, client_secret_take

LINK_LASTS = timedelta(hours=72)
# Who opens one, in the audit trail: nobody knows more of them than their address.
HOLDER = "Somebody with the link"
_TOKEN_BYTES = 32


class LinkIsGone(Exception):
    """It was opened, withdrawn or replaced, its time is over, or there never was one."""


@transaction.atomic
def hand_over_add(*, credential: Credential, by: User | None) -> tuple[HandOver, str]:
    """Make a link that shows the pair once; return it with what stands in it, kept nowhere.

    Raises SecretUnreadable when there is nothing to show.
    """
    client_secret_open(credential)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    hand_over = HandOver.objects.create(
        credential=credential,
        token_digest=_digest(token),
        created_by=by,
        expires_at=timezone.now() + LINK_LASTS,
    )
    _told(hand_over, "made a hand-over link for", by)
    return hand_over, token


def hand_over_find(*, token: str) -> HandOver:
    """Return the link that can still be opened, without opening it.

    Raises LinkIsGone. A link dies with its pair: what was replaced is handed over to nobody.
    """
    found = (
        HandOver.objects.select_related("credential__api_call__company")
        .filter(
            _IS_UNUSED,
            credential__ends_at=None,
            token_digest=_digest(token),
            expires_at__gt=timezone.now(),
        )
        .first()
    )
    if found is None:
        raise LinkIsGone
    return found


@transaction.atomic
def hand_over_open(*, token: str) -> tuple[HandOver, ClientSecret]:
    """Open the link for good, and return it with the secret of its pair.

    Of two who open it at once, the second raises LinkIsGone, as for any link that is gone.
    """
    hand_over = hand_over_find(token=token)
    opened = HandOver.objects.filter(_IS_UNUSED, pk=hand_over.pk).update(
        opened_at=timezone.now(), address=acting_address()
    )
    if not opened:
        raise LinkIsGone
    client_secret = client_secret_take(credential=hand_over.credential)
    _told(hand_over, "opened the hand-over link of", None, HOLDER)
    return hand_over, client_secret


@transaction.atomic
def hand_over_withdraw(*, api_call: APICall, code: uuid.UUID, by: User | None) -> bool:
    """Let a link of the call lead nowhere from now on; tell whether it could be opened."""
    hand_over = HandOver.objects.filter(code=code, credential__api_call=api_call).first()
    if hand_over is None:
        return False
    withdrawn = HandOver.objects.filter(_IS_UNUSED, pk=hand_over.pk).update(
        withdrawn_at=timezone.now()
    )
    if withdrawn:
        _told(hand_over, "withdrew a hand-over link of", by)
    return bool(withdrawn)


# Columns of the row itself: with one of another table, PostgreSQL would not look again at what
# it waited for, and of two who open a link at once both would.
_IS_UNUSED = Q(opened_at=None, withdrawn_at=None)


def _told(hand_over: HandOver, action: str, by: User | None, actor_name: str = "") -> None:
    api_call = hand_over.credential.api_call
    audit_event_add(
        company=api_call.company,
        actor=by,
        actor_name=actor_name,
        action=action,
        subject=api_call,
        changes={"Client Key": ["", hand_over.credential.client_key]},
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
