"""Reads behind the list of workers: which, in what order, and how each one stands.

A company can have a million workers, so conditions are such that the database can stop
as soon as a page is full, and what is shown per worker is read for that page only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import NamedTuple

from django.db.models import Count, Exists, F, OrderBy, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.batches import in_batches
from accounts.exports import Cell
from accounts.models import Company
from workers import labels
from workers.compliance import Status, Summary, WorkerStatus
from workers.folding import fold
from workers.models import Worker, WorkerRequirement, WorkerType
from workers.scope import EVERYBODY, Scope
from workers.statuses import Figures, figures_of, status_is, worker_status_is

# Words of a search that are looked for; each costs a look at every worker.
_WORDS_LIMIT = 8
# Words of a name that are tried as first, middle and last name.
_NAME_WORDS_LIMIT = 12
# Workers per round of an export.
_BATCH = 1000
SUGGESTIONS = 10
# What the panel on look-ups counts at most.
QUALITY_LIMIT = 10_000

# What the list can be sorted by: key in the address -> columns, the last one unique.
SORTS: dict[str, tuple[str, ...]] = {
    "name": ("name_folded", "pk"),
    "id_number": ("id_number_folded", "pk"),
    "position": ("position__name", "name_folded", "pk"),
    "location": ("location__name", "name_folded", "pk"),
}


class Listed(NamedTuple):
    """One line of the list."""

    worker: Worker
    summary: Summary
    first_due_on: date | None


class LookupQuality(NamedTuple):
    """What look-ups by ID# and by name would miss; each up to QUALITY_LIMIT."""

    without_id_number: int
    shared_names: int


def workers_listed(
    *,
    company: Company,
    today: date,
    limit: Scope = EVERYBODY,
    search: str = "",
    division_id: int | None = None,
    location_id: int | None = None,
    position_id: int | None = None,
    worker_type: str = "",
    is_active: bool | None = None,
    status: str = "",
    item_status: str = "",
    lookup: str = "",
) -> QuerySet[Worker]:
    """Return the company's workers to whom all of that applies; what is empty is not asked.

    `limit` is what of the company the person who asks gets to see.
    Each word of `search` must be in a name, the ID# or the e-mail. `status` is that of the
    worker, `item_status` one that any of their items has. `lookup` is "no_id_number" or
    "shared_name".
    """
    workers = _searched(Worker.objects.for_company(company).filter(limit.condition()), search)
    asked = {
        "location__division": division_id,
        "location": location_id,
        "position": position_id,
        "worker_type": worker_type or None,
        "is_active": is_active,
    }
    workers = workers.filter(**{name: value for name, value in asked.items() if value is not None})
    if status:
        workers = workers.filter(worker_status_is(WorkerStatus(status), today))
    if item_status:
        items = WorkerRequirement.objects.filter(worker=OuterRef("pk"))
        workers = workers.filter(Exists(items.filter(status_is(Status(item_status), today))))
    if lookup == "no_id_number":
        workers = workers.filter(id_number_folded=None)
    elif lookup == "shared_name":
        workers = workers.filter(name_folded__in=_shared_names(company))
    return workers


def order_by(sort: str) -> list[OrderBy]:
    """Return the order for `sort`: a key of SORTS, with "-" in front to turn it round.

    Who has no such value comes last, and first when turned round: as indexes have it.
    """
    columns = SORTS.get(sort.removeprefix("-"), SORTS["name"])
    if sort.startswith("-"):
        return [F(column).desc(nulls_first=_nullable(column)) for column in columns]
    return [F(column).asc(nulls_last=_nullable(column)) for column in columns]


def listed(workers: QuerySet[Worker] | Sequence[Worker], *, today: date) -> list[Listed]:
    """Return how each of the workers stands on the day, in one query and theirs."""
    rows = list(workers)
    figures = figures_of((worker.pk for worker in rows if worker.is_active), today)
    return [
        Listed(worker, found.summary(is_active=worker.is_active), found.first_due_on)
        for worker in rows
        for found in [figures.get(worker.pk, Figures())]
    ]


def export_header() -> list[str]:
    return [
        _("ID#"),
        _("First name"),
        _("Middle name"),
        _("Last name"),
        _("E-mail"),
        _("Worker type"),
        _("Position"),
        _("Location"),
        _("Division"),
        _("Hired on"),
        _("Compliance"),
        _("Percent"),
        _("Required"),
        _("Done"),
        _("Left"),
        _("Coming due"),
        _("First due on"),
    ]


