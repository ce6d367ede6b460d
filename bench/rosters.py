"""The whole roster in one answer, compared with the database's own JSON and with serializers.

python -m bench.rosters --workers 10000 --many 100000

The document is asked for with all that a call can serve but e-mails. The same facts are made by
PostgreSQL alone (bench/roster.sql) and fetched as one value, and by nested serializers of REST
framework; that they are the same is tried first. Then two servers send few and many workers, to
see that neither needs more memory.
"""

import http.client
import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg

from bench.figures import ratios, spread
from bench.installation import Installation, installations
from bench.options import add_cpus, options_of
from bench.peers.serving import PROGRAMS, Peer, keys_of, peer_environment, served
from bench.table import Report, Table

_ROSTER = "/api/v1/compliance-roster"
_STREAM = f"{_ROSTER}?stream=true"
_SQL = Path(__file__).with_name("roster.sql").read_text()
_AGG = "PostgreSQL's json_agg, one value"
_JSON, _XML = "Workhub, JSON", "Workhub, XML"
# In times of json_agg; ours must not take longer.
_BUDGETS = {_JSON: 1.5, _XML: 2.5}
_FIRST_BYTE_MS = 50
_GROWTH = 1.10
_ENCODINGS = ("gzip", "zstd")

# A call for each format, beside the demo's.
_MAKE_CALLS = """
import json
from accounts.models import Company
from apicalls import services
from apicalls.models import APITemplate
from apicalls.selectors import credential_current
company = Company.objects.get(name="Northern Build")
template = APITemplate.objects.get(code="compliance-roster")
pairs = {}
for output_format in ("json", "xml"):
    call = services.api_call_add(company=company, template=template, by=None)
    call.output_format, call.rate_limit = output_format, 1_000_000_000
    call.field_groups = ["names", "placement", "items", "certificate_details", "optional_items",
        "reasons"]
    call.save()
    pair = credential_current(api_call=call)
    secret = services.client_secret_reveal(credential=pair, action="showed", by=None)
    pairs[output_format] = f"amx {pair.client_key}:{secret.reveal()}"
print(json.dumps({"company_id": company.pk, "today": str(company.today()), "pairs": pairs}))
"""


class Fetched(NamedTuple):
    """How long it took to the first byte of the body and to the last; seconds."""

    first: float
    whole: float
    body: bytes
    encoding: str


@dataclass(frozen=True)
class Side:
    name: str
    fetch: Callable[[], Fetched]


def over_http(url: str, path: str, headers: Mapping[str, str]) -> Callable[[], Fetched]:
    """Return what fetches a whole body over a connection of its own."""
    address = urlsplit(url)
    assert address.hostname

    def fetch() -> Fetched:
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=600)
        connection.connect()
        began = time.perf_counter()
        connection.request("GET", path, headers={"Accept-Encoding": "identity", **headers})
        answer = connection.getresponse()
        begun = answer.read(1)
        first = time.perf_counter() - began
        body = begun + answer.read()
        whole = time.perf_counter() - began
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{url}{path} answered {answer.status}: {body[:1000]!r}")
        return Fetched(first, whole, body, answer.getheader("Content-Encoding") or "")

    return fetch


def from_postgresql(url: str, company_id: int, today: date) -> Callable[[], Fetched]:
    """Return what fetches the facts as one value that PostgreSQL makes."""
    connection = psycopg.connect(url, autocommit=True)
    values = {"company_id": company_id, "today": today}

    def fetch() -> Fetched:
        began = time.perf_counter()
        row = connection.execute(_SQL, values).fetchone()
        took = time.perf_counter() - began
        assert row
        return Fetched(took, took, row[0].encode(), "")

    return fetch


def measure(installed: Installation, report: Report, chosen: Namespace) -> None:
    made = installed.told(_MAKE_CALLS)
    pairs, today = made["pairs"], date.fromisoformat(made["today"])
    environment = peer_environment(installed)
    key = keys_of(installed, environment)["Api-Key"]
    peer = Peer("DRF", f"{PROGRAMS}.with_django.drf:application")
    with ExitStack() as stack:
        ours = stack.enter_context(installed.served(cpus=chosen.server_cpus))
        log = installed.var / "peer.log"
        theirs = stack.enter_context(served(peer, environment, log, chosen.server_cpus))

        def of_ours(output_format: str, **more: str) -> Callable[[], Fetched]:
            return over_http(ours.url, _STREAM, {"Authorization": pairs[output_format], **more})

        def of_theirs(accept: str) -> Callable[[], Fetched]:
            headers = {"Authorization": f"Api-Key {key}", "Accept": accept}
            return over_http(theirs.url, _ROSTER, headers)

        sides = [
            Side(_AGG, from_postgresql(environment["DATABASE_URL"], made["company_id"], today)),
            Side(_JSON, of_ours("json")),
            Side(_XML, of_ours("xml")),
            Side("DRF serializers, JSON", _patient(of_theirs("application/json"))),
            Side("DRF serializers, XML", _patient(of_theirs("application/xml"))),
        ]
        _same_facts({side.name: side.fetch() for side in (*sides[:2], sides[3])})
        for name, output_format in ((_JSON, "json"), (_XML, "xml")):
            for encoding in _ENCODINGS:
                fetch = of_ours(output_format, **{"Accept-Encoding": encoding})
                if fetch().encoding == encoding:
                    sides.append(Side(f"{name}, {encoding}", fetch))
        found: dict[str, list[Fetched]] = {side.name: [] for side in sides}
        for _turn in range(chosen.turns):
            for side in sides:
                found[side.name].append(side.fetch())
    _show(report, found, chosen.turns)


