"""Does the time of a refusal tell which Client Keys there are?

python -m bench.credential_timing --requests 10000

Unknown keys, live keys with a wrong secret and revoked pairs, so many of each, are sent to the
WSGI application in the process, in random order. Welch's t of each two groups must stay below
4.5. All are refused alike: the limits are raised in the environment, so that none becomes a 429.
"""

import gc
import http.client
import io
import random
import sys
import time
import urllib.parse
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from statistics import median
from typing import Any

from bench.figures import percentile, welch_t
from bench.installation import WORKER_COMPLIANCE, installation_on
from bench.options import options_of
from bench.table import Report, Table

LEAKS = 4.5
# The second is no other case: what differs there is the bench's own fault.
GROUPS = ("unknown key", "other unknown key", "wrong secret of a live key", "revoked pair")
_PATH = f"{WORKER_COMPLIANCE}?workerIDNumber=00417"
_NO_LIMIT = {"FAILED_AUTHORIZATIONS_PER_MINUTE": "1000000000"}

Headers = Mapping[str, Sequence[str]]
# Sends a request with that header, and returns nanoseconds and status.
Send = Callable[[str], tuple[int, int]]

_MAKE_PAIRS = """
import json
from datetime import timedelta
from accounts.models import Company
from apicalls import services
from apicalls.credentials import header_value, new_client_key, new_client_secret
from apicalls.models import APITemplate
from apicalls.selectors import credential_current
company = Company.objects.get(name="Northern Build")
template = APITemplate.objects.get(code="worker-compliance")
unknown, other, wrong, revoked = [], [], [], []
for _ in range({keys}):
    unknown.append(header_value(new_client_key(), new_client_secret()))
    other.append(header_value(new_client_key(), new_client_secret()))
    call = services.api_call_add(company=company, template=template, by=None)
    old = credential_current(api_call=call)
    secret = services.client_secret_reveal(credential=old, action="showed", by=None)
    revoked.append(header_value(old.client_key, secret))
    live = services.regenerate_credentials(
        api_call=call, replaces=old.client_key, overlap=timedelta(0), by=None)
    wrong.append(header_value(live.client_key, new_client_secret()))
print(json.dumps([unknown, other, wrong, revoked]))
"""


def timed(headers: Headers, send: Send, *, requests: int) -> dict[str, list[int]]:
    """Send so many requests of each group in random order, and return their nanoseconds."""
    order = [name for name in headers for _request in range(requests)]
    random.shuffle(order)
    times: dict[str, list[int]] = {name: [] for name in headers}
    for name in headers:  # what first answers import and prepare
        for header in headers[name]:
            send(header)
    gc.collect()
    gc.disable()
    for name in order:
        took, status = send(random.choice(headers[name]))
        if status != 401:
            raise RuntimeError(f"{name} was answered {status}, and must be refused with 401")
        times[name].append(took)
    gc.enable()
    return times


def trimmed(times: Mapping[str, Sequence[int]], percent: float) -> dict[str, list[int]]:
    """Leave out what took longer than `percent` of all: one bound, the same for every group."""
    bound = percentile([one for group in times.values() for one in group], percent)
    return {name: [one for one in group if one <= bound] for name, group in times.items()}


def show(report: Report, where: str, times: Mapping[str, Sequence[int]], percent: float) -> None:
    kept = trimmed(times, percent)
    table = Table(f"Time of a refusal, {where}", ("refused", "requests", "kept", "median µs"))
    for name, group in kept.items():
        table.add(name, len(times[name]), len(group), f"{median(group) / 1000:.1f}")
    table.notes.append(
        f"Kept is what took no longer than {percent:g} % of all, by one bound. All were 401."
    )
    report.show(table)
    told = Table(
        f"Whether it tells them apart, {where}",
        ("groups", "difference of medians, µs", "Welch's t", "t of all", f"< {LEAKS}"),
    )
    for a, b in combinations(kept, 2):
        t = welch_t(kept[a], kept[b])
        told.add(
            f"{a}, {b}",
            f"{abs(median(kept[a]) - median(kept[b])) / 1000:.2f}",
            f"{t:.2f}",
            f"{welch_t(times[a], times[b]):.2f}",
            report.hold(f"{a} and {b} {where}", is_kept=t < LEAKS),
        )
    report.show(told)


def in_process() -> Send:
    """Return what sends to the WSGI application; the answer is read, its end is not timed."""
    from workhub.wsgi import application

    def send(header: str) -> tuple[int, int]:
        path, _, query = _PATH.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_USER_AGENT": "bench/1",
            "HTTP_AUTHORIZATION": header,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        status = ""

        def start_response(line: str, headers: object, exc_info: object = None) -> None:
            nonlocal status
            status = line

        began = time.perf_counter_ns()
        answer: Any = application(environ, start_response)
        b"".join(answer)
        took = time.perf_counter_ns() - began
        if hasattr(answer, "close"):
            answer.close()
        return took, int(status[:3])

    return send


def over_loopback(url: str) -> Send:
    """Return what sends over one connection that is kept."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)

    def send(header: str) -> tuple[int, int]:
        began = time.perf_counter_ns()
        connection.request("GET", _PATH, headers={"Authorization": header})
        answer = connection.getresponse()
        answer.read()
        return time.perf_counter_ns() - began, answer.status

    return send


def measure(chosen: Namespace, report: Report, database: str) -> None:
    with installation_on(database) as installed:
        installed.environment |= _NO_LIMIT
        made = installed.told(_MAKE_PAIRS.replace("{keys}", str(chosen.keys)))
        headers = dict(zip(GROUPS, made, strict=True))
        if chosen.loopback:
            with installed.served() as server:
                times = timed(headers, over_loopback(server.url), requests=chosen.requests)
        else:
            installed.use()
            times = timed(headers, in_process(), requests=chosen.requests)
        where = f"{'over loopback' if chosen.loopback else 'in the process'}, {database}"
        show(report, where, times, chosen.percent)


def main() -> int:
    parser = options_of(__doc__)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--requests", type=int, default=10_000, help="of each group")
    parser.add_argument("--keys", type=int, default=50, help="of each group")
    parser.add_argument("--percent", type=float, default=90, help="of all times that are kept")
    parser.add_argument("--loopback", action="store_true", help="over HTTP instead")
    chosen = parser.parse_args()
    report = Report(chosen.markdown)
    measure(chosen, report, chosen.database)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
