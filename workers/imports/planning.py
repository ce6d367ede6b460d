"""Stage the rows of a file, and find out what would become of each: the preview.

Both go through the rows a batch at a time, each batch in a short transaction of its own,
and can be begun anew at any time.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from workers.imports.models import DataImport, ImportFile, ImportKind, ImportRow, RowOutcome
from workers.imports.of_records import RecordsPlan
from workers.imports.of_workers import WorkersPlan
from workers.imports.reading import FileRefused, open_table

# Rows per batch: a second's work at most, so that others wait no longer than that.
BATCH = 1000

# Called with the rows done and the rows there are, in the transaction that writes them: it
# locks the import, so that who cancels it comes before or after. Raises GivenUp to stop.
Tell = Callable[[int, int], None]

_PLANNED = ("outcome", "key", "matched_id", "title", "values", "changes", "faults", "warnings")


class GivenUp(Exception):
    """The import was cancelled, or somebody else works on it now."""


def stage(data_import: DataImport, tell: Tell) -> dict[str, Any]:
    """Make rows of the file. Returns `headings` and `sheet`. Raises FileRefused."""
    with transaction.atomic():
        tell(0, 0)
        rows_of(data_import).delete()  # of a run that was interrupted
    content = bytes(ImportFile.objects.values_list("content", flat=True).get(pk=data_import.pk))
    with open_table(content) as table:
        if not table.headings:
            raise FileRefused(_("The file has no headings. Start from the template."))
        staged = 0
        while batch := list(islice(table.rows, BATCH)):
            with transaction.atomic():
                tell(min(batch[-1].line, table.lines), table.lines)
                ImportRow.objects.bulk_create(
                    ImportRow(data_import=data_import, line=row.line, cells=row.cells)
                    for row in batch
                )
            staged += len(batch)
        if not staged:
            raise FileRefused(_("The file has headings, but no rows below them."))
        return {"headings": table.headings, "sheet": table.sheet, "rows_total": staged}


def check(data_import: DataImport, tell: Tell) -> dict[str, Any]:
    """Plan all rows. Returns `counts`, `new_places` and `notes` of the import."""
    plan = _plan_of(data_import)
    total = rows_of(data_import).count()
    for batch in batches_of(rows_of(data_import)):
        plan.look_ahead(batch)
        tell(0, total)
    counts: Counter[str] = Counter()
    for batch in batches_of(rows_of(data_import)):
        plan.plan(batch)
        counts.update(row.outcome for row in batch)
        with transaction.atomic():
            tell(counts.total(), total)
            _save(batch)
    late = plan.finish()
    lines = sorted(late)
    for start in range(0, len(lines), BATCH):
        batch = list(rows_of(data_import).filter(line__in=lines[start : start + BATCH]))
        for row in batch:
            counts[row.outcome] -= 1
            counts[RowOutcome.BAD] += 1
            row.outcome = RowOutcome.BAD
            row.faults, row.values, row.changes = [late[row.line]], {}, []
        with transaction.atomic():
            tell(total, total)
            _save(batch)
    new_places = plan.places.new() if isinstance(plan, WorkersPlan) else {}
    return {"counts": dict(counts), "new_places": new_places, "notes": plan.notes()}


def _plan_of(data_import: DataImport) -> WorkersPlan | RecordsPlan:
    if data_import.kind == ImportKind.WORKERS:
        return WorkersPlan(data_import)
    return RecordsPlan(data_import)


def _save(rows: Sequence[ImportRow]) -> None:
    ImportRow.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=_PLANNED
    )


def rows_of(data_import: DataImport) -> QuerySet[ImportRow]:
    return ImportRow.objects.filter(data_import=data_import)


def batches_of(rows: QuerySet[ImportRow]) -> Iterator[list[ImportRow]]:
    """Return the rows in the order of their lines, never more than a batch in memory."""
    last = 0
    while batch := list(rows.filter(line__gt=last).order_by("line")[:BATCH]):
        yield batch
        last = batch[-1].line
