"""Counts of several processes in one folder: added up, and kept when a process ends."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).parents[2]
# Counts, says so, and lives until its input ends.
COUNTING = """
import sys
from pathlib import Path
from workhub.meters import Shared
shared = Shared(Path(sys.argv[1]))
from prometheus_client import Counter, Histogram
with shared.opened() as registry:
    times = Counter("t_times", "Times", ["of"], registry=registry).labels("one")
    seconds = Histogram("t_seconds", "Seconds", buckets=(1, 2), registry=registry)
times.inc(int(sys.argv[2]))
seconds.observe(1.5)
print("counted", flush=True)
sys.stdin.read()
"""
READING = """
import sys
from pathlib import Path
from workhub.meters import Shared
shared = Shared(Path(sys.argv[1]))
print("processes", shared.processes())
print(shared.text().decode())
"""


@pytest.fixture
def counting(tmp_path):
    """Return a function that starts a process which counts, and returns when it has."""
    started = []

    def start(times):
        process = subprocess.Popen(
            [sys.executable, "-c", COUNTING, str(tmp_path), str(times)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "counted\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def read(tmp_path):
    """Return a function that reads the figures, in a process that counts nothing."""

    def lines():
        output = subprocess.run(
            [sys.executable, "-c", READING, str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return dict(
            line.rpartition(" ")[::2]
            for line in output.splitlines()
            if line and not line.startswith("#")
        )

    return lines


def test_what_processes_count_is_added_up(counting, read):
    counting(3), counting(4)
    found = read()
    assert found["processes"] == "2"
    assert found['t_times_total{of="one"}'] == "7.0"
    assert found['t_seconds_bucket{le="2.0"}'] == "2.0"
    assert found['t_seconds_bucket{le="1.0"}'] == "0.0"
    assert found["t_seconds_sum"] == "3.0"


def test_no_count_goes_back_when_a_process_is_killed(counting, read, tmp_path):
    first = counting(3)
    counting(4)
    first.kill()
    first.wait()
    for _again in range(2):
        found = read()
        assert found["processes"] == "1"
        assert found['t_times_total{of="one"}'] == "7.0"
        assert found["t_seconds_count"] == "2.0"
    assert not list(tmp_path.glob(f"*_{first.pid}.db"))
    assert len(list(tmp_path.glob("*.db"))) == 4  # of one that runs, and of all that ended


def test_processes_that_come_and_go_leave_nothing_behind(counting, read, tmp_path):
    for _each in range(3):
        one = counting(2)
        one.kill()
        one.wait()
        assert read()["processes"] == "0"
    assert read()['t_times_total{of="one"}'] == "6.0"
    assert len(list(tmp_path.glob("*.db"))) == 2


def test_a_file_has_its_room_on_the_disk_before_it_is_written(counting, tmp_path):
    process = counting(1)
    found = (tmp_path / f"counter_{process.pid}.db").stat()
    assert found.st_size == 65536
    assert found.st_blocks * 512 >= 65536


def test_only_its_owner_reads_the_folder(counting, tmp_path):
    process = counting(1)
    assert (tmp_path / f"counter_{process.pid}.db").stat().st_mode & 0o077 == 0
