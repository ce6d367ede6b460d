from datetime import UTC, date, datetime

import pytest

from workers.bulk import rows_put
from workers.models import ComplianceChange, Position, WorkerRequirement

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_derived_rows]

COLUMNS = ("worker_id", "requirement_id", "level", "because", "standing", "status", "expires_on")


def row(worker, requirement, **values):
    return (
        worker.pk,
        requirement.pk,
        "required",
        "position",
        "current",
        values.get("status", "current"),
        values.get("expires_on"),
    )


def test_rows_are_inserted_with_dates_and_nulls(dana, first_aid):
    rows_put(WorkerRequirement, COLUMNS, [row(dana, first_aid, expires_on=date(2026, 3, 2))])
    stored = WorkerRequirement.objects.get(worker=dana)
    assert (stored.requirement_id, stored.level) == (first_aid.pk, "required")
    assert (stored.expires_on, stored.coming_due_on, stored.record_id) == (
        date(2026, 3, 2),
        None,
        None,
    )


def test_a_row_that_is_there_is_overwritten(dana, first_aid):
    for status, day in (("current", date(2026, 3, 2)), ("expired", None)):
        rows_put(
            WorkerRequirement,
            COLUMNS,
            [row(dana, first_aid, status=status, expires_on=day)],
            unique=COLUMNS[:2],
        )
    stored = WorkerRequirement.objects.get(worker=dana)
    assert (stored.status, stored.expires_on) == ("expired", None)


def test_moments_come_back_as_they_went_in(company, dana, first_aid):
    at = datetime(2026, 3, 2, 23, 59, 58, 123456, tzinfo=UTC)
    columns = ("company_id", "sequence", "at", "on", "worker_id", "requirement_id", "cause")
    states = ("level_before", "status_before", "level_after", "status_after", "worker_type_before")
    rows_put(
        ComplianceChange,
        (*columns, *states),
        [
            (
                *(company.pk, 7, at, at.date(), dana.pk, first_aid.pk, "record"),
                *("", "", "required", "missing", ""),
            )
        ],
    )
    stored = ComplianceChange.objects.get(sequence=7)
    assert (stored.at, stored.on, stored.level_after) == (at, date(2026, 3, 2), "required")


def test_many_rows_take_few_statements(company, django_assert_max_num_queries):
    rows = [(company.pk, f"Position {number}, ‘%s’ {{}}") for number in range(12_000)]
    with django_assert_max_num_queries(3):
        rows_put(Position, ("company_id", "name"), rows)
    assert Position.objects.filter(name="Position 11999, ‘%s’ {}").exists()
    assert Position.objects.count() == 12_000


def test_no_rows_take_no_statement(company, django_assert_num_queries):
    with django_assert_num_queries(0):
        rows_put(Position, ("company_id", "name"), [])
