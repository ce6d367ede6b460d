"""All workers in one answer, in a memory that does not grow with their number."""

import re
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.shipped.calls import all_with, ask, pairs_of
from tests.shipped.server import database_of_its_own, shipped_server

WORKERS = 10_000
MAX_GROWTH = 20 * 1024  # kB

MULTIPLY = f"""
from accounts.models import Company
from workers.demo.multiply import multiply
list(multiply(company=Company.objects.get(name="Northern Build"), workers={WORKERS}))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        folder = tmp_path_factory.mktemp("stream") / "var"
        with shipped_server(folder, **more) as server:
            server.manage("shell", "-v0", "-c", MULTIPLY)
            yield server


def processes_of(server):
    """Return the ids of the processes that answer: those that run granian on its port."""
    listed = subprocess.run(["pgrep", "-f", "workhub.wsgi:application"], capture_output=True)
    port = server.url.rpartition(":")[2]
    return [
        pid
        for pid in map(int, listed.stdout.split())
        if f"--port\0{port}\0" in Path(f"/proc/{pid}/cmdline").read_text()
    ]


class Memory:
    """What the processes hold at most, from now on, in kB over what they hold now."""

    def __init__(self, pids):
        self._pids = pids
        for pid in pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
        self._idle = self._read("VmRSS")

    def growth(self):
        return self._read("VmHWM") - self._idle

    def _read(self, what):
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in self._pids]
        return sum(int(re.search(rf"{what}:\s+(\d+) kB", text)[1]) for text in texts)


@pytest.fixture
def memory(server, pair):
    ask(server, "compliance-roster", pair, "limit=1")  # what every first answer imports
    return Memory(processes_of(server))


@pytest.fixture(scope="module")
def pair(server):
    return pairs_of(server)["compliance-roster"]


@pytest.mark.parametrize("output_format", ["json", "xml"])
def test_everybody_is_sent_in_less_than_20_mb_over_idle(server, pair, output_format):
    with all_with(server, "output_format", output_format):
        ask(server, "compliance-roster", pair, "limit=1")
        memory = Memory(processes_of(server))
        request = urllib.request.Request(
            f"{server.url}/api/v1/compliance-roster?stream=true",
            headers={"Authorization": "amx {}:{}".format(*pair)},
        )
        size, end = 0, b""
        with urllib.request.urlopen(request, timeout=120) as answer:
            while chunk := answer.read(65536):
                size, end = size + len(chunk), (end + chunk)[-100:]
    count = re.search(rb'"count":(\d+)\}|<count>(\d+)</count>', end)
    assert int(count[1] or count[2]) >= WORKERS
    assert size > 10_000_000
    assert memory.growth() < MAX_GROWTH


def test_who_reads_slowly_is_not_waited_for_in_memory(server, pair, memory):
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.sendall(
            "GET /api/v1/compliance-roster?stream=true HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
            "Authorization: amx {}:{}\r\n\r\n".format(port, *pair).encode()
        )
        assert slow.recv(15) == b"HTTP/1.1 200 OK"
        time.sleep(2)  # long enough for the whole document to be made, if it were
        assert memory.growth() < MAX_GROWTH
