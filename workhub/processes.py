"""The server, the background worker and the clock as one process: they start, and end, together.

`python -m workhub.processes HOST PORT` is what `make run` becomes. It knows nothing of
Django, so that it costs next to nothing while the others do their work.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

BASE_DIR = Path(__file__).resolve().parent.parent

# What ends at once is started again later and later, up to this.
_LONGEST_PAUSE = 30.0
# How long the worker may take to put down what it has in hand. What it and the clock do can
# be begun anew at any time, so killing them loses nothing.
_GRACE = 5.0
_LOOK_EVERY = 0.2
_PR_SET_PDEATHSIG = 1


def server_command(host: str, port: str) -> list[str]:
    granian = shutil.which("granian", path=str(Path(sys.executable).parent)) or "granian"
    workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
    return [
        granian,
        *("--interface", "wsgi", "--host", host, "--port", port),
        *("--workers", str(workers)),
        # Each has a connection to the database, and some wait for a commit to reach the disk; of
        # more than these, of which granian warns, some wait for the processor too long.
        *("--blocking-threads", str(max(4, (2 * (os.cpu_count() or 1) + 1) // max(1, workers)))),
        # As in deploy/: what proxies do not speak it does not understand either.
        *("--http", "1", "--http1-header-read-timeout", "10000", "--http1-buffer-size", "65536"),
        *("--no-ws", "--log-level", "warning"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "10"),
        "workhub.wsgi:application",
    ]


def worker_command() -> list[str]:
    return [sys.executable, str(BASE_DIR / "manage.py"), "db_worker", "--verbosity", "0"]


def clock_command() -> list[str]:
    return [sys.executable, str(BASE_DIR / "manage.py"), "tick", "--forever", "--verbosity", "0"]


class Together:
    """Runs a server until it ends, and keeps other processes running beside it.

    SIGTERM and SIGINT go to all, and this process ends when all have.
    """

    def __init__(self, server: Sequence[str], *beside: Sequence[str]):
        self._server_command = server
        self._beside = [_Kept(command) for command in beside]
        self._is_stopping = False

    def run(self) -> int:
        """Return the exit status of the server."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._server = _started(self._server_command, process_group=0)
        for one in self._beside:
            one.start()
        while self._server.poll() is None:
            for one in self._beside:
                if not self._is_stopping:
                    one.keep()
            time.sleep(_LOOK_EVERY)
        # The server's own children outlive it when it is killed, and would keep the port.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._is_stopping = True
        # The worker's second signal: it puts down what it has in hand.
        for one in self._beside:
            one.terminate()
        for one in self._beside:
            one.end()
        # Ended by the signal that was passed on to it: ended as asked.
        return max(self._server.returncode, 0)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True
        self._server.terminate()
        for one in self._beside:
            one.terminate()


class _Kept:
    """A process that is started again when it ends, after a pause when it did so quickly."""

    def __init__(self, command: Sequence[str]):
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = 0.0

    def start(self) -> None:
        self._process = _started(self._command)
        self._started_at = time.monotonic()

    def keep(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        lived = time.monotonic() - self._started_at
        if lived > _LONGEST_PAUSE:
            self._pause = 0.0
        if lived >= self._pause:
            self._pause = min(_LONGEST_PAUSE, 2 * self._pause + 1)
            self.start()

    def terminate(self) -> None:
        if self._process is not None:  # a signal can come before it was started
            self._process.terminate()

    def end(self) -> None:
        """Wait until it has ended, and kill it when that takes too long."""
        if self._process is None:
            return
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _started(command: Sequence[str], process_group: int | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603
        command, preexec_fn=_end_with_parent, process_group=process_group
    )


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent is killed, where it can (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    commands = server_command(*sys.argv[1:]), worker_command(), clock_command()
    sys.exit(Together(*commands).run())
