"""What a workers' file would do, and what it does."""

import pytest

from tests.workers.imports import changes, checked, faults, outcomes
from workers import services
from workers.imports.models import ImportRow
from workers.models import Division, Location, Position, Worker
from workers.services import imports

HEADINGS = ("ID#", "First name", "Middle name", "Last name")


def applied(data_import, **options):
    data_import = imports.import_apply(data_import=data_import, by=None, **options)
    assert data_import.state == "applied"
    return data_import


def warnings(data_import):
    return {
        row.line: [reason for _heading, reason in row.warnings]
        for row in ImportRow.objects.filter(data_import=data_import)
        if row.warnings
    }


# --- Who is meant ----------------------------------------------------------------------


def test_a_worker_is_found_by_id_number_whatever_its_case(company):
    services.worker_add(
        company=company, by=None, id_number="ab-7", first_name="Kim", last_name="Lee"
    )
    data_import = checked(company, HEADINGS, ("AB-7", "Kim", "", "Lee"))
    # The ID# as the company writes it now is a change, not another worker.
    assert changes(data_import) == {2: {"ID#": ("ab-7", "AB-7")}}


def test_leading_zeros_tell_two_workers_apart(company, dana):
    data_import = checked(company, HEADINGS, ("010482", "Dana", "", "Okafor"))
    assert outcomes(data_import) == {2: "create"}


def test_without_id_number_a_worker_is_found_by_a_full_name_that_only_one_has(company, dana):
    data_import = checked(
        company,
        (*HEADINGS, "E-mail"),
        ("", "DANA", "", " okafor", "dana@northern.example"),
        ("", "Dana", "M.", "Okafor", ""),
    )
    assert outcomes(data_import) == {2: "change", 3: "create"}
    assert changes(data_import)[2]["E-mail"] == ("", "dana@northern.example")


def test_a_name_that_several_have_needs_the_id_number(company, dana):
    services.worker_add(company=company, by=None, first_name="Dana", last_name="Okafor")
    data_import = checked(company, HEADINGS, ("", "Dana", "", "Okafor"))
    assert faults(data_import) == {2: ["Last name: 2 workers have this name. Give the ID#."]}


def test_workers_of_another_company_are_nobody(company, other_company, theirs):
    data_import = checked(company, HEADINGS, ("10482", "Jürgen", "", "Weiß"))
    assert outcomes(data_import) == {2: "create"}


def test_an_id_number_that_stands_twice_in_the_file_is_bad_in_both_lines(company, dana):
    data_import = checked(
        company,
        HEADINGS,
        ("7", "Kim", "", "Lee"),
        ("10482", "Dana", "", "Okafor"),
        (" 7", "Abel", "", "Tesfaye"),
    )
    assert faults(data_import) == {
        2: ["ID#: Line 4 of this file has the same ID#."],
        4: ["ID#: Line 2 of this file has the same ID#."],
    }
    # One that the company has already is no repetition: it says who is meant.
    assert outcomes(data_import)[3] == "leave"


def test_a_name_that_stands_twice_without_id_number_is_bad(company):
    data_import = checked(company, HEADINGS, ("", "Kim", "", "Lee"), ("", "KIM", "", "Lee"))
    reason = "Last name: Line {} of this file has the same name, and neither has an ID#."
    assert faults(data_import) == {2: [reason.format(3)], 3: [reason.format(2)]}


def test_two_rows_about_one_worker_are_told(company, dana):
    data_import = checked(
        company, HEADINGS, ("10482", "Dana", "", "Okafor"), ("", "Dana", "", "Okafor")
    )
    assert faults(data_import) == {3: ["Last name: Line 2 is about the same worker."]}


def test_a_row_that_names_nobody_is_bad(company):
    data_import = checked(company, (*HEADINGS, "E-mail"), ("", "", "", "", "a@b.example"))
    assert faults(data_import) == {2: ["This row names nobody: it has no ID# and no name."]}


def test_an_id_number_alone_is_enough_for_who_is_there(company, dana, welder):
    data_import = checked(company, ("ID#", "Position"), ("10482", "Welder"), ("7", "Welder"))
    assert changes(data_import) == {2: {"Position": ("Crane Operator", "Welder")}}
    assert faults(data_import)[3][0] == (
        "ID#: No worker has this ID#, and a new one needs a first and a last name."
    )


def test_an_id_number_that_seems_to_have_gone_to_somebody_else_is_told(company, dana):
    data_import = checked(company, HEADINGS, ("10482", "Kim", "", "Lee"))
    assert warnings(data_import) == {
        2: ["This ID# is that of Dana Okafor, whose name would change."]
    }


# --- What is said of them --------------------------------------------------------------


def test_an_empty_cell_changes_nothing(company, dana):
    data_import = checked(
        company, (*HEADINGS, "Position", "Active"), ("10482", "Dana", "", "Okafor", "", "")
    )
    assert outcomes(data_import) == {2: "leave"}


