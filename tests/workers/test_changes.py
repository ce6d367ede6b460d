"""The changes feed: whoever reads all of it knows how every item stands today."""

import threading
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Company
from accounts.services import company_change
from tests.workers.play import STEPS, Play
from workers import derivation, services
from workers.compliance import Status, status_on
from workers.dates import follow_dates
from workers.facts import EVERYTHING
from workers.feed import Kind, feed_page
from workers.models import ComplianceChange, FactsStamp, Worker, WorkerRequirement
from workers.scope import Placement, Scope

# Noon in UTC is the same day in most of the world.
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def rows(company):
    """Return the feed as short tuples: what led from which status to which, and on what day."""
    return [
        (change.on, change.status_before, change.status_after, change.cause)
        for change in ComplianceChange.objects.for_company(company)
        .exclude(requirement=None)
        .order_by("sequence")
    ]


def read_from_the_start(company):
    """Return {(worker, requirement): (level, status)} as a reader of the feed keeps it.

    It is strict: numbers without gaps, and each row must start where the last one ended.
    """
    copy = {}
    changes = ComplianceChange.objects.for_company(company).order_by("sequence")
    for number, change in enumerate(changes, start=1):
        assert change.sequence == number
        if change.requirement_id is None:
            continue
        key = (change.worker_id, change.requirement_id)
        assert copy.pop(key, ("", "")) == (change.level_before, change.status_before)
        if change.status_after:
            copy[key] = (change.level_after, change.status_after)
    return copy


def worker_rows(company):
    return ComplianceChange.objects.for_company(company).filter(requirement=None)


def in_scope_by_the_feed(company, scope):
    """Return the workers whom a reader limited to `scope` has after reading all of the feed.

    A page tells of workers as of now; so does this.
    """
    known = set()
    page = feed_page(
        company_id=company.pk,
        today=company.today(),
        wanted=EVERYTHING,
        scope=scope,
        after=0,
        limit=100_000,
    )
    for row in page.rows:
        if row.kind is Kind.WORKER:
            known.add(row.worker.id)
        elif row.kind is Kind.WORKER_REMOVED:
            known.discard(row.worker.id)
    return known


def placement_of(worker):
    location = worker.location
    return Placement(
        division=location.division_id if location else None,
        location=worker.location_id,
        position=worker.position_id,
        worker_type=worker.worker_type,
    )


def as_answered_today(company):
    today = Company.objects.get(pk=company.pk).today()
    return {
        (row.worker_id, row.requirement_id): (
            row.level,
            status_on(Status(row.standing), row.coming_due_on, row.expires_on, today),
        )
        for row in WorkerRequirement.objects.filter(worker__company=company)
    }


@pytest.fixture
def certificate(company, dana, asked_first_aid):
    """Dana's First Aid until 10 February 2026, coming due from 11 January on."""
    with time_machine.travel(START - timedelta(days=30), tick=False):
        return services.record_add(
            company=company,
            worker=dana,
            requirement=asked_first_aid,
            by=None,
            state="approved",
            completed_on=date(2023, 2, 10),
        )


def clear(company):
    """Forget what the fixtures told, and go on from there."""
    ComplianceChange.objects.for_company(company).delete()


# --- What is told ----------------------------------------------------------------------


