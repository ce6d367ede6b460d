"""The shape in which every document leaves its module."""

from collections.abc import Mapping
from dataclasses import dataclass

from workhub.rendering import Tree

# Of the contract: new members and statuses may come within a version, nothing goes.
VERSION = "1"


@dataclass(frozen=True, slots=True)
class DocumentTree:
    """A document before it is JSON or XML. `singulars` names the children of each list."""

    root: str
    singulars: Mapping[str, str]
    tree: Tree
