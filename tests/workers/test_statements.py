from datetime import UTC, datetime

import pytest
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    OperationalError,
    connection,
    transaction,
)
from django.test.utils import CaptureQueriesContext

from workers.statements import Statement

TABLE = "apicalls_limitcounter"
ADD = Statement(f"INSERT INTO {TABLE} (key, started_at, hits) VALUES (%s, %s, %s) RETURNING key")

pytestmark = pytest.mark.django_db(transaction=True)

postgresql_only = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="only PostgreSQL plans statements by name"
)


def test_rows_are_the_same_by_each_way():
    alone = ADD.rows(["a", 1.5, 1])
    with CaptureQueriesContext(connection) as heard:
        counted = ADD.rows(["b", 1.5, 1])
    with transaction.atomic():
        within = ADD.rows(["c", 1.5, 1])
    assert (alone, counted, within) == ([("a",)], [("b",)], [("c",)])
    assert len(heard) == 1


def test_values_of_other_types_are_told_apart():
    for number in (1, 70_000, 5_000_000_000 - 4_999_999_000, None):
        assert Statement("SELECT CAST(%s AS integer)").rows([number]) == [(number,)]


def test_value_is_data_and_never_sql():
    assert ADD.rows(["'); DROP TABLE x; --%s $1", 1.5, 1]) == [("'); DROP TABLE x; --%s $1",)]


def test_error_is_django_s_and_the_next_statement_runs():
    ADD.rows(["a", 1.5, 1])
    for _time in range(3):
        with pytest.raises(IntegrityError):
            ADD.rows(["a", 1.5, 1])
    assert ADD.rows(["b", 1.5, 1]) == [("b",)]


def test_what_fails_in_a_transaction_is_taken_back_with_it():
    @transaction.atomic
    def add_twice():
        for _time in range(2):
            ADD.rows(["a", 1.5, 1])

    with pytest.raises(IntegrityError):
        add_twice()
    assert Statement(f"SELECT count(*) FROM {TABLE}").rows([]) == [(0,)]


@postgresql_only
def test_moment_is_the_moment_and_knows_its_zone():
    moment = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
    [(same,)] = Statement("SELECT CAST(%s AS timestamptz)").rows([moment])
    assert same == moment
    assert same.utcoffset() == moment.utcoffset()


@postgresql_only
def test_error_of_the_data_is_one():
    with pytest.raises(DataError):
        Statement("SELECT 1 / CAST(%s AS integer)").rows([0])


@postgresql_only
@pytest.mark.parametrize("end", ["closed here", "ended there"])
def test_dead_connection_is_left_for_a_new_one_by_what_may_be_repeated(end):
    statement = Statement("SELECT CAST(%s AS integer)")
    assert statement.rows([7]) == [(7,)]

    if end == "closed here":
        connection.connection.pgconn.finish()
    else:
        with pytest.raises(DatabaseError):
            Statement("SELECT pg_terminate_backend(pg_backend_pid())").rows([])
    with pytest.raises(OperationalError):
        statement.rows([7])
    assert statement.rows([8], may_repeat=True) == [(8,)]
    assert statement.rows([9]) == [(9,)]


@postgresql_only
def test_plan_that_the_driver_drops_after_a_rollback_is_made_anew():
    statement = Statement("SELECT CAST(%s AS integer)")
    assert statement.rows([7]) == [(7,)]
    with transaction.atomic():
        for _time in range(9):  # until the driver has something prepared itself
            statement.rows([7])
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'workhub%'")
        assert cursor.fetchone() == (0,), "the driver dropped nothing, and the test tells nothing"
    assert statement.rows([8]) == [(8,)]


@postgresql_only
def test_plan_of_a_table_that_has_other_columns_by_now_is_made_anew():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE changing AS SELECT 1 AS one")
        statement = Statement("SELECT * FROM changing WHERE one = CAST(%s AS integer)")
        assert statement.rows([1]) == [(1,)]
        cursor.execute("ALTER TABLE changing ADD COLUMN two integer DEFAULT 2")
        assert statement.rows([1]) == [(1, 2)]
        cursor.execute("DROP TABLE changing")
