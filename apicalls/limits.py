"""How often something may be done in a minute, counted over all processes and machines.

A window begins with its first hit, and the first `quota` hits in it are allowed. The counter is
a row that one statement writes and reads, or a key in Redis when the installation has one.

Telling a program that nothing has changed takes less than counting that it asked. So a process
counts some of those beforehand (`Supply`), and never more than are left.

A counter that cannot be reached stops nobody: a limit is there to spare the service, and an
answer that is refused for want of a counter would be an outage of our own making.
"""

import hmac
import ipaddress
import logging
import math
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from apicalls.models import LimitCounter
from workers.prepared import Beside
from workers.statements import Statement

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60

# What an attacker sends must not make rows without end. Only who fails is counted here, so
# that sharing a bucket costs nobody an answer.
_BUCKETS = 4096
_HITS_LIMIT = 2_000_000_000
_IPV6_CUSTOMER = 64  # bits: what one customer is given
_WARN_EVERY_SECONDS = 60


class Usage(NamedTuple):
    """What is left in the window after a hit; `reset_after` is in whole seconds, 1 or more."""

    allowed: bool
    quota: int
    remaining: int
    reset_after: int
    name: str

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers of draft-ietf-httpapi-ratelimit-headers-10."""
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.name}";r={self.remaining};t={self.reset_after}',
        }


class CallHit:
    """A request of an API call, to be counted once: by itself, or beside what it asks for."""

    def __init__(self, *, api_call_id: int, quota: int, now: float | None = None):
        self._key = f"call:{api_call_id}"
        self._quota = quota
        self._now = time.time() if now is None else now
        self._is_good = False
        # What counts it in the round trip of a query, which then finds nothing for one request
        # too many; None where not PostgreSQL counts.
        self.beside = self._beside()

    def _beside(self) -> Beside | None:
        if settings.RATE_LIMIT_STORAGE or not _counts_beside():
            return None
        return Beside(
            _upsert_sql(1),
            _upsert_values([self._key], self._now),
            width=2,
            condition="beside.hits <= %s",
            condition_values=[self._quota],
        )

    def usage_ahead(self) -> Usage | None:
        """Count it and, now and then, some that are to come with it; the same else as `usage`."""
        usage = supply.take(self._key, self._quota, self._now)
        if usage is None:
            more = supply.wanted(self._key, self._quota, self._now)
            counted = _counted([self._key], self._quota, 1 + more)
            if not counted:
                return None
            [(hits, until)] = counted
            its_own = supply.fill(self._key, self._quota, hits, until=until, more=more)
            usage = self._usage(hits, until)._replace(allowed=its_own <= self._quota)
        self._is_good = usage.allowed
        return usage

    def give_back(self) -> None:
        """Have what `usage_ahead` counted for a request that is counted anew."""
        if self._is_good:
            supply.give_back(self._key, self._quota, self._now)

    def usage(self) -> Usage | None:
        """Count it where nothing has yet, and return what is left; None if it cannot be."""
        if self.beside is not None and self.beside.error is not None:
            # It was tried, and whoever asks has waited for it.
            _warn(self.beside.error)
            return None
        if self.beside is None or self.beside.row is None:
            counted = _counted([self._key], self._quota, 1)
            if not counted:
                return None
            [(hits, until)] = counted
        else:
            hits, started_at = self.beside.row
            until = started_at + WINDOW_SECONDS
        supply.see(self._key, self._quota, hits)
        return self._usage(hits, until)

    def _usage(self, hits: int, until: float) -> Usage:
        return _usage(hits, until - self._now, self._quota, "call")


@lru_cache(maxsize=1)
def _counts_beside() -> bool:
    return connection.vendor == "postgresql"


def failed_authorization(*, address: str | None, client_key: str) -> Usage | None:
    """Count a failure by address and by Client Key, and return what is left of the less.

    Who has the right pair is never counted and never refused, whoever else tries the same
    key from the same address: nobody can lock an owner out. What is left to guess is 130
    random bits.
    """
    keys = [f"key:{_bucket(client_key)}"]
    if address is not None:
        keys.append(f"address:{_bucket(_customer(address))}")
    quota, now = settings.FAILED_AUTHORIZATIONS_PER_MINUTE, time.time()
    usages = [
        _usage(hits, until - now, quota, "failures")
        for hits, until in _counted(sorted(keys), quota, 1)
    ]
    return min(usages, key=lambda usage: (usage.remaining, -usage.reset_after), default=None)


def _bucket(text: str) -> str:
    """Return one of few names; keyed, so that nobody can choose whose bucket they fill."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"apicalls.limits:{text}".encode(), "sha256")
    return f"{int.from_bytes(digest[:4], 'big') % _BUCKETS:04d}"


def _customer(address: str) -> str:
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, _IPV6_CUSTOMER), strict=False))


def _counted(keys: Sequence[str], quota: int, number: int) -> list[tuple[int, float]]:
    """Count so many hits for each of the sorted keys; return all of its window, and its end.

    Nothing when they cannot be counted.
    """
    try:
        if settings.RATE_LIMIT_STORAGE:
            return [_counted_in_redis(key, quota, number) for key in keys]
        return _counted_in_database(keys, number)
    except (DatabaseError, RedisError) as error:
        _warn(error)
        return []


def _usage(hits: int, seconds_left: float, quota: int, name: str) -> Usage:
    return Usage(
        allowed=hits <= quota,
        quota=quota,
        remaining=max(0, quota - hits),
        reset_after=min(WINDOW_SECONDS, max(1, math.ceil(seconds_left))),
        name=name,
    )


