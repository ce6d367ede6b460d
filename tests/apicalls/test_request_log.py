"""What is kept of each request: in rows of their own, or folded."""

import base64
import json
import logging
import re
import threading
import traceback

import pytest
from django.core import serializers
from django.db import OperationalError, connection
from django.utils import timezone

from apicalls import request_log, services
from apicalls.doctor import Mistake
from apicalls.draining import drain
from apicalls.models import Caller, Credential, RefusedRequests, RequestLog, ServedVersion
from apicalls.spool import spool
from workers.models import ComplianceChange
from workhub.problem_types import PROBLEM_TYPES
from workhub.problems import problem_of

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


def test_a_slow_request_does_not_take_last_used_back(call, grant_of, time_machine):
    time_machine.move_to("2026-03-02T18:05:00Z", tick=False)
    slow = grant_of(call)
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


def test_refusals_are_folded_by_minute_call_problem_and_mistake(
    ask, call, other_secret, time_machine
):
    time_machine.move_to("2026-03-02T18:00:10Z", tick=False)
    for number in range(3):
        last = ask(other_secret(call), user_agent=f"Gate/{number}")
    ask(None)
    ask(None, authorization="amx FFFFFFFFFFFFFF:" + call.client_secret)
    ask(None, authorization="amx 0000000000000F:" + call.client_secret)
    ask(None, authorization="amx broken")
    ask(None, authorization="amx broken:")
    ask(call, authorization=f'"{call.header}"')
    time_machine.move_to("2026-03-02T18:01:00Z", tick=False)
    ask(other_secret(call))
    rows = RefusedRequests.objects.all()
    assert sorted(
        (str(row.at.time()), row.api_call_id or 0, row.code, row.mistake, row.times) for row in rows
    ) == [
        ("18:00:00", 0, "invalid_credentials", "unknown_key", 2),
        ("18:00:00", 0, "malformed_authorization", "key_length", 1),
        ("18:00:00", 0, "malformed_authorization", "no_colon", 1),
        ("18:00:00", 0, "not_authenticated", "", 1),
        ("18:00:00", call.api_call.pk, "invalid_credentials", "typing_error", 3),
        ("18:00:00", call.api_call.pk, "not_authenticated", "quotes", 1),
        ("18:01:00", call.api_call.pk, "invalid_credentials", "typing_error", 1),
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
    assert row.mistake == "ended"


# What programs send, the problem it is answered with, and what is kept of it.
REFUSED = [
    pytest.param("amx {key}:{other}", "invalid_credentials", "wrong_secret", id="another-pair-s"),
    pytest.param("amx {key}:{typo}", "invalid_credentials", "typing_error", id="typing-error"),
    pytest.param("amx {key}:{lower}", "invalid_credentials", "secret_case", id="small-letters"),
    pytest.param("amx {key}:{short}", "invalid_credentials", "secret_short", id="cut-short"),
    pytest.param("amx {key}:{secret}A", "invalid_credentials", "secret_long", id="one-more"),
    pytest.param("amx {secret}:{key}", "invalid_credentials", "swapped", id="swapped"),
    pytest.param("amx {secret}:{small_key}", "invalid_credentials", "swapped", id="swapped-small"),
    pytest.param("amx", "malformed_authorization", "no_colon", id="scheme-only"),
    pytest.param("amx {key}", "malformed_authorization", "no_colon", id="no-secret"),
    pytest.param("amx {key} {secret}", "malformed_authorization", "no_colon", id="no-colon"),
    pytest.param("amx {key}:{secret}:x", "malformed_authorization", "secret_long", id="three"),
    pytest.param("amx {key}:{long}", "malformed_authorization", "secret_long", id="9-kB"),
    pytest.param('amx "{key}:{secret}"', "malformed_authorization", "quotes", id="quotes"),
    pytest.param("amx {key}:{{secret}}", "malformed_authorization", "placeholder", id="braces"),
    pytest.param("amx {header}, {header}", "malformed_authorization", "sent_twice", id="twice"),
    pytest.param("amx\t{key}:\x7f{secret}", "malformed_authorization", "invisible", id="control"),
    # As a server hands over a no-break space in UTF-8, and in Latin-1.
    pytest.param("amx\xc2\xa0{key}:{secret}", "not_authenticated", "invisible", id="utf-8"),
    pytest.param("amx\xa0{key}:{secret}", "not_authenticated", "invisible", id="latin-1"),
    pytest.param("amx {key}:\u041e{secret}", "malformed_authorization", "not_ascii", id="decoded"),
    pytest.param("amx {key}:\ud800", "malformed_authorization", "invisible", id="lone-surrogate"),
    pytest.param("amx{key}:{secret}", "not_authenticated", "no_space", id="no-space"),
    pytest.param("{key}:{secret}", "not_authenticated", "no_scheme", id="no-scheme"),
    pytest.param("Bearer {key}:{secret}", "not_authenticated", "bearer", id="bearer"),
    pytest.param("Basic {basic}", "not_authenticated", "basic_with_pair", id="basic-with-pair"),
    pytest.param("basic {amx_basic}", "not_authenticated", "basic_with_pair", id="basic-with-amx"),
    pytest.param("Token {secret}/{key}", "not_authenticated", "other_scheme", id="other-scheme"),
    pytest.param("Authorization: {header}", "not_authenticated", "name_inside", id="name-inside"),
]


@pytest.fixture
def written_as():
    """Return a function that writes a header as one of REFUSED has it, with a pair or its key."""

    def write(form, pair, key="", other=""):
        key, secret = key or pair.client_key, pair.client_secret
        both = f"{key}:{secret}"
        return form.format(
            key=key,
            small_key=key.lower(),
            secret=secret,
            header=f"amx {both}",
            other=other,
            typo=("1" if secret[0] != "1" else "2") + secret[1:],
            lower=secret.lower(),
            short=secret[:-1],
            long=secret * 300,
            basic=base64.b64encode(both.encode()).decode(),
            amx_basic=base64.b64encode(f"amx {both}".encode()).decode(),
        )

    return write


@pytest.mark.parametrize(("form", "code", "mistake"), REFUSED)
def test_what_was_wrong_is_kept_where_its_admin_sees_it(
    ask, call, xml_call, written_as, form, code, mistake
):
    header = written_as(form, call, other=xml_call.client_secret)
    response = ask(None, authorization=header)
    assert (response.status_code, response.json()["code"]) == (401, code)
    row = RefusedRequests.objects.get()
    assert (row.status, row.code, row.mistake, row.times) == (401, code, mistake, 1)
    is_meant = form != "amx"
    assert row.api_call == (call.api_call if is_meant else None)
    assert row.credential == (
        Credential.objects.get(client_key=call.client_key) if is_meant else None
    )
    assert row.request_id == response["X-Request-Id"]


@pytest.mark.parametrize(
    ("header", "code", "mistake"),
    [
        pytest.param(None, "not_authenticated", "", id="no-header"),
        pytest.param("", "not_authenticated", "empty", id="empty"),
        pytest.param("Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2", "not_authenticated", "bearer", id="jwt"),
        pytest.param("Basic bWU6cHc=", "not_authenticated", "basic", id="basic"),
        pytest.param("Basic \xff", "not_authenticated", "not_ascii", id="basic-not-ascii"),
        pytest.param("amx Client_Key:x", "malformed_authorization", "placeholder", id="word"),
        pytest.param("amx ClientKey:x", "invalid_credentials", "placeholder", id="one-word"),
        pytest.param("amx {{clientKey}}:x", "malformed_authorization", "placeholder", id="braces"),
        pytest.param("amx FFFFFFFFFFFFFF:{secret}", "invalid_credentials", "unknown_key", id="key"),
        pytest.param("amx 0:{secret}", "invalid_credentials", "key_length", id="short-key"),
        pytest.param("amx 'FFFFFFFFFFFFFF:x'", "malformed_authorization", "quotes", id="quotes"),
    ],
)
def test_what_means_no_call_is_meant_by_nobody(ask, call, header, code, mistake):
    sent = (
        {} if header is None else {"authorization": header.replace("{secret}", call.client_secret)}
    )
    assert ask(None, **sent).json()["code"] == code
    row = RefusedRequests.objects.get()
    assert (row.code, row.mistake) == (code, mistake)
    assert (row.api_call, row.credential) == (None, None)


def test_a_header_with_the_key_of_another_company_is_their_affair(
    ask, call, add_call, other_company
):
    theirs = add_call(other_company)
    ask(None, authorization=f"Bearer {theirs.client_key}, amx {call.client_key}")
    assert [row.api_call for row in RefusedRequests.objects.all()] == [theirs.api_call]


@pytest.mark.parametrize(("form", "code", "mistake"), REFUSED)
def test_nothing_of_a_refused_header_is_kept_or_said(
    ask, call, xml_call, written_as, caplog, monkeypatch, form, code, mistake
):
    header = written_as(form, call, other=xml_call.client_secret)
    raised = []

    def keep(error, request):
        raised.append(traceback.TracebackException.from_exception(error, capture_locals=True))
        return problem_of(error, request)

    monkeypatch.setattr("apicalls.endpoints.problem_of", keep)
    with caplog.at_level(logging.DEBUG):
        answer = ask(None, authorization=header)
    rows = serializers.serialize(
        "json", [*RefusedRequests.objects.all(), *RequestLog.objects.all(), *Caller.objects.all()]
    )
    said = "".join(str(vars(record)) for record in caplog.records)
    shown = "".join("".join(one.format()) for one in raised)
    assert RefusedRequests.objects.count() == len(raised) == 1
    encoded = [base64.b64encode(f"{call.client_key}:".encode()).decode()[:18]]
    for secret in (call.client_secret, xml_call.client_secret, *encoded):
        for text in (secret, secret.lower(), secret[1:], secret[:-1]):
            assert text not in rows + said + shown + answer.content.decode()
    assert call.client_key not in rows.upper() + said.upper() + str(raised[0]).upper()


def test_a_look_up_that_fails_shows_no_header(ask, call, caplog, monkeypatch):
    """Not even to an error reporter that keeps the variables of each frame of ours."""
    shown = []

    def away(*_args):
        frames = traceback.StackSummary.extract(
            traceback.walk_stack(None), limit=None, capture_locals=True
        )
        shown.extend(
            one for one in frames if "/apicalls/" in one.filename and "/tests/" not in one.filename
        )
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(request_log, "_fold", away)
    with caplog.at_level(logging.DEBUG):
        response = ask(None, authorization=f"Bearer {call.client_key}:{call.client_secret}")
    assert (response.status_code, response.json()["code"]) == (503, "temporarily_unavailable")
    assert {"refused_add", "_log", "logged"} <= {one.name for one in shown}
    assert call.client_secret not in str([one.locals for one in shown])
    line = f"Not in the request log: {response['X-Request-Id']} 503 temporarily_unavailable"
    assert line in caplog.messages
    assert call.client_key not in caplog.text


def test_an_attacker_fills_no_disk(ask, call, other_secret, settings):
    settings.FAILED_AUTHORIZATIONS_PER_MINUTE = 5
    for number in range(100):
        ask(None, authorization=f"amx {number:014X}:{call.client_secret}")
        ask(other_secret(call), user_agent=str(number))
        ask(None, authorization=f"Bearer {number}", path=f"/api/v1/{number}")
        ask(None, authorization=f"Bearer {number} {call.client_key}")
        ask(None, authorization=f"amx {number:014X}: {call.client_key} {number}")
        ask(None, host=f"{number}.example")
    # By kinds and never by requests: each is of one mistake, and two of them are answered 429
    # from the sixth on; in a minute, or at its turn in two.
    assert RefusedRequests.objects.count() <= 2 * (6 + 2)
    assert sum(RefusedRequests.objects.values_list("times", flat=True)) == 600


def test_every_mistake_has_room_in_the_row():
    mistake, code = max(Mistake, key=len), max(PROBLEM_TYPES, key=len)
    assert len(mistake) <= RefusedRequests._meta.get_field("mistake").max_length
    longest = f"202603021800:{2**63}:{code}:{mistake}"
    assert len(longest) <= RefusedRequests._meta.get_field("key").max_length


def test_no_fold_is_lost_when_many_come_at_once(real_database, call):
    seen = request_log.Seen("0" * 32, "192.0.2.1", "x")

    def fold():
        try:
            for _ in range(25):
                request_log.refused_add(
                    refusal=request_log.Refusal(), seen=seen, status=401, code="not_authenticated"
                )
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


@pytest.fixture
def spooled(settings, tmp_path):
    """Return a function that reads what waits in a spool of the test's own."""
    settings.LOG_SPOOL = str(tmp_path / "spool")

    def read():
        return [json.loads(line) for path in spool().files() for line in path.open()]

    return read


def test_answers_go_on_and_their_rows_wait(read_only, spooled, ask, call, worker, time_machine):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    read_only(True)
    answer = ask(call, user_agent="Gate/2.1")
    read_only(False)
    assert answer.status_code == 200
    assert not RequestLog.objects.exists()
    [entry] = spooled()
    assert entry["row"].pop("milliseconds") < 10_000
    assert entry == {
        "row": entry["row"],
        "spooled_at": 1772474400.0,
    }
    assert drain() == 1
    assert spooled() == []
    [row] = RequestLog.objects.values()
    assert row | {"id": 1, "milliseconds": 0} == {
        "id": 1,
        "at": timezone.now(),
        "api_call_id": call.api_call.pk,
        "credential_id": Credential.objects.get(client_key=call.client_key).pk,
        "request_id": answer["X-Request-Id"],
        "status": 200,
        "code": "",
        "milliseconds": 0,
        "size": len(answer.content),
        "is_test": False,
        "output_format": "json",
        "address": "127.0.0.1",
        "client": "Gate/2.1",
        "caller_id": None,  # whoever is new could not be written either
        "lookup": "id_number",
        "lookup_hash": row["lookup_hash"],
        "worker_id": worker.pk,
        "change_sequence": ComplianceChange.objects.latest("pk").sequence,
        "served_version_id": ServedVersion.objects.get().pk,
    }
    assert len(row["lookup_hash"]) == 32


def test_so_they_do_for_who_is_told_that_nothing_has_changed(read_only, spooled, ask, call, worker):
    tag = ask(call)["ETag"]
    for _time in range(3):
        ask(call, if_none_match=tag)
    rows = RequestLog.objects.count()
    read_only(True)
    answer = ask(call, if_none_match=tag)
    read_only(False)
    assert (answer.status_code, RequestLog.objects.count()) == (304, rows)
    [entry] = spooled()
    assert entry["row"]["request_id"] == answer["X-Request-Id"]


def test_a_refusal_is_no_row_that_waits(read_only, spooled, ask, call, other_secret, caplog):
    """Or else whoever has no pair could fill the disk."""
    read_only(True)
    refusal = ask(other_secret(call))
    read_only(False)
    assert refusal.status_code == 401
    assert spooled() == []
    line = f"read-only: {refusal['X-Request-Id']} 401 invalid_credentials"
    assert f"Not in the request log, {line}" in caplog.messages


def test_what_waits_has_no_name_and_no_id_number(read_only, spooled, ask, call, crane_operator):
    worker = crane_operator
    read_only(True)
    ask(call, f"workerIDNumber={worker.id_number}")
    read_only(False)
    [entry] = spooled()
    for text in (worker.id_number, worker.first_name, worker.last_name, call.client_secret):
        assert f'"{text}"' not in json.dumps(entry)


def test_a_row_that_can_wait_nowhere_keeps_its_answer(
    read_only, settings, tmp_path, ask, call, worker, caplog
):
    (tmp_path / "file").touch()
    settings.LOG_SPOOL = str(tmp_path / "file" / "spool")
    read_only(True)
    answer = ask(call)
    read_only(False)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["code"] == "temporarily_unavailable"
    assert "The spool of the request log cannot be written: Not a directory" in caplog.messages


def test_a_stream_that_ends_meanwhile_is_told_of(
    read_only, spooled, ask, add_call, company, crane_operator
):
    """Begun before or after the database could be written no longer."""
    roster = add_call(company, of="compliance-roster", lookups=())
    path = "/api/v1/compliance-roster"
    begun_before = ask(roster, "stream=true", path=path)
    read_only(True)
    sizes = [len(b"".join(begun_before))]
    begun_after = ask(roster, "stream=true", path=path)
    sizes.append(len(b"".join(begun_after)))
    broken = ask(roster, "stream=true", path=path)
    next(iter(broken))
    broken.close()
    read_only(False)
    assert [set(entry) - {"spooled_at"} for entry in spooled()] == [
        {"end"}, {"row"}, {"end"}, {"row"}, {"end"}
    ]  # fmt: skip
    assert drain() == 2
    rows = RequestLog.objects.order_by("pk").values_list("code", "size")
    assert list(rows)[:2] == [("", sizes[0]), ("", sizes[1])]
    assert rows[2][0] == "interrupted"


def test_a_use_that_cannot_be_recorded_keeps_nobody_waiting(ask, call, worker, monkeypatch):
    def locked(*_args, **_kwargs):
        raise OperationalError("locked")

    monkeypatch.setattr("django.db.models.query.QuerySet.update", locked)
    assert ask(call).status_code == 200
    assert RequestLog.objects.get().status == 200
