"""How PostgreSQL would find what requests ask for: whether it reads a large table from end to end.

    python -m bench.plans < asked.json

It runs in the environment of the installation that is looked at, and prints for each request and
each large table that is read in sequence how, as JSON.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402 (only now there are models)
from django.test import Client  # noqa: E402

from accounts.models import User  # noqa: E402
from bench.asking import Asker  # noqa: E402
from tests.conftest import signed_in  # noqa: E402

LARGE = (
    "workers_worker",
    "workers_workerrequirement",
    "workers_record",
    "workers_compliancechange",
    "apicalls_requestlog",
    "apicalls_credential",
)
# Below this a table is read from end to end because that is quickest.
_FEW = 10_000
_EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")

Statement = tuple[str, Any]


def statements_of(work: Callable[[], Any]) -> list[Statement]:
    """Return the SQL that is run by `work`, with its values."""
    found: list[Statement] = []

    def note(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        if sql.lstrip(" (").upper().startswith(_EXPLAINED):
            found.append((sql, values))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(note):
        work()
    return found


def sequential(statements: list[Statement], *, if_it_must: bool) -> dict[str, str]:
    """Return which of the tables are read in sequence, each with one statement that does.

    Of a table in partitions each is one by itself.
    `if_it_must`: only where there is no other way, however long it took.
    """
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(f"SET enable_seqscan = {'off' if if_it_must else 'on'}")
        for sql, values in statements:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
            [(plans,)] = cursor.fetchall()
            told = json.loads(plans) if isinstance(plans, str) else plans
            for table in _read_in_sequence(told[0]["Plan"]):
                found[table] = sql
        cursor.execute("SET enable_seqscan = on")
    return found


def _read_in_sequence(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        name: str = plan["Relation Name"]
        # The log is in partitions, whose names begin with its own.
        if name in LARGE or name.startswith("apicalls_requestlog_"):
            yield name
    for part in plan.get("Plans", ()):
        yield from _read_in_sequence(part)


def _rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        [(count,)] = cursor.fetchall()
    return int(count)


def judged(work: Callable[[], Any]) -> tuple[int, list[tuple[str, str, bool]]]:
    """Return how many statements there are; then tables, how they are read, and if that is bad."""
    work()  # what first answers import and look up
    statements = statements_of(work)
    as_is = sequential(statements, if_it_must=False)
    must = sequential(statements, if_it_must=True) if as_is else {}
    found = []
    for table, sql in as_is.items():
        rows = _rows(table)
        if not rows:
            continue  # the log of months to come
        if table in must:
            found.append((table, f"in sequence, {rows:,} rows, and no index would do: {sql}", True))
        elif rows > _FEW:
            found.append((table, f"in sequence, {rows:,} rows: {sql}", True))
        else:
            found.append((table, f"{rows:,} rows, and an index for more", False))
    return len(statements), found


def main() -> None:
    asked = json.load(sys.stdin)
    client = Client(SERVER_NAME="127.0.0.1")
    signed_in(client, User.objects.get(email=asked["email"]))
    found: dict[str, Any] = {}
    for name, (header, path) in asked["requests"].items():
        asker = Asker(header)
        found[name] = judged(lambda asker=asker, path=path: asker.ask(path))  # type: ignore[misc]
    for name, path in asked["pages"].items():
        found[name] = judged(lambda path=path: client.get(path))  # type: ignore[misc]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
