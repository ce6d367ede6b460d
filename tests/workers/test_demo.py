import unicodedata
from collections import Counter

import pytest

from accounts.models import Company
from workers import services
from workers.compliance import Component, Status, WorkerStatus, summary
from workers.demo import demo_load
from workers.models import (
    Assignment,
    Division,
    Location,
    Position,
    Record,
    Requirement,
    Worker,
    WorkerRequirement,
)
from workers.selectors import compliance_find


@pytest.fixture
def main(company, admin):
    demo_load(company=company, size="main", by=admin)
    return company


def answers(company):
    """Each worker's facts with the items of today."""
    for worker in Worker.objects.for_company(company).exclude(id_number=""):
        yield answer(company, worker.id_number)


def answer(company, id_number):
    """Return who has the ID#, with the items of today."""
    [found] = compliance_find(company_id=company.pk, today=company.today(), id_number=id_number)
    return found.worker, found.items


def test_it_says_what_it_loaded(company):
    facts = demo_load(company=company, size="main", by=None)
    assert (facts.id_number, facts.workers) == ("00417", 301)
    assert facts.workers == Worker.objects.count()
    assert facts.requirements == Requirement.objects.count()
    assert facts.records == Record.objects.count()


def test_every_component_status_and_worker_status_is_there(main):
    items = [item for _, items in answers(main) for item in items]
    assert {item.component for item in items} == set(Component)
    assert {item.status for item in items} == set(Status)
    assert {item.level for item in items} == {"required", "optional"}
    assert {
        summary(items, is_active=facts.is_active).status for facts, items in answers(main)
    } == set(WorkerStatus)


def test_most_workers_are_compliant_and_many_are_not(main):
    statuses = Counter(
        summary(items, is_active=facts.is_active).status for facts, items in answers(main)
    )
    assert statuses["compliant"] > 150
    assert statuses["not_compliant"] > 60


def test_every_reason_is_there(main):
    assert set(WorkerRequirement.objects.values_list("because", flat=True)) == {
        "position",
        "location",
        "position_and_location",
        "position_at_location",
    }


def test_the_first_worker_to_ask_for_shows_a_lot(main):
    siobhan, items = answer(main, "00417")
    assert (siobhan.first_name, siobhan.last_name) == ("Siobhán", "O'Brien")
    assert (siobhan.is_active, siobhan.division) == (True, "Construction")
    assert {item.status for item in items} == set(Status)
    assert {item.component for item in items} == set(Component)
    found = summary(items, is_active=True)
    assert (found.compliant, found.required, found.complete, found.coming_due) == (False, 12, 6, 1)


@pytest.mark.parametrize(
    ("id_number", "compliant", "outstanding"),
    [
        pytest.param("10482", False, 2, id="not-compliant"),
        pytest.param("10483", True, 0, id="compliant"),
    ],
)
def test_ordinary_answers_are_there_too(main, id_number, compliant, outstanding):
    facts, items = answer(main, id_number)
    found = summary(items, is_active=facts.is_active)
    assert (found.compliant, found.outstanding) == (compliant, outstanding)


def test_id_numbers_are_of_all_kinds(main):
    id_numbers = list(Worker.objects.values_list("id_number", flat=True))
    assert id_numbers.count("") == 1
    assert sum(number.startswith("0") for number in id_numbers) > 50
    assert sum(not number.isdecimal() for number in id_numbers if number) > 50


def test_names_are_of_all_kinds(main):
    names = Worker.objects.values_list("first_name", "middle_name", "last_name")
    twins = [name for name, count in Counter(names).items() if count > 1]
    assert twins == [("Maria", "", "Garcia")]
    assert 60 < sum(bool(middle_name) for _, middle_name, _ in names) < 150
    letters = {letter for name in names for part in name for letter in part if letter.isalpha()}
    scripts = {unicodedata.name(letter).split()[0] for letter in letters}
    assert scripts >= {"LATIN", "ARABIC", "CJK", "CYRILLIC", "GREEK", "DEVANAGARI", "HANGUL"}
    assert {"é", "ø", "ł", "ñ", "Þ"} <= letters
    assert any("'" in last_name for _, _, last_name in names)


def test_workers_are_spread_over_the_company(main):
    workers = Worker.objects.for_company(main)
    assert workers.values("location__division").distinct().count() == 5  # none is one of them
    assert workers.filter(location=None, position=None).exists()
    for model in (Position, Location):
        assert not model.objects.filter(workers=None).exists()
    assert Division.objects.count() == 4
    assert workers.filter(is_active=False).count() > 5
    assert workers.filter(worker_type="contractor").count() > 20
    assert workers.exclude(supervisor=None).count() > 100


def test_assignments_name_positions_locations_and_both(main):
    assert Assignment.objects.filter(position=None).exists()
    assert Assignment.objects.filter(location=None).exists()
    assert Assignment.objects.exclude(position=None).exclude(location=None).exists()
    assert {assignment.level for assignment in Assignment.objects.all()} == {
        "required",
        "optional",
        "not_applicable",
    }


def test_not_applicable_assignment_overrides(main):
    olive, items = answer(main, "20100")
    assert (olive.position, olive.location) == ("Office Clerk", "Calgary Yard")
    names = [item.name for item in items]
    assert "WHMIS" in names
    assert "First Aid" not in names


def test_second_company_shares_an_id_number_and_a_name(main, other_company):
    facts = demo_load(company=other_company, size="second", by=None)
    assert facts.workers == 25
    juergen, items = answer(other_company, facts.id_number)
    assert (juergen.first_name, juergen.last_name, juergen.is_active) == ("Jürgen", "Weiß", True)
    assert items
    for company in (main, other_company):
        names = ("Dana", "", "Okafor")
        assert len(compliance_find(company_id=company.pk, today=company.today(), names=names)) == 1


def test_the_same_is_loaded_each_time(company):
    twin = Company.objects.create(name="Northern Build again", time_zone=company.time_zone)
    for one in (company, twin):
        demo_load(company=one, size="main", by=None)
    for told in (_workers, _records, _assignments, _derived):
        assert told(company) == told(twin)


def _workers(company):
    return list(
        Worker.objects.for_company(company)
        .order_by("id")
        .values_list(
            "id_number",
            "first_name",
            "middle_name",
            "last_name",
            "position__name",
            "location__name",
            "location__division__name",
            "supervisor__id_number",
            "worker_type",
            "is_active",
        )
    )


def _records(company):
    return list(
        Record.objects.filter(worker__company=company)
        .order_by("id")
        .values_list(
            "worker__name_folded",
            "requirement__name",
            "state",
            "completed_on",
            "issued_on",
            "submitted_on",
            "expires_on",
            "certificate_number",
            "issuer",
            "score",
            "progress",
            "requirement_version",
        )
    )


def _assignments(company):
    return list(
        Assignment.objects.filter(requirement__company=company)
        .order_by("id")
        .values_list("requirement__name", "position__name", "location__name", "level")
    )


def _derived(company):
    return list(
        WorkerRequirement.objects.filter(worker__company=company)
        .order_by("worker_id", "requirement_id")
        .values_list("requirement__name", "standing", "expires_on", "coming_due_on")
    )


def test_company_with_workers_is_left_alone(company):
    services.worker_add(company=company, by=None, first_name="Dana", last_name="Okafor")
    with pytest.raises(ValueError, match="has workers already"):
        demo_load(company=company, size="main", by=None)
    assert Worker.objects.count() == 1
