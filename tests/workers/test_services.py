from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent
from workers import services
from workers.models import Assignment, Record, Requirement, Worker, WorkerRequirement


def standings(worker):
    """What the derived rows say of a worker: requirement name -> (level, because, standing)."""
    return {
        name: tuple(columns)
        for name, *columns in WorkerRequirement.objects.filter(worker=worker).values_list(
            "requirement__name", "level", "because", "standing"
        )
    }


def audit(action):
    """The one audit event of that action, as (who, subject, changes)."""
    event = AuditEvent.objects.get(action=action)
    return event.actor_name, event.subject_name, event.changes


def faults(raised):
    return raised.value.message_dict


# --- Workers ---------------------------------------------------------------------------


def test_adding_a_worker_keeps_the_folded_columns(company, crane_operator):
    worker = services.worker_add(
        company=company,
        by=None,
        id_number="  AB-00417 ",
        first_name="Jose\u0301",
        middle_name="",
        last_name="Muñoz  García",
        position=crane_operator,
    )
    worker.refresh_from_db()
    assert (worker.id_number, worker.id_number_folded) == ("AB-00417", "ab-00417")
    assert worker.name_folded == "jos\u00e9\n\nmuñoz garcía"


def test_many_workers_may_have_no_id_number(company):
    for name in ("One", "Two"):
        worker = services.worker_add(
            company=company, by=None, id_number=" ", first_name=name, last_name="Lee"
        )
        assert (worker.id_number, worker.id_number_folded) == ("", None)


def test_adding_a_worker_derives_what_is_asked(company, asked_first_aid, crane_operator):
    worker = services.worker_add(
        company=company, by=None, first_name="Abel", last_name="Tesfaye", position=crane_operator
    )
    assert standings(worker) == {"First Aid": ("required", "position", "missing")}


def test_adding_a_worker_is_told_in_the_audit_trail(company, admin, crane_operator):
    services.worker_add(
        company=company, by=admin, first_name="Abel", last_name="Tesfaye", position=crane_operator
    )
    assert audit("added") == (
        "Ada Admin",
        "Abel Tesfaye",
        {
            "first_name": ["", "Abel"],
            "last_name": ["", "Tesfaye"],
            "position": ["", "Crane Operator"],
        },
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({"first_name": ""}, "first_name", id="no-first-name"),
        pytest.param({"last_name": " \t "}, "last_name", id="blank-last-name"),
        pytest.param({"first_name": "A\nB"}, "first_name", id="line-break"),
        pytest.param({"last_name": "A\x0bB"}, "last_name", id="not-carriable-in-xml"),
        pytest.param({"last_name": "A\x00B"}, "last_name", id="nul"),
        pytest.param({"id_number": "9" * 51}, "id_number", id="id-number-too-long"),
        pytest.param({"first_name": "x" * 101}, "first_name", id="name-too-long"),
        pytest.param({"id_number": "10482"}, "id_number", id="id-number-taken"),
        pytest.param({"email": "nobody"}, "email", id="no-e-mail"),
        pytest.param({"worker_type": "robot"}, "worker_type", id="no-worker-type"),
        pytest.param(
            {"first_name": "ﬃ" * 100, "middle_name": "ﬃ" * 100, "last_name": "x"},
            "last_name",
            id="name-too-long-when-folded",
        ),
    ],
)
def test_worker_that_is_not_valid_is_refused(company, dana, fields, field):
    with pytest.raises(ValidationError) as raised:
        services.worker_add(
            company=company, by=None, **{"first_name": "Abel", "last_name": "Tesfaye", **fields}
        )
    assert list(faults(raised)) == [field]
    assert Worker.objects.count() == 1


def test_id_numbers_differ_in_more_than_case_and_blanks(company, dana):
    services.worker_change(company=company, worker=dana, by=None, id_number="ab 1")
    with pytest.raises(ValidationError) as raised:
        services.worker_add(
            company=company, by=None, id_number="AB  1", first_name="A", last_name="B"
        )
    assert faults(raised) == {"id_number": ["Another worker of the company has this ID#."]}


