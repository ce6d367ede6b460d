"""The requests of all API calls of a company, as figures and row by row for an export."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accounts.models import Company
from apicalls.models import APICall, RequestLog
from apicalls.usage.figures import OUTCOMES, Counted, Day, counted_of, days_from

# Columns of the export: the name in the file, and where it is read.
EXPORTED = {
    "at": "at",
    "apiCall": "api_call__name",
    "clientKey": "credential__client_key",
    "caller": "caller__name",
    "status": "status",
    "problem": "code",
    "milliseconds": "milliseconds",
    "bytes": "size",
    "format": "output_format",
    "address": "address",
    "client": "client",
    "lookup": "lookup",
    "requestId": "request_id",
    "isTest": "is_test",
}
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class CallFigures:
    """What became of the requests of one call in the last 30 days."""

    api_call: APICall
    answered: int
    refused: int
    failed: int

    @property
    def total(self) -> int:
        return self.answered + self.refused + self.failed


def figures_of(*, company: Company) -> tuple[list[Day], list[CallFigures]]:
    """Return the last 30 days by day, and by call with the most used first."""
    counted = counted_of(company=company)
    calls = [
        CallFigures(call, *(_times(counted, call.pk, outcome) for outcome in OUTCOMES))
        for call in APICall.objects.for_company(company).order_by("name", "pk")
    ]
    return days_from(counted, company=company), sorted(calls, key=lambda one: -one.total)


def _times(counted: Counted, api_call_id: int, outcome: str) -> int:
    return sum(
        times
        for (call, _day, became), times in counted.items()
        if call == api_call_id and became == outcome
    )


def requests_exported(*, company: Company) -> Iterator[tuple[Any, ...]]:
    """Give every logged request as the values of EXPORTED, the oldest first, while it is read."""
    return (
        RequestLog.objects.filter(api_call__company=company)
        .order_by("at", "pk")
        .values_list(*EXPORTED.values())
        .iterator(chunk_size=_CHUNK)
    )
