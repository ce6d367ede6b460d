"""Writes to requirements, and to whom they are assigned."""

from typing import TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.audit.trail import audit_event_add
from accounts.models import Company, User
from workers import derivation
from workers.models import Assignment, Cause, Location, Position, Requirement, Worker
from workers.services.meanwhile import ChangedMeanwhile, digest
from workers.services.writing import apply, not_there, text


class RequirementFields(TypedDict, total=False):
    """What is told of a requirement; what is left out stays, or takes the model's default."""

    component: str
    name: str
    section_number: str
    category: str
    validity_months: int | None
    coming_due_days: int | None
    compliant_when: str
    version: int
    is_active: bool


# What decides how a requirement's records stand.
_RULES = {"validity_months", "coming_due_days", "compliant_when", "version", "is_active"}


@transaction.atomic
def requirement_add(
    *, company: Company, by: User | None, **fields: Unpack[RequirementFields]
) -> Requirement:
    """Add a requirement, asked of nobody yet. Raises ValidationError by field."""
    derivation.lock(company=company)
    requirement = Requirement(company=company)
    changes = apply(requirement, fields, allowed=RequirementFields)
    requirement.full_clean()
    requirement.save()
    audit_event_add(company=company, actor=by, action="added", subject=requirement, changes=changes)
    return requirement


@transaction.atomic
def requirement_change(
    *,
    company: Company,
    requirement: Requirement,
    by: User | None,
    seen: str | None = None,
    **fields: Unpack[RequirementFields],
) -> Requirement:
    """Change a requirement and how its records stand. Returns the row as it is now.

    A higher `version` makes everybody review it again. `seen` is the `requirement_digest`
    of what a form was filled with. Raises ChangedMeanwhile when the requirement no longer
    is that, and ValidationError by field.
    """
    derivation.lock(company=company)
    stored = _requirement(company, requirement)
    if seen is not None and seen != requirement_digest(stored):
        raise ChangedMeanwhile
    _change(company, stored, fields, by=by, action="changed")
    return stored


@transaction.atomic
def requirement_deactivate(*, company: Company, requirement: Requirement, by: User | None) -> bool:
    """Ask the requirement of nobody any more; tell whether that was still to do."""
    derivation.lock(company=company)
    stored = _requirement(company, requirement)
    return _change(company, stored, {"is_active": False}, by=by, action="deactivated")


@transaction.atomic
def requirement_reactivate(*, company: Company, requirement: Requirement, by: User | None) -> bool:
    """Ask it again of whom its assignments name; tell whether that was still to do."""
    derivation.lock(company=company)
    stored = _requirement(company, requirement)
    return _change(company, stored, {"is_active": True}, by=by, action="reactivated")


def requirement_digest(requirement: Requirement) -> str:
    """Return a short text that differs when the requirement does."""
    return digest(requirement, RequirementFields.__annotations__)


@transaction.atomic
def assignment_set(
    *,
    company: Company,
    requirement: Requirement,
    position: Position | None = None,
    location: Location | None = None,
    level: str,
    by: User | None,
) -> Assignment:
    """Ask the requirement, at that level, of who holds the position, works at the location,
    or both. There is one level for each such combination; the last one set counts.
    """
    derivation.lock(company=company)
    stored = _requirement(company, requirement)
    _check_place(company, position, location)
    assignment = Assignment.objects.filter(
        requirement=stored, position=position, location=location
    ).first() or Assignment(requirement=stored, position=position, location=location, level="")
    before, assignment.level = assignment.level, level
    if level == before:
        return assignment
    assignment.full_clean()
    assignment.save()
    _refresh_place(company, assignment)
    audit_event_add(
        company=company,
        actor=by,
        action="assigned",
        subject=stored,
        changes={_whom(assignment): [text(before), text(level)]},
    )
    return assignment


@transaction.atomic
def assignment_remove(*, company: Company, assignment: Assignment, by: User | None) -> None:
    """Ask the requirement no longer of whom the assignment names. Removed already: nothing."""
    derivation.lock(company=company)
    stored = (
        Assignment.objects.filter(pk=assignment.pk)
        .select_related("requirement", "position", "location")
        .first()
    )
    if stored is None:
        return
    if stored.requirement.company_id != company.pk:
        raise not_there()
    Assignment.objects.filter(pk=stored.pk).delete()
    _refresh_place(company, stored)
    audit_event_add(
        company=company,
        actor=by,
        action="unassigned",
        subject=stored.requirement,
        changes={_whom(stored): [text(stored.level), ""]},
    )


def _requirement(company: Company, requirement: Requirement) -> Requirement:
    """Return the company's requirement as it is stored now."""
    stored = Requirement.objects.for_company(company).filter(pk=requirement.pk).first()
    if stored is None:
        raise not_there()
    return stored


def _change(
    company: Company,
    stored: Requirement,
    fields: RequirementFields,
    *,
    by: User | None,
    action: str,
) -> bool:
    """Write what differs, and tell whether anything did. The caller holds the lock."""
    version = stored.version
    changes = apply(stored, fields, allowed=RequirementFields)
    if not changes:
        return False
    stored.full_clean()
    if stored.version < version:
        # Records of the version taken back would count as ahead of their time.
        raise ValidationError({"version": _("A version only goes up.")})
    stored.save()
    if changes.keys() & _RULES:
        derivation.refresh(
            company=company,
            workers=_concerned(company, stored),
            cause=Cause.REQUIREMENT,
            requirement=stored,
        )
    audit_event_add(company=company, actor=by, action=action, subject=stored, changes=changes)
    return True


def _check_place(company: Company, position: Position | None, location: Location | None) -> None:
    errors: dict[str, ValidationError] = {}
    if position is None and location is None:
        raise ValidationError(_("Choose a position, a location, or both."), code="required")
    if position and not Position.objects.for_company(company).filter(pk=position.pk).exists():
        errors["position"] = not_there()
    if location and not Location.objects.for_company(company).filter(pk=location.pk).exists():
        errors["location"] = not_there()
    if errors:
        raise ValidationError(errors)


def _refresh_place(company: Company, assignment: Assignment) -> None:
    """Refresh the requirement for the workers whom the assignment is about."""
    workers = Worker.objects.for_company(company)
    if assignment.position_id is not None:
        workers = workers.filter(position=assignment.position_id)
    if assignment.location_id is not None:
        workers = workers.filter(location=assignment.location_id)
    derivation.refresh(
        company=company,
        workers=workers,
        cause=Cause.ASSIGNMENT,
        requirement=assignment.requirement,
    )


def _concerned(company: Company, requirement: Requirement) -> QuerySet[Worker]:
    """Return everybody whom an assignment of the requirement could be about."""
    assignments = Assignment.objects.filter(requirement=requirement)
    return Worker.objects.for_company(company).filter(
        Q(position__in=assignments.values("position"))
        | Q(location__in=assignments.values("location"))
    )


def _whom(assignment: Assignment) -> str:
    return " at ".join(str(place) for place in (assignment.position, assignment.location) if place)
