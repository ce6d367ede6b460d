"""Fill the installation of the environment: companies, workers with their items, request log.

    python -m bench.rows --workers 1000000 --log-rows 10000000

Workers and their items are copies of the demo's. The log's rows go back over 13 months, with
callers, pairs and versions that are there, and most of them are of the first company's calls.
They are counted as `manage.py tick` does it, which then goes on from there.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402 (only now there are models)
from django.db import connection  # noqa: E402
from django.db.models import Max, Min  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Company  # noqa: E402
from apicalls import services  # noqa: E402
from apicalls.demo import GATE_CODE  # noqa: E402
from apicalls.models import (  # noqa: E402
    APICall,
    APITemplate,
    Caller,
    CountedUntil,
    Credential,
    Document,
    RefusedRequests,
    RequestCount,
    RequestDayCount,
)
from apicalls.partitions import partitions_ensure  # noqa: E402
from apicalls.usage.counts import SETTLED, quarter_of  # noqa: E402
from workers.demo import demo_load  # noqa: E402
from workers.demo.multiply import multiply  # noqa: E402
from workers.models import ComplianceChange, Worker  # noqa: E402

# 13 months; the request log is kept for 400 days.
DAYS = 395
CALLERS_OF_A_CALL = 20
_BATCH = 500_000

# Rows of the numbers from %s to %s, %s apart. `h` and `g` are numbers below 2**32 that follow
# from a row's own without any order; `p` is one from 0 to 99, `n` that of a program: of three in
# four rows one of the first, which are the demo's. One row in a thousand is about the first
# worker, whom everybody asks about.
_INSERT = """
INSERT INTO apicalls_requestlog (at, api_call_id, credential_id, request_id, status, code,
    milliseconds, size, is_test, output_format, address, client, caller_id, lookup, lookup_hash,
    worker_id, change_sequence, served_version_id)
WITH RECURSIVE numbers(i) AS (
    SELECT CAST(%s AS bigint) UNION ALL SELECT i + %s FROM numbers WHERE i + %s <= %s
), hashed AS (
    SELECT i, i * 2654435761 % 4294967296 AS h, i * 2246822519 % 4294967296 AS g FROM numbers
    WHERE {condition}
), drawn AS (
    SELECT i, h, g, h / 1048576 % 100 AS p,
        CASE WHEN g / 4194304 % 4 < 3 THEN g / 256 % {of_demo} ELSE g / 256 % {programs} END AS n
    FROM hashed
), joined AS (
    SELECT drawn.i, h, p, programs.*, CASE
        WHEN lookup = '' OR p >= 96 THEN NULL
        WHEN i % 1000 = 0 THEN first_worker
        ELSE first_worker + h / 16 % workers END AS worker_id
    FROM drawn JOIN programs ON programs.n = drawn.n
)
SELECT {at}, api_call_id, credential_id, {request_id},
    CASE WHEN p < 94 THEN 200 WHEN p < 96 THEN 304 WHEN p < 99 THEN 404 ELSE 503 END,
    CASE WHEN p < 96 THEN '' WHEN p < 99 THEN 'worker_not_found'
        ELSE 'temporarily_unavailable' END,
    5 + p % 7, 1200, false, output_format, address{inet}, client, caller_id, lookup,
    CASE WHEN lookup = '' THEN '' ELSE COALESCE('of-' || worker_id, 'of-nobody') END,
    worker_id, CASE WHEN worker_id IS NULL THEN NULL ELSE sequence END, served_version_id
FROM joined
"""
# What the two databases write differently.
_WORDS = {
    "postgresql": {
        "at": "CAST(%s AS timestamptz) + i * %s * interval '1 second'",
        "request_id": "md5(CAST(i AS text))",
        "inet": "::inet",
    },
    "sqlite": {
        "at": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', julianday(%s) + i * %s / 86400.0)",
        "request_id": "lower(hex(randomblob(16)))",
        "inet": "",
    },
}
# As apicalls/usage/counts.py has it.
_COUNT = """
INSERT INTO apicalls_requestcount
    (api_call_id, begins_at, caller_id, served_version_id, status, times)
SELECT api_call_id, date_bin('15 minutes', at, 'epoch'), caller_id, served_version_id, status,
    count(*) FROM apicalls_requestlog WHERE NOT is_test AND at < %(end)s GROUP BY 1, 2, 3, 4, 5
UNION ALL
SELECT api_call_id, date_bin('15 minutes', at, 'epoch'), NULL, NULL, status, sum(times)
    FROM apicalls_refusedrequests
    WHERE api_call_id IS NOT NULL AND at < %(end)s GROUP BY 1, 2, 5
ORDER BY 2
"""
_COLUMNS = (
    "n integer PRIMARY KEY, api_call_id bigint, credential_id bigint, served_version_id bigint, "
    "output_format varchar(4), caller_id bigint, address varchar(40), client varchar(200), "
    "lookup varchar(20), first_worker bigint, workers bigint, sequence bigint"
)


def companies_add(number: int) -> None:
    """Add companies with two dozen workers and an API call each, beside those of the demo."""
    template = APITemplate.objects.get(code="worker-compliance")
    for count in range(number):
        company = Company.objects.create(name=f"Company {count + 1}", time_zone="America/Edmonton")
        demo_load(company=company, size="second", by=None)
        services.api_call_add(company=company, template=template, by=None)


def workers_add(number: int) -> None:
    """Copy the first company's workers with items, records and feed until there are so many."""
    company = Company.objects.get(name="Northern Build")
    for reached in multiply(company=company, workers=number):
        print(f"{reached} workers", file=sys.stderr)


