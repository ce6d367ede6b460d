"""Run a command with DATABASE_URL leading to a PostgreSQL of its own, which ends with it.

    python tests/with_postgresql.py pytest -n 2

The server listens on a socket in a temporary folder only. For tests it gives up durability for
speed; bench/ starts it as an operator would.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# PostgreSQL refuses to run as root; Debian's package brings this user.
_RUN_AS = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
_ALWAYS = "-c listen_addresses='' -c max_connections=100"
_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=128MB"


def newest_bin() -> Path:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not folders:
        sys.exit("PostgreSQL is not installed; tests/packages.sh installs it.")
    return folders[-1]


@dataclass
class Server:
    """A running server: its DATABASE_URL, and what is done to it meanwhile."""

    url: str
    ctl: Callable[..., None]

    def restart(self, mode):
        """Return when it takes connections again; `mode` is pg_ctl's."""
        self.ctl("-m", mode, "-w", "restart")


@contextmanager
def postgresql(settings=_FAST):
    """Yield the DATABASE_URL of a fresh server; `settings` are its command line options."""
    with postgresql_server(settings) as server:
        yield server.url


@contextmanager
def postgresql_server(settings=_FAST):
    """Yield a fresh Server."""
    binaries = newest_bin()
    folder = Path(tempfile.mkdtemp(prefix="workhub-postgresql-"))
    data = folder / "data"

    def run(program, *arguments):
        command = [*_RUN_AS, str(binaries / program), *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    def ctl(*arguments):
        run("pg_ctl", "-D", str(data), "-l", str(folder / "log"), *arguments)

    try:
        if _RUN_AS:
            shutil.chown(folder, "postgres", "postgres")
        run("initdb", "-D", str(data), "-U", "workhub", "-A", "trust", "-E", "UTF8", "--no-sync")
        ctl("-w", "-o", f"{_ALWAYS} {settings} -k {folder}", "start")
        try:
            yield Server(f"postgres://workhub@/postgres?host={folder}", ctl)
        finally:
            ctl("-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    with postgresql() as url:
        sys.exit(subprocess.run(sys.argv[1:], env=os.environ | {"DATABASE_URL": url}).returncode)
