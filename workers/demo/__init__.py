"""Companies to show, try and test things with: the same people and records on each load.

Dates are relative to the company's today, so that what is coming due today still is
when the demo is loaded next year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from django.db import transaction

from accounts.models import Company, User
from workers import services
from workers.demo.cast import MAIN_CAST, SECOND_CAST, Person, more_people
from workers.demo.catalogue import FOREMAN, MAIN_CATALOGUE, SECOND_CATALOGUE, Catalogue
from workers.demo.proofs import records_of
from workers.models import (
    Division,
    Location,
    Position,
    Requirement,
    Worker,
    WorkerRequirement,
)
from workers.services import WorkerFields

Size = Literal["main", "second"]

# The ID# to ask for first: both companies have it, for two people.
RICH_ID_NUMBER = "00417"

_MORE = {"main": 276, "second": 18}


@dataclass(frozen=True, slots=True)
class DemoFacts:
    """What was loaded; `id_number` is that of an active worker whose answer shows a lot."""

    id_number: str
    workers: int
    requirements: int
    records: int


@transaction.atomic
def demo_load(*, company: Company, size: Size, by: User | None) -> DemoFacts:
    """Fill a company that has no workers yet. Raises ValueError when it has some.

    "main" is about 300 workers with everything there is; "second" is about 25, with an
    ID# and a full name of the first, to see that companies are kept apart.
    """
    if Worker.objects.for_company(company).exists():
        raise ValueError(f"{company} has workers already; the demo is for an empty company")
    chance = Random(f"workhub {size}")  # noqa: S311 (made-up people, no secrets)
    catalogue, cast = {
        "main": (MAIN_CATALOGUE, MAIN_CAST),
        "second": (SECOND_CATALOGUE, SECOND_CAST),
    }[size]
    places = _places_add(company, catalogue)
    requirements = _requirements_add(company, catalogue, places, by)
    workers = _workers_add(company, places, cast, {}, by)
    foremen = {worker.location_id: worker for worker in workers if _is_foreman(worker)}
    people = list(more_people(chance, catalogue, _MORE[size], besides=cast))
    workers += _workers_add(company, places, people, foremen, by)
    asked = WorkerRequirement.objects.filter(worker__company=company).order_by(
        "worker_id", "requirement_id"
    )
    records = records_of(
        chance,
        today=company.today(),
        coming_due_days=company.coming_due_days,
        catalogue=catalogue,
        people={
            worker.pk: (worker, person)
            for worker, person in zip(workers, [*cast, *people], strict=True)
        },
        requirements={requirement.pk: requirement for requirement in requirements},
        asked=asked.values_list("worker_id", "requirement_id"),
    )
    services.records_add(company=company, records=records, by=by)
    return DemoFacts(RICH_ID_NUMBER, len(workers), len(requirements), len(records))


@dataclass(frozen=True, slots=True)
class _Places:
    positions: dict[str | None, Position]
    locations: dict[str | None, Location]


def _places_add(company: Company, catalogue: Catalogue) -> _Places:
    names = sorted({division for division in catalogue.locations.values() if division})
    divisions = {
        division.name: division
        for division in Division.objects.bulk_create(
            Division(company=company, name=name) for name in names
        )
    }
    locations = Location.objects.bulk_create(
        Location(company=company, name=name, division=divisions.get(division or ""))
        for name, division in catalogue.locations.items()
    )
    positions = Position.objects.bulk_create(
        Position(company=company, name=name) for name in catalogue.positions
    )
    return _Places(
        positions={position.name: position for position in positions},
        locations={location.name: location for location in locations},
    )


def _requirements_add(
    company: Company, catalogue: Catalogue, places: _Places, by: User | None
) -> list[Requirement]:
    added = []
    for offered in catalogue.requirements:
        requirement = services.requirement_add(company=company, by=by, **offered.fields)
        for position, location, level in offered.assignments:
            services.assignment_set(
                company=company,
                requirement=requirement,
                position=places.positions.get(position),
                location=places.locations.get(location),
                level=level,
                by=by,
            )
        added.append(requirement)
    return added


def _workers_add(
    company: Company,
    places: _Places,
    people: Sequence[Person],
    foremen: Mapping[int | None, Worker],
    by: User | None,
) -> list[Worker]:
    """Add the people in their order; the `foremen`, by location id, supervise them there."""
    made: list[WorkerFields] = []
    for person in people:
        location = places.locations.get(person.location)
        made.append(
            {
                **person.fields,
                "position": places.positions.get(person.position),
                "location": location,
                "supervisor": foremen.get(location.pk) if location else None,
            }
        )
    return services.workers_add(company=company, workers=made, by=by)


def _is_foreman(worker: Worker) -> bool:
    return worker.position is not None and worker.position.name == FOREMAN
