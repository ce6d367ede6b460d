"""A program's way through everything: proxy, processes, pooler, primary, replicas, counter."""

import http.client
import json
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.load import PATH
from tests.deploy.machines import status_of, wait_until
from tests.deploy.site import APPS, HOST
from tests.shipped.calls import all_with

pytestmark = pytest.mark.deploy

VERIFY = "/api/v1/verify"
STREAM = "/api/v1/compliance-roster?stream=true"
WORKERS = 301  # of the demo's first company


@pytest.fixture(params=["HAProxy", "nginx"])
def proxy(site, request):
    return site.front if request.param == "HAProxy" else site.nginx


# --- What is answered ------------------------------------------------------------------------


def test_a_program_is_answered(site, proxy):
    right = site.authorization("worker-compliance")
    assert site.ask("GET", VERIFY, right, address=proxy).status == 200
    found = site.ask("GET", PATH, right, address=proxy)
    assert found.status == 200
    assert json.loads(found.text)["worker"]["workerIDNumber"] == "00417"
    same = right | {"If-None-Match": found.headers["ETag"]}
    assert site.ask("GET", PATH, same, address=proxy).status == 304
    wrong = {"Authorization": f"amx {site.pairs['verify'][0]}:{'A' * 32}"}
    refused = site.ask("GET", PATH, wrong, address=proxy)
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == 'amx realm="Workhub"'


def test_a_stream_is_read_to_its_end(site, proxy):
    answer = site.ask("GET", STREAM, site.authorization("compliance-roster"), address=proxy)
    assert answer.status == 200
    assert json.loads(answer.text)["count"] == WORKERS


def test_streams_and_answers_at_once_do_not_meet_in_the_pooler(site):
    """Each transaction gets another connection; what is kept on one would be lost."""
    asked = [(STREAM, "compliance-roster"), (PATH, "worker-compliance")] * 40
    with all_with(site, "rate_limit", 1_000_000), ThreadPoolExecutor(8) as at_once:
        answers = at_once.map(
            lambda one: site.ask("GET", one[0], site.authorization(one[1])), asked
        )
        assert Counter(answer.status for answer in answers) == {200: 80}


def test_a_limit_is_one_for_all_processes(site):
    """Of 30 at once, 20 are answered; which processes they come to is in what HAProxy logged."""
    log = site.machines.units["haproxy"].log
    begin = log.stat().st_size
    with all_with(site, "rate_limit", 20):
        # The window begins with its first hit: what others counted before has to be over.
        wait_for_a_new_window(site)
        with ThreadPoolExecutor(6) as at_once:
            right = site.authorization("expiring-requirements")
            asked = at_once.map(lambda _: site.ask("GET", VERIFY, right).status, range(30))
            told = Counter(asked)
    assert told == {200: 20, 429: 10}
    logged = log.read_bytes()[begin:].decode()
    assert all(f" app/{name} " in logged for name in APPS)


def wait_for_a_new_window(site):
    for _ in range(65):
        keys = site.redis("KEYS", "*call:*")
        if not keys:
            return
        site.redis("DEL", *keys)
    raise AssertionError("the counters do not go away")


def test_without_redis_everybody_is_answered(site):
    site.machines.units["redis"].stop()
    try:
        began = time.monotonic()
        assert site.ask("GET", PATH, site.authorization("worker-compliance")).status == 200
        assert time.monotonic() - began < 3
    finally:
        site.start_redis()
    assert "RateLimit" in site.ask("GET", PATH, site.authorization("worker-compliance")).headers


# --- What the proxies keep away ------------------------------------------------------------


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X_Forwarded_For"])
def test_nobody_says_themselves_where_they_come_from(site, proxy, name):
    own = site.machines.address(77)
    headers = site.authorization("verify") | {name: "203.0.113.9"}
    connection = site.connection(proxy)
    connection.source_address = (own, 0)
    connection.request("GET", VERIFY, headers={"Host": HOST} | headers)
    assert json.loads(connection.getresponse().read())["address"] == own
    connection.close()


@pytest.mark.parametrize("name", ["X-Forwarded-Proto", "X_Forwarded_Proto"])
def test_a_program_that_does_not_encrypt_is_refused_and_not_led_on(site, proxy, name):
    headers = {"Host": HOST, name: "https"} | site.authorization("verify")
    connection = http.client.HTTPConnection(proxy, 80, timeout=10)
    connection.request("GET", VERIFY, headers=headers)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (403, "https_required")
    connection.request("GET", "/sign-in/", headers={"Host": HOST})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/sign-in/")
    connection.close()


@pytest.mark.parametrize("path", ["/readyz", "/healthz"])
def test_the_probes_are_not_public(site, proxy, path):
    assert site.ask("GET", path, address=proxy).status == 404


