"""Worker compliance: may this worker work today, and if not, what is missing?"""

from collections.abc import Sequence
from datetime import date

from apicalls.documents.tree import VERSION, DocumentTree
from workers.compliance import Component, Level, Status, Summary, summary
from workers.selectors import ItemFacts, WorkerFacts
from workhub.rendering import Tree

_ROOT = "workerCompliance"
_SINGULARS = {"components": "componentSummary", "items": "item", "because": "rule"}


def build(worker: WorkerFacts, items: Sequence[ItemFacts], *, as_of: date) -> DocumentTree:
    """Return the document of one worker on the day `as_of` of the company's time zone.

    It depends on nothing else, so that equal bytes mean an unchanged answer.
    """
    next_changes = [item.next_change_on for item in items if item.next_change_on is not None]
    tree: Tree = {
        "version": VERSION,
        "asOf": as_of,
        "nextChangeOn": min(next_changes, default=None),
        "worker": _worker(worker),
        "compliance": _compliance(summary(items, is_active=worker.is_active), items),
    }
    return DocumentTree(root=_ROOT, singulars=_SINGULARS, tree=tree)


def _worker(worker: WorkerFacts) -> Tree:
    return {
        "workerIDNumber": worker.id_number or None,
        "firstName": worker.first_name,
        "middleName": worker.middle_name,
        "lastName": worker.last_name,
        "active": worker.is_active,
        "workerType": worker.worker_type,
        "position": worker.position,
        "location": worker.location,
        "division": worker.division,
    }


def _compliance(totals: Summary, items: Sequence[ItemFacts]) -> Tree:
    return {
        "compliant": totals.compliant,
        "status": totals.status,
        "percent": totals.percent,
        "required": totals.required,
        "complete": totals.complete,
        "outstanding": totals.outstanding,
        "comingDue": totals.coming_due,
        "components": [
            {
                "component": component.component,
                "required": component.required,
                "complete": component.complete,
                "percent": component.percent,
            }
            for component in totals.components
        ],
        "items": [_item(item) for item in items],
    }


def _item(item: ItemFacts) -> Tree:
    return {
        "id": f"req_{item.requirement_id}",
        "component": item.component,
        "name": item.name,
        "level": item.level,
        "status": item.status,
        "compliant": item.compliant,
        "completedOn": item.completed_on,
        "issuedOn": item.issued_on,
        "expiresOn": item.expires_on,
        "daysLeft": item.days_left,
        "certificateNumber": item.certificate_number,
        "issuer": item.issuer,
        "because": item.because,
    }


def sample() -> DocumentTree:
    """Return the document of a made-up worker, for those who look before they call."""
    as_of = date(2026, 3, 2)
    expired_on = date(2026, 2, 10)
    worker = WorkerFacts(
        id=0,
        id_number="10482",
        first_name="Dana",
        middle_name="",
        last_name="Okafor",
        is_active=True,
        worker_type="employee",
        position="Crane Operator",
        location="Calgary Yard",
        division="Construction",
    )
    first_aid = ItemFacts(
        requirement_id=44,
        component=Component.CERTIFICATE,
        name="First Aid",
        level=Level.REQUIRED,
        status=Status.EXPIRED,
        compliant=False,
        completed_on=date(2023, 2, 10),
        issued_on=date(2023, 2, 10),
        expires_on=expired_on,
        days_left=(expired_on - as_of).days,
        certificate_number="FA-88120",
        issuer="Red Cross",
        because=["Crane Operator", "Calgary Yard"],
        next_change_on=None,
    )
    site_orientation = ItemFacts(
        requirement_id=51,
        component=Component.ORIENTATION,
        name="Calgary Yard orientation",
        level=Level.REQUIRED,
        status=Status.CURRENT,
        compliant=True,
        completed_on=date(2025, 9, 1),
        issued_on=None,
        expires_on=None,
        days_left=None,
        certificate_number=None,
        issuer=None,
        because=["Calgary Yard"],
        next_change_on=None,
    )
    return build(worker, [first_aid, site_orientation], as_of=as_of)
