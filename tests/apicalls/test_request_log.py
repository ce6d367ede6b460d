"""What is kept of each request: in rows of their own, or folded."""

import json
import re
import threading

import pytest
from django.core import serializers
from django.db import connection

from apicalls import request_log, services
from apicalls.models import Caller, Credential, RefusedRequests, RequestLog, ServedVersion
from workers.models import ComplianceChange

# --- With a right pair -----------------------------------------------------------------


def test_a_request_is_logged_without_what_was_asked_or_answered(ask, call, worker, time_machine):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    response = ask(call, user_agent="Gate/2.1 (turnstile)")
    [row] = RequestLog.objects.values()
    assert row.pop("id")
    assert row.pop("milliseconds") < 10_000
    assert row.pop("at").isoformat() == "2026-03-02T18:00:00+00:00"
    assert row == {
        "api_call_id": call.api_call.pk,
        "credential_id": Credential.objects.get(client_key=call.client_key).pk,
        "request_id": response["X-Request-Id"],
        "status": 200,
        "code": "",
        "size": len(response.content),
        "is_test": False,
        "output_format": "json",
        "address": "127.0.0.1",
        "client": "Gate/2.1 (turnstile)",
        "caller_id": Caller.objects.get().pk,
        "lookup": "id_number",
        "lookup_hash": row["lookup_hash"],
        "worker_id": worker.pk,
        "change_sequence": ComplianceChange.objects.for_company(worker.company)
        .latest("pk")
        .sequence,
        "served_version_id": ServedVersion.objects.get().pk,
    }


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        pytest.param("workerIDNumber=1", {}, 404, "worker_not_found", id="404"),
        pytest.param("workerIDNumber=%zz", {}, 400, "invalid_parameter", id="400"),
        pytest.param(
            "workerIDNumber=10482", {"accept": "image/png"}, 406, "not_acceptable", id="406"
        ),
        pytest.param("workerIDNumber=10482", {"if_none_match": "*"}, 304, "", id="304"),
        pytest.param(
            "workerIDNumber=10482", {"if_match": '"x"'}, 412, "precondition_failed", id="412"
        ),
    ],
)
def test_every_answer_to_a_known_call_is_logged(ask, call, worker, query, headers, status, code):
    response = ask(call, query, **headers)
    assert response.status_code == status
    [row] = RequestLog.objects.all()
    assert (row.status, row.code) == (status, code)
    assert row.request_id == response["X-Request-Id"]
    assert row.size == len(response.content)


def test_a_refused_state_is_logged_too(ask, call):
    services.api_call_state_change(api_call=call.api_call, change="pause", by=None)
    ask(call)
    assert RequestLog.objects.get().code == "call_paused"


def test_last_used_is_written_at_most_once_a_minute(ask, call, worker, time_machine):
    def last_used():
        used_at = Credential.objects.get(client_key=call.client_key).last_used_at
        return used_at.isoformat()

    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    ask(call)
    assert last_used() == "2026-03-02T18:00:00+00:00"
    time_machine.move_to("2026-03-02T18:01:00Z", tick=False)
    ask(call)
    assert last_used() == "2026-03-02T18:00:00+00:00"
    time_machine.move_to("2026-03-02T18:01:01Z", tick=False)
    ask(call)
    assert last_used() == "2026-03-02T18:01:01+00:00"
    assert RequestLog.objects.count() == 3


def test_a_slow_request_does_not_take_last_used_back(call, time_machine):
    from apicalls.selectors import credential_find

    time_machine.move_to("2026-03-02T18:05:00Z", tick=False)
    slow = credential_find(client_key=call.client_key).grant
    newer = Credential.objects.filter(client_key=call.client_key)
    newer.update(last_used_at="2026-03-02T18:05:30Z")
    request_log.request_log_add(
        grant=slow,
        seen=request_log.Seen("0" * 32, None, ""),
        told=request_log.Told(),
        status=200,
        code="",
        milliseconds=1,
        size=1,
    )
    assert newer.get().last_used_at.isoformat() == "2026-03-02T18:05:30+00:00"


def test_the_same_lookup_leaves_the_same_hash_in_one_company_only(
    ask, call, add_call, worker_of, worker, other_company
):
    worker_of(other_company, id_number=worker.id_number)
    theirs = add_call(other_company)
    for pair, query in [
        (call, "workerIDNumber=10482"),
        (call, "workerIDNumber=%2010482%20"),
        (call, "workerIDNumber=nobody"),
        (theirs, "workerIDNumber=10482"),
    ]:
        ask(pair, query)
    first, spaced, nobody, other = RequestLog.objects.order_by("id")
    assert re.fullmatch("[0-9a-f]{32}", first.lookup_hash)
    assert first.lookup_hash == spaced.lookup_hash
    assert len({first.lookup_hash, nobody.lookup_hash, other.lookup_hash}) == 3
    assert (nobody.worker_id, nobody.lookup) == (None, "id_number")


def test_a_name_is_kept_as_a_hash_too(ask, add_call, company, worker):
    call = add_call(company, lookups=("full_name",))
    ask(call, "firstName=Dana&middleName=&lastName=Okafor")
    row = RequestLog.objects.get()
    assert (row.lookup, row.worker_id) == ("full_name", worker.pk)
    assert len(row.lookup_hash) == 32


