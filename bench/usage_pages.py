"""What the pages about use cost when the request log is large: server time and queries.

python -m bench.usage_pages --rows 10000000

Each page is asked for in the process, signed in as the demo's owner: a connection to the
database as the server has it, no network.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import Any

from bench.installation import Installation, installation_on
from bench.options import options_of
from bench.table import Report, Table

QUERIES, MILLISECONDS = 10, 300


@dataclass(frozen=True)
class Page:
    name: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    milliseconds: Sequence[float]
    queries: int

    @property
    def is_kept(self) -> bool:
        return self.queries <= QUERIES and max(self.milliseconds) <= MILLISECONDS


def measure(installed: Installation, report: Report, *, times: int) -> None:
    """Set Django up for the installation, and show what each page costs."""
    installed.use()
    logged, workers = _sizes()
    head = ("page", "queries", "median ms", "longest ms", f"≤ {QUERIES}, ≤ {MILLISECONDS} ms")
    table = Table(f"Pages about use, of {logged:,} logged requests", head)
    client = _signed_in(installed.email)
    for page in _pages():
        cost = _cost(client, page, times)
        table.add(
            page.name,
            cost.queries,
            f"{median(cost.milliseconds):.0f}",
            f"{max(cost.milliseconds):.0f}",
            report.hold(page.name, is_kept=cost.is_kept),
        )
    table.notes.append(
        f"Server time of {times} requests each, after one that is not counted; {workers:,} workers."
    )
    report.show(table)


def _sizes() -> tuple[int, int]:
    from apicalls.models import RequestLog
    from workers.models import Worker

    return RequestLog.objects.count(), Worker.objects.count()


def _signed_in(email: str) -> Any:
    from django.test import Client

    from accounts.models import User
    from tests.conftest import signed_in

    client = Client(SERVER_NAME="127.0.0.1")
    signed_in(client, User.objects.get(email=email))
    return client


def _pages() -> list[Page]:
    """Return the pages, of the call and the worker that most is logged of."""
    from apicalls.demo import GATE_CODE
    from apicalls.models import APICall, Caller, RequestLog
    from workers.models import Worker

    gate = APICall.objects.get(code=GATE_CODE)
    caller = Caller.objects.filter(api_call=gate).order_by("pk").first()
    told = RequestLog.objects.filter(api_call=gate, worker_id__isnull=False).order_by("at")
    newest, oldest = told.reverse()[0], told[0]
    # Whom everybody asks about.
    worker = Worker.objects.for_company(gate.company).order_by("pk")[0]
    today = gate.company.today()
    at_call = f"/account/api/{gate.code}/"
    usage = f"{at_call}usage/"
    company = "/account/api/usage/"
    part = {"HX-Request": "true", "HX-Target": "usage"}
    year = f"first={today - timedelta(days=365)}&last={today}"
    assert caller is not None
    return [
        Page("API tab", "/account/api/"),
        Page("details page", at_call),
        Page("details page, its usage part", usage, part),
        Page("usage of a call", usage),
        Page("usage of a call, by caller", f"{usage}?caller={caller.pk}"),
        Page("usage of a call, failed", f"{usage}?outcome=failed"),
        Page("usage of a call, refused, by caller", f"{usage}?outcome=refused&caller={caller.pk}"),
        Page("usage of a call, of a day", f"{usage}?day={oldest.at:%Y-%m-%d}"),
        Page("usage of a call, by request id", f"{usage}?request_id={oldest.request_id}"),
        Page("usage of the company", company),
        Page("usage of the company, a year", f"{company}?{year}"),
        Page("usage of the company, a year of a call", f"{company}?{year}&api_call={gate.code}"),
        Page("usage of the company, a year, failed", f"{company}?{year}&outcome=failed"),
        Page(
            "usage of the company, a year of a call, refused",
            f"{company}?{year}&api_call={gate.code}&outcome=refused",
        ),
        Page("request by its id", f"{company}request/?request_id={newest.request_id}"),
        Page("receipt, newest", f"{usage}requests/{newest.request_id}/"),
        Page("receipt, oldest", f"{usage}requests/{oldest.request_id}/"),
        Page("disclosure register of a worker", f"/workers/{worker.pk}/disclosures/"),
    ]


def _cost(client: Any, page: Page, times: int) -> Cost:
    from django.db import connection

    queries = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*arguments)

    def ask() -> float:
        began = time.perf_counter()
        answer = client.get(page.path, headers=page.headers)
        took = time.perf_counter() - began
        if answer.status_code not in (200, 302):
            raise RuntimeError(f"{page.path} answered {answer.status_code}")
        return took * 1000

    with connection.execute_wrapper(count):
        ask()
    return Cost([ask() for _time in range(times)], queries)


def main() -> int:
    parser = options_of(__doc__)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the request log")
    parser.add_argument("--days", type=int, default=395, help="that they are over")
    parser.add_argument("--workers", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=11)
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    with installation_on(chosen.database) as installed:
        installed.fill(companies=3, workers=chosen.workers, log_rows=chosen.rows, days=chosen.days)
        measure(installed, report, times=chosen.times)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
