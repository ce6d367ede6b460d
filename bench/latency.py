"""How long answers take at a load that the server keeps up with: p50 and p99 at 70 % of its most.

python -m bench.latency --seconds 10

What the server answers at most is measured first, then it is asked at a constant rate
(bench/constant_rate.py), over connections that are kept, about workers drawn from all. In turns
with it the program by hand (bench/peers) is asked likewise, at its own rate: a machine whose
processors are now and then slower than they were while that was measured keeps both waiting.
"""

import json
import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from bench.drive import Wrk
from bench.figures import Spread, percentile, ratios, spread
from bench.installation import WORKER_COMPLIANCE, Installation, Server, installation_on
from bench.options import add_turns, options_of
from bench.peers.serving import BARE, document_at, peer_environment, served
from bench.table import Report, Table
from tests.shipped.server import ROOT

_P99_OF_MEDIAN = 4.0
_DRAWN = 10_000

_ID_NUMBERS = """
import json, random
from workers.models import Worker
found = list(Worker.objects.filter(company__name="Northern Build")
    .filter(id_number_folded__regex="^[0-9n]+$").values_list("id_number", flat=True))
random.shuffle(found)
print(json.dumps(found[:{drawn}]))
"""


class Turn(NamedTuple):
    """Requests a second at most and asked, milliseconds, and requests not answered with 200."""

    at_most: float
    rate: float
    p50: float
    p99: float
    longest: float
    failures: int

    @property
    def ratio(self) -> float:
        return self.p99 / self.p50


@dataclass
class Side:
    name: str
    server: Server
    turns: list[Turn] = field(default_factory=list)

    def ratio(self) -> Spread:
        return spread([turn.ratio for turn in self.turns])


def turn_of(server: Server, header: str, paths: Sequence[str], chosen: Namespace) -> Turn:
    """Ask for some seconds at a share of what is answered at most, from a process of its own."""
    share = chosen.percent / 100
    pinned = ["taskset", "--cpu-list", chosen.wrk_cpus] if chosen.wrk_cpus else []
    asked = {
        "url": server.url,
        "headers": [header],
        "paths": paths,
        "connections": chosen.connections,
        "share": share,
        # Each time anew: a machine that others use as well is not as fast at all times.
        "at_most_for": max(1, chosen.seconds // 3),
        "seconds": chosen.seconds,
    }
    said = subprocess.run(
        [*pinned, sys.executable, "-m", "bench.constant_rate"],
        cwd=ROOT,
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    found = json.loads(said)
    milliseconds = [1000 * one for one in found["latencies"] if one is not None]
    p50, p99 = (percentile(milliseconds, percent) for percent in (50, 99))
    failures = found["latencies"].count(None)
    at_most = found["at_most"]
    return Turn(at_most, share * at_most, p50, p99, max(milliseconds), failures)


def measure(installed: Installation, report: Report, chosen: Namespace) -> None:
    numbers = installed.told(_ID_NUMBERS.format(drawn=_DRAWN))
    paths = [f"{WORKER_COMPLIANCE}?workerIDNumber={one}" for one in numbers]
    header = f"Authorization: {installed.header()}"
    wrk = Wrk([header], chosen.connections, chosen.wrk_cpus)
    with ExitStack() as stack:
        ours = Side("Workhub", stack.enter_context(installed.served(cpus=chosen.server_cpus)))
        environment, log = peer_environment(installed), installed.var / "by-hand.log"
        bare = stack.enter_context(served(BARE, environment, log, chosen.server_cpus))
        sides = ours, Side(BARE.name, bare)
        documents = [document_at(side.server.url + paths[0], header, log) for side in sides]
        if documents[0] != documents[1]:
            raise RuntimeError(f"{BARE.name}:\n{documents[1]}\nand not\n{documents[0]}")
        for side in sides:
            wrk.per_second(side.server.url, paths, 1)  # what first answers import and prepare
        for _turn in range(chosen.turns):
            for side in sides:
                side.turns.append(turn_of(side.server, header, paths, chosen))
    _show(report, sides, chosen)


def _show(report: Report, sides: Sequence[Side], chosen: Namespace) -> None:
    head = ("program", "turn", "at most, a second", "asked a second", "p50 ms", "p99 ms")
    table = Table(
        f"Latency at {chosen.percent:g} % of what is answered at most",
        (*head, "longest ms", "p99 is so many times p50"),
    )
    for side in sides:
        for number, turn in enumerate(side.turns, 1):
            rates = f"{turn.at_most:.0f}", f"{turn.rate:.0f}"
            milliseconds = (f"{one:.1f}" for one in (turn.p50, turn.p99, turn.longest))
            table.add(side.name, number, *rates, *milliseconds, f"{turn.ratio:.2f}")
    ours, bare = sides
    p50, p99 = (median(getattr(one, name) for one in ours.turns) for name in ("p50", "p99"))
    table.notes.append(
        f"{chosen.turns} turns of {chosen.seconds} s at a constant rate over {chosen.connections} "
        "kept connections; latencies run from when a request was due. What is answered at most is "
        f"measured by the same means just before. Medians of ours: p50 {p50:.1f} ms, p99 "
        f"{p99:.1f} ms."
    )
    is_kept = ours.ratio().median <= _P99_OF_MEDIAN
    kept = report.hold("p99 at a load that it keeps up with", is_kept=is_kept)
    table.notes.append(
        f"p99 of ours is {ours.ratio()} times p50; ≤ {_P99_OF_MEDIAN:g}: {kept}. By hand it is "
        f"{bare.ratio()} times; "
        f"{ratios([one.ratio for one in ours.turns], [one.ratio for one in bare.turns])} of that "
        "are ours."
    )
    failures = sum(turn.failures for side in sides for turn in side.turns)
    answered = report.hold("every request is answered", is_kept=not failures)
    table.notes.append(f"{failures} requests without a 200: {answered}.")
    report.show(table)


def main() -> int:
    parser = options_of(__doc__)
    add_turns(parser, seconds=10, connections=16, turns=9)
    parser.add_argument("--workers", type=int, default=12_500)
    parser.add_argument("--percent", type=float, default=70, help="of what is answered at most")
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    with installation_on("postgresql") as installed:
        installed.fill(workers=chosen.workers)
        measure(installed, report, chosen)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