def test_the_database_refuses_a_second_id_number_too(company, dana):
    twin = Worker(
        company=company,
        id_number="10482",
        id_number_folded="10482",
        first_name="A",
        last_name="B",
        name_folded="a\n\nb",
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()


def test_two_companies_may_have_the_same_id_number(dana, theirs):
    assert dana.id_number == theirs["worker"].id_number == "10482"


@pytest.mark.parametrize("field", ["position", "location", "supervisor"])
def test_workers_place_must_be_of_the_company(company, dana, theirs, field):
    stranger = theirs["worker" if field == "supervisor" else field]
    for write in (
        lambda: services.worker_add(
            company=company, by=None, first_name="A", last_name="B", **{field: stranger}
        ),
        lambda: services.worker_change(company=company, worker=dana, by=None, **{field: stranger}),
    ):
        with pytest.raises(ValidationError) as raised:
            write()
        assert faults(raised) == {field: ["Choose one that is there."]}


def test_a_position_that_claims_to_be_of_the_company_is_looked_up(company, dana, theirs):
    theirs["position"].company = company
    with pytest.raises(ValidationError):
        services.worker_change(company=company, worker=dana, by=None, position=theirs["position"])


def test_nobody_supervises_themselves(company, dana):
    with pytest.raises(ValidationError) as raised:
        services.worker_change(company=company, worker=dana, by=None, supervisor=dana)
    assert list(faults(raised)) == ["supervisor"]


def test_worker_of_another_company_cannot_be_changed(company, other_company):
    stranger = services.worker_add(
        company=other_company, by=None, first_name="Jürgen", last_name="Weiß"
    )
    with pytest.raises(ValidationError):
        services.worker_change(company=company, worker=stranger, by=None, first_name="X")
    stranger.refresh_from_db()
    assert stranger.first_name == "Jürgen"


def test_fields_that_are_not_told_of_a_worker_are_a_mistake(company, dana, other_company):
    for fields in ({"company": other_company}, {"name_folded": "x"}, {"id": 7}):
        with pytest.raises(TypeError):
            services.worker_change(company=company, worker=dana, by=None, **fields)


def test_renaming_a_worker_is_found_by_the_new_name(company, admin, dana):
    services.worker_change(company=company, worker=dana, by=admin, last_name=" Okafor-Reid ")
    dana.refresh_from_db()
    assert dana.name_folded == "dana\n\nokafor-reid"
    assert audit("changed") == (
        "Ada Admin",
        "Dana Okafor-Reid",
        {"last_name": ["Okafor", "Okafor-Reid"]},
    )


def test_change_leaves_what_somebody_else_changed_meanwhile(company, dana):
    as_read_before = Worker.objects.get(pk=dana.pk)
    services.worker_change(company=company, worker=dana, by=None, id_number="999")
    changed = services.worker_change(
        company=company, worker=as_read_before, by=None, first_name="Daniela"
    )
    assert (changed.id_number, changed.first_name) == ("999", "Daniela")


def test_change_that_changes_nothing_is_not_told(company, dana):
    before = AuditEvent.objects.count()
    services.worker_change(company=company, worker=dana, by=None, first_name=" Dana ")
    assert AuditEvent.objects.count() == before


def test_moving_a_worker_changes_what_is_asked(company, dana, asked_first_aid, welder):
    services.worker_change(company=company, worker=dana, by=None, position=welder)
    assert standings(dana) == {}
    services.worker_change(
        company=company, worker=dana, by=None, position=dana.position, location=None
    )
    assert standings(dana) == {"First Aid": ("required", "position", "missing")}


def test_moving_a_worker_is_told_by_names(company, dana, welder):
    services.worker_change(
        company=company, worker=dana, by=None, position=welder, location=None, is_active=False
    )
    assert audit("changed") == (
        "Workhub",
        "Dana Okafor",
        {
            "position": ["Crane Operator", "Welder"],
            "location": ["Calgary Yard", ""],
            "is_active": ["yes", "no"],
        },
    )


def test_nothing_is_asked_of_who_is_deactivated(company, dana, asked_first_aid):
    services.worker_change(company=company, worker=dana, by=None, is_active=False)
    assert standings(dana) == {}
    services.worker_change(company=company, worker=dana, by=None, is_active=True)
    assert standings(dana) == {"First Aid": ("required", "position", "missing")}


def test_many_workers_are_added_with_one_audit_event(
    company, admin, asked_first_aid, crane_operator
):
    before = AuditEvent.objects.count()
    added = services.workers_add(
        company=company,
        by=admin,
        workers=[
            {"first_name": "Abel", "last_name": "Tesfaye", "position": crane_operator},
            {"first_name": "Olive", "last_name": "Tremblay", "id_number": "00090"},
        ],
    )
    assert [worker.first_name for worker in added] == ["Abel", "Olive"]
    assert [len(standings(worker)) for worker in added] == [1, 0]
    assert AuditEvent.objects.count() == before + 1
    assert audit("added workers") == ("Ada Admin", "Northern Build", {"workers": ["", "2"]})


def test_of_many_workers_all_or_none_are_added(company, dana, theirs):
    with pytest.raises(ValidationError) as raised:
        services.workers_add(
            company=company,
            by=None,
            workers=[
                {"first_name": "Fine", "last_name": "Lee"},
                {"first_name": "Twin", "last_name": "Lee", "id_number": "ab"},
                {"first_name": "", "last_name": "Lee", "id_number": "AB"},
                {"first_name": "Taken", "last_name": "Lee", "id_number": "10482"},
                {"first_name": "Lost", "last_name": "Lee", "position": theirs["position"]},
            ],
        )
    assert raised.value.messages == [
        "Row 2: id_number: Another worker of the company has this ID#.",
        "Row 3: first_name: This field cannot be blank.",
        "Row 3: id_number: Another worker of the company has this ID#.",
        "Row 4: id_number: Another worker of the company has this ID#.",
        "Row 5: position: Choose one that is there.",
    ]
    assert Worker.objects.for_company(company).count() == 1


def test_adding_no_workers_is_fine(company):
    assert services.workers_add(company=company, by=None, workers=[]) == []


def test_number_of_queries_does_not_grow_with_the_workers(
    company, asked_first_aid, crane_operator, django_assert_num_queries
):
    def added(count, number):
        return [
            {
                "id_number": f"{number}{index}",
                "first_name": "Abel",
                "last_name": "Lee",
                "position": crane_operator,
            }
            for index in range(count)
        ]

    # The lock, 2 checks, 6 reads for the derived rows, the feed's last number twice, 5
    # inserts; a savepoint around them.
    for count, number in ((2, "A"), (60, "B")):
        with django_assert_num_queries(21):
            services.workers_add(company=company, by=None, workers=added(count, number))


# --- Requirements ----------------------------------------------------------------------


def test_requirement_that_is_not_valid_is_refused(company, first_aid):
    with pytest.raises(ValidationError) as raised:
        services.requirement_add(
            company=company, by=None, component="course", name="", validity_months=0
        )
    assert sorted(faults(raised)) == ["component", "name", "validity_months"]
    with pytest.raises(ValidationError) as raised:
        services.requirement_add(
            company=company, by=None, component="certificate", name=" First Aid"
        )
    assert list(faults(raised)) == [NON_FIELD_ERRORS]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"version": 2}, ("review_again", date(2026, 1, 10), None), id="a-new-version"),
        pytest.param(
            {"validity_months": 12},
            ("current", date(2024, 1, 10), date(2023, 12, 11)),
            id="validity",
        ),
        pytest.param({"validity_months": None}, ("current", None, None), id="never-expires"),
        pytest.param(
            {"coming_due_days": 10},
            ("current", date(2026, 1, 10), date(2025, 12, 31)),
            id="coming-due",
        ),
    ],
)
def test_changing_a_requirement_changes_how_its_records_stand(
    company, dana, asked_first_aid, fields, expected
):
    services.record_add(
        company=company,
        worker=dana,
        requirement=asked_first_aid,
        by=None,
        state="approved",
        completed_on=date(2023, 1, 10),
    )
    services.requirement_change(company=company, requirement=asked_first_aid, by=None, **fields)
    [row] = WorkerRequirement.objects.all()
    assert (row.standing, row.expires_on, row.coming_due_on) == expected


