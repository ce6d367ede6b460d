"""What cells say, and which column is which."""

from datetime import date
from decimal import Decimal

import pytest

from workers.imports import values
from workers.imports.fields import RECORD_FIELDS, WORKER_FIELDS, what_is_missing
from workers.imports.guessing import guess_columns, guess_date_order
from workers.imports.values import Unreadable

LAST_OF_2026 = date(2026, 12, 31)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-12-31",
        "2026-12-31 00:00:00",
        "2026-12-31T23:59:59Z",
        "20261231",
        "2026/12/31",
        "2026.12.31",
        "31 Dec 2026",
        "31-DEC-2026",
        "31. December 2026",
        "December 31, 2026",
        "Dec 31 2026",
        46387,
        "46387",
        46387.75,
    ],
)
@pytest.mark.parametrize("month_first", [True, False])
def test_dates_that_mean_one_thing_only(cell, month_first):
    assert values.day(cell, month_first=month_first) == LAST_OF_2026


@pytest.mark.parametrize("cell", ["03/04/2026", "3.4.2026", "03-04-2026", "03/04/2026 10:00"])
def test_dates_that_mean_what_was_chosen(cell):
    assert values.day(cell, month_first=True) == date(2026, 3, 4)
    assert values.day(cell, month_first=False) == date(2026, 4, 3)


@pytest.mark.parametrize(
    "cell",
    [
        "31/31/2026",
        "2026-02-30",
        "tomorrow",
        "31/12/26",
        "12/2026",
        "٣١/١٢/٢٠٢٦",
        "31 Foo 2026",
        "0000-01-01",
        7,
        999999,
        "12-31.2026",
    ],
)
def test_what_is_no_date_is_told_with_how_to_write_one(cell):
    with pytest.raises(Unreadable) as raised:
        values.day(cell, month_first=False)
    assert "is no date. Write it like 2026-12-31" in str(raised.value)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" 00417 ", "00417"),
        (417, "417"),
        (417.5, "417.5"),
        ("\xa0Lee\xa0", "Lee"),
        (12345678901, "12345678901"),
    ],
)
def test_text_of_a_cell(cell, text):
    assert values.text(cell) == text


def test_a_formula_that_failed_is_no_text():
    with pytest.raises(Unreadable, match="formula in this cell failed"):
        values.text("#ERROR!")


def test_text_that_is_too_long_is_told():
    with pytest.raises(Unreadable, match="longer than 5000 characters"):
        values.text("x" * 5001)


@pytest.mark.parametrize("cell", ["Yes", "y", "TRUE", "1", 1, "Active", "x"])
def test_yes(cell):
    assert values.yes_or_no(cell) is True


@pytest.mark.parametrize("cell", ["No", "n", "false", 0, "Inactive", "Terminated"])
def test_no(cell):
    assert values.yes_or_no(cell) is False


def test_neither_yes_nor_no():
    with pytest.raises(Unreadable, match="“maybe” is neither yes nor no"):
        values.yes_or_no("maybe")


@pytest.mark.parametrize(
    ("cell", "number"), [("92", "92"), ("92.5 %", "92.5"), ("92,25", "92.25"), (100, "100")]
)
def test_numbers(cell, number):
    assert values.number(cell) == Decimal(number)


@pytest.mark.parametrize("cell", ["", "1e5", "NaN", "1_0", "٩", "1.2.3", "9" * 30])
def test_what_is_no_number(cell):
    with pytest.raises(Unreadable, match="is no number"):
        values.number(cell)


def test_a_whole_number_has_no_half():
    assert values.whole_number("50%") == 50
    with pytest.raises(Unreadable, match="no whole number"):
        values.whole_number("50.5")


@pytest.mark.parametrize("cell", ["employee", "Employee", "EMPLOYEE ", "staff"])
def test_one_of_several_by_code_label_or_another_word(cell):
    [field] = [field for field in WORKER_FIELDS if field.name == "worker_type"]
    assert field.value(cell, "day_first") == "employee"


def test_none_of_several_tells_which_there_are():
    [field] = [field for field in WORKER_FIELDS if field.name == "worker_type"]
    with pytest.raises(Unreadable, match="“robot” is none of: Employee, Contractor"):
        field.value("robot", "day_first")


def test_an_empty_cell_says_nothing():
    assert [field.value(" ", "day_first") for field in (*WORKER_FIELDS, *RECORD_FIELDS)] == [
        None
    ] * (len(WORKER_FIELDS) + len(RECORD_FIELDS))


# --- Columns ---------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [WORKER_FIELDS, RECORD_FIELDS], ids=["workers", "records"])
def test_the_headings_of_the_template_are_known(fields):
    kind = "workers" if fields is WORKER_FIELDS else "records"
    headings = [str(field.label) for field in fields]
    expected = {field.name: number for number, field in enumerate(fields)}
    assert guess_columns(kind, headings, {}) == expected


def test_usual_headings_are_known():
    headings = ["EMPLOYEE #", "Given Name", "surname", "Job_Title", "Work Site", "Dept.", "Shoe"]
    assert guess_columns("workers", headings, {}) == {
        "id_number": 0,
        "first_name": 1,
        "last_name": 2,
        "position": 3,
        "location": 4,
        "division": 5,
    }


def test_what_was_chosen_last_goes_before_what_is_usual():
    remembered = {"badge": "", "shoe": "id_number", "surname": "gone"}
    headings = ["Badge", "Shoe", "Surname"]
    assert guess_columns("workers", headings, remembered) == {"id_number": 1}


def test_of_two_columns_for_a_field_the_first_is_taken():
    assert guess_columns("workers", ["ID", "Employee No"], {}) == {"id_number": 0}


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["13/02/2026", "01/02/2026"], "day_first"),
        (["02/13/2026"], "month_first"),
        (["01/02/2026"], "month_first"),  # as last time
        (["13/02/2026", "02/13/2026"], "month_first"),
        (["2026-02-13", 45000, "x"], "month_first"),
    ],
)
def test_the_order_of_dates_is_guessed_from_those_that_tell(cells, order):
    assert guess_date_order([[cell] for cell in cells], "month_first") == order


@pytest.mark.parametrize(
    ("kind", "columns", "words"),
    [
        ("workers", {"first_name": 0}, "Choose the column of the ID#"),
        ("records", {"id_number": 0}, "names the requirement"),
        ("workers", {"id_number": 0}, None),
        ("workers", {"first_name": 0, "last_name": 1}, None),
    ],
)
def test_what_must_be_chosen(kind, columns, words):
    missing = what_is_missing(kind, columns)
    assert missing is None if words is None else words in str(missing)
