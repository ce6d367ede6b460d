"""Which API calls told about one worker: what a privacy request asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, QuerySet

from apicalls.models import Document, RequestLog
from workers.models import Worker
from workers.scope import Placement, Scope


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What one call told, with the same field groups: how often, and when first and last."""

    code: Any
    name: str
    document: str
    field_groups: list[str]
    times: int
    first_at: datetime
    last_at: datetime


def disclosures_of(*, worker: Worker) -> list[Disclosure]:
    """Return what calls that ask for one worker told about this one, the last first."""
    told = _answers(worker).filter(worker_id=worker.pk)
    return [_disclosure(row) for row in _grouped(told)]


def lists_of(*, worker: Worker) -> list[Disclosure]:
    """Return what calls told that hand out many workers, and have this one in their scope.

    It is the scope of today: what a list held on a day is not kept.
    """
    of_lists = _answers(worker).exclude(api_call__template__document=Document.WORKER_COMPLIANCE)
    placement = Placement(
        division=worker.location.division_id if worker.location else None,
        location=worker.location_id,
        position=worker.position_id,
        worker_type=worker.worker_type,
    )
    return [
        _disclosure(row)
        for row in _grouped(of_lists.exclude(size=0))
        if Scope.of(row["api_call__scope"]).has(placement)
    ]


def _answers(worker: Worker) -> QuerySet[RequestLog]:
    # A 304 tells that what was told before still holds; a test from a page told no program.
    return RequestLog.objects.filter(
        api_call__company_id=worker.company_id, status__lt=400, is_test=False
    )


def _grouped(rows: QuerySet[RequestLog]) -> Iterable[Any]:
    return (
        rows.order_by()
        .values(
            "api_call__code",
            "api_call__name",
            "api_call__template__document",
            "api_call__scope",
            "field_groups",
        )
        .annotate(times=Count("pk"), first_at=Min("at"), last_at=Max("at"))
        .order_by("-last_at", "api_call__code")
    )


def _disclosure(row: dict[str, Any]) -> Disclosure:
    return Disclosure(
        code=row["api_call__code"],
        name=row["api_call__name"],
        document=row["api_call__template__document"],
        field_groups=row["field_groups"],
        times=row["times"],
        first_at=row["first_at"],
        last_at=row["last_at"],
    )
