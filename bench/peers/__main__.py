"""The same job done by others: how many requests a second, compared with ours.

python -m bench.peers --seconds 10

Each program finds the pair, reads the same rows by the same rules, logs the request and answers
with the same facts, which is tried first. All are served by the same granian, one process each,
and asked in turns. Ours does more: it counts against the call's limit, knows its callers, checks
parameters, scope and networks, and gives an ETag. It is measured twice more: on SQLite, and asked
about each worker once, so that nothing which it keeps of earlier answers helps.
"""

import random
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench.chart import Bar, bars
from bench.drive import Wrk
from bench.figures import ratios, spread
from bench.installation import (
    WORKER_COMPLIANCE,
    Installation,
    Server,
    installation_on,
)
from bench.options import add_turns, options_of
from bench.peers.serving import BARE, PROGRAMS, Peer, document_at, keys_of, peer_environment, served
from bench.table import Report, Table

_API_KEY = "DRF + djangorestframework-api-key"
_KNOX = "DRF + django-rest-knox"
_NINJA = "django-ninja"
_FASTAPI = "FastAPI + SQLAlchemy + asyncpg"
OURS = "Workhub"
_ON_SQLITE = "Workhub on SQLite"
# What ours must reach at least, as a ratio of requests a second.
_BUDGETS = {_API_KEY: 4.0, _NINJA: 3.0, _FASTAPI: 3.0, BARE.name: 0.5}
# How many workers are asked about again and again, and about how many it is tried whether all
# answer the same.
_ASKED, _TRIED = 300, 50


PEERS = (
    Peer(_API_KEY, f"{PROGRAMS}.with_django.drf:application"),
    Peer(_KNOX, f"{PROGRAMS}.with_django.with_knox:application"),
    Peer(_NINJA, f"{PROGRAMS}.with_django.with_ninja:application"),
    Peer(_FASTAPI, f"{PROGRAMS}.with_fastapi:application", "asgi"),
    BARE,
)
# What the libraries' keys are sent behind; the others take the product's own pair.
_SCHEMES = {_API_KEY: "Api-Key", _KNOX: "Token"}


class Turn(NamedTuple):
    per_second: float
    # Of the processor, by the server's processes.
    microseconds: float


@dataclass(frozen=True)
class Side:
    name: str
    server: Server
    wrk: Wrk

    def turn(self, paths: Sequence[str], seconds: int) -> Turn:
        before = self.server.cpu_seconds()
        counted = self.wrk.answered(self.server.url, paths, seconds)
        used = self.server.cpu_seconds() - before
        return Turn(counted.per_second, used / counted.requests * 1_000_000)

    def document(self, path: str, log: Path | None = None) -> Any:
        return document_at(self.server.url + path, self.wrk.headers[0], log)

    def warm_up(self, paths: Sequence[str]) -> None:
        """Have it import and prepare what first answers do."""
        self.turn(paths, 1)


class _Once:
    """Ours, asked about each worker once, in random order, by a new process at each turn.

    Nothing that it keeps of earlier answers is of use then.
    """

    def __init__(self, installed: Installation, wrk: Wrk, paths: Sequence[str], cpus: str):
        self.name = f"Workhub, {len(paths) - 1:,} workers once each"
        self._installed, self._wrk, self._cpus = installed, wrk, cpus
        self._first, *self._paths = paths

    def turn(self, seconds: int, expected: float) -> Turn:
        """Ask for some seconds; for fewer when at so many a second the workers would not do."""
        seconds = max(1, min(seconds, int(0.9 * len(self._paths) / expected)))
        drawn = random.sample(self._paths, len(self._paths))
        with self._installed.served(cpus=self._cpus) as server:
            side = Side(self.name, server, self._wrk)
            side.warm_up([self._first])
            turn = side.turn(drawn, seconds)
        if turn.per_second * seconds > 1.05 * len(drawn):
            raise RuntimeError(f"{self.name}: {turn} in {seconds} s, so some were asked twice")
        return turn


