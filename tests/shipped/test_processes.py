"""The server and what runs beside it: started, stopped and killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.shipped.server import ROOT, shipped_server

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def children(pid):
    """The processes below a process, however deep: pid -> command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(") ")[2].split()[1])
            command = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        found[int(entry.name)] = (parent, command)
    below, more = {}, [pid]
    while more:
        one = more.pop()
        for child, (parent, command) in found.items():
            if parent == one:
                below[child] = command
                more.append(child)
    return below


def is_running(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return False


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def together(server, worker):
    """Start both with the code that the shipped server runs under."""
    code = (
        "import sys; from workhub.processes import Together; "
        f"sys.exit(Together({server!r}, {worker!r}).run())"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    wait_until(lambda: len(children(process.pid)) >= 2)  # a server can have started more
    return process


def worker_of(pid):
    return [child for child, command in children(pid).items() if "db_worker" in command]


@pytest.fixture
def ended():
    """Return a list of processes to be killed when the test is over."""
    processes = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


pytestmark = pytest.mark.any_database


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both_and_leaves_no_orphans(ended, number):
    process = together(SLEEP, SLEEP)
    ended.append(process)
    below = children(process.pid)
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    assert not any(is_running(pid) for pid in below)


def test_a_worker_that_does_not_listen_is_killed(ended, monkeypatch):
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    process = together(SLEEP, [sys.executable, "-c", deaf])
    ended.append(process)
    time.sleep(0.5)  # until it is deaf
    below = children(process.pid)
    process.terminate()
    process.wait(timeout=15)
    assert not any(is_running(pid) for pid in below)


def test_when_the_server_ends_the_worker_does_and_the_status_is_told(ended):
    process = together([sys.executable, "-c", "import time; time.sleep(1); exit(3)"], SLEEP)
    ended.append(process)
    below = children(process.pid)
    assert process.wait(timeout=10) == 3
    assert not any(is_running(pid) for pid in below)


def test_what_the_server_had_started_is_gone_when_it_was_killed(ended):
    """Granian's workers would go on answering, and nothing could be started on their port."""
    server = f"import subprocess, time; subprocess.Popen({SLEEP!r}); time.sleep(60)"
    process = together([sys.executable, "-c", server], SLEEP)
    ended.append(process)
    parent, child = wait_until(
        lambda: [
            (pid, below)
            for pid, command in children(process.pid).items()
            if "subprocess" in command
            for below in children(pid)
        ]
    )[0]
    os.kill(parent, signal.SIGKILL)
    process.wait(timeout=10)
    assert not is_running(child)


def test_a_worker_that_was_killed_is_started_again(ended):
    worker = [sys.executable, "-c", "'db_worker'; import time; time.sleep(60)"]
    process = together(SLEEP, worker)
    ended.append(process)
    [first] = worker_of(process.pid)
    os.kill(first, signal.SIGKILL)
    [second] = wait_until(lambda: [pid for pid in worker_of(process.pid) if pid != first])
    assert is_running(second)
    process.terminate()
    process.wait(timeout=10)
    assert not is_running(second)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells the children on Linux")
def test_when_it_is_killed_itself_nothing_is_left(ended):
    process = together(SLEEP, SLEEP)
    ended.append(process)
    below = children(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: not any(is_running(pid) for pid in below))


# --- The shipped server ----------------------------------------------------------------

# What stands before each of the programs below that are run inside the installation.
BEGIN = """
import uuid
from accounts.models import Company
from workers.imports.models import *
from workers.models import Worker
from workers.services import imports
company = Company.objects.first()
one = lambda: DataImport.objects.get()
"""
UPLOAD = """
rows = "".join(f"K{n},Kim,Lee{n},Rigger\\n" for n in range(30_000))
imports.import_add(company=company, by=None, code=uuid.uuid4(), kind="workers",
    file_name="x.csv", content=("ID#,First name,Last name,Position\\n" + rows).encode())
"""
CHECK = """
imports.import_map(data_import=one(), by=None, columns=one().columns, date_order="day_first",
    create_places=True)
"""
APPLY = "imports.import_apply(data_import=one(), by=None)"
TELL = "print(one().state, one().is_started, Worker.objects.filter(first_name='Kim').count())"
# A minute and more has passed since anything was heard.
LATER = """
from datetime import timedelta
from django.utils import timezone
DataImport.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=2))
imports.import_look_after(data_import_id=one().pk, run=one().run)
"""


def test_an_import_survives_the_kill_of_its_worker(tmp_path):
    with shipped_server(tmp_path / "var") as server:

        def inside(program):
            return server.manage("shell", "--no-imports", "-c", BEGIN + program).strip()

        def state():
            return inside(TELL).split()

        [supervisor] = [
            pid
            for pid, command in children(os.getpid()).items()
            if "workhub.processes" in command and server.url.rpartition(":")[2] in command
        ]
        inside(UPLOAD)
        wait_until(lambda: state()[0] == "mapping", 60)
        inside(CHECK)
        wait_until(lambda: state()[0] == "ready", 60)
        inside(APPLY)
        [worker] = worker_of(supervisor)
        wait_until(lambda: state()[:2] == ["applying", "True"], 60)
        os.kill(worker, signal.SIGKILL)
        # Nothing is half done, and another worker is there.
        assert state() == ["applying", "True", "0"]
        wait_until(lambda: [pid for pid in worker_of(supervisor) if pid != worker])
        for told in (tmp_path / "var").glob("*-import-*"):
            os.utime(told, (0, 0))
        inside(LATER)
        wait_until(lambda: state() == ["applied", "True", "30000"], 60)
        left = children(supervisor)
    assert not any(is_running(pid) for pid in left)
    assert not list((tmp_path / "var").glob("*-import-*"))
