"""Statements whose SQL text is made once, run with little around them.

Of what a short statement costs, the database has the smaller part: Django's cursor and then the
driver's each go round it, for wishes that nobody has here. What runs at each answer of the API
goes past them, and by them wherever somebody listens (`execute_wrapper`, counted queries) or a
transaction is open.
"""

import sqlite3
import threading
import time
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    import psycopg

Row = tuple[Any, ...]

_of_thread = threading.local()
_numbers = count(1)


class Statement:
    """SQL with %s where values go, which returns rows.

    PostgreSQL plans it once for each connection, and not at each answer: it is given the values
    apart from the text.
    """

    def __init__(self, sql: str):
        self.sql = sql
        self.for_sqlite = sql.replace("%s", "?")
        self._writes = not sql.startswith("SELECT")

    def rows(
        self,
        values: Sequence[Any],
        *,
        may_repeat: bool = False,
        database: BaseDatabaseWrapper | None = None,
    ) -> list[Row]:
        """Run it and return its rows; the values as Django gives them to the database.

        `database` is for who has this thread's connection at hand already.

        One that `may_repeat` is run again on a new connection where the old one turns out to be
        dead, as after a restart of the database. Within a transaction nothing is.
        """
        database = database or connections[DEFAULT_DB_ALIAS]
        try:
            return self._rows(database, values)
        except DatabaseError:
            if not may_repeat or not left_lost(database):
                raise
        return self._rows(database, values)

    def _rows(self, database: BaseDatabaseWrapper, values: Sequence[Any]) -> list[Row]:
        if database.connection is None:
            database.ensure_connection()
        is_alone = not (
            database.in_atomic_block or database.execute_wrappers or database.queries_logged
        )
        if database.vendor != "postgresql":
            if is_alone:
                with database.wrap_database_errors:
                    if self._writes:
                        return _written_in_turn(database, self.for_sqlite, values)
                    return _fetched(database.connection.cursor(), self.for_sqlite, values)
            with database.cursor() as cursor:
                return _fetched(cursor, self.sql, values)
        kept = _kept_for(database.connection)
        if is_alone and database.connection.prepare_threshold is not None:
            with database.wrap_database_errors:
                return kept.rows(self, values)
        with database._prepare_cursor(kept.cursor()) as cursor:  # type: ignore[attr-defined]
            return _fetched(cursor, self.sql, values)


def left_lost(database: BaseDatabaseWrapper) -> bool:
    """Leave a connection that turns out to be dead, and tell whether it did.

    The next statement then makes another. Within a transaction none takes its place.
    """
    if database.in_atomic_block or database.connection is None or database.is_usable():
        return False
    database.close()
    return True


def _fetched(cursor: Any, sql: str, values: Sequence[Any]) -> list[Row]:
    cursor.execute(sql, values)
    rows: list[Row] = cursor.fetchall()
    return rows


# --- SQLite ----------------------------------------------------------------------------

# Seconds between two looks whether nobody else writes.
_LOOK_EVERY = 0.005


def _written_in_turn(database: BaseDatabaseWrapper, sql: str, values: Sequence[Any]) -> list[Row]:
    """Run what writes, and wait as long as the connection does where somebody else is writing.

    SQLite by itself looks ever more seldom whether they have come to their end, a tenth of a
    second apart at last. Beside several who write without a pause, whoever has a moment only,
    as the API has, would miss each of the gaps between them.
    """
    connection = database.connection
    patience = database.settings_dict["OPTIONS"].get("timeout", 5.0)  # sqlite3's own
    until = time.monotonic() + patience
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                return _fetched(connection.cursor(), sql, values)
            except sqlite3.OperationalError as error:
                # Of SQLITE_BUSY_SNAPSHOT and others the last byte is the same.
                is_busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > until:
                    raise
            time.sleep(_LOOK_EVERY)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * patience)}")


# --- PostgreSQL ------------------------------------------------------------------------


