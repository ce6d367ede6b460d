"""The positions, locations and divisions that a file names, and those it would create."""

from typing import TypeVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from workers.folding import fold
from workers.imports.drafts import Draft, Reader
from workers.imports.models import DataImport
from workers.models import Division, Location, Position
from workers.services.places import place_add

# More new ones than this are no places, but a column that was taken for another.
NEW_LIMIT = 300

P = TypeVar("P", Division, Location, Position)


class Places:
    """The company's places by folded name, and beside them those that are not there yet."""

    def __init__(self, data_import: DataImport):
        self.company = data_import.company
        self._may_create = data_import.create_places
        self.positions = {fold(one.name): one for one in Position.objects.for_company(self.company)}
        self.divisions = {fold(one.name): one for one in Division.objects.for_company(self.company)}
        locations = Location.objects.for_company(self.company).select_related("division")
        self.locations = {fold(one.name): one for one in locations}
        self._new_count = {Division: 0, Location: 0, Position: 0}
        # Those that a row needs which is not bad for another reason.
        self._needed: set[int] = set()

    def read(self, draft: Draft, reader: Reader) -> dict[str, Position | Location]:
        """Return the places that the row names; what is wrong with them becomes its fault."""
        found: dict[str, Position | Location | None] = {}
        if "position" in draft.values:
            found["position"] = self._place(Position, self.positions, draft, reader, "position")
        if "location" in draft.values:
            found["location"] = self._location(draft, reader)
        elif "division" in draft.values:
            draft.faults.append(
                (reader.label("division"), _("A division belongs to a location; name that too."))
            )
        return {name: place for name, place in found.items() if place is not None}

    def need(self, places: dict[str, Position | Location]) -> None:
        """Note that a row which is not bad needs the places."""
        for place in places.values():
            self._needed.add(id(place))
            if isinstance(place, Location) and place.division is not None:
                self._needed.add(id(place.division))

    def new(self) -> dict[str, list[list[str]]]:
        """Return what would be created, by kind: name and, of a location, its division's."""

        def names(places: dict[str, P]) -> list[list[str]]:
            return [
                [
                    place.name,
                    place.division.name if isinstance(place, Location) and place.division else "",
                ]
                for _key, place in sorted(places.items())
                if place.pk is None and id(place) in self._needed
            ]

        found = {
            "divisions": names(self.divisions),
            "locations": names(self.locations),
            "positions": names(self.positions),
        }
        return {kind: new for kind, new in found.items() if new}

    def create(self, new: dict[str, list[list[str]]], *, by: User | None) -> None:
        """Create what `new` said, as far as it is still not there."""
        for name, _none in new.get("divisions", []):
            if fold(name) not in self.divisions:
                added = place_add(company=self.company, kind=Division, by=by, name=name)
                self.divisions[fold(name)] = added
        for name, division in new.get("locations", []):
            if fold(name) not in self.locations:
                self.locations[fold(name)] = place_add(
                    company=self.company,
                    kind=Location,
                    by=by,
                    name=name,
                    division=self.divisions.get(fold(division)),
                )
        for name, _none in new.get("positions", []):
            if fold(name) not in self.positions:
                added_position = place_add(company=self.company, kind=Position, by=by, name=name)
                self.positions[fold(name)] = added_position

    def _location(self, draft: Draft, reader: Reader) -> Location | None:
        location = self._place(Location, self.locations, draft, reader, "location")
        division_name = draft.values.get("division", "")
        if location is None or not division_name:
            return location
        if location.division is not None:
            if fold(location.division.name) == fold(division_name):
                return location
            reason = _("%(location)s is in the division %(division)s.")
            about = {"location": location.name, "division": location.division.name}
        elif location.pk is None:
            location.division = self._place(Division, self.divisions, draft, reader, "division")
            return location
        else:
            reason = _("%(location)s is in no division. Put it into one first.")
            about = {"location": location.name}
        draft.faults.append((reader.label("division"), reason % about))
        return None

    def _place(
        self, kind: type[P], places: dict[str, P], draft: Draft, reader: Reader, field: str
    ) -> P | None:
        """Return the place that the row names in that field, a new one if need be."""
        name = draft.values[field]
        key = fold(name)
        if key in places:
            return places[key]
        reasons = self._reasons_against(kind, name)
        draft.faults += [(reader.label(field), reason) for reason in reasons]
        if reasons:
            return None
        self._new_count[kind] += 1
        places[key] = kind(company=self.company, name=name)
        return places[key]

    def _reasons_against(self, kind: type[P], name: str) -> list[str]:
        if not self._may_create:
            reason = _("There is no “%(name)s” yet. Add it, or choose to create what is missing.")
            return [reason % {"name": name[:100]}]
        if self._new_count[kind] >= NEW_LIMIT:
            reason = _("These are more than %(most)d new names. Is this the right column?")
            return [reason % {"most": NEW_LIMIT}]
        try:
            kind._meta.get_field("name").clean(name, None)
        except ValidationError as error:
            return list(error.messages)
        return []
