"""The request log by month, where the database can do so: PostgreSQL.

A month that no company keeps any longer is dropped whole, in no time, however many rows it
has. Rows of a month that has no partition yet go to a default one, so that nothing that is
logged is ever refused; they move when the month gets its own.
"""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import TypeVar

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

MONTHS_AHEAD = 3

_TABLE = "apicalls_requestlog"
_DEFAULT = f"{_TABLE}_default"
_NAME = re.compile(rf"{_TABLE}_(\d{{4}})_(\d{{2}})")
# Who makes or drops a partition waits for whoever reads the log, and whoever logs a request
# waits behind them: never for longer than this. What fails is tried again.
_LOCK_TIMEOUT = "250ms"
_TRIES = 5
_PAUSE_SECONDS = 0.5
_LOCK_NOT_AVAILABLE = "55P03"
# What ANALYZE draws of a month, which it reads beside the answers: 300 rows for each.
_STATISTICS = 10
# Of two who make partitions at once, the second waits, and finds them made.
_ADVISORY_LOCK = 7_205_761

T = TypeVar("T")


def partitions_ensure() -> int:
    """Make the partitions that are missing from now to MONTHS_AHEAD, and of older rows.

    Returns how many were made; 0 where the table has none.
    """
    if not _is_partitioned():
        return 0
    today = timezone.now().astimezone(UTC).date()
    wanted = {_later(_first(today), months) for months in range(MONTHS_AHEAD + 1)}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT (date_trunc('month', at AT TIME ZONE 'UTC'))::date FROM {_DEFAULT}"  # noqa: S608
        )
        wanted |= {month for (month,) in cursor.fetchall()}
    missing = sorted(wanted - {month for month, _name in _partitions()})
    return sum(_patiently(_make, month) for month in missing)


def partitions_drop(*, before: datetime) -> int:
    """Drop the months that ended before then, and return how many rows they had."""
    if not _is_partitioned():
        return 0
    ended = [(month, name) for month, name in _partitions() if _begin(_later(month, 1)) <= before]
    return sum(_patiently(_drop, name) for _month, name in sorted(ended))


def _is_partitioned() -> bool:
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = %s::regclass", [_TABLE])
        return bool(cursor.fetchone()[0])


def _partitions() -> Iterator[tuple[date, str]]:
    """Give each month that has a partition, and its name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
            "WHERE inhparent = %s::regclass",
            [_TABLE],
        )
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        if match := _NAME.fullmatch(name):
            yield date(int(match[1]), int(match[2]), 1), name


def _patiently(change: Callable[[CursorWrapper, T], int], argument: T) -> int:
    """Return what the change returns, or 0 when the table was in use at every try."""
    for _try in range(_TRIES):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
                return change(cursor, argument)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            time.sleep(_PAUSE_SECONDS)
    return 0


def _make(cursor: CursorWrapper, month: date) -> int:
    name = f"{_TABLE}_{month:%Y_%m}"
    cursor.execute("SELECT to_regclass(%s)", [name])
    if cursor.fetchone()[0] is not None:
        return 0
    begin, end = _begin(month), _begin(_later(month, 1))
    # Nothing may come to the default partition between the move and the attachment.
    cursor.execute(f"LOCK TABLE {_DEFAULT} IN ACCESS EXCLUSIVE MODE")
    # Attaching a table of its own leaves who reads and writes the others alone, which
    # CREATE TABLE … PARTITION OF does not.
    cursor.execute(f"CREATE TABLE {name} (LIKE {_TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    _sample_little(cursor, name)
    cursor.execute(
        f"WITH moved AS (DELETE FROM {_DEFAULT} WHERE at >= %s AND at < %s RETURNING *) "  # noqa: S608
        f"INSERT INTO {name} SELECT * FROM moved",
        [begin, end],
    )
    cursor.execute(
        f"ALTER TABLE {_TABLE} ATTACH PARTITION {name} "
        f"FOR VALUES FROM ('{begin.isoformat()}') TO ('{end.isoformat()}')"
    )
    return 1


def _sample_little(cursor: CursorWrapper, name: str) -> None:
    cursor.execute(
        "SELECT quote_ident(attname) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        [name],
    )
    columns = (f"ALTER COLUMN {one} SET STATISTICS {_STATISTICS}" for (one,) in cursor.fetchall())
    cursor.execute(f"ALTER TABLE {name} {', '.join(columns)}")


def _drop(cursor: CursorWrapper, name: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608
    rows: int = cursor.fetchone()[0]
    cursor.execute(f"DROP TABLE {name}")
    return rows


def _first(day: date) -> date:
    return day.replace(day=1)


def _later(month: date, months: int) -> date:
    years, index = divmod(month.month - 1 + months, 12)
    return date(month.year + years, index + 1, 1)


def _begin(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)
