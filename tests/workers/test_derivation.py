import contextlib
import threading
from datetime import date

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings

from accounts.services import company_change
from tests.workers.play import STEPS, Play
from workers import derivation, services
from workers.derivation import Counts
from workers.models import Worker, WorkerRequirement


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
        derivation.refresh(
            company=company, workers=Worker.objects.for_company(company), cause="repair"
        )

    # workers, the company, stored rows, assignments, records
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
    WorkerRequirement.objects.update(standing="current", status="current")
    # and the rows written, the feed's last number, the feed's rows
    with django_assert_num_queries(8):
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
