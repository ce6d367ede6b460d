"""Reads behind the page of one worker: what is asked, why, and what there is to show for it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from django.db.models import F, QuerySet

from accounts.audit.models import AuditEvent
from accounts.models import Company
from workers.compliance import Component, RecordState, Status, Summary, status_on, summary
from workers.models import Record, Worker, WorkerRequirement
from workers.scope import EVERYBODY, Scope
from workers.selectors import ItemFacts, WorkerFacts, worker_items

# Records of one worker that a page shows, newest first: far more than a life at work makes.
RECORDS_LIMIT = 500
EVENTS_SHOWN = 10

_RENEWABLE = frozenset(
    {
        Status.CURRENT,
        Status.COMING_DUE,
        Status.EXPIRED,
        Status.REVIEW_AGAIN,
        Status.PREQUALIFIED,
    }
)


@dataclass(slots=True)
class ShownRecord:
    record: Record
    # Whether the worker's status comes from this one.
    counts: bool = False

    @property
    def is_waiting(self) -> bool:
        return self.record.state == RecordState.SUBMITTED


@dataclass(slots=True)
class ShownItem:
    """What one requirement is to the worker, with the history of its records, newest first."""

    facts: ItemFacts
    records: list[ShownRecord] = field(default_factory=list)

    @property
    def renewable(self) -> Record | None:
        """Return the proof that a new record would follow; None where there is none yet."""
        if self.facts.status not in _RENEWABLE:
            return None
        return next((shown.record for shown in self.records if shown.counts), None)

    @property
    def waiting(self) -> int:
        return sum(shown.is_waiting for shown in self.records)


@dataclass(slots=True)
class ShownComponent:
    component: Component
    items: list[ShownItem]
    # Of the required ones.
    required: int
    complete: int


@dataclass(slots=True)
class Profile:
    summary: Summary
    components: list[ShownComponent]
    # Records for what is not asked of the worker today.
    other_records: list[ShownRecord]
    record_ids: list[int]


def profile_of(*, worker: Worker, today: date) -> Profile:
    """Return how the worker stands on the day, by the same rules as the API. Three queries.

    Expects `position` and `location__division` to be selected.
    """
    items = worker_items(worker=_facts(worker), today=today)
    records = _records(worker)
    asked = {item.requirement_id for item in items}
    return Profile(
        summary=summary(items, is_active=worker.is_active),
        components=list(_components(items, records)),
        other_records=[
            shown
            for requirement_id, of_one in records.items()
            if requirement_id not in asked
            for shown in of_one
        ],
        record_ids=[shown.record.pk for of_one in records.values() for shown in of_one],
    )


def events_of(*, company: Company, worker: Worker, record_ids: Sequence[int]) -> list[AuditEvent]:
    """Return what was done to the worker and these records, newest first. Two queries."""
    events = AuditEvent.objects.for_company(company).order_by("-id")
    about_worker = events.filter(subject_type="workers.worker", subject_id=str(worker.pk))
    about_records = events.filter(
        subject_type="workers.record", subject_id__in=[str(pk) for pk in record_ids]
    )
    # Apart, so that each follows the index by subject.
    found = [*about_worker[:EVENTS_SHOWN], *about_records[:EVENTS_SHOWN]]
    return sorted(found, key=lambda event: event.pk, reverse=True)[:EVENTS_SHOWN]


def item_status(*, record: Record, today: date) -> tuple[Status, date | None] | None:
    """Return how the record's worker stands with its requirement, and the last valid day.

    None when nobody asks it of the worker.
    """
    row = (
        WorkerRequirement.objects.filter(
            worker_id=record.worker_id, requirement_id=record.requirement_id
        )
        .values_list("standing", "coming_due_on", "expires_on")
        .first()
    )
    if row is None:
        return None
    standing, coming_due_on, expires_on = row
    return status_on(Status(standing), coming_due_on, expires_on, today), expires_on


def records_waiting(
    *, company: Company, requirement_id: int | None = None, limit: Scope = EVERYBODY
) -> QuerySet[Record]:
    """Return the records that wait for approval, of workers and requirements in use."""
    records = Record.objects.filter(
        limit.condition("worker__"),
        state=RecordState.SUBMITTED,
        worker__company=company,
        worker__is_active=True,
        requirement__is_active=True,
    ).select_related("worker__position", "worker__location", "requirement")
    if requirement_id is not None:
        records = records.filter(requirement=requirement_id)
    return records.order_by(F("submitted_on").asc(nulls_last=True), "pk")


def _facts(worker: Worker) -> WorkerFacts:
    position, location = worker.position, worker.location
    return WorkerFacts(
        id=worker.pk,
        id_number=worker.id_number,
        first_name=worker.first_name,
        middle_name=worker.middle_name,
        last_name=worker.last_name,
        is_active=worker.is_active,
        worker_type=worker.worker_type,
        position=position.name if position else None,
        location=location.name if location else None,
        division=location.division.name if location and location.division else None,
    )


def _records(worker: Worker) -> dict[int, list[ShownRecord]]:
    """Return the worker's records by requirement, newest first."""
    rows = Record.objects.filter(worker=worker).select_related("requirement", "approved_by")
    counting = set(
        WorkerRequirement.objects.filter(worker=worker).values_list("record_id", flat=True)
    )
    records: defaultdict[int, list[ShownRecord]] = defaultdict(list)
    for record in rows.order_by("-pk")[:RECORDS_LIMIT]:
        record.worker = worker  # the page names whose it is
        records[record.requirement_id].append(ShownRecord(record, record.pk in counting))
    return dict(records)


def _components(
    items: Sequence[ItemFacts], records: dict[int, list[ShownRecord]]
) -> Iterator[ShownComponent]:
    for component, of_one in groupby(items, key=lambda item: item.component):
        shown = [ShownItem(item, records.get(item.requirement_id, [])) for item in of_one]
        required = [item for item in shown if item.facts.level == "required"]
        yield ShownComponent(
            component, shown, len(required), sum(item.facts.compliant for item in required)
        )
