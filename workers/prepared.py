"""Queries whose SQL text Django builds once, for what runs at each answer of the API.

Building the text takes the ORM several times as long as the database takes to answer.
The query is still written as a QuerySet, so fields, joins and conversions stay Django's.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import JSONField, QuerySet

from workers.statements import Row, Statement

Value = int | str | bytes | datetime
# Column index -> (functions of value, expression and connection; the expression)
Converters = dict[int, tuple[list[Callable[..., Any]], Any]]


class Beside:
    """A statement that writes one row and returns it, to be run in the round trip of a query.

    `width` is the number of its columns. The query finds nothing unless `condition` holds, SQL
    over the row as "beside"; its values are `condition_values`. Once it was run, either `row` is
    there or the `error` for which it could not be.
    """

    def __init__(
        self,
        sql: str,
        values: Sequence[Any],
        *,
        width: int,
        condition: str,
        condition_values: Sequence[Any],
    ):
        self.sql = sql
        self.values = values
        self.width = width
        self.condition = condition
        self.condition_values = condition_values
        self.row: Row | None = None
        self.error: DatabaseError | None = None


@dataclass(frozen=True, slots=True)
class _Text:
    statement: Statement
    # The name of the value that goes there, or None and a constant of the query.
    parameters: Sequence[tuple[str | None, Any]]
    converters: Converters
    sql: str


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

    def rows(self, *, beside: Beside | None = None, **values: Value) -> list[Row]:
        """Run the query with the `values`, one for each stand-in, and return its rows.

        The first column is null in none of them. What is to be run `beside` it must be for
        PostgreSQL; where it cannot be, it has an error and the query is run alone.
        """
        database = connections[DEFAULT_DB_ALIAS]
        text, given = self._given(database, values)
        rows = None
        if beside is not None:
            rows = _rows_beside(beside, text, given, database)
        if rows is None:
            rows = text.statement.rows(given, may_repeat=True, database=database)
        if not text.converters:
            return rows
        return [_converted(row, text.converters, database) for row in rows]

    def rows_and_digests(self, **values: Value) -> tuple[list[Row], list[int]]:
        """Run the query and return its rows, and of each what tells later on if it is the same.

        For PostgreSQL, as `written_if_same` is, which takes those digests for its `found`.
        """
        database = connections[DEFAULT_DB_ALIAS]
        text, given = self._given(database, values)
        rows = _digested(text.sql).rows(given, may_repeat=True, database=database)
        return [row[1:] for row in rows], [row[0] for row in rows]

    def written_if_same(
        self, insert: str, row: Sequence[Any], *, found: Sequence[int], **values: Value
    ) -> bool:
        """Write a row if the query finds what it once `found`, and tell whether it was written.

        One statement looks and writes. `insert` is SQL that inserts what it selects, from
        nowhere: the condition is put behind it.
        """
        database = connections[DEFAULT_DB_ALIAS]
        text, given = self._given(database, values)
        statement = _conditional(insert, text.sql)
        return bool(statement.rows([*row, *given, found], database=database))

    def _given(
        self, database: BaseDatabaseWrapper, values: Mapping[str, Value]
    ) -> tuple[_Text, list[Any]]:
        """Return the query's text for this database, and its values in their places."""
        text = self._texts.get(database.vendor)
        if text is None:
            text = self._texts[database.vendor] = self._text(database)
        given = [
            constant if name is None else _adapted(values[name], database)
            for name, constant in text.parameters
        ]
        return text, given

    def _text(self, database: BaseDatabaseWrapper) -> _Text:
        queryset = self._build(**self._stand_ins)
        compiler = queryset.query.get_compiler(connection=database)
        sql, parameters = compiler.as_sql()
        names = {_adapted(stand_in, database): name for name, stand_in in self._stand_ins.items()}
        # Bytes come wrapped in what the driver has for them.
        plain = [getattr(parameter, "obj", parameter) for parameter in parameters]
        found = [
            (names.get(one) if isinstance(one, Hashable) else None, parameter)
            for one, parameter in zip(plain, parameters, strict=True)
        ]
        if {name for name, _ in found if name} != set(self._stand_ins):
            raise ValueError(f"each of {self._stand_ins} must be a parameter of the query")
        expressions = [expression for expression, *_ in compiler.select]
        if database.vendor == "postgresql" and all(map(_is_read_by_driver, expressions)):
            return _Text(Statement(sql), found, {}, sql)
        return _Text(Statement(sql), found, compiler.get_converters(expressions), sql)


def _is_read_by_driver(expression: Any) -> bool:
    """Tell whether psycopg makes the field's own type of what comes in binary, as it does JSON."""
    field = expression.output_field
    return isinstance(field, JSONField) or not hasattr(field, "from_db_value")


def _rows_beside(
    beside: Beside, text: _Text, given: Sequence[Any], database: BaseDatabaseWrapper
) -> list[Row] | None:
    """Run both in one statement; None where what is beside cannot be run."""
    statement = _joined(beside.sql, text.sql, beside.condition)
    try:
        both = statement.rows([*beside.values, *given, *beside.condition_values], database=database)
    except DatabaseError as error:
        if database.in_atomic_block:
            raise
        beside.error = error
        return None
    beside.row = both[0][: beside.width]
    return [row[beside.width :] for row in both if row[beside.width] is not None]


@lru_cache(maxsize=512)
def _joined(beside: str, query: str, condition: str) -> Statement:
    return Statement(
        f"WITH beside AS ({beside}) SELECT beside.*, found.* FROM beside LEFT JOIN LATERAL "  # noqa: S608
        f"(SELECT * FROM ({query}) AS asked WHERE {condition}) AS found ON true"
    )


# 64 bits of all values of a row: two that differ look alike once in as many times.
_DIGEST = "hash_record_extended(found, 0)"


@lru_cache(maxsize=64)
def _digested(query: str) -> Statement:
    return Statement(f"SELECT {_DIGEST}, found.* FROM ({query}) AS found")  # noqa: S608


@lru_cache(maxsize=64)
def _conditional(insert: str, query: str) -> Statement:
    return Statement(
        f"{insert} WHERE ARRAY(SELECT {_DIGEST} FROM ({query}) AS found) "  # noqa: S608
        "= CAST(%s AS bigint[]) RETURNING true"
    )


def _adapted(value: Value, database: BaseDatabaseWrapper) -> Any:
    """Return a value as Django gives it to the database."""
    if isinstance(value, datetime):
        return database.ops.adapt_datetimefield_value(value)
    return value


def _converted(row: Row, converters: Converters, database: BaseDatabaseWrapper) -> Row:
    """Return the row as Python values, on databases that have fewer types."""
    values = list(row)
    for index, (functions, expression) in converters.items():
        for function in functions:
            values[index] = function(values[index], expression, database)
    return tuple(values)