def test_each_kind_of_cause_is_told(company, admin, dana, first_aid, crane_operator, welder):
    who = {"company": company, "by": admin}
    with time_machine.travel(START, tick=False):
        clear(company)
        assignment = services.assignment_set(
            **who, requirement=first_aid, position=crane_operator, level="required"
        )
        record = services.record_add(
            **who,
            worker=dana,
            requirement=first_aid,
            state="submitted",
            submitted_on=date(2026, 1, 1),
        )
        services.record_approve(**who, record=record)
        company_change(company=company, by=admin, coming_due_days=366)
        services.requirement_change(**who, requirement=first_aid, validity_months=6)
        services.worker_change(**who, worker=dana, position=welder)
        services.worker_change(**who, worker=dana, position=crane_operator)
        services.worker_change(**who, worker=dana, is_active=False)
        services.worker_change(**who, worker=dana, is_active=True)
        services.assignment_remove(**who, assignment=assignment)
    day = date(2026, 1, 1)
    assert rows(company) == [
        (day, "", "missing", "assignment"),
        (day, "missing", "waiting_for_approval", "record"),
        (day, "waiting_for_approval", "current", "record"),
        (day, "current", "coming_due", "requirement"),
        (day, "coming_due", "", "worker"),
        (day, "", "coming_due", "worker"),
        (day, "coming_due", "", "worker"),
        (day, "", "coming_due", "worker"),
        (day, "coming_due", "", "assignment"),
    ]


def test_a_change_of_level_alone_is_told(company, dana, asked_first_aid, crane_operator):
    clear(company)
    services.assignment_set(
        company=company,
        requirement=asked_first_aid,
        position=crane_operator,
        level="optional",
        by=None,
    )
    change = ComplianceChange.objects.get()
    assert (change.level_before, change.level_after) == ("required", "optional")
    assert (change.status_before, change.status_after) == ("missing", "missing")


def test_what_changes_nothing_that_is_told_is_not_told(company, dana, asked_first_aid):
    clear(company)
    services.worker_change(company=company, worker=dana, by=None, last_name="Okafor-Reid")
    services.requirement_change(
        company=company, requirement=asked_first_aid, by=None, category="Health"
    )
    assert rows(company) == []


def test_companies_count_apart(company, theirs, dana, asked_first_aid):
    numbers = ComplianceChange.objects.for_company(company).values_list("sequence", flat=True)
    assert list(numbers.order_by("sequence")) == [1, 2]
    of_theirs = ComplianceChange.objects.for_company(theirs["worker"].company)
    assert list(of_theirs.order_by("sequence").values_list("sequence", flat=True)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        pytest.param({"last_name": "Okafor-Reid"}, True, id="name"),
        pytest.param({"id_number": "7"}, True, id="ID#"),
        pytest.param({"email": "dana@northern.example"}, True, id="e-mail"),
        pytest.param({"worker_type": "contractor"}, True, id="type"),
        pytest.param({"is_active": False}, True, id="active"),
        pytest.param({"location": None}, True, id="location"),
        pytest.param({"hired_on": date(2020, 1, 1)}, False, id="what-no-answer-shows"),
        pytest.param({"last_name": "Okafor"}, False, id="nothing"),
    ],
)
def test_what_answers_show_of_a_worker_is_told(company, dana, fields, is_told):
    clear(company)
    services.worker_change(company=company, worker=dana, by=None, **fields)
    told = worker_rows(company).values_list(
        "worker", "cause", "location_before", "position_before", "worker_type_before"
    )
    before = (dana.pk, "worker", dana.location_id, dana.position_id, "employee")
    assert list(told) == ([before] if is_told else [])


def test_a_worker_is_told_before_their_items(company, dana, asked_first_aid):
    clear(company)
    services.worker_change(company=company, worker=dana, by=None, is_active=False)
    told = ComplianceChange.objects.for_company(company).order_by("sequence")
    assert [change.requirement_id for change in told] == [None, asked_first_aid.pk]


def test_everybody_at_a_location_is_told_when_its_division_changes(company, dana, calgary_yard):
    clear(company)
    before = calgary_yard.division
    services.place_change(company=company, place=calgary_yard, by=None, division=None)
    assert [(row.worker, row.division_before) for row in worker_rows(company)] == [
        (dana, before.pk)
    ]


def test_a_number_is_there_once_in_the_database_too(company, dana, asked_first_aid):
    change = ComplianceChange.objects.for_company(company).last()
    change.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        change.save()


