from datetime import date

import pytest

from workers import services
from workers.compliance import summary
from workers.scope import Scope
from workers.selectors import (
    Found,
    ItemFacts,
    WorkerFacts,
    compliance_find,
    number_in_scope,
    worker_items,
)

TODAY = date(2026, 3, 2)


def find(company, today=TODAY, **asked):
    found = compliance_find(company_id=company.pk, today=today, **asked)
    return [Found(one.worker, one.items) for one in found]


def found(company, **asked):
    return [one.worker.first_name for one in find(company, **asked)]


def items_of(company, today=TODAY):
    """Return Dana's items, found with her and read for her alone: they are the same."""
    [(worker, items)] = find(company, today=today, id_number="10482")
    assert worker_items(worker=worker, today=today) == items
    return items


# --- compliance_find -----------------------------------------------------------------------


def test_worker_is_found_with_the_names_of_the_place(company, dana, django_assert_num_queries):
    with django_assert_num_queries(1):
        [(facts, items)] = find(company, id_number="10482")
    assert items == []
    assert facts == (
        WorkerFacts(
            id=dana.pk,
            id_number="10482",
            first_name="Dana",
            middle_name="",
            last_name="Okafor",
            is_active=True,
            worker_type="employee",
            position="Crane Operator",
            location="Calgary Yard",
            division="Construction",
        )
    )


def test_worker_without_a_place_or_division_is_found(company, edmonton_depot):
    services.worker_add(
        company=company,
        by=None,
        first_name="Amélie",
        middle_name="Rose",
        last_name="Roy",
        is_active=False,
        worker_type="contractor",
        location=edmonton_depot,
    )
    [(facts, _items)] = find(company, names=("amélie", "rose", "roy"))
    assert (facts.id_number, facts.is_active, facts.worker_type) == ("", False, "contractor")
    assert (facts.position, facts.location, facts.division) == (None, "Edmonton Depot", None)


@pytest.mark.parametrize(
    ("id_number", "is_found"),
    [
        pytest.param("ab-00417", True, id="as-written"),
        pytest.param(" AB-00417 ", True, id="case-and-blanks"),
        pytest.param("AB-417", False, id="leading-zeros-count"),
        pytest.param("AB-0041", False, id="no-prefix"),
        pytest.param("", False, id="empty"),
        pytest.param("%", False, id="no-wildcard"),
        pytest.param("x" * 200, False, id="longer-than-any"),
    ],
)
def test_id_number_matches_folded(company, dana, id_number, is_found):
    services.worker_change(company=company, worker=dana, by=None, id_number="ab-00417")
    assert bool(found(company, id_number=id_number)) is is_found


@pytest.mark.parametrize(
    ("names", "is_found"),
    [
        pytest.param(("José", "Ángel", "Muñoz Díaz"), True, id="as-written"),
        pytest.param(("JOSE\u0301", "ángel ", " muñoz   díaz"), True, id="form-case-and-blanks"),
        pytest.param(("Jose", "Ángel", "Muñoz Díaz"), False, id="accents-count"),
        pytest.param(("José", "", "Muñoz Díaz"), False, id="middle-name-counts"),
        pytest.param(("José Ángel", "", "Muñoz Díaz"), False, id="borders-count"),
        pytest.param(("José", "Ángel\nMuñoz", "Díaz"), False, id="no-line-break-gets-through"),
    ],
)
def test_names_match_folded(company, names, is_found):
    services.worker_add(
        company=company, by=None, first_name="José", middle_name="Ángel", last_name="Muñoz Díaz"
    )
    assert bool(found(company, names=names)) is is_found


def test_both_given_must_match_both(company, dana):
    dana_okafor = ("Dana", "", "Okafor")
    assert found(company, id_number="10482", names=dana_okafor) == ["Dana"]
    assert found(company, id_number="10482", names=("Dana", "", "Reid")) == []
    assert found(company, id_number="99999", names=dana_okafor) == []


def test_all_workers_of_one_name_are_found(company, dana, django_assert_num_queries):
    for _ in range(2):
        services.worker_add(company=company, by=None, first_name="DANA", last_name="Okafor")
    with django_assert_num_queries(1):
        assert found(company, names=("Dana", "", "Okafor")) == ["Dana", "DANA", "DANA"]


def test_asking_for_nothing_never_means_everybody(company, dana):
    with pytest.raises(ValueError, match="ID# or names"):
        find(company)


def test_workers_without_an_id_number_are_not_those_of_an_empty_one(company):
    services.worker_add(company=company, by=None, first_name="A", last_name="B")
    assert found(company, id_number="") == []


def test_workers_of_another_company_are_not_found(company, dana, theirs):
    assert found(company, id_number="10482") == ["Dana"]
    assert found(company, names=("Jürgen", "", "Weiß")) == []


# --- Items ----------------------------------------------------------------------


def test_item_tells_all_about_the_record_that_counts(
    company, dana, asked_first_aid, calgary_yard, django_assert_num_queries
):
    services.assignment_set(
        company=company,
        requirement=asked_first_aid,
        location=calgary_yard,
        level="required",
        by=None,
    )
    services.record_add(
        company=company,
        worker=dana,
        requirement=asked_first_aid,
        by=None,
        state="approved",
        completed_on=date(2023, 2, 10),
        issued_on=date(2023, 2, 11),
        certificate_number="FA-88120",
        issuer="Red Cross",
    )
    with django_assert_num_queries(2):
        items = items_of(company)
    assert items == [
        ItemFacts(
            requirement_id=asked_first_aid.pk,
            component="certificate",
            name="First Aid",
            level="required",
            status="expired",
            compliant=False,
            completed_on=date(2023, 2, 10),
            issued_on=date(2023, 2, 11),
            expires_on=date(2026, 2, 10),
            days_left=-20,
            certificate_number="FA-88120",
            issuer="Red Cross",
            because=["Crane Operator", "Calgary Yard"],
            next_change_on=None,
        )
    ]


