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
    declared = f' xmlns="{namespace}"' if namespace else f' xmlns:xsi="{_XSI}"'
    content = _content(root, tree, singulars)
    whole = f"<{root}{declared}>{content}</{root}>" if content else f"<{root}{declared}/>"
    if indent:
        element = etree.fromstring(whole)
        etree.indent(element)
        return _DECLARATION + etree.tostring(element, encoding="UTF-8", xml_declaration=False)
    return _DECLARATION + whole.encode()


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
    singular = singulars[name]
    is_empty = True
    for batch in _batches(entries):
        entries_of_batch = "".join([_element(singular, one, singulars) for one in batch])
        yield (f"<{name}>{entries_of_batch}" if is_empty else entries_of_batch).encode()
        is_empty = False
    yield f"<{name}/>".encode() if is_empty else f"</{name}>".encode()
    yield _content(root, after(), singulars).encode() + end_of_root


def _batches(entries: Iterable[Tree]) -> Iterator[list[Tree]]:
    iterator = iter(entries)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


# Written as text: lxml makes an object of each element, of which a roster has a million.
def _element(name: str, value: Value, singulars: Mapping[str, str]) -> str:
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    content = _content(name, value, singulars)
    return f"<{name}>{content}</{name}>" if content else f"<{name}/>"


def _content(name: str, value: Value, singulars: Mapping[str, str]) -> str:
    """Return what stands in the element `name`."""
    if isinstance(value, str):
        return _escaped(value) if _MARKUP.search(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "".join([_element(of, member, singulars) for of, member in value.items()])
    singular = singulars[name]
    return "".join([_element(singular, item, singulars) for item in value or ()])


# What XML has its own use for, and what it cannot carry. A carriage return would be read as a
# line feed.
_MARKUP = re.compile(f"[&<>\r]|{UNCARRIABLE.pattern}")


def _escaped(value: str) -> str:
    text = _text(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


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
