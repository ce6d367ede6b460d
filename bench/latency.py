"""How long answers take at a load that the server keeps up with: p50 and p99 at 70 % of its most.

python -m bench.latency --seconds 20

What the server answers at most is measured first, by wrk. Then it is asked at a constant rate
(bench/constant_rate.py), over connections that are kept, about workers drawn from all.
"""

import json
import subprocess
import sys
from argparse import Namespace
from statistics import median
from typing import NamedTuple

from bench.drive import Wrk
from bench.figures import percentile, spread
from bench.installation import WORKER_COMPLIANCE, Installation, installation_on
from bench.options import add_turns, options_of
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
    """Milliseconds, and requests that were not answered with 200."""

    p50: float
    p99: float
    longest: float
    failures: int


def at_rate(url: str, header: str, paths: list[str], rate: float, chosen: Namespace) -> Turn:
    """Ask for some seconds at so many requests a second, from a process of its own."""
    pinned = ["taskset", "--cpu-list", chosen.wrk_cpus] if chosen.wrk_cpus else []
    asked = {
        "url": url,
        "headers": [f"Authorization: {header}"],
        "paths": paths,
        "rate": rate,
        "seconds": chosen.seconds,
        "connections": chosen.connections,
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
    milliseconds = [1000 * one for one in found["latencies"]]
    return Turn(
        percentile(milliseconds, 50),
        percentile(milliseconds, 99),
        max(milliseconds),
        found["failures"],
    )


def measure(installed: Installation, report: Report, chosen: Namespace) -> None:
    numbers = installed.told(_ID_NUMBERS.format(drawn=_DRAWN))
    paths = [f"{WORKER_COMPLIANCE}?workerIDNumber={one}" for one in numbers]
    wrk = Wrk([f"Authorization: {installed.header()}"], 8, chosen.wrk_cpus)
    share = chosen.percent / 100
    capacities, turns = [], []
    with installed.served(cpus=chosen.server_cpus) as server:
        wrk.per_second(server.url, paths, 1)  # what first answers import and prepare
        for _turn in range(chosen.turns):
            # Each time anew: a machine that others use as well is not as fast at all times.
            capacities.append(wrk.per_second(server.url, paths, max(1, chosen.seconds // 4)))
            rate = share * capacities[-1]
            turns.append(at_rate(server.url, installed.header(), paths, rate, chosen))
    head = ("turn", "at most, a second", "asked a second", "p50 ms", "p99 ms", "longest ms")
    table = Table(f"Latency at {chosen.percent:g} % of what is answered at most", head)
    for number, (capacity, turn) in enumerate(zip(capacities, turns, strict=True), 1):
        rates = f"{capacity:.0f}", f"{share * capacity:.0f}"
        table.add(number, *rates, *(f"{one:.1f}" for one in turn[:3]))
    ratio = spread([turn.p99 / turn.p50 for turn in turns])
    is_kept = ratio.median <= _P99_OF_MEDIAN
    kept = report.hold("p99 at a load that it keeps up with", is_kept=is_kept)
    failures = sum(turn.failures for turn in turns)
    answered = report.hold("every request is answered", is_kept=not failures)
    table.notes.append(
        f"{chosen.turns} turns of {chosen.seconds} s at a constant rate over {chosen.connections} "
        f"kept connections; latencies run from when a request was due. Medians: p50 "
        f"{median(one.p50 for one in turns):.1f} ms, p99 {median(one.p99 for one in turns):.1f} ms."
    )
    table.notes.append(f"p99 is {ratio} times p50; ≤ {_P99_OF_MEDIAN:g}: {kept}.")
    table.notes.append(f"{failures} requests without a 200: {answered}.")
    report.show(table)


def main() -> int:
    parser = options_of(__doc__)
    add_turns(parser, seconds=20, connections=16)
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