def test_all_fields_are_imported(company, dana, crane_operator, calgary_yard):
    headings = (
        *HEADINGS,
        *("E-mail", "Worker type", "Position", "Location", "Division"),
        *("Supervisor's ID#", "Active", "Hired on"),
    )
    applied(
        checked(
            company,
            headings,
            (
                *("00417", "Siobhán", "Q", "O'Brien", "s@northern.example", "Contractor"),
                *("crane operator", "Calgary Yard", "construction", "10482", "No", "31/12/2024"),
            ),
        )
    )
    worker = Worker.objects.get(id_number="00417")
    assert (worker.full_name, worker.email) == ("Siobhán Q O'Brien", "s@northern.example")
    assert (worker.worker_type, worker.is_active) == ("contractor", False)
    assert (worker.position, worker.location) == (crane_operator, calgary_yard)
    assert (worker.supervisor, worker.hired_on.isoformat()) == (dana, "2024-12-31")


def test_each_fault_is_told_under_its_heading(company):
    data_import = checked(
        company,
        ("Badge no", "Given name", "Surname", "Mail", "Start date", "Type", "ID number"),
        ("", "", "Lee", "no mail", "31/31/2024", "Robot", "7"),
        columns={
            "id_number": 6,
            "first_name": 1,
            "last_name": 2,
            "email": 3,
            "hired_on": 4,
            "worker_type": 5,
        },
    )
    assert sorted(faults(data_import)[2]) == [
        "Given name: This field cannot be blank.",
        "Mail: Enter a valid email address.",
        "Start date: “31/31/2024” is no date. Write it like 2026-12-31 or 31/12/2026.",
        "Type: “Robot” is none of: Employee, Contractor.",
    ]


def test_characters_that_no_answer_could_carry_are_refused_by_row(company):
    data_import = checked(
        company,
        HEADINGS,
        ("1", "K\x0bim", "", "Lee"),
        ("2", "A\ufffe", "", "B"),
        ("3", "C", "", "D"),
    )
    assert outcomes(data_import) == {2: "bad", 3: "bad", 4: "create"}
    assert "First name: Remove the character U+000B" in faults(data_import)[2][0]
    assert "First name: Remove the character U+FFFE" in faults(data_import)[3][0]


def test_more_cells_than_headings_are_told(company):
    data_import = checked(company, HEADINGS, ("1", "Kim", "", "Lee", "", "x"))
    assert faults(data_import) == {2: ["This row has 6 cells, and there are 4 headings."]}


def test_dates_are_read_in_the_order_that_was_chosen(company):
    rows = ((*HEADINGS, "Hired on"), ("1", "Kim", "", "Lee", "03/04/2026"))
    applied(checked(company, *rows, date_order="month_first"))
    assert Worker.objects.get().hired_on.isoformat() == "2026-03-04"


def test_numbers_in_the_column_of_id_numbers_are_told(company):
    from tests.workers.test_import_reading import workbook

    cells = [(0, 0, "ID#"), (0, 1, "First name"), (0, 2, "Last name")]
    cells += [(1, 0, 417), (1, 1, "Kim"), (1, 2, "Lee"), (2, 0, "418"), (2, 1, "A"), (2, 2, "B")]
    data_import = checked(company, content=workbook(cells))
    [note] = data_import.notes
    assert note.startswith("The ID# of 1 row is a number in the spreadsheet: zeros in front of")
    applied(data_import)
    assert sorted(Worker.objects.values_list("id_number", flat=True)) == ["417", "418"]


# --- Places ----------------------------------------------------------------------------

PLACES = (*HEADINGS, "Position", "Location", "Division")


def test_places_that_are_not_there_are_listed_and_created_with_their_division(company):
    data_import = checked(
        company,
        PLACES,
        ("1", "A", "", "A", "Rigger", "North Pit", ""),
        ("2", "B", "", "B", "RIGGER", "north pit", "Mining"),
        ("3", "C", "", "C", "", "South Pit", ""),
        ("4", "no mail", "", "", "Never", "Nowhere", ""),
    )
    # What only a bad row names is not created.
    assert data_import.new_places == {
        "divisions": [["Mining", ""]],
        "locations": [["North Pit", "Mining"], ["South Pit", ""]],
        "positions": [["Rigger", ""]],
    }
    assert not Position.objects.exists()
    applied(data_import, leave_out_bad=True)
    assert Location.objects.get(name="North Pit").division == Division.objects.get()
    assert Location.objects.get(name="South Pit").division is None
    assert Worker.objects.filter(position__name="Rigger").count() == 2


def test_places_that_are_not_there_are_refused_when_that_was_chosen(company, crane_operator):
    data_import = checked(
        company,
        PLACES,
        ("1", "A", "", "A", "crane operator", "", ""),
        ("2", "B", "", "B", "Rigger", "", ""),
        create_places=False,
    )
    assert faults(data_import) == {
        3: ["Position: There is no “Rigger” yet. Add it, or choose to create what is missing."]
    }


