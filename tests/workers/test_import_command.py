"""`manage.py import_workers`."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from tests.workers.imports import as_csv
from tests.workers.test_import_reading import FILES
from workers.imports import limits
from workers.imports.models import DataImport, ImportRow
from workers.models import Position, Record, Worker

HEADINGS = ("ID#", "First name", "Last name", "Position", "Hired on")
KIM = ("1", "Kim", "Lee", "Rigger", "2024-03-01")


@pytest.fixture
def run(company, tmp_path):
    """Return a function that writes rows to a file and imports it; it returns what was printed."""

    def import_(*rows, file=None, **options):
        if file is None:
            file = tmp_path / "people.csv"
            file.write_bytes(as_csv(*rows))
        out, err = io.StringIO(), io.StringIO()
        options = {"company": company.pk} | options
        try:
            call_command("import_workers", file, stdout=out, stderr=err, **options)
        except CommandError as error:
            error.printed = out.getvalue() + err.getvalue()
            raise
        return out.getvalue()

    return import_


def test_a_file_is_imported_and_told_in_figures(run, admin):
    printed = run(HEADINGS, KIM, create_places=True, by="Admin@northern.example")
    assert [line.strip() for line in printed.splitlines()] == [
        "1 new",
        "0 changed",
        "0 left alone",
        "0 bad",
        "New positions: Rigger",
        "Imported 1 rows.",
    ]
    assert Worker.objects.get().position.name == "Rigger"
    assert AuditEvent.objects.get(action="imported").actor == admin


def test_a_dry_run_changes_nothing_and_leaves_nothing(run):
    printed = run(HEADINGS, KIM, create_places=True, dry_run=True)
    assert "1 new" in printed
    assert "Nothing was changed." in printed
    assert not Worker.objects.exists()
    assert not ImportRow.objects.exists()
    assert DataImport.objects.get().state == "cancelled"


def test_a_bad_row_keeps_all_of_it_out_with_exit_status_1(run):
    with pytest.raises(CommandError) as raised:
        run(HEADINGS, KIM, ("2", "", "Doe", "", "31/31/2024"), create_places=True)
    assert raised.value.returncode == 1
    assert str(raised.value) == "Nothing was changed: some rows are bad."
    assert "line 3, First name: This field cannot be blank." in raised.value.printed
    assert "line 3, Hired on: “31/31/2024” is no date." in raised.value.printed
    assert not Worker.objects.exists()
    assert not ImportRow.objects.exists()


def test_bad_rows_can_be_left_out(run):
    printed = run(HEADINGS, KIM, ("2", "", "", "", ""), create_places=True, leave_out_bad=True)
    assert "Imported 1 rows." in printed
    assert Worker.objects.count() == 1


def test_places_are_created_only_when_asked_for(run):
    with pytest.raises(CommandError) as raised:
        run(HEADINGS, KIM)
    assert "line 2, Position: There is no “Rigger” yet." in raised.value.printed
    assert not Position.objects.exists()


def test_records_are_imported_too(run, dana, first_aid):
    run(
        ("ID#", "Requirement", "Date"),
        ("10482", "First Aid", "03/04/2025"),
        kind="records",
        month_first=True,
    )
    assert Record.objects.get().completed_on.isoformat() == "2025-03-04"


def test_a_column_can_be_named(run):
    run(("Shoe", "ID", "First", "Last"), ("7", "x", "Kim", "Lee"), column=["id_number=shoe"])
    assert Worker.objects.get().id_number == "7"


def test_a_workbook_is_imported(run):
    run(file=FILES / "workers.xlsx", create_places=True, leave_out_bad=True)
    assert sorted(Worker.objects.values_list("id_number", flat=True)) == ["00417", "00418", "419"]


def test_many_bad_rows_are_counted(run):
    with pytest.raises(CommandError) as raised:
        run(HEADINGS, *[(str(number), "", "", "", "") for number in range(60)])
    assert "… and 10 more bad rows" in raised.value.printed


def test_what_changes_nothing_is_told(run):
    run(HEADINGS, KIM, create_places=True)
    assert "Nothing was changed." in run(HEADINGS, KIM, create_places=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"company": 99}, "There is no company 99."),
        ({"by": "nobody@northern.example"}, "Nobody of Northern Build has the e-mail"),
        ({"file": FILES / "none.csv"}, "Cannot read"),
        ({"file": FILES / "nul.csv"}, "holds NUL bytes"),
        ({"column": ["shoe=ID#"]}, "There is no field 'shoe'"),
        ({"column": ["email=Shoe"]}, "The file has no column 'Shoe'"),
    ],
)
def test_what_cannot_be_is_told(run, options, words):
    with pytest.raises(CommandError, match=words):
        run(HEADINGS, KIM, **options)
    assert not Worker.objects.exists()


def test_columns_that_say_nobody_are_told(run):
    with pytest.raises(CommandError, match="Choose the column of the ID#") as raised:
        run(("Shoe",), ("7",))
    assert raised.value.returncode == 1


def test_a_file_that_is_too_large_is_not_read(run, monkeypatch):
    monkeypatch.setattr(limits, "FILE_BYTES", 10)
    with pytest.raises(CommandError, match="larger than"):
        run(HEADINGS, KIM)
    assert not DataImport.objects.exists()
