"""Answers to API calls as documents: from a grant and what was asked, without HTTP."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from django.conf import settings

from apicalls import rehearsal, replica
from apicalls.cursors import Cursors
from apicalls.documents import (
    compliance_changes,
    compliance_roster,
    document_path,
    expiring_requirements,
    verify,
    worker_compliance,
)
from apicalls.documents.fields import OPTIONAL_ITEMS
from apicalls.documents.tree import DocumentTree, Render, Rendered, StreamedDocument
from apicalls.key_age import pair_ends_at
from apicalls.models import APICall, Credential
from apicalls.options import DEFAULT_LIMIT, DEFAULT_WITHIN_DAYS, instant
from apicalls.parameters import (
    COMPONENT,
    CURSOR,
    DIVISION,
    DUE_BEFORE,
    FIRST_NAME,
    LAST_NAME,
    LIMIT,
    LOCATION,
    MIDDLE_NAME,
    POSITION,
    REQUIRED_ONLY,
    SINCE,
    STATUS,
    VALID_THROUGH,
    WITHIN_DAYS,
    WORKER_ID_NUMBER,
)
from apicalls.selectors import Grant, wanted_of
from workers.facts import Row, Wanted
from workers.feed import feed_end, feed_number_before, feed_page
from workers.models import Division, Location, Position
from workers.prepared import Beside
from workers.scope import Scope
from workers.selectors import (
    Filters,
    Found,
    compliance_rows,
    found_in,
    lapsing_page,
    place_id,
    roster_all,
    roster_page,
)
from workhub.problems import Problem

# What a cursor into the changes feed is signed for: all calls of a company can read it.
_CHANGES = "compliance-changes"


# --- Worker compliance -----------------------------------------------------------------


class WorkerAnswer(NamedTuple):
    """The document of the one worker whom the parameters name, and whom it tells of.

    `change_sequence` is that of FoundRows. A made-up worker has neither.
    """

    document: Rendered
    worker_id: int | None = None
    change_sequence: int | None = None


def worker_answer(
    grant: Grant,
    sent: Mapping[str, str],
    meant: Mapping[str, Any],
    *,
    render: Render,
    beside: Beside | None = None,
) -> WorkerAnswer:
    """Return the answer about one worker of the company, in the call's scope.

    This is the grant rule's (9). What is `beside` is run with the query, where one is needed.
    """
    through = meant.get(VALID_THROUGH)
    if through is not None and through < grant.today:
        raise _invalid(VALID_THROUGH, f"must be today, {grant.today.isoformat()}, or later.")
    made_up = rehearsal.rehearsed(sent, grant.today)
    if made_up:
        tree = worker_compliance.build(
            *made_up, as_of=grant.today, fields=grant.fields, through=through, is_test=True
        )
        return WorkerAnswer(Rendered.of(tree, render))
    names = (sent[FIRST_NAME], sent[MIDDLE_NAME], sent[LAST_NAME]) if FIRST_NAME in sent else None
    wanted = grant.wanted
    found = compliance_rows(
        company_id=grant.company_id,
        id_number=sent.get(WORKER_ID_NUMBER),
        names=names,
        wanted=wanted,
        beside=beside,
    )
    told = _told(found.rows, wanted, grant.today, grant.scope, grant.fields, through, render)
    return WorkerAnswer(*told, found.change_sequence)


# A gate asks about the same people every morning. Equal facts on the same day are equal bytes:
# what they are made from is all in the key, so that nothing here can be out of date.
@lru_cache(maxsize=1024)
def _told(
    rows: tuple[Row, ...],
    wanted: Wanted,
    today: date,
    scope: Scope,
    fields: frozenset[str],
    through: date | None,
    render: Render,
) -> tuple[Rendered, int]:
    """Return the document of the one worker in the rows, and who it is."""
    found = found_in(rows, wanted=wanted, today=today, scope=scope)
    if not found:
        raise Problem("worker_not_found")
    if len(found) > 1:
        raise Problem(
            "worker_ambiguous",
            detail=f"{len(found)} workers have this name. Ask by workerIDNumber, which is "
            "unique; an admin can tick WorkerIDNumber under Parameters on the details page.",
        )
    [(worker, items)] = found
    tree = worker_compliance.build(worker, items, as_of=today, fields=fields, through=through)
    return Rendered.of(tree, render), worker.id


# --- Compliance roster -----------------------------------------------------------------


def roster_of(
    grant: Grant, sent: Mapping[str, str], meant: Mapping[str, Any], using: str
) -> DocumentTree:
    """Return a page of the workers in the scope. `using` is the database that has the facts."""
    cursors = Cursors(grant.document, grant.api_call_id, _without_paging(sent))
    after = cursors.read(sent[CURSOR])[0] if CURSOR in sent else 0
    limit = meant.get(LIMIT, DEFAULT_LIMIT)
    fields = _roster_fields(grant, meant)
    latest = _latest(grant, using)
    found = roster_page(
        company_id=grant.company_id,
        today=grant.today,
        wanted=_roster_wanted(grant, fields),
        scope=grant.scope,
        filters=_filters(grant, meant, using),
        after=after,
        limit=limit + 1,
        using=using,
    )
    page = found[:limit]
    more = cursors.make([page[-1].worker.id]) if len(found) > limit else None
    return compliance_roster.build(
        page,
        as_of=grant.today,
        fields=fields,
        component=meant.get(COMPONENT),
        latest=latest,
        next_address=_next_address(grant, sent, CURSOR, more),
    )


def roster_stream(grant: Grant, meant: Mapping[str, Any]) -> StreamedDocument:
    """Return all workers in the scope as a document that is read while it is sent."""
    fields = _roster_fields(grant, meant)

    def before(using: str) -> tuple[str, str, Filters]:
        return using, _latest(grant, using), _filters(grant, meant, using)

    def found(using: str) -> Iterator[Found]:
        return roster_all(
            company_id=grant.company_id,
            today=grant.today,
            wanted=_roster_wanted(grant, fields),
            scope=grant.scope,
            filters=filters,
            using=using,
        )

    using, latest, filters = replica.read(grant, before)
    return compliance_roster.stream(
        replica.rows(grant, using, found),
        as_of=grant.today,
        fields=fields,
        component=meant.get(COMPONENT),
        latest=latest,
    )


def _roster_fields(grant: Grant, meant: Mapping[str, Any]) -> frozenset[str]:
    return grant.fields - {OPTIONAL_ITEMS} if meant.get(REQUIRED_ONLY) else grant.fields


def _roster_wanted(grant: Grant, fields: frozenset[str]) -> Wanted:
    # The scope is a condition of the query there, and no row has to be compared with it.
    return wanted_of(grant.document, fields, is_scoped=False)


def _latest(grant: Grant, using: str) -> str:
    """Return where to begin with the changes for who reads the roster now.

    It is asked for before the roster is read: what changes in between is told again, which
    changes nothing in a copy, and is never missed.
    """
    end = feed_end(company_id=grant.company_id, using=using)
    return Cursors(_CHANGES, grant.company_id).make([end])


def _filters(grant: Grant, meant: Mapping[str, Any], using: str) -> Filters:
    return Filters(
        status=meant.get(STATUS),
        component=meant.get(COMPONENT),
        position_id=_place(grant, meant, POSITION, Position, using),
        location_id=_place(grant, meant, LOCATION, Location, using),
        division_id=_place(grant, meant, DIVISION, Division, using),
        due_before=meant.get(DUE_BEFORE),
    )


def _place(
    grant: Grant, meant: Mapping[str, Any], parameter: str, kind: Any, using: str
) -> int | None:
    if parameter not in meant:
        return None
    name = meant[parameter]
    found = place_id(company_id=grant.company_id, kind=kind, name=name, using=using)
    if found is None:
        # An empty list would read as "nobody is there", and hide a name misspelt.
        raise _invalid(parameter, f"names no {parameter} of the company; it must be its name.")
    return found


# --- Expiring requirements -------------------------------------------------------------


def expiring_of(
    grant: Grant, sent: Mapping[str, str], meant: Mapping[str, Any], using: str
) -> DocumentTree:
    """Return a page of what lapses, the soonest first."""
    today = grant.today
    within_days = meant.get(WITHIN_DAYS, DEFAULT_WITHIN_DAYS)
    limit = meant.get(LIMIT, DEFAULT_LIMIT)
    cursors = Cursors(grant.document, grant.api_call_id, _without_paging(sent))
    after = None
    if CURSOR in sent:
        day, worker_id, requirement_id = cursors.read(sent[CURSOR])
        after = (date.fromisoformat(day), worker_id, requirement_id)
    rows = lapsing_page(
        company_id=grant.company_id,
        today=today,
        within_days=within_days,
        wanted=grant.wanted,
        scope=grant.scope,
        after=after,
        limit=limit + 1,
        using=using,
    )
    page = rows[:limit]
    more = None
    if len(rows) > limit:
        worker, item = page[-1]
        more = cursors.make([str(item.expires_on), worker.id, item.requirement_id])
    return expiring_requirements.build(
        page,
        as_of=today,
        within_days=within_days,
        fields=grant.fields,
        next_address=_next_address(grant, sent, CURSOR, more),
    )


# --- Compliance changes ----------------------------------------------------------------


def changes_of(
    grant: Grant, sent: Mapping[str, str], meant: Mapping[str, Any], using: str
) -> DocumentTree:
    """Return what has become of the workers in the scope since then."""
    cursors = Cursors(_CHANGES, grant.company_id)
    page = feed_page(
        company_id=grant.company_id,
        today=grant.today,
        wanted=grant.wanted,
        scope=grant.scope,
        after=_since(grant, meant.get(SINCE), cursors, using),
        limit=meant.get(LIMIT, DEFAULT_LIMIT),
        using=using,
    )
    latest = cursors.make([page.latest])
    return compliance_changes.build(
        page.rows,
        fields=grant.fields,
        latest=latest,
        next_address=_next_address(grant, sent, SINCE, None if page.is_last else latest),
    )


def _since(grant: Grant, since: str | None, cursors: Cursors, using: str) -> int:
    if since is None:
        return 0
    at = instant(since)
    if at is not None:
        return feed_number_before(company_id=grant.company_id, at=at, using=using)
    number: int = cursors.read(since)[0]
    return number


# --- Verify ----------------------------------------------------------------------------


def verification_of(grant: Grant, address: str | None) -> DocumentTree:
    """Return which call this is, with which pair, and what it will be served."""
    api_call = APICall.objects.select_related("template").get(pk=grant.api_call_id)
    credential = Credential.objects.get(pk=grant.credential_id)
    ends = [at for at in (grant.ends_at, pair_ends_at(grant.created_at, grant)) if at is not None]
    return verify.build(
        verify.VerifyFacts(
            code=str(api_call.code),
            name=api_call.name,
            template=api_call.template.name,
            document=api_call.template.document,
            website_address=api_call.website_address(),
            output_format=api_call.output_format,
            parameters=grant.parameter_names,
            fields=api_call.field_groups,
            rate_limit=grant.rate_limit,
            client_key=credential.client_key,
            created_at=credential.created_at,
            ends_at=min(ends, default=None),
            expires_on=api_call.expires_on,
            is_ready=api_call.is_ready(),
            address=address,
        )
    )


# --- Parts of the above ----------------------------------------------------------------


def _without_paging(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the filters: what has to stay the same from page to page."""
    return {name: value for name, value in sent.items() if name not in {LIMIT, CURSOR}}


def _next_address(
    grant: Grant, sent: Mapping[str, str], parameter: str, cursor: str | None
) -> str | None:
    """Return the address of the next page, or None when there is none."""
    if cursor is None:
        return None
    kept = [(name, value) for name, value in sent.items() if name != parameter]
    query = urlencode([*kept, (parameter, cursor)], quote_via=quote)
    return f"{settings.SITE_URL}{document_path(grant.document)}?{query}"


def _invalid(parameter: str, complaint: str) -> Problem:
    message = f"{parameter} {complaint}"
    errors = [{"parameter": parameter, "message": message}]
    return Problem("invalid_parameter", detail=message, errors=errors)
