"""Reads of requirements for their pages, the assignment grid and the matrix."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from accounts.audit.models import AuditEvent
from accounts.models import Company
from workers.compliance import Component
from workers.models import Assignment, Requirement, WorkerRequirement

# Words of a search that are looked for.
_WORDS_LIMIT = 8

# The order in which answers list the components, as an expression.
_COMPONENT_ORDER = Case(
    *(When(component=component, then=Value(order)) for order, component in enumerate(Component)),
    output_field=IntegerField(),
)


class Listed(NamedTuple):
    """One line of the list: to how many places it is assigned, of how many workers asked."""

    requirement: Requirement
    assignments: int
    workers: int


def requirements_listed(
    *,
    company: Company,
    search: str = "",
    component: str = "",
    is_active: bool | None = None,
    pk: int | None = None,
) -> QuerySet[Requirement]:
    """Return the company's requirements to which all of that applies, by component and name.

    Each word of `search` must be in the name, section number or category.
    """
    requirements = Requirement.objects.for_company(company)
    for word in search.split()[:_WORDS_LIMIT]:
        requirements = requirements.filter(
            Q(name__icontains=word)
            | Q(section_number__icontains=word)
            | Q(category__icontains=word)
        )
    if component:
        requirements = requirements.filter(component=component)
    if is_active is not None:
        requirements = requirements.filter(is_active=is_active)
    if pk is not None:
        requirements = requirements.filter(pk=pk)
    return requirements.order_by(_COMPONENT_ORDER, "name", "pk")


def listed(requirements: Sequence[Requirement]) -> list[Listed]:
    """Return the lines for those requirements, in two queries."""
    assignments = assignment_counts(requirements)
    workers = _counts(WorkerRequirement.objects.filter(requirement__in=_ids(requirements)))
    return [
        Listed(requirement, assignments.get(requirement.pk, 0), workers.get(requirement.pk, 0))
        for requirement in requirements
    ]


def assignment_counts(requirements: Sequence[Requirement]) -> dict[int, int]:
    """Return to how many places each is assigned, by id; who has none is left out."""
    return _counts(Assignment.objects.filter(requirement__in=_ids(requirements)))


def assignments_of(requirement: Requirement) -> QuerySet[Assignment]:
    """Return to whom the requirement is assigned, whole positions and locations first."""
    return requirement.assignments.select_related("position", "location").order_by(
        "location__name", "position__name"
    )


def events_of(requirement: Requirement) -> QuerySet[AuditEvent]:
    """Return what was done to the requirement, newest first."""
    return (
        AuditEvent.objects.for_company(requirement.company)
        .filter(subject_type=Requirement._meta.label_lower, subject_id=str(requirement.pk))
        .order_by("-id")
    )


def _counts(rows: QuerySet[Assignment] | QuerySet[WorkerRequirement]) -> dict[int, int]:
    counted = rows.order_by().values("requirement").annotate(number=Count("pk"))
    return dict(counted.values_list("requirement", "number"))


def _ids(requirements: Sequence[Requirement]) -> list[int]:
    return [requirement.pk for requirement in requirements]
