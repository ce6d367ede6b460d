"""Finding the first entry of a trail that is not what it was."""

import logging
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.audit import chain
from accounts.audit.models import AuditEvent, AuditHead
from accounts.batches import in_batches
from accounts.models import Company

logger = logging.getLogger(__name__)

_BATCH = 2000


class Fault(StrEnum):
    """What is wrong with the first entry that does not hold."""

    MISSING = "it is missing"
    CHANGED = "it was changed, or does not follow the entry before it"
    ADDED = "it was added past the end of the trail"
    NOT_AS_KEPT = "its digest is not the one that was kept"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a trail holds: up to the entry `sequence`, whose digest is `digest`.

    `broken_at` is the number of the first entry that does not hold, and `fault` why.
    """

    sequence: int
    digest: str
    broken_at: int | None = None
    fault: Fault | None = None

    @property
    def holds(self) -> bool:
        return self.broken_at is None


def verify(*, company: Company, kept: Mapping[int, str] | None = None) -> Verdict:
    """Follow the company's chain from its beginning to its end.

    `kept` maps numbers of entries to the digests that somebody has written down elsewhere:
    whoever can write every row of a database can write a whole chain anew, but not those.
    Entries that are added meanwhile are left for the next time.
    """
    kept = dict(kept or {})
    head = AuditHead.objects.filter(company=company).first() or AuditHead(company=company)
    sequence, digest = 0, chain.BEGINNING
    with closing(_events(company, up_to=head.sequence)) as events:
        for event in events:
            wanted = sequence + 1
            if event.sequence != wanted:
                return Verdict(sequence, digest, wanted, Fault.MISSING)
            if event.digest != event.digest_after(digest):
                return Verdict(sequence, digest, wanted, Fault.CHANGED)
            if kept.get(wanted, event.digest) != event.digest:
                return Verdict(sequence, digest, wanted, Fault.NOT_AS_KEPT)
            sequence, digest = wanted, event.digest
    if sequence < max(head.sequence, *kept, 0):
        return Verdict(sequence, digest, sequence + 1, Fault.MISSING)
    if digest != head.digest:
        return Verdict(max(sequence - 1, 0), digest, max(sequence, 1), Fault.CHANGED)
    past = _past_the_end(company)
    if past is not None:
        return Verdict(sequence, digest, past, Fault.ADDED)
    return Verdict(sequence, digest)


def verify_and_note(*, company: Company, kept: Mapping[int, str] | None = None) -> Verdict:
    """Verify the company's chain, and keep the outcome for the page "Activity"."""
    verdict = verify(company=company, kept=kept)
    AuditHead.objects.filter(company=company).update(
        verified_at=timezone.now(),
        verified_sequence=verdict.sequence,
        broken_at=verdict.broken_at,
    )
    return verdict


def verify_and_log(*, company: Company) -> int:
    """Verify the company's chain, tell the server's log where it ends, and return what is new.

    The line is what `verify_audit --against` reads: in a log that is kept elsewhere it shows
    later that a whole trail was written anew.
    """
    before = AuditHead.objects.filter(company=company).first()
    verdict = verify_and_note(company=company)
    level = logging.INFO if verdict.holds else logging.CRITICAL
    logger.log(level, "Audit trail: %s", line_of(company, verdict))
    return max(0, verdict.sequence - before.verified_sequence) if before else 0


def line_of(company: Company, verdict: Verdict) -> str:
    """Return in one line how far a trail holds, to be printed and kept."""
    line = f"company {company.pk}, entry {verdict.sequence}, digest {verdict.digest}"
    if verdict.holds:
        return f"{line}, holds, {company.name}"
    return f"{line}, BROKEN at entry {verdict.broken_at}: {verdict.fault}, {company.name}"


def _events(company: Company, *, up_to: int) -> Generator[AuditEvent, None, None]:
    events = AuditEvent.objects.for_company(company).filter(sequence__lte=up_to)
    return in_batches(events.order_by("sequence"), _BATCH)


def _past_the_end(company: Company) -> int | None:
    """Return the first entry that is numbered higher than the end of the trail, in one query.

    Who adds one writes both in one transaction, so that at no moment there is such a row.
    """
    reaches_it = AuditHead.objects.filter(company=company, sequence__gte=OuterRef("sequence"))
    return (
        AuditEvent.objects.for_company(company)
        .filter(~Exists(reaches_it))
        .order_by("sequence")
        .values_list("sequence", flat=True)
        .first()
    )
