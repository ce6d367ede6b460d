"""Half an hour at 70 % of capacity: nobody is refused, nothing grows, nothing becomes slower.

MINUTES=3 pytest tests/soak
"""

import http.client
import os
import random
import threading
import time
import urllib.parse
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.fronts import MANY, database_kind
from tests.faults.sizes import percentile
from tests.shipped.calls import QUERIES, all_with, pairs_of
from tests.shipped.server import database_of_its_own, shipped_server
from tests.shipped.test_processes import children

pytestmark = pytest.mark.soak

MINUTES = float(os.environ.get("MINUTES", "30"))
PART = 60 * MINUTES / 6  # seconds at the begin and at the end that are compared
WARM_UP = min(60.0, 10 * MINUTES)  # until each process has its connections and has planned
CALIBRATION = 20
SHARE = 0.7
PROGRAMS = 6
# What is asked, and how often compared with the others.
ASKED = {"worker-compliance": 40, "verify": 3, "compliance-changes": 3, "compliance-roster": 4}


class Program(threading.Thread):
    """Asks over a kept connection, every `every` seconds (0: without a pause)."""

    def __init__(self, number, url, pairs, every=0.0):
        super().__init__(daemon=True)
        self.told, self.faults = [], Counter()
        self._random = random.Random(number)
        self._netloc, self._pairs, self._every = urllib.parse.urlsplit(url).netloc, pairs, every
        self._is_over = threading.Event()

    def run(self):
        connection = http.client.HTTPConnection(self._netloc, timeout=60)
        due = time.monotonic() + self._random.random() * self._every
        while not self._is_over.wait(max(0, due - time.monotonic())):
            due += self._every
            [document] = self._random.choices(list(ASKED), list(ASKED.values()))
            key, secret = self._pairs[document]
            at = time.monotonic()
            try:
                connection.request(
                    "GET",
                    f"/api/v1/{document}?{QUERIES[document]}",
                    headers={"Authorization": f"amx {key}:{secret}"},
                )
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.faults[answer.status] += 1
            except (OSError, http.client.HTTPException) as error:
                self.faults[repr(error)] += 1
                connection.close()
            self.told.append((at, time.monotonic() - at))
        connection.close()

    def end(self):
        self._is_over.set()
        self.join(timeout=70)
        assert not self.is_alive()


def ran(server, pairs, seconds, every=0.0, meanwhile=time.sleep):
    programs = [Program(number, server.url, pairs, every) for number in range(PROGRAMS)]
    began = time.monotonic()
    for program in programs:
        program.start()
    try:
        meanwhile(seconds)
    finally:
        for program in programs:
            program.end()
    told = sorted(one for program in programs for one in program.told)
    return told, sum((program.faults for program in programs), Counter()), began


def memory_of(server):
    """Return how many megabytes all of the server's processes hold together."""
    port = server.url.rpartition(":")[2]
    below = children(os.getpid())
    [top] = [pid for pid, said in below.items() if f"processes 127.0.0.1 {port}" in said]
    total = 0
    for pid in [top, *children(top)]:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


@pytest.fixture
def server(tmp_path):
    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        with (
            shipped_server(tmp_path / "var", WEB_CONCURRENCY="2", **more) as server,
            all_with(server, "rate_limit", MANY),
        ):
            yield server


def test_nothing_grows_and_nothing_becomes_slower(server, figures):
    pairs = pairs_of(server)
    ran(server, pairs, CALIBRATION / 4)
    told, faults, _began = ran(server, pairs, CALIBRATION)
    assert not faults
    capacity = len(told) / CALIBRATION
    memory = []

    def watched(seconds):
        end = time.monotonic() + seconds
        time.sleep(WARM_UP)
        while time.monotonic() < end:
            memory.append(memory_of(server))
            time.sleep(min(10, max(0, end - time.monotonic())))

    every = PROGRAMS / (SHARE * capacity)
    told, faults, began = ran(server, pairs, WARM_UP + 60 * MINUTES, every, watched)
    said = server.log_text()
    first = [took for at, took in told if 0 <= at - began - WARM_UP < PART]
    last = [took for at, took in told if at > told[-1][0] - PART]
    before, after = (1000 * percentile(these, 0.99) for these in (first, last))
    few = max(1, len(memory) // 6)
    grown = 100 * (sum(memory[-few:]) / sum(memory[:few]) - 1)
    figures |= {
        f"soak, {database_kind()}: minutes": MINUTES,
        "  capacity, requests a second": f"{capacity:.0f}",
        "  requests": len(told),
        "  not answered with 200": faults.total(),
        "  memory, MB": f"{memory[0]:.0f} to {memory[-1]:.0f}",
        "  memory grew by, %": f"{grown:.1f}",
        "  p99 in the first sixth, ms": f"{before:.1f}",
        "  p99 in the last sixth, ms": f"{after:.1f}",
    }
    assert not faults
    assert "Traceback" not in said
    assert len(told) > 0.9 * SHARE * capacity * 60 * MINUTES
    assert grown < 5
    assert after <= 1.2 * before
