"""Pairs that have ended, noted outside the database: a backup that is restored knows nothing of it.

Whoever regenerates a leaked pair must be able to rely on it. A restored backup would have the old
pair answered again, and nobody would notice. Each end is a line of a file beside the database; what
the database holds for answered and the file for ended is ended anew, and its admins are told.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django_tasks import task

from accounts.mail import mail_admins_of
from apicalls.models import APICall, Credential
from apicalls.visible import may_know

logger = logging.getLogger(__name__)

# By the hash of the Client Key: when it ended, or ends.
Ends = dict[str, datetime]


def note_ended(pairs: Iterable[tuple[str, datetime]]) -> None:
    """Note pairs, by Client Key, and when they end, once the transaction has come to its end."""
    lines = [_line(client_key, ends_at) for client_key, ends_at in pairs]
    if settings.ENDED_PAIRS and lines:
        transaction.on_commit(lambda: _append(lines))


def note_missing() -> int:
    """Note what has ended and is not in the file, as after a crash; return how much that was."""
    if not settings.ENDED_PAIRS:
        return 0
    noted = _read()
    ended = Credential.objects.filter(ends_at__isnull=False).values_list("client_key", "ends_at")
    missing = [
        _line(client_key, ends_at)
        for client_key, ends_at in ended.iterator()
        if ends_at is not None and noted.get(_hashed(client_key), _NEVER) > ends_at
    ]
    if missing:
        _append(missing)
    return len(missing)


def end_revived() -> int:
    """End the pairs that are answered though they had ended, and return how many there were.

    A current one gets a successor, which an admin finds on the details page.
    """
    if not settings.ENDED_PAIRS or not (noted := _read()):
        return 0
    now = timezone.now()
    answered = Credential.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now, is_stopped=False))
    revived = [
        credential
        for credential in answered.select_related("api_call__company")
        if (ends_at := noted.get(_hashed(credential.client_key))) is not None
        and (credential.ends_at is None or ends_at < credential.ends_at)
    ]
    for credential in revived:
        _end(credential, noted[_hashed(credential.client_key)])
    return len(revived)


def end_revived_before_serving() -> None:
    """End them before the first program is answered; a database that is away does so later."""
    was_connected = connection.connection is not None
    try:
        end_revived()
    except DatabaseError as error:
        logger.warning("Pairs that a restore brought back are looked for later: %s", error)
    if not was_connected:
        connection.close()  # the threads that answer have their own


def _end(credential: Credential, ends_at: datetime) -> None:
    from apicalls.services.credentials import AlreadyRegenerated, regenerate_credentials

    api_call = credential.api_call
    logger.error(
        "A pair of API call %s was answered again after a restore, and is ended", api_call.code
    )
    if credential.ends_at is None:
        try:
            regenerate_credentials(
                api_call=api_call, replaces=credential.client_key, by=None, stops_older=True
            )
        except AlreadyRegenerated:
            return  # by another process that has found it too
    else:
        Credential.objects.filter(pk=credential.pk).update(ends_at=min(ends_at, credential.ends_at))
    revived_notice.enqueue(api_call.pk)


@task()
def revived_notice(api_call_id: int) -> None:
    """Tell the company's admins by mail that programs of this call need its new pair."""
    api_call = APICall.objects.select_related("company").filter(pk=api_call_id).first()
    if api_call is not None:
        mail_admins_of(
            api_call.company,
            "apicalls/mail/revived_pair",
            {"api_call": api_call},
            may_know=lambda admin: may_know(admin, api_call),
        )


# --- The file --------------------------------------------------------------------------

_NEVER = datetime.max.replace(tzinfo=UTC)


def _hashed(client_key: str) -> str:
    # No secret, but nobody's business either.
    return hashlib.sha256(client_key.encode()).hexdigest()


def _line(client_key: str, ends_at: datetime) -> str:
    return json.dumps({"pair": _hashed(client_key), "ends_at": ends_at.isoformat()})


def _append(lines: Iterable[str]) -> None:
    """Write the lines whole, beside other processes that do; what cannot be is logged."""
    content = "".join(f"{line}\n" for line in lines).encode()
    try:
        path = Path(settings.ENDED_PAIRS)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, content)
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        logger.error("Not noted in ENDED_PAIRS, tried again by the clock: %s", error)


def _read() -> Ends:
    """Return the file's pairs, each with its earliest end; half a line of a crash is none."""
    noted: Ends = {}
    try:
        text = Path(settings.ENDED_PAIRS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return noted
    for line in text.splitlines():
        try:
            told = json.loads(line)
            pair, ends_at = told["pair"], datetime.fromisoformat(told["ends_at"])
        except (ValueError, KeyError, TypeError):
            continue
        noted[pair] = min(ends_at, noted.get(pair, _NEVER))
    return noted
