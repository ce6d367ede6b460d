"""Days that pass: what they change is worked out for each answer, and told to the feed here."""

from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Company
from workers.changes import Change, Timeline, Told, append, changes_of
from workers.compliance import Status, next_change_on, status_on
from workers.derivation import lock
from workers.models import Cause, WorkerRequirement

_BATCH = 2000


def follow_dates(*, company: Company) -> int:
    """Tell the changes feed what days that have passed have changed; return how many rows.

    Run it daily. Run late, it tells the same rows with the same days; run twice or by two
    at once, it tells each once.
    """
    told = 0
    if not _due(company, _today(company)).exists():
        return 0  # without the lock, which gives the company another stamp
    while True:
        # A transaction for each batch, so that nobody waits for the whole company.
        with transaction.atomic():
            lock(company=company)
            changes = _passed(company)
            append(company=company, changes=changes)
        if not changes:
            return told
        told += len(changes)


def _passed(company: Company) -> list[Change]:
    """Note a batch of rows as told, and return what is to tell of them."""
    today = _today(company)
    rows = list(_due(company, today).order_by("next_change_on", "pk")[:_BATCH])
    changes: list[Change] = []
    for row in rows:
        before = Timeline(
            told=Told(row.level, row.status),
            standing=Status(row.standing),
            coming_due_on=row.coming_due_on,
            expires_on=row.expires_on,
            next_change_on=row.next_change_on,
        )
        dates = (before.standing, before.coming_due_on, before.expires_on, today)
        row.status, row.next_change_on = status_on(*dates), next_change_on(*dates)
        changes += changes_of(
            worker_id=row.worker_id,
            requirement_id=row.requirement_id,
            before=before,
            after=Told(row.level, row.status),
            today=today,
            cause=Cause.DATE,
        )
    WorkerRequirement.objects.bulk_update(rows, ["status", "next_change_on"], batch_size=500)
    return changes


def _due(company: Company, today: date) -> QuerySet[WorkerRequirement]:
    return WorkerRequirement.objects.filter(worker__company=company, next_change_on__lte=today)


def _today(company: Company) -> date:
    # Not the caller's company: its time zone may have been changed before the lock.
    return Company.objects.get(pk=company.pk).today()
