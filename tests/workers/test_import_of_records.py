"""What a records' file would do, and what it does."""

from datetime import date

import pytest

from tests.workers.imports import changes, checked, faults, outcomes
from workers import services
from workers.models import Record, Worker
from workers.services import imports

HEADINGS = ("ID#", "Requirement", "Completed on", "Expires on", "Certificate number", "State")
FIRST_AID = ("10482", "First Aid", "2025-06-14", "", "", "")


def records(company, *rows, by=None, **options):
    return checked(company, *rows, kind="records", by=by, **options)


def applied(data_import, by=None, **options):
    data_import = imports.import_apply(data_import=data_import, by=by, **options)
    assert data_import.state == "applied"
    return data_import


# --- Whose, and of what ----------------------------------------------------------------


def test_a_record_is_added_to_whom_it_names(company, dana, asked_first_aid, admin):
    row = ("10482", "FIRST  AID", "14/06/2025", "2028-06-14", "FA-88120", "")
    applied(records(company, HEADINGS, row, by=admin), by=admin)
    record = Record.objects.get()
    assert (record.worker, record.requirement) == (dana, asked_first_aid)
    assert (record.completed_on, record.expires_on) == (date(2025, 6, 14), date(2028, 6, 14))
    # Without a state it is a proof that holds, for which the one who imports it vouches.
    assert (record.state, record.approved_by, record.certificate_number) == (
        "approved",
        admin,
        "FA-88120",
    )
    item = dana.requirements.get()
    assert (item.record, item.standing) == (record, "current")


def test_a_record_may_name_its_worker_in_full(company, dana, first_aid):
    headings = ("First name", "Last name", "Training", "Date")
    applied(records(company, headings, ("dana", "OKAFOR", "First Aid", "2025-06-14")))
    assert Record.objects.get().worker == dana


def test_all_fields_are_imported(company, dana, first_aid):
    headings = (
        *("ID#", "Requirement", "Component", "State", "Completed on", "Issued on", "Submitted on"),
        *("Expires on", "Certificate number", "Issuer", "Score, in percent", "Note"),
        "Progress, in percent",
    )
    row = (
        *("10482", "First Aid", "certificate", "Submitted", "2025-01-01", "2025-01-02"),
        *("2025-01-03", "2026-01-04", "FA-1", "Red Cross", "92,5 %", "two\nlines", "100"),
    )
    applied(records(company, headings, row))
    record = Record.objects.get()
    assert (record.state, record.issuer, str(record.score), record.progress) == (
        "submitted",
        "Red Cross",
        "92.50",
        100,
    )
    assert (record.submitted_on, record.issued_on) == (date(2025, 1, 3), date(2025, 1, 2))
    assert (record.note, record.approved_by) == ("two\nlines", None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(("7", *FIRST_AID[1:]), "ID#: No worker has this ID#.", id="nobody"),
        pytest.param(
            ("", *FIRST_AID[1:]), "This row names nobody: it has no ID# and no name.", id="blank"
        ),
        pytest.param(
            ("10482", "Rigging", "2025-06-14", "", "", ""),
            "Requirement: There is no requirement “Rigging”.",
            id="unknown",
        ),
        pytest.param(
            ("10482", "", "2025-06-14", "", "", ""),
            "Requirement: This row names no requirement.",
            id="of-nothing",
        ),
        pytest.param(
            ("10482", "First Aid", "", "", "FA-1", ""),
            "Completed on: Give the day on which it was completed, issued or submitted.",
            id="no-day",
        ),
        pytest.param(
            ("10482", "First Aid", "2025-06-14", "", "", "Lost"),
            "State: “Lost” is none of: In progress, Submitted, Rejected, Approved, Declined, "
            "Requires supervision, Prequalified.",
            id="state",
        ),
    ],
)
def test_what_is_wrong_is_told(company, dana, first_aid, row, reason):
    assert faults(records(company, HEADINGS, row)) == {2: [reason]}


def test_a_requirement_and_a_worker_of_another_company_are_unknown(company, dana, theirs):
    row = ("10482", "Fitness for Duty", "2025-06-14", "", "", "")
    assert faults(records(company, HEADINGS, row)) == {
        2: ["Requirement: There is no requirement “Fitness for Duty”."]
    }


