"""How often people may try: passwords, codes, links to a new password.

Counted in the database, so that all processes count together. A window begins with its first
try and ends when its time is over, however many more were made: nobody is locked out for good.
What is tried is counted before it is looked at, so that many tries at once are one too many as
well; a try that succeeds is taken back.

A password is counted by account and address together: who guesses elsewhere locks out nobody.
"""

import hmac
import ipaddress
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.sign_in.models import AttemptCounter


class Limit(NamedTuple):
    """`quota` tries in a window of `seconds`."""

    name: str
    quota: int
    seconds: int


PASSWORD_HERE = Limit("password", 5, 300)
# From one address, whatever the account: against one password tried on everybody.
PASSWORD_FROM = Limit("password-from", 20, 300)
# By person: who is asked for a code has given the password already, so a stranger fills
# neither. Three codes in a million are right at any time.
CODE = Limit("code", 5, 300)
CODE_A_DAY = Limit("code-a-day", 50, 86_400)
RESET_HERE = Limit("reset", 5, 300)
RESET_FROM = Limit("reset-from", 20, 300)
# Mails that one mailbox gets, whoever asks for them.
RESET_MAIL = Limit("reset-mail", 10, 3600)

_IPV6_CUSTOMER = 64  # bits: what one customer is given


class TooManyAttempts(Exception):
    """Nothing was looked at: the window is full."""


class Attempt:
    """A try that was counted."""

    def __init__(self, keys: Sequence[str]):
        self._keys = keys

    def succeeded(self) -> None:
        """Take it back: only failures fill a window."""
        AttemptCounter.objects.filter(key__in=self._keys, hits__gt=0).update(hits=F("hits") - 1)


def password_attempt(*, email: str, address: str | None) -> Attempt:
    """Count a password before it is checked. Raises TooManyAttempts."""
    account, origin = email.strip().lower(), _origin(address)
    return _attempt((PASSWORD_FROM, origin), (PASSWORD_HERE, f"{account} {origin}"))


def code_attempt(*, person_id: int) -> Attempt:
    """Count a code of a second factor before it is checked. Raises TooManyAttempts."""
    return _attempt((CODE, str(person_id)), (CODE_A_DAY, str(person_id)))


def code_attempts_forget(*, person_id: int) -> None:
    """Begin anew: whoever guessed codes no longer has the password, or there is no factor."""
    keys = [_key(limit, str(person_id)) for limit in (CODE, CODE_A_DAY)]
    AttemptCounter.objects.filter(key__in=keys).delete()


def reset_attempt(*, email: str, address: str | None) -> Attempt:
    """Count that somebody asks for a link to a new password. Raises TooManyAttempts."""
    account, origin = email.strip().lower(), _origin(address)
    return _attempt((RESET_FROM, origin), (RESET_HERE, f"{account} {origin}"))


def reset_mail_attempt(*, email: str) -> Attempt:
    """Count a mail to a mailbox. Raises TooManyAttempts."""
    return _attempt((RESET_MAIL, email.strip().lower()))


def is_first_use(*, person_id: int, code: str, seconds: int) -> bool:
    """Tell whether this code of this person is used for the first time in so many seconds."""
    limit = Limit("used-code", 1, seconds)
    return _hit(limit, _key(limit, f"{person_id} {code}")) == 1


def _attempt(*counted: tuple[Limit, str]) -> Attempt:
    """Count each; one that is full hides the rest, which then costs no row."""
    keys = []
    for limit, subject in counted:
        key = _key(limit, subject)
        if _hit(limit, key) > limit.quota:
            raise TooManyAttempts
        keys.append(key)
    return Attempt(keys)


@transaction.atomic
def _hit(limit: Limit, key: str) -> int:
    """Count one, and return how many there are in the window."""
    now = timezone.now()
    ends_at = now + timedelta(seconds=limit.seconds)
    # The row is locked: of tries at once, each gets a number of its own.
    counter, is_new = AttemptCounter.objects.select_for_update().get_or_create(
        key=key, defaults={"hits": 0, "ends_at": ends_at}
    )
    if counter.ends_at <= now:
        counter.hits, counter.ends_at = 0, ends_at
    # Beyond the quota there is nothing to know.
    counter.hits = min(counter.hits, limit.quota) + 1
    counter.save(update_fields=["hits", "ends_at"])
    if is_new:
        AttemptCounter.objects.filter(ends_at__lt=now).exclude(key=key).delete()
    return counter.hits


def _key(limit: Limit, subject: str) -> str:
    text = f"accounts.sign_in.limits:{limit.name}:{subject}"
    return hmac.digest(settings.SECRET_KEY.encode(), text.encode(), "sha256").hex()


def _origin(address: str | None) -> str:
    """Return what one customer of a provider has: an IPv4 address, or 64 bits of IPv6."""
    if address is None:
        return ""
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, _IPV6_CUSTOMER), strict=False))
