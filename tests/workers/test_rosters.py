"""Reads of all workers: each is told as a look-up for them alone would tell."""

import re
from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from workers import demo, services
from workers.compliance import Component, Level, WorkerStatus, summary
from workers.facts import EVERYTHING, Found, Wanted
from workers.models import Location, Position, Worker
from workers.scope import EVERYBODY, Placement, Scope
from workers.selectors import (
    Filters,
    compliance_find,
    lapsing_page,
    place_id,
    roster_all,
    roster_page,
)

NOBODY_ASKS = Filters()
# Of the item's status a worker's is made; of these names the rest is.
ALWAYS_READ = {"standing", "coming_due_on", "expires_on"}


@pytest.fixture
def today(company):
    return company.today()


@pytest.fixture
def register(company, other_company):
    """Two companies with the demo's workers in every state there is."""
    demo.demo_load(company=company, size="second", by=None)
    demo.demo_load(company=other_company, size="second", by=None)
    return list(Worker.objects.for_company(company).order_by("id"))


@pytest.fixture
def everybody(company, today, register):
    """What is known of each worker, by id, in the order of ids."""
    return {
        worker.pk: Found(found.worker, found.items)
        for worker in register
        for found in compliance_find(
            company_id=company.pk,
            today=today,
            names=(worker.first_name, worker.middle_name, worker.last_name),
        )
        if found.worker.id == worker.pk
    }


def page(company, today, *, wanted=EVERYTHING, scope=EVERYBODY, filters=NOBODY_ASKS, **where):
    return roster_page(
        company_id=company.pk,
        today=today,
        wanted=wanted,
        scope=scope,
        filters=filters,
        after=where.get("after", 0),
        limit=where.get("limit", 1000),
    )


def test_pages_tell_of_each_worker_what_a_look_up_tells(company, today, everybody):
    told, after = [], 0
    while found := page(company, today, after=after, limit=3):
        assert len(found) <= 3
        told += found
        after = found[-1].worker.id
    assert told == list(everybody.values())
    assert len(told) > 10


def test_a_page_is_one_query(company, today, register, django_assert_num_queries):
    with django_assert_num_queries(1):
        page(company, today, limit=5)


def test_the_stream_tells_the_same(company, today, everybody):
    told = roster_all(
        company_id=company.pk,
        today=today,
        wanted=EVERYTHING,
        scope=EVERYBODY,
        filters=NOBODY_ASKS,
    )
    assert list(told) == list(everybody.values())


@pytest.mark.parametrize("status", list(WorkerStatus))
def test_status_is_the_workers_own(company, today, everybody, status):
    told = page(company, today, filters=Filters(status=status))
    assert [one.worker.id for one in told] == [
        worker_id
        for worker_id, (worker, items) in everybody.items()
        if summary(items, is_active=worker.is_active).status is status
    ]


@pytest.mark.parametrize("component", list(Component))
def test_a_component_is_one_that_something_is_asked_of(company, today, everybody, component):
    told = page(company, today, filters=Filters(component=component))
    assert [one.worker.id for one in told] == [
        worker_id
        for worker_id, (_worker, items) in everybody.items()
        if component in {item.component for item in items}
    ]


@pytest.mark.parametrize("days", [0, 30, 400])
def test_due_before_finds_who_lapses_or_has_lapsed(company, today, everybody, days):
    day = today + timedelta(days=days)
    told = page(company, today, filters=Filters(due_before=day))
    expected = [
        worker_id
        for worker_id, (_worker, items) in everybody.items()
        if any(
            item.level is Level.REQUIRED
            and item.expires_on is not None
            and item.expires_on < day
            and (item.lapses_on is not None or item.status == "expired")
            for item in items
        )
    ]
    assert [one.worker.id for one in told] == expected
    assert expected


def test_places_are_asked_for_by_name(company, other_company, today, register):
    worker = next(one for one in register if one.position and one.location)
    position_id = place_id(company_id=company.pk, kind=Position, name=worker.position.name)
    assert position_id == worker.position_id
    assert place_id(company_id=company.pk, kind=Location, name="Nowhere") is None
    told = page(company, today, filters=Filters(position_id=position_id))
    assert {one.worker.position for one in told} == {worker.position.name}
    theirs = place_id(company_id=other_company.pk, kind=Position, name=worker.position.name)
    assert page(company, today, filters=Filters(position_id=theirs)) == []


# --- Scope -----------------------------------------------------------------------------


def scopes(register):
    one, other = [worker for worker in register if worker.location and worker.position][:2]
    division = next(
        worker.location.division_id
        for worker in register
        if worker.location and worker.location.division_id
    )
    return [
        EVERYBODY,
        Scope(divisions=frozenset({division})),
        Scope(locations=frozenset({one.location_id, other.location_id})),
        Scope(positions=frozenset({one.position_id})),
        Scope(worker_types=frozenset({"contractor"})),
        Scope(
            locations=frozenset({one.location_id}),
            positions=frozenset({one.position_id}),
            worker_types=frozenset({one.worker_type}),
        ),
        Scope(divisions=frozenset({-1})),
    ]


