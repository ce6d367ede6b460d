"""`make run`: bring up an installation from nothing, or again, and say how to use it.

Everything of its own is in var/: keys, database, collected files, the demo's password.
"""

import contextlib
import os
import secrets
import signal
import socket
import sys
import time
from pathlib import Path

from workhub.environment import new_environment

BASE_DIR = Path(__file__).resolve().parent.parent


def main() -> None:
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    _stop_if_taken(host, port)
    var = Path(os.environ.get("VAR_DIR", BASE_DIR / "var"))
    _prepare_environment(var, site_url=f"http://{host}:{port}")

    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    _load_demo_once(var / "demo-password")
    call_command("collectstatic", interactive=False, verbosity=0)
    _say_once_it_answers(host, port, _how_to_use_it(var / "demo-password"))
    _serve(host, port)


def _stop_if_taken(host: str, port: str) -> None:
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        sys.exit(f"PORT must be a number from 1 to 65535; it is {port!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            sys.exit(f"Port {port} cannot be used ({error.strerror}). Try: make run PORT=8001")


def _prepare_environment(var: Path, site_url: str) -> None:
    """Make var/ and its keys when they are not there, and tell Django where they are."""
    var.mkdir(mode=0o700, exist_ok=True)
    env_file = var / ".env"
    if not env_file.exists():
        _write_private(env_file, new_environment())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workhub.settings")
    os.environ.setdefault("ENV_FILE", str(env_file))
    os.environ.setdefault("SITE_URL", site_url)
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{var / 'workhub.sqlite3'}")
    os.environ.setdefault("EMAIL_URL", f"filemail:///{var / 'mail'}")
    os.environ.setdefault("STATIC_ROOT", str(var / "static"))
    os.environ.setdefault("ENDED_PAIRS", str(var / "ended-pairs"))
    os.environ.setdefault("METRICS_FOLDER", str(var / "metrics"))
    os.environ.setdefault("LOG_SPOOL", str(var / "spool"))


def _load_demo_once(password_file: Path) -> None:
    """Load the demo into an empty database, and keep its password for the next start."""
    from accounts.models import Company
    from apicalls.demo import demo_load

    if Company.objects.exists():
        return
    password = secrets.token_urlsafe(9)
    _write_private(password_file, password + "\n")
    demo_load(password=password)


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    unfinished = path.with_suffix(path.suffix + ".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _how_to_use_it(password_file: Path) -> str:
    from django.conf import settings

    from apicalls.demo import demo_lines

    password = password_file.read_text(encoding="utf-8") if password_file.exists() else ""
    return "\n".join(
        [
            f"\nWorkhub: {settings.SITE_URL}/",
            *demo_lines(password=password.strip()),
            "\nStop it with Ctrl+C. Data and keys are in var/ and stay there.\n",
        ]
    )


def _say_once_it_answers(host: str, port: str, text: str) -> None:
    """Print the text when the server takes connections: what it says works as pasted.

    By a process of its own, as this one becomes the server; forked twice, so that it is nobody's
    to wait for.
    """
    if child := os.fork():
        os.waitpid(child, 0)
        return
    if os.fork() == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for _try in range(600):
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
                print(text, flush=True)
                break
            time.sleep(0.1)
    os._exit(0)


def _serve(host: str, port: str) -> None:
    """Become the server and its background worker: a signal to this process reaches both."""
    os.execv(sys.executable, [sys.executable, "-m", "workhub.processes", host, port])  # noqa: S606


if __name__ == "__main__":
    main()
