"""How long a thread of a server keeps its connection to the database.

A new one costs a process of PostgreSQL and the plans of all that is asked at each answer. The
threads of a server connect in the same moment, when it is first asked. Kept for as long as each
other they would all connect anew in one moment too, and whoever asks just then waits for all.
"""

import random
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

# The youngest that is left has this share of the age.
_AT_LEAST = 0.5


def end_apart() -> None:
    """Have this process leave each connection at another time, none older than CONN_MAX_AGE."""
    connection_created.connect(_end_earlier)


def _end_earlier(connection: BaseDatabaseWrapper, **_more: Any) -> None:
    if connection.close_at is not None:
        age: int = connection.settings_dict["CONN_MAX_AGE"]
        connection.close_at -= age * random.uniform(0, 1 - _AT_LEAST)  # noqa: S311 (no secret)
