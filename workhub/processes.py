"""The server and the background worker as one process: they start, and end, together.

`python -m workhub.processes HOST PORT` is what `make run` becomes. It knows nothing of
Django, so that it costs next to nothing while the two do their work.
"""

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

# A worker that ends at once is started again later and later, up to this.
_LONGEST_PAUSE = 30.0
# How long the worker may take to put down what it has in hand. What it does can be begun
# anew at any time (workers/services/imports.py), so killing it loses nothing.
_GRACE = 5.0
_LOOK_EVERY = 0.2
_PR_SET_PDEATHSIG = 1


def server_command(host: str, port: str) -> list[str]:
    granian = shutil.which("granian", path=str(Path(sys.executable).parent)) or "granian"
    return [
        granian,
        *("--interface", "wsgi", "--host", host, "--port", port),
        *("--workers", os.environ.get("WEB_CONCURRENCY", "1")),
        # Each has a connection to the database; more than this waits for the processor.
        *("--blocking-threads", str(2 * (os.cpu_count() or 1))),
        *("--no-ws", "--log-level", "warning"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "10"),
        "workhub.wsgi:application",
    ]


def worker_command() -> list[str]:
    return [sys.executable, str(BASE_DIR / "manage.py"), "db_worker", "--verbosity", "0"]


class Together:
    """Runs a server until it ends, and keeps a worker running beside it.

    SIGTERM and SIGINT go to both, and this process ends when both have.
    """

    def __init__(self, server: Sequence[str], worker: Sequence[str]):
        self._server_command = server
        self._worker_command = worker
        self._is_stopping = False
        self._pause = 0.0

    def run(self) -> int:
        """Return the exit status of the server."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._server = _started(self._server_command)
        self._start_worker()
        while self._server.poll() is None:
            self._keep_worker()
            time.sleep(_LOOK_EVERY)
        self._is_stopping = True
        self._end_worker()
        # Ended by the signal that was passed on to it: ended as asked.
        return max(self._server.returncode, 0)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True
        for process in (self._server, self._worker):
            process.terminate()

    def _start_worker(self) -> None:
        self._worker = _started(self._worker_command)
        self._started_at = time.monotonic()

    def _keep_worker(self) -> None:
        """Start the worker again when it has ended, after a pause when it did so quickly."""
        if self._is_stopping or self._worker.poll() is None:
            return
        lived = time.monotonic() - self._started_at
        if lived > _LONGEST_PAUSE:
            self._pause = 0.0
        if lived >= self._pause:
            self._pause = min(_LONGEST_PAUSE, 2 * self._pause + 1)
            self._start_worker()

    def _end_worker(self) -> None:
        # The second signal: it puts down what it has in hand.
        self._worker.terminate()
        try:
            self._worker.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._worker.kill()
            self._worker.wait()


def _started(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, preexec_fn=_end_with_parent)  # noqa: S603


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent is killed, where it can (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(Together(server_command(*sys.argv[1:]), worker_command()).run())
