"""One tree, two formats: how documents and problems become JSON and XML.

A tree is made of dicts, lists, text, numbers, booleans, dates and None. XML follows from
it by one rule: each member is an element of the same name, in the same order; a list is an
element whose children carry the list's singular; booleans read true and false; None is an
empty element with xsi:nil="true".
"""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import TypeAlias

import orjson
from lxml import etree

from accounts.validators import UNCARRIABLE

Value: TypeAlias = "bool | int | str | date | Tree | Sequence[Value] | None"
Tree: TypeAlias = Mapping[str, Value]

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{{{_XSI}}}nil"
# How JSON has what XML cannot carry: escaped, or U+FFFE and U+FFFF as they are. Escapes of what
# XML can carry are among them, and only looked at more closely.
_SUSPECT = re.compile(rb"\\[ubf]|\xef\xbf[\xbe\xbf]")
# Entries of a streamed list that become bytes together.
_BATCH = 50
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def to_json(tree: Tree, *, indent: bool = False) -> bytes:
    """Return the tree as UTF-8 JSON; dates in ISO 8601, None as null."""
    return _json(tree, orjson.OPT_INDENT_2 if indent else None)


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


def stream_json(
    before: Tree, name: str, entries: Iterable[Tree], after: Callable[[], Tree]
) -> Generator[bytes, None, None]:
    """Return the bytes of a tree with one long list, as its entries come.

    They are those of `to_json` for the members `before`, the list `name`, and what `after`
    returns when the last entry has been taken; neither may be empty. When an entry cannot be
    had, the bytes end there and parse nowhere.
    """
    yield to_json(before)[:-1] + b"," + orjson.dumps(name) + b":["
    separator = b""
    for batch in _batches(entries):
        yield separator + _json(batch)[1:-1]
        separator = b","
    yield b"]," + to_json(after())[1:]


def stream_xml(
    before: Tree,
    name: str,
    entries: Iterable[Tree],
    after: Callable[[], Tree],
    *,
    root: str,
    singulars: Mapping[str, str],
) -> Generator[bytes, None, None]:
    """Return the same as XML: the bytes of `to_xml`."""
    end_of_root = f"</{root}>".encode()
    yield to_xml(before, root=root, singulars=singulars).removesuffix(end_of_root)
    start_of_list, end_of_list = f"<{name}>".encode(), f"</{name}>".encode()
    is_empty = True
    for batch in _batches(entries):
        # A whole document each time, of which the middle is kept: what declares the
        # namespaces is at its start, and is not told again.
        whole = to_xml({name: batch}, root=root, singulars=singulars)
        middle = whole[whole.index(start_of_list) : -len(end_of_list + end_of_root)]
        yield middle if is_empty else middle.removeprefix(start_of_list)
        is_empty = False
    yield f"<{name}/>".encode() if is_empty else end_of_list
    rest = to_xml(after(), root=root, singulars=singulars)
    yield rest[rest.index(b">", len(_DECLARATION)) + 1 :]


def _batches(entries: Iterable[Tree]) -> Iterator[list[Tree]]:
    iterator = iter(entries)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


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


def _json(value: Value, option: int | None = None) -> bytes:
    """Return JSON with what XML cannot carry replaced, so that both formats agree.

    Hardly any text has such a character, so the bytes are looked at and not every text.
    """
    try:
        content = orjson.dumps(value, option=option)
    except TypeError:  # half a surrogate pair
        return orjson.dumps(_carriable(value), option=option)
    if _SUSPECT.search(content):
        return orjson.dumps(_carriable(value), option=option)
    return content


def _carriable(value: Value) -> Value:
    """Return the value with what XML cannot carry replaced."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {name: _carriable(member) for name, member in value.items()}
    if isinstance(value, Sequence):
        return [_carriable(item) for item in value]
    return value


def _text(value: str) -> str:
    return UNCARRIABLE.sub("\ufffd", value)
