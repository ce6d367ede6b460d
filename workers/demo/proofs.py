"""The records of the demo: made so that each status is there to be seen."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from workers.compliance import Component, RecordState, Status, add_months
from workers.demo.cast import Person
from workers.demo.catalogue import Catalogue
from workers.models import Requirement, Worker
from workers.services import NewRecord, RecordFields

# A bit more than half of the people have everything in order.
_TIDY_SHARE = 0.55
_TIDY = {Status.CURRENT: 88, Status.COMING_DUE: 8, Status.PREQUALIFIED: 4}
_UNTIDY = {
    Status.CURRENT: 62,
    Status.COMING_DUE: 8,
    Status.EXPIRED: 8,
    Status.MISSING: 7,
    Status.WAITING_FOR_APPROVAL: 4,
    Status.IN_PROGRESS: 4,
    Status.REVIEW_AGAIN: 3,
    Status.REJECTED: 2,
    Status.PREQUALIFIED: 2,
    Status.DECLINED: 1,
    Status.REQUIRES_SUPERVISION: 1,
}
_STATES = {
    Status.CURRENT: RecordState.APPROVED,
    Status.COMING_DUE: RecordState.APPROVED,
    Status.EXPIRED: RecordState.APPROVED,
    Status.REVIEW_AGAIN: RecordState.APPROVED,
    Status.DECLINED: RecordState.DECLINED,
    Status.REQUIRES_SUPERVISION: RecordState.REQUIRES_SUPERVISION,
    Status.PREQUALIFIED: RecordState.PREQUALIFIED,
}
_RENEWED_SHARE = 0.15


def records_of(
    chance: Random,
    *,
    today: date,
    coming_due_days: int,
    catalogue: Catalogue,
    people: Mapping[int, tuple[Worker, Person]],
    requirements: Mapping[int, Requirement],
    asked: Iterable[tuple[int, int]],
) -> list[NewRecord]:
    """Return records for each (worker id, requirement id) that is `asked`."""
    issuers = catalogue.issuers
    tidy = {worker_id: chance.random() < _TIDY_SHARE for worker_id in people}
    records: list[NewRecord] = []
    for worker_id, requirement_id in asked:
        worker, person = people[worker_id]
        requirement = requirements[requirement_id]
        status = person.statuses.get(requirement.name) or _status(
            chance, requirement, _TIDY if tidy[worker_id] else _UNTIDY
        )
        for fields in _records(chance, today, coming_due_days, requirement, status):
            if issuer := issuers[requirement.name]:
                fields |= _certificate(chance, fields, issuer)
            records.append({**fields, "worker": worker, "requirement": requirement})
    return records


def _status(chance: Random, requirement: Requirement, weights: Mapping[Status, int]) -> Status:
    """Return a status that the requirement can have."""
    is_assessed = requirement.component == Component.COMPETENCY
    impossible = {
        Status.COMING_DUE: requirement.validity_months is None,
        Status.EXPIRED: requirement.validity_months is None,
        Status.REVIEW_AGAIN: requirement.version == 1,
        Status.DECLINED: not is_assessed,
        Status.REQUIRES_SUPERVISION: not is_assessed,
    }
    possible = [status for status in weights if not impossible.get(status)]
    return chance.choices(possible, [weights[status] for status in possible])[0]


def _records(
    chance: Random, today: date, coming_due_days: int, requirement: Requirement, status: Status
) -> list[RecordFields]:
    """Return the records that make the status, the one that counts last."""
    if status is Status.MISSING:
        return []
    if status is Status.IN_PROGRESS:
        return [{"state": RecordState.IN_PROGRESS, "progress": chance.randrange(10, 95, 5)}]
    if status in (Status.WAITING_FOR_APPROVAL, Status.REJECTED):
        sent: RecordFields = {
            "state": RecordState.SUBMITTED,
            "submitted_on": today - timedelta(days=chance.randrange(1, 12)),
        }
        if status is Status.REJECTED:
            sent |= {"state": RecordState.REJECTED, "note": "The scan cannot be read."}
        return [sent]
    completed_on = _completed_on(chance, today, coming_due_days, requirement, status)
    proof: RecordFields = {"state": _STATES[status], "completed_on": completed_on}
    if requirement.component == Component.ONLINE_TRAINING:
        proof["score"] = Decimal(chance.randrange(80, 101))
    if status is Status.REVIEW_AGAIN:
        proof["requirement_version"] = requirement.version - 1
    if requirement.validity_months and chance.random() < _RENEWED_SHARE:
        # What it renewed, a while before that ran out.
        before = add_months(completed_on, -requirement.validity_months) + timedelta(days=9)
        return [{"state": RecordState.APPROVED, "completed_on": before}, proof]
    return [proof]


def _completed_on(
    chance: Random, today: date, coming_due_days: int, requirement: Requirement, status: Status
) -> date:
    months = requirement.validity_months
    if months is None:
        return today - timedelta(days=chance.randrange(20, 900))
    if requirement.coming_due_days is not None:
        coming_due_days = requirement.coming_due_days
    if status is Status.EXPIRED:
        days_left = -chance.randrange(5, 200)
    elif status is Status.COMING_DUE:
        days_left = chance.randrange(5, coming_due_days - 5)
    else:
        days_left = chance.randrange(coming_due_days + 5, months * 30 - 5)
    return add_months(today + timedelta(days=days_left), -months)


def _certificate(chance: Random, fields: RecordFields, issuer: str) -> RecordFields:
    """Return what is printed on the proof."""
    if "completed_on" not in fields:
        return {}
    initials = "".join(word[0] for word in issuer.split())
    return {
        "issued_on": fields["completed_on"],
        "certificate_number": f"{initials}-{chance.randrange(10_000, 100_000)}",
        "issuer": issuer,
    }