def test_submission_may_be_made_to_be_enough(company, dana, asked_first_aid):
    for state, day in (("submitted", date(2026, 1, 10)), ("rejected", date(2026, 1, 20))):
        services.record_add(
            company=company,
            worker=dana,
            requirement=asked_first_aid,
            by=None,
            state=state,
            submitted_on=day,
        )
    assert standings(dana)["First Aid"][2] == "rejected"
    services.requirement_change(
        company=company, requirement=asked_first_aid, by=None, compliant_when="on_submission"
    )
    assert standings(dana)["First Aid"][2] == "waiting_for_approval"


@pytest.mark.parametrize("by", ["position", "location"])
def test_requirement_that_is_switched_off_is_asked_of_nobody(company, dana, first_aid, by):
    services.assignment_set(
        company=company,
        requirement=first_aid,
        level="required",
        by=None,
        **{by: getattr(dana, by)},
    )
    services.requirement_change(company=company, requirement=first_aid, by=None, is_active=False)
    assert standings(dana) == {}
    services.requirement_change(company=company, requirement=first_aid, by=None, is_active=True)
    assert standings(dana) == {"First Aid": ("required", by, "missing")}


def test_version_only_goes_up(company, first_aid):
    services.requirement_change(company=company, requirement=first_aid, by=None, version=3)
    with pytest.raises(ValidationError) as raised:
        services.requirement_change(company=company, requirement=first_aid, by=None, version=2)
    assert faults(raised) == {"version": ["A version only goes up."]}


