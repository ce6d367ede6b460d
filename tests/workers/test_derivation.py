import contextlib
import threading
from datetime import date

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Company
from accounts.services import company_change
from workers import derivation, services
from workers.derivation import Counts
from workers.models import Location, Position, Worker, WorkerRequirement


def stored():
    return sorted(
        WorkerRequirement.objects.values_list(
            "worker__first_name", "requirement__name", "level", "because", "standing"
        )
    )


@pytest.fixture
def three_workers(company, crane_operator, asked_first_aid):
    """Abel, Bea and Cy beside Dana, all of them asked for First Aid."""
    return services.workers_add(
        company=company,
        by=None,
        workers=[
            {"first_name": name, "last_name": "Lee", "position": crane_operator}
            for name in ("Abel", "Bea", "Cy")
        ],
    )


@pytest.mark.breaks_derived_rows
def test_differences_are_counted_and_not_touched(company, three_workers):
    rows = WorkerRequirement.objects
    rows.filter(worker__first_name="Abel").delete()
    rows.filter(worker__first_name="Bea").update(standing="current")
    Worker.objects.filter(first_name="Cy").update(is_active=False)
    wrong = stored()
    assert derivation.differences(company=company) == Counts(created=1, changed=1, deleted=1)
    assert stored() == wrong


def test_rebuild_repairs_what_is_wrong_and_nothing_else(company, three_workers, theirs):
    rows = WorkerRequirement.objects
    right = rows.get(worker__first_name="Dana").pk
    rows.filter(worker__first_name="Abel").delete()
    rows.filter(worker__first_name="Bea").update(standing="current", expires_on=date(2026, 1, 1))
    Worker.objects.filter(first_name="Cy").update(is_active=False)
    assert derivation.rebuild(company=company) == Counts(created=1, changed=1, deleted=1)
    assert stored() == [
        ("Abel", "First Aid", "required", "position", "missing"),
        ("Bea", "First Aid", "required", "position", "missing"),
        ("Dana", "First Aid", "required", "position", "missing"),
        ("Jürgen", "Fitness for Duty", "required", "position", "waiting_for_approval"),
    ]
    assert rows.get(worker__first_name="Dana").pk == right
    assert derivation.rebuild(company=company) == Counts()


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"level": "optional"}, id="level"),
        pytest.param({"because": "location"}, id="because"),
        pytest.param({"standing": "current"}, id="standing"),
        pytest.param({"expires_on": date(2026, 1, 1)}, id="expires-on"),
        pytest.param({"coming_due_on": date(2026, 1, 1)}, id="coming-due-on"),
    ],
)
def test_each_column_is_repaired(company, dana, asked_first_aid, broken):
    WorkerRequirement.objects.update(**broken)
    assert derivation.rebuild(company=company) == Counts(changed=1)


def test_lost_record_is_repaired(company, dana, asked_first_aid):
    record = services.record_add(
        company=company, worker=dana, requirement=asked_first_aid, by=None, state="in_progress"
    )
    WorkerRequirement.objects.update(record=None)
    assert derivation.rebuild(company=company) == Counts(changed=1)
    assert WorkerRequirement.objects.get().record == record


def test_row_for_another_companys_requirement_is_removed(company, dana, theirs):
    WorkerRequirement.objects.create(
        worker=dana,
        requirement=theirs["requirement"],
        level="required",
        because="position",
        standing="missing",
    )
    assert derivation.rebuild(company=company) == Counts(deleted=1)


def test_rebuilding_one_company_leaves_the_others_alone(company, other_company, theirs):
    WorkerRequirement.objects.all().delete()
    assert derivation.rebuild(company=company) == Counts()
    assert derivation.rebuild(company=other_company) == Counts(created=1)


def test_all_rounds_are_walked(company, three_workers, monkeypatch):
    WorkerRequirement.objects.all().delete()
    monkeypatch.setattr(derivation, "BATCH", 2)
    assert derivation.rebuild(company=company) == Counts(created=4)