def test_a_name_that_two_components_share_needs_the_component(company, dana, first_aid):
    services.requirement_add(company=company, by=None, component="policy", name="First aid")
    headings = ("ID#", "Requirement", "Component", "Completed on")
    data_import = records(
        company,
        headings,
        ("10482", "First Aid", "", "2025-06-14"),
        ("10482", "First Aid", "Policy", "2025-06-14"),
        ("10482", "First Aid", "Bulletin", "2025-06-14"),
    )
    assert outcomes(data_import) == {2: "bad", 3: "create", 4: "bad"}
    assert "called so: Certificate, Policy. Say which." in faults(data_import)[2][0]
    assert "“First Aid” is not of this component, but: Cert" in faults(data_import)[4][0]


# --- Which record ----------------------------------------------------------------------


def test_a_record_that_is_there_is_left_alone(company, dana, first_aid):
    rows = (HEADINGS, ("10482", "First Aid", "2025-06-14", "2028-06-14", "FA-1", "Approved"))
    applied(records(company, *rows))
    assert outcomes(records(company, *rows)) == {2: "leave"}


def test_another_day_is_a_renewal_and_the_same_day_a_correction(company, dana, first_aid):
    applied(records(company, HEADINGS, ("10482", "First Aid", "2024-06-14", "", "FA-1", "")))
    data_import = records(
        company,
        HEADINGS,
        ("10482", "First Aid", "2025-06-14", "", "FA-2", ""),
        ("10482", "First Aid", "2024-06-14", "2027-01-01", "FA-1", ""),
    )
    assert outcomes(data_import) == {2: "create", 3: "change"}
    assert changes(data_import) == {3: {"Expires on": ("", "2027-01-01")}}
    applied(data_import)
    found = Record.objects.order_by("completed_on").values_list("certificate_number", "expires_on")
    assert list(found) == [("FA-1", date(2027, 1, 1)), ("FA-2", None)]


def test_an_import_without_states_takes_no_verdict_back(company, dana, first_aid):
    services.record_add(
        company=company,
        by=None,
        worker=dana,
        requirement=first_aid,
        state="rejected",
        completed_on=date(2025, 6, 14),
    )
    assert outcomes(records(company, HEADINGS, FIRST_AID)) == {2: "leave"}
    approving = records(company, HEADINGS, (*FIRST_AID[:5], "Approved"))
    assert changes(approving) == {2: {"State": ("rejected", "approved")}}


def test_two_certificates_of_one_day_are_told_apart_by_number(company, dana, first_aid):
    rows = [(*FIRST_AID[:4], number, "") for number in ("FA-1", "FA-2")]
    applied(records(company, HEADINGS, *rows))
    assert outcomes(records(company, HEADINGS, *reversed(rows))) == {2: "leave", 3: "leave"}


def test_a_row_that_stands_twice_is_told(company, dana, first_aid):
    data_import = records(company, HEADINGS, FIRST_AID, FIRST_AID)
    assert faults(data_import) == {
        3: ["Line 2 has a record of the same worker, requirement and day."]
    }


def test_two_rows_that_would_correct_one_record_are_told(company, dana, first_aid):
    applied(records(company, HEADINGS, (*FIRST_AID[:4], "FA-1", "")))
    data_import = records(
        company,
        HEADINGS,
        (*FIRST_AID[:4], "FA-1", "Declined"),
        (*FIRST_AID[:4], "", "Submitted"),
    )
    assert outcomes(data_import) == {2: "change", 3: "bad"}


def test_many_records_of_many_workers_are_derived_right(company, asked_first_aid, crane_operator):
    for number in range(30):
        services.worker_add(
            company=company,
            by=None,
            id_number=f"W{number}",
            first_name="W",
            last_name=str(number),
            position=crane_operator,
        )
    rows = [(f"W{number}", *FIRST_AID[1:]) for number in range(30)]
    rows += [(f"W{number}", "First Aid", "2020-01-01", "", "", "") for number in range(30)]
    applied(records(company, HEADINGS, *rows))
    assert Record.objects.count() == 60
    asked = Worker.objects.filter(requirements__record__completed_on=date(2025, 6, 14))
    assert asked.count() == 30
