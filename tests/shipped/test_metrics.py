"""/metrics of a server of two processes: one answer tells of both."""

import os
import signal
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.shipped.server import database_of_its_own, shipped_server
from tests.shipped.test_processes import wait_until

TOKEN = "a-token-that-is-long-enough"
REQUESTS = 'workhub_api_requests_total{outcome="200",template="verify"}'
LATENCIES = 'workhub_api_request_seconds_count{template="verify"}'


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    var = tmp_path_factory.mktemp("two") / "var"
    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        with shipped_server(var, WEB_CONCURRENCY="2", METRICS_TOKEN=TOKEN, **more) as server:
            yield server


def answer(url, authorization):
    # A connection of its own each time, so that the kernel gives it to either process.
    request = urllib.request.Request(url, headers={"Authorization": authorization})
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.read().decode()


def figures(server):
    text = answer(server.url + "/metrics", f"Bearer {TOKEN}")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for line in lines for name, _, value in [line.rpartition(" ")]}


def verify(server, times):
    key, secret = server.key_and_secret
    url = server.url + "/api/v1/verify"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _each: answer(url, f"amx {key}:{secret}"), range(times)))


def counted_by_itself(server):
    """Return what each process has counted, by its number."""
    from prometheus_client.mmap_dict import MmapedDict

    found = {}
    for path in Path(server.var, "metrics").glob("counter_[0-9]*.db"):
        values = {key: value for key, value, *_ in MmapedDict.read_all_values_from_file(str(path))}
        number = int(path.stem.rpartition("_")[2])
        found[number] = sum(value for key, value in values.items() if '"verify"' in key)
    return found


def test_one_answer_tells_of_both_processes_and_of_those_that_ended(two):
    wait_until(lambda: len(counted_by_itself(two)) == 2)
    verify(two, 60)
    by_itself = counted_by_itself(two)
    assert all(by_itself.values()), "one process did nothing, and the test tells nothing"
    found = figures(two)
    assert (found[REQUESTS], found[LATENCIES], found["workhub_processes"]) == (60, 60, 2)

    killed = next(iter(by_itself))
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(set(counted_by_itself(two)) - {killed}) == 2)
    verify(two, 20)
    found = figures(two)
    assert (found[REQUESTS], found[LATENCIES], found["workhub_processes"]) == (80, 80, 2)
    assert killed not in counted_by_itself(two)


def test_the_background_and_the_feed_are_told_of(two):
    found = figures(two)
    assert found["workhub_database_up"] == 1
    assert "workhub_tasks_waiting" in found
    assert found["workhub_feed_lag_seconds"] < 86_400 * 2


def test_without_the_token_it_is_not_told(two):
    with pytest.raises(urllib.error.HTTPError, match="401"):
        answer(two.url + "/metrics", "Bearer another")
