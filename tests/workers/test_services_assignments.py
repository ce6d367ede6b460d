"""Setting many assignments at once."""

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AuditEvent
from workers import services
from workers.compliance import Level
from workers.models import Assignment, WorkerRequirement
from workers.reach import Cell, CellChange

REQUIRED, OPTIONAL, NOT_APPLICABLE = Level


@pytest.fixture
def hot_work(company):
    return services.requirement_add(company=company, by=None, component="policy", name="Hot Work")


@pytest.fixture
def assign(company):
    def set_levels(*changes, by=None):
        return services.assignments_set(
            company=company, changes=[CellChange(*change) for change in changes], by=by
        )

    return set_levels


def cell(requirement, position=None, location=None):
    return Cell(requirement.pk, position and position.pk, location and location.pk)


def levels():
    return {
        (row.requirement.name, *(place and place.name for place in (row.position, row.location))): (
            row.level
        )
        for row in Assignment.objects.select_related("requirement", "position", "location")
    }


def asked_of(worker):
    rows = WorkerRequirement.objects.filter(worker=worker)
    return dict(rows.values_list("requirement__name", "level"))


def test_cells_are_set_changed_and_emptied_together(
    company, admin, dana, assign, asked_first_aid, hot_work, crane_operator, welder, calgary_yard
):
    changed = assign(
        (cell(asked_first_aid, crane_operator), REQUIRED, OPTIONAL),
        (cell(hot_work, crane_operator), None, REQUIRED),
        (cell(hot_work, welder, calgary_yard), None, NOT_APPLICABLE),
        (cell(hot_work, None, calgary_yard), None, OPTIONAL),
        by=admin,
    )
    assert changed == 4
    assert levels() == {
        ("First Aid", "Crane Operator", None): "optional",
        ("Hot Work", "Crane Operator", None): "required",
        ("Hot Work", "Welder", "Calgary Yard"): "not_applicable",
        ("Hot Work", None, "Calgary Yard"): "optional",
    }
    assert asked_of(dana) == {"First Aid": "optional", "Hot Work": "required"}

    assert assign((cell(hot_work, crane_operator), REQUIRED, None)) == 1
    assert asked_of(dana) == {"First Aid": "optional", "Hot Work": "optional"}


def test_each_requirement_gets_one_line_in_the_audit_trail(
    admin, assign, first_aid, hot_work, crane_operator, welder, calgary_yard, trail
):
    trail.begin_anew()
    assign(
        (cell(first_aid, crane_operator), None, REQUIRED),
        (cell(first_aid, welder, calgary_yard), None, OPTIONAL),
        (cell(hot_work, welder), None, REQUIRED),
        by=admin,
    )
    told = trail.events().values_list("actor_name", "action", "subject_name", "changes")
    assert list(told.order_by("subject_name")) == [
        (
            "Ada Admin",
            "assigned",
            "First Aid",
            {
                "Crane Operator": ["", "required"],
                "Welder at Calgary Yard": ["", "optional"],
            },
        ),
        ("Ada Admin", "assigned", "Hot Work", {"Welder": ["", "required"]}),
    ]


def test_what_somebody_else_set_meanwhile_is_not_overwritten(
    assign, first_aid, hot_work, crane_operator, welder
):
    assign((cell(first_aid, crane_operator), None, OPTIONAL))
    with pytest.raises(services.CellsChangedMeanwhile) as raised:
        assign(
            (cell(first_aid, crane_operator), None, REQUIRED),
            (cell(hot_work, welder), None, REQUIRED),
        )
    assert raised.value.cells == {cell(first_aid, crane_operator)}
    assert levels() == {("First Aid", "Crane Operator", None): "optional"}


def test_two_who_want_the_same_do_not_disturb_each_other(assign, first_aid, crane_operator):
    change = (cell(first_aid, crane_operator), None, REQUIRED)
    assert assign(change) == 1
    assert assign(change) == 0
    assert AuditEvent.objects.filter(action="assigned").count() == 1


@pytest.mark.parametrize("what", ["requirement", "position", "location"])
def test_cells_of_another_company_are_refused(
    assign, theirs, first_aid, crane_operator, calgary_yard, what
):
    own = {"requirement": first_aid, "position": crane_operator, "location": calgary_yard}
    mixed = own | {what: theirs[what]}
    with pytest.raises(ValidationError) as raised:
        assign((cell(mixed["requirement"], mixed["position"], mixed["location"]), None, REQUIRED))
    assert raised.value.messages == ["Choose one that is there."]
    assert levels() == {("Fitness for Duty", "Shunter", None): "required"}


def test_a_requirement_cannot_be_assigned_to_everybody(assign, first_aid):
    with pytest.raises(ValidationError) as raised:
        assign((cell(first_aid), None, REQUIRED))
    assert raised.value.messages == ["Choose a position, a location, or both."]


def test_many_cells_take_as_many_queries_as_few(
    company, assign, dana, crane_operator, welder, django_assert_max_num_queries
):
    requirements = [
        services.requirement_add(company=company, by=None, component="policy", name=f"P{number}")
        for number in range(20)
    ]
    changes = [
        (cell(requirement, position), None, REQUIRED)
        for requirement in requirements
        for position in (crane_operator, welder)
    ]
    # One of them for each requirement: its line in the audit trail.
    with django_assert_max_num_queries(20 + 20):
        assert assign(*changes) == 40
    assert len(asked_of(dana)) == 20
