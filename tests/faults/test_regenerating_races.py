"""Pairs are regenerated while programs use them, on two processes: an old pair stays dead.

After the answer to "Regenerate" no request that is sent is answered with the old pair, on any
process; of two admins who press at once one wins, and the pair that is shown works.
"""

import http.client
import re
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from apicalls.demo import GATE_CODE
from tests.faults.pages import Visitor
from tests.shipped.calls import all_with
from tests.shipped.server import database_of_its_own, shipped_server

pytestmark = pytest.mark.faults

ROUNDS = 200
PATH = "/api/v1/worker-compliance?workerIDNumber=00417"
DETAILS = f"/account/api/{GATE_CODE}/"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        var = tmp_path_factory.mktemp("regenerated") / "var"
        with shipped_server(var, WEB_CONCURRENCY="2", **more) as server:
            yield server


def status_of(server, pair):
    """Ask on a connection of its own, which either process can take, and return the status."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=60)
    try:
        connection.request("GET", PATH, headers={"Authorization": f"amx {pair[0]}:{pair[1]}"})
        return connection.getresponse().status
    finally:
        connection.close()


class Hammer(threading.Thread):
    """Asks with a pair without a pause, and notes when each request was sent and its status."""

    def __init__(self, server, pair):
        super().__init__(daemon=True)
        self.told = []
        self._server, self._pair = server, pair
        self._is_over = threading.Event()

    def run(self):
        while not self._is_over.is_set():
            sent_at = time.monotonic()
            self.told.append((sent_at, status_of(self._server, self._pair)))

    def end(self):
        self._is_over.set()
        self.join(timeout=70)
        assert not self.is_alive()


class Admin(Visitor):
    """Presses Regenerate, and copies the pair that the page has then."""

    def pair(self):
        page = self.page(DETAILS)
        [key] = page.xpath("//code[@id='client-key']/text()")
        header = self.text(f"{DETAILS}secret/copy/", {"what": "header", **_token(page)})
        return tuple(re.fullmatch(rf"amx ({key}):(\w+)", header).groups())

    def regenerate(self, replaces, token):
        """Return what the page says of it."""
        page = self.page(f"{DETAILS}regenerate/", {"replaces": replaces, "overlap": "0", **token})
        return " ".join(page.xpath("string(//*[contains(@class, 'messages')])").split())


def _token(page):
    return {"csrfmiddlewaretoken": page.xpath("//input[@name='csrfmiddlewaretoken']/@value")[0]}


def test_an_old_pair_is_never_answered_after_it_was_replaced(server, figures):
    admins = [Admin(server), Admin(server)]
    wins, losses, answered_before = 0, 0, 0
    with all_with(server, "rate_limit", 1_000_000), ThreadPoolExecutor(2) as at_once:
        for round_ in range(ROUNDS):
            old = admins[round_ % 2].pair()
            tokens = [_token(admin.page(f"{DETAILS}regenerate/")) for admin in admins]
            hammers = [Hammer(server, old), Hammer(server, old)]
            for hammer in hammers:
                hammer.start()
            pressed = [
                at_once.submit(admin.regenerate, old[0], token)
                for admin, token in zip(admins, tokens, strict=True)
            ]
            said = [press.result() for press in pressed]
            replaced_at = time.monotonic()
            new = admins[round_ % 2].pair()
            for hammer in hammers:
                hammer.end()
            told = [one for hammer in hammers for one in hammer.told]
            late = [status for sent_at, status in told if sent_at > replaced_at]
            assert set(late) <= {401, 429}, f"round {round_}: {late}"
            assert status_of(server, old) in {401, 429}
            assert status_of(server, new) == 200, f"round {round_}"
            answered_before += sum(status == 200 for _sent_at, status in told)
            wins += sum("New credentials made" in text for text in said)
            losses += sum("already regenerated" in text for text in said)
    figures |= {
        "rounds of regenerating": ROUNDS,
        "  admins who won and who were told": f"{wins} and {losses}",
        "  answers to the old pair before it ended": answered_before,
    }
    assert (wins, losses) == (ROUNDS, ROUNDS)
    assert answered_before > ROUNDS  # or nothing raced
