"""What is known to be as it was: answered without being read, and never for longer than it is."""

from datetime import date

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apicalls.models import RequestLog
from apicalls.unchanged import Known, Memory, memory
from tests.apicalls.test_lists import write_at_random
from workers import derivation
from workers import services as workers_services
from workers.demo import demo_load
from workers.models import FactsStamp, Location, Position, Record, Requirement, Worker

LISTS = ("compliance-roster", "expiring-requirements", "compliance-changes")
# Pair, limit and log row: what is left of an answer that nobody has to make.
STATEMENTS = 3


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
    first, _read = reads(lambda: ask(call, if_none_match=tag))
    again, read = reads(lambda: ask(call, if_none_match=tag))
    assert (first.status_code, again.status_code) == (304, 304)
    assert dict(again.headers) == {
        **first.headers,
        **{name: again[name] for name in ("X-Request-Id", "RateLimit")},
    }
    assert (again.content, read) == (b"", STATEMENTS)


@pytest.mark.parametrize("document", LISTS)
def test_who_asks_again_for_a_page_is_answered_without_reading_it(get, list_of, company, document):
    demo_load(company=company, size="second", by=None)
    pair = list_of(document)
    tag = get(pair, document)["ETag"]
    get(pair, document, tag=tag)
    again, read = reads(lambda: get(pair, document, tag=tag))
    assert (again.status_code, again["ETag"], read) == (304, tag, STATEMENTS)


def test_its_log_row_tells_what_the_answer_told(ask, call, crane_operator):
    tag = ask(call)["ETag"]
    for _time in range(2):
        assert ask(call, if_none_match=tag).status_code == 304
    told = ("lookup", "lookup_hash", "worker_id", "change_sequence", "caller_id")
    rows = list(RequestLog.objects.order_by("id").values(*told))
    assert rows[0]["worker_id"] == crane_operator.pk
    assert rows == rows[:1] * 3


def test_it_counts_against_the_limit(ask, add_call, company, crane_operator, second_of_march):
    pair = add_call(company, rate_limit=3)
    tag = ask(pair)["ETag"]
    answers = [ask(pair, if_none_match=tag) for _time in range(3)]
    assert [answer.status_code for answer in answers] == [304, 304, 429]
    assert [answer["RateLimit"].split(";")[1] for answer in answers] == ["r=1", "r=0", "r=0"]


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
