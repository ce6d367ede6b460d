"""How the programs of others are served: in an environment of their own, as ours is."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.installation import Installation, Server, running
from tests.shipped.server import ROOT, free_port
from workhub.processes import server_command

PROGRAMS = "bench.peers.programs"
_BIN = ROOT / "bench" / ".venv" / "bin"


@dataclass(frozen=True)
class Peer:
    name: str
    application: str
    interface: str = "wsgi"


# Nothing but what the job needs: what is to be won at most.
BARE = Peer("WSGI + psycopg, by hand", f"{PROGRAMS}.bare:application")


def peer_environment(installed: Installation) -> dict[str, str]:
    """Return what the programs find the database and the pepper by."""
    lines = Path(installed.environment["ENV_FILE"]).read_text().splitlines()
    own = dict(line.split("=", 1) for line in lines if "=" in line)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {
        "DATABASE_URL": installed.environment["DATABASE_URL"],
        "CREDENTIAL_PEPPERS": own["CREDENTIAL_PEPPERS"],
        "PYTHONPATH": str(ROOT),
    }


def keys_of(installed: Installation, environment: dict[str, str]) -> dict[str, str]:
    """Make the libraries' keys for the call that is asked, and return them by scheme."""
    said = subprocess.run(
        [
            *(str(_BIN / "python"), "-m", f"{PROGRAMS}.with_django.key"),
            installed.pairs["worker-compliance"][0],
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    found: dict[str, str] = json.loads(said)
    return found


@contextmanager
def served(peer: Peer, environment: dict[str, str], log: Path, cpus: str) -> Iterator[Server]:
    """Serve a peer as ours is served, but for what its framework needs."""
    port = free_port()
    _granian, *command, _application = server_command("127.0.0.1", str(port))
    command[command.index("--interface") + 1] = peer.interface
    if peer.interface == "asgi":  # nothing blocks there, and granian would not start
        at = command.index("--blocking-threads")
        del command[at : at + 2]
    granian = str(_BIN / "granian")
    command = [granian, *command, peer.application]
    with running(command, environment, log, cpus=cpus) as process:
        yield Server(f"http://127.0.0.1:{port}", process.pid)


def document_at(url: str, header: str, log: Path | None = None) -> Any:
    """Return the document that a server answers with, once it answers."""
    name, _, value = header.partition(": ")
    request = urllib.request.Request(url, headers={name: value})
    for _try in range(100):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = log.read_text() if log else ""
            raise RuntimeError(f"{url} answered {error.code}\n{said}") from error
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer:\n{log.read_text() if log else ''}")
