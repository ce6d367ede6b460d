"""Expiring requirements: what lapses soon, and whose is it?"""

from collections.abc import Sequence
from datetime import date, timedelta

from apicalls.documents import parts, sample_facts
from apicalls.documents.fields import OPTIONAL_ITEMS
from apicalls.documents.shape import Document, Kind, ListOf, Member, Shape
from apicalls.documents.tree import VERSION, DocumentTree
from workers.compliance import Level
from workers.facts import ItemFacts, WorkerFacts
from workhub.rendering import Tree

_EXPIRING = Shape("Expiring", (Member("worker", parts.WORKER), Member("item", parts.ITEM)))

DOCUMENT = Document(
    root="expiringRequirements",
    title="Expiring requirements, version 1",
    about="What lapses within a number of days, the soonest first: items whose last valid day "
    "is asOf or later, up to until.",
    members=(
        parts.VERSION,
        parts.AS_OF,
        Member("withinDays", Kind.NUMBER_FROM_ONE),
        Member("until", Kind.DAY, "The last of the days that were looked at."),
        Member("requirements", ListOf("expiring", _EXPIRING)),
        parts.NEXT,
        parts.COUNT,
    ),
)
_SINGULARS = DOCUMENT.singulars


def build(
    rows: Sequence[tuple[WorkerFacts, ItemFacts]],
    *,
    as_of: date,
    within_days: int,
    fields: frozenset[str],
    next_address: str | None,
) -> DocumentTree:
    """Return a page of items with their workers, in the order of `rows`."""
    tree: Tree = {
        "version": VERSION,
        "asOf": as_of,
        "withinDays": within_days,
        "until": as_of + timedelta(days=within_days),
        "requirements": [
            {
                "worker": parts.worker_tree(worker, fields),
                "item": parts.item_tree(item, fields),
            }
            for worker, item in rows
        ],
        "next": next_address,
        "count": len(rows),
    }
    return DocumentTree(root=DOCUMENT.root, singulars=_SINGULARS, tree=tree)


def sample(fields: frozenset[str]) -> DocumentTree:
    """Return what lapses of made-up workers."""
    rows = [
        (worker, item)
        for worker, items in sample_facts.FOUND
        for item in items
        if item.lapses_on is not None and (item.level is Level.REQUIRED or OPTIONAL_ITEMS in fields)
    ]
    return build(rows, as_of=sample_facts.AS_OF, within_days=30, fields=fields, next_address=None)
