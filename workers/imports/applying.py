"""Do what the preview says: all of it in one transaction, or nothing."""

from collections.abc import Callable

from django.db.models import QuerySet

from workers import derivation
from workers.imports.models import DataImport, ImportKind, ImportRow, RowOutcome
from workers.imports.of_records import RecordsWrite
from workers.imports.of_workers import WorkersWrite
from workers.imports.planning import rows_of

# Rows per batch; as many workers as derivation goes over at once.
BATCH = 2000


def apply_plan(data_import: DataImport, tell: Callable[[int], None]) -> None:
    """Write what is to be created and changed. The caller is in a transaction.

    Raises PlanOutdated when the data is no longer what the preview was made from, and
    ValidationError when what was right then no longer is.
    """
    derivation.lock(company=data_import.company)
    write = (
        WorkersWrite(data_import)
        if data_import.kind == ImportKind.WORKERS
        else RecordsWrite(data_import)
    )
    done = 0
    pks = _in_order(data_import)
    for start in range(0, len(pks), BATCH):
        found = ImportRow.objects.filter(pk__in=pks[start : start + BATCH])
        rows = found.only("line", "key", "matched_id", "values")
        write.write(sorted(rows, key=lambda row: row.line))
        done += BATCH
        tell(min(done, len(pks)))
    write.finish()


def _in_order(data_import: DataImport) -> list[int]:
    """Return the rows to be written, records in the order of their requirements: what is
    derived from them is worked out for one requirement and many workers at once."""
    rows: QuerySet[ImportRow] = rows_of(data_import).filter(
        outcome__in=[RowOutcome.CREATE, RowOutcome.CHANGE]
    )
    if data_import.kind == ImportKind.RECORDS:
        return [pk for _about, pk in sorted(rows.values_list("values__requirement", "pk"))]
    return list(rows.order_by("line").values_list("pk", flat=True))
