"""Rosters, what expires, and changes: pages, streams, scopes, and a copy that stays true."""

import gzip
import json
import os
import random
import threading
import zlib
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import etree

from apicalls.models import RequestLog
from workers import services as workers_services
from workers.demo import demo_load
from workers.models import Location, Position, Requirement, Worker

ROSTER = "compliance-roster"
CHANGES = "compliance-changes"
EXPIRING = "expiring-requirements"

# Five thousand, when somebody asks for them.
WRITES = int(os.environ.get("RANDOM_WRITES", "150"))


@pytest.fixture
def get(program):
    """Return a function that asks for a path below /api/v1/, or for a whole address."""

    def ask(pair, path, **headers):
        address = urlsplit(path)
        path = f"{address.path}?{address.query}" if address.netloc else f"/api/v1/{path}"
        return program.get(path, headers={"authorization": pair.header, **headers})

    return ask


@pytest.fixture
def register(company):
    demo_load(company=company, size="second", by=None)
    return list(Worker.objects.for_company(company).order_by("id"))


@pytest.fixture
def list_call(add_call, company):
    """Return a function that adds a call of a list, with all field groups."""

    def add(of, **values):
        settings = {
            "field_groups": ["names", "placement", "contact", "items", "optional_items"],
            "rate_limit": 1_000_000,  # who follows every change asks more often than people set
        }
        return add_call(company, of=of, lookups=(), **(settings | values))

    return add


def pages(get, pair, path):
    """Return the documents of all pages, following `next`."""
    documents = []
    while path:
        response = get(pair, path)
        assert response.status_code == 200, response.content
        documents.append(response.json())
        path = documents[-1]["next"]
    return documents


# --- Rosters ---------------------------------------------------------------------------


def test_a_roster_works_as_its_address_is_copied(get, list_call, register):
    roster = list_call(ROSTER)
    assert roster.api_call.website_address() == "https://workhub.example/api/v1/compliance-roster"
    document = get(roster, ROSTER).json()
    assert [one["worker"]["id"] for one in document["workers"]] == [
        f"wkr_{worker.pk}" for worker in register
    ]
    assert (document["next"], document["count"]) == (None, len(register))


def test_pages_of_a_roster_are_everybody_once(get, list_call, register):
    roster = list_call(ROSTER)
    whole = get(roster, ROSTER).json()["workers"]
    documents = pages(get, roster, f"{ROSTER}?limit=7")
    assert [len(one["workers"]) for one in documents[:-1]] == [7] * (len(documents) - 1)
    assert [entry for one in documents for entry in one["workers"]] == whole


def test_a_stream_is_the_same_document(get, list_call, register):
    roster = list_call(ROSTER)
    response = get(roster, f"{ROSTER}?stream=true")
    assert response.streaming
    assert response["Cache-Control"] == "no-store"
    logged = RequestLog.objects.latest("id")
    # Should the process be killed now, the row says that the stream is not whole.
    assert (logged.status, logged.size, logged.code) == (200, 0, "interrupted")
    body = b"".join(response.streaming_content)
    assert json.loads(body) == get(roster, f"{ROSTER}?limit=1000").json()
    logged.refresh_from_db()
    assert (logged.size, logged.code) == (len(body), "")


def test_a_stream_that_breaks_parses_nowhere_and_is_logged_as_broken(
    real_database, get, list_call, register, monkeypatch
):
    for output_format in ("json", "xml"):
        roster = list_call(ROSTER, output_format=output_format)
        monkeypatch.setattr("workhub.rendering._BATCH", 2)
        response = get(roster, f"{ROSTER}?stream=true")
        chunks = iter(response.streaming_content)
        body = b"".join(next(chunks) for _ in range(3))
        response.close()  # as a server does when the caller has gone
        with pytest.raises((json.JSONDecodeError, etree.XMLSyntaxError)):
            json.loads(body) if output_format == "json" else etree.fromstring(body)
        assert RequestLog.objects.latest("id").code == "interrupted"


