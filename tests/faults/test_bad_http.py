"""Bad HTTP against the server alone and behind each shipped proxy, and bad HTTP/2 to the proxies.

No bytes come to more answers than there are requests in them, a request that is hidden in another
is answered to nobody, nothing of it makes the application fail or stop answering, and the request
log has a row for each good request and for nothing else.
"""

import json
import urllib.parse
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from tests.deploy.site import HOST
from tests.faults import bad_http, bad_http2, http2, raw
from tests.faults.bad_http import Case, request, smuggled
from tests.faults.fronts import MANY, database_kind, fronts
from tests.faults.raw import Answer, connected, exchange
from tests.shipped.calls import all_with, ask, pairs_of
from tests.shipped.server import database_of_its_own, shipped_server

pytestmark = pytest.mark.faults


class Protocol(NamedTuple):
    """What is sent by it, and how that becomes bytes and what comes back answers.

    `sent` is given what a case or `good` holds, and what puts the placeholders in bytes in place.
    """

    corpus: Callable[[bytes], Sequence[Case]]
    good: Any
    sent: Callable[[Any, Callable[[bytes], bytes]], bytes]
    answers_in: Callable[[bytes], Sequence[Answer]]


HTTP1 = Protocol(
    bad_http.corpus,
    request(b"Connection: close"),
    lambda data, placed: placed(data),
    raw.answers_in,
)
HTTP2 = Protocol(bad_http2.corpus, [bad_http2.GOOD], http2.sent, http2.answers_in)

TARGETS = ["granian", "HAProxy", "nginx", "HAProxy, HTTP/2", "nginx, HTTP/2"]
# What a proxy says by itself of what it does not do: a method, a coding or a version (RFC 9110).
BY_PROXY = {501, 505}
AT_ONCE = 6

_READ = """
import json
from apicalls.models import RequestLog
print(json.dumps(list(RequestLog.objects.values_list("client", "status"))))
"""
_FORGET = "from apicalls.models import RequestLog; RequestLog.objects.all().delete()"


@dataclass
class Target:
    """Where the bytes go, and the installation behind it."""

    name: str
    connect: object
    host: str
    pair: str
    other: str
    site: object
    protocol: Protocol = HTTP1

    def send(self, data, agent):
        """Send it and return the bytes that come back."""

        def placed(text):
            for placeholder, value in (
                (b"{host}", self.host),
                (b"{pair}", self.pair),
                (b"{agent}", agent),
            ):
                text = text.replace(placeholder, value.encode())
            return text

        connection = self.connect()
        try:
            received, _closed = exchange(connection, self.protocol.sent(data, placed))
        finally:
            connection.close()
        return received


def other_worker(roster):
    """Return an ID# that stands in no answer about 00417."""
    ids = [row["worker"]["workerIDNumber"] for row in json.loads(roster)["workers"]]
    return next(one for one in ids if one != "00417" and len(one) > 3)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        more["FAILED_AUTHORIZATIONS_PER_MINUTE"] = str(MANY)
        var = tmp_path_factory.mktemp("alone") / "var"
        with (
            shipped_server(var, WEB_CONCURRENCY="2", **more) as server,
            all_with(server, "rate_limit", MANY),
        ):
            yield server


@pytest.fixture(scope="module")
def site():
    with fronts() as site, all_with(site, "rate_limit", MANY):
        yield site


@pytest.fixture(params=TARGETS)
def target(request):
    if request.param == "granian":
        server = request.getfixturevalue("alone")
        address = urllib.parse.urlsplit(server.url)
        pairs = pairs_of(server)
        return Target(
            request.param,
            lambda: connected(address.hostname, address.port),
            address.netloc,
            "amx {}:{}".format(*pairs["worker-compliance"]),
            other_worker(ask(server, "compliance-roster", pairs["compliance-roster"])),
            server,
        )
    site = request.getfixturevalue("site")
    name, _, version = request.param.partition(", ")
    address = site.front if name == "HAProxy" else site.nginx
    spoken = "h2" if version else "http/1.1"
    path, right = "/api/v1/compliance-roster?limit=5", site.authorization("compliance-roster")
    return Target(
        request.param,
        lambda: site.tls_connected(address, protocol=spoken),
        HOST,
        site.authorization("worker-compliance")["Authorization"],
        other_worker(site.ask("GET", path, right).text),
        site,
        HTTP2 if version else HTTP1,
    )


def wrong_with(case, received, answers, other):
    """Say what is wrong with what came back, or ""."""
    if len(answers) > case.requests:
        return f"{len(answers)} answers to {case.requests} requests"
    good = sum(answer.status in (200, 304) for answer in answers)
    if good > case.good:
        return f"{good} answered, of {case.good} that are good"
    # A body of HTTP/2 can be in pieces.
    if any(other.encode() in part for part in (received, *(one.body for one in answers))):
        return "the smuggled request was answered"
    for answer in answers:
        own = answer.request_id or answer.status not in BY_PROXY
        if answer.status >= 500 and own:
            return f"{answer.status}: {answer.body[:200]!r}"
        if answer.status == 0 and received[3:5] == b"\x04\x00":
            continue  # the first frame of HTTP/2, which was asked for in so many words
        if answer.status == 0 and case.name.startswith("HTTP/0.9"):
            continue  # such an answer is its body
        if answer.status in (0, 200) and not answer.request_id:
            return f"{answer.status} without a name: {answer.body[:200]!r}"
    ids = [answer.request_id for answer in answers if answer.request_id]
    return "" if len(set(ids)) == len(ids) else "the same answer twice"


def test_bad_requests_come_to_one_answer_at_most_and_harm_nobody(target, figures):
    target.site.manage("shell", "-v0", "-c", _FORGET)

    protocol = target.protocol
    cases = protocol.corpus(smuggled(target.host, target.pair, target.other))

    def tried(number):
        case = cases[number]
        received = target.send(case.data, f"case-{number}")
        try:
            answers = protocol.answers_in(received)
        except ValueError:
            return None, f"{case.name}: cannot be read: {received[:300]!r}"
        wrong = wrong_with(case, received, answers, target.other)
        # Somebody else, on a connection of their own, is answered as ever.
        [after] = protocol.answers_in(target.send(protocol.good, f"after-{number}"))
        if after.status != 200 or json.loads(after.body)["worker"]["workerIDNumber"] != "00417":
            wrong = wrong or f"afterwards: {after}"
        return answers, wrong and f"{case.name}: {wrong}"

    with ThreadPoolExecutor(AT_ONCE) as at_once:
        tries = list(at_once.map(tried, range(len(cases))))
    faults = [wrong for _answers, wrong in tries if wrong]
    statuses = Counter(answer.status for answers, _wrong in tries for answer in answers or [])
    rows = json.loads(target.site.manage("shell", "-v0", "-c", _READ).splitlines()[-1])
    logged = Counter(agent for agent, status in rows if status in (200, 304))
    for number, case in enumerate(cases):
        if logged[f"case-{number}"] > case.good:
            faults.append(f"{case.name}: {logged[f'case-{number}']} rows")
        if logged[f"after-{number}"] != 1:
            faults.append(f"after {case.name}: {logged[f'after-{number}']} rows")
    if logged["smuggled"]:
        faults.append(f"{logged['smuggled']} rows of smuggled requests")
    figures |= {
        f"{target.name}, {database_kind()}: bad requests": len(cases),
        **{f"{target.name}: answered {key}": n for key, n in sorted(statuses.items())},
        f"{target.name}: no answer": sum(not answers for answers, _wrong in tries),
        f"{target.name}: wrong": len(faults),
    }
    assert not faults, "\n".join(faults)
