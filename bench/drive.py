"""wrk, which asks a server for some seconds without a pause, and what it counted."""

import json
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

_SCRIPT = Path(__file__).with_name("wrk.lua")
_LONGER_THAN_ANY = 24 * 3600


@dataclass(frozen=True)
class Counted:
    """What wrk counted. Latencies are in microseconds; `refused` are answers above 399."""

    requests: int
    microseconds: int
    size: int
    refused: int
    # Connections refused or broken off, and requests without an answer in time.
    broken: int
    p50: int
    p99: int
    longest: int

    @property
    def failures(self) -> int:
        return self.refused + self.broken

    @property
    def per_second(self) -> float:
        return self.requests / self.microseconds * 1_000_000


@dataclass(frozen=True)
class Wrk:
    """How a server is asked: over how many connections, from which processors, with what."""

    headers: Sequence[str]
    connections: int
    cpus: str = ""

    def per_second(self, url: str, paths: Sequence[str], seconds: int) -> float:
        """Return how many requests a second were answered, all of them below 400."""
        return self.answered(url, paths, seconds).per_second

    def answered(self, url: str, paths: Sequence[str], seconds: int) -> Counted:
        """Ask for the paths in turn, and raise where not all is answered below 400."""
        counted = self.drive(url, paths, seconds)
        if counted.failures or not counted.requests:
            raise RuntimeError(f"{url} did not answer all requests: {counted}")
        return counted

    def drive(self, url: str, paths: Sequence[str], seconds: int) -> Counted:
        """Ask for the paths in turn, for so many seconds."""
        with NamedTemporaryFile("w", suffix=".paths") as file:
            file.write("\n".join(paths) + "\n")
            file.flush()
            said = subprocess.run(
                self._command(url, file.name, seconds),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            ).stdout
        return _counted(said)

    def drive_while(self, url: str, paths: Sequence[str], work: Callable[[], None]) -> Counted:
        """Ask for as long as the work takes."""
        with NamedTemporaryFile("w", suffix=".paths") as file:
            file.write("\n".join(paths) + "\n")
            file.flush()
            with subprocess.Popen(
                self._command(url, file.name, _LONGER_THAN_ANY), stdout=subprocess.PIPE, text=True
            ) as process:
                try:
                    work()
                finally:
                    process.send_signal(signal.SIGINT)  # it says what it counted so far
                    said, _ = process.communicate()
        return _counted(said)

    def _command(self, url: str, file: str, seconds: int) -> list[str]:
        headers = [part for header in self.headers for part in ("--header", header)]
        return [
            *(["taskset", "--cpu-list", self.cpus] if self.cpus else []),
            *("wrk", "--threads", "1", "--connections", str(self.connections)),
            *("--duration", f"{seconds}s", "--timeout", "30s", *headers),
            *("--script", str(_SCRIPT), url, "--", file),
        ]


def _counted(said: str) -> Counted:
    return Counted(**json.loads(said.splitlines()[-1]))