def test_no_query_is_in_a_log_of_the_proxies(site):
    text = "".join(
        path.read_text(errors="replace")
        for name in ("haproxy", "nginx", "workhub")
        for path in (site.machines.folder / "log").glob(f"{name}*.log")
    )
    assert "GET /api/v1/worker-compliance" in text
    assert "00417" not in text
    assert site.pairs["worker-compliance"][1] not in text


def test_a_head_that_is_too_long_is_refused_by_the_proxy(site, proxy):
    headers = site.authorization("verify") | {"X-Long": "a" * 20_000}
    answer = site.ask("GET", VERIFY, headers, address=proxy)
    assert answer.status in (400, 431)
    assert "X-Request-Id" not in answer.headers


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("GET /api/v1/verify HTTP/1.1\r\nHost: {host}\r\nX-A: ", id="head"),
        pytest.param(
            "POST /sign-in/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\nlogin=",
            id="body",
        ),
    ],
)
def test_who_sends_slowly_holds_no_process(site, proxy, sent):
    """More of them than all processes have threads, and a program is answered beside them."""
    slow = [tls_socket(site, proxy) for _ in range(60)]
    try:
        for one in slow:
            one.sendall(sent.format(host=HOST).encode())
        time.sleep(0.5)
        began = time.monotonic()
        right = site.authorization("worker-compliance")
        assert site.ask("GET", PATH, right, address=proxy).status == 200
        assert time.monotonic() - began < 3
        # And it is over with them in time, though each says a little more now and then.
        threading.Event().wait(5)
        for one in slow:
            one.sendall(b"a")
        slow[0].settimeout(15)
        said = slow[0].recv(4096)
        assert said == b"" or b" 408 " in said.partition(b"\r\n")[0]
    finally:
        for one in slow:
            one.close()


def tls_socket(site, address):
    plain = socket.create_connection((address, 443), 10)
    return site.tls.wrap_socket(plain, server_hostname=HOST)


# --- What is behind them ---------------------------------------------------------------------


def test_two_machines_have_what_is_written(site):
    with site.connect() as connection:
        rows = connection.execute(
            "SELECT application_name, state, sync_state FROM pg_stat_replication"
        ).fetchall()
        settings = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())
    assert Counter((state, sync) for _name, state, sync in rows) == {
        ("streaming", "sync"): 1,
        ("streaming", "async"): 1,
    }
    # workhub.conf has been read, and not only what Patroni sets.
    assert settings["synchronous_commit"] == "on"
    assert settings["log_parameter_max_length_on_error"] == "0"
    assert settings["idle_in_transaction_session_timeout"] == "300000"


def test_replicas_are_found_by_their_address(site):
    host = site.machines.address(100)
    with site.superuser(host, 5001) as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
    with site.superuser(host, 5000) as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)


def test_lists_are_read_from_a_replica(site):
    for _time in range(4):
        site.ask("GET", STREAM, site.authorization("compliance-roster"))
    asked = (
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'workhub' AND query ~ 'FETCH|COMMIT'"
    )
    with site.superuser(site.machines.address(100), 5001) as connection:
        own = connection.execute(asked).fetchone()[0]
    assert own > 0


def test_the_worker_and_the_clock_do_their_work(site):
    assert "entries of audit trails verified" in site.machines.units["clock"].log_text()
    # While the database is away both end, and their units start them again.
    for name in ("clock", "worker"):
        wait_until(lambda name=name: site.machines.units[name].process.poll() is None, 10, name)
    # An e-mail is a task; it was written before anybody could have disturbed them.
    assert list((site.machines.folder / "data" / "mail").iterdir())


def test_migrations_are_no_news_through_the_pooler(site):
    assert "No migrations to apply" in site.manage("migrate")


def test_a_process_goes_to_the_primary_without_the_pooler_too(site):
    """With prepared statements and cursors, which is how docs/operators.md has it for a few."""
    text = (site.machines.folder / "etc" / "workhub.env").read_text()
    text = text.replace(":6432/workhub?DISABLE_SERVER_SIDE_CURSORS=true", ":5000/workhub")
    text = text.replace("DATABASE_PREPARED_STATEMENTS=off", "")
    text = text.replace("DATABASE_TIMEOUTS=off", "")
    address = site.machines.address(13)
    unit = site.machines.start_unit(
        "workhub@.service",
        "app3-8001",
        "8001",
        GRANIAN_HOST=address,
        ENV_FILE=str(site.machines.file("direct.env", text)),
    )
    try:
        url = f"http://{address}:8001/readyz"
        wait_until(lambda: status_of(url) == 200, 60, url)
        connection = http.client.HTTPConnection(address, 8001, source_address=(site.front, 0))
        for path, document in [(PATH, "worker-compliance"), (STREAM, "compliance-roster")] * 5:
            said = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
            connection.request("GET", path, headers=said | site.authorization(document))
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        connection.close()
    finally:
        unit.stop()
