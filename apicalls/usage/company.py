"""The requests of all API calls of a company, row by row for an export."""

import heapq
from collections.abc import Iterator
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

from django.db.models import CharField, F, Q, QuerySet, Value

from accounts.batches import cursor_kept, kept_rows
from accounts.models import Company
from apicalls.models import RefusedRequests, RequestLog

# Columns of the export: the name in the file, and where it is read of a request, and of
# several without a right pair that were folded into one row.
EXPORTED: dict[str, tuple[Any, Any]] = {
    "at": ("at", "at"),
    "apiCall": ("api_call__name", "api_call__name"),
    "clientKey": ("credential__client_key", "credential__client_key"),
    "caller": ("caller__name", Value("")),
    "status": ("status", "status"),
    "problem": ("code", "code"),
    "times": (Value(1), "times"),
    "milliseconds": ("milliseconds", Value(None, output_field=CharField(null=True))),
    "bytes": ("size", Value(None, output_field=CharField(null=True))),
    "format": ("output_format", Value("")),
    "address": ("address", "address"),
    "client": ("client", "client"),
    "lookup": ("lookup", Value("")),
    "requestId": ("request_id", "request_id"),
    "isTest": ("is_test", Value(False)),
}
_CHUNK = 2000


def requests_exported(
    *, company: Company, first: date, last: date, chosen: Q
) -> Iterator[tuple[Any, ...]]:
    """Give the requests from the day `first` to `last` as the values of EXPORTED, oldest first.

    They are read while they are given, a day at a time: no query sorts more than that, and
    none stays open longer. `chosen` is a condition on api_call or status.
    """
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        begin, end = company.day_begin(day), company.day_begin(day + timedelta(days=1))
        of_day = Q(chosen, api_call__company=company, at__gte=begin, at__lt=end)
        # One for both, which are read in turns.
        with cursor_kept():
            yield from heapq.merge(
                _read(RequestLog.objects.filter(of_day).order_by("at", "pk"), 0),
                _read(RefusedRequests.objects.filter(of_day).order_by("at", "pk"), 1),
                key=itemgetter(0),
            )


def _read(rows: QuerySet[Any], place: int) -> Iterator[tuple[Any, ...]]:
    columns = {
        f"column_{name}": F(where[place]) if isinstance(where[place], str) else where[place]
        for name, where in EXPORTED.items()
    }
    read: QuerySet[Any, tuple[Any, ...]] = rows.annotate(**columns).values_list(*columns)
    return kept_rows(read, _CHUNK)
