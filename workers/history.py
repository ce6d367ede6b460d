"""How a worker stood at an instant that is over, rebuilt from the changes feed."""

from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Q

from workers.compliance import CompliantWhen, Level, Status, is_compliant
from workers.models import Cause, ComplianceChange


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


def items_at(*, company_id: int, worker_id: int, at: datetime, on: date) -> list[ItemThen]:
    """Return the items of a worker at the instant `at`, the day `on` of the company.

    A passed date can be told to the feed late: what held from a day up to `on` counts, whenever
    it was noted. Of a worker who was inactive then there are none.
    """
    steps = (
        ComplianceChange.objects.filter(
            Q(at__lte=at) | Q(cause=Cause.DATE, on__lte=on),
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
