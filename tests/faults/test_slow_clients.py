"""Who begins a request and says no more: others are answered beside 500 of them, as fast as ever.

Turns with and without them follow each other, so that what else the machine does meets both.
"""

import http.client
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.deploy.site import HOST
from tests.faults.fronts import MANY, database_kind, fronts
from tests.faults.raw import connected
from tests.faults.sizes import percentile, so_many
from tests.shipped.calls import all_with, pairs_of
from tests.shipped.server import database_of_its_own, shipped_server

pytestmark = pytest.mark.faults

PATH = "/api/v1/worker-compliance?workerIDNumber=00417"
STALLED = 500
TURNS = so_many(8, 2)  # of each kind
SECONDS = 6  # of a turn: less than the proxies wait for a head
GOOD = 3  # programs
PAUSE = 0.03  # of each between two requests: who waits is measured, not how much there is to do
HALF = "GET {path} HTTP/1.1\r\nHost: {host}\r\nX-A: "


@dataclass
class Way:
    """A way to the application: for bytes, from a given address, and for a good program."""

    bytes_from: object
    program: object
    host: str
    authorization: dict
    addresses: list


class Program(threading.Thread):
    """Asks over a kept connection, and notes how long each answer took."""

    def __init__(self, way):
        super().__init__(daemon=True)
        self.seconds, self.statuses = [], set()
        self._way = way
        self._is_over = threading.Event()

    def run(self):
        connection = self._way.program()
        headers = {"Host": self._way.host} | self._way.authorization
        while not self._is_over.wait(PAUSE):
            began = time.perf_counter()
            connection.request("GET", PATH, headers=headers)
            answer = connection.getresponse()
            answer.read()
            self.seconds.append(time.perf_counter() - began)
            self.statuses.add(answer.status)
        connection.close()

    def end(self):
        self._is_over.set()
        self.join(timeout=30)
        assert not self.is_alive()


def stalled(way):
    """Return connections on which half a head was sent."""

    def one(number):
        connection = way.bytes_from(way.addresses[number % len(way.addresses)])
        connection.sendall(HALF.format(path=PATH, host=way.host).encode())
        return connection

    with ThreadPoolExecutor(16) as at_once:
        return list(at_once.map(one, range(STALLED)))


def still_open(connection):
    connection.setblocking(False)
    try:
        return bool(connection.recv(1))
    except OSError as error:  # nothing to read, of TLS or of TCP
        return type(error).__name__ in {"BlockingIOError", "SSLWantReadError"}


def turn(way):
    programs = [Program(way) for _ in range(GOOD)]
    for program in programs:
        program.start()
    time.sleep(SECONDS)
    for program in programs:
        program.end()
    assert {status for program in programs for status in program.statuses} == {200}
    return [seconds for program in programs for seconds in program.seconds]


@pytest.fixture(scope="module")
def site():
    with fronts() as site, all_with(site, "rate_limit", MANY):
        yield site


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        var = tmp_path_factory.mktemp("alone") / "var"
        with (
            shipped_server(var, WEB_CONCURRENCY="2", **more) as server,
            all_with(server, "rate_limit", MANY),
        ):
            yield server


@pytest.fixture(params=["granian", "HAProxy", "nginx"])
def way(request):
    if request.param == "granian":
        server = request.getfixturevalue("alone")
        address = urllib.parse.urlsplit(server.url)
        key, secret = pairs_of(server)["worker-compliance"]
        return Way(
            lambda source: connected(address.hostname, address.port, source),
            lambda: http.client.HTTPConnection(address.netloc, timeout=30),
            address.netloc,
            {"Authorization": f"amx {key}:{secret}"},
            ["127.0.0.1"],
        )
    site = request.getfixturevalue("site")
    address = site.front if request.param == "HAProxy" else site.nginx
    return Way(
        lambda source: site.tls_connected(address, source),
        lambda: site.connection(address),
        HOST,
        site.authorization("worker-compliance"),
        # The proxies hold how many connections one address may have.
        [site.machines.address(number) for number in range(70, 75)],
    )


def test_good_programs_do_not_notice_stalled_ones(way, request, figures):
    turn(way)  # until connections to the database are there
    quiet, beside, left = [], [], []
    for _ in range(TURNS):
        quiet += turn(way)
        slow = stalled(way)
        beside += turn(way)
        left.append(sum(still_open(one) for one in slow))
        for one in slow:
            one.close()
    before, during = (1000 * percentile(these, 0.99) for these in (quiet, beside))
    name = f"{request.node.callspec.params['way']}, {database_kind()}"
    figures |= {
        f"{name}: requests without and with": f"{len(quiet)}, {len(beside)}",
        f"{name}: stalled at the end of a turn": f"{min(left)} to {max(left)}",
        f"{name}: p99 without, ms": f"{before:.1f}",
        f"{name}: p99 with, ms": f"{during:.1f}",
    }
    # Or nobody was there to be noticed.
    assert min(left) >= STALLED * 0.9
    assert during <= 2 * before
