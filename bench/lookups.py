"""Does a lookup cost the same among a million workers as among ten thousand? And is a 304 cheap?

python -m bench.lookups --few 10000 --many 1000000

Two installations on one PostgreSQL server are measured in turns: the lookup alone, in a process
of its own, and the whole request, of workers drawn from all. Then 304 and 200 are, of one.
"""

import json
import sys
import urllib.request
from argparse import Namespace
from collections.abc import Sequence

from bench.drive import Wrk
from bench.figures import alternated, ratios, spread
from bench.installation import WORKER_COMPLIANCE, Installation, two_installations
from bench.options import add_turns, options_of
from bench.table import Report, Table

GROWTH, NOT_MODIFIED = 1.15, 0.60
_DRAWN = 10_000

_ID_NUMBERS = """
import json, random
from workers.models import Worker
found = list(Worker.objects.filter(company__name="Northern Build", is_active=True)
    .exclude(id_number="").values_list("id_number", flat=True))
print(json.dumps(random.sample(found, min(len(found), {drawn}))))
"""
# Microseconds of a lookup, of as many as fit into so many seconds.
_LOOK_UP = """
import json, random, time
from statistics import median
from apicalls.demo import GATE_CODE
from apicalls.selectors import wanted_of
from apicalls.models import APICall
from workers.scope import Scope
from workers.selectors import compliance_find
call = APICall.objects.select_related("template", "company").get(code=GATE_CODE)
wanted = wanted_of(call.template.document, frozenset(call.field_groups), is_scoped=False)
today, drawn = call.company.today(), json.load(open({file!r}))
random.shuffle(drawn)
def look_up(id_number):
    began = time.perf_counter_ns()
    found = compliance_find(company_id=call.company_id, today=today, id_number=id_number,
        names=None, wanted=wanted, scope=Scope.of(call.scope))
    took = time.perf_counter_ns() - began
    assert len(found) == 1
    return took / 1000
for id_number in drawn[:200]:
    look_up(id_number)
times, until = [], time.monotonic() + {seconds}
while time.monotonic() < until:
    times.append(look_up(random.choice(drawn)))
print(median(times))
"""


class _Side:
    """An installation with so many workers, and the ID#s of some of them."""

    def __init__(self, installed: Installation, wrk: Wrk, seconds: int):
        self._installed, self._wrk, self._seconds = installed, wrk, seconds
        drawn = installed.told(_ID_NUMBERS.format(drawn=_DRAWN))
        file = installed.var / "drawn.json"
        file.write_text(json.dumps(drawn))
        self._look_up = _LOOK_UP.format(file=str(file), seconds=seconds)
        self._paths = [f"{WORKER_COMPLIANCE}?workerIDNumber={one}" for one in drawn]

    def microseconds_of_lookup(self) -> float:
        told: float = self._installed.told(self._look_up)
        return told

    def microseconds_of_request(self, url: str) -> float:
        return 1_000_000 / self._wrk.per_second(url, self._paths, self._seconds)


def growth(
    installed: Sequence[Installation], report: Report, *, chosen: Namespace, workers: Sequence[int]
) -> None:
    """Compare a lookup, and a request, among few workers and among many."""
    few, many = (_Side(one, _wrk(one, chosen), chosen.seconds) for one in installed)
    head = ("µs, in turns", *(f"{one:,} workers" for one in workers), "ratio", f"≤ {GROWTH}")
    table = Table("A lookup among few and among many workers", head)

    def show(name: str, of_many: Sequence[float], of_few: Sequence[float]) -> None:
        ratio = ratios(of_many, of_few)
        kept = report.hold(f"{name} does not grow", is_kept=ratio.median <= GROWTH)
        table.add(name, _shown(of_few), _shown(of_many), ratio, kept)

    show(
        "lookup",
        *alternated(chosen.turns, many.microseconds_of_lookup, few.microseconds_of_lookup),
    )
    cpus = chosen.server_cpus
    with installed[0].served(cpus=cpus) as of_few, installed[1].served(cpus=cpus) as of_many:
        many.microseconds_of_request(of_many.url), few.microseconds_of_request(of_few.url)
        show(
            "whole request",
            *alternated(
                chosen.turns,
                lambda: many.microseconds_of_request(of_many.url),
                lambda: few.microseconds_of_request(of_few.url),
            ),
        )
    report.show(table)


def not_modified(installed: Installation, report: Report, *, chosen: Namespace) -> None:
    """Compare an answer with the one that says it is as it was."""
    path = f"{WORKER_COMPLIANCE}?workerIDNumber=00417"
    with installed.served(cpus=chosen.server_cpus) as server:
        url = server.url
        whole = _wrk(installed, chosen)
        request = urllib.request.Request(url + path, headers={"Authorization": installed.header()})
        with urllib.request.urlopen(request) as answer:
            tag = answer.headers["ETag"]
        unchanged = _wrk(installed, chosen, f"If-None-Match: {tag}")
        sizes = [one.drive(url, [path], 1) for one in (whole, unchanged)]
        if sizes[0].size / sizes[0].requests <= sizes[1].size / sizes[1].requests:
            raise RuntimeError("The answer with If-None-Match is as long as the one without.")

        def microseconds(wrk: Wrk) -> float:
            return 1_000_000 / wrk.per_second(url, [path], chosen.seconds)

        short, long = alternated(
            chosen.turns, lambda: microseconds(unchanged), lambda: microseconds(whole)
        )
    ratio = ratios(short, long)
    table = Table(
        "An answer that has not changed",
        ("µs, in turns", "200", "304", "ratio", f"≤ {NOT_MODIFIED}"),
    )
    kept = report.hold("304 costs less than 200", is_kept=ratio.median <= NOT_MODIFIED)
    table.add("whole request", _shown(long), _shown(short), ratio, kept)
    report.show(table)


def _wrk(installed: Installation, chosen: Namespace, *headers: str) -> Wrk:
    authorization = f"Authorization: {installed.header()}"
    return Wrk([authorization, *headers], chosen.connections, chosen.wrk_cpus)


def _shown(microseconds: Sequence[float]) -> str:
    return spread(microseconds).shown("{:.0f}")


def main() -> int:
    parser = options_of(__doc__)
    add_turns(parser, seconds=10, connections=8)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    with two_installations() as installed:
        workers = chosen.few, chosen.many
        for one, number in zip(installed, workers, strict=True):
            one.fill(workers=number)
        growth(installed, report, chosen=chosen, workers=workers)
        not_modified(installed[0], report, chosen=chosen)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
