"""Which of a company's workers a reader is limited to: by division, location, position, type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a worker is, as ids, and of which type."""

    division: int | None
    location: int | None
    position: int | None
    worker_type: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Ids of divisions, locations and positions, and worker types.

    What is empty asks nothing. Of all others a worker must be in one: a scope of a
    division and two positions has the workers of that division who hold one of the two.
    """

    divisions: frozenset[int] = frozenset()
    locations: frozenset[int] = frozenset()
    positions: frozenset[int] = frozenset()
    worker_types: frozenset[str] = frozenset()

    @classmethod
    def of(cls, stored: Mapping[str, Sequence[Any]]) -> "Scope":
        """Return the scope that `as_stored` was made of."""
        return cls(**{name: frozenset(values) for name, values in stored.items()})

    def as_stored(self) -> dict[str, list[Any]]:
        """Return it as JSON, without what is empty."""
        lists = {name: sorted(getattr(self, name)) for name in self.__slots__}
        return {name: values for name, values in lists.items() if values}

    def __bool__(self) -> bool:
        """Tell whether it leaves anybody out at all."""
        return bool(self.divisions or self.locations or self.positions or self.worker_types)

    def has(self, placement: Placement) -> bool:
        """Tell whether a worker who is there is in it."""
        return (
            (not self.divisions or placement.division in self.divisions)
            and (not self.locations or placement.location in self.locations)
            and (not self.positions or placement.position in self.positions)
            and (not self.worker_types or placement.worker_type in self.worker_types)
        )

    def condition(self, worker: str = "") -> Q:
        """Return the same as a condition on Worker, or on what reaches it by `worker__`."""
        asked: dict[str, frozenset[Any]] = {
            "location__division_id__in": self.divisions,
            "location_id__in": self.locations,
            "position_id__in": self.positions,
            "worker_type__in": self.worker_types,
        }
        return Q(**{f"{worker}{name}": sorted(ids) for name, ids in asked.items() if ids})


EVERYBODY = Scope()
