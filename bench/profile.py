"""Where the time of an answer goes: some thousand of them in the process, under cProfile.

python -m bench.profile --answers 5000

The shares are the profile's, which makes Python's own calls dearer than they are; the
microseconds are these shares of the processor's time of an answer without it. What an answer takes
beyond that is waiting: for the database, which one connection alone does at each commit.
"""

import cProfile
import pstats
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from bench.asking import Asker
from bench.installation import WORKER_COMPLIANCE, Installation, installation_on
from bench.options import options_of
from bench.table import Report, Table
from tests.shipped.server import ROOT

HANDLER = "Django's handler and middleware"
ENDPOINT = "endpoint: parameters, limits, callers"
PAIR = "pair lookup"
WORKER = "worker lookup"
DOCUMENT = "document and bytes"
LOG = "request log"
DRIVER = "database driver"
WAITING = "waiting for the database"
OTHER = "other"
LAYERS = (HANDLER, ENDPOINT, PAIR, WORKER, DOCUMENT, LOG, DRIVER, WAITING, OTHER)

# Part of a path, or of a built-in's name -> layer. The first that matches counts. What none
# matches, such as built-ins and the standard library, belongs to the layers that call it.
_PLACES = (
    ("psycopg_binary", DRIVER),
    ("/psycopg/", DRIVER),
    ("sqlite3.Connection", WAITING),
    ("sqlite3.Cursor", WAITING),
    ("/workers/statements.py", DRIVER),
    ("/django/db/", DRIVER),
    ("/workers/", WORKER),
    ("/apicalls/request_log.py", LOG),
    ("/apicalls/measured.py", LOG),
    ("/apicalls/authorization/", PAIR),
    ("/apicalls/authentication.py", PAIR),
    ("/apicalls/credentials.py", PAIR),
    ("/apicalls/doctor.py", PAIR),
    ("/apicalls/key_age.py", PAIR),
    ("/apicalls/networks.py", PAIR),
    ("/apicalls/permissions.py", PAIR),
    ("/apicalls/selectors.py", PAIR),
    ("/apicalls/answers.py", DOCUMENT),
    ("/apicalls/documents/", DOCUMENT),
    ("/apicalls/renderers.py", DOCUMENT),
    ("/workhub/rendering.py", DOCUMENT),
    ("/apicalls/", ENDPOINT),
    ("/accounts/addresses.py", ENDPOINT),
    ("/workhub/accept.py", ENDPOINT),
    ("/workhub/problems.py", ENDPOINT),
    ("/rest_framework/", ENDPOINT),
    ("/workhub/", HANDLER),
    ("/accounts/", HANDLER),
    ("/django/", HANDLER),
)

# (file, line, name), as pstats has functions.
Function = tuple[str, int, str]
# Function -> calls twice, its own time, its time with what it calls, and the same by caller.
Stats = Mapping[Function, tuple[int, int, float, float, Mapping[Function, Any]]]


def layer_of(function: Function) -> str | None:
    file, _line, name = function
    # Built-ins have no file, and tell in their name of what they are methods.
    place = name if file == "~" else file
    if str(ROOT) not in place and "site-packages" not in place and file != "~":
        return None
    place = place.replace(str(ROOT / "bench"), "")
    return next((layer for part, layer in _PLACES if part in place), None)


def by_layer(stats: Stats, layer_of: Callable[[Function], str | None]) -> dict[str, float]:
    """Return the time of each layer.

    A function without a layer of its own shares its time among the layers that call it, by how
    much of it each has caused; so does one that is called by such.
    """
    known: dict[Function, dict[str, float]] = {}

    def shares(function: Function, above: frozenset[Function]) -> dict[str, float]:
        own = layer_of(function)
        if own is not None:
            return {own: 1.0}
        if function in known:
            return known[function]
        callers = {
            caller: numbers[3]
            for caller, numbers in stats[function][4].items()
            if caller not in above and caller != function
        }
        whole = sum(callers.values())
        found: defaultdict[str, float] = defaultdict(float)
        for caller, took in callers.items():
            part = took / whole if whole else 1 / len(callers)
            for layer, share in shares(caller, above | {function}).items():
                found[layer] += part * share
        result = dict(found) or {OTHER: 1.0}
        if not above:
            known[function] = result
        return result

    times: defaultdict[str, float] = defaultdict(float)
    for function, (_calls, _all_calls, own_time, _whole, _callers) in stats.items():
        for layer, share in shares(function, frozenset()).items():
            times[layer] += own_time * share
    return dict(times)


_ID_NUMBERS = """
import json
from workers.models import Worker
found = Worker.objects.filter(company__name="Northern Build", id_number_folded__regex="^[0-9n]+$")
print(json.dumps(list(found.order_by("pk").values_list("id_number", flat=True)[:10_000])))
"""


def measure(installed: Installation, report: Report, *, answers: int, database: str) -> None:
    numbers: list[str] = installed.told(_ID_NUMBERS)
    installed.use()
    asker = Asker(installed.header())
    asked = [f"{WORKER_COMPLIANCE}?workerIDNumber={one}" for one in numbers]
    paths = [asked[n % len(asked)] for n in range(answers)]
    for path in paths[: answers // 5 + 1]:
        asker.ask(path)  # what first answers import and prepare
    plain = sorted(_asked(asker, paths) for _time in range(3))[1]
    # By the time of the processor: the driver waits in C, of which the profile knows nothing.
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    _asked(asker, paths)
    profile.disable()
    times = by_layer(pstats.Stats(profile).stats, layer_of)  # type: ignore[attr-defined]
    busy = sum(times.values())
    microseconds = {layer: took / busy * plain.busy for layer, took in times.items()}
    microseconds[WAITING] = microseconds.get(WAITING, 0.0) + plain.waited
    _show(report, microseconds, answers, len(set(paths)), database)


class Took(NamedTuple):
    """Microseconds of an answer, on the processor and off it."""

    busy: float
    waited: float


def _asked(asker: Asker, paths: Sequence[str]) -> Took:
    began, busy = time.perf_counter(), time.thread_time()
    for path in paths:
        asker.ask(path)
    wall, busy = time.perf_counter() - began, time.thread_time() - busy
    return Took(*(1_000_000 * one / len(paths) for one in (busy, max(0.0, wall - busy))))


def _show(
    report: Report, microseconds: Mapping[str, float], answers: int, workers: int, database: str
) -> None:
    whole = sum(microseconds.values())
    table = Table(f"Where the time of an answer goes, {database}", ("layer", "µs", "%"))
    for layer in LAYERS:
        took = microseconds.get(layer, 0.0)
        table.add(layer, f"{took:.0f}", f"{100 * took / whole:.0f}")
    table.add("all of it", f"{whole:.0f}", "100")
    table.notes.append(
        f"{answers:,} answers about {workers:,} workers, one after the other in the process: "
        "shares by cProfile, of what an answer takes without it. Waiting is time without the "
        "processor, most of it for a commit to reach the disk; a server makes other answers then."
    )
    report.show(table)


def main() -> int:
    parser = options_of(__doc__)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--workers", type=int, default=12_500)
    parser.add_argument("--answers", type=int, default=5000)
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    with installation_on(chosen.database) as installed:
        installed.fill(workers=chosen.workers)
        measure(installed, report, answers=chosen.answers, database=chosen.database)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