def test_requirement_of_another_company_cannot_be_touched(company, crane_operator, theirs):
    with pytest.raises(ValidationError):
        services.requirement_change(
            company=company, requirement=theirs["requirement"], by=None, name="X"
        )
    with pytest.raises(ValidationError):
        services.assignment_set(
            company=company,
            requirement=theirs["requirement"],
            position=crane_operator,
            level="required",
            by=None,
        )
    assert Requirement.objects.get(pk=theirs["requirement"].pk).name == "Fitness for Duty"
    assert Assignment.objects.count() == 1


# --- Assignments -----------------------------------------------------------------------


def test_assignment_asks_of_the_position_the_location_or_both(
    company, dana, first_aid, crane_operator, calgary_yard, edmonton_depot
):
    def assign(level, **place):
        return services.assignment_set(
            company=company, requirement=first_aid, level=level, by=None, **place
        )

    assign("required", location=edmonton_depot)
    assert standings(dana) == {}
    at_yard = assign("optional", location=calgary_yard)
    assert standings(dana) == {"First Aid": ("optional", "location", "missing")}
    operators = assign("optional", position=crane_operator)
    assert standings(dana) == {"First Aid": ("optional", "position_and_location", "missing")}
    assign("required", position=crane_operator)
    assert standings(dana) == {"First Aid": ("required", "position", "missing")}
    both = assign("not_applicable", position=crane_operator, location=calgary_yard)
    assert standings(dana) == {}
    services.assignment_remove(company=company, assignment=both, by=None)
    services.assignment_remove(company=company, assignment=both, by=None)
    assert standings(dana) == {"First Aid": ("required", "position", "missing")}
    services.assignment_remove(company=company, assignment=operators, by=None)
    services.assignment_remove(company=company, assignment=at_yard, by=None)
    assert standings(dana) == {}


def test_there_is_one_assignment_for_a_combination(company, admin, first_aid, crane_operator):
    for level in ("required", "optional", "optional"):
        services.assignment_set(
            company=company, requirement=first_aid, position=crane_operator, level=level, by=admin
        )
    assert Assignment.objects.get().level == "optional"
    changes = AuditEvent.objects.filter(action="assigned").order_by("id")
    assert [event.changes for event in changes] == [
        {"Crane Operator": ["", "required"]},
        {"Crane Operator": ["required", "optional"]},
    ]


def test_removing_an_assignment_is_told(company, admin, first_aid, crane_operator, calgary_yard):
    assignment = services.assignment_set(
        company=company,
        requirement=first_aid,
        position=crane_operator,
        location=calgary_yard,
        level="required",
        by=None,
    )
    services.assignment_remove(company=company, assignment=assignment, by=admin)
    assert audit("unassigned") == (
        "Ada Admin",
        "First Aid",
        {"Crane Operator at Calgary Yard": ["required", ""]},
    )