def test_a_change_that_is_rolled_back_leaves_no_gap(company, dana, asked_first_aid, certificate):
    with transaction.atomic():
        services.worker_change(company=company, worker=dana, by=None, is_active=False)
        transaction.set_rollback(True)
    services.worker_change(company=company, worker=dana, by=None, is_active=False)
    read_from_the_start(company)


# --- Dates -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "days",
    [
        pytest.param(range(60), id="daily"),
        pytest.param([59], id="once-and-late"),
        pytest.param([3, 3, 9, 10, 10, 45, 59, 59], id="now-and-then-and-twice"),
    ],
)
def test_passed_dates_are_told_once_however_late(company, certificate, days):
    clear(company)
    for day in days:
        with time_machine.travel(START + timedelta(days=day), tick=False):
            follow_dates(company=company)
    assert rows(company) == [
        (date(2026, 1, 11), "current", "coming_due", "date"),
        (date(2026, 2, 11), "coming_due", "expired", "date"),
    ]


def test_the_last_valid_day_ends_in_the_company_s_zone(company, certificate):
    # 06:59 and 07:00 in UTC are the last minute of the day and midnight in Edmonton.
    with time_machine.travel(datetime(2026, 2, 11, 6, 59, tzinfo=UTC), tick=False):
        assert follow_dates(company=company) == 1
    with time_machine.travel(datetime(2026, 2, 11, 7, 0, tzinfo=UTC), tick=False):
        assert follow_dates(company=company) == 1
    assert rows(company)[-1] == (date(2026, 2, 11), "coming_due", "expired", "date")


def test_a_time_zone_that_turns_the_day_back_is_told(company, certificate):
    with time_machine.travel(datetime(2026, 2, 10, 12, tzinfo=UTC), tick=False):
        company_change(company=company, by=None, time_zone="Pacific/Kiritimati")
        assert rows(company)[-1] == (date(2026, 2, 11), "coming_due", "expired", "date")
        company_change(company=company, by=None, time_zone="America/Edmonton")
    assert rows(company)[-1] == (date(2026, 2, 10), "expired", "coming_due", "company")


def test_a_renewal_tells_what_passed_before_it(company, dana, asked_first_aid, certificate):
    clear(company)
    with time_machine.travel(START + timedelta(days=59), tick=False):
        services.record_add(
            company=company,
            worker=dana,
            requirement=asked_first_aid,
            by=None,
            state="approved",
            completed_on=date(2026, 3, 1),
        )
        assert follow_dates(company=company) == 0
    assert rows(company) == [
        (date(2026, 1, 11), "current", "coming_due", "date"),
        (date(2026, 2, 11), "coming_due", "expired", "date"),
        (date(2026, 3, 1), "expired", "current", "record"),
    ]


def test_more_rows_than_a_batch_are_all_told(company, asked_first_aid, monkeypatch):
    monkeypatch.setattr("workers.dates._BATCH", 3)
    position = asked_first_aid.assignments.get().position
    workers = services.workers_add(
        company=company,
        by=None,
        workers=[
            {"first_name": f"W{number}", "last_name": "Lee", "position": position}
            for number in range(10)
        ],
    )
    record = {"requirement": asked_first_aid, "state": "approved", "issued_on": date(2023, 1, 1)}
    with time_machine.travel(START - timedelta(days=60), tick=False):
        services.records_add(
            company=company, by=None, records=[{**record, "worker": worker} for worker in workers]
        )
    with time_machine.travel(START + timedelta(days=400), tick=False):
        assert follow_dates(company=company) == 20
        assert follow_dates(company=company) == 0
        assert read_from_the_start(company) == as_answered_today(company)


def test_days_of_another_company_are_its_own(company, other_company, certificate):
    with time_machine.travel(START + timedelta(days=59), tick=False):
        assert follow_dates(company=other_company) == 0
        assert follow_dates(company=company) == 2


