"""From the spool into the request log, when the database can be written again.

One at a time on each machine: the clock, or a thread of a process that answers, which is there
only while something waits. An answer of the API neither drains nor waits for who does.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections, transaction

from apicalls.models import APICall, RequestLog
from apicalls.spool import Entry, entries, remove, spool
from apicalls.usage import counts

logger = logging.getLogger(__name__)

# Entries that are written in one transaction.
BATCH = 500
EVERY_SECONDS = 1.0
_SAY_EVERY = 60  # tries in vain


def drain() -> int:
    """Write what waits into the request log, and return how many rows that were.

    0 where somebody else is at it. Interrupted at any point it is begun anew, and no row is
    written twice.
    """
    with spool().alone() as is_alone:
        return sum(map(_drained, spool().files())) if is_alone else 0


def _drained(path: Path) -> int:
    written = 0
    with path.open("rb") as file:
        while True:
            if batch := entries(file, path, BATCH):
                written += _write(batch)
            elif remove(file, path):
                return written


@transaction.atomic
def _write(batch: Sequence[Entry]) -> int:
    """Write rows that are not there yet, count those whose time is counted, and end streams."""
    rows = {row.request_id: row for row in map(_row, batch) if row is not None}
    new = _new(rows) if rows else []
    for entry in batch:
        if end := entry.get("end"):
            RequestLog.objects.filter(request_id=end.pop("request_id")).update(**end)
    return len(new)


def _new(rows: Mapping[str, RequestLog]) -> list[RequestLog]:
    calls = APICall.objects.filter(pk__in={row.api_call_id for row in rows.values()})
    # A company that is gone took its log with it.
    company_of = dict(calls.values_list("pk", "company_id"))
    counted = counts.hold(set(company_of.values()))
    times = [row.at for row in rows.values()]
    # By time too, which says in which months to look.
    there = RequestLog.objects.filter(
        request_id__in=list(rows), at__gte=min(times), at__lte=max(times)
    )
    known = set(there.values_list("request_id", flat=True))
    new = [
        row
        for row in rows.values()
        if row.request_id not in known and row.api_call_id in company_of
    ]
    RequestLog.objects.bulk_create(new)
    counts.count_late(new, {call: counted[company] for call, company in company_of.items()})
    return new


_COLUMNS = frozenset(field.attname for field in RequestLog._meta.concrete_fields)


def _row(entry: Entry) -> RequestLog | None:
    values: dict[str, Any] | None = entry.get("row")
    if values is None:
        return None
    # An older version can have written it, or a newer one.
    kept = {name: value for name, value in values.items() if name in _COLUMNS}
    return RequestLog(**kept | {"at": datetime.fromisoformat(kept["at"])})


# --- Beside answers --------------------------------------------------------------------


class Drainer:
    """Drains in a thread of its own while something waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_started = False

    def start(self) -> None:
        """Begin to look after the spool in this process, which is one that answers."""
        self._is_started = True
        if spool().files():
            self.wake()

    def wake(self) -> None:
        """Say that something waits."""
        if not self._is_started:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="drainer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        failed = 0
        while True:
            time.sleep(EVERY_SECONDS)
            try:
                if written := drain():
                    logger.info("%d rows of the request log taken from the spool", written)
                failed = 0
            except (DatabaseError, OSError) as error:
                if failed % _SAY_EVERY == 0:
                    logger.warning("Rows wait in the spool: %s", type(error).__name__)
                failed += 1
            except Exception:
                if failed % _SAY_EVERY == 0:
                    logger.exception("Rows wait in the spool")
                failed += 1
            finally:
                connections.close_all()
            with self._lock:
                # Whoever adds one after this look finds no thread, and starts one.
                if not spool().files():
                    self._thread = None
                    return


drainer = Drainer()
