"""Reads of divisions, locations and positions for their pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from django.db.models import Count, Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Company
from workers.models import Assignment, Division, Location, Position, Worker

Place = Division | Location | Position


@dataclass(frozen=True)
class Words:
    """What pages call a kind, each a whole sentence, so that it can be translated."""

    one: Promise
    many: Promise
    about: Promise
    add: Promise
    added: Promise
    none: Promise
    none_yet: Promise


class Kind(Enum):
    """A kind of place, by its word in addresses."""

    LOCATIONS = "locations"
    POSITIONS = "positions"
    DIVISIONS = "divisions"

    @property
    def model(self) -> Any:
        return _MODELS[self]

    @property
    def words(self) -> Words:
        return _WORDS[self]


class Listed(NamedTuple):
    """One line of a list: how much refers to the place."""

    place: Place
    workers: int
    assignments: int
    locations: int

    @property
    def is_used(self) -> bool:
        return bool(self.workers or self.assignments or self.locations)


def places_listed(*, company: Company, kind: Kind, search: str = "") -> QuerySet[Any]:
    """Return the company's places of that kind by name; `search` is a part of the name."""
    places = kind.model.objects.for_company(company)
    if search:
        places = places.filter(name__icontains=search)
    if kind is Kind.LOCATIONS:
        places = places.select_related("division")
    found: QuerySet[Any] = places.order_by("name", "pk")
    return found


def listed(places: Sequence[Place], kind: Kind) -> list[Listed]:
    """Return the lines for those places, in at most two queries."""
    ids = [place.pk for place in places]
    if kind is Kind.DIVISIONS:
        locations = _counts(Location, "division", ids)
        workers = _counts(Worker, "location__division", ids)
        return [
            Listed(place, workers.get(place.pk, 0), 0, locations.get(place.pk, 0))
            for place in places
        ]
    column = "location" if kind is Kind.LOCATIONS else "position"
    workers, assignments = _counts(Worker, column, ids), _counts(Assignment, column, ids)
    return [
        Listed(place, workers.get(place.pk, 0), assignments.get(place.pk, 0), 0) for place in places
    ]


def _counts(model: type[Model], column: str, ids: Sequence[int]) -> dict[int, int]:
    rows = model._default_manager.filter(**{f"{column}__in": ids}).order_by().values(column)
    return dict(rows.annotate(number=Count("pk")).values_list(column, "number"))


_MODELS: dict[Kind, type[Place]] = {
    Kind.DIVISIONS: Division,
    Kind.LOCATIONS: Location,
    Kind.POSITIONS: Position,
}
_WORDS = {
    Kind.LOCATIONS: Words(
        one=_("Location"),
        many=_("Locations"),
        about=_("Where your workers work. A location can belong to a division."),
        add=_("Add location"),
        added=_("Location %(place)s is added."),
        none=_("No location matches"),
        none_yet=_("No locations yet"),
    ),
    Kind.POSITIONS: Words(
        one=_("Position"),
        many=_("Positions"),
        about=_("What your workers work as. With the location it decides what is required."),
        add=_("Add position"),
        added=_("Position %(place)s is added."),
        none=_("No position matches"),
        none_yet=_("No positions yet"),
    ),
    Kind.DIVISIONS: Words(
        one=_("Division"),
        many=_("Divisions"),
        about=_("Parts of your company. A division holds locations."),
        add=_("Add division"),
        added=_("Division %(place)s is added."),
        none=_("No division matches"),
        none_yet=_("No divisions yet"),
    ),
}
