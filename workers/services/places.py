"""Writes to divisions, locations and positions: the places of a company's workers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from accounts.audit.trail import audit_event_add
from accounts.models import Company, User
from workers import derivation
from workers.changes import append_workers
from workers.compliance import Level
from workers.folding import fold
from workers.models import Assignment, Cause, Division, Location, Position, Worker
from workers.reach import stricter
from workers.services.meanwhile import ChangedMeanwhile, digest
from workers.services.writing import apply, batches, not_there

Place = Division | Location | Position
P = TypeVar("P", Division, Location, Position)

# What other apps, which this one does not know, do inside the transaction of a merge, before
# the first of the two places is removed; and how they call what keeps a place in use.
place_merged_hooks: list[Callable[[Company, Place, Place], None]] = []
place_users_hooks: list[Callable[[Company, Place], list[str]]] = []


class NameFields(TypedDict, total=False):
    """What is told of a division or a position."""

    name: str


class LocationFields(NameFields, total=False):
    """What is told of a location."""

    division: Division | None


_FIELDS: Mapping[type[Place], type] = {
    Division: NameFields,
    Location: LocationFields,
    Position: NameFields,
}


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge has moved. Where both had an assignment for a requirement, it is not
    among the `assignments`: the stricter level stays."""

    workers: int = 0
    assignments: int = 0
    locations: int = 0


@transaction.atomic
def place_add(*, company: Company, kind: type[P], by: User | None, **fields: object) -> P:
    """Add a division, location or position. Raises ValidationError by field.

    `fields` are those of NameFields, for a location of LocationFields.
    """
    derivation.lock(company=company)
    place = kind(company=company)
    changes = apply(place, fields, allowed=_FIELDS[kind])
    _check(company, place)
    place.save()
    audit_event_add(company=company, actor=by, action="added", subject=place, changes=changes)
    return place


@transaction.atomic
def place_change(
    *, company: Company, place: P, by: User | None, seen: str | None = None, **fields: object
) -> P:
    """Rename a place, or put a location into another division. Returns the row as it is now.

    `seen` is the `place_digest` of what the form was filled with. Raises ChangedMeanwhile
    when the place no longer is that, and ValidationError by field.
    """
    derivation.lock(company=company)
    stored = _stored(company, place)
    if seen is not None and seen != place_digest(stored):
        raise ChangedMeanwhile
    changes = apply(stored, fields, allowed=_FIELDS[type(stored)])
    if not changes:
        return stored
    _check(company, stored)
    if isinstance(stored, Location) and "division" in changes:
        moved = Worker.objects.for_company(company).filter(location=stored)
        append_workers(company=company, workers=moved, are_new=False)
    stored.save()
    audit_event_add(company=company, actor=by, action="changed", subject=stored, changes=changes)
    return stored


def place_digest(place: Place) -> str:
    """Return a text that differs when what a form shows of the place does."""
    return digest(place, _FIELDS[type(place)].__annotations__)


@transaction.atomic
def place_merge(*, company: Company, place: P, into: P, by: User | None) -> Merged:
    """Move everything of `place` to `into`, of the same kind, and remove `place`.

    Workers, assignments and, of a division, locations move. Where both have an assignment
    for the same requirement (and the same other place), the stricter level stays. Raises
    ValidationError when one of the two is not there, or both are one.
    """
    derivation.lock(company=company)
    source, target = _stored(company, place), _stored(company, into)
    if source == target:
        raise ValidationError({"into": _("Choose another one than itself.")}, code="self")
    if isinstance(source, Division):
        moved = Worker.objects.for_company(company).filter(location__division=source)
        append_workers(company=company, workers=moved, are_new=False)
        merged = Merged(locations=Location.objects.filter(division=source).update(division=target))
    else:
        merged = _merge_assigned(company, source, target)
    for merge_hook in place_merged_hooks:
        merge_hook(company, source, target)
    type(source)._default_manager.filter(pk=source.pk).delete()
    audit_event_add(
        company=company,
        actor=by,
        action="merged",
        subject=source,
        changes={
            "into": ["", str(target)],
            **{
                f"{name} moved": ["", str(count)]
                for name, count in (
                    ("workers", merged.workers),
                    ("assignments", merged.assignments),
                    ("locations", merged.locations),
                )
                if count
            },
        },
    )
    return merged


