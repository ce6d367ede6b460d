"""Forms that add something, and add it once however often they are sent.

A form carries a code made when it was shown. What a code has added is remembered in the
session, so that a retry after a lost answer leads to the thing that is there already. Both are
written in one transaction: a process that is killed leaves the two or neither.
"""

import uuid
from collections.abc import Callable

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import transaction

from accounts.permissions import CompanyRequest
from workers import derivation

_SESSION_KEY = "added_by_form"
_REMEMBERED = 20


def add_once(request: CompanyRequest, code: uuid.UUID, add: Callable[[], int]) -> tuple[int, bool]:
    """Return the id of what the form with that code has added, and whether it was just now.

    `add` adds it and returns its id; what it raises, nothing is remembered of.
    """
    with transaction.atomic():
        # A retry waits here for what it repeats, and reads then what that has remembered.
        derivation.lock(company=request.company)
        added: dict[str, int] = request.session.load().get(_SESSION_KEY, {})
        if str(code) in added:
            return added[str(code)], False
        pk = add()
        request.session[_SESSION_KEY] = dict([*added.items(), (str(code), pk)][-_REMEMBERED:])
        try:
            request.session.save()
        except UpdateError as error:
            raise SessionInterrupted("The session was ended meanwhile.") from error
    return pk, True
