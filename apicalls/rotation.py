"""Newer peppers and keys for what is stored of secrets, while the API goes on answering.

A pair is sealed under the highest numbers of CREDENTIAL_PEPPERS and CREDENTIAL_KEYS of its day.
When a higher number is added, this seals the others anew, a batch at a time: interrupted, it
goes on where it was. An old number can be taken out when nothing needs it any more.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.sign_in import resealing
from apicalls.credentials import SealedSecret, SecretUnreadable
from apicalls.models import Credential
from apicalls.services.credentials import owner_of, vault

# Pairs in one transaction. On SQLite one writes at a time, and who waits looks now and then whether
# it is their turn: few are written there, and then others have theirs for so many times as long.
BATCH, BATCH_ON_SQLITE = 500, 20
_TURN_OF_OTHERS = 2


@dataclass(slots=True)
class Rotation:
    """How far it is: `unreadable` are pairs whose key is gone, which stay as they are."""

    todo: int
    done: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class InUse:
    """How many pairs need which pepper to be answered, and what needs which key to be read:
    pairs to be shown again, and authenticator apps."""

    peppers: Counter[int] = field(default_factory=Counter)
    keys: Counter[int] = field(default_factory=Counter)

    @property
    def missing_peppers(self) -> dict[int, int]:
        return _missing(self.peppers, settings.CREDENTIAL_PEPPERS)

    @property
    def missing_keys(self) -> dict[int, int]:
        return _missing(self.keys, settings.CREDENTIAL_KEYS)

    @property
    def unused_peppers(self) -> list[int]:
        """Return the numbers that can be taken out: older than the newest, and needed nowhere."""
        return _unused(self.peppers, settings.CREDENTIAL_PEPPERS)

    @property
    def unused_keys(self) -> list[int]:
        return _unused(self.keys, settings.CREDENTIAL_KEYS)


def _missing(needed: Counter[int], there: dict[int, bytes]) -> dict[int, int]:
    return {number: needed[number] for number in sorted(needed) if number not in there}


def _unused(needed: Counter[int], there: dict[int, bytes]) -> list[int]:
    return [number for number in sorted(there)[:-1] if number not in needed]


def in_use() -> InUse:
    """Return what is needed, over all companies."""
    answered = Credential.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=timezone.now(), is_stopped=False)
    )
    sealed = Credential.objects.exclude(secret_ciphertext=b"")
    keys = _counted(sealed, "key_number") + resealing.numbers_in_use()
    return InUse(_counted(answered, "pepper_number"), keys)


def _counted(pairs: QuerySet[Credential], column: str) -> Counter[int]:
    rows = pairs.order_by().values(column).annotate(number=Count("pk"))
    return Counter(dict(rows.values_list(column, "number")))


def rotate(*, batch: int | None = None) -> Iterator[Rotation]:
    """Seal what is older under the newest numbers, and tell how far it is after each batch.

    A `batch` is so many pairs, as many as are good for the database where it is None.
    What is kept without its secret (the policy "show once") cannot be sealed anew: it needs its
    pepper until the pair is regenerated.
    """
    newest = {
        "pepper_number": max(settings.CREDENTIAL_PEPPERS),
        "key_number": max(settings.CREDENTIAL_KEYS),
    }
    is_sqlite = connection.vendor == "sqlite"
    batch = batch or (BATCH_ON_SQLITE if is_sqlite else BATCH)
    older = Credential.objects.exclude(**newest).exclude(secret_ciphertext=b"")
    rotation = Rotation(todo=older.count())
    after = 0
    while True:
        pairs = list(
            older.filter(pk__gt=after).select_related("api_call__company").order_by("pk")[:batch]
        )
        if not pairs:
            return
        # All that takes long is done before anything is locked.
        sealed = [(pair, _sealed_anew(pair)) for pair in pairs]
        began = time.monotonic()
        with transaction.atomic():
            for pair, anew in sealed:
                if anew is None:
                    rotation.unreadable += 1
                else:
                    _store(pair, anew)
                    rotation.done += 1
        if is_sqlite:
            time.sleep(_TURN_OF_OTHERS * (time.monotonic() - began))
        after = pairs[-1].pk
        yield rotation


def _sealed_anew(pair: Credential) -> SealedSecret | None:
    """Return the secret under the newest numbers, or None when its key is gone."""
    owner = owner_of(pair.api_call, pair.client_key)
    try:
        client_secret = vault().open(
            ciphertext=bytes(pair.secret_ciphertext), key_number=pair.key_number, owner=owner
        )
    except SecretUnreadable:
        return None
    return vault().seal(client_secret, owner)


def _store(pair: Credential, sealed: SealedSecret) -> None:
    # Only what is still as it was read: a pair that was replaced meanwhile keeps no secret.
    Credential.objects.filter(
        pk=pair.pk, key_number=pair.key_number, pepper_number=pair.pepper_number
    ).exclude(secret_ciphertext=b"").update(
        secret_digest=sealed.digest,
        pepper_number=sealed.pepper_number,
        secret_ciphertext=sealed.ciphertext,
        key_number=sealed.key_number,
    )
