"""Does an answer cost the same among a million workers as among ten thousand? Is a 304 cheap?

python -m bench.lookups --few 10000 --some 100000 --many 1000000

Three installations on one PostgreSQL server are measured in turns: the lookup of a worker alone,
in a process of its own; whole requests, of workers drawn from all and of pages from the middle;
and the two pages that admins open most. Then it is asked how PostgreSQL finds what they read, and
304 and 200 are compared.
"""

import json
import sys
import urllib.request
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from bench.drive import Wrk
from bench.figures import alternated, ratios, spread
from bench.installation import WORKER_COMPLIANCE, Installation, installations
from bench.options import add_turns, options_of
from bench.table import Report, Table

GROWTH, NOT_MODIFIED = 1.15, 0.60
_CONDITIONAL = {
    "worker-compliance": f"{WORKER_COMPLIANCE}?workerIDNumber=00417",
    "compliance-roster": "/api/v1/compliance-roster?limit=100",
    "compliance-changes": "/api/v1/compliance-changes?limit=100",
}
# As bench/plans.py has them.
_LARGE = (
    *("workers_worker", "workers_workerrequirement", "workers_record"),
    *("workers_compliancechange", "apicalls_requestlog", "apicalls_credential"),
)
_DRAWN = 10_000

_ID_NUMBERS = """
import json, random
from workers.models import Worker
found = list(Worker.objects.filter(company__name="Northern Build", is_active=True)
    .exclude(id_number="").values_list("id_number", flat=True))
print(json.dumps(random.sample(found, min(len(found), {drawn}))))
"""
# Microseconds of a lookup, of as many as fit into so many seconds; each worker was read before.
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
for id_number in drawn:
    look_up(id_number)  # what is measured is the way to a worker, and not the disk
times, until = [], time.monotonic() + {seconds}
while time.monotonic() < until:
    times.append(look_up(random.choice(drawn)))
