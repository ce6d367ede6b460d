"""Newer keys under the secrets of authenticator apps, while people go on signing in."""

from collections import Counter
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from accounts.sign_in.sealing import Unreadable, number_of, seal, unseal

# What is sealed in the data of an authenticator, as django-allauth calls it.
_SEALED = ("secret", "seed")


def numbers_in_use() -> Counter[int]:
    """Return how many authenticators need which number of CREDENTIAL_KEYS."""
    needed: Counter[int] = Counter()
    for data in Authenticator.objects.values_list("data", flat=True):
        needed.update({number_of(data[name]) for name in _SEALED if data.get(name)})
    return needed


def authenticators_reseal() -> int:
    """Seal what is older under the newest key, and return how many authenticators that were.

    One that does not open stays as it is.
    """
    newest = max(settings.CREDENTIAL_KEYS)
    done = 0
    for pk in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            # Locked, because using one writes to its data too.
            found = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if found is None:
                continue
            data = _sealed_anew(found.data, newest)
            if data != found.data:
                found.data = data
                found.save(update_fields=["data"])
                done += 1
    return done


def _sealed_anew(data: dict[str, Any], newest: int) -> dict[str, Any]:
    older = {name for name in _SEALED if data.get(name) and number_of(data[name]) != newest}
    try:
        return data | {name: seal(unseal(data[name])) for name in older}
    except Unreadable:
        return data
