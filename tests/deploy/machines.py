"""The machines of deploy/ on one: each has a loopback address of its own; ports are as shipped.

The files are used as they are, but that `10.0.0.` is another network, folders are below a temporary
one, and PostgreSQL takes less memory.
"""

import ctypes
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
_PR_SET_PDEATHSIG = 1
# What a unit's process gets of the environment: nothing of the test's own.
_BARE = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/tmp"}


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not in {seconds} s: {what}")


def status_of(url):
    """Return the status of an address, 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


class Unit:
    """A process that is started again when it ends, as systemd does with Restart=always."""

    def __init__(
        self, name, command, log, *, environment=None, user=None, cwd=None, grace=10, pid_file=None
    ):
        self.name, self.log, self._pid_file = name, log, pid_file
        self._command, self._grace = command, grace
        self._options = {
            "env": _BARE | (environment or {}),
            "cwd": cwd or log.parent,
            "user": user,
            "group": user,
            "extra_groups": [] if user else None,
        }
        self._is_wanted = threading.Event()
        self._thread = None
        self.process = None

    def start(self):
        self._is_wanted.set()
        self._start()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()
        return self

    def kill(self):
        """End it without a word, and do not start it again."""
        self._is_wanted.clear()
        self._end(self.process, signal.SIGKILL)

    def stop(self, number=signal.SIGTERM):
        self._is_wanted.clear()
        if self.process is not None:
            self._end(self.process, number)
        if self._thread is not None:
            self._thread.join(timeout=5)

    def log_text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _end(self, process, number):
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(self._grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self):
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                preexec_fn=_end_with_parent,
                **self._options,
            )
        if self._pid_file is not None:
            self._pid_file.write_text(str(self.process.pid))

    def _keep(self):
        while self._is_wanted.is_set():
            if self.process.poll() is not None:
                time.sleep(0.2)
                if self._is_wanted.is_set():
                    self._start()
            time.sleep(0.05)


def _end_with_parent():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Machines:
    """Where the files go, and the units that run with them."""

    def __init__(self, folder):
        self.folder = Path(folder)
        # Another for each run, so that two do not meet.
        pid = os.getpid()
        self.network = f"127.{64 + pid // 250 % 128}.{pid % 250 + 1}."
        self.units = {}
        for name in ("etc", "run", "log", "data"):
            path = self.folder / name
            path.mkdir()
            path.chmod(0o777)

    def address(self, number):
        return f"{self.network}{number}"

    def text(self, name, **more):
        """Return a file of deploy/ with other addresses and folders, and `more` replacements."""
        text = (DEPLOY / name).read_text(encoding="utf-8")
        replacements = {
            # Who connects on loopback comes from 127.0.0.1, unless bound to another address.
            "10.0.0.0/24": "127.0.0.0/8",
            "10.0.0.": self.network,
            "127.0.0.1": self.address(100),
            "/dev/log local0 notice": "stdout format raw local0 info",
            "shared_buffers = 8GB": "shared_buffers = 64MB",
            "effective_cache_size = 24GB": "effective_cache_size = 1GB",
            "maintenance_work_mem = 1GB": "maintenance_work_mem = 64MB",
            "max_wal_size = 8GB": "max_wal_size = 512MB",
        } | more
        for before, after in replacements.items():
            text = text.replace(before, str(after))
        folders = {
            "/etc/(haproxy|pgbouncer|patroni|workhub)/": self.folder / "etc",
            "/etc/nginx/": self.folder / "etc" / "nginx",
            "/run/(haproxy|postgresql)": self.folder / "run",
            "/var/log/(nginx|postgresql)/": self.folder / "log",
            "/var/lib/postgresql/15/": self.folder / "data",
            "/var/lib/postgresql/": self.folder / "data",
            "/var/lib/etcd/": self.folder / "data",
        }
        for pattern, folder in folders.items():
            # "/usr/lib/postgresql/15/bin" is none of them.
            text = re.sub(f"(?<![a-z]){pattern}", f"{folder}/", text)
        return text

    def file(self, name, text=None, mode=0o644, owner=None, below="", **more):
        """Write a file of deploy/, or `text`, and return its path."""
        path = self.folder / "etc" / below / Path(name).name
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.text(name, **more) if text is None else text, encoding="utf-8")
        path.chmod(mode)
        if owner:
            shutil.chown(path, owner, owner)
        return path

    def variables(self, name, **more):
        """Return the variables of a file of deploy/ that sets some."""
        lines = self.text(name, **more).splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def start(self, name, command, **options):
        log = self.folder / "log" / f"{name}.log"
        log.touch()
        if user := options.get("user"):
            shutil.chown(log, user, user)
        unit = Unit(name, [str(part) for part in command], log, **options)
        self.units[name] = unit
        return unit.start()

    def start_unit(self, file, name, instance="", **environment):
        """Start what a systemd unit of deploy/ starts, with its environment."""
        command, variables = read_unit(file, instance)
        variables["ENV_FILE"] = str(self.folder / "etc" / "workhub.env")
        return self.start(
            name,
            command,
            environment=variables | environment,
            cwd=ROOT,
            grace=40,
            pid_file=self.folder / "run" / f"{name}.pid",
        )

    def end(self):
        for unit in reversed(self.units.values()):
            with suppress(Exception):
                unit.stop()

    def logs(self):
        """Return the last lines of all logs, for the message of a failure."""
        tails = [
            f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:])
            for path in sorted((self.folder / "log").iterdir())
        ]
        return "\n".join(tails)


def read_unit(file, instance=""):
    """Return the command and the environment of a unit, in this checkout."""
    text = (DEPLOY / "systemd" / file).read_text(encoding="utf-8").replace("\\\n", " ")
    text = text.replace("%i", instance)
    [command] = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    variables = {}
    for line in re.findall(r"^Environment=(.*)$", text, re.MULTILINE):
        variables |= dict(part.split("=", 1) for part in shlex.split(line))
    parts = shlex.split(command)
    # The environment that runs the tests is the installation's.
    parts[0] = str(Path(sys.executable).with_name(Path(parts[0]).name))
    return parts, variables
