"""Words and colours for the values of the compliance rules."""

from collections.abc import Mapping

from django import template
from django.utils.functional import Promise

from workers import labels
from workers.compliance import RecordState, Status, WorkerStatus

register = template.Library()

_LABELS: Mapping[str, Promise] = {
    **labels.RECORD_STATES,
    **labels.STATUSES,
    **labels.WORKER_STATUSES,
    **labels.LEVELS,
    **labels.COMPONENTS,
}

# The classes of badges in the house look; what is not here is grey.
_TONES: Mapping[str, str] = {
    Status.MISSING: "negative",
    Status.IN_PROGRESS: "info",
    Status.WAITING_FOR_APPROVAL: "info",
    Status.REJECTED: "negative",
    Status.CURRENT: "positive",
    Status.COMING_DUE: "warning",
    Status.EXPIRED: "negative",
    Status.REVIEW_AGAIN: "warning",
    Status.DECLINED: "negative",
    Status.REQUIRES_SUPERVISION: "warning",
    Status.PREQUALIFIED: "positive",
    RecordState.SUBMITTED: "info",
    RecordState.APPROVED: "positive",
    WorkerStatus.COMPLIANT: "positive",
    WorkerStatus.NOT_COMPLIANT: "negative",
}


@register.filter
def label(value: str) -> Promise | str:
    """Return what pages call the value: a status, a worker's or a record's, level or component."""
    return _LABELS.get(value, value)


@register.filter
def tone(value: str) -> str:
    """Return the class that colours the badge of a status, with a space before it."""
    found = _TONES.get(value)
    return f" tone-{found}" if found else ""
