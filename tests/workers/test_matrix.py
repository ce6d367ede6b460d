"""The matrix report: which workers, and what stands in each cell."""

from datetime import date, timedelta

import pytest
from django.db import connection

from workers import services
from workers.compliance import Status
from workers.matrix import SHORT, export_header, export_rows, matrix_rows, matrix_workers
from workers.models import Worker
from workers.requirements import requirements_listed

TODAY = date(2026, 3, 2)


@pytest.fixture
def rules(company):
    return services.requirement_add(
        company=company, by=None, component="policy", name="Site Rules", coming_due_days=10
    )


@pytest.fixture
def crew(company, first_aid, rules, crane_operator, welder, calgary_yard):
    """Abel is to have First Aid and may have Site Rules, Bo is to have Site Rules, Cy left."""
    for requirement, position, level in [
        (first_aid, crane_operator, "required"),
        (rules, crane_operator, "optional"),
        (rules, welder, "required"),
    ]:
        services.assignment_set(
            company=company, requirement=requirement, position=position, level=level, by=None
        )
    people = [("Abel", crane_operator), ("Bo", welder), ("Cy", welder)]
    workers = [
        services.worker_add(
            company=company,
            by=None,
            id_number=f"00{number}",
            first_name=name,
            last_name="Lee",
            position=position,
            location=calgary_yard,
        )
        for number, (name, position) in enumerate(people)
    ]
    services.worker_change(company=company, worker=workers[2], by=None, is_active=False)
    return workers


@pytest.fixture
def prove(company):
    def add(worker, requirement, **fields):
        fields = {"state": "approved", "completed_on": TODAY} | fields
        services.record_add(
            company=company, worker=worker, requirement=requirement, by=None, **fields
        )

    return add


@pytest.fixture
def rows(company):
    """Return a function that gives the cells by worker, for all requirements."""

    def read(today=TODAY, **chosen):
        requirements = list(requirements_listed(company=company))
        workers = matrix_workers(company=company, today=today, **chosen).order_by("pk")
        return {
            row.worker.first_name: [
                item and (item.level.value, item.status.value) for item in row.items
            ]
            for row in matrix_rows(workers, requirements=requirements, today=today)
        }

    return read


def test_each_cell_is_the_status_of_the_day(rows, crew, first_aid, rules, prove):
    abel, bo, _cy = crew
    prove(abel, rules)
    prove(bo, rules, expires_on=TODAY)
    assert rows() == {
        "Abel": [("required", "missing"), ("optional", "current")],
        "Bo": [None, ("required", "coming_due")],
        "Cy": [None, None],
    }
    tomorrow = rows(TODAY + timedelta(days=1))
    assert tomorrow["Bo"] == [None, ("required", "expired")]


def test_each_row_sums_up_all_requirements_not_only_those_shown(company, crew, rules, prove):
    prove(crew[1], rules)
    workers = Worker.objects.for_company(company).order_by("pk")
    found = matrix_rows(workers, requirements=[rules], today=TODAY)
    assert [(row.summary.status, row.summary.percent) for row in found] == [
        ("not_compliant", 0),
        ("compliant", 100),
        ("inactive", None),
    ]


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({}, ["Abel", "Bo", "Cy"]),
        ({"is_active": True}, ["Abel", "Bo"]),
        ({"item_status": "missing"}, ["Abel", "Bo"]),
        ({"item_status": "missing", "component": "certificate"}, ["Abel"]),
        ({"item_status": "coming_due"}, []),
        ({"status": "not_compliant"}, ["Abel", "Bo"]),
        ({"component": "certificate"}, ["Abel", "Bo", "Cy"]),
        ({"search": "abel"}, ["Abel"]),
    ],
)
def test_workers_are_filtered(rows, crew, chosen, names):
    assert list(rows(**chosen)) == names


def test_an_items_status_is_that_of_the_day(rows, crew, rules, prove):
    prove(crew[1], rules, expires_on=TODAY)
    assert list(rows(item_status="coming_due")) == ["Bo"]
    tomorrow = TODAY + timedelta(days=1)
    assert list(rows(tomorrow, item_status="coming_due")) == []
    assert list(rows(tomorrow, item_status="expired", component="policy")) == ["Bo"]
    assert list(rows(tomorrow, item_status="expired", component="certificate")) == []


def test_workers_of_another_company_are_not_in_it(rows, crew, theirs):
    assert "Jürgen" not in rows()


def test_the_rows_take_one_query(crew, first_aid, rules, django_assert_num_queries):
    with django_assert_num_queries(1):
        matrix_rows(crew, requirements=[first_aid, rules], today=TODAY)


def test_every_status_has_a_short_word_of_its_own():
    assert list(SHORT) == list(Status)
    words = [str(word) for word in SHORT.values()]
    assert len(set(words)) == len(words)
    assert all(len(word) <= 4 for word in words)


def test_the_export_has_a_column_for_each_requirement(company, crew, first_aid, rules, prove):
    abel, bo, _cy = crew
    prove(abel, rules)
    prove(bo, rules, expires_on=TODAY)
    workers = Worker.objects.for_company(company).order_by("pk")
    requirements = [first_aid, rules]
    assert export_header(requirements) == [
        "ID#",
        "First name",
        "Middle name",
        "Last name",
        "Position",
        "Location",
        "Division",
        "Compliance",
        "Percent",
        "First Aid",
        "Site Rules",
    ]
    place = ["Crane Operator", "Calgary Yard", "Construction"]
    assert list(export_rows(workers, requirements=requirements, today=TODAY)) == [
        ["000", "Abel", "", "Lee", *place, "Not compliant", 0, "Missing", "Current (optional)"],
        ["001", "Bo", "", "Lee", "Welder", *place[1:], "Compliant", 100, "", "Coming due"],
        ["002", "Cy", "", "Lee", "Welder", *place[1:], "Inactive", None, "", ""],
    ]


def test_the_export_is_read_in_batches(
    company, crew, first_aid, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr("workers.matrix._BATCH", 1)
    workers = Worker.objects.for_company(company).select_related("position", "location__division")
    # The workers, and the items of each of the two who have any.
    begin_and_end = 2 if connection.vendor == "postgresql" else 0
    with django_assert_num_queries(3 + begin_and_end):
        rows = list(export_rows(workers.order_by("pk"), requirements=[first_aid], today=TODAY))
    assert len(rows) == 3