print(median(times))
"""


# Addresses of pages that begin in the middle.
_MIDDLES = """
import json
from django.db.models import Max, Min
from apicalls.cursors import Cursors
from apicalls.models import APICall
from workers.models import ComplianceChange, Worker
calls = APICall.objects.filter(company__name="Northern Build").order_by("pk")
call = calls.filter(template__document="compliance-roster")[0]
ids = Worker.objects.for_company(call.company).aggregate(first=Min("pk"), last=Max("pk"))
behind = Cursors("compliance-roster", call.pk, {}).make([(ids["first"] + ids["last"]) // 2])
changes = ComplianceChange.objects.for_company(call.company)
last = changes.aggregate(last=Max("sequence"))["last"]
since = Cursors("compliance-changes", call.company_id).make([last // 2])
print(json.dumps({
    "compliance-roster": f"/api/v1/compliance-roster?limit=100&cursor={behind}",
    "compliance-changes": f"/api/v1/compliance-changes?limit=100&since={since}",
}))
"""
# The same of a page, signed in as the owner.
_PAGE = """
import time
from statistics import median
from django.test import Client
from accounts.models import User
from tests.conftest import signed_in
client = Client(SERVER_NAME="127.0.0.1")
signed_in(client, User.objects.get(email={email!r}))
def ask():
    began = time.perf_counter_ns()
    answer = client.get({path!r})
    took = time.perf_counter_ns() - began
    assert answer.status_code == 200
    return took / 1000
for _time in range(3):
    ask()
times, until = [], time.monotonic() + {seconds}
while time.monotonic() < until:
    times.append(ask())
print(median(times))
"""
_PAGES = """
import json
from apicalls.demo import GATE_CODE
print(json.dumps({"details page": f"/account/api/{GATE_CODE}/",
    "list of API calls": "/account/api/"}))
"""


class _Side:
    """An installation with so many workers, and the ID#s of some of them."""

    def __init__(self, installed: Installation, wrk: Wrk, seconds: int):
        self._installed, self._wrk, self._seconds = installed, wrk, seconds
        drawn = installed.told(_ID_NUMBERS.format(drawn=_DRAWN))
        file = installed.var / "drawn.json"
        file.write_text(json.dumps(drawn))
        self._look_up = _LOOK_UP.format(file=str(file), seconds=seconds)
        paths = [f"{WORKER_COMPLIANCE}?workerIDNumber={one}" for one in drawn]
        self.middles: dict[str, str] = installed.told(_MIDDLES)
        self._paths = {document: [path] for document, path in self.middles.items()}
        self._paths["worker-compliance"] = paths
        self.pages: dict[str, str] = installed.told(_PAGES)
        self.requests = {
            document: (installed.header(document), paths[0])
            for document, paths in self._paths.items()
        }

    def microseconds_of_lookup(self) -> float:
        told: float = self._installed.told(self._look_up)
        return told

    def microseconds_of_page(self, name: str) -> float:
        code = _PAGE.format(
            path=self.pages[name], email=self._installed.email, seconds=self._seconds
        )
        told: float = self._installed.told(code)
        return told

    def microseconds_of_request(self, document: str, url: str) -> float:
        header = f"Authorization: {self._installed.header(document)}"
        wrk = replace(self._wrk, headers=[header])
        return 1_000_000 / wrk.per_second(url, self._paths[document], self._seconds)


def growth(
    installed: Sequence[Installation], report: Report, *, chosen: Namespace, workers: Sequence[int]
) -> None:
    """Compare what answers cost among few workers, among more, and among many."""
    sides = [_Side(one, _wrk(one, chosen), chosen.seconds) for one in installed]
    head = (
        *("µs, in turns", *(f"{one:,} workers" for one in workers)),
        *("many to few", f"≤ {GROWTH}"),
    )
    table = Table("Answers among few and among many workers", head)

    def show(name: str, measured: Callable[[_Side], float]) -> None:
        found: list[list[float]] = [[] for _side in sides]
        for _turn in range(chosen.turns):
            for times, side in zip(found, sides, strict=True):
                times.append(measured(side))
        ratio = ratios(found[-1], found[0])
        kept = report.hold(f"{name} does not grow", is_kept=ratio.median <= GROWTH)
        table.add(name, *map(_shown, found), ratio, kept)

    show("lookup of a worker, in the process", _Side.microseconds_of_lookup)
    with ExitStack() as stack:
        servers = {
            side: stack.enter_context(one.served(cpus=chosen.server_cpus))
            for side, one in zip(sides, installed, strict=True)
        }
        for document in ("worker-compliance", "compliance-roster", "compliance-changes"):

            def whole(side: _Side, document: str = document) -> float:
                return side.microseconds_of_request(document, servers[side].url)

            for side in sides:
                whole(side)  # what first answers import and prepare
            show(f"{document}, whole request", whole)
    for name in sides[0].pages:

        def page(side: _Side, name: str = name) -> float:
            return side.microseconds_of_page(name)

        show(f"{name}, in the process", page)
    table.notes.append(
        f"Medians of {chosen.turns} turns of {chosen.seconds} s (least to greatest). Roster and "
        f"changes are pages of 100 from the middle; {chosen.log_rows:,} logged requests in each."
    )
    report.show(table)
    plans(installed[-1], sides[-1], report, workers[-1])


def plans(installed: Installation, side: _Side, report: Report, workers: int) -> None:
    """Show whether PostgreSQL reads a large table from end to end for any of them."""
    asked = {"email": installed.email, "requests": side.requests, "pages": side.pages}
    said = installed.run("-m", "bench.plans", given=json.dumps(asked))
    found = json.loads(said.splitlines()[-1])
    head = ("request", "statements", "large tables read in sequence", "none")
    table = Table(f"How PostgreSQL finds it among {workers:,} workers", head)
    for name, (statements, tables) in found.items():
        is_kept = not any(is_bad for _table, _how, is_bad in tables)
        shown = "; ".join(f"{one}: {how}" for one, how, _is_bad in tables) or "none"
        kept = report.hold(f"{name} reads no large table in sequence", is_kept=is_kept)
        table.add(name, statements, shown, kept)
    table.notes.append(
        f"By EXPLAIN, of {', '.join(_LARGE)}. A table of a few thousand rows is read in sequence "
        "because that is quickest; what counts then is whether an index would do if it were not."
    )
    report.show(table)


def not_modified(installed: Installation, report: Report, *, chosen: Namespace) -> None:
    """Compare answers with those that say that they are as they were."""
    table = Table(
        "Answers that have not changed",
        ("µs, in turns", "200", "304", "ratio", f"≤ {NOT_MODIFIED}"),
    )
    with installed.served(cpus=chosen.server_cpus) as server:
        for document, path in _CONDITIONAL.items():
            header = installed.header(document)
            request = urllib.request.Request(server.url + path, headers={"Authorization": header})
            with urllib.request.urlopen(request) as answer:
                tag = answer.headers["ETag"]
            headers = [f"Authorization: {header}"]
            whole = replace(_wrk(installed, chosen), headers=headers)
            unchanged = replace(whole, headers=[*headers, f"If-None-Match: {tag}"])
            sizes = [one.drive(server.url, [path], 1) for one in (whole, unchanged)]
            if sizes[0].size / sizes[0].requests <= sizes[1].size / sizes[1].requests:
                raise RuntimeError("The answer with If-None-Match is as long as the one without.")

            def microseconds(wrk: Wrk, path: str = path) -> float:
                return 1_000_000 / wrk.per_second(server.url, [path], chosen.seconds)

            short, long = alternated(
                chosen.turns,
                partial(microseconds, unchanged),
                partial(microseconds, whole),
            )
            ratio = ratios(short, long)
            is_kept = ratio.median <= NOT_MODIFIED
            kept = report.hold(f"304 of {document} costs less than 200", is_kept=is_kept)
            table.add(document, _shown(long), _shown(short), ratio, kept)
    report.show(table)


def _wrk(installed: Installation, chosen: Namespace) -> Wrk:
    authorization = f"Authorization: {installed.header()}"
    return Wrk([authorization], chosen.connections, chosen.wrk_cpus)


def _shown(microseconds: Sequence[float]) -> str:
    return spread(microseconds).shown("{:.0f}")


def main() -> int:
    parser = options_of(__doc__)
    add_turns(parser, seconds=10, connections=8)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--some", type=int, default=100_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--companies", type=int, default=4, help="beside the demo's two")
    parser.add_argument("--log-rows", type=int, default=1_000_000)
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    workers = chosen.few, chosen.some, chosen.many
    with installations(len(workers)) as installed:
        for one, number in zip(installed, workers, strict=True):
            # A month of them, which is what the pages show.
            log = {"log_rows": chosen.log_rows, "days": 31}
            one.fill(companies=chosen.companies, workers=number, **log)
        growth(installed, report, chosen=chosen, workers=workers)
        not_modified(installed[0], report, chosen=chosen)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