def placement(worker):
    return Placement(
        division=worker.location.division_id if worker.location else None,
        location=worker.location_id,
        position=worker.position_id,
        worker_type=worker.worker_type,
    )


def test_a_scope_is_the_same_as_a_condition_and_as_a_question(company, today, register):
    for scope in scopes(register):
        expected = [worker.pk for worker in register if scope.has(placement(worker))]
        assert [one.worker.id for one in page(company, today, scope=scope)] == expected
        wanted = replace(EVERYTHING, scope=True)
        for worker in register:
            name = (worker.first_name, worker.middle_name, worker.last_name)
            found = compliance_find(
                company_id=company.pk, today=today, names=name, wanted=wanted, scope=scope
            )
            assert (worker.pk in {one.worker.id for one in found}) is (worker.pk in expected)


def test_a_scope_is_stored_as_what_it_is(register):
    for scope in scopes(register):
        assert Scope.of(scope.as_stored()) == scope
    assert EVERYBODY.as_stored() == {}
    assert not EVERYBODY


# --- What nobody wants -----------------------------------------------------------------

COLUMNS = {
    "names": {"first_name", "middle_name", "last_name"},
    "placement": {"worker_type"},
    "contact": {"email"},
    "items": {"completed_on"},
    "certificate_details": {"issued_on", "certificate_number", "issuer"},
    "reasons": {"because"},
}
NOTHING = Wanted(**{field.name: False for field in fields(Wanted)})


def columns_read(queries):
    selected = queries[0]["sql"].split(" FROM ")[0]
    return set(re.findall(r'\."(\w+)"', selected))


@pytest.mark.parametrize("group", sorted(COLUMNS))
def test_what_is_not_wanted_is_not_read(company, today, register, group):
    without = replace(EVERYTHING, **{group: False})
    for wanted, is_read in ((EVERYTHING, True), (without, False), (NOTHING, False)):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(company, today, wanted=wanted)
        columns = columns_read(queries.captured_queries)
        assert columns >= ALWAYS_READ
        assert (columns >= COLUMNS[group]) is is_read
        assert bool(columns & COLUMNS[group]) is is_read


def test_the_verdict_does_not_depend_on_what_is_wanted(company, today, everybody):
    for found in page(company, today, wanted=NOTHING):
        whole = everybody[found.worker.id]
        is_active = whole.worker.is_active
        assert summary(found.items, is_active=is_active) == summary(
            whole.items, is_active=is_active
        )
        assert {item.level for item in found.items} <= {Level.REQUIRED}
        assert (found.worker.first_name, found.worker.position) == (None, None)


# --- What lapses -----------------------------------------------------------------------


def lapsing(company, today, *, wanted=EVERYTHING, scope=EVERYBODY, **where):
    return lapsing_page(
        company_id=company.pk,
        today=today,
        within_days=where.get("within_days", 366),
        wanted=wanted,
        scope=scope,
        after=where.get("after"),
        limit=where.get("limit", 1000),
    )


def expected_lapsing(everybody, today, within_days):
    return sorted(
        (item.expires_on, worker.id, item.requirement_id)
        for worker, items in everybody.values()
        for item in items
        if item.expires_on is not None
        and today <= item.expires_on <= today + timedelta(days=within_days)
    )


@pytest.mark.parametrize("within_days", [1, 30, 366])
def test_what_lapses_is_told_by_date(company, today, everybody, within_days):
    told = lapsing(company, today, within_days=within_days)
    assert [
        (item.expires_on, worker.id, item.requirement_id) for worker, item in told
    ] == expected_lapsing(everybody, today, within_days)
    for worker, item in told:
        whole = everybody[worker.id]
        assert worker == whole.worker
        assert item in whole.items


def test_pages_of_what_lapses_go_on_where_they_ended(company, today, everybody):
    told, after = [], None
    while rows := lapsing(company, today, after=after, limit=2):
        told += rows
        worker, item = rows[-1]
        after = (item.expires_on, worker.id, item.requirement_id)
    assert len(told) > 4
    assert told == lapsing(company, today)


def test_the_first_and_the_last_day_count(company, dana, asked_first_aid):
    services.record_add(
        company=company,
        worker=dana,
        requirement=asked_first_aid,
        by=None,
        state="approved",
        completed_on=date(2026, 1, 1),
        expires_on=date(2026, 3, 31),
    )
    for today, is_told in (
        (date(2026, 3, 20), False),
        (date(2026, 3, 21), True),
        (date(2026, 3, 31), True),
        (date(2026, 4, 1), False),
    ):
        assert bool(lapsing(company, today, within_days=10)) is is_told


def test_who_is_out_of_the_scope_has_nothing_that_lapses(company, today, register):
    for scope in scopes(register)[1:]:
        in_scope = {worker.pk for worker in register if scope.has(placement(worker))}
        told = {worker.id for worker, _item in lapsing(company, today, scope=scope)}
        assert told == in_scope & {worker.id for worker, _item in lapsing(company, today)}