def test_what_there_is_not_is_none(company, dana, asked_first_aid):
    [item] = items_of(company)
    assert (item.status, item.compliant) == ("missing", False)
    assert (item.completed_on, item.issued_on, item.expires_on, item.days_left) == (None,) * 4
    assert (item.certificate_number, item.issuer, item.next_change_on) == (None,) * 3


@pytest.mark.parametrize(
    ("today", "status", "days_left", "next_change_on"),
    [
        pytest.param(date(2026, 1, 10), "current", 31, date(2026, 1, 11), id="before-coming-due"),
        pytest.param(date(2026, 1, 11), "coming_due", 30, date(2026, 2, 11), id="coming-due"),
        pytest.param(date(2026, 2, 10), "coming_due", 0, date(2026, 2, 11), id="last-day"),
        pytest.param(date(2026, 2, 11), "expired", -1, None, id="expired"),
    ],
)
def test_status_is_that_of_the_day_asked_about(
    company, dana, asked_first_aid, today, status, days_left, next_change_on
):
    services.record_add(
        company=company,
        worker=dana,
        requirement=asked_first_aid,
        by=None,
        state="approved",
        completed_on=date(2023, 2, 10),
    )
    [item] = items_of(company, today)
    assert (item.status, item.days_left, item.next_change_on) == (
        status,
        days_left,
        next_change_on,
    )


@pytest.mark.parametrize(
    ("by_position", "by_location", "because"),
    [
        pytest.param(True, False, ["Crane Operator"], id="position"),
        pytest.param(False, True, ["Calgary Yard"], id="location"),
        pytest.param(True, True, ["Crane Operator at Calgary Yard"], id="both-in-one"),
    ],
)
def test_because_names_the_assignment(
    company, dana, first_aid, crane_operator, calgary_yard, by_position, by_location, because
):
    services.assignment_set(
        company=company,
        requirement=first_aid,
        position=crane_operator if by_position else None,
        location=calgary_yard if by_location else None,
        level="optional",
        by=None,
    )
    [item] = items_of(company)
    assert (item.level, item.because) == ("optional", because)


def test_renamed_position_is_told_by_its_name_of_today(company, dana, asked_first_aid):
    dana.position.name = "Tower Crane Operator"
    dana.position.save()
    [item] = items_of(company)
    assert item.because == ["Tower Crane Operator"]


def test_items_stand_in_the_order_of_components_then_names(
    company, dana, crane_operator, django_assert_num_queries
):
    for component, name in (
        ("orientation", "A"),
        ("certificate", "b"),
        ("certificate", "B"),
        ("certificate", "É"),
        ("policy", "A"),
        ("online_training", "Z"),
    ):
        requirement = services.requirement_add(
            company=company, by=None, component=component, name=name
        )
        services.assignment_set(
            company=company,
            requirement=requirement,
            position=crane_operator,
            level="required",
            by=None,
        )
    with django_assert_num_queries(2):
        items = items_of(company)
    assert [(item.component, item.name) for item in items] == [
        ("online_training", "Z"),
        ("certificate", "B"),
        ("certificate", "b"),
        ("certificate", "É"),
        ("policy", "A"),
        ("orientation", "A"),
    ]
    assert summary(items, is_active=True).required == 6


def test_submission_is_compliant_where_it_is_enough(company, dana, asked_first_aid):
    services.record_add(
        company=company,
        worker=dana,
        requirement=asked_first_aid,
        by=None,
        state="submitted",
        submitted_on=TODAY,
    )
    [item] = items_of(company)
    assert (item.status, item.compliant) == ("waiting_for_approval", False)
    services.requirement_change(
        company=company, requirement=asked_first_aid, by=None, compliant_when="on_submission"
    )
    [item] = items_of(company)
    assert (item.status, item.compliant) == ("waiting_for_approval", True)


def test_of_an_inactive_worker_nothing_is_asked(company, dana, asked_first_aid):
    services.worker_change(company=company, worker=dana, by=None, is_active=False)
    [(facts, items)] = find(company, id_number="10482")
    assert (facts.is_active, items) == (False, [])
    assert worker_items(worker=facts, today=TODAY) == []


def test_each_of_several_workers_has_their_own_items(company, dana, asked_first_aid):
    services.worker_add(company=company, by=None, first_name="Dana", last_name="Okafor")
    with_item, without = find(company, names=("Dana", "", "Okafor"))
    assert (with_item.worker.id_number, [item.name for item in with_item.items]) == (
        "10482",
        ["First Aid"],
    )
    assert (without.worker.id_number, without.items) == ("", [])


# --- number_in_scope -----------------------------------------------------------------------


def test_active_workers_in_a_scope_are_counted_as_far_as_the_limit(
    company, other_company, dana, monkeypatch
):
    for of in (company, company, other_company):
        services.worker_add(company=of, by=None, first_name="Ines", last_name="Moreau")
    gone = services.worker_add(company=company, by=None, first_name="Ola", last_name="Berg")
    services.worker_change(company=company, worker=gone, by=None, is_active=False)

    def number(**scope):
        return number_in_scope(company=company, scope=Scope.of(scope))

    assert (number(), number(locations=[dana.location_id])) == (3, 1)
    for limit, told in ((3, 3), (2, 3), (1, 2)):
        monkeypatch.setattr("workers.selectors.COUNT_LIMIT", limit)
        assert number() == told
