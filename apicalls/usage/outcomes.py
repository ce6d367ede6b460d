"""What became of requests, from good to bad."""

from django.db.models import Case, CharField, Q, Value, When
from django.utils.translation import gettext_lazy as _

ANSWERED, REFUSED, FAILED = "answered", "refused", "failed"

# The statuses that count as each.
OUTCOMES = {
    ANSWERED: Q(status__lt=400),
    REFUSED: Q(status__gte=400, status__lt=500),
    FAILED: Q(status__gte=500),
}
LABELS = {
    ANSWERED: _("Answered"),
    REFUSED: _("Refused"),
    FAILED: _("Failed"),
}


def outcome_of_row() -> Case:
    """Return the outcome as an expression over rows with a status."""
    return Case(
        *(When(statuses, then=Value(outcome)) for outcome, statuses in OUTCOMES.items()),
        output_field=CharField(),
    )