def test_number_of_queries_does_not_grow_with_the_workers(
    company, three_workers, crane_operator, django_assert_num_queries
):
    def refresh():
        derivation.refresh(company=company, workers=Worker.objects.for_company(company))

    # workers, stored rows, assignments, the company's days, records
    with django_assert_num_queries(5):
        refresh()
    services.workers_add(
        company=company,
        by=None,
        workers=[
            {"first_name": f"W{number}", "last_name": "Lee", "position": crane_operator}
            for number in range(40)
        ],
    )
    with django_assert_num_queries(5):
        refresh()
    WorkerRequirement.objects.update(standing="current")
    with django_assert_num_queries(6):
        refresh()


def test_coming_due_days_of_the_company_move_the_rows_without_their_own(
    company, admin, dana, asked_first_aid
):
    services.record_add(
        company=company,
        worker=dana,
        requirement=asked_first_aid,
        by=None,
        state="approved",
        completed_on=date(2023, 1, 10),
    )
    assert WorkerRequirement.objects.get().coming_due_on == date(2025, 12, 11)
    company_change(company=company, by=admin, coming_due_days=45)
    assert WorkerRequirement.objects.get().coming_due_on == date(2025, 11, 26)
    services.requirement_change(
        company=company, requirement=asked_first_aid, by=None, coming_due_days=10
    )
    company_change(company=company, by=admin, coming_due_days=60)
    assert WorkerRequirement.objects.get().coming_due_on == date(2025, 12, 31)


# --- After any writes ------------------------------------------------------------------

DAYS = st.none() | st.dates(date(2024, 1, 1), date(2026, 12, 31))
RECORD = st.fixed_dictionaries(
    {
        "state": st.sampled_from(
            [
                "in_progress",
                "submitted",
                "rejected",
                "approved",
                "declined",
                "requires_supervision",
                "prequalified",
            ]
        ),
        "completed_on": st.dates(date(2024, 1, 1), date(2026, 12, 31)),
        "issued_on": DAYS,
        "expires_on": DAYS,
    }
)
PICK = st.integers(0, 99)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("worker_add"), PICK, PICK),
        st.tuples(st.just("worker_move"), PICK, PICK, PICK),
        st.tuples(st.just("worker_switch"), PICK, st.booleans()),
        st.tuples(
            st.just("requirement_change"),
            PICK,
            st.fixed_dictionaries(
                {},
                optional={
                    "validity_months": st.none() | st.integers(1, 36),
                    "coming_due_days": st.none() | st.integers(0, 90),
                    "compliant_when": st.sampled_from(["on_submission", "after_approval"]),
                    "is_active": st.booleans(),
                },
            ),
        ),
        st.tuples(st.just("version_raise"), PICK),
        st.tuples(
            st.just("assignment_set"),
            PICK,
            PICK,
            PICK,
            st.sampled_from(["required", "optional", "not_applicable"]),
        ),
        st.tuples(st.just("assignment_remove"), PICK),
        st.tuples(st.just("record_add"), PICK, PICK, RECORD),
        st.tuples(st.just("records_add"), PICK, PICK, st.lists(RECORD, max_size=3)),
        st.tuples(st.just("record_change"), PICK, RECORD),
        st.tuples(st.just("coming_due_days_change"), st.integers(0, 90)),
    ),
    min_size=5,
    max_size=25,
)