def test_assignment_that_is_not_valid_is_refused(company, first_aid, crane_operator, theirs):
    for fields in (
        {"level": "required"},
        {"level": "perhaps", "position": crane_operator},
        {"level": "required", "position": theirs["position"]},
        {"level": "required", "location": theirs["location"]},
    ):
        with pytest.raises(ValidationError):
            services.assignment_set(company=company, requirement=first_aid, by=None, **fields)
    with pytest.raises(ValidationError):
        services.assignment_remove(company=company, assignment=theirs["assignment"], by=None)
    assert list(Assignment.objects.all()) == [theirs["assignment"]]


# --- Records ---------------------------------------------------------------------------


@pytest.fixture
def submitted(company, dana, asked_first_aid):
    return services.record_add(
        company=company,
        worker=dana,
        requirement=asked_first_aid,
        by=None,
        state="submitted",
        submitted_on=date(2026, 1, 10),
        certificate_number=" FA-88120 ",
    )


def test_adding_a_record_is_told(company, admin, dana, first_aid):
    services.record_add(
        company=company,
        worker=dana,
        requirement=first_aid,
        by=admin,
        state="approved",
        completed_on=date(2026, 1, 10),
        score=95,
    )
    event = AuditEvent.objects.get(subject_type="workers.record")
    assert (event.actor_name, event.action, event.subject_name, event.changes) == (
        "Ada Admin",
        "added",
        "First Aid: Dana Okafor",
        {"state": ["", "approved"], "completed_on": ["", "2026-01-10"], "score": ["", "95"]},
    )


def test_submitted_record_is_approved_once(company, admin, dana, submitted):
    assert standings(dana)["First Aid"][2] == "waiting_for_approval"
    approved = services.record_approve(company=company, record=submitted, by=admin)
    assert (approved.state, approved.approved_by) == ("approved", admin)
    assert standings(dana)["First Aid"][2] == "current"
    assert audit("approved") == (
        "Ada Admin",
        "First Aid: Dana Okafor",
        {"state": ["submitted", "approved"], "approved_by": ["", "Ada Admin"]},
    )
    for again in (services.record_approve, services.record_reject):
        with pytest.raises(ValidationError):
            again(company=company, record=submitted, by=admin)


def test_submitted_record_is_rejected_with_a_reason(company, admin, dana, submitted):
    rejected = services.record_reject(
        company=company, record=submitted, by=admin, note="The scan cannot be read."
    )
    assert (rejected.state, rejected.note) == ("rejected", "The scan cannot be read.")
    assert standings(dana)["First Aid"][2] == "rejected"


def test_renewing_adds_a_record_and_keeps_the_old_one(company, dana, asked_first_aid):
    for year in (2023, 2026):
        services.record_add(
            company=company,
            worker=dana,
            requirement=asked_first_aid,
            by=None,
            state="approved",
            completed_on=date(year, 1, 10),
        )
    [row] = WorkerRequirement.objects.all()
    assert row.expires_on == date(2029, 1, 10)
    assert row.record.completed_on == date(2026, 1, 10)
    assert Record.objects.count() == 2


def test_changing_a_record_changes_the_standing(company, dana, submitted):
    services.record_change(
        company=company,
        record=submitted,
        by=None,
        state="approved",
        expires_on=date(2027, 6, 30),
    )
    [row] = WorkerRequirement.objects.all()
    assert (row.standing, row.expires_on, row.coming_due_on) == (
        "current",
        date(2027, 6, 30),
        date(2027, 5, 31),
    )


