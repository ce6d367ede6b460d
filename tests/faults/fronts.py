"""The shipped proxies in front of processes that answer: of deploy/, what faces strangers.

The database is that of the tests and there is no counter beside it, so that this is up in seconds.
"""

import os
import shutil
import ssl
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.site import APPS, HOST, PASSWORD, Site, new_environment_secrets
from tests.faults.raw import connected
from tests.shipped.calls import pairs_of
from tests.shipped.server import database_of_its_own

# Requests a minute that a caller may send before it is told just that.
MANY = 1_000_000


class Fronts(Site):
    """HAProxy and nginx as they are shipped, and the processes that they name."""

    def __init__(self, folder, database):
        super().__init__(folder)
        self._database = database or f"sqlite:///{self.machines.folder}/data/workhub.sqlite3"

    def start(self):
        self._prepare()
        for name in APPS:
            self._start_app(name)
        self._start_front()
        self._start_nginx()
        self.pairs = pairs_of(self)

    def _prepare(self):
        text = self.machines.text(
            "workhub.env",
            **{"/var/lib/workhub/static": self.machines.folder / "data" / "static"},
        )
        own = {
            "DATABASE_URL": self._database,
            "DATABASE_REPLICA_URL": "",
            "CACHE_URL": "",
            "EMAIL_URL": f"filemail:///{self.machines.folder}/data/mail",
            "FAILED_AUTHORIZATIONS_PER_MINUTE": str(MANY),
        }
        lines = [line for line in text.splitlines() if line.partition("=")[0] not in own]
        lines += [f"{name}={value}" for name, value in own.items() if value]
        self.machines.file("workhub.env", "\n".join(lines) + "\n" + new_environment_secrets())
        self.manage("migrate", "-v0")
        self.manage("collectstatic", "--no-input", "-v0")
        program = f"from apicalls.demo import demo_load; demo_load(password={PASSWORD * 2!r})"
        self.manage("shell", "-v0", "-c", program)

    def tls_connected(self, address, source=None, protocol="http/1.1"):
        """Return an encrypted connection of bytes to a proxy, which agreed on the protocol."""
        tls = ssl.create_default_context(cafile=self.machines.folder / "etc" / "crt")
        tls.set_alpn_protocols([protocol])
        connection = tls.wrap_socket(connected(address, 443, source), server_hostname=HOST)
        assert connection.selected_alpn_protocol() == protocol
        return connection


@contextmanager
def fronts():
    """Bring all of it up, and end it."""
    folder = Path(tempfile.mkdtemp(prefix="workhub-fronts-"))
    folder.chmod(0o755)
    with database_of_its_own() as database:
        site = Fronts(folder, database)
        try:
            try:
                site.start()
            except Exception as error:
                raise AssertionError(f"{error}\n{site.machines.logs()}") from error
            yield site
        finally:
            site.end()
            shutil.rmtree(folder, ignore_errors=True)


def database_kind():
    return "PostgreSQL" if os.environ["DATABASE_URL"].startswith("postgres") else "SQLite"
