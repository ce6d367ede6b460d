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
    """A running server: its DATABASE_URL and folder, and what is done to it meanwhile."""

    url: str
    folder: Path
    options: str
    ctl: Callable[..., None]

    def start(self):
        """Return when it takes connections."""
        self.ctl("-w", "-o", self.options, "start")

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
    with _folder() as folder:
        made = ("-U", "workhub", "-A", "trust", "-E", "UTF8", "--no-sync")
        _run(folder, "initdb", "-D", str(folder / "data"), *made)
        with _started(folder, settings) as server:
            yield server


@contextmanager
def replica_of(primary, settings=_FAST):
    """Yield a Server that follows the primary as fast as it can."""
    with _folder() as folder:
        made = ("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
        source = ("-h", str(primary.folder), "-U", "workhub")
        _run(folder, "pg_basebackup", "-D", str(folder / "data"), *source, *made)
        with _started(folder, settings) as server:
            yield server


@contextmanager
def _folder():
    folder = Path(tempfile.mkdtemp(prefix="workhub-postgresql-"))
    try:
        if _RUN_AS:
            shutil.chown(folder, "postgres", "postgres")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(folder, settings):
    def ctl(*arguments):
        _run(folder, "pg_ctl", "-D", str(folder / "data"), "-l", str(folder / "log"), *arguments)

    url = f"postgres://workhub@/postgres?host={folder}"
    server = Server(url, folder, f"{_ALWAYS} {settings} -k {folder}", ctl)
    server.start()
    try:
        yield server
    finally:
        ctl("-m", "immediate", "-w", "stop")


def _run(folder, program, *arguments):
    command = [*_RUN_AS, str(newest_bin() / program), *arguments]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    with postgresql() as url:
        sys.exit(subprocess.run(sys.argv[1:], env=os.environ | {"DATABASE_URL": url}).returncode)