# --- In the database -------------------------------------------------------------------


def _counted_in_database(keys: Sequence[str], number: int) -> list[tuple[int, float]]:
    """Return hits and the end of the window of each key, after one statement.

    The keys are sorted, so that of two statements with the same ones neither waits for the
    other's second row. One statement that is its own transaction: it holds no lock on.
    """
    now = time.time()
    rows = _upsert(len(keys)).rows(_upsert_values(keys, now, number))
    return [(hits, started_at + WINDOW_SECONDS) for hits, started_at in rows]


def _upsert_values(keys: Sequence[str], now: float, number: int = 1) -> list[Any]:
    over = now - WINDOW_SECONDS
    hits = [value for key in keys for value in (key, now, number)]
    return [*hits, over, _HITS_LIMIT, over]


@lru_cache(maxsize=8)
def _upsert(number: int) -> Statement:
    return Statement(_upsert_sql(number))


@lru_cache(maxsize=8)
def _upsert_sql(number: int) -> str:
    table = connection.ops.quote_name(LimitCounter._meta.db_table)
    rows = ", ".join(["(%s, %s, %s)"] * number)
    return (
        f"INSERT INTO {table} AS counter (key, started_at, hits) VALUES {rows} "  # noqa: S608
        "ON CONFLICT (key) DO UPDATE SET "
        "hits = CASE WHEN counter.started_at <= %s THEN excluded.hits "
        "WHEN counter.hits >= %s THEN counter.hits ELSE counter.hits + excluded.hits END, "
        "started_at = CASE WHEN counter.started_at <= %s THEN excluded.started_at "
        "ELSE counter.started_at END "
        "RETURNING hits, started_at"
    )


# --- In Redis --------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _redis() -> FixedWindowRateLimiter:
    # A counter that is slow to answer is as good as none.
    storage = RedisStorage(
        settings.RATE_LIMIT_STORAGE, socket_timeout=0.5, socket_connect_timeout=0.5
    )
    return FixedWindowRateLimiter(storage)


def _counted_in_redis(key: str, quota: int, number: int) -> tuple[int, float]:
    item = RateLimitItemPerMinute(quota)
    name = item.key_for("workhub", key)
    storage = _redis().storage
    hits = storage.incr(name, item.get_expiry(), number)
    return hits, storage.get_expiry(name)


# --- Beforehand ------------------------------------------------------------------------

_AT_MOST = 19
# Of so many that are left, one is taken beforehand: where few are, other processes need them.
_ONE_OF = 20
_CALLS = 4096


class _Taken(NamedTuple):
    """`left` hits that were counted for nobody yet, and `beyond` them in the window."""

    until: float
    left: int
    beyond: int


class Supply:
    """Hits of calls that this process has counted before they were needed.

    They are good for as long as their window lasts. What no request comes for is lost to the
    other processes of the installation, so that the last few of a limit can be refused while
    one of them holds them; more than the limit are never let through. Nobody is told that
    there are more left than any process would let through.
    """

    def __init__(self) -> None:
        self._taken: dict[tuple[str, int], _Taken] = {}
        self._lock = Lock()

    def take(self, key: str, quota: int, now: float) -> Usage | None:
        """Take one, and return what is left; None where there is none."""
        with self._lock:
            found = self._found(key, quota, now)
            if found is None or not found.left:
                return None
            self._taken[key, quota] = found._replace(left=found.left - 1)
        return _usage(quota - found.beyond, found.until - now, quota, "call")

    def give_back(self, key: str, quota: int, now: float) -> None:
        """Have one back that was taken at the moment `now`; of another window it is no good."""
        with self._lock:
            found = self._found(key, quota, now)
            if found is not None and found.until - WINDOW_SECONDS <= now:
                self._taken[key, quota] = found._replace(left=found.left + 1)

    def wanted(self, key: str, quota: int, now: float) -> int:
        """Return how many to count with the next; none before it is known what is left."""
        found = self._found(key, quota, now)
        return min(_AT_MOST, found.beyond // _ONE_OF) if found else 0

    def fill(self, key: str, quota: int, hits: int, *, until: float, more: int) -> int:
        """Keep what was counted with a request, `more` of all `hits`, and return how many it was.

        What was counted beyond the quota is nobody's.
        """
        its_own = hits - more
        good = min(more, max(0, quota - its_own))
        with self._lock:
            found = self._found(key, quota, until - WINDOW_SECONDS)
            left = found.left if found else 0
            while len(self._taken) >= _CALLS:
                del self._taken[next(iter(self._taken))]
            self._taken[key, quota] = _Taken(until, left + good, max(0, quota - hits))
        return its_own

    def see(self, key: str, quota: int, hits: int) -> None:
        """Learn how many hits there are, from who counted one of them."""
        with self._lock:
            found = self._taken.get((key, quota))
            if found is not None:
                beyond = min(found.beyond, max(0, quota - hits))
                self._taken[key, quota] = found._replace(beyond=beyond)

    def clear(self) -> None:
        self._taken.clear()

    def _found(self, key: str, quota: int, now: float) -> _Taken | None:
        found = self._taken.get((key, quota))
        return found if found is not None and now < found.until else None


supply = Supply()


# --- When there is no counter ----------------------------------------------------------


class _Warner:
    """Says a line a minute in each process, not one a request."""

    def __init__(self) -> None:
        self._said_at = -math.inf

    def __call__(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._said_at >= _WARN_EVERY_SECONDS:
            self._said_at = now
            kind = type(error).__name__
            logger.warning("Requests are not counted against their limits: %s", kind)


_warn = _Warner()
