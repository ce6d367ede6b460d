"""Worker compliance: may this worker work today, and if not, what is missing?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from apicalls.documents import parts, sample_facts
from apicalls.documents.fields import DEFAULT_FIELDS, ITEMS
from apicalls.documents.shape import Document, Kind, ListOf, Member, Shape
from apicalls.documents.tree import VERSION, DocumentTree
from workers.compliance import Level, summary
from workers.facts import ItemFacts, WorkerFacts
from workhub.rendering import Tree, Value

_LAPSE = Shape(
    "Lapse",
    (
        parts.ITEM_ID,
        parts.COMPONENT,
        replace(parts.ITEM_NAME, group=ITEMS),
        Member("expiresOn", Kind.DAY, "The last valid day."),
        Member("lapsesOn", Kind.DAY, "The first day on which it no longer counts."),
    ),
    "A required item that counts today and no longer does on the day asked about.",
)

_VALID_THROUGH = Shape(
    "ValidThrough",
    (
        Member("on", Kind.DAY, "The day asked about."),
        Member(
            "compliant",
            Kind.FLAG,
            "Whether the worker is compliant now and without interruption to the end of that "
            "day, if nobody edits data.",
        ),
        Member("lapsing", ListOf("lapse", _LAPSE)),
    ),
)

DOCUMENT = Document(
    root="workerCompliance",
    title="Worker compliance, version 1",
    about="The compliance of one worker on one day. Obey compliance.compliant. A status that "
    "your program does not know must be read as not compliant: new ones, and new members, may "
    "be added within version 1.",
    members=(
        parts.VERSION,
        Member(
            "test", Kind.TRUE, "Only there for a rehearsal: the worker is made up.", optional=True
        ),
        parts.AS_OF,
        parts.NEXT_CHANGE_ON,
        Member(
            "validThrough", _VALID_THROUGH, "Only there when validThrough is sent.", optional=True
        ),
        Member("worker", parts.WORKER),
        Member("compliance", parts.COMPLIANCE),
    ),
)


def build(
    worker: WorkerFacts,
    items: Sequence[ItemFacts],
    *,
    as_of: date,
    fields: frozenset[str] = DEFAULT_FIELDS["worker-compliance"],
    through: date | None = None,
    is_test: bool = False,
) -> DocumentTree:
    """Return the document of one worker on the day `as_of` of the company's time zone.

    It depends on nothing else, so that equal bytes mean an unchanged answer. `through`
    asks whether the worker stays compliant to the end of that day.
    """
    tree: dict[str, Value] = {"version": VERSION}
    if is_test:
        tree["test"] = True
    tree["asOf"] = as_of
    tree["nextChangeOn"] = parts.next_change_on(items, fields)
    if through is not None:
        tree["validThrough"] = _valid_through(worker, items, through, fields)
    tree["worker"] = parts.worker_tree(worker, fields)
    tree["compliance"] = parts.compliance_tree(items, fields, is_active=worker.is_active)
    return DocumentTree(root=DOCUMENT.root, singulars=_SINGULARS, tree=tree)


_SINGULARS = DOCUMENT.singulars


def _valid_through(
    worker: WorkerFacts, items: Sequence[ItemFacts], through: date, fields: frozenset[str]
) -> Tree:
    """Return VALID_THROUGH. What has lapsed does not come back by itself, so that the last
    day speaks for all days up to it."""
    lapsing = [
        item
        for item in items
        if item.level is Level.REQUIRED and item.lapses_on is not None and item.lapses_on <= through
    ]
    is_compliant = summary(items, is_active=worker.is_active).compliant
    return {
        "on": through,
        "compliant": is_compliant and not lapsing,
        "lapsing": [_lapse(item, fields) for item in lapsing],
    }


def _lapse(item: ItemFacts, fields: frozenset[str]) -> Tree:
    name = {"name": item.name} if ITEMS in fields else {}
    return {
        "id": parts.item_id(item.requirement_id),
        "component": item.component,
        **name,
        "expiresOn": item.expires_on,
        "lapsesOn": item.lapses_on,
    }


def sample(fields: frozenset[str]) -> DocumentTree:
    """Return the document of a made-up worker, for those who look before they call."""
    [(worker, items), *_] = sample_facts.FOUND
    return build(worker, items, as_of=sample_facts.AS_OF, fields=fields)
