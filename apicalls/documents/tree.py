"""The shapes in which every document leaves its module."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from apicalls.compression import compressed
from workhub.rendering import Tree

# Of the contract: new members and statuses may come within a version, nothing goes.
VERSION = "1"


@dataclass(frozen=True, slots=True)
class DocumentTree:
    """A document before it is JSON or XML. `singulars` names the children of each list."""

    root: str
    singulars: Mapping[str, str]
    tree: Tree


# Makes bytes of a document, in one format.
Render = Callable[[DocumentTree], bytes]


class Rendered(NamedTuple):
    """A document as bytes, with the entity-tag that changes when they do.

    The tag is strong: the body depends on data, day and settings only, never on the request.
    """

    body: bytes
    tag: str

    @classmethod
    def of(cls, document: DocumentTree, render: Render) -> "Rendered":
        body = render(document)
        return cls(body, f'"{blake2b(body, digest_size=16).hexdigest()}"')

    def compressed(self) -> "Rendered":
        """Return it as gzip, which is another representation and has a tag of its own."""
        return Rendered(compressed(self.body), f'{self.tag[:-1]}-gzip"')


@dataclass(frozen=True, slots=True)
class StreamedDocument:
    """A document with one long list, of which a few elements are there at a time.

    Its members are `before`, the list `name` of `entries`, then what `after` returns when
    the last entry has been taken.
    """

    root: str
    singulars: Mapping[str, str]
    before: Tree
    name: str
    entries: Iterable[Tree]
    after: Callable[[], Tree]