def export_rows(workers: QuerySet[Worker], *, today: date) -> Iterator[list[Cell]]:
    """Return the lines of an export, read in batches: its memory does not grow with them."""
    # Words of now: lines are read while they are sent, when the language of the request is gone.
    statuses = {status: str(word) for status, word in labels.WORKER_STATUSES.items()}
    types = {kind: str(word) for kind, word in WorkerType.choices}
    return (
        _export_row(line, statuses, types)
        for batch in _batches(in_batches(workers, _BATCH))
        for line in listed(batch, today=today)
    )


def _export_row(line: Listed, statuses: Mapping[str, str], types: Mapping[str, str]) -> list[Cell]:
    worker, summary, first_due_on = line
    position, location = worker.position, worker.location
    return [
        worker.id_number,
        worker.first_name,
        worker.middle_name,
        worker.last_name,
        worker.email,
        types[worker.worker_type],
        position.name if position else "",
        location.name if location else "",
        location.division.name if location and location.division else "",
        worker.hired_on,
        statuses[summary.status],
        summary.percent,
        summary.required,
        summary.complete,
        summary.outstanding,
        summary.coming_due,
        first_due_on,
    ]


def lookup_quality(*, company: Company) -> LookupQuality:
    """Return how many active workers have no ID#, and how many full names are shared."""
    nameless = Worker.objects.for_company(company).filter(is_active=True, id_number_folded=None)
    return LookupQuality(
        without_id_number=nameless[:QUALITY_LIMIT].count(),
        shared_names=_shared_names(company)[:QUALITY_LIMIT].count(),
    )


def workers_called(*, company: Company, text: str, limit: Scope = EVERYBODY) -> list[Worker]:
    """Return the workers whose ID# or full name is `text`, at most two of a name.

    "Dana Okafor (10482)", which is how one is suggested, is found by the ID#.
    """
    workers = Worker.objects.for_company(company).filter(limit.condition()).order_by("pk")
    folded = fold(text)
    suggested = folded.removesuffix(")").rpartition("(")[2].strip()
    for id_number in dict.fromkeys((suggested, folded)):
        if id_number and (found := list(workers.filter(id_number_folded=id_number))):
            return found
    return list(workers.filter(name_folded__in=_name_splits(folded))[:2])


def workers_suggested(*, company: Company, text: str, limit: Scope = EVERYBODY) -> QuerySet[Worker]:
    """Return the first active workers who fit what has been typed so far."""
    workers = Worker.objects.for_company(company).filter(limit.condition(), is_active=True)
    if not fold(text):
        return workers.none()
    return _searched(workers, text).order_by("name_folded", "pk")[:SUGGESTIONS]


def _searched(workers: QuerySet[Worker], search: str) -> QuerySet[Worker]:
    for word in fold(search).split()[:_WORDS_LIMIT]:
        workers = workers.filter(
            Q(name_folded__contains=word)
            | Q(id_number_folded__contains=word)
            | Q(email__icontains=word)
        )
    return workers


def _shared_names(company: Company) -> QuerySet[Worker, str]:
    """Return the folded full names that an active worker shares with anybody.

    Also with somebody who left: the API would find both, and answer neither.
    """
    return (
        Worker.objects.for_company(company)
        .order_by()
        .values("name_folded")
        .annotate(number=Count("pk"), active=Count("pk", filter=Q(is_active=True)))
        .filter(number__gt=1, active__gt=0)
        .values_list("name_folded", flat=True)
    )


def _name_splits(folded: str) -> list[str]:
    """Return the folded names (folding.fold_name) that the words can be read as."""
    words = folded.split()
    if len(words) > _NAME_WORDS_LIMIT:
        return []
    return [
        "\n".join(" ".join(part) for part in (words[:first], words[first:last], words[last:]))
        for first in range(1, len(words))
        for last in range(first, len(words))
    ]


def _nullable(column: str) -> bool | None:
    return None if column in {"pk", "name_folded"} else True


def _batches(workers: Iterable[Worker]) -> Iterator[list[Worker]]:
    remaining = iter(workers)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
