"""Where a worker was and how they stood at a time that is over, rebuilt from the changes feed."""

from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Q

from workers.compliance import CompliantWhen, Level, Status, is_compliant
from workers.models import Cause, ComplianceChange, Worker
from workers.scope import Placement


class ItemThen(NamedTuple):
    """What was asked of the worker then, and how it stood; the name is that of today."""

    requirement_id: int
    component: str
    name: str
    level: str
    status: str
    is_compliant: bool

    @property
    def is_required(self) -> bool:
        return self.level == Level.REQUIRED


class PlacementThen(NamedTuple):
    """Where a worker was up to `until` (None: still); None before they were added."""

    until: datetime | None
    placement: Placement | None


def placements_of(*, worker: Worker) -> list[PlacementThen]:
    """Return where the worker has been, in the order of time, up to today."""
    moves = (
        ComplianceChange.objects.filter(worker=worker, requirement__isnull=True)
        .order_by("sequence")
        .values_list(
            "at", "division_before", "location_before", "position_before", "worker_type_before"
        )
    )
    placements: list[PlacementThen] = []
    for until, division, location, position, worker_type in moves:
        # A worker who is new was nowhere.
        where = Placement(division, location, position, worker_type)
        before = where if worker_type else None
        if placements and placements[-1].placement == before:
            placements.pop()  # told for another reason, such as a new name
        placements.append(PlacementThen(until, before))
    now = Placement(
        division=worker.location.division_id if worker.location else None,
        location=worker.location_id,
        position=worker.position_id,
        worker_type=worker.worker_type,
    )
    return [*placements, PlacementThen(None, now)]


def items_at(*, company_id: int, worker_id: int, sequence: int, on: date) -> list[ItemThen]:
    """Return the items of a worker after the change of that number, on the day `on`.

    It is the number and not an instant: a change that was being made when somebody asked has
    an earlier time than the answer that knew nothing of it. A passed date can be told to the
    feed late: what held from a day up to `on` counts, whenever it was noted. Of a worker who
    was inactive then there are none.
    """
    steps = (
        ComplianceChange.objects.filter(
            Q(sequence__lte=sequence) | Q(cause=Cause.DATE, on__lte=on),
            company_id=company_id,
            worker_id=worker_id,
            requirement__isnull=False,
        )
        .order_by("sequence")
        .values_list(
            *("requirement_id", "requirement__component", "requirement__name"),
            *("requirement__compliant_when", "level_after", "status_after"),
        )
    )
    items: dict[int, ItemThen] = {}
    for requirement_id, component, name, compliant_when, level, status in steps:
        items.pop(requirement_id, None)
        if level:
            counts = is_compliant(Status(status), CompliantWhen(compliant_when))
            items[requirement_id] = ItemThen(requirement_id, component, name, level, status, counts)
    return sorted(items.values(), key=lambda item: (not item.is_required, item.name, item[0]))
