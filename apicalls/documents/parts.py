"""What several documents are made of: a worker, an item, how a worker stands."""

from collections.abc import Iterable, Sequence
from datetime import date

from apicalls.documents.fields import (
    CERTIFICATE_DETAILS,
    CONTACT,
    ITEMS,
    NAMES,
    OPTIONAL_ITEMS,
    PLACEMENT,
    REASONS,
)
from apicalls.documents.shape import Kind, ListOf, Member, Shape
from workers.compliance import Component, Level, Summary, summary
from workers.facts import ItemFacts, WorkerFacts
from workhub.rendering import Tree

Fields = frozenset[str]

# --- A worker --------------------------------------------------------------------------

WORKER_ID = Member("id", Kind.NAME, "Stays the same for this worker, whatever else is changed.")
WORKER_ID_NUMBER = Member(
    "workerIDNumber",
    Kind.NAME,
    "The ID# on the worker's profile; null for a worker without one.",
    nullable=True,
)

WORKER = Shape(
    "Worker",
    (
        WORKER_ID,
        WORKER_ID_NUMBER,
        Member("firstName", Kind.NAME, group=NAMES),
        Member("middleName", Kind.TEXT, "Empty for a worker who has none.", group=NAMES),
        Member("lastName", Kind.NAME, group=NAMES),
        Member("active", Kind.FLAG),
        Member("workerType", Kind.CODE, "employee or contractor.", group=PLACEMENT),
        Member("position", Kind.NAME, nullable=True, group=PLACEMENT),
        Member("location", Kind.NAME, nullable=True, group=PLACEMENT),
        Member("division", Kind.NAME, nullable=True, group=PLACEMENT),
        Member("email", Kind.NAME, nullable=True, group=CONTACT),
    ),
)


def worker_reference(worker: WorkerFacts) -> Tree:
    """Return what names a worker, and nothing else about them."""
    return {"id": f"wkr_{worker.id}", "workerIDNumber": worker.id_number or None}


def worker_tree(worker: WorkerFacts, fields: Fields) -> Tree:
    """Return the worker as WORKER has them."""
    tree = dict(worker_reference(worker))
    if NAMES in fields:
        tree["firstName"] = worker.first_name
        tree["middleName"] = worker.middle_name
        tree["lastName"] = worker.last_name
    tree["active"] = worker.is_active
    if PLACEMENT in fields:
        tree["workerType"] = worker.worker_type
        tree["position"] = worker.position
        tree["location"] = worker.location
        tree["division"] = worker.division
    if CONTACT in fields:
        tree["email"] = worker.email or None
    return tree


# --- An item ---------------------------------------------------------------------------

ITEM_ID = Member("id", Kind.NAME)
COMPONENT = Member(
    "component",
    Kind.CODE,
    "online_training, certificate, policy, procedure, bulletin, competency or orientation.",
)
ITEM_NAME = Member("name", Kind.NAME)
LEVEL = Member("level", Kind.CODE, "required or optional.")
ITEM_STATUS = Member(
    "status",
    Kind.CODE,
    "missing, in_progress, waiting_for_approval, rejected, current, coming_due, expired, "
    "review_again, declined, requires_supervision or prequalified. Read one that you do not "
    "know as not compliant.",
)
EXPIRES_ON = Member(
    "expiresOn",
    Kind.DAY,
    "The last valid day: valid to its end in the company's time zone.",
    nullable=True,
)

ITEM = Shape(
    "Item",
    (
        ITEM_ID,
        COMPONENT,
        ITEM_NAME,
        LEVEL,
        ITEM_STATUS,
        Member("compliant", Kind.FLAG),
        Member("completedOn", Kind.DAY, nullable=True),
        Member("issuedOn", Kind.DAY, nullable=True, group=CERTIFICATE_DETAILS),
        EXPIRES_ON,
        Member(
            "daysLeft",
            Kind.WHOLE,
            "Days from asOf to expiresOn; 0 on the last valid day, negative after it.",
            nullable=True,
        ),
        Member("certificateNumber", Kind.NAME, nullable=True, group=CERTIFICATE_DETAILS),
        Member("issuer", Kind.NAME, nullable=True, group=CERTIFICATE_DETAILS),
        Member(
            "because",
            ListOf("rule", Kind.NAME, at_least=1, at_most=2),
            "The position, the location or both together whose assignment made the level.",
            group=REASONS,
        ),
    ),
    "What one requirement is to the worker on the day of the answer.",
)


