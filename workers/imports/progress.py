"""How far an import is that is being applied, seen from outside its one transaction.

PostgreSQL: a connection of its own writes the number. SQLite has one writer, so there the
number is in a file beside the database, which everybody who reads the one reads the other
from. Also a sign of life, for whoever wonders whether the work goes on.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.utils import timezone

from workers.imports.models import DataImport


class Told(Protocol):
    def __call__(self, done: int) -> None: ...


@contextmanager
def told(data_import: DataImport) -> Iterator[Told]:
    """Return a function to call with the number of rows done."""
    if connection.vendor == "sqlite":
        with _in_file(data_import) as tell:
            yield tell
    else:
        with _in_row(data_import) as tell:
            yield tell


def seen(data_import: DataImport) -> tuple[int, datetime] | None:
    """Return what was told beside the database: the rows done and when; None: nothing."""
    path = _path(data_import)
    with suppress(OSError, ValueError):
        if path is not None:
            return int(path.read_text()), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return None


@contextmanager
def _in_file(data_import: DataImport) -> Iterator[Told]:
    path = _path(data_import)

    def tell(done: int) -> None:
        if path is not None:
            unfinished = path.with_suffix(".new")
            unfinished.write_text(str(done))
            unfinished.replace(path)

    try:
        tell(0)
        yield tell
    finally:
        if path is not None:
            path.unlink(missing_ok=True)


def _path(data_import: DataImport) -> Path | None:
    """Return where the number is on SQLite; None for a database in memory, or another kind."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or "memory" in name:
        return None
    return Path(f"{name}-import-{data_import.code}")


@contextmanager
def _in_row(data_import: DataImport) -> Iterator[Told]:
    own = connections.create_connection(DEFAULT_DB_ALIAS)

    def tell(done: int) -> None:
        with own.cursor() as cursor:
            cursor.execute(
                "UPDATE workers_dataimport SET rows_done = %s, heartbeat_at = %s "
                "WHERE id = %s AND run = %s",
                [done, timezone.now(), data_import.pk, data_import.run],
            )

    try:
        yield tell
    finally:
        own.close()
