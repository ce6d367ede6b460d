"""Forms that add something, and add it once however often they are sent.

A form carries a code made when it was shown. What a code has added is remembered in the
session, so that a retry after a lost answer leads to the thing that is there already.
"""

import uuid

from accounts.permissions import CompanyRequest

_SESSION_KEY = "added_by_form"
_REMEMBERED = 20


def added_before(request: CompanyRequest, code: uuid.UUID) -> int | None:
    """Return the id of what the form with that code has added, or None."""
    found: int | None = request.session.get(_SESSION_KEY, {}).get(str(code))
    return found


def remember(request: CompanyRequest, code: uuid.UUID, pk: int) -> None:
    added = {**request.session.get(_SESSION_KEY, {}), str(code): pk}
    request.session[_SESSION_KEY] = dict(list(added.items())[-_REMEMBERED:])
