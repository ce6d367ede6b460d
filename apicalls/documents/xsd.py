"""A document's shape as an XML Schema, version 1.0 of it, which every tool reads."""

from collections.abc import Iterable

from lxml import etree

from apicalls.documents.shape import Document, Kind, ListOf, Member, Shape

_XS = "http://www.w3.org/2001/XMLSchema"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def xsd(document: Document) -> bytes:
    """Return the schema as a UTF-8 document: no namespace, one global element."""
    schema = etree.Element(_xs("schema"), {"elementFormDefault": "unqualified"}, nsmap={"xs": _XS})
    _document(schema, f"{document.title}: {document.about}")
    root = _xs_child(schema, "element", name=document.root)
    _sequence(_xs_child(root, "complexType"), document.members)
    for shape in document.shapes():
        named = _xs_child(schema, "complexType", name=shape.name)
        if shape.about:
            _document(named, shape.about)
        _sequence(named, shape.members)
    for used in sorted({kind.xsd_type for kind in _kinds(document)} & _RESTRICTIONS.keys()):
        _simple_type(schema, used)
    etree.indent(schema)
    return _DECLARATION + etree.tostring(schema, encoding="UTF-8") + b"\n"


def _sequence(parent: "etree._Element", members: Iterable[Member]) -> None:
    sequence = _xs_child(parent, "sequence")
    for member in members:
        _element(sequence, member)


def _element(sequence: "etree._Element", member: Member) -> None:
    attributes = {"name": member.name}
    if not isinstance(member.what, ListOf):
        attributes["type"] = _type(member.what)
    if member.nullable:
        attributes["nillable"] = "true"
    if not member.is_always_there:
        attributes["minOccurs"] = "0"
    element = _xs_child(sequence, "element", **attributes)
    if member.about:
        _document(element, member.about)
    if isinstance(member.what, ListOf):
        listed = _xs_child(_xs_child(element, "complexType"), "sequence")
        _xs_child(
            listed,
            "element",
            name=member.what.singular,
            type=_type(member.what.of),
            minOccurs=str(member.what.at_least),
            maxOccurs="unbounded" if member.what.at_most is None else str(member.what.at_most),
        )


def _type(what: Kind | Shape) -> str:
    return what.xsd_type if isinstance(what, Kind) else what.name


# Own simple types: what they are made of, and how they are narrowed.
_RESTRICTIONS = {
    "Name": ("xs:string", {"minLength": "1"}),
    "Code": ("xs:string", {"pattern": "[a-z]+(_[a-z]+)*"}),
    "Percent": ("xs:integer", {"minInclusive": "0", "maxInclusive": "100"}),
    "Version": ("xs:string", {"enumeration": "1"}),
    "True": ("xs:boolean", {"pattern": "true"}),
}


def _simple_type(schema: "etree._Element", name: str) -> None:
    base, facets = _RESTRICTIONS[name]
    restriction = _xs_child(_xs_child(schema, "simpleType", name=name), "restriction", base=base)
    for facet, value in facets.items():
        _xs_child(restriction, facet, value=value)


def _kinds(document: Document) -> Iterable[Kind]:
    members = [*document.members, *(one for shape in document.shapes() for one in shape.members)]
    for member in members:
        what = member.what.of if isinstance(member.what, ListOf) else member.what
        if isinstance(what, Kind):
            yield what


def _document(element: "etree._Element", text: str) -> None:
    _xs_child(_xs_child(element, "annotation"), "documentation").text = text


def _xs_child(parent: "etree._Element", tag: str, **attributes: str) -> "etree._Element":
    return etree.SubElement(parent, _xs(tag), attributes)


def _xs(tag: str) -> str:
    return f"{{{_XS}}}{tag}"
