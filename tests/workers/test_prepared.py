from datetime import date

import pytest
from django.db import DatabaseError, connection

from workers import services
from workers.models import Worker
from workers.prepared import Beside, PreparedQuery
from workers.statements import Statement


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


@pytest.fixture
def postgresql_only():
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL writes and reads in one statement")


def beside(condition):
    sql = "INSERT INTO apicalls_limitcounter VALUES (%s, %s, 3) RETURNING key, hits"
    return Beside(sql, ["a", 1.5], width=2, condition=condition, condition_values=[3])


@pytest.mark.parametrize(("condition", "goes_on"), [("beside.hits <= %s", 1), ("hits < %s", 0)])
def test_what_is_beside_a_query_is_run_with_it(
    company, dana, postgresql_only, django_assert_num_queries, condition, goes_on
):
    query = PreparedQuery(hired, company_id=-1, hired_by="stand-in")
    alone = query.rows(company_id=company.pk, hired_by=dana.id_number)
    with django_assert_num_queries(1):
        counted = beside(condition)
        rows = query.rows(beside=counted, company_id=company.pk, hired_by=dana.id_number)
    assert counted.row == ("a", 3)
    assert rows == alone * goes_on
    assert len(alone) == 1


def test_what_is_beside_a_query_is_run_though_it_finds_nothing(company, postgresql_only):
    counted = beside("hits <= %s")
    query = PreparedQuery(hired, company_id=-1, hired_by="stand-in")
    assert query.rows(beside=counted, company_id=company.pk, hired_by="nobody") == []
    assert counted.row == ("a", 3)


def test_query_is_run_alone_where_what_is_beside_it_cannot_be(
    transactional_db, company, dana, postgresql_only
):
    query = PreparedQuery(hired, company_id=-1, hired_by="stand-in")
    connection.ensure_connection()
    Statement("SELECT set_config('default_transaction_read_only', 'on', false)").rows([])
    try:
        refused = beside("hits <= %s")
        rows = query.rows(beside=refused, company_id=company.pk, hired_by=dana.id_number)
    finally:
        Statement("SELECT set_config('default_transaction_read_only', 'off', false)").rows([])
    assert refused.row is None
    assert isinstance(refused.error, DatabaseError)
    assert [row[0] for row in rows] == [dana.first_name]


# --- What is written where it still finds the same -------------------------------------------

ADD = "INSERT INTO written (number) SELECT CAST(%s AS integer)"


@pytest.fixture
def written(db, postgresql_only):
    """A table of its own; return a function that tells what is in it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE written (number integer) ON COMMIT DROP")

    def read():
        with connection.cursor() as cursor:
            cursor.execute("SELECT number FROM written ORDER BY number")
            return [number for [number] in cursor.fetchall()]

    return read


def test_row_is_written_where_the_query_finds_the_same(company, dana, written):
    query = PreparedQuery(hired, company_id=-1, hired_by="stand-in")
    values = {"company_id": company.pk, "hired_by": dana.id_number}
    rows, found = query.rows_and_digests(**values)
    assert rows == query.rows(**values)
    assert query.written_if_same(ADD, [7], found=found, **values)
    Worker.objects.filter(pk=dana.pk).update(first_name="Dan")
    assert not query.written_if_same(ADD, [8], found=found, **values)
    _rows, found = query.rows_and_digests(**values)
    assert query.written_if_same(ADD, [9], found=found, **values)
    assert written() == [7, 9]


def test_row_is_not_written_where_the_query_finds_less_or_more(company, dana, written):
    query = PreparedQuery(hired, company_id=-1, hired_by="stand-in")
    values = {"company_id": company.pk, "hired_by": dana.id_number}
    _rows, found = query.rows_and_digests(**values)
    for other in ([], [*found, *found], [found[0] + 1]):
        assert not query.written_if_same(ADD, [7], found=other, **values)
    nobody = values | {"hired_by": "nobody"}
    assert query.rows_and_digests(**nobody) == ([], [])
    assert not query.written_if_same(ADD, [7], found=found, **nobody)
    assert written() == []