def measure(
    installed: Installation, on_sqlite: Installation, report: Report, chosen: Namespace
) -> dict[str, list[Turn]]:
    paths = [f"{WORKER_COMPLIANCE}?workerIDNumber={one}" for one in installed.told(_ID_NUMBERS)]
    asked, cpus = paths[:_ASKED], chosen.server_cpus
    environment = peer_environment(installed)
    keys = keys_of(installed, environment)

    def wrk(authorization: str) -> Wrk:
        header = f"Authorization: {authorization}"
        return Wrk([header], chosen.connections, chosen.wrk_cpus)

    with ExitStack() as stack:
        server = stack.enter_context(installed.served(cpus=cpus))
        sides = [Side(OURS, server, wrk(installed.header()))]
        expected = [sides[0].document(path) for path in asked[:_TRIED]]
        for number, peer in enumerate(PEERS):
            log = installed.var / f"peer-{number}.log"
            server = stack.enter_context(served(peer, environment, log, cpus))
            scheme = _SCHEMES.get(peer.name)
            authorization = f"{scheme} {keys[scheme]}" if scheme else installed.header()
            side = Side(peer.name, server, wrk(authorization))
            for path, ours in zip(asked, expected, strict=False):
                if (theirs := side.document(path, log)) != ours:
                    raise RuntimeError(f"{peer.name} of {path}:\n{theirs}\nand not\n{ours}")
            sides.append(side)
        server = stack.enter_context(on_sqlite.served(cpus=cpus))
        sides.append(Side(_ON_SQLITE, server, wrk(on_sqlite.header())))
        once = _Once(installed, wrk(installed.header()), paths, cpus)
        names = [*(side.name for side in sides), once.name]
        found: dict[str, list[Turn]] = {name: [] for name in names}
        for side in sides:
            side.warm_up(asked)
        for _turn in range(chosen.turns):
            for side in sides:
                found[side.name].append(side.turn(asked, chosen.seconds))
            # Not before the others: theirs is the time of ours.
            found[once.name].append(once.turn(chosen.seconds, found[OURS][-1].per_second))
    _show(report, found, chosen)
    return found


def _show(report: Report, found: dict[str, list[Turn]], chosen: Namespace) -> None:
    head = (
        *("program", "requests a second", "processor, µs a request"),
        *("Workhub is so many times as fast", "at least"),
    )
    table = Table("The same job by others: check, read, log, answer", head)
    rates = {name: [one.per_second for one in turns] for name, turns in found.items()}
    for name, turns in found.items():
        ratio = ratios(rates[OURS], rates[name])
        budget = _BUDGETS.get(name)
        verdict = ""
        if budget is not None:
            kept = report.hold(f"{budget} x {name}", is_kept=ratio.median >= budget)
            verdict = f"{budget:g}: {kept}"
        shown = spread(rates[name]).shown("{:.0f}")
        microseconds = spread([one.microseconds for one in turns]).shown("{:.0f}")
        table.add(name, shown, microseconds, "" if name == OURS else ratio, verdict)
    table.notes.append(
        f"Medians of {chosen.turns} turns each of {chosen.seconds} s (least to greatest), "
        f"{chosen.connections} connections, one process each of the same granian, asked about "
        f"{_ASKED} workers again and again unless it says otherwise. The processor's time is of "
        "the server's processes, without PostgreSQL's."
    )
    report.show(table)


def _chart(found: dict[str, list[Turn]], chosen: Namespace) -> str:
    rows = [
        Bar(name, spread([one.per_second for one in turns]), is_ours=name.startswith(OURS))
        for name, turns in found.items()
    ]
    rows.sort(key=lambda row: -row.value.median)
    note = (
        f"Medians of {chosen.turns} turns of {chosen.seconds} s, and from the least to the "
        "greatest; one process each, on PostgreSQL"
    )
    return bars("The same job: requests a second", note, rows)


# One after the other those of the first, which have the most to tell, then those of the copies.
_ID_NUMBERS = """
import json
from workers.models import Worker
found = Worker.objects.filter(company__name="Northern Build", id_number_folded__regex="^[0-9n]+$")
print(json.dumps(list(found.order_by("pk").values_list("id_number", flat=True)[:10_001])))
"""


def main() -> int:
    parser = options_of(__doc__)
    add_turns(parser, seconds=10, connections=8)
    parser.add_argument("--workers", type=int, default=12_500)
    parser.add_argument("--chart", type=Path, help="a file to draw requests a second into (SVG)")
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    with (
        installation_on("postgresql") as installed,
        installation_on("sqlite") as on_sqlite,
    ):
        for one in (installed, on_sqlite):
            one.fill(workers=chosen.workers)
        found = measure(installed, on_sqlite, report, chosen)
    if chosen.chart:
        chosen.chart.write_text(_chart(found, chosen), encoding="utf-8")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
