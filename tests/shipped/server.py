"""The shipped server as a test sees it: started like an operator does, spoken to over HTTP."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What tests/settings.py sets for the test process, and the server must find by itself.
_OWN = (
    "CREDENTIAL_KEYS",
    "CREDENTIAL_PEPPERS",
    "DATABASE_TIMEOUTS",
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "EMAIL_URL",
    "ENV_FILE",
    "ENDED_PAIRS",
    "LOG_SPOOL",
    "SECRET_KEY",
    "SITE_URL",
)


@dataclass
class Shipped:
    """A running installation with the demo in it, and what it printed when it started."""

    url: str
    email: str
    password: str
    curl: str
    printed: str
    var: Path
    environment: dict
    log: Path

    @property
    def key_and_secret(self):
        return re.search(r"amx (\w+):(\w+)", self.curl).groups()

    def manage(self, *arguments, **options):
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            **options,
        ).stdout

    def log_text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment_of(var, port, **more):
    """Return the environment of `make run` for an installation in the folder `var`."""
    kept = {name: value for name, value in os.environ.items() if name not in _OWN}
    return kept | {"VAR_DIR": str(var), "PORT": str(port), "PYTHONUNBUFFERED": "1"} | more


@contextmanager
def shipped_server(var, prefix=(), **more):
    """Start `python -m workhub.start` and yield it when it answers; stop it by its own id.

    `prefix` is a command that runs it.
    """
    port = free_port()
    environment = environment_of(var, port, **more)
    log = Path(var).parent / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "workhub.start"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/sign-in/", process, log)
        yield _read(_printed(log), Path(var), environment, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def wait_for(url, process, log, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server ended by itself:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not answer in {seconds} s:\n{log.read_text()}")


def _printed(log, seconds=10):
    """Return what the server has said, once it has said how to stop it: its last line."""
    deadline = time.monotonic() + seconds
    while "Stop it with" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    return log.read_text()


def _read(printed, var, environment, log):
    def line(pattern):
        found = re.search(pattern, printed, re.MULTILINE)
        return found[1].strip() if found else ""

    # For manage.py, to which `make run` says these.
    settings = {
        "ENV_FILE": str(var / ".env"),
        "SITE_URL": line(r"^Workhub: (\S+)/$"),
        "STATIC_ROOT": str(var / "static"),
        "ENDED_PAIRS": str(var / "ended-pairs"),
        "DATABASE_URL": environment.get("DATABASE_URL", f"sqlite:///{var / 'workhub.sqlite3'}"),
    }
    return Shipped(
        url=line(r"^Workhub: (\S+)/$"),
        email=line(r"e-mail:\s+(.*)$"),
        password=line(r"password:\s+(.*)$"),
        curl=line(r"^\s+(curl .*)$"),
        printed=printed,
        var=var,
        environment=environment | settings,
        log=log,
    )


@contextmanager
def database_of_its_own():
    """Yield the DATABASE_URL of an empty database on the server of the tests, or "" on SQLite."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield ""
        return
    with new_database(url) as own:
        yield own


@contextmanager
def new_database(url):
    """Yield the DATABASE_URL of an empty database on the PostgreSQL that `url` leads to."""
    import psycopg

    name = f"shipped_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield url.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
