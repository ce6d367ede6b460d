"""Writes to companies and people, each with its line in the audit trail."""

from collections.abc import Mapping

from django.db import models

from accounts.models import AuditEvent, Company, User


def audit_event_add(
    *,
    company: Company,
    actor: User | None,
    action: str,
    subject: models.Model,
    changes: Mapping[str, list[str]] | None = None,
    address: str | None = None,
) -> AuditEvent:
    """Record that `actor` (None: the system itself) did `action` to `subject`.

    `changes` maps a field to its text before and after; callers keep secrets out of it.
    Call it inside the transaction of the change, so that neither stands without the other.
    """
    return AuditEvent.objects.create(
        company=company,
        actor=actor,
        actor_name=str(actor) if actor else "Workhub",
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=str(getattr(subject, "code", subject.pk)),
        subject_name=str(subject)[:300],
        changes=dict(changes or {}),
        address=address,
    )