def test_new_record_is_of_the_current_version_unless_it_says_otherwise(
    company, dana, asked_first_aid
):
    services.requirement_change(company=company, requirement=asked_first_aid, by=None, version=2)

    def add(**fields):
        return services.record_add(
            company=company,
            worker=dana,
            requirement=asked_first_aid,
            by=None,
            state="approved",
            completed_on=date(2026, 1, 10),
            **fields,
        )

    assert add(requirement_version=1).requirement_version == 1
    assert standings(dana)["First Aid"][2] == "review_again"
    assert add().requirement_version == 2
    assert standings(dana)["First Aid"][2] == "current"
    with pytest.raises(ValidationError) as raised:
        add(requirement_version=3)
    assert list(faults(raised)) == ["requirement_version"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param(
            {"state": "lost", "completed_on": date(2026, 1, 10)}, "state", id="no-such-state"
        ),
        pytest.param({"state": "approved"}, "completed_on", id="proof-without-a-date"),
        pytest.param({"state": "in_progress", "progress": 101}, "progress", id="progress"),
        pytest.param({"state": "in_progress", "score": 101}, "score", id="score"),
        pytest.param({"state": "in_progress", "issuer": "a\x0bb"}, "issuer", id="not-carriable"),
        pytest.param({"state": "approved", "expires_on": "soon"}, "expires_on", id="no-date"),
    ],
)
def test_record_that_is_not_valid_is_refused(company, dana, first_aid, fields, field):
    with pytest.raises(ValidationError) as raised:
        services.record_add(company=company, worker=dana, requirement=first_aid, by=None, **fields)
    assert list(faults(raised)) == [field]
    assert not Record.objects.exists()


def test_printed_expiry_is_date_enough(company, dana, asked_first_aid):
    services.record_add(
        company=company,
        worker=dana,
        requirement=asked_first_aid,
        by=None,
        state="approved",
        expires_on=date(2027, 6, 30),
    )
    assert WorkerRequirement.objects.get().expires_on == date(2027, 6, 30)


def test_records_are_of_the_companys_workers_and_requirements(
    company, admin, dana, first_aid, submitted, theirs
):
    def add(worker, requirement, **fields):
        return services.record_add(
            company=company,
            worker=worker,
            requirement=requirement,
            by=None,
            state="in_progress",
            **fields,
        )

    for field, write in {
        "worker": lambda: add(theirs["worker"], first_aid),
        "requirement": lambda: add(dana, theirs["requirement"]),
        "approved_by": lambda: add(dana, first_aid, approved_by=theirs["user"]),
    }.items():
        with pytest.raises(ValidationError) as raised:
            write()
        assert faults(raised) == {field: ["Choose one that is there."]}
    for write in (services.record_approve, services.record_reject, services.record_change):
        with pytest.raises(ValidationError):
            write(company=company, record=theirs["record"], by=admin)
    assert Record.objects.count() == 2


def test_many_records_are_added_with_one_audit_event(
    company, admin, dana, asked_first_aid, first_aid
):
    services.records_add(
        company=company,
        by=admin,
        records=[
            {
                "worker": dana,
                "requirement": first_aid,
                "state": "approved",
                "completed_on": date(year, 1, 10),
            }
            for year in (2023, 2026)
        ],
    )
    assert standings(dana)["First Aid"][2] == "current"
    assert audit("added records") == ("Ada Admin", "Northern Build", {"records": ["", "2"]})


def test_of_many_records_all_or_none_are_added(company, dana, first_aid, theirs):
    with pytest.raises(ValidationError) as raised:
        services.records_add(
            company=company,
            by=None,
            records=[
                {"worker": dana, "requirement": first_aid, "state": "in_progress"},
                {"worker": theirs["worker"], "requirement": first_aid, "state": "in_progress"},
                {"worker": dana, "requirement": first_aid, "state": "approved"},
            ],
        )
    assert raised.value.messages == [
        "Row 2: worker: Choose one that is there.",
        "Row 3: completed_on: Give the day on which it was completed, issued or submitted.",
    ]
    assert Record.objects.filter(worker=dana).count() == 0


def test_undated_attempt_after_a_rejection_counts_from_the_day_it_was_entered(
    company, dana, asked_first_aid
):
    def add(**fields):
        return services.record_add(
            company=company, worker=dana, requirement=asked_first_aid, by=None, **fields
        )

    add(state="in_progress")
    Record.objects.update(created_at=datetime(2026, 1, 5, tzinfo=UTC))
    add(state="rejected", submitted_on=date(2026, 1, 4))
    assert standings(dana)["First Aid"][2] == "in_progress"
