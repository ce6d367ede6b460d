"""A fresh installation to measure, with a database of its own that ends with it.

`python -m workhub.start` makes it, like an operator's. It is served by the shipped command line
of granian, without the background worker and the clock beside it: what is measured has nothing
of their work in it, and each bench says itself when time passes (`manage.py tick`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.processes import cpu_seconds, peak_memory
from tests.shipped.calls import pairs_of
from tests.shipped.server import ROOT, free_port, new_database, shipped_server, wait_for
from tests.with_postgresql import postgresql
from workhub.processes import server_command

# As deploy/ has it, on a machine with a few GB: with all durability.
POSTGRESQL = (
    "-c shared_buffers=1GB -c maintenance_work_mem=512MB -c max_wal_size=8GB "
    "-c random_page_cost=1.1 -c jit=off"
)
SHIPPED = "workhub.wsgi:application"
WORKER_COMPLIANCE = "/api/v1/worker-compliance"

# No bench is about the limits; all of them count requests against these as always.
_RAISE_LIMITS = """
from apicalls.models import APICall
APICall.objects.update(rate_limit=1_000_000_000)
"""


@dataclass(frozen=True)
class Server:
    """One that answers at `url`; `pid` is the process that was started, parent of the others."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def peak_memory(self) -> int:
        return peak_memory(self.pid)


@dataclass
class Installation:
    """One that is not served yet; `pairs` are Client Key and Client Secret by document."""

    var: Path
    environment: dict[str, str]
    email: str
    pairs: dict[str, tuple[str, str]]

    def header(self, document: str = "worker-compliance") -> str:
        """Return the Authorization header of the demo's call of that document."""
        return "amx {}:{}".format(*self.pairs[document])

    def run(self, *command: str, given: str = "") -> str:
        """Run Python with the installation's environment and return what it printed.

        `given` is what it reads.
        """
        return subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environment,
            input=given,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def manage(self, *command: str) -> str:
        return self.run("manage.py", *command)

    def fill(self, **numbers: int) -> None:
        """Fill it by bench/rows.py: workers=10_000, log_rows=1_000_000."""
        options = [f"--{name.replace('_', '-')}={number}" for name, number in numbers.items()]
        self.run("-m", "bench.rows", *options)

    def told(self, code: str) -> Any:
        """Return as a value what the code printed as JSON, run where Django is set up."""
        return json.loads(self.manage("shell", "-v0", "-c", code).splitlines()[-1])

    def use(self) -> None:
        """Set Django up in this process, for this installation. Once in a process."""
        os.environ.update(self.environment)
        import django

        django.setup()

    @contextmanager
    def served(
        self, application: str = SHIPPED, *, cpus: str = "", **more: str
    ) -> Iterator[Server]:
        """Serve it with one process of the shipped server until the block ends.

        `application` is what it serves, `cpus` where it may run, `more` its environment.
        """
        port = free_port()
        *command, _shipped = server_command("127.0.0.1", str(port))
        log = self.var / f"served-{port}.log"
        environment = self.environment | more
        with running([*command, application], environment, log, cpus=cpus) as process:
            server = Server(f"http://127.0.0.1:{port}", process.pid)
            wait_for(f"{server.url}/sign-in/", process, log)
            yield server


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str], log: Path, *, cpus: str = ""
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server on the processors `cpus` until the block ends."""
    pinned = ["taskset", "--cpu-list", cpus] if cpus else []
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*pinned, *command], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def installation(database_url: str = "") -> Iterator[Installation]:
    """Make one with the demo in it, in an empty PostgreSQL database or, without one, on SQLite."""
    with TemporaryDirectory(prefix="workhub-bench-") as folder:
        var = Path(folder) / "var"
        more = {"DATABASE_URL": database_url} if database_url else {}
        with shipped_server(var, WEB_CONCURRENCY="1", **more) as shipped:
            shipped.manage("shell", "-v0", "-c", _RAISE_LIMITS)
            pairs = {document: tuple(pair) for document, pair in pairs_of(shipped).items()}
        environment = shipped.environment | {
            "EMAIL_URL": f"filemail:///{var / 'mail'}",
            "DJANGO_SETTINGS_MODULE": "workhub.settings",
        }
        yield Installation(var, environment, shipped.email, pairs)


@contextmanager
def installation_on(database: str) -> Iterator[Installation]:
    """Make one on "sqlite", or on "postgresql" with a server of its own."""
    if database == "sqlite":
        with installation() as made:
            yield made
        return
    with postgresql(POSTGRESQL) as url, installation(url) as made:
        yield made


@contextmanager
def installations(number: int) -> Iterator[Sequence[Installation]]:
    """Make some on one PostgreSQL server, to compare them side by side."""
    with postgresql(POSTGRESQL) as url, ExitStack() as stack:
        databases = [stack.enter_context(new_database(url)) for _number in range(number)]
        yield [stack.enter_context(installation(database)) for database in databases]
