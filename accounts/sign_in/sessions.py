"""Where people are signed in: kept up to date, shown to them, and ended.

A session ends on every process at once, because each reads its row at every request. What ends
all of a person's raises `User.session_epoch` besides, which no session of before survives,
whether it is known here or not.
"""

import uuid
from datetime import UTC, datetime, timedelta

from django.contrib.auth import HASH_SESSION_KEY, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.addresses import client_address
from accounts.models import User
from accounts.sign_in.models import PersonSession

SHOWN_AT_MOST = 50
# "Last seen" is exact to so much: a write per page would cost more than it tells.
_SEEN_EVERY = timedelta(minutes=5)
# In the session itself, so that nothing is asked while it is fresh.
_SEEN_KEY = "seen_at"
_STARTED_KEY = "started_at"


def session_remember(*, request: HttpRequest, person: User) -> None:
    """Write down that the person uses this session now, from where and with what.

    To be called after signing in and whenever the key of the session has changed.
    """
    now = timezone.now()
    session = request.session
    session.setdefault(_STARTED_KEY, now.timestamp())
    session[_SEEN_KEY] = now.timestamp()
    if session.session_key is None:
        session.save()
    agent = "".join(filter(str.isprintable, request.headers.get("User-Agent", "")))
    seen = {
        "person": person,
        "last_seen_at": now,
        "address": client_address(request),
        "user_agent": agent[:300],
    }
    started_at = datetime.fromtimestamp(session[_STARTED_KEY], tz=UTC)
    try:
        PersonSession.objects.update_or_create(
            session_id=session.session_key,
            defaults=seen,
            create_defaults=seen | {"started_at": started_at},
        )
    except IntegrityError:
        return  # it was ended while this request was on its way; Django refuses it next


def session_is_due(*, request: HttpRequest) -> bool:
    """Tell whether it was so long ago that the session was written down that it should be again."""
    seen_at = request.session.get(_SEEN_KEY, 0.0)
    return bool(timezone.now().timestamp() - seen_at >= _SEEN_EVERY.total_seconds())


def sessions_of(*, person: User) -> list[PersonSession]:
    """Return the person's sessions that are still good, the last used one first."""
    found = (
        PersonSession.objects.filter(person=person, session__expire_date__gt=timezone.now())
        .select_related("session")
        .order_by("-last_seen_at")[:SHOWN_AT_MOST]
    )
    good = person.get_session_auth_hash()
    return [
        one
        for one in found
        if constant_time_compare(one.session.get_decoded().get(HASH_SESSION_KEY, ""), good)
    ]


def session_end(*, person: User, code: uuid.UUID) -> PersonSession | None:
    """End one session of the person, and return which it was; None when it is not there."""
    found = PersonSession.objects.filter(person=person, code=code).first()
    if found is not None:
        Session.objects.filter(pk=found.session_id).delete()
    return found


@transaction.atomic
def sessions_end(*, person: User) -> None:
    """End every session of the person, those that are not known here as well."""
    User.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)
    person.refresh_from_db(fields=["session_epoch"])
    keys = PersonSession.objects.filter(person=person).values("session_id")
    Session.objects.filter(pk__in=keys).delete()


def session_keep(*, request: HttpRequest, person: User) -> None:
    """Let this session of the person outlive what has ended all of them just now."""
    update_session_auth_hash(request, person)
    session_remember(request=request, person=person)