class Play:
    """Does steps, each by a service, on whatever the numbers in it pick."""

    def __init__(self):
        self.company = Company.objects.create(name="Northern Build")
        self.whom = {"company": self.company, "by": None}
        self.positions = [None, *self._named(Position, "Crane Operator", "Welder")]
        self.locations = [None, *self._named(Location, "Calgary Yard", "Edmonton Depot")]
        self.workers = [
            services.worker_add(
                **self.whom, first_name="Dana", last_name="Okafor", position=self.positions[1]
            )
        ]
        self.requirements = [
            services.requirement_add(**self.whom, component="policy", name=name) for name in "AB"
        ]
        self.assignments, self.records = [], []

    def _named(self, model, *names):
        return [model.objects.create(company=self.company, name=name) for name in names]

    def worker_add(self, position, location):
        fields = {
            "first_name": "Abel",
            "last_name": "Lee",
            "position": pick(self.positions, position),
            "location": pick(self.locations, location),
        }
        self.workers.append(services.worker_add(**self.whom, **fields))

    def worker_move(self, worker, position, location):
        services.worker_change(
            **self.whom,
            worker=pick(self.workers, worker),
            position=pick(self.positions, position),
            location=pick(self.locations, location),
        )

    def worker_switch(self, worker, is_active):
        services.worker_change(**self.whom, worker=pick(self.workers, worker), is_active=is_active)

    def requirement_change(self, requirement, fields):
        services.requirement_change(
            **self.whom, requirement=pick(self.requirements, requirement), **fields
        )

    def version_raise(self, requirement):
        requirement = pick(self.requirements, requirement)
        requirement.refresh_from_db()
        services.requirement_change(
            **self.whom, requirement=requirement, version=requirement.version + 1
        )

    def assignment_set(self, requirement, position, location, level):
        place = {
            "position": pick(self.positions, position),
            "location": pick(self.locations, location),
        }
        if any(place.values()):
            self.assignments.append(
                services.assignment_set(
                    **self.whom,
                    requirement=pick(self.requirements, requirement),
                    level=level,
                    **place,
                )
            )

    def assignment_remove(self, assignment):
        if self.assignments:
            services.assignment_remove(**self.whom, assignment=pick(self.assignments, assignment))

    def record_add(self, worker, requirement, fields):
        self.records.append(
            services.record_add(
                **self.whom,
                worker=pick(self.workers, worker),
                requirement=pick(self.requirements, requirement),
                **fields,
            )
        )

    def records_add(self, worker, requirement, records):
        about = {
            "worker": pick(self.workers, worker),
            "requirement": pick(self.requirements, requirement),
        }
        self.records += services.records_add(
            **self.whom, records=[{**fields, **about} for fields in records]
        )

    def record_change(self, record, fields):
        if self.records:
            services.record_change(**self.whom, record=pick(self.records, record), **fields)

    def coming_due_days_change(self, days):
        company_change(**self.whom, coming_due_days=days)


def pick(choices, number):
    return choices[number % len(choices)]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_after_any_writes_there_is_nothing_to_change(db, steps):
    with transaction.atomic():
        play = Play()
        for name, *arguments in steps:
            getattr(play, name)(*arguments)
            assert derivation.differences(company=play.company) == Counts(), name
        transaction.set_rollback(True)


# --- Two writers -----------------------------------------------------------------------


@pytest.mark.skipif(connection.vendor == "sqlite", reason="writers queue for SQLite's one lock")
@pytest.mark.django_db(transaction=True)
def test_two_writers_leave_no_wrong_row(company, dana, first_aid, welder):
    """One moves Dana to welding while the other asks First Aid of welders.

    Without the lock, neither sees the other's uncommitted row and Dana goes without.
    """
    both_began = threading.Barrier(2, timeout=10)
    both_wrote = threading.Barrier(2, timeout=0.5)
    failures = []

    def write(writer):
        try:
            with transaction.atomic():
                both_began.wait()
                writer()
                # With the lock the other cannot have written yet: go on and commit.
                with contextlib.suppress(threading.BrokenBarrierError):
                    both_wrote.wait()
        except Exception as error:  # told to the test, which is another thread
            failures.append(error)
        finally:
            connection.close()

    writers = [
        lambda: services.worker_change(company=company, worker=dana, by=None, position=welder),
        lambda: services.assignment_set(
            company=company, requirement=first_aid, position=welder, level="required", by=None
        ),
    ]
    threads = [threading.Thread(target=write, args=[writer]) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stored() == [("Dana", "First Aid", "required", "position", "missing")]