def log_add(rows: int, *, days: int = DAYS) -> None:
    """Add so many rows to the request log, evenly over the last `days`, and count them."""
    begin = timezone.now() - timedelta(days=days)
    apart = days * 86400 / rows
    with connection.cursor() as cursor:
        programs = _programs_add(cursor, begin)

        def add(numbers: range, condition: str = "true") -> None:
            statement = (
                _INSERT.replace("%", "%%")
                .replace("%%s", "%s")
                .format(
                    condition=condition.replace("%", "%%"),
                    of_demo=min(4 * CALLERS_OF_A_CALL, programs),
                    programs=programs,
                    **_WORDS[connection.vendor],
                )
            )
            series = [numbers[0], numbers.step, numbers.step, numbers[-1]]
            cursor.execute(statement, [*series, begin, apart])

        # A row of each day first, so that each month gets its partition before the many come.
        sparse = max(1, rows // days)
        add(range(0, rows, sparse))
        partitions_ensure()
        for first in range(0, rows, _BATCH):
            last = min(first + _BATCH, rows) - 1
            add(range(first, last + 1), f"i % {sparse} <> 0")
            print(f"{last + 1} rows of the request log", file=sys.stderr)
        _refused_add(begin, days)
        # For who counts them.
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":
            _count_up(cursor)
    call_command("tick", stdout=sys.stderr)


def _count_up(cursor: Any) -> None:
    """Count by one statement what `tick` counts a quarter of an hour at a time.

    It would take most of an hour for as many of them as have passed in 13 months; nowhere else do
    so many wait. The rows lie in the order of time as they do there: where they lie anyhow,
    whoever adds up a month of a call reads a page of the table for each.
    """
    end = quarter_of(timezone.now() - SETTLED)
    RequestCount.objects.all().delete()
    RequestDayCount.objects.all().delete()
    cursor.execute(_COUNT, {"end": end})
    for company in Company.objects.all():
        CountedUntil.objects.update_or_create(company=company, defaults={"at": end, "day": None})


def _programs_add(cursor: Any, begin: datetime) -> int:
    """Make callers, and a table of what a row can be of: call, pair, version and caller."""
    programs: list[tuple[Any, ...]] = []
    for company in Company.objects.order_by("pk"):
        ids = Worker.objects.for_company(company).aggregate(first=Min("pk"), last=Max("pk"))
        sequence = ComplianceChange.objects.for_company(company).count()
        for api_call in APICall.objects.for_company(company).select_related("template"):
            pair = api_call.credentials.get(ends_at=None)
            asks_one = api_call.template.document == Document.WORKER_COMPLIANCE
            workers = ids["last"] - ids["first"] + 1
            for k in range(CALLERS_OF_A_CALL):
                client = f"program-{k}"
                caller, _is_new = Caller.objects.get_or_create(
                    api_call=api_call,
                    address_range=f"10.0.{k}.0/24",
                    client=client,
                    defaults={"first_seen_at": begin, "credential": pair},
                )
                of_call = len(programs), api_call.pk, pair.pk, api_call.served_version_id
                of_caller = caller.pk, f"10.0.{k}.7", f"{client}/1.4"
                asked = ("id_number", ids["first"], workers) if asks_one else ("", None, None)
                programs.append((*of_call, api_call.output_format, *of_caller, *asked, sequence))
    cursor.execute(f"CREATE TEMPORARY TABLE programs ({_COLUMNS})")
    cursor.executemany(f"INSERT INTO programs VALUES ({', '.join(['%s'] * 12)})", programs)
    return len(programs)


def _refused_add(begin: datetime, days: int) -> None:
    """Add folded refusals of each hour to the call that most programs use."""
    pair = Credential.objects.get(api_call__code=GATE_CODE, ends_at=None)
    hours = [
        begin.replace(minute=0, second=0, microsecond=0) + timedelta(hours=n)
        for n in range(24 * days)
    ]
    RefusedRequests.objects.bulk_create(
        (
            RefusedRequests(
                key=f"{hour:%Y%m%d%H%M}:{pair.pk}:invalid_credentials:wrong_secret",
                at=hour,
                api_call_id=pair.api_call_id,
                credential=pair,
                code="invalid_credentials",
                mistake="wrong_secret",
                status=401,
                times=3,
                request_id=f"{n:032x}",
                client="program-0/1.4",
            )
            for n, hour in enumerate(hours)
        ),
        batch_size=1000,
    )


def settle() -> None:
    """Have the database tidy up after so many rows now, and not beside what is measured."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        if connection.vendor == "postgresql":
            cursor.execute("CHECKPOINT")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=0, help="beside the demo's two")
    parser.add_argument("--workers", type=int, default=0, help="of the first company")
    parser.add_argument("--log-rows", type=int, default=0)
    parser.add_argument("--days", type=int, default=DAYS, help="over which the log's rows are")
    chosen = parser.parse_args(arguments)

    companies_add(chosen.companies)
    workers_add(chosen.workers)
    if chosen.log_rows:
        log_add(chosen.log_rows, days=chosen.days)
    settle()


if __name__ == "__main__":
    main()