def test_rebuilding_is_no_change_though_a_date_has_passed(company, certificate):
    with time_machine.travel(START + timedelta(days=59), tick=False):
        assert derivation.differences(company=company) == derivation.Counts()
        assert derivation.rebuild(company=company) == derivation.Counts()
        assert follow_dates(company=company) == 0
        assert read_from_the_start(company) == as_answered_today(company)


@pytest.mark.breaks_derived_rows
def test_a_repair_is_told(company, dana, asked_first_aid):
    WorkerRequirement.objects.update(standing="current", status="current")
    clear(company)
    assert derivation.rebuild(company=company) == derivation.Counts(changed=1)
    assert [row[1:] for row in rows(company)] == [("current", "missing", "repair")]


# --- After any history -----------------------------------------------------------------


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=STEPS,
    pauses=st.lists(st.tuples(st.integers(0, 400), st.booleans()), min_size=25, max_size=25),
)
def test_reading_the_feed_from_the_start_comes_to_today_s_statuses(db, steps, pauses):
    with transaction.atomic(), time_machine.travel(START, tick=False) as clock:
        play = Play()
        for (name, *arguments), (days, is_followed) in zip(steps, pauses, strict=False):
            getattr(play, name)(*arguments)
            clock.shift(timedelta(days=days % 40))
            if is_followed:
                follow_dates(company=play.company)
                assert read_from_the_start(play.company) == as_answered_today(play.company)
        follow_dates(company=play.company)
        assert read_from_the_start(play.company) == as_answered_today(play.company)
        assert derivation.differences(company=play.company) == derivation.Counts()
        assert_placements_are_kept(play.company)
        for scope in scopes_of(play):
            assert in_scope_by_the_feed(play.company, scope) == in_scope_today(play.company, scope)
        transaction.set_rollback(True)


def assert_placements_are_kept(company):
    """Every worker is told of when added, and each later row keeps where they were before."""
    rows = defaultdict(list)
    for row in worker_rows(company).order_by("sequence"):
        before = (row.division_before, row.location_before, row.position_before)
        rows[row.worker_id].append((*before, row.worker_type_before))
    assert set(rows) == set(Worker.objects.for_company(company).values_list("pk", flat=True))
    for befores in rows.values():
        assert befores[0] == (None, None, None, "")
        assert all(before[3] for before in befores[1:])


def scopes_of(play):
    division, location, position = play.divisions[1], play.locations[1], play.positions[1]
    return [
        Scope(),
        Scope(divisions=frozenset({division.pk})),
        Scope(locations=frozenset({location.pk})),
        Scope(positions=frozenset({position.pk})),
        Scope(worker_types=frozenset({"contractor"})),
        Scope(divisions=frozenset({division.pk}), worker_types=frozenset({"employee"})),
    ]


def in_scope_today(company, scope):
    workers = Worker.objects.for_company(company).select_related("location")
    return {worker.pk for worker in workers if scope.has(placement_of(worker))}


# --- Several at once -------------------------------------------------------------------


@pytest.mark.skipif(connection.vendor == "sqlite", reason="writers queue for SQLite's one lock")
@pytest.mark.django_db(transaction=True)
def test_two_daily_commands_and_a_writer_lose_and_double_nothing(company, dana, certificate):
    failures = []

    def run(work):
        try:
            work()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    def write():
        for number in range(5):
            services.worker_change(company=company, worker=dana, by=None, is_active=number % 2)

    with time_machine.travel(START + timedelta(days=59), tick=False):
        work = [lambda: follow_dates(company=company)] * 2 + [write]
        threads = [threading.Thread(target=run, args=[one]) for one in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert read_from_the_start(company) == as_answered_today(company)
        on_days = [row[0] for row in rows(company) if row[3] == "date"]
        assert on_days == [date(2026, 1, 11), date(2026, 2, 11)]


def test_a_day_that_changes_nothing_leaves_the_stamp(company, dana):
    before = FactsStamp.objects.get(company=company).stamp
    assert follow_dates(company=company) == 0
    assert FactsStamp.objects.get(company=company).stamp == before
