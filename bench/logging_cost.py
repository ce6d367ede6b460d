"""What it costs that each answer is logged before it leaves: with the log and without, in turns.

python -m bench.logging_cost --seconds 10

Two servers stand on one database, the shipped one and one whose writer is replaced
(bench/without_log.py); one of them is asked at a time.
"""

import sys
from statistics import median

from bench.drive import Wrk
from bench.figures import alternated, ratios, spread
from bench.installation import SHIPPED, WORKER_COMPLIANCE, Installation, installation_on
from bench.options import add_turns, options_of
from bench.table import Report, Table

WITHOUT_LOG = "bench.without_log:application"
ASKED = [f"{WORKER_COMPLIANCE}?workerIDNumber=00417"]

_ROWS = """
from apicalls.models import RequestLog
print(RequestLog.objects.count())
"""


class _Side:
    """A server that is asked in turns, and how many rows it is to leave for each request."""

    def __init__(self, installed: Installation, wrk: Wrk, url: str, *, logs: bool):
        self._installed, self._wrk, self._url, self._logs = installed, wrk, url, logs

    def turn(self, seconds: int) -> float:
        before: int = self._installed.told(_ROWS)
        counted = self._wrk.drive(self._url, ASKED, seconds)
        logged: int = self._installed.told(_ROWS) - before
        # Requests that are on their way at the end are logged, and not counted by wrk.
        expected = range(counted.requests, counted.requests + self._wrk.connections + 1)
        if counted.failures or logged not in (expected if self._logs else [0]):
            raise RuntimeError(f"{self._url}: {logged} rows logged for {counted}")
        return counted.per_second


def measure(
    installed: Installation,
    table: Table,
    *,
    name: str,
    wrk: Wrk,
    turns: int,
    seconds: int,
    cpus: str,
) -> None:
    with (
        installed.served(SHIPPED, cpus=cpus) as with_log,
        installed.served(WITHOUT_LOG, cpus=cpus) as without_log,
    ):
        on = _Side(installed, wrk, with_log.url, logs=True)
        off = _Side(installed, wrk, without_log.url, logs=False)
        on.turn(1), off.turn(1)  # what first answers import and prepare
        logged, unlogged = alternated(turns, lambda: on.turn(seconds), lambda: off.turn(seconds))
    costs = (1 / median(logged) - 1 / median(unlogged)) * 1000
    table.add(
        name,
        spread(logged).shown("{:.0f}"),
        spread(unlogged).shown("{:.0f}"),
        ratios(logged, unlogged),
        f"{costs:.2f}",
    )


def main() -> int:
    parser = options_of(__doc__)
    add_turns(parser, seconds=10, connections=8)
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    head = ("database", "requests a second, logged", "not logged", "ratio", "ms of a request")
    table = Table("What the request log costs: worker-compliance", head)
    for database, name in (("postgresql", "PostgreSQL"), ("sqlite", "SQLite")):
        with installation_on(database) as installed:
            header = f"Authorization: {installed.header()}"
            measure(
                installed,
                table,
                name=name,
                wrk=Wrk([header], chosen.connections, chosen.wrk_cpus),
                turns=chosen.turns,
                seconds=chosen.seconds,
                cpus=chosen.server_cpus,
            )
    table.notes.append(
        f"Medians of {chosen.turns} turns each of {chosen.seconds} s, in turns (least to greatest)."
    )
    report.show(table)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
