"""Compliance roster: how do all workers in the call's scope stand?"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from apicalls.documents import parts, sample_facts
from apicalls.documents.shape import Document, ListOf, Member, Shape
from apicalls.documents.tree import VERSION, DocumentTree, StreamedDocument
from workers.compliance import Component
from workers.facts import Found
from workhub.rendering import Tree

_ENTRY = Shape(
    "Entry",
    (
        Member("worker", parts.WORKER),
        parts.NEXT_CHANGE_ON,
        Member("compliance", parts.COMPLIANCE),
    ),
)

DOCUMENT = Document(
    root="complianceRoster",
    title="Compliance roster, version 1",
    about="All workers in the scope of the API call, with how each stands on one day. Obey "
    "compliance.compliant of each; read a status that your program does not know as not "
    "compliant. The last member is count: a document without it was cut short.",
    members=(
        parts.VERSION,
        parts.AS_OF,
        parts.LATEST,
        Member("workers", ListOf("entry", _ENTRY)),
        parts.NEXT,
        parts.COUNT,
    ),
)
_SINGULARS = DOCUMENT.singulars


def build(
    found: Sequence[Found],
    *,
    as_of: date,
    fields: frozenset[str],
    latest: str,
    next_address: str | None,
    component: Component | None = None,
) -> DocumentTree:
    """Return a page. `component` narrows items and components to one, never the verdict."""
    tree: Tree = {
        "version": VERSION,
        "asOf": as_of,
        "latest": latest,
        "workers": [_entry(one, fields, component) for one in found],
        "next": next_address,
        "count": len(found),
    }
    return DocumentTree(root=DOCUMENT.root, singulars=_SINGULARS, tree=tree)


def stream(
    found: Iterable[Found],
    *,
    as_of: date,
    fields: frozenset[str],
    latest: str,
    component: Component | None = None,
) -> StreamedDocument:
    """Return all workers as one document whose entries are made one by one."""
    count = 0

    def entries() -> Iterator[Tree]:
        nonlocal count
        for one in found:
            count += 1
            yield _entry(one, fields, component)

    return StreamedDocument(
        root=DOCUMENT.root,
        singulars=_SINGULARS,
        before={"version": VERSION, "asOf": as_of, "latest": latest},
        name="workers",
        entries=entries(),
        after=lambda: {"next": None, "count": count},
    )


def _entry(found: Found, fields: frozenset[str], component: Component | None) -> Tree:
    worker, items = found
    return {
        "worker": parts.worker_tree(worker, fields),
        "nextChangeOn": parts.next_change_on(items, fields),
        "compliance": parts.compliance_tree(
            items, fields, is_active=worker.is_active, component=component
        ),
    }


def sample(fields: frozenset[str]) -> DocumentTree:
    """Return a page of made-up workers."""
    return build(
        sample_facts.FOUND,
        as_of=sample_facts.AS_OF,
        fields=fields,
        latest=sample_facts.LATEST,
        next_address=None,
    )