def test_a_rehearsal_told_of_nobody(ask, call):
    ask(call, "workerIDNumber=TEST-COMPLIANT")
    assert RequestLog.objects.get().worker_id is None


def test_no_name_and_no_id_number_is_in_any_row(ask, call, add_call, company, crane_operator):
    named = add_call(company, lookups=("full_name",))
    roster = add_call(company, of="compliance-roster", lookups=())
    worker = crane_operator
    ask(call, f"workerIDNumber={worker.id_number}")
    ask(named, f"firstName={worker.first_name}&middleName=&lastName={worker.last_name}")
    ask(roster, "", path="/api/v1/compliance-roster")
    ask(None, f"workerIDNumber={worker.id_number}")
    rows = serializers.serialize(
        "json", [*RequestLog.objects.all(), *RefusedRequests.objects.all()]
    )
    assert len(json.loads(rows)) == 4
    for text in (worker.id_number, worker.first_name, worker.last_name):
        assert f'"{text}"' not in rows


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param("x" * 300, "x" * 200, id="long"),
        pytest.param("a\x00b\x1bc", "abc", id="control"),
        pytest.param("caf\xe9", "caf\xe9", id="latin"),
    ],
)
def test_a_client_is_kept_as_far_as_it_fits(ask, call, sent, kept):
    ask(call, user_agent=sent)
    assert RequestLog.objects.get().client == kept


# --- Without one -----------------------------------------------------------------------


def test_refusals_are_folded_by_minute_call_and_problem(ask, call, other_secret, time_machine):
    time_machine.move_to("2026-03-02T18:00:10Z", tick=False)
    for number in range(3):
        last = ask(other_secret(call), user_agent=f"Gate/{number}")
    ask(None)
    ask(None, authorization="amx FFFFFFFFFFFFFF:" + call.client_secret)
    ask(None, authorization="amx 0000000000000F:" + call.client_secret)
    ask(None, authorization="amx broken")
    time_machine.move_to("2026-03-02T18:01:00Z", tick=False)
    ask(other_secret(call))
    rows = RefusedRequests.objects.order_by("at", "api_call_id", "code")
    assert sorted((str(row.at), row.api_call_id or 0, row.code, row.times) for row in rows) == [
        ("2026-03-02 18:00:00+00:00", 0, "invalid_credentials", 2),
        ("2026-03-02 18:00:00+00:00", 0, "malformed_authorization", 1),
        ("2026-03-02 18:00:00+00:00", 0, "not_authenticated", 1),
        ("2026-03-02 18:00:00+00:00", call.api_call.pk, "invalid_credentials", 3),
        ("2026-03-02 18:01:00+00:00", call.api_call.pk, "invalid_credentials", 1),
    ]
    folded = rows.get(times=3)
    assert (folded.request_id, folded.client) == (last["X-Request-Id"], "Gate/2")
    assert (folded.status, folded.address) == (401, "127.0.0.1")
    assert not RequestLog.objects.exists()


def test_an_ended_pair_is_told_of_at_its_call(ask, call):
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    ask(call)
    row = RefusedRequests.objects.get()
    assert row.credential.client_key == call.client_key
    assert row.api_call == call.api_call


def test_an_attacker_fills_no_disk(ask, call, other_secret, settings):
    settings.FAILED_AUTHORIZATIONS_PER_MINUTE = 5
    for number in range(100):
        ask(None, authorization=f"amx {number:014X}:{call.client_secret}")
        ask(other_secret(call), user_agent=str(number))
    # Two kinds of refusal, for the call and for nobody's, in a minute or at its turn in two.
    assert RefusedRequests.objects.count() <= 8
    assert sum(RefusedRequests.objects.values_list("times", flat=True)) == 200


def test_no_fold_is_lost_when_many_come_at_once(real_database, call):
    seen = request_log.Seen("0" * 32, "192.0.2.1", "x")

    def fold():
        try:
            for _ in range(25):
                request_log.refused_add(meant=None, seen=seen, status=401, code="not_authenticated")
        finally:
            connection.close()

    threads = [threading.Thread(target=fold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(RefusedRequests.objects.values_list("times", flat=True)) == 100


# --- A database that is read-only ------------------------------------------------------


@pytest.fixture
def read_only(real_database):
    """A database that answers and takes nothing."""
    on, off = {
        "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        "postgresql": (
            "SET default_transaction_read_only = on",
            "SET default_transaction_read_only = off",
        ),
    }[connection.vendor]

    def switch(to):
        with connection.cursor() as cursor:
            cursor.execute(on if to else off)

    yield switch
    switch(False)


def test_answers_go_on_without_a_row(read_only, ask, call, worker, other_secret, caplog):
    read_only(True)
    answer, refusal = ask(call), ask(other_secret(call))
    read_only(False)
    assert (answer.status_code, refusal.status_code) == (200, 401)
    assert not RequestLog.objects.exists()
    for response, code in [(answer, "200 "), (refusal, "401 invalid_credentials")]:
        line = f"Not in the request log, read-only: {response['X-Request-Id']} {code}"
        assert line in caplog.messages