def test_a_stream_is_compressed_for_who_asks(real_database, get, list_call, register, monkeypatch):
    monkeypatch.setattr("workhub.rendering._BATCH", 2)
    roster = list_call(ROSTER)
    plain = b"".join(get(roster, f"{ROSTER}?stream=true").streaming_content)
    response = get(roster, f"{ROSTER}?stream=true", accept_encoding="gzip, deflate, br")
    assert response["Content-Encoding"] == "gzip"
    assert response["Vary"] == "Authorization, Accept-Encoding"
    chunks = list(response.streaming_content)
    assert gzip.decompress(b"".join(chunks)) == plain
    assert RequestLog.objects.latest("id").size == sum(map(len, chunks)) < len(plain) / 3
    # Each chunk can be read when it is there.
    assert plain.startswith(zlib.decompressobj(31).decompress(chunks[0] + chunks[1]))
    assert len(zlib.decompressobj(31).decompress(chunks[0] + chunks[1])) > len(chunks[0])


def test_a_compressed_stream_that_breaks_has_no_end(
    real_database, get, list_call, register, monkeypatch
):
    monkeypatch.setattr("workhub.rendering._BATCH", 2)
    response = get(list_call(ROSTER), f"{ROSTER}?stream=true", accept_encoding="gzip")
    chunks = iter(response.streaming_content)
    body = b"".join(next(chunks) for _ in range(3))
    response.close()
    with pytest.raises(EOFError):
        gzip.decompress(body)
    assert RequestLog.objects.latest("id").code == "interrupted"