@transaction.atomic
def place_remove(*, company: Company, place: P, by: User | None) -> None:
    """Remove a place that nothing refers to. Raises ValidationError when something does."""
    derivation.lock(company=company)
    stored = _stored(company, place)
    if is_used(stored):
        raise ValidationError(_("It is in use. Merge it into another one instead."), code="in_use")
    users = [user for use_hook in place_users_hooks for user in use_hook(company, stored)]
    if users:
        message = _("It is in use: %(users)s. Merge it into another one, or change that first.")
        params = {"users": ", ".join(users)}
        raise ValidationError(message, code="in_use", params=params)
    type(stored)._default_manager.filter(pk=stored.pk).delete()
    audit_event_add(company=company, actor=by, action="removed", subject=stored)


def is_used(place: Place) -> bool:
    """Tell whether a worker, an assignment or a location refers to the place."""
    if isinstance(place, Division):
        return place.locations.exists()
    return place.workers.exists() or place.assignments.exists()


def _stored(company: Company, place: P) -> P:
    """Return the company's place as it is stored now."""
    places = type(place)._default_manager.filter(company=company)
    stored = places.filter(pk=place.pk).first()
    if stored is None:
        raise not_there()
    return stored


def _check(company: Company, place: Place) -> None:
    """Validate a place that is about to be written."""
    errors: dict[str, list[ValidationError]] = {}
    try:
        place.full_clean(
            exclude=["company", "division"], validate_unique=False, validate_constraints=False
        )
    except ValidationError as found:
        errors = dict(found.error_dict)
    if "name" not in errors and _is_taken(company, place):
        message = _("There is one of this name already.")
        errors["name"] = [ValidationError(message, code="unique")]
    division_id = getattr(place, "division_id", None)
    divisions = Division.objects.for_company(company)
    if division_id is not None and not divisions.filter(pk=division_id).exists():
        errors["division"] = [not_there()]
    if errors:
        raise ValidationError(errors)


def _is_taken(company: Company, place: Place) -> bool:
    """Tell whether another place of the kind has the name, whatever its case and blanks.

    The constraint compares exactly; two names that only case tells apart would be one
    place to people, and a company has few enough to compare them here.
    """
    others = type(place)._default_manager.filter(company=company).exclude(pk=place.pk)
    name = fold(place.name)
    return any(fold(other) == name for other in others.values_list("name", flat=True))


def _merge_assigned(
    company: Company, source: Location | Position, target: Location | Position
) -> Merged:
    """Move assignments and workers of a location or position, and derive what follows.

    In two steps, so that the changes feed tells each worker why: those who were there
    already are asked by other assignments now, those who come have been moved.
    """
    kind = "position" if isinstance(source, Position) else "location"
    moved_assignments = _merge_assignments(kind, source, target)
    there = Worker.objects.for_company(company).filter(**{kind: target})
    derivation.refresh(company=company, workers=there, cause=Cause.ASSIGNMENT)
    moving = Worker.objects.for_company(company).filter(**{kind: source})
    moved = list(moving.values_list("pk", flat=True))
    append_workers(company=company, workers=moving, are_new=False)
    moving.update(**{kind: target})
    for some in batches(moved):
        workers = Worker.objects.for_company(company).filter(pk__in=some)
        derivation.refresh(company=company, workers=workers, cause=Cause.WORKER)
    return Merged(workers=len(moved), assignments=moved_assignments)


def _merge_assignments(kind: str, source: models.Model, target: models.Model) -> int:
    """Give `target` the assignments of `source`, and return how many it had none for."""
    other = "location" if kind == "position" else "position"
    own = {
        (assignment.requirement_id, getattr(assignment, f"{other}_id")): assignment
        for assignment in Assignment.objects.filter(**{kind: target})
    }
    moved, changed = [], []
    for assignment in Assignment.objects.filter(**{kind: source}):
        there = own.get((assignment.requirement_id, getattr(assignment, f"{other}_id")))
        if there is None:
            moved.append(assignment.pk)
        elif there.level != stricter(Level(there.level), Level(assignment.level)):
            there.level = assignment.level
            changed.append(there)
    Assignment.objects.bulk_update(changed, ["level"], batch_size=500)
    for some in batches(moved):
        Assignment.objects.filter(pk__in=some).update(**{kind: target})
    # The others go with their place.
    return len(moved)
