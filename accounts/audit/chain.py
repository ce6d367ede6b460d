"""How the entries of a trail hang together. Pure: no ORM, no HTTP.

Each entry carries a SHA-256 over itself and over that of the entry before. Whoever changes,
removes or slips in an entry would have to write all later ones anew, and the last digest that
somebody has kept elsewhere shows even that.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime

# What the first entry of a trail follows.
BEGINNING = "0" * 64

# How an entry is written to be hashed. It can never change for entries that are there: a new
# way gets a new number, and the old one stays.
_FORM = 1


def digest_of(
    *,
    previous: str,
    company_id: int,
    sequence: int,
    at: datetime,
    actor_id: int | None,
    actor_name: str,
    action: str,
    subject_type: str,
    subject_id: str,
    subject_name: str,
    changes: Mapping[str, list[str]],
    address: str | None,
) -> str:
    """Return the digest of an entry that follows the one with the digest `previous`, as hex.

    It is over JSON (RFC 8259) with every value at its place, so that no text can be moved
    from one column into the next; a database may keep `changes` in any order of its keys.
    """
    entry = [
        _FORM,
        previous,
        company_id,
        sequence,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        actor_id,
        actor_name,
        action,
        subject_type,
        subject_id,
        subject_name,
        dict(changes),
        address,
    ]
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
