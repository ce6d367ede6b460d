"""Many rows in few statements, as plain tuples.

bulk_create builds an object and a piece of SQL for each row, which is four fifths of the
time that it takes; an import or an assignment writes hundreds of thousands at once.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db import connection, models

# Rows per statement on PostgreSQL: bounds the memory on both ends.
_BATCH = 5000


def rows_put(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    *,
    unique: Sequence[str] = (),
    overwrite: Collection[str] | None = None,
) -> None:
    """Insert `rows`, each with a value for every one of `columns` (attribute names, "…_id").

    With `unique`, a row that agrees in those columns with one that is there takes its
    place: the columns of `overwrite` (None: all others) are overwritten.
    """
    if not rows:
        return
    fields = [_field(model, column) for column in columns]
    quoted = [connection.ops.quote_name(field.column) for field in fields]
    into = f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({', '.join(quoted)}) "
    otherwise = ""
    if unique:
        others = [
            name
            for name, column in zip(quoted, columns, strict=True)
            if column not in unique and (overwrite is None or column in overwrite)
        ]
        otherwise = (
            f" ON CONFLICT ({', '.join(connection.ops.quote_name(name) for name in unique)})"
            f" DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in others)}"
        )
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"{into}VALUES ({places}){otherwise}", list(_adapted(rows)))
            return
        arrays = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
        for start in range(0, len(rows), _BATCH):
            values = [list(column) for column in zip(*rows[start : start + _BATCH], strict=True)]
            cursor.execute(f"{into}SELECT * FROM unnest({arrays}){otherwise}", values)  # noqa: S608


def _field(model: type[models.Model], column: str) -> Any:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return fields[column]


def _adapted(rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    """Return the rows with days and times as Django keeps them in SQLite, as text."""
    for row in rows:
        yield tuple(_text(value) if isinstance(value, date) else value for value in row)


@lru_cache(maxsize=1024)
def _text(value: date) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value)
