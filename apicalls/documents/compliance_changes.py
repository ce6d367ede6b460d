"""Compliance changes: what has become of whom since the last time?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from apicalls.documents import parts, sample_facts
from apicalls.documents.fields import (
    CONTACT,
    NAMES,
    PLACEMENT,
)
from apicalls.documents.shape import Document, Kind, ListOf, Member, Shape
from apicalls.documents.tree import VERSION, DocumentTree
from workers.facts import ItemFacts
from workers.feed import FeedRequirement, FeedRow, FeedState
from workers.feed import Kind as RowKind
from workhub.rendering import Tree, Value

_WORKER = Shape(
    "ChangedWorker",
    (
        parts.WORKER_ID,
        parts.WORKER_ID_NUMBER,
        *(
            replace(member, optional=True)
            for member in parts.WORKER.members
            if member not in (parts.WORKER_ID, parts.WORKER_ID_NUMBER)
        ),
    ),
    "The worker as of now. Of one who was removed, id and workerIDNumber only.",
)
_REQUIREMENT = Shape("Requirement", (parts.ITEM_ID, parts.COMPONENT, parts.ITEM_NAME))
_STATE = Shape("State", (parts.LEVEL, parts.ITEM_STATUS))
_ITEM = Shape(
    "ChangedItem",
    (parts.ITEM_ID, parts.COMPONENT, parts.ITEM_NAME, parts.LEVEL, parts.ITEM_STATUS),
)

_CHANGE = Shape(
    "Change",
    (
        Member(
            "kind",
            Kind.CODE,
            "item: one item of the worker changed. worker: the worker is new, or something "
            "about them changed; items has all of theirs, in place of what you know. "
            "worker_removed: the worker is no longer in the scope; forget them.",
        ),
        Member("at", Kind.INSTANT, "When it was noted, in UTC."),
        Member("on", Kind.DAY, "The day from which it holds, in the company's time zone."),
        Member(
            "cause",
            Kind.CODE,
            "worker, requirement, assignment, record, company, date or repair; read one that "
            "you do not know as any of these.",
        ),
        Member("worker", _WORKER),
        Member("requirement", _REQUIREMENT, "null for a row about a worker.", nullable=True),
        Member("from", _STATE, "null where nothing was asked until then.", nullable=True),
        Member("to", _STATE, "null where it is no longer asked: remove the item.", nullable=True),
        Member("items", ListOf("item", _ITEM), "Only there for kind worker.", optional=True),
    ),
)

DOCUMENT = Document(
    root="complianceChanges",
    title="Compliance changes, version 1",
    about="What has changed, in the order in which it did. Apply each row to your copy, then "
    "send latest as since the next time. A row that you have had already changes nothing.",
    members=(
        parts.VERSION,
        Member("changes", ListOf("change", _CHANGE)),
        Member("latest", Kind.NAME, "Send it as since the next time."),
        parts.NEXT,
        parts.COUNT,
    ),
)
_SINGULARS = DOCUMENT.singulars


def build(
    rows: Sequence[FeedRow],
    *,
    fields: frozenset[str],
    latest: str,
    next_address: str | None,
) -> DocumentTree:
    """Return a page of the feed."""
    tree: Tree = {
        "version": VERSION,
        "changes": [_change(row, fields) for row in rows],
        "latest": latest,
        "next": next_address,
        "count": len(rows),
    }
    return DocumentTree(root=DOCUMENT.root, singulars=_SINGULARS, tree=tree)


def _change(row: FeedRow, fields: frozenset[str]) -> Tree:
    is_removed = row.kind is RowKind.WORKER_REMOVED
    tree: dict[str, Value] = {
        "kind": row.kind,
        "at": _instant(row.at),
        "on": row.on,
        "cause": row.cause,
        "worker": parts.worker_reference(row.worker)
        if is_removed
        else parts.worker_tree(row.worker, fields & {NAMES, PLACEMENT, CONTACT}),
        "requirement": _requirement(row.requirement),
        "from": _state(row.before),
        "to": _state(row.after),
    }
    if row.kind is RowKind.WORKER:
        tree["items"] = [_item(item) for item in parts.served(row.items, fields)]
    return tree


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _requirement(requirement: FeedRequirement | None) -> Tree | None:
    if requirement is None:
        return None
    return {
        "id": parts.item_id(requirement.id),
        "component": requirement.component,
        "name": requirement.name,
    }


def _state(state: FeedState | None) -> Tree | None:
    return None if state is None else {"level": state.level, "status": state.status}


def _item(item: ItemFacts) -> Tree:
    return {
        "id": parts.item_id(item.requirement_id),
        "component": item.component,
        "name": item.name,
        "level": item.level,
        "status": item.status,
    }


def sample(fields: frozenset[str]) -> DocumentTree:
    """Return changes of made-up workers: one of each kind."""
    (dana, items), (amelie, _) = sample_facts.FOUND
    first_aid = items[0]
    at = datetime(2026, 3, 2, 14, 5, 9, 120000, tzinfo=UTC)
    about = (at, date(2026, 3, 2))
    rows = [
        FeedRow(
            1041,
            *about,
            "date",
            RowKind.ITEM,
            dana,
            FeedRequirement(first_aid.requirement_id, first_aid.component, first_aid.name),
            FeedState("required", "coming_due"),
            FeedState("required", "expired"),
        ),
        FeedRow(1042, *about, "worker", RowKind.WORKER, dana, None, None, None, items),
        FeedRow(1043, *about, "worker", RowKind.WORKER_REMOVED, amelie, None, None, None),
    ]
    return build(rows, fields=fields, latest=sample_facts.LATEST, next_address=None)
