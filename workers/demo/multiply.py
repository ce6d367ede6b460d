"""The demo's first company, many times as large: something to measure on.

Workers are copied with their records, derived rows and feed, inside the database: a copy
holds the same position, location and proofs, so its derived rows are right as they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Max, Min

from accounts.models import Company
from workers import derivation
from workers.models import ComplianceChange, Record, Worker, WorkerRequirement

# Copies of everybody in one transaction.
_COPIES = 100


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The ids of the originals, `first` to `last`, and the id that the copies come after."""

    first: int
    last: int
    after: int

    @property
    def span(self) -> int:
        return self.last - self.first + 1

    def of_copy(self, column: str) -> str:
        """Return SQL for the id in copy k of the original's id in `column`."""
        return f"{column} + (k - 1) * {self.span} + {self.after + 1 - self.first}"


def multiply(*, company: Company, workers: int) -> Iterator[int]:
    """Copy the company's workers until there are at least `workers`; yield how many, as it goes.

    The copies' ID#s are "N" and a number, their last names end in the number of the copy.
    The company must be as it was loaded: its workers' ids are taken to be in one row.
    """
    people = _numbers(Worker.objects.for_company(company), Worker)
    records = _numbers(Record.objects.filter(worker__company=company), Record)
    told = ComplianceChange.objects.for_company(company).count()
    copies = -(-workers // people.span)
    for first in range(1, copies, _COPIES):
        with transaction.atomic():
            derivation.lock(company=company)
            _trust_references()
            _copy(people, records, told, first, min(first + _COPIES, copies))
        yield people.span * min(first + _COPIES, copies)
    _finish()


def _numbers(originals: models.QuerySet, model: type[models.Model]) -> _Numbers:
    ends = originals.aggregate(first=Min("pk"), last=Max("pk"))
    last_of_all = model._default_manager.aggregate(last=Max("pk"))["last"]
    return _Numbers(ends["first"] or 1, ends["last"] or 0, last_of_all or 0)


def _copy(people: _Numbers, records: _Numbers, told: int, first: int, until: int) -> None:
    """Make the copies number `first` to `until` - 1."""
    number = people.of_copy("t.id")
    worker = {"worker_id": people.of_copy("t.worker_id")}
    record_id = records.of_copy("t.record_id")
    own: dict[type[models.Model], dict[str, str | None]] = {
        Worker: {
            "id": number,
            "id_number": f"'N' || ({number})",
            "id_number_folded": f"'n' || ({number})",
            "last_name": "t.last_name || ' ' || k",
            "name_folded": "t.name_folded || ' ' || k",
        },
        Record: {"id": records.of_copy("t.id"), **worker},
        WorkerRequirement: {"id": None, "record_id": record_id, **worker},
        ComplianceChange: {"id": None, "sequence": f"t.sequence + k * {told}", **worker},
    }
    for model, different in own.items():
        original = "t.id" if model is Worker else "t.worker_id"
        _insert(
            model, different, f"{original} BETWEEN {people.first} AND {people.last}", first, until
        )


def _insert(
    model: type[models.Model],
    different: Mapping[str, str | None],
    originals: str,
    first: int,
    until: int,
) -> None:
    """Copy rows of the model; `different` holds SQL by column, None for what is made anew."""
    kept = {}
    for name in [str(field.column) for field in model._meta.concrete_fields]:
        column = connection.ops.quote_name(name)
        sql = different.get(name, f"t.{column}")
        if sql is not None:
            kept[column] = sql
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(kept)}) "  # noqa: S608
            "WITH RECURSIVE copies(k) AS "
            "(SELECT %s UNION ALL SELECT k + 1 FROM copies WHERE k + 1 < %s) "
            f"SELECT {', '.join(kept.values())} FROM {table} t, copies WHERE {originals}",
            [first, until],
        )


def _trust_references() -> None:
    """Spare PostgreSQL looking up every reference, where it lets us: a copy's are right.

    For a hundred million of them it takes longer than all the rest.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() == (True,):
            cursor.execute("SET LOCAL session_replication_role = replica")


def _finish() -> None:
    """Let new rows get ids behind the copies, and the planner know how many there are."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Worker, Record]):
            cursor.execute(statement)
        cursor.execute("ANALYZE")
