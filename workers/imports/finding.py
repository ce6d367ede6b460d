"""Which worker a row is about: by ID#, otherwise by a full name that only one has."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from accounts.models import Company
from workers.models import Worker
from workers.services.writing import batches

# Key of a row (drafts.id_key, drafts.name_key) -> ids of the workers who have it.
Found = dict[str, list[int]]


def find_workers(*, company: Company, keys: Collection[str], up_to: int | None = None) -> Found:
    """Return the workers of the company by key, with two queries for each couple of thousand.

    With `up_to`, only workers up to that id are looked at.
    """
    workers = Worker.objects.for_company(company)
    if up_to is not None:
        workers = workers.filter(pk__lte=up_to)
    found: defaultdict[str, list[int]] = defaultdict(list)
    for sign, column in (("#", "id_number_folded"), ("=", "name_folded")):
        wanted = sorted({key[1:] for key in keys if key.startswith(sign)})
        for some in batches(wanted):
            for pk, text in _rows(workers, column, some):
                found[sign + text].append(pk)
    return found


def _rows(
    workers: QuerySet[Worker], column: str, wanted: Iterable[str]
) -> Iterable[tuple[int, str]]:
    return workers.filter(**{f"{column}__in": wanted}).values_list("pk", column)