def item_id(requirement_id: int) -> str:
    return f"req_{requirement_id}"


def item_tree(item: ItemFacts, fields: Fields) -> Tree:
    """Return the item as ITEM has it."""
    has_details = CERTIFICATE_DETAILS in fields
    tree: dict[str, str | int | bool | date | Sequence[str] | None] = {
        "id": item_id(item.requirement_id),
        "component": item.component,
        "name": item.name,
        "level": item.level,
        "status": item.status,
        "compliant": item.compliant,
        "completedOn": item.completed_on,
    }
    if has_details:
        tree["issuedOn"] = item.issued_on
    tree["expiresOn"] = item.expires_on
    tree["daysLeft"] = item.days_left
    if has_details:
        tree["certificateNumber"] = item.certificate_number
        tree["issuer"] = item.issuer
    if REASONS in fields:
        tree["because"] = item.because
    return tree


# --- How a worker stands ---------------------------------------------------------------

VERSION = Member("version", Kind.VERSION)
AS_OF = Member("asOf", Kind.DAY, "The day of the answer, in the company's time zone.")
NEXT_CHANGE_ON = Member(
    "nextChangeOn",
    Kind.DAY,
    "The first day on which a status changes although nobody edits data; null when none will. "
    "asOf and daysLeft change every day and do not count.",
    nullable=True,
)

COMPONENT_SUMMARY = Shape(
    "ComponentSummary",
    (
        Member("component", Kind.CODE),
        Member("required", Kind.NUMBER_FROM_ONE),
        Member("complete", Kind.COUNT),
        Member("percent", Kind.PERCENT),
    ),
    "The required items of one component.",
)

COMPLIANCE = Shape(
    "Compliance",
    (
        Member("compliant", Kind.FLAG, "The answer to obey."),
        Member("status", Kind.CODE, "compliant, not_compliant, nothing_required or inactive."),
        Member(
            "percent",
            Kind.PERCENT,
            "Rounded down, so that 100 only ever means all; null when nothing is required.",
            nullable=True,
        ),
        Member("required", Kind.COUNT),
        Member("complete", Kind.COUNT),
        Member("outstanding", Kind.COUNT),
        Member("comingDue", Kind.COUNT, "Required items that are valid now and lapse soon."),
        Member("components", ListOf("componentSummary", COMPONENT_SUMMARY)),
        Member("items", ListOf("item", ITEM), group=ITEMS),
    ),
)


def compliance_tree(
    items: Sequence[ItemFacts],
    fields: Fields,
    *,
    is_active: bool,
    component: Component | None = None,
) -> Tree:
    """Return COMPLIANCE: the verdict over all items, and those of `component` in detail."""
    totals = summary(items, is_active=is_active)
    tree: dict[str, str | int | bool | Sequence[Tree] | None] = {
        "compliant": totals.compliant,
        "status": totals.status,
        "percent": totals.percent,
        "required": totals.required,
        "complete": totals.complete,
        "outstanding": totals.outstanding,
        "comingDue": totals.coming_due,
        "components": _components(totals, component),
    }
    if ITEMS in fields:
        tree["items"] = [
            item_tree(item, fields)
            for item in served(items, fields)
            if component is None or item.component is component
        ]
    return tree


def next_change_on(items: Iterable[ItemFacts], fields: Fields) -> date | None:
    """Return the first day on which something that the document shows changes by itself."""
    counted = (
        items
        if {ITEMS, OPTIONAL_ITEMS} <= fields
        else (item for item in items if item.level is Level.REQUIRED)
    )
    return min(
        (item.next_change_on for item in counted if item.next_change_on is not None),
        default=None,
    )


def served(items: Iterable[ItemFacts], fields: Fields) -> list[ItemFacts]:
    """Return the items that the call's fields let through."""
    has_optional = OPTIONAL_ITEMS in fields
    return [item for item in items if has_optional or item.level is Level.REQUIRED]


def _components(totals: Summary, component: Component | None) -> list[Tree]:
    return [
        {
            "component": one.component,
            "required": one.required,
            "complete": one.complete,
            "percent": one.percent,
        }
        for one in totals.components
        if component is None or one.component is component
    ]


# --- Lists -----------------------------------------------------------------------------

NEXT = Member("next", Kind.NAME, "The address of the next page; null on the last.", nullable=True)
COUNT = Member("count", Kind.COUNT, "How many of them this document holds.")
LATEST = Member(
    "latest",
    Kind.NAME,
    "Send it as since to Compliance changes to learn what changes from here on.",
)
