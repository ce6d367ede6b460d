"""Which API calls told about one worker: what a privacy request asks for.

What each list held is not kept: filters and pages may have left the worker out. Where the worker
was, and what the scope was, is that of the time, to a quarter of an hour.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q

from apicalls.models import Document, RequestLog, ServedVersion
from apicalls.usage.counts import Occasion, occasions
from workers.history import placements_of
from workers.models import Worker
from workers.scope import Scope


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What one call told, with the same field groups: how often, and when first and last."""

    code: uuid.UUID
    name: str
    document: str
    field_groups: list[str]
    times: int
    first_at: datetime
    last_at: datetime


class Register(NamedTuple):
    """What was told about one worker, the last first: by calls that ask for one, and in lists."""

    alone: list[Disclosure]
    in_lists: list[Disclosure]


def register_of(*, worker: Worker) -> Register:
    """Return which calls told about the worker."""
    alone, placements = _told_alone(worker), placements_of(worker=worker)
    in_lists = occasions(
        company=worker.company,
        chosen=Q(status__lt=400) & ~Q(api_call__template__document=Document.WORKER_COMPLIANCE),
        spans=[one.until for one in placements if one.until is not None],
    )
    versions = ServedVersion.objects.select_related("api_call__template").in_bulk(
        {one.version for one in [*alone, *in_lists]}
    )
    could_tell = [
        one
        for one in in_lists
        if (placement := placements[one.span].placement)
        and Scope.of(versions[one.version].scope).has(placement)
    ]
    return Register(_disclosures(alone, versions), _disclosures(could_tell, versions))


def _told_alone(worker: Worker) -> list[Occasion]:
    told = (
        RequestLog.objects.filter(
            worker_id=worker.pk,
            api_call__company_id=worker.company_id,
            status__lt=400,
            is_test=False,
            served_version__isnull=False,
        )
        .order_by()
        .values("served_version")
        .annotate(times=Count("pk"), first_at=Min("at"), last_at=Max("at"))
        .values_list("served_version", "times", "first_at", "last_at")
    )
    return [(Occasion(version, 0, *rest)) for version, *rest in told]


def _disclosures(
    found: Iterable[Occasion], versions: Mapping[int, ServedVersion]
) -> list[Disclosure]:
    """Return one for each call and choice of fields, whatever else was changed in between."""
    together: dict[tuple[int, tuple[str, ...]], Disclosure] = {}
    for one in found:
        version = versions[one.version]
        key = version.api_call_id, tuple(sorted(version.field_groups))
        so_far = together.get(key)
        together[key] = Disclosure(
            code=version.api_call.code,
            name=version.api_call.name,
            document=version.api_call.template.document,
            field_groups=list(key[1]),
            times=one.times + (so_far.times if so_far else 0),
            first_at=min(one.first_at, so_far.first_at) if so_far else one.first_at,
            last_at=max(one.last_at, so_far.last_at) if so_far else one.last_at,
        )
    return sorted(together.values(), key=lambda one: (one.last_at, one.name), reverse=True)
