"""What a document looks like, said once: its JSON Schema and its XSD both follow from this."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias


class Kind(Enum):
    """What a value is: its JSON Schema, its type in XSD, and what the XSD calls it."""

    # Any text, also an empty one.
    TEXT = ({"type": "string"}, "xs:string")
    # Text that is never empty.
    NAME = ({"type": "string", "minLength": 1}, "Name")
    # One of a list that may grow: a pattern, so that a strict parser of today lives on.
    CODE = ({"type": "string", "pattern": "^[a-z]+(_[a-z]+)*$"}, "Code")
    DAY = ({"type": "string", "format": "date"}, "xs:date")
    INSTANT = ({"type": "string", "format": "date-time"}, "xs:dateTime")
    FLAG = ({"type": "boolean"}, "xs:boolean")
    WHOLE = ({"type": "integer"}, "xs:integer")
    COUNT = ({"type": "integer", "minimum": 0}, "xs:nonNegativeInteger")
    NUMBER_FROM_ONE = ({"type": "integer", "minimum": 1}, "xs:positiveInteger")
    PERCENT = ({"type": "integer", "minimum": 0, "maximum": 100}, "Percent")
    VERSION = ({"const": "1"}, "Version")
    TRUE = ({"const": True}, "True")

    @property
    def json_schema(self) -> Mapping[str, Any]:
        schema: Mapping[str, Any] = self.value[0]
        return schema

    @property
    def xsd_type(self) -> str:
        name: str = self.value[1]
        return name


@dataclass(frozen=True, slots=True)
class Shape:
    """An object of members; `name` is that of its type in both schemas."""

    name: str
    members: "tuple[Member, ...]"
    about: str = ""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; `singular` names an element of it in XML."""

    singular: str
    of: "Kind | Shape"
    at_least: int = 0
    at_most: int | None = None


What: TypeAlias = Kind | Shape | ListOf


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object.

    A member with a `group` is absent when the call leaves the field group out, an
    `optional` one when there is nothing to say; a `nullable` one is there and null.
    """

    name: str
    what: What
    about: str = ""
    nullable: bool = False
    optional: bool = False
    group: str = ""

    @property
    def is_always_there(self) -> bool:
        return not self.optional and not self.group


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document. `root` is its element in XML, `title` and `about` are for people."""

    root: str
    title: str
    about: str
    members: tuple[Member, ...]

    def shapes(self) -> Iterator[Shape]:
        """Return every shape in it once, those that are used before those that use them."""
        seen: dict[str, Shape] = {}
        _collect(self.members, seen)
        yield from seen.values()

    @property
    def singulars(self) -> dict[str, str]:
        """Return the name of the elements of each list, by the list's name."""
        members = [*self.members, *(one for shape in self.shapes() for one in shape.members)]
        return {one.name: one.what.singular for one in members if isinstance(one.what, ListOf)}


def _collect(members: tuple[Member, ...], seen: dict[str, Shape]) -> None:
    for member in members:
        what = member.what.of if isinstance(member.what, ListOf) else member.what
        if isinstance(what, Shape) and what.name not in seen:
            _collect(what.members, seen)
            seen[what.name] = what
