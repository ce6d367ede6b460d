"""Reading many rows, a few at a time."""

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import QuerySet

T = TypeVar("T")


def cursor_kept(using: str = DEFAULT_DB_ALIAS) -> AbstractContextManager[None]:
    """Let PostgreSQL keep a cursor open for as long as the context.

    Outside a transaction it would first copy all of it, and a pooler could give the next rows
    another connection, where nobody knows the cursor. SQLite needs none, and would lock out its
    writers.
    """
    if connections[using].vendor != "postgresql":
        return nullcontext()
    return transaction.atomic(using=using)


def kept_rows(rows: QuerySet[Any, T], size: int) -> Iterator[T]:
    """Read rows by a cursor, inside `cursor_kept`.

    Behind a pooler cursors are switched off (DISABLE_SERVER_SIDE_CURSORS), because Django opens
    some outside transactions, such as for the choices of a form. Here one can be kept.
    """
    found: Iterator[T] = rows._iterator(True, size)  # type: ignore[attr-defined]
    return found


def in_batches(rows: QuerySet[Any, T], size: int) -> Generator[T, None, None]:
    """Give rows of one moment, of which `size` at a time are held.

    It is a transaction for as long as it is read: not for whoever writes between two rows, nor
    for two that are read in turns.
    """
    with cursor_kept():
        yield from kept_rows(rows, size)
