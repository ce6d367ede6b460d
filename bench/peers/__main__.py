"""The same job done by others: how many requests a second, compared with ours.

python -m bench.peers --seconds 10

Each program finds the pair, reads the same rows by the same rules, logs the request and answers
with the same facts, which is tried first. All are served by the same granian, one process each,
and asked in turns. Ours does more: it counts against the call's limit, knows its callers, checks
parameters, scope and networks, and gives an ETag.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.drive import Wrk
from bench.figures import ratios, spread
from bench.installation import WORKER_COMPLIANCE, Installation, installation_on, running
from bench.options import add_turns, options_of
from bench.table import Report, Table
from tests.shipped.server import ROOT, free_port
from workhub.processes import server_command

_BIN = ROOT / "bench" / ".venv" / "bin"
_PROGRAMS = "bench.peers.programs"
_DRF = "DRF + djangorestframework-api-key"
_BARE = "WSGI + psycopg, by hand"
# What ours must reach at least, as a ratio of requests a second.
_BUDGETS = {_DRF: 4.0, _BARE: 0.5}
OURS = "Workhub"


@dataclass(frozen=True)
class Peer:
    name: str
    application: str
    interface: str = "wsgi"


PEERS = (
    Peer(_DRF, f"{_PROGRAMS}.with_django.drf:application"),
    Peer("django-ninja", f"{_PROGRAMS}.with_django.with_ninja:application"),
    Peer("FastAPI + SQLAlchemy + asyncpg", f"{_PROGRAMS}.with_fastapi:application", "asgi"),
    Peer(_BARE, f"{_PROGRAMS}.bare:application"),
)


@dataclass(frozen=True)
class Side:
    name: str
    url: str
    wrk: Wrk


def peer_environment(installed: Installation) -> dict[str, str]:
    """Return what the programs find the database and the pepper by."""
    lines = Path(installed.environment["ENV_FILE"]).read_text().splitlines()
    own = dict(line.split("=", 1) for line in lines if "=" in line)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {
        "DATABASE_URL": installed.environment["DATABASE_URL"],
        "CREDENTIAL_PEPPERS": own["CREDENTIAL_PEPPERS"],
        "PYTHONPATH": str(ROOT),
    }


@contextmanager
def served(peer: Peer, environment: dict[str, str], log: Path, cpus: str) -> Iterator[str]:
    """Serve a peer as ours is served, but for what its framework needs."""
    port = free_port()
    _granian, *command, _application = server_command("127.0.0.1", str(port))
    command[command.index("--interface") + 1] = peer.interface
    if peer.interface == "asgi":  # nothing blocks there, and granian would not start
        at = command.index("--blocking-threads")
        del command[at : at + 2]
    granian = str(_BIN / "granian")
    with running([granian, *command, peer.application], environment, log, cpus=cpus):
        yield f"http://127.0.0.1:{port}"


def facts(side: Side, path: str, log: Path | None = None) -> Any:
    """Return the document that a side answers with, once it answers."""
    name, _, value = side.wrk.headers[0].partition(": ")
    request = urllib.request.Request(side.url + path, headers={name: value})
    for _try in range(100):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = log.read_text() if log else ""
            raise RuntimeError(f"{side.name} answered {error.code}\n{said}") from error
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{side.name} does not answer:\n{log.read_text() if log else ''}")


def measure(installed: Installation, report: Report, chosen: Namespace, paths: list[str]) -> None:
    environment = peer_environment(installed)
    client_key = installed.pairs["worker-compliance"][0]
    key = subprocess.run(
        [str(_BIN / "python"), "-m", f"{_PROGRAMS}.with_django.key", client_key],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()

    def wrk(authorization: str) -> Wrk:
        header = f"Authorization: {authorization}"
        return Wrk([header], chosen.connections, chosen.wrk_cpus)

    with ExitStack() as stack:
        url = stack.enter_context(installed.served(cpus=chosen.server_cpus))
        sides = [Side(OURS, url, wrk(installed.header()))]
        expected = [facts(sides[0], path) for path in paths[:50]]
        for number, peer in enumerate(PEERS):
            log = installed.var / f"peer-{number}.log"
            url = stack.enter_context(served(peer, environment, log, chosen.server_cpus))
            authorization = f"Api-Key {key}" if peer.name == _DRF else installed.header()
            side = Side(peer.name, url, wrk(authorization))
            for path, ours in zip(paths, expected, strict=False):
                if (theirs := facts(side, path, log)) != ours:
                    raise RuntimeError(f"{peer.name} of {path}:\n{theirs}\nand not\n{ours}")
            sides.append(side)
        found: dict[str, list[float]] = {side.name: [] for side in sides}
        for side in sides:
            side.wrk.per_second(side.url, paths, 1)  # what first answers import and prepare
        for _turn in range(chosen.turns):
            for side in sides:
                found[side.name].append(side.wrk.per_second(side.url, paths, chosen.seconds))
    _show(report, found, chosen)


def _show(report: Report, found: dict[str, list[float]], chosen: Namespace) -> None:
    head = ("program", "requests a second", "Workhub is so many times as fast", "at least")
    table = Table("The same job by others: check, read, log, answer", head)
    for name, per_second in found.items():
        ratio = ratios(found[OURS], per_second)
        budget = _BUDGETS.get(name)
        verdict = ""
        if budget is not None:
            kept = report.hold(f"{budget} x {name}", is_kept=ratio.median >= budget)
            verdict = f"{budget:g}: {kept}"
        shown = spread(per_second).shown("{:.0f}")
        table.add(name, shown, "" if name == OURS else ratio, verdict)
    table.notes.append(
        f"Medians of {chosen.turns} turns each of {chosen.seconds} s (least to greatest), "
        f"{chosen.connections} connections, one process each of the same granian."
    )
    report.show(table)


_ID_NUMBERS = """
import json
from workers.models import Worker
found = Worker.objects.filter(company__name="Northern Build", id_number_folded__regex="^[0-9n]+$")
print(json.dumps(list(found.order_by("pk").values_list("id_number", flat=True)[:300])))
"""


def main() -> int:
    parser = options_of(__doc__)
    add_turns(parser, seconds=10, connections=8)
    parser.add_argument("--workers", type=int, default=10_000)
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    with installation_on("postgresql") as installed:
        installed.fill(workers=chosen.workers)
        numbers = installed.told(_ID_NUMBERS)
        paths = [f"{WORKER_COMPLIANCE}?workerIDNumber={one}" for one in numbers]
        measure(installed, report, chosen, paths)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