@pytest.mark.parametrize(
    ("location", "division", "reason"),
    [
        ("Calgary Yard", "Mining", "Division: Calgary Yard is in the division Construction."),
        (
            "Edmonton Depot",
            "Mining",
            "Division: Edmonton Depot is in no division. Put it into one first.",
        ),
        ("", "Mining", "Division: A division belongs to a location; name that too."),
    ],
)
def test_a_division_that_does_not_fit_is_told(
    company, calgary_yard, edmonton_depot, location, division, reason
):
    data_import = checked(company, PLACES, ("1", "A", "", "A", "", location, division))
    assert faults(data_import) == {2: [reason]}


def test_a_column_that_was_taken_for_positions_by_mistake_makes_no_thousand_of_them(company):
    rows = [(str(number), "A", "", "B", f"mail {number}", "", "") for number in range(302)]
    data_import = checked(company, PLACES, *rows)
    assert len(data_import.new_places["positions"]) == 300
    assert faults(data_import)[303] == [
        "Position: These are more than 300 new names. Is this the right column?"
    ]


def test_a_place_with_a_name_that_cannot_be_is_told(company):
    data_import = checked(company, PLACES, ("1", "A", "", "A", "x" * 101, "", ""))
    assert "at most 100 characters" in faults(data_import)[2][0]


# --- Supervisors -----------------------------------------------------------------------

SUPERVISED = (*HEADINGS, "Supervisor's ID#")


def test_a_supervisor_may_come_with_the_same_file_above_or_below(company, dana):
    applied(
        checked(
            company,
            SUPERVISED,
            ("1", "A", "", "A", "2"),
            ("2", "B", "", "B", "10482"),
            ("", "C", "", "C", "1"),
            ("10482", "Dana", "", "Okafor", "2"),
        )
    )
    supervisors = {
        worker.last_name: worker.supervisor.last_name
        for worker in Worker.objects.select_related("supervisor")
    }
    assert supervisors == {"A": "B", "B": "Okafor", "C": "A", "Okafor": "B"}


def test_a_supervisor_who_is_nobody_or_oneself_is_told(company, dana):
    data_import = checked(
        company, SUPERVISED, ("1", "A", "", "A", "99"), ("10482", "Dana", "", "Okafor", "10482")
    )
    assert faults(data_import) == {
        2: ["Supervisor's ID#: No worker has the ID# “99”, here or in this file."],
        3: ["Supervisor's ID#: Choose somebody else: nobody supervises themselves."],
    }


def test_who_is_supervised_by_a_bad_row_is_bad_as_well(company):
    data_import = checked(
        company,
        (*SUPERVISED, "E-mail"),
        ("1", "A", "", "A", "2", ""),
        ("2", "B", "", "B", "3", ""),
        ("3", "C", "", "C", "", "no mail"),
    )
    reason = "Supervisor's ID#: The row of this supervisor, line {}, is bad."
    assert faults(data_import)[2] == [reason.format(3)]
    assert faults(data_import)[3] == [reason.format(4)]
    assert data_import.counts == {"bad": 3, "create": 0}


def test_a_supervisor_who_is_that_already_is_left_alone(company, dana):
    rows = (SUPERVISED, ("1", "A", "", "A", "10482"))
    applied(checked(company, *rows))
    assert outcomes(checked(company, *rows)) == {2: "leave"}


# --- Applied ---------------------------------------------------------------------------


def test_what_is_imported_twice_is_left_alone_the_second_time(company, asked_first_aid):
    rows = (PLACES, ("1", "Kim", "", "Lee", "Crane Operator", "North Pit", "Mining"))
    applied(checked(company, *rows))
    again = checked(company, *rows)
    assert outcomes(again) == {2: "leave"}
    with pytest.raises(imports.NotPossible, match="no row would change anything"):
        imports.import_apply(data_import=again, by=None)


def test_a_move_is_asked_what_is_asked_there(company, asked_first_aid, dana, welder):
    applied(checked(company, ("ID#", "Position"), ("10482", "Welder")))
    assert not dana.requirements.exists()
    applied(checked(company, ("ID#", "Position"), ("10482", "Crane Operator")))
    assert [item.requirement for item in dana.requirements.all()] == [asked_first_aid]


def test_new_workers_are_asked_what_is_asked_where_they_work(company, asked_first_aid):
    applied(
        checked(
            company,
            (*HEADINGS, "Position", "Active"),
            ("1", "A", "", "A", "Crane Operator", ""),
            ("2", "B", "", "B", "Crane Operator", "No"),
        )
    )
    asked = Worker.objects.filter(requirements__requirement=asked_first_aid)
    assert sorted(asked.values_list("last_name", flat=True)) == ["A", "Okafor"]


def test_a_formula_is_a_name_like_any_other(company):
    applied(checked(company, HEADINGS, ("1", "=1+1", "", "@SUM(A1)")))
    assert Worker.objects.get().full_name == "=1+1 @SUM(A1)"
