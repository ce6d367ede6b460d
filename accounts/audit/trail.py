"""Writing the audit trail."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db import models, transaction

from accounts.addresses import acting_address
from accounts.audit.models import AuditEvent, AuditHead
from accounts.models import Company, User

# The models of things that the page "Activity" can be asked for; apps add theirs in
# AppConfig.ready(). Of nothing else is written.
subject_types: list[type[models.Model]] = []


class Done(NamedTuple):
    """What was done to one thing; `changes` maps a field to its text before and after.

    Whoever makes one keeps secrets out of it.
    """

    action: str
    subject: models.Model
    changes: Mapping[str, list[str]]


def audit_event_add(
    *,
    company: Company,
    actor: User | None,
    action: str,
    subject: models.Model,
    changes: Mapping[str, list[str]] | None = None,
    actor_name: str = "",
) -> AuditEvent:
    """Record that `actor` (None: the system itself) did `action` to `subject`.

    `actor_name` says who it was when that was nobody with a login. Where they were is known
    from the request (accounts/addresses.py). Call it at the end of the transaction of the
    change: neither stands without the other, and whoever is next waits until then.
    """
    done = Done(action, subject, changes or {})
    [event] = audit_events_add(company=company, actor=actor, done=[done], actor_name=actor_name)
    return event


@transaction.atomic(savepoint=False)
def audit_events_add(
    *, company: Company, actor: User | None, done: Iterable[Done], actor_name: str = ""
) -> list[AuditEvent]:
    """Record several things as `audit_event_add` does one, in as few queries."""
    head = _locked_head(company)
    name = actor_name or (str(actor) if actor else "Workhub")
    events = []
    for action, subject, changes in done:
        if subject._meta.model not in subject_types:
            raise TypeError(f"{subject._meta.object_name} is not one of the subject_types")
        event = AuditEvent(
            company=company,
            sequence=head.sequence + 1,
            actor=actor,
            actor_name=name,
            action=action,
            subject_type=subject._meta.label_lower,
            subject_id=str(getattr(subject, "code", subject.pk)),
            subject_name=str(subject)[:300],
            changes=dict(changes),
            address=acting_address(),
        )
        event.digest = event.digest_after(head.digest)
        head.sequence, head.digest = event.sequence, event.digest
        events.append(event)
    AuditEvent.objects.bulk_create(events, batch_size=500)
    AuditHead.objects.filter(pk=head.pk).update(sequence=head.sequence, digest=head.digest)
    return events


def own_event_add(
    *, person: User, action: str, changes: Mapping[str, list[str]] | None = None
) -> None:
    """Record what a person did about themselves; an operator's belongs to no company's trail."""
    if person.company is not None:
        audit_event_add(
            company=person.company, actor=person, action=action, subject=person, changes=changes
        )


def _locked_head(company: Company) -> AuditHead:
    heads = AuditHead.objects.select_for_update(no_key=True).filter(company=company)
    head = heads.first()
    if head is None:
        # Of two who add the first entry of a company, one makes the row and the other waits.
        AuditHead.objects.bulk_create([AuditHead(company=company)], ignore_conflicts=True)
        head = heads.get()
    return head
