"""How long a process that answers waits for the database: programs for a moment, people for longer.

A program that asks for a long list is given a person's time.

Whoever waits holds a thread, and soon all of them. What takes too long is answered 503 with
Retry-After instead. Commands, imports and the clock are none of this: `answer_in_time` is called
by workhub/wsgi.py only, so that a migration or a purge takes as long as it takes.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Set by answer_in_time.
_is_in_time = False


class Waits(NamedTuple):
    """Seconds: for a lock, which on SQLite is the write lock, and for a statement."""

    lock: float
    statement: float


def answer_in_time() -> None:
    """Have this process's connections, of which there is none yet, wait as the API does."""
    global _is_in_time
    if not settings.DATABASE_TIMEOUTS or _is_in_time:
        return
    _is_in_time = True
    database = connections[DEFAULT_DB_ALIAS]
    waits = Waits(*settings.API_WAITS)
    if database.vendor == "sqlite":
        database.settings_dict["OPTIONS"]["timeout"] = waits.lock
        return
    _limit(database, waits)
    # From another one only long lists are read (apicalls/replica.py).
    for alias in connections.settings.keys() - {DEFAULT_DB_ALIAS}:
        _limit(connections[alias], Waits(*settings.PAGE_WAITS))


def _limit(database: BaseDatabaseWrapper, waits: Waits) -> None:
    options = database.settings_dict["OPTIONS"]
    options.setdefault("connect_timeout", settings.DATABASE_CONNECT_TIMEOUT)
    # A server whose machine is gone acknowledges nothing any more.
    options.setdefault("tcp_user_timeout", round(1000 * waits.statement))
    limits = {
        "lock_timeout": waits.lock,
        "statement_timeout": waits.statement,
        "idle_in_transaction_session_timeout": settings.DATABASE_IDLE_TIMEOUT,
    }
    said = [f"-c {name}={round(1000 * seconds)}" for name, seconds in limits.items()]
    # What the address itself says comes last, and so holds.
    options["options"] = " ".join([*said, options.get("options", "")]).strip()


class PagesWaitMiddleware:
    """Let a page wait longer than an answer of the API.

    It costs a page that asks the database two short statements, and the API nothing.
    """

    def __init__(self, get_response: GetResponse):
        if not _is_in_time:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with patiently():
            response = self.get_response(request)
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = patient(response.streaming_content)  # type: ignore[arg-type]
        return response


def patient(chunks: Iterator[Any]) -> Generator[Any, None, None]:
    """Go through what is made of the database while it is sent."""
    with patiently():
        yield from chunks


class patiently:  # noqa: N801 (used like a function)
    """A context in which this thread's connection waits for as long as a page may.

    In a process that waits for as long as it takes it changes nothing.
    """

    def __enter__(self) -> None:
        self._told: Any = None
        if not _is_in_time:
            return
        connection.execute_wrappers.append(self._execute)

    def __exit__(self, *_error: object) -> None:
        if not _is_in_time:
            return
        connection.execute_wrappers.remove(self._execute)
        if self._told is None or self._told is not connection.connection:
            return  # asked nothing, or on a connection that is gone
        if not _tell(connections[DEFAULT_DB_ALIAS], Waits(*settings.API_WAITS)):
            connection.close()

    def _execute(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        database = context["connection"]
        if self._told is not database.connection:
            self._told = database.connection
            # Where it cannot be told, the statement itself will say why.
            _tell(database, Waits(*settings.PAGE_WAITS))
        return execute(sql, params, many, context)


def _tell(database: BaseDatabaseWrapper, waits: Waits) -> bool:
    """Say it to the connection, past transactions; False where that failed."""
    lock, statement = (round(1000 * seconds) for seconds in waits)
    if database.vendor == "sqlite":
        with suppress(DatabaseError), database.wrap_database_errors:
            database.connection.execute(f"PRAGMA busy_timeout = {lock}")
            return True
        return False
    from psycopg.pq import ExecStatus

    # By libpq: the driver would begin a transaction with it, whose end could take it back.
    with suppress(DatabaseError), database.wrap_database_errors:
        told = database.connection.pgconn.exec_(
            f"SET lock_timeout = {lock}; SET statement_timeout = {statement}".encode()
        )
        return bool(told.status == ExecStatus.COMMAND_OK)
    return False
