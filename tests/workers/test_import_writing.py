"""Many workers and records written at once: the services behind an import."""

from datetime import date

import pytest
from django.db import transaction

from workers import derivation, services
from workers.models import ComplianceChange, Position, Record, Worker, WorkerRequirement
from workers.services.records import records_put
from workers.services.workers import workers_check, workers_put


def fed(company):
    """The company's feed, but for ids: who is asked what, and how it stands."""
    return [
        tuple(row)
        for row in ComplianceChange.objects.filter(company=company)
        .order_by("sequence")
        .values_list(
            "sequence",
            "on",
            "worker__last_name",
            "requirement__name",
            "level_before",
            "level_after",
            "status_before",
            "status_after",
            "cause",
        )
    ]


@pytest.fixture
def asked(company, crane_operator, welder, calgary_yard, first_aid):
    """First Aid of crane operators, Fire Watch at the yard, and of its welders optional."""
    fire_watch = services.requirement_add(
        company=company, by=None, component="orientation", name="Fire Watch"
    )
    for requirement, position, location, level in (
        (first_aid, crane_operator, None, "required"),
        (fire_watch, None, calgary_yard, "required"),
        (fire_watch, welder, calgary_yard, "optional"),
    ):
        services.assignment_set(
            company=company,
            requirement=requirement,
            position=position,
            location=location,
            level=level,
            by=None,
        )


@pytest.fixture
def newcomers(crane_operator, welder, calgary_yard, edmonton_depot):
    places = [
        {"position": crane_operator, "location": calgary_yard},
        {"position": welder, "location": calgary_yard},
        {"position": welder, "location": edmonton_depot},
        {"location": calgary_yard},
        {"position": crane_operator},
        {},
        {"position": crane_operator, "is_active": False},
    ]
    return [
        {"first_name": "New", "last_name": f"Comer {number}", **place}
        for number, place in enumerate(places)
    ]


def put(company, workers):
    with transaction.atomic():
        derivation.lock(company=company)
        last = Worker.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        workers_put(company=company, added=workers, changed=[])
        derivation.derive_new(company=company, after=last)


def test_new_workers_are_derived_inside_the_database_as_one_by_one(
    company, other_company, dana, asked, newcomers
):
    put(company, newcomers)
    assert derivation.differences(company=company) == derivation.Counts()
    told_at_once = fed(company)
    Worker.objects.exclude(pk=dana.pk).delete()
    for fields in newcomers:
        services.worker_add(company=company, by=None, **fields)
    kept = [row[1:] for row in fed(company)]
    assert sorted(kept, key=repr) == sorted((row[1:] for row in told_at_once), key=repr)
    assert [row[0] for row in told_at_once] == list(range(1, len(told_at_once) + 1))
    assert not ComplianceChange.objects.filter(company=other_company).exists()


def test_who_was_there_before_is_not_derived_again(company, dana, asked, newcomers):
    before = set(WorkerRequirement.objects.values_list("pk", flat=True))
    put(company, newcomers[:1])
    assert before < set(WorkerRequirement.objects.values_list("pk", flat=True))
    assert WorkerRequirement.objects.filter(worker=dana).count() == 2


def test_deriving_nobody_tells_nothing(company, dana, asked):
    told = len(fed(company))
    put(company, [])
    assert len(fed(company)) == told


def test_added_workers_are_folded(company):
    put(company, [{"id_number": "AB-7", "first_name": "José", "last_name": "De  Souza"}])
    worker = Worker.objects.get()
    assert (worker.id_number_folded, worker.name_folded) == ("ab-7", "josé\n\nde souza")


def test_only_what_is_given_is_changed(company, dana, welder, asked):
    # What somebody else has written since these rows were read stays.
    Worker.objects.filter(pk=dana.pk).update(email="new@northern.example")
    with transaction.atomic():
        derivation.lock(company=company)
        workers_put(company=company, added=[], changed=[(dana, {"position": welder})])
    stored = Worker.objects.get(pk=dana.pk)
    assert (stored.position, stored.email) == (welder, "new@northern.example")
    assert [item.level for item in stored.requirements.all()] == ["optional"]


def test_records_are_added_and_changed_together(company, dana, asked, first_aid, admin):
    old = services.record_add(
        company=company,
        by=None,
        worker=dana,
        requirement=first_aid,
        state="submitted",
        submitted_on=date(2025, 1, 5),
    )
    with transaction.atomic():
        derivation.lock(company=company)
        records_put(
            company=company,
            added=[
                {
                    "worker": dana,
                    "requirement": first_aid,
                    "state": "approved",
                    "completed_on": date(2026, 2, 3),
                }
            ],
            changed=[(old, {"state": "rejected", "note": "Not legible"})],
        )
    old.refresh_from_db()
    assert (old.state, old.note, old.submitted_on) == ("rejected", "Not legible", date(2025, 1, 5))
    new = Record.objects.exclude(pk=old.pk).get()
    assert (new.requirement_version, new.completed_on) == (1, date(2026, 2, 3))
    assert WorkerRequirement.objects.get(worker=dana, requirement=first_aid).record_id == new.pk


def test_what_is_wrong_is_told_by_row_and_field(company, theirs):
    workers = [
        Worker(company=company, first_name="Abel", last_name="Tesfaye"),
        Worker(company=company, first_name="", last_name="Lee", email="no mail"),
        Worker(company=company, first_name="A", last_name="B", position=theirs["position"]),
        Worker(company=company, first_name="A", last_name="B", position=Position(name="New")),
    ]
    faults = workers_check(company=company, workers=workers)
    assert [sorted(faults.of_row(index)) for index in range(4)] == [
        [],
        ["email", "first_name"],
        ["position"],
        [],
    ]
