"""How old a pair may become: the maximum age that a company sets for all of its own."""

from datetime import datetime, timedelta
from typing import Protocol

# What is too old already when a company sets a maximum goes on so long.
GRACE = timedelta(days=30)


class KeyAgePolicy(Protocol):
    """What a Company says of it: a maximum in days or None, and since when."""

    @property
    def max_key_age_days(self) -> int | None: ...
    @property
    def max_key_age_set_at(self) -> datetime | None: ...


def pair_ends_at(created_at: datetime, policy: KeyAgePolicy) -> datetime | None:
    """Return from when a pair is too old, None for never."""
    days, set_at = policy.max_key_age_days, policy.max_key_age_set_at
    if days is None:
        return None
    by_age = created_at + timedelta(days=days)
    return by_age if set_at is None else max(by_age, set_at + GRACE)
