"""One tree, two formats: how documents and problems become JSON and XML.

A tree is made of dicts, lists, text, numbers, booleans, dates and None. XML follows from
it by one rule: each member is an element of the same name, in the same order; a list is an
element whose children carry the list's singular; booleans read true and false; None is an
empty element with xsi:nil="true".
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeAlias

import orjson
from lxml import etree

from accounts.validators import UNCARRIABLE

Value: TypeAlias = "bool | int | str | date | Tree | Sequence[Value] | None"
Tree: TypeAlias = Mapping[str, Value]

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{{{_XSI}}}nil"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def to_json(tree: Tree, *, indent: bool = False) -> bytes:
    """Return the tree as UTF-8 JSON; dates in ISO 8601, None as null."""
    return orjson.dumps(_carriable(tree), option=orjson.OPT_INDENT_2 if indent else None)


def to_xml(
    tree: Tree,
    *,
    root: str,
    singulars: Mapping[str, str],
    namespace: str | None = None,
    indent: bool = False,
) -> bytes:
    """Return the tree as a UTF-8 XML document under the element `root`.

    `singulars` maps the name of a list to the name of its children. `namespace` becomes
    the default namespace; xsi is declared without one only, where null can occur.
    """
    if namespace is None:
        element = etree.Element(root, nsmap={"xsi": _XSI})
    else:
        element = etree.Element(f"{{{namespace}}}{root}", nsmap={None: namespace})  # type: ignore[dict-item]
    prefix = "" if namespace is None else f"{{{namespace}}}"
    _fill(element, tree, singulars, prefix)
    if indent:
        etree.indent(element)
    return _DECLARATION + etree.tostring(element, encoding="UTF-8", xml_declaration=False)


def _fill(
    element: "etree._Element", value: Value, singulars: Mapping[str, str], prefix: str
) -> None:
    if value is None:
        element.set(_NIL, "true")
    elif isinstance(value, str):
        element.text = _text(value) or None  # None makes <middleName/>, "" the longer form
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif isinstance(value, int):
        element.text = str(value)
    elif isinstance(value, date):
        element.text = value.isoformat()
    elif isinstance(value, Mapping):
        for name, member in value.items():
            _fill(etree.SubElement(element, prefix + name), member, singulars, prefix)
    else:
        singular = prefix + singulars[etree.QName(element).localname]
        for item in value:
            _fill(etree.SubElement(element, singular), item, singulars, prefix)


def _carriable(value: Value) -> Value:
    """Return the value with what XML cannot carry replaced, so that both formats agree."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {name: _carriable(member) for name, member in value.items()}
    if isinstance(value, Sequence):
        return [_carriable(item) for item in value]
    return value


def _text(value: str) -> str:
    return UNCARRIABLE.sub("\ufffd", value)
