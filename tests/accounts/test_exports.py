"""Files for spreadsheets: no cell is a formula, whatever anybody has typed."""

import csv
import io
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from accounts import exports

pytestmark = pytest.mark.any_database


def csv_of(rows, header=("A",), **options):
    return b"".join(exports.csv_pieces(header=header, rows=rows, **options)).decode()


def xlsx_of(rows, header=("A",)):
    file = io.BytesIO()
    exports.xlsx_write(file, header=header, rows=rows)
    file.seek(0)
    return file


def sheets(file):
    workbook = CalamineWorkbook.from_filelike(file)
    return [workbook.get_sheet_by_index(index) for index in range(len(workbook.sheet_names))]


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    '=HYPERLINK("http://evil.example")',
]


# --- CSV -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", FORMULAS)
def test_text_like_a_formula_gets_an_apostrophe(text):
    [[_], [cell]] = csv.reader(io.StringIO(csv_of([[text]]), newline=""))
    assert cell == f"'{text}"


@pytest.mark.parametrize("title", ["=1+1"])
def test_a_title_like_a_formula_gets_an_apostrophe(title):
    assert csv_of([], header=[title]) == "'=1+1\r\n"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("00417", "00417"),
        ("O'Brien", "O'Brien"),
        ("a=b", "a=b"),
        ('say "hi"', '"say ""hi"""'),
        ("a,b", '"a,b"'),
        ("Zoë 李", "Zoë 李"),
        ("", '""'),
        (None, '""'),
        (-3, "-3"),
        (Decimal("97.50"), "97.50"),
        (date(2026, 3, 2), "2026-03-02"),
        (datetime(2026, 3, 2, 8, 30, tzinfo=UTC), "2026-03-02T08:30:00+00:00"),
    ],
)
def test_other_cells_stay_as_they_are(cell, text):
    assert csv_of([[cell]]) == f"A\r\n{text}\r\n"


def test_a_byte_order_mark_comes_only_when_asked_for():
    assert csv_of([["x"]]).startswith("A")
    assert csv_of([["x"]], bom=True).startswith("\ufeffA")


def test_many_rows_come_in_pieces_that_are_made_one_by_one():
    asked = []

    def rows():
        for number in range(1000):
            asked.append(number)
            yield [number]

    pieces = exports.csv_pieces(header=["A"], rows=rows())
    assert next(pieces).startswith(b"A\r\n0\r\n1\r\n")
    assert len(asked) == 200
    rest = b"".join(pieces)
    assert rest.startswith(b"200\r\n")
    assert rest.endswith(b"998\r\n999\r\n")


# --- XLSX ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", FORMULAS)
def test_text_like_a_formula_is_text_in_a_workbook_and_stays_so(text):
    file = xlsx_of([[text]])
    with ZipFile(file) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert "<f>" not in sheet
    assert 'quotePrefix="1"' in styles
    file.seek(0)
    # No apostrophe: the file says itself that this is text.
    assert sheets(file)[0].to_python()[1][0].strip() == text.strip()


def test_cells_of_a_workbook_keep_their_kind():
    row = ["00417", -3, Decimal("97.5"), date(2026, 3, 2), None, "", "http://a.example"]
    [sheet] = sheets(xlsx_of([row], header=list("ABCDEFG")))
    assert sheet.to_python()[1] == [
        "00417",
        -3.0,
        97.5,
        date(2026, 3, 2),
        "",
        "",
        "http://a.example",
    ]


def test_a_moment_is_written_without_its_zone():
    [sheet] = sheets(xlsx_of([[datetime(2026, 3, 2, 8, 30, tzinfo=UTC)]]))
    assert sheet.to_python()[1] == [datetime(2026, 3, 2, 8, 30)]  # noqa: DTZ001


def test_text_too_long_for_a_cell_is_cut_and_not_lost():
    [sheet] = sheets(xlsx_of([["x" * 40_000]]))
    assert sheet.to_python()[1] == ["x" * 32_767]


def test_rows_that_do_not_fit_go_on_on_another_sheet(monkeypatch):
    monkeypatch.setattr(exports, "_SHEET_ROWS", 3)
    found = sheets(xlsx_of([[number] for number in range(5)]))
    assert [sheet.to_python() for sheet in found] == [
        [["A"], [0.0], [1.0]],
        [["A"], [2.0], [3.0]],
        [["A"], [4.0]],
    ]


def test_the_memory_of_a_workbook_does_not_grow_with_its_rows():
    def peak(number):
        tracemalloc.start()
        exports.xlsx_write(io.BytesIO(), header=["A"], rows=(["x" * 50] * 4 for _ in range(number)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(10)  # what is made once
    assert peak(6000) < 2 * peak(600) + 200_000


# --- Answers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("workers-2026-03-02", 'attachment; filename="workers-2026-03-02.csv"'),
        ('a\r\nSet-Cookie: x="1"', 'attachment; filename="a Set-Cookie x 1.csv"'),
        ("../../etc/passwd", 'attachment; filename="etc passwd.csv"'),
        ("Zoë", "attachment; filename*=utf-8''Zo%C3%AB.csv"),
        ("///", 'attachment; filename="export.csv"'),
    ],
)
def test_file_names_break_no_header(name, disposition):
    response = exports.csv_response(name=name, header=["A"], rows=[])
    assert response["Content-Disposition"] == disposition
    assert response["Content-Type"] == "text/csv; charset=utf-8"


def test_a_workbook_is_answered_as_one():
    response = exports.xlsx_response(name="workers", header=["A"], rows=[["x"]])
    assert response["Content-Disposition"] == 'attachment; filename="workers.xlsx"'
    assert response["Content-Type"] == (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    [sheet] = sheets(io.BytesIO(response.getvalue()))
    assert sheet.to_python() == [["A"], ["x"]]
