"""What is known to be as it was: answered without being read, and never for longer than it is."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Company
from apicalls import services
from apicalls.callers import caller_change
from apicalls.endpoints import IS_TEST
from apicalls.models import Caller, Credential, RequestLog
from apicalls.selectors import credential_current
from apicalls.unchanged import Known, Memory, memory
from tests.apicalls.conftest import WORKER_COMPLIANCE
from tests.apicalls.test_lists import write_at_random
from workers import derivation
from workers import services as workers_services
from workers.demo import demo_load
from workers.models import FactsStamp, Location, Position, Record, Requirement, Worker

LISTS = ("compliance-roster", "expiring-requirements", "compliance-changes")
# What is left of an answer that nobody has to make, once some requests are counted beforehand:
# the log row, by the statement that looks whether the pair opens the same; or pair and log row.
STATEMENTS = 1 if connection.vendor == "postgresql" else 2
TO_BEGIN = 3
postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="PostgreSQL looks and writes at once"
)


@pytest.fixture
def second_of_march(time_machine):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)


@pytest.fixture
def list_of(add_call, company):
    def add(document):
        return add_call(company, of=document, lookups=(), rate_limit=1_000_000)

    return add


@pytest.fixture
def get(ask):
    """Return a function that asks for a document, with the tag of the answer that one has."""

    def send(pair, document, query="", *, tag=None, **headers):
        if tag is not None:
            headers["if_none_match"] = tag
        return ask(pair, query, path=f"/api/v1/{document}", **headers)

    return send


def reads(work):
    with CaptureQueriesContext(connection) as captured:
        response = work()
    return response, len(captured)


# --- What it spares --------------------------------------------------------------------


def test_who_asks_again_for_a_worker_is_answered_without_reading_her(ask, call, crane_operator):
    tag = ask(call)["ETag"]
    first = ask(call, if_none_match=tag)
    reads_of = []
    for _time in range(TO_BEGIN + 1):
        again, read = reads(lambda: ask(call, if_none_match=tag))
        assert (first.status_code, again.status_code, again.content) == (304, 304, b"")
        assert dict(again.headers) == {
            **first.headers,
            **{name: again[name] for name in ("X-Request-Id", "RateLimit")},
        }
        reads_of.append(read)
    assert max(reads_of) <= TO_BEGIN
    assert reads_of[-1] == STATEMENTS


@pytest.mark.parametrize("document", LISTS)
def test_who_asks_again_for_a_page_is_answered_without_reading_it(get, list_of, company, document):
    demo_load(company=company, size="second", by=None)
    pair = list_of(document)
    tag = get(pair, document)["ETag"]
    for _time in range(TO_BEGIN):
        get(pair, document, tag=tag)
    again, read = reads(lambda: get(pair, document, tag=tag))
    assert (again.status_code, again["ETag"], read) == (304, tag, STATEMENTS)


def test_its_log_row_tells_what_the_answer_told(ask, call, crane_operator):
    tag = ask(call)["ETag"]
    answers = [ask(call, if_none_match=tag) for _time in range(5)]
    told = ("lookup", "lookup_hash", "worker_id", "change_sequence", "caller_id")
    about = ("api_call_id", "credential_id", "address", "client", "output_format", "is_test")
    rows = list(RequestLog.objects.order_by("id").values(*told, *about))
    assert rows[0]["worker_id"] == crane_operator.pk
    assert rows == rows[:1] * 6
    short = RequestLog.objects.filter(status=304, code="", size=0).order_by("id")
    ids = short.values_list("request_id", flat=True)
    assert list(ids) == [answer["X-Request-Id"] for answer in answers]


def test_it_counts_against_the_limit(ask, add_call, company, crane_operator, second_of_march):
    pair = add_call(company, rate_limit=3)
    tag = ask(pair)["ETag"]
    answers = [ask(pair, if_none_match=tag) for _time in range(3)]
    assert [answer.status_code for answer in answers] == [304, 304, 429]
    assert [answer["RateLimit"].split(";")[1] for answer in answers] == ["r=1", "r=0", "r=0"]


@pytest.mark.parametrize("quota", [30, 100])
def test_all_that_the_limit_lets_through_is_answered(
    ask, add_call, company, crane_operator, second_of_march, quota
):
    pair = add_call(company, rate_limit=quota)
    tag = ask(pair)["ETag"]
    asked = [ask(pair, if_none_match=tag).status_code for _time in range(quota + 5)]
    assert asked == [304] * (quota - 1) + [429] * 6
    assert RequestLog.objects.filter(api_call=pair.api_call).count() == quota + 6


# --- Who is told nothing any more ------------------------------------------------------


def paused(call, caller, change):
    services.api_call_state_change(api_call=call.api_call, change="pause", by=None)


def archived(call, caller, change):
    services.api_call_state_change(api_call=call.api_call, change="archive", by=None)


def expired(call, caller, change):
    change(call.api_call, expires_on=date(2026, 3, 1))


def from_elsewhere(call, caller, change):
    change(call.api_call, allowed_networks=["192.0.2.0/24"])


def blocked(call, caller, change):
    caller_change(caller=caller, name="", state="blocked", by=None)


def of_another_key_age(call, caller, change):
    Company.objects.filter(pk=call.api_call.company_id).update(
        max_key_age_days=1, max_key_age_set_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    Credential.objects.filter(api_call=call.api_call).update(
        created_at=datetime(2026, 1, 1, tzinfo=UTC)
    )


def regenerated(call, caller, change):
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)


ENDS = {
    paused: (403, "call_paused"),
    archived: (403, "call_archived"),
    expired: (403, "call_expired"),
    from_elsewhere: (403, "address_not_allowed"),
    blocked: (403, "caller_blocked"),
    of_another_key_age: (403, "call_expired"),
    regenerated: (401, "invalid_credentials"),
}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_who_was_told_so_and_may_not_ask_any_more_is_refused(
    ask, call, change, crane_operator, second_of_march, end
):
    tag = ask(call)["ETag"]
    for _time in range(TO_BEGIN):
        assert ask(call, if_none_match=tag).status_code == 304
    rows = RequestLog.objects.count()
    end(call, Caller.objects.get(api_call=call.api_call), change)
    for _time in range(2):
        refused = ask(call, if_none_match=tag)
        assert (refused.status_code, refused.json()["code"]) == ENDS[end]
        assert "RateLimit" not in refused
    logged = RequestLog.objects.filter(status=refused.status_code)
    assert logged.count() == (2 if refused.status_code == 403 else 0)
    assert RequestLog.objects.count() - rows == logged.count()
    assert not logged.exclude(worker_id=None).exists()


def test_what_is_said_once_a_minute_is_said(ask, call, crane_operator, time_machine):
    start = datetime(2026, 3, 2, 18, tzinfo=UTC)
    time_machine.move_to(start, tick=False)
    tag = ask(call)["ETag"]
    for seconds in range(0, 150, 10):
        time_machine.move_to(start + timedelta(seconds=seconds), tick=False)
        assert ask(call, if_none_match=tag).status_code == 304
    caller = Caller.objects.get(api_call=call.api_call)
    credential = credential_current(api_call=call.api_call)
    assert caller.last_seen_at == credential.last_used_at
    assert caller.last_seen_at >= start + timedelta(seconds=80)
    assert RequestLog.objects.filter(status=304).count() == 15


@pytest.mark.parametrize("sent", ["W/{tag}", '"another", {tag}', "*", "{tag} "])
def test_whatever_form_the_tag_comes_in_it_is_known(ask, call, crane_operator, sent):
    tag = ask(call)["ETag"]
    for _time in range(TO_BEGIN):
        again = ask(call, if_none_match=sent.format(tag=tag))
        assert (again.status_code, again["ETag"]) == (304, tag)


@postgresql
def test_a_connection_that_was_ended_meanwhile_keeps_nobody_from_it(
    real_database, ask, call, crane_operator
):
    tag = ask(call)["ETag"]
    for _time in range(TO_BEGIN):
        ask(call, if_none_match=tag)
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    again = ask(call, if_none_match=tag)
    assert again.status_code == 304
    assert RequestLog.objects.filter(request_id=again["X-Request-Id"]).count() == 1
    assert RequestLog.objects.count() == TO_BEGIN + 2


@postgresql
@pytest.mark.parametrize("output_format", ["json", "xml"])
def test_what_else_keeps_its_row_from_being_written_is_told(
    real_database, ask, add_call, company, crane_operator, monkeypatch, output_format
):
    call = add_call(company, output_format=output_format)
    tag = ask(call)["ETag"]
    for _time in range(TO_BEGIN):
        ask(call, if_none_match=tag)

    def locked(*_args, **_kwargs):
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr("apicalls.request_log.pair_written_if_same", locked)
    answer = ask(call, if_none_match=tag)
    assert answer.status_code == 503
    assert answer["Content-Type"] == f"application/problem+{output_format}"
    assert b"temporarily_unavailable" in answer.content


def test_an_admins_test_is_logged_as_one(program, ask, call, crane_operator):
    tag = ask(call)["ETag"]
    for _time in range(TO_BEGIN):
        ask(call, if_none_match=tag)
    headers = {"authorization": call.header, "if-none-match": tag}
    address = f"{WORKER_COMPLIANCE}?workerIDNumber=10482"
    assert program.get(address, headers=headers, **{IS_TEST: True}).status_code == 304
    assert RequestLog.objects.latest("id").is_test


# --- What it never hides ---------------------------------------------------------------


def renamed(model):
    def change(company, dana, who):
        place = model.objects.get(company=company)
        workers_services.place_change(**who, place=place, name="Another name")

    return change


def of_requirement(**values):
    def change(company, dana, who):
        requirement = Requirement.objects.get(company=company, name="First Aid")
        workers_services.requirement_change(**who, requirement=requirement, **values)

    return change


def of_record(**values):
    def change(company, dana, who):
        record = Record.objects.get(worker=dana, requirement__name="First Aid")
        workers_services.record_change(**who, record=record, **values)

    return change


def of_worker(**values):
    def change(company, dana, who):
        workers_services.worker_change(**who, worker=dana, **values)

    return change


def assigned(company, dana, who):
    requirement = Requirement.objects.get(company=company, name="Winter driving")
    yard = Location.objects.get(company=company)
    workers_services.assignment_set(**who, requirement=requirement, level="required", location=yard)


def merged(company, dana, who):
    into = Position.objects.create(company=company, name="Rigger")
    workers_services.place_merge(**who, place=dana.position, into=into)


CHANGES = {
    "her name": of_worker(last_name="Okafor-Berg"),
    "her ID#": of_worker(id_number="010482"),
    "she leaves": of_worker(is_active=False),
    "the name of her position": renamed(Position),
    "the name of her location": renamed(Location),
    "her position is merged": merged,
    "the name of what is asked": of_requirement(name="First Aid Level 2"),
    "what is asked": assigned,
    "the number of her certificate": of_record(certificate_number="FA-90000"),
    "its last day": of_record(expires_on=date(2027, 2, 10)),
}


@pytest.mark.parametrize("made", CHANGES.values(), ids=CHANGES)
def test_the_next_answer_tells_what_has_changed(
    ask, call, company, crane_operator, second_of_march, made
):
    query = "workerIDNumber=10482"
    tag = ask(call, query)["ETag"]
    for _time in range(2):
        assert ask(call, query, if_none_match=tag).status_code == 304
    made(company, crane_operator, {"company": company, "by": None})
    news = ask(call, query, if_none_match=tag)
    assert news.status_code in {200, 404}
    assert news.headers.get("ETag") != tag


@pytest.mark.parametrize(
    "settings",
    [
        {"field_groups": ["items"]},
        {"output_format": "xml"},
        {"lookups": ("full_name",)},
        {"scope": {"positions": [0]}},
    ],
    ids=str,
)
def test_so_it_does_after_the_settings_of_the_call_have(
    ask, call, change, company, crane_operator, second_of_march, settings
):
    if "scope" in settings:
        other = Position.objects.create(company=company, name="Welder")
        settings = {"scope": {"positions": [other.pk]}}
    tag = ask(call)["ETag"]
    for _time in range(2):
        ask(call, if_none_match=tag)
    change(call.api_call, **settings)
    assert ask(call, if_none_match=tag).status_code != 304


def test_so_it_does_on_another_day(ask, call, crane_operator, time_machine):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    tag = ask(call)["ETag"]
    for _time in range(2):
        ask(call, if_none_match=tag)
    time_machine.move_to("2026-03-03T18:00:00Z", tick=False)
    assert ask(call, if_none_match=tag).status_code == 200


@pytest.mark.parametrize("document", LISTS)
def test_whatever_people_do_a_tag_is_the_same_only_for_the_same(get, list_of, company, document):
    demo_load(company=company, size="second", by=None)
    pair = list_of(document)
    tag, unchanged = None, 0
    for number in range(40):
        write_at_random(company, number, number % 2)
        asked = get(pair, document, tag=tag)
        fresh = get(pair, document)
        assert (asked.status_code == 304) is (fresh["ETag"] == tag)
        unchanged += asked.status_code == 304
        tag = fresh["ETag"]
    assert unchanged


def test_what_is_changed_past_the_services_is_told_after_a_minute(
    ask, call, crane_operator, monkeypatch
):
    tag = ask(call)["ETag"]
    ask(call, if_none_match=tag)
    Worker.objects.filter(pk=crane_operator.pk).update(last_name="Berg")
    assert ask(call, if_none_match=tag).status_code == 304
    monkeypatch.setattr(memory, "_now", lambda now=memory._now: now() + 60)
    assert ask(call, if_none_match=tag).status_code == 200


def test_one_call_never_answers_for_another(get, add_call, company, other_company):
    pairs = []
    for one in (company, other_company):
        demo_load(company=one, size="second", by=None)
        pairs.append(add_call(one, of="compliance-roster", lookups=()))
    tags = [get(pair, "compliance-roster")["ETag"] for pair in pairs]
    for pair, tag in zip(pairs, tags, strict=True):
        get(pair, "compliance-roster", tag=tag)
    for pair, tag in zip(pairs, reversed(tags), strict=True):
        assert get(pair, "compliance-roster", tag=tag).status_code == 200


def test_compressed_and_plain_are_two_answers(get, list_of, company):
    demo_load(company=company, size="second", by=None)
    roster = list_of("compliance-roster")
    headers = {"plain": {}, "short": {"accept_encoding": "gzip"}}
    tags = {how: get(roster, LISTS[0], **sent)["ETag"] for how, sent in headers.items()}
    for _time in range(2):
        for how, sent in headers.items():
            assert get(roster, LISTS[0], tag=tags[how], **sent).status_code == 304
    assert get(roster, LISTS[0], tag=tags["short"]).status_code == 200
    assert get(roster, LISTS[0], tag=tags["plain"], accept_encoding="gzip").status_code == 200


def test_a_tag_that_has_to_be_there_is_compared_with_what_is(ask, call, crane_operator):
    tag = ask(call)["ETag"]
    ask(call, if_none_match=tag)
    both = ask(call, if_none_match=tag, if_match='"another"')
    assert both.status_code == 412


# --- Memory and stamp ------------------------------------------------------------------


def test_the_oldest_is_forgotten_first():
    small = Memory(seconds=60, most=2)
    known = [Known(f'"{number}"', ()) for number in range(3)]
    for number in (0, 1, 0, 2):
        small.keep(number, known[number])
    assert [small.recall(number) for number in range(3)] == [known[0], None, known[2]]


def test_each_change_has_a_stamp_of_its_own(company, other_company, worker_of):
    stamps = []
    for number in range(3):
        worker_of(company, id_number=str(number))
        stamps.append(FactsStamp.objects.get(company=company).stamp)
    assert len(set(stamps)) == 3
    assert not FactsStamp.objects.filter(company=other_company).exists()


def test_a_change_that_is_taken_back_leaves_the_stamp(company, worker_of):
    worker_of(company)
    before = FactsStamp.objects.get(company=company).stamp
    with transaction.atomic():
        derivation.lock(company=company)
        assert FactsStamp.objects.get(company=company).stamp != before
        transaction.set_rollback(True)
    assert FactsStamp.objects.get(company=company).stamp == before


def test_an_answer_lasts_a_minute_at_most():
    now = [100.0]
    short = Memory(seconds=60, most=2)
    short._now = lambda: now[0]
    short.keep("question", Known('"tag"', ()))
    now[0] += 59.9
    assert short.recall("question")
    now[0] += 0.2
    assert short.recall("question") is None
