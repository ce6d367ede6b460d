"""Programs ask while millions of rows of the request log are deleted: does any of them notice?

python -m bench.purge --rows 10000000 --purged 5000000

`manage.py purge_request_log` runs beside the shipped server, which is asked without a pause. A
company that keeps everything longer keeps whole months from being dropped (--months lets them),
so that the rows are deleted in batches: the harder way.
"""

import sys
import time

from bench.drive import Counted, Wrk
from bench.installation import WORKER_COMPLIANCE, Installation, installation_on
from bench.options import add_cpus, options_of
from bench.table import Report, Table

ASKED = [f"{WORKER_COMPLIANCE}?workerIDNumber=00417"]

_KEEP = """
from accounts.models import Company
Company.objects.update(request_log_days={others})
Company.objects.filter(name="Northern Build").update(request_log_days={days})
print("null")
"""
_ROWS = """
from datetime import timedelta
from django.utils import timezone
from apicalls.models import RequestLog
old = RequestLog.objects.filter(at__lt=timezone.now() - timedelta(days={days}))
print([old.count(), RequestLog.objects.count()])
"""


def measure(
    installed: Installation,
    report: Report,
    *,
    wrk: Wrk,
    server_cpus: str,
    seconds: int,
    days: int,
    by_month: bool,
) -> None:
    """Purge what is older than `days`, and show how the server answered before, then and after."""
    old, logged = installed.told(_ROWS.format(days=days))
    installed.told(_KEEP.format(days=days, others=days if by_month else 3660))
    took = 0.0

    def purge() -> None:
        nonlocal took
        began = time.monotonic()
        installed.manage("purge_request_log")
        took = time.monotonic() - began

    with installed.served(cpus=server_cpus) as server:
        url = server.url
        wrk.drive(url, ASKED, 2)  # what first answers import and prepare
        without = wrk.drive(url, ASKED, seconds)
        beside = wrk.drive_while(url, ASKED, purge)
        after = wrk.drive(url, ASKED, seconds)
    if installed.told(_ROWS.format(days=days + 1))[0]:
        raise RuntimeError("The purge left rows that are too old.")
    way = "a month at a time" if by_month else "in batches"
    head = ("asked", "requests", "a second", "failures", "p50 ms", "p99 ms", "longest ms")
    table = Table(f"{old:,} of {logged:,} rows purged {way}, beside requests", head)
    for name, counted in (("before", without), ("during", beside), ("after", after)):
        table.add(name, *_cells(counted))
    failures = sum(one.failures for one in (without, beside, after))
    verdict = report.hold("no request fails during a purge", is_kept=not failures)
    table.notes.append(
        f"The purge took {took:.1f} s ({old / took:,.0f} rows a "
        f"second) beside {wrk.connections} connections. No request fails: {verdict}."
    )
    report.show(table)


def _cells(counted: Counted) -> tuple[str, ...]:
    return (
        f"{counted.requests:,}",
        f"{counted.per_second:.0f}",
        str(counted.failures),
        *(f"{one / 1000:.1f}" for one in (counted.p50, counted.p99, counted.longest)),
    )


def main() -> int:
    parser = options_of(__doc__)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the request log")
    parser.add_argument("--purged", type=int, default=5_000_000, help="of them, the oldest")
    parser.add_argument("--days", type=int, default=395, help="that they are over")
    parser.add_argument("--workers", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=20, help="of each turn without the purge")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--months", action="store_true", help="let whole months be dropped")
    add_cpus(parser)
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    with installation_on(chosen.database) as installed:
        installed.fill(workers=chosen.workers, log_rows=chosen.rows, days=chosen.days)
        measure(
            installed,
            report,
            wrk=Wrk([f"Authorization: {installed.header()}"], chosen.connections, chosen.wrk_cpus),
            server_cpus=chosen.server_cpus,
            seconds=chosen.seconds,
            days=round(chosen.days * (1 - chosen.purged / chosen.rows)),
            by_month=chosen.months,
        )
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
