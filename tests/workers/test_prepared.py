from datetime import date

import pytest

from workers import services
from workers.models import Worker
from workers.prepared import PreparedQuery


def hired(company_id, hired_by):
    return (
        Worker.objects.filter(company_id=company_id, id_number=hired_by, is_active=True)
        .exclude(last_name="Nobody")
        .order_by("id")
        .values_list("first_name", "is_active", "hired_on")
    )


def test_rows_are_those_of_the_values_as_the_orm_would_give_them(
    company, other_company, django_assert_num_queries
):
    query = PreparedQuery(hired, company_id=-1, hired_by="stand-in")
    for owner, name in ((company, "Abel"), (other_company, "Bea")):
        services.worker_add(
            company=owner,
            by=None,
            id_number="7",
            first_name=name,
            last_name="Lee",
            hired_on=date(2024, 2, 29),
        )
    for owner, rows in (
        (company, [("Abel", True, date(2024, 2, 29))]),
        (other_company, [("Bea", True, date(2024, 2, 29))]),
    ):
        with django_assert_num_queries(1):
            assert query.rows(company_id=owner.pk, hired_by="7") == rows
    assert query.rows(company_id=company.pk, hired_by="8") == []


def test_value_is_data_and_never_sql(company, dana):
    query = PreparedQuery(hired, company_id=-1, hired_by="stand-in")
    assert query.rows(company_id=company.pk, hired_by="' OR 1=1 --") == []
    assert query.rows(company_id=company.pk, hired_by="%s") == []


def test_value_that_is_left_out_is_a_mistake(company):
    query = PreparedQuery(hired, company_id=-1, hired_by="stand-in")
    with pytest.raises(KeyError):
        query.rows(company_id=company.pk)


def test_stand_in_that_the_query_does_not_use_is_a_mistake(company):
    def everybody(company_id, forgotten):
        return Worker.objects.filter(company_id=company_id).values_list("id")

    with pytest.raises(ValueError, match="must be a parameter"):
        PreparedQuery(everybody, company_id=-1, forgotten="x").rows(company_id=1, forgotten="y")