def _patient(fetch: Callable[[], Fetched]) -> Callable[[], Fetched]:
    """Return the same for a server that may still be starting."""

    def patient() -> Fetched:
        for _try in range(100):
            try:
                return fetch()
            except ConnectionRefusedError:
                time.sleep(0.1)
        return fetch()

    return patient


def _same_facts(answers: Mapping[str, Fetched]) -> None:
    expected = _facts(answers[_JSON].body)
    for name, answer in answers.items():
        for ours, theirs in zip(expected, _facts(answer.body), strict=True):
            if ours != theirs:
                raise RuntimeError(f"{name}:\n{theirs}\nand not\n{ours}")


def _facts(body: bytes) -> list[Any]:
    document = json.loads(body)
    return [document["version"], document["asOf"], document["count"], *document["workers"]]


def _show(report: Report, found: Mapping[str, Sequence[Fetched]], turns: int) -> None:
    count = json.loads(found[_JSON][0].body)["count"]
    head = ("answer", "seconds", "MB", "first byte, ms", "≤", "so many times json_agg", "at most")
    table = Table(f"All {count:,} workers with their items in one answer", head)
    of_agg = [one.whole for one in found[_AGG]]
    for name, answers in found.items():
        first, kept, verdict = "", "", ""
        if name.startswith("Workhub"):
            milliseconds = spread([one.first * 1000 for one in answers])
            first = milliseconds.shown("{:.0f}")
            is_kept = milliseconds.median <= _FIRST_BYTE_MS
            kept = f"{_FIRST_BYTE_MS}: {report.hold(f'first byte of {name}', is_kept=is_kept)}"
        ratio = ratios([one.whole for one in answers], of_agg)
        if name in _BUDGETS:
            is_kept = ratio.median <= _BUDGETS[name]
            verdict = f"{_BUDGETS[name]:g}: {report.hold(name, is_kept=is_kept)}"
        table.add(
            name,
            spread([one.whole for one in answers]).shown("{:.2f}"),
            f"{len(answers[0].body) / 1e6:.1f}",
            first,
            kept,
            "" if name == _AGG else ratio,
            verdict,
        )
    table.notes.append(
        f"Medians of {turns} turns (least to greatest); wall time until the last byte is there, of "
        "ours and DRF's over HTTP. All JSON has the same facts; DRF's XML writes lists its own way."
    )
    if len(found) == 5:
        table.notes.append("Nothing is compressed for a client that asks for gzip or zstd.")
    report.show(table)


def memory(installed: Sequence[Installation], report: Report, chosen: Namespace) -> None:
    """Compare the peak of a server that sent few workers with that of one that sent many."""
    head = ("server", "workers", "JSON, s", "XML, s", "resident at most, MiB")
    table = Table("Memory for all workers in one answer", head)
    peaks = []
    for one in installed:
        made = one.told(_MAKE_CALLS)
        with one.served(cpus=chosen.server_cpus) as server:
            took, count = [], 0
            for output_format in ("json", "xml"):
                header = {"Authorization": made["pairs"][output_format]}
                over_http(server.url, f"{_ROSTER}?limit=1", header)()
                answer = over_http(server.url, _STREAM, header)()
                took.append(f"{answer.whole:.1f}")
                if output_format == "json":
                    count = json.loads(answer.body)["count"]
            peaks.append(server.peak_memory())
        table.add("Workhub", f"{count:,}", *took, f"{peaks[-1] / 2**20:.0f}")
    ratio = peaks[1] / peaks[0]
    kept = report.hold("memory of a roster", is_kept=ratio <= _GROWTH)
    table.notes.append(f"Many take {ratio:.2f} times as much as few; ≤ {_GROWTH:.2f}: {kept}.")
    report.show(table)


def main() -> int:
    parser = options_of(__doc__)
    parser.add_argument("--turns", type=int, default=5, help="of each side (A B A B …)")
    parser.add_argument("--workers", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=100_000, help="workers, for the memory")
    add_cpus(parser)
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    with installations(2) as installed:
        for one, number in zip(installed, (chosen.workers, chosen.many), strict=True):
            one.fill(workers=number)
        measure(installed[0], report, chosen)
        memory(installed, report, chosen)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
