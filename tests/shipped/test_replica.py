"""Lists read from a streaming replica: never a change older than the primary, never a failure."""

import contextlib
import json
import urllib.request
from collections import Counter

import psycopg
import pytest

from tests.shipped.calls import QUERIES, pairs_of
from tests.shipped.server import shipped_server
from tests.shipped.test_metrics import TOKEN, figures
from tests.shipped.test_processes import wait_until
from tests.with_postgresql import postgresql_server, replica_of

LISTS = ("compliance-roster", "compliance-changes", "expiring-requirements")
STREAM = "stream=true"

RENAME = """
from workers import services
from workers.models import Worker
worker = Worker.objects.filter(company__name={company!r}, is_active=True).order_by("pk")[0]
services.worker_change(company=worker.company, worker=worker, by=None, last_name={name!r})
"""


class Pair:
    """A primary with its replica, and the server that reads from both."""

    def __init__(self, replica, server):
        self.replica, self.server = replica, server
        self._pairs = pairs_of(server)

    def ask(self, document, query=""):
        key, secret = self._pairs[document]
        url = f"{self.server.url}/api/v1/{document}?{query or QUERIES[document]}"
        request = urllib.request.Request(url, headers={"Authorization": f"amx {key}:{secret}"})
        with urllib.request.urlopen(request, timeout=20) as response:
            body = response.read()
            is_json = response.headers["Content-Type"].startswith("application/json")
        return json.loads(body) if is_json else body

    def name_of_first(self, query="limit=1"):
        return self.ask("compliance-roster", query)["workers"][0]["worker"]["lastName"]

    def rename(self, name, company="Northern Build"):
        self.server.manage("shell", "-v0", "-c", RENAME.format(name=name, company=company))

    @contextlib.contextmanager
    def counting(self):
        """Give what is read from where inside the block, when it is over."""
        found = Counter()
        before = self._read()
        yield found
        counted = self._read()
        found.update({how: counted[how] - before[how] for how in counted})
        for how in [how for how, number in found.items() if not number]:
            del found[how]

    def _read(self):
        name = 'workhub_api_list_reads_total{result="%s"}'
        counted = figures(self.server)
        return {how: counted[name % how] for how in ("replica", "behind", "failed")}

    @contextlib.contextmanager
    def held_back(self):
        """Have the replica receive what happens, and not show it."""
        self._do("SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            self._do("SELECT pg_wal_replay_resume()")

    def catch_up(self):
        def is_read_from():
            with self.counting() as found:
                self.ask("compliance-roster")
            return found["replica"] == 1

        wait_until(is_read_from)

    def _do(self, sql):
        with psycopg.connect(self.replica.url) as database:
            database.execute(sql)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    var = tmp_path_factory.mktemp("replica") / "var"
    with postgresql_server() as primary, replica_of(primary) as replica:
        more = {"DATABASE_URL": primary.url, "DATABASE_REPLICA_URL": replica.url}
        with shipped_server(var, METRICS_TOKEN=TOKEN, **more) as server:
            pair = Pair(replica, server)
            pair.catch_up()
            yield pair


@pytest.mark.parametrize("document", LISTS)
def test_a_list_is_read_from_the_replica(both, document):
    with both.counting() as found:
        both.ask(document)
    assert found == {"replica": 1}


def test_so_is_a_stream(both):
    with both.counting() as found:
        streamed = both.ask("compliance-roster", STREAM)
    # What goes before the first worker, and the workers.
    assert found["replica"] == 1
    paged = both.ask("compliance-roster", "limit=1000")
    assert streamed["workers"] == paged["workers"]
    assert streamed["count"] > 100


@pytest.mark.parametrize("query", ["limit=1", STREAM])
def test_who_has_changed_something_reads_it_though_the_replica_does_not_know(both, query):
    with both.held_back(), both.counting() as found:
        for number in range(3):
            both.rename(f"Name{number}{query[0]}")
            assert both.name_of_first(query) == f"Name{number}{query[0]}"
    assert found == {"behind": 3}
    both.catch_up()
    assert both.name_of_first(query) == f"Name2{query[0]}"


def test_a_replica_that_knows_nothing_new_of_others_is_new_enough(both):
    others = "SELECT name FROM accounts_company WHERE name <> 'Northern Build' LIMIT 1"
    with psycopg.connect(both.replica.url) as database:
        [company] = database.execute(others).fetchone()
    with both.held_back(), both.counting() as found:
        both.rename("Unheard", company=company)
        both.ask("compliance-roster")
    assert found == {"replica": 1}


def test_one_that_is_away_keeps_nobody_waiting_and_is_read_when_it_is_back(both):
    both.replica.ctl("-m", "immediate", "-w", "stop")
    with both.counting() as found:
        for document in LISTS * 2:
            both.ask(document)
    # Then it is left alone for a while.
    assert found == {"failed": 1}
    both.replica.start()
    both.catch_up()


def test_one_that_was_restarted_fails_nobody(both):
    # The connection to it that was kept is dead.
    both.replica.restart("immediate")
    assert both.ask("compliance-roster", STREAM)["count"] > 100
    both.catch_up()