class _Kept:
    """What a thread keeps for its connection: the statements that PostgreSQL has planned."""

    def __init__(self, connection: "psycopg.Connection[Any]"):
        # Only where psycopg is there.
        from psycopg.errors import FeatureNotSupported, InvalidSqlStatementName

        self.connection = connection
        self._wide = _Wide(connection)
        self._planned: dict[Statement, _Planned] = {}
        # PostgreSQL has not begun with it: the plan is gone, as the driver has it after each
        # rollback (DEALLOCATE ALL), or is of a table that has other columns by now.
        self._not_begun = InvalidSqlStatementName, FeatureNotSupported

    def rows(self, statement: Statement, values: Sequence[Any]) -> list[Row]:
        planned = self._planned.get(statement)
        if planned is not None:
            try:
                return planned.rows(values)
            except self._not_begun:
                self._planned.clear()
        planned = self._planned[statement] = _Planned(self._wide, statement, len(values))
        try:
            return planned.rows(values)
        except Exception:
            self._planned.clear()
            raise

    def cursor(self) -> Any:
        """Return a cursor of the driver that gives the same values."""
        from psycopg import Cursor
        from psycopg.pq import Format

        cursor = Cursor(self.connection)
        cursor.format = Format.BINARY
        return cursor


class _Wide:
    """The driver's ways to send values, but for whole numbers: all as bigint.

    By itself it chooses the narrowest type that a number fits into, and each would be another
    plan; to have Django's name the type of each costs more than all else that is done to it.
    """

    def __init__(self, connection: "psycopg.Connection[Any]"):
        # Only where psycopg is there.
        from psycopg.adapt import AdaptersMap
        from psycopg.types.numeric import Int8BinaryDumper

        self.connection = connection
        self.adapters = AdaptersMap(connection.adapters)
        self.adapters.register_dumper(int, Int8BinaryDumper)


class _Planned:
    """A statement as PostgreSQL has planned it, run by libpq itself, which waits in C."""

    def __init__(self, wide: _Wide, statement: Statement, width: int):
        # Only where psycopg is there.
        from psycopg import pq
        from psycopg.adapt import PyFormat, Transformer

        self._pq = pq
        self._pgconn = wide.connection.pgconn
        self._transformer = Transformer(wide)
        self._formats = [PyFormat.AUTO] * width
        self._sql = _numbered(statement.sql)
        # By the types of the values.
        self._names: dict[tuple[int, ...], bytes] = {}

    def rows(self, values: Sequence[Any]) -> list[Row]:
        transformer = self._transformer
        sent: Any = transformer.dump_sequence(values, self._formats)
        types = transformer.types or ()
        name = self._names.get(types)
        if name is None:
            name = b"workhub_%d" % next(_numbers)
            self._checked(
                self._pgconn.prepare(name, self._sql, types), self._pq.ExecStatus.COMMAND_OK
            )
            self._names[types] = name
        # In binary: nothing has to be read from text, in Python least of all.
        result = self._pgconn.exec_prepared(name, sent, transformer.formats, self._pq.Format.BINARY)
        self._checked(result, self._pq.ExecStatus.TUPLES_OK)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)

    def _checked(self, result: Any, expected: int) -> None:
        """Raise the driver's error for a result that is another."""
        if result.status == expected:
            return
        from psycopg import OperationalError
        from psycopg.errors import error_from_result

        told = result.error_field(self._pq.DiagnosticField.SQLSTATE)
        if told is None:
            # Not of the server but of libpq, which may not call the connection bad yet.
            raise OperationalError("the connection to the database is lost")
        raise error_from_result(result)


def _kept_for(connection: "psycopg.Connection[Any]") -> _Kept:
    kept: _Kept | None = getattr(_of_thread, "kept", None)
    if kept is None or kept.connection is not connection:
        kept = _of_thread.kept = _Kept(connection)
    return kept


def _numbered(sql: str) -> bytes:
    """Return the SQL with $1, $2 … for each %s."""
    first, *others = sql.split("%s")
    return "".join([first, *(f"${n}{part}" for n, part in enumerate(others, 1))]).encode()
