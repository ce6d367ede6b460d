"""How many workers a change touches, told before it is saved."""

import pytest

from workers import services
from workers.compliance import Level
from workers.models import Requirement
from workers.reach import (
    Cell,
    CellChange,
    RequirementReach,
    reach_of_assignments,
    reach_of_requirement,
)

REQUIRED, OPTIONAL, NOT_APPLICABLE = Level


@pytest.fixture
def crew(company, crane_operator, welder, calgary_yard, edmonton_depot):
    """Three crane operators at the yard, two at the depot, one welder at the yard, and one
    crane operator who has left."""
    places = [(crane_operator, calgary_yard)] * 3 + [(crane_operator, edmonton_depot)] * 2
    places += [(welder, calgary_yard), (crane_operator, calgary_yard)]
    workers = [
        services.worker_add(
            company=company,
            by=None,
            first_name=f"N{number}",
            last_name="Lee",
            position=position,
            location=location,
        )
        for number, (position, location) in enumerate(places)
    ]
    services.worker_change(company=company, worker=workers[-1], by=None, is_active=False)
    return workers[:-1]


@pytest.fixture
def assign(company, first_aid):
    def set_level(level, position=None, location=None):
        services.assignment_set(
            company=company,
            requirement=first_aid,
            position=position,
            location=location,
            level=level,
            by=None,
        )

    return set_level


@pytest.fixture
def touched(company, first_aid):
    """Return a function that tells whom changes of cells touch: (position, location, level)."""

    def count(*changes):
        return reach_of_assignments(
            company=company,
            changes=[
                CellChange(
                    Cell(first_aid.pk, position and position.pk, location and location.pk),
                    None,
                    level,
                )
                for position, location, level in changes
            ],
        )

    return count


# --- Assignments -----------------------------------------------------------------------


def test_active_workers_of_the_place_are_touched(
    crew, touched, crane_operator, calgary_yard, edmonton_depot
):
    assert touched((crane_operator, None, REQUIRED)) == 5
    assert touched((None, calgary_yard, OPTIONAL)) == 4
    assert touched((crane_operator, edmonton_depot, REQUIRED)) == 2


def test_a_worker_of_two_changed_cells_counts_once(crew, touched, crane_operator, calgary_yard):
    changes = [(crane_operator, None, REQUIRED), (None, calgary_yard, REQUIRED)]
    assert touched(*changes) == 6


def test_where_a_more_specific_assignment_wins_nobody_is_touched(
    crew, touched, assign, crane_operator, calgary_yard
):
    assign("optional", crane_operator, calgary_yard)
    assert touched((crane_operator, None, REQUIRED)) == 2


def test_where_a_stricter_assignment_wins_nobody_is_touched(
    crew, touched, assign, crane_operator, calgary_yard
):
    assign("required", None, calgary_yard)
    assert touched((crane_operator, None, OPTIONAL)) == 2


def test_not_applicable_instead_of_nothing_touches_nobody(crew, touched, assign, crane_operator):
    assert touched((crane_operator, None, NOT_APPLICABLE)) == 0
    assign("required", crane_operator)
    assert touched((crane_operator, None, NOT_APPLICABLE)) == 5


def test_emptying_a_cell_touches_who_is_left_with_less(
    crew, touched, assign, crane_operator, calgary_yard
):
    assign("required", crane_operator)
    assign("required", None, calgary_yard)
    assert touched((crane_operator, None, None)) == 2


def test_an_inactive_requirement_touches_nobody(
    company, crew, touched, assign, first_aid, crane_operator
):
    services.requirement_change(company=company, requirement=first_aid, by=None, is_active=False)
    assert touched((crane_operator, None, REQUIRED)) == 0


def test_no_change_touches_nobody_and_asks_nothing(company, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert reach_of_assignments(company=company, changes=[]) == 0


def test_workers_of_another_company_are_not_counted(company, crew, touched, theirs):
    assert touched((theirs["position"], None, REQUIRED)) == 0


def test_a_requirement_of_another_company_touches_nobody(company, crew, theirs, crane_operator):
    cell = Cell(theirs["requirement"].pk, crane_operator.pk, None)
    assert reach_of_assignments(company=company, changes=[CellChange(cell, None, REQUIRED)]) == 0


def test_it_takes_three_queries(crew, touched, crane_operator, welder, django_assert_num_queries):
    with django_assert_num_queries(3):
        touched((crane_operator, None, REQUIRED), (welder, None, OPTIONAL))


# --- Requirements ----------------------------------------------------------------------


@pytest.fixture
def reach(first_aid):
    """Return a function that tells whom other values of First Aid touch."""

    def tell(**fields):
        stored = Requirement.objects.get(pk=first_aid.pk)
        changed = Requirement.objects.get(pk=first_aid.pk)
        for name, value in fields.items():
            setattr(changed, name, value)
        return reach_of_requirement(stored=stored, changed=changed)

    return tell


def test_a_rule_touches_whom_it_is_asked_of(crew, reach, assign, crane_operator):
    assign("required", crane_operator)
    for fields in (
        {"validity_months": 12},
        {"coming_due_days": 5},
        {"compliant_when": "on_submission"},
        {"is_active": False},
    ):
        assert reach(**fields) == RequirementReach(workers=5)


def test_a_new_version_tells_who_has_to_review_it_again(
    company, crew, reach, assign, first_aid, crane_operator
):
    assign("required", crane_operator)
    for worker, state in zip(crew, ["approved", "prequalified", "submitted"], strict=False):
        services.record_add(
            company=company,
            worker=worker,
            requirement=first_aid,
            by=None,
            state=state,
            completed_on="2026-01-05",
        )
    assert reach(version=2) == RequirementReach(workers=5, review_again=2)
    assert reach(version=2, compliant_when="on_submission") == RequirementReach(5, 3)


def test_names_touch_nobody(crew, reach, assign, crane_operator):
    assign("required", crane_operator)
    assert not reach(name="Standard First Aid", section_number="4.2", category="Health")


def test_what_becomes_active_touches_whom_it_will_be_asked_of(
    company, crew, reach, assign, first_aid, crane_operator, calgary_yard
):
    assign("required", crane_operator)
    assign("not_applicable", crane_operator, calgary_yard)
    services.requirement_change(company=company, requirement=first_aid, by=None, is_active=False)
    assert reach(is_active=True) == RequirementReach(workers=2)
    assert not reach(validity_months=12)