@pytest.mark.parametrize("output_format", ["json", "xml"])
def test_a_long_page_is_compressed_for_who_asks(get, list_call, register, output_format):
    roster = list_call(ROSTER, output_format=output_format)
    plain = get(roster, ROSTER)
    assert "Content-Encoding" not in plain
    short = get(roster, ROSTER, accept_encoding="gzip")
    assert (short["Content-Encoding"], gzip.decompress(short.content)) == ("gzip", plain.content)
    assert short["Content-Length"] == str(len(short.content))
    assert int(short["Content-Length"]) < len(plain.content) / 3
    assert short["Vary"] == plain["Vary"] == "Authorization, Accept-Encoding"
    # Two representations, each with a tag that stays the same as long as it does.
    assert short["ETag"] == plain["ETag"][:-1] + '-gzip"'
    again = get(roster, ROSTER, accept_encoding="gzip", if_none_match=short["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", short["ETag"])
    assert "Content-Encoding" not in again
    assert get(roster, ROSTER, if_none_match=short["ETag"]).status_code == 200


@pytest.mark.parametrize("accept_encoding", ["", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=x"])
def test_nothing_is_compressed_for_who_does_not_ask(get, list_call, register, accept_encoding):
    response = get(list_call(ROSTER), ROSTER, accept_encoding=accept_encoding)
    assert ("Content-Encoding" in response) is (accept_encoding == "gzip;q=x")


def test_a_short_page_is_sent_as_it_is(get, list_call, register):
    response = get(list_call(ROSTER), f"{ROSTER}?limit=1", accept_encoding="gzip")
    assert "Content-Encoding" not in response
    assert response["Vary"] == "Authorization, Accept-Encoding"


def test_a_stream_that_nobody_reads_is_logged_as_interrupted(real_database, get, list_call):
    get(list_call(ROSTER), f"{ROSTER}?stream=true").close()
    assert RequestLog.objects.get().code == "interrupted"


def test_a_head_of_a_stream_is_whole(program, list_call, register):
    roster = list_call(ROSTER)
    response = program.head(
        f"/api/v1/{ROSTER}?stream=true", headers={"authorization": roster.header}
    )
    assert (response.status_code, b"".join(response.streaming_content)) == (200, b"")
    logged = RequestLog.objects.get()
    assert (logged.status, logged.size, logged.code) == (200, 0, "")


@pytest.mark.parametrize("error", [OperationalError("away"), InterfaceError("closed")])
def test_a_stream_whose_end_cannot_be_logged_has_its_end(
    get, list_call, register, monkeypatch, caplog, error
):
    roster = list_call(ROSTER)
    response = get(roster, f"{ROSTER}?stream=true")

    def away(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("apicalls.request_log.RequestLog.objects.filter", away)
    assert json.loads(b"".join(response.streaming_content))["count"] == len(register)
    monkeypatch.undo()
    row = RequestLog.objects.get()
    assert row.code == "interrupted"
    line = f"Not in the request log, the end of row {row.pk}: {type(error).__name__}"
    assert line in caplog.messages


def test_a_stream_that_cannot_be_logged_does_not_begin(
    real_database, get, list_call, register, monkeypatch
):
    def away(*_args, **_kwargs):
        raise OperationalError("away")

    roster = list_call(ROSTER)
    monkeypatch.setattr("apicalls.request_log.request_log_add", away)
    response = get(roster, f"{ROSTER}?stream=true")
    assert (response.status_code, response.json()["code"]) == (503, "temporarily_unavailable")
    assert not RequestLog.objects.exists()


def test_a_stream_that_cannot_begin_is_a_problem(get, list_call, monkeypatch):
    def away(*_args, **_kwargs):
        raise OperationalError("away")

    roster = list_call(ROSTER)
    monkeypatch.setattr("apicalls.answers.feed_end", away)
    response = get(roster, f"{ROSTER}?stream=true")
    assert (response.status_code, response.json()["code"]) == (503, "temporarily_unavailable")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("position=Astronaut", "position"),
        ("location=Nowhere", "location"),
        ("division=x", "division"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("status=fine", "status"),
        ("dueBefore=soon", "dueBefore"),
        ("stream=true&limit=5", "stream"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(get, list_call, register, query, parameter):
    response = get(list_call(ROSTER), f"{ROSTER}?{query}")
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_parameter"
    assert [one["parameter"] for one in response.json()["errors"]] == [parameter]


def test_filters_leave_out_and_never_turn_a_verdict(get, list_call, register):
    roster = list_call(ROSTER)
    everybody = {one["worker"]["id"]: one for one in get(roster, ROSTER).json()["workers"]}
    for query in (
        "status=not_compliant",
        "component=certificate",
        "requiredOnly=true",
        "dueBefore=2099-01-01",
    ):
        told = get(roster, f"{ROSTER}?{query}").json()["workers"]
        assert told
        for one in told:
            whole = everybody[one["worker"]["id"]]["compliance"]
            for member in ("compliant", "status", "percent", "required"):
                assert one["compliance"][member] == whole[member]
    only = get(roster, f"{ROSTER}?component=certificate").json()["workers"]
    assert {item["component"] for one in only for item in one["compliance"]["items"]} == {
        "certificate"
    }
    required = get(roster, f"{ROSTER}?requiredOnly=true").json()["workers"]
    assert {item["level"] for one in required for item in one["compliance"]["items"]} == {
        "required"
    }


def test_a_ticked_filter_must_be_sent(get, list_call, change, register):
    roster = list_call(ROSTER)
    change(roster.api_call, lookups=["status"])
    assert roster.api_call.website_address().endswith("compliance-roster?status={status}")
    assert get(roster, ROSTER).json()["code"] == "missing_parameter"
    assert get(roster, f"{ROSTER}?status=%7Bstatus%7D").json()["code"] == "invalid_parameter"
    assert get(roster, f"{ROSTER}?status=compliant").status_code == 200


@pytest.mark.parametrize("path", [f"{ROSTER}?limit=2", f"{EXPIRING}?withinDays=366&limit=1"])
def test_a_cursor_is_of_one_call_and_its_filters(get, list_call, register, path):
    document = path.partition("?")[0]
    mine, other = list_call(document), list_call(document)
    address = get(mine, path).json()["next"]
    assert get(mine, address).status_code == 200
    for pair, asked in (
        (other, address),
        (mine, f"{address}x"),
        (mine, f"{document}?cursor=x"),
        (mine, f"{document}?status=compliant&{urlsplit(address).query}"),
    ):
        code = get(pair, asked).json()["code"]
        assert code in {"invalid_cursor", "unknown_parameter"}


# --- ETag ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [ROSTER, CHANGES, EXPIRING, "verify"])
def test_what_has_not_changed_is_304(get, list_call, register, path):
    pair = list_call(ROSTER if path == "verify" else path)
    first = get(pair, path)
    again = get(pair, path, if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again["RateLimit"].startswith('"call";r=')


# --- Scope -----------------------------------------------------------------------------


def test_out_of_scope_is_not_there(get, list_call, add_call, company, register):
    inside = next(one for one in register if one.location and one.id_number and one.is_active)
    scope = {"locations": [inside.location_id]}
    here = {f"wkr_{one.pk}" for one in register if one.location_id == inside.location_id}
    roster = get(list_call(ROSTER, scope=scope), ROSTER).json()
    assert {one["worker"]["id"] for one in roster["workers"]} == here
    stream = get(list_call(ROSTER, scope=scope), f"{ROSTER}?stream=true")
    assert len(json.loads(b"".join(stream.streaming_content))["workers"]) == len(here)
    expiring = get(list_call(EXPIRING, scope=scope), f"{EXPIRING}?withinDays=366").json()
    assert {one["worker"]["id"] for one in expiring["requirements"]} <= here
    changes = get(list_call(CHANGES, scope=scope), f"{CHANGES}?limit=1000").json()
    assert {one["worker"]["id"] for one in changes["changes"]} <= here
    one = add_call(company, scope=scope)
    outside = next(
        each for each in register if each.location_id != inside.location_id and each.id_number
    )
    found = get(one, f"worker-compliance?workerIDNumber={inside.id_number}")
    hidden = get(one, f"worker-compliance?workerIDNumber={outside.id_number}")
    nobody = get(one, "worker-compliance?workerIDNumber=nobody")
    assert found.status_code == 200
    assert (hidden.status_code, nobody.status_code) == (404, 404)
    assert {**hidden.json(), "requestId": ""} == {**nobody.json(), "requestId": ""}


def test_a_place_that_is_gone_lets_nobody_in(get, list_call, register):
    assert get(list_call(ROSTER, scope={"divisions": [999_999]}), ROSTER).json()["count"] == 0


# --- Fields ----------------------------------------------------------------------------


def test_what_a_call_leaves_out_is_not_asked_of_the_database(get, list_call, register):
    with CaptureQueriesContext(connection) as queries:
        get(list_call(ROSTER, field_groups=[]), ROSTER)
    read = [query["sql"] for query in queries if "workers_workerrequirement" in query["sql"]][-1]
    for column in ("first_name", "email", "worker_type", "certificate_number", "because"):
        assert column not in read


# --- Changes ---------------------------------------------------------------------------


def test_changes_are_told_from_an_instant_on(get, list_call, register, company, time_machine):
    changes = list_call(CHANGES)
    latest = get(changes, f"{CHANGES}?limit=1000").json()["latest"]
    assert get(changes, f"{CHANGES}?since={latest}").json()["changes"] == []
    time_machine.move_to(timezone.now() + timedelta(hours=2))
    instant = timezone.now().isoformat().replace("+00:00", "Z")
    worker = next(one for one in register if one.is_active)
    workers_services.worker_change(company=company, worker=worker, by=None, first_name="Renamed")
    for since in (latest, instant):
        [row] = get(changes, f"{CHANGES}?since={since}").json()["changes"]
        assert (row["kind"], row["worker"]["firstName"]) == ("worker", "Renamed")
    for since in ("yesterday", "2026-01-01", "x:y"):
        assert get(changes, f"{CHANGES}?since={since}").json()["code"] == "invalid_cursor"


def test_latest_of_a_roster_is_where_changes_go_on(get, list_call, register, company):
    latest = get(list_call(ROSTER), ROSTER).json()["latest"]
    worker = next(one for one in register if one.is_active)
    workers_services.worker_deactivate(company=company, worker=worker, by=None)
    rows = get(list_call(CHANGES), f"{CHANGES}?since={latest}&limit=1000").json()["changes"]
    assert {row["worker"]["id"] for row in rows} == {f"wkr_{worker.pk}"}
    assert rows[0]["kind"] == "worker"
    assert all(row["to"] is None for row in rows[1:])


def test_who_leaves_the_scope_is_told_as_removed(get, list_call, register, company):
    worker = next(one for one in register if one.location and one.is_active)
    scope = {"locations": [worker.location_id]}
    pair = list_call(CHANGES, scope=scope)
    latest = get(pair, f"{CHANGES}?limit=1000").json()["latest"]
    workers_services.worker_change(company=company, worker=worker, by=None, location=None)
    rows = get(pair, f"{CHANGES}?since={latest}").json()["changes"]
    assert [(row["kind"], set(row["worker"])) for row in rows] == [
        ("worker_removed", {"id", "workerIDNumber"})
    ]


class Copy:
    """A copy of the register as an integrator keeps it: who there is, and how each item stands."""

    def __init__(self, documents):
        self.workers = {}
        for document in documents:
            for entry in document["workers"]:
                self._put(entry["worker"], entry["compliance"]["items"])
        self.latest = documents[0]["latest"]

    def _put(self, worker, items):
        self.workers[worker["id"]] = (
            worker,
            {item["id"]: (item["level"], item["status"]) for item in items},
        )

    def apply(self, document):
        for row in document["changes"]:
            worker, change = row["worker"], row["to"]
            if row["kind"] == "worker_removed":
                self.workers.pop(worker["id"], None)
            elif row["kind"] == "worker":
                self._put(worker, row["items"])
            elif worker["id"] in self.workers:
                items = self.workers[worker["id"]][1]
                if change is None:
                    items.pop(row["requirement"]["id"], None)
                else:
                    items[row["requirement"]["id"]] = (change["level"], change["status"])
        self.latest = document["latest"]


def write_at_random(company, number, count):
    """Do random things to the company's workers, as people do."""
    dice = random.Random(number)
    who = {"company": company, "by": None}
    requirements = list(Requirement.objects.filter(company=company))
    positions = [None, *Position.objects.filter(company=company)]
    locations = [None, *Location.objects.filter(company=company)]
    for step in range(count):
        workers = Worker.objects.for_company(company)
        worker = workers[dice.randrange(workers.count())]
        match dice.randrange(6):
            case 0:
                workers_services.worker_change(
                    **who, worker=worker, location=dice.choice(locations)
                )
            case 1:
                workers_services.worker_change(
                    **who, worker=worker, position=dice.choice(positions)
                )
            case 2:
                workers_services.worker_change(**who, worker=worker, is_active=not worker.is_active)
            case 3:
                workers_services.worker_add(
                    **who,
                    first_name=f"N{number}",
                    last_name=f"S{step}",
                    position=dice.choice(positions),
                    location=dice.choice(locations),
                )
            case _:
                workers_services.record_add(
                    **who,
                    worker=worker,
                    requirement=dice.choice(requirements),
                    state=dice.choice(["approved", "rejected", "submitted"]),
                    completed_on=company.today() - timedelta(days=dice.randrange(900)),
                    submitted_on=company.today(),
                )


@pytest.mark.parametrize("is_scoped", [False, True], ids=["everybody", "scoped"])
def test_a_copy_kept_by_changes_equals_a_fresh_roster(
    real_database, get, list_call, register, company, is_scoped
):
    scope = {}
    if is_scoped:
        scope = {"locations": [one.location_id for one in register if one.location][:2]}
    roster, changes = (
        list_call(ROSTER, scope=scope),
        list_call(
            CHANGES, field_groups=["names", "placement", "contact", "optional_items"], scope=scope
        ),
    )
    copy = Copy(pages(get, roster, f"{ROSTER}?limit=5"))

    def write():
        try:
            write_at_random(company, 7, WRITES)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    sequences = 0
    try:
        while writer.is_alive():
            for document in pages(get, changes, f"{CHANGES}?limit=3&since={copy.latest}"):
                copy.apply(document)
                sequences += document["count"]
    finally:
        writer.join()
    for document in pages(get, changes, f"{CHANGES}?limit=1000&since={copy.latest}"):
        copy.apply(document)
        sequences += document["count"]
    fresh = Copy(pages(get, roster, f"{ROSTER}?limit=1000"))
    assert copy.workers == fresh.workers
    assert sequences > WRITES / 4
