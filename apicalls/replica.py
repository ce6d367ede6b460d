"""Long lists are read from a replica, where there is one that is as new as the answer must be.

The pair is asked for on the primary, with the company's facts stamp: each change of its facts
makes it another one. Before anything is read from the replica the stamp is, in the same snapshot.
Where it is the same, so are the facts; where it is another, the replica is behind and the primary
is read. So whoever has changed something reads it in the next answer, and a replica that has not
heard of other companies yet will do.

One worker is looked up on the primary: it is there that the request is counted, in one statement.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db import Error as DatabaseError

from apicalls import measured
from apicalls.selectors import Grant
from workers.models import FactsStamp

logger = logging.getLogger(__name__)

T = TypeVar("T")

# The alias of what DATABASE_REPLICA_URL leads to.
REPLICA = "replica"
_REST_SECONDS = 5.0


class _IsBehind(Exception):
    """The replica has other facts of the company than the primary had."""


class _Rest:
    """For how long a replica that failed is left alone by this process."""

    def __init__(self) -> None:
        self._until = 0.0

    def begin(self) -> None:
        self._until = time.monotonic() + _REST_SECONDS

    def is_over(self) -> bool:
        return time.monotonic() >= self._until


_rest = _Rest()


def read(grant: Grant, make: Callable[[str], T]) -> T:
    """Return what `make` makes of the facts in the database that it is given the alias of.

    It can be called a second time, for the primary, where the replica fails.
    """
    if _is_asked():
        try:
            with _snapshot(grant):
                made = make(REPLICA)
        except (_IsBehind, DatabaseError) as error:
            _failed(error)
        else:
            measured.list_read("replica")
            return made
    return make(DEFAULT_DB_ALIAS)


def rows(grant: Grant, using: str, make: Callable[[str], Iterator[T]]) -> Iterator[T]:
    """Give rows as they are read from `using`, which `read` has chosen for what goes before them.

    Where that is the replica and it fails before the first row, they are the primary's.
    """
    if using == REPLICA:
        has_begun = False
        try:
            with _snapshot(grant):
                for row in make(REPLICA):
                    has_begun = True
                    yield row
        except (_IsBehind, DatabaseError) as error:
            _failed(error)
            if has_begun:
                raise
        else:
            return
    yield from make(DEFAULT_DB_ALIAS)


def _is_asked() -> bool:
    return REPLICA in connections.settings and _rest.is_over()


@contextmanager
def _snapshot(grant: Grant) -> Iterator[None]:
    """Let the replica be read as of one moment, at which it has the grant's facts."""
    connections[REPLICA].close_if_unusable_or_obsolete()
    with transaction.atomic(using=REPLICA):
        stamps = FactsStamp.objects.using(REPLICA).filter(company_id=grant.company_id)
        if stamps.values_list("stamp", flat=True).first() != grant.facts_stamp:
            raise _IsBehind
        yield


def _failed(error: Exception) -> None:
    if isinstance(error, _IsBehind):
        measured.list_read("behind")
        return
    measured.list_read("failed")
    _rest.begin()
    connections[REPLICA].close()
    logger.warning("The replica is not read for %g s: %s", _REST_SECONDS, type(error).__name__)
