"""The primary goes away while programs ask: who was answered is in the request log of the next one.

A row is written before each answer leaves, so that each 200 is a write that somebody was told of.
A writer beside them says the same of PostgreSQL alone.
"""

import threading
import time
from collections import Counter

import psycopg
import pytest

from tests.deploy.load import Load
from tests.deploy.machines import wait_until
from tests.deploy.site import NODES
from tests.shipped.calls import all_with

pytestmark = pytest.mark.deploy

PROGRAMS = 6
WRITES_BACK = 30  # seconds


class Writer(threading.Thread):
    """Writes one number after the other through the pooler, and keeps those it was told of."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.written = []
        self._site = site
        self._is_over = threading.Event()
        with site.connect() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS told (number bigint PRIMARY KEY)")
            connection.execute("TRUNCATE told")
            connection.execute("GRANT ALL ON told TO workhub")

    def run(self):
        number = 0
        while not self._is_over.is_set():
            try:
                with self._site.pooled() as connection:
                    while not self._is_over.wait(0.01):
                        number += 1
                        connection.execute("INSERT INTO told VALUES (%s)", [number])
                        self.written.append((number, time.monotonic()))
            except psycopg.Error:
                time.sleep(0.1)

    def end(self):
        self._is_over.set()
        self.join(timeout=30)
        assert not self.is_alive()

    def lost(self):
        """Return the numbers that it was told of and that are not there."""
        with self._site.connect() as connection:
            there = {number for (number,) in connection.execute("SELECT number FROM told")}
        return sorted({number for number, _at in self.written} - there)


def under_load(site, go_away, seconds_after=8):
    """Have programs ask, do it, go on until writes are back; return what was told, and when."""
    writer = Writer(site)
    with all_with(site, "rate_limit", 1_000_000), Load(site, PROGRAMS) as load:
        writer.start()
        time.sleep(4)
        at = time.monotonic()
        go_away()
        writes = wait_until(
            lambda: [one for one in writer.written if one[1] > at + 2], 90, "writes"
        )
        answers = wait_until(lambda: [one for one in load.told if is_back(one, at)], 90, "answers")
        time.sleep(seconds_after)
        writer.end()
    return writer, load.told, writes[0][1] - at, answers[0].at + answers[0].seconds - at


def is_back(one, at):
    return one.status == 200 and one.at > at + 2


def not_logged(site, told):
    """Return the requests that were answered 200 and have no row in the request log."""
    ids = [one.request_id for one in told if one.status == 200]
    with site.connect() as connection:
        rows = connection.execute(
            "SELECT request_id FROM apicalls_requestlog WHERE request_id = ANY(%s)", [ids]
        ).fetchall()
    return sorted(set(ids) - {one for (one,) in rows})


def note(figures, title, site, told, writer, writes, answers):
    statuses = Counter(one.status for one in told)
    figures |= {
        title: "",
        f"  {title}: seconds until writes": round(writes, 1),
        f"  {title}: seconds until answers": round(answers, 1),
        f"  {title}: longest answer, s": round(max(one.seconds for one in told), 1),
        **{f"  {title}: answered {one}": many for one, many in sorted(statuses.items())},
        f"  {title}: answered and not logged": len(not_logged(site, told)),
        f"  {title}: writes told": len(writer.written),
        f"  {title}: writes lost": len(writer.lost()),
    }


def all_three_are_well(site):
    replicas = [name for name in NODES if site.is_replica(name)]
    return len(replicas) == len(NODES) - 1 and site.synchronous()


def assert_nothing_is_lost(site, told, writer):
    assert {one.status for one in told} <= {200, 503}, Counter(
        (one.status, one.fault) for one in told if one.status not in (200, 503)
    )
    assert not_logged(site, told) == []
    assert writer.lost() == []


def test_a_machine_that_dies_loses_nothing(site, figures):
    wait_until(lambda: all_three_are_well(site), 60, "three nodes")
    former = site.primary()
    writer, told, writes, answers = under_load(site, lambda: site.kill_machine(former))
    note(figures, "machine killed", site, told, writer, writes, answers)
    assert site.primary() != former
    # All the same when it comes back: as a replica, with what it alone had taken back.
    site.start_etcd(former, NODES[former])
    site.start_node(former)
    wait_until(lambda: site.is_replica(former), 90, f"{former} is a replica")
    assert_nothing_is_lost(site, told, writer)
    assert max(writes, answers) < WRITES_BACK


def test_a_primary_is_handed_over_with_hardly_a_pause(site, figures):
    wait_until(lambda: all_three_are_well(site), 60, "three nodes")
    former, [successor] = site.primary(), site.synchronous()

    def hand_over():
        said = site.patronictl(
            "switchover", "--master", former, "--candidate", successor, "--force"
        )
        assert "Successfully switched over" in said, said

    writer, told, writes, answers = under_load(site, hand_over)
    note(figures, "handed over", site, told, writer, writes, answers)
    assert site.primary() == successor
    assert_nothing_is_lost(site, told, writer)
    assert max(writes, answers) < WRITES_BACK
