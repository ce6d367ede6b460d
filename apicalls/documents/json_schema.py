"""A document's shape as JSON Schema, draft 2020-12."""

from collections.abc import Iterable
from typing import Any

from apicalls.documents.shape import Document, Kind, ListOf, Member, Shape, What

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(document: Document, *, refer_to: str = "#/$defs/") -> dict[str, Any]:
    """Return the schema; shapes are under `$defs`, and referred to by `refer_to` and name.

    It names what must be there and lets more in: members may be added within a version.
    """
    return {
        "$schema": _DIALECT,
        "title": document.title,
        "description": document.about,
        **_object(document.members, refer_to),
        "$defs": definitions(document.shapes(), refer_to=refer_to),
    }


def definitions(shapes: Iterable[Shape], *, refer_to: str) -> dict[str, Any]:
    """Return the schema of each shape by its name."""
    return {
        shape.name: ({"description": shape.about} if shape.about else {})
        | _object(shape.members, refer_to)
        for shape in shapes
    }


def _object(members: Iterable[Member], refer_to: str) -> dict[str, Any]:
    listed = list(members)
    return {
        "type": "object",
        "required": [member.name for member in listed if member.is_always_there],
        "properties": {member.name: _member(member, refer_to) for member in listed},
    }


def _member(member: Member, refer_to: str) -> dict[str, Any]:
    about = {"description": member.about} if member.about else {}
    schema = _value(member.what, refer_to)
    if not member.nullable:
        return about | schema
    if "type" in schema:
        return about | schema | {"type": [schema["type"], "null"]}
    return about | {"anyOf": [schema, {"type": "null"}]}


def _value(what: What, refer_to: str) -> dict[str, Any]:
    match what:
        case Kind():
            return dict(what.json_schema)
        case Shape():
            return {"$ref": f"{refer_to}{what.name}"}
        case ListOf():
            schema: dict[str, Any] = {"type": "array", "items": _value(what.of, refer_to)}
            if what.at_least:
                schema["minItems"] = what.at_least
            if what.at_most is not None:
                schema["maxItems"] = what.at_most
            return schema
