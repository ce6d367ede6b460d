"""What a call would answer with the settings on the page: about a real worker, if there is one."""

from dataclasses import dataclass
from typing import Any

from accounts.models import Company
from apicalls.documents import (
    as_text,
    compliance_roster,
    expiring_requirements,
    sample_document,
    worker_compliance,
)
from apicalls.documents.sample_facts import LATEST
from apicalls.documents.tree import DocumentTree
from apicalls.models import APICall, Document
from apicalls.options import DEFAULT_WITHIN_DAYS
from apicalls.selectors import wanted_of
from workers.facts import Found
from workers.scope import Scope
from workers.selectors import COUNT_LIMIT, Filters, lapsing_page, number_in_scope, roster_page

# Workers or items in the sample of a list.
_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """`about` names the worker whom it is about, "" for a made-up one."""

    text: str
    about: str
    workers: int

    @property
    def is_counted_out(self) -> bool:
        return self.workers <= COUNT_LIMIT


def sample_of(
    *, api_call: APICall, output_format: str, fields: frozenset[str], scope: Scope
) -> Sample:
    """Return what would be served, by the code that serves it."""
    company = api_call.company
    document, about = _real(company, api_call.template.document, fields, scope)
    if document is None:
        document = sample_document(api_call.template.document, fields)
    return Sample(
        text=as_text(document, output_format),
        about=about,
        workers=number_in_scope(company=company, scope=scope),
    )


def _real(
    company: Company, document: str, fields: frozenset[str], scope: Scope
) -> tuple[DocumentTree | None, str]:
    """Return the document about real workers and whom it is about; None without any."""
    today = company.today()
    read: dict[str, Any] = {
        "company_id": company.pk,
        "today": today,
        "wanted": wanted_of(document, fields, is_scoped=False),
        "scope": scope,
    }
    if document == Document.EXPIRING_REQUIREMENTS:
        rows = lapsing_page(**read, within_days=DEFAULT_WITHIN_DAYS, after=None, limit=_SHOWN)
        tree = expiring_requirements.build(
            rows,
            as_of=today,
            within_days=DEFAULT_WITHIN_DAYS,
            fields=fields,
            next_address=None,
        )
        return (tree, _called(rows[0].worker)) if rows else (None, "")
    if document == Document.COMPLIANCE_CHANGES:
        return None, ""  # what has changed is told by the feed, not by a sample of it
    found: list[Found] = roster_page(**read, filters=Filters(), after=0, limit=_SHOWN)
    if not found:
        return None, ""
    worker, items = found[0]
    if document == Document.WORKER_COMPLIANCE:
        tree = worker_compliance.build(worker, items, as_of=today, fields=fields)
    else:
        tree = compliance_roster.build(
            found, as_of=today, fields=fields, latest=LATEST, next_address=None
        )
    return tree, _called(worker)


def _called(worker: Any) -> str:
    names = " ".join(filter(None, (worker.first_name, worker.last_name)))
    return ", ".join(filter(None, (names, worker.id_number))) or f"wkr_{worker.id}"
