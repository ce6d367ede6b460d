"""Eight people write at once through two processes on SQLite, which has one writer at a time."""

import os
import threading
import time
import uuid

import pytest

from tests.faults.pages import Visitor, form_with
from tests.faults.sizes import so_many
from tests.shipped.calls import all_with
from tests.shipped.server import shipped_server

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="is about SQLite"
    ),
]

WRITERS = 8
SECONDS = so_many(120, 15)
_COUNT = "from workers.models import Worker; print(Worker.objects.filter(first_name='W').count())"


class Writer(threading.Thread):
    """Adds workers through their page, and asks the API in between, which writes its log."""

    def __init__(self, number, server):
        super().__init__(daemon=True)
        self.added, self.asked, self.faults = 0, 0, []
        self.slowest = 0.0
        self._number = number
        self._visitor = Visitor(server)
        self._server = server
        self._is_over = threading.Event()

    def run(self):
        while not self._is_over.is_set():
            began = time.monotonic()
            try:
                self._add()
                self._ask()
            except OSError as error:
                self.faults.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - began)

    def _add(self):
        form = form_with(self._visitor.page("/workers/add/"), "last_name")
        form |= {"first_name": "W", "last_name": uuid.uuid4().hex, "id_number": uuid.uuid4().hex}
        page = self._visitor.page("/workers/add/", form)
        if "is added." in page.text_content():
            self.added += 1
        else:
            self.faults.append(page.text_content()[:300])

    def _ask(self):
        self._visitor.ask(self._server.key_and_secret)
        self.asked += 1

    def end(self):
        self._is_over.set()
        self.join(timeout=90)
        assert not self.is_alive()


def test_eight_writers_never_meet_a_locked_database(tmp_path, figures):
    with (
        shipped_server(tmp_path / "var", WEB_CONCURRENCY="2") as server,
        all_with(server, "rate_limit", 1_000_000),
    ):
        writers = [Writer(number, server) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(SECONDS)
        for writer in writers:
            writer.end()
        faults = [fault for writer in writers for fault in writer.faults]
        added = sum(writer.added for writer in writers)
        there = int(server.manage("shell", "-v0", "-c", _COUNT))
        said = server.log_text()
        server.manage("rebuild_compliance", "--check")
        server.manage("verify_audit")
    figures |= {
        "writers on SQLite": WRITERS,
        "  seconds": SECONDS,
        "  workers added": added,
        "  answers of the API": sum(writer.asked for writer in writers),
        "  longest of both, s": f"{max(writer.slowest for writer in writers):.1f}",
        "  failed": len(faults),
        "  'database is locked' in the log": said.count("database is locked"),
    }
    assert not faults, "\n".join(faults[:10])
    assert "database is locked" not in said
    assert there == added > WRITERS
