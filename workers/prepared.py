"""Queries whose SQL text Django builds once, for what runs at each answer of the API.

Building the text takes the ORM several times as long as the database takes to answer.
The query is still written as a QuerySet, so fields, joins and conversions stay Django's.
"""

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet

Row = tuple[Any, ...]
Value = int | str | bytes | datetime
# Column index -> (functions of value, expression and connection; the expression)
Converters = dict[int, tuple[list[Callable[..., Any]], Any]]


@dataclass(frozen=True, slots=True)
class _Text:
    sql: str
    # The name of the value that goes there, or None and a constant of the query.
    parameters: Sequence[tuple[str | None, Any]]
    converters: Converters


def prepared_cursor() -> AbstractContextManager[CursorWrapper]:
    """Return a cursor for statements whose text is always the same.

    PostgreSQL plans them once for each connection, and not at each answer: it is given the
    values apart from the text (settings.DATABASES, "prepare_threshold"). Elsewhere a cursor
    like any other.
    """
    if connection.vendor != "postgresql":
        return connection.cursor()
    # Only where psycopg is there.
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection.ensure_connection()
    cursor: Any = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]
    prepared: CursorWrapper = connection._prepare_cursor(cursor)  # type: ignore[attr-defined]
    return prepared


class PreparedQuery:
    """A `values_list` query to be run with other values each time.

    `build` makes it from keyword arguments. It is called once with `stand_ins`: values of
    the right type, each different from all other parameters, by which the places for the
    real values are found in what Django made.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]], **stand_ins: Value):
        self._build = build
        self._stand_ins = stand_ins
        self._texts: dict[str, _Text] = {}

    def rows(self, **values: Value) -> list[Row]:
        """Run the query with the `values`, one for each stand-in, and return its rows."""
        text = self._texts.get(connection.vendor)
        if text is None:
            text = self._texts[connection.vendor] = self._text()
        with prepared_cursor() as cursor:
            cursor.execute(
                text.sql,
                [
                    constant if name is None else _adapted(values[name])
                    for name, constant in text.parameters
                ],
            )
            rows: list[Row] = cursor.fetchall()
        return [_converted(row, text.converters) for row in rows] if text.converters else rows

    def _text(self) -> _Text:
        queryset = self._build(**self._stand_ins)
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        names = {_adapted(stand_in): name for name, stand_in in self._stand_ins.items()}
        # Bytes come wrapped in what the driver has for them.
        plain = [getattr(parameter, "obj", parameter) for parameter in parameters]
        found = [
            (names.get(one) if isinstance(one, Hashable) else None, parameter)
            for one, parameter in zip(plain, parameters, strict=True)
        ]
        if {name for name, _ in found if name} != set(self._stand_ins):
            raise ValueError(f"each of {self._stand_ins} must be a parameter of the query")
        converters = compiler.get_converters(expression for expression, *_ in compiler.select)
        return _Text(sql, found, converters)


def _adapted(value: Value) -> Any:
    """Return a value as Django gives it to the database."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


def _converted(row: Row, converters: Converters) -> Row:
    """Return the row as Python values, on databases that have fewer types."""
    values = list(row)
    for index, (functions, expression) in converters.items():
        for function in functions:
            values[index] = function(values[index], expression, connection)
    return tuple(values)
