"""From files to rows: encodings, separators, spreadsheets, and files that mean no good."""

import io
import resource
import signal
import subprocess
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from workers.imports import limits
from workers.imports.reading import FileRefused, open_table

FILES = Path(__file__).parent / "files"
HEADINGS = ["ID#", "First name", "Last name", "Position", "Hired on"]
SIOBHAN = ["00417", "Siobhán", "O’Brien", "Crane Operator", "2024-03-01"]
JOSE = ["00418", "José", "Muñoz", "Welder", "2024-03-02"]

SHEET = "xl/worksheets/sheet1.xml"


def read(content):
    if isinstance(content, Path):
        content = content.read_bytes()
    with open_table(content) as table:
        return table, list(table.rows)


def refusal(content):
    with pytest.raises(FileRefused) as raised:
        read(content)
    return str(raised.value)


def workbook(cells=((0, 0, "ID#"), (1, 0, "417"))):
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet()
    for row, column, value in cells:
        sheet.write(row, column, value)
    book.close()
    return file.getvalue()


def with_part(name, content, compression=zipfile.ZIP_DEFLATED):
    """A workbook that is right but for one of its parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(file, "w") as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info.filename, old.read(info))
        new.writestr(name, content, compression)
    return file.getvalue()


def sheet_of(data):
    return (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{data}</sheetData></worksheet>"
    )


# --- CSV -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "utf8-comma.csv",
        "utf8-bom-semicolon.csv",
        "utf16-tab.csv",
        "windows1252-semicolon.csv",
        "separator-line.csv",
    ],
)
def test_encodings_and_separators_are_found_out(name):
    table, rows = read(FILES / name)
    assert table.headings == HEADINGS
    assert [row.cells for row in rows] == [SIOBHAN, JOSE]


def test_a_row_knows_the_line_that_an_editor_shows_it_on():
    _table, rows = read(b'\n\nID#,Note\n1,"two\nlines"\n\n  ,\n2,x\n')
    assert [(row.line, row.cells) for row in rows] == [(4, ["1", "two\nlines"]), (8, ["2", "x"])]


def test_rows_are_as_long_as_the_headings():
    table, rows = read(b"a,b,,\n1\n1,2,,\n1,2,3,\n")
    assert table.headings == ["a", "b"]
    assert [row.cells for row in rows] == [["1", ""], ["1", "2"], ["1", "2", "3"]]


def test_lines_of_an_old_mac_are_lines():
    _table, rows = read(b"a,b\r1,2\r3,4\r")
    assert [row.cells for row in rows] == [["1", "2"], ["3", "4"]]


def test_one_column_needs_no_separator():
    _table, rows = read(b"ID#\n00417\n")
    assert rows[0].cells == ["00417"]


def test_a_formula_is_text_and_an_export_that_neutralised_it_is_read_back():
    _table, rows = read(b"a,b,c\n=1+1,'=1+1,'tis\n")
    assert rows[0].cells == ["=1+1", "=1+1", "'tis"]


# --- XLSX ------------------------------------------------------------------------------


def test_a_workbook_gives_what_its_cells_show():
    table, rows = read(FILES / "workers.xlsx")
    assert table.headings == [*HEADINGS, "Note"]
    assert (table.sheet, table.other_sheets) == ("People", 1)
    assert [(row.line, row.cells) for row in rows] == [
        (2, ["00417", "Siobhán", "O’Brien", "Crane Operator", "2024-03-01", "ab"]),
        # A number shown as 00418 keeps its zeros; a day without a date format is a number.
        (3, ["00418", "José", "Muñoz", "Welder", 45353, "#ERROR!"]),
        # Zeros that no format shows are lost, so it stays a number.
        (4, [419, "Kim", "Lee", "true", "", 1.5]),
    ]


def test_a_table_may_begin_anywhere_on_the_sheet():
    table, rows = read(workbook([(3, 2, "ID#"), (3, 3, "Name"), (5, 2, "7"), (5, 3, "Lee")]))
    assert table.headings == ["", "", "ID#", "Name"]
    assert [(row.line, row.cells) for row in rows] == [(6, ["", "", "7", "Lee"])]


def test_the_first_sheet_that_is_shown_is_read():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("Secret").hide()
        shown = book.add_worksheet("Shown")
        shown.write(0, 0, "ID#")
        shown.write(1, 0, "7")
        shown.activate()
        shown.set_first_sheet()
    table, rows = read(file.getvalue())
    assert (table.sheet, rows[0].cells) == ("Shown", ["7"])


# --- Refused, with what to do ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("picture.xlsx", "This is no table. Save it as an Excel workbook"),
        ("old.xls", "old Excel workbook (.xls). Save it as .xlsx"),
        ("protected.xlsx", "protected by a password. Save it without one"),
        ("no-workbook.xlsx", "no Excel workbook (.xlsx)"),
        ("broken.xlsx", "damaged. Open it in your spreadsheet program, save it anew"),
        ("nul.csv", "it holds NUL bytes. Save the table as “CSV UTF-8”"),
        ("unbalanced-quotes.csv", "Line 3: a quotation mark is opened and not closed"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_what_to_do(name, words):
    assert words in refusal(FILES / name)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "The file is empty", id="nothing"),
        pytest.param(b" \r\n\t\n", "The file is empty", id="blanks"),
        pytest.param(b"\xef\xbb\xbf\n,,\n", "The file is empty", id="only-a-bom"),
        pytest.param(b"<html><body>", "This is no table", id="html"),
        pytest.param(b"%PDF-1.7 ...", "This is no table", id="pdf"),
        pytest.param(b"\xff\xfea\x00\x00\xd8,\x00", "cannot be read as UTF-16", id="surrogate"),
        pytest.param(b"a,b\n\x81\x8d,1\n", "cannot be read as UTF-8", id="no-encoding"),
        pytest.param(b'a,b\n1,"x" y\n', "Line 2: something is wrong with the quot", id="quotes"),
        pytest.param(b"," * 1_000_001 + b"\n", "more than 100 columns", id="million-columns"),
        pytest.param(b"a" * 1_000_001 + b"\n", "Line 1 is too long", id="long-line"),
        pytest.param(b",".join([b"x"] * 101) + b"\n1\n", "more than 100 columns", id="101"),
        pytest.param(b"a\n" + b"x," * 200 + b"x\n", "Line 2 has more than 100", id="wide-row"),
        pytest.param(b"x" * (limits.FILE_BYTES + 1), "larger than 25 MB. Split it", id="size"),
    ],
)
def test_hostile_text_is_refused_with_what_to_do(content, words):
    assert words in refusal(content)


def test_more_rows_than_can_be_imported_are_refused(monkeypatch):
    monkeypatch.setattr(limits, "ROWS", 3)
    assert "reaches to line 5; 3 rows can be imported" in refusal(b"a\n1\n2\n3\n4\n")


def test_more_text_than_can_be_imported_is_refused(monkeypatch):
    monkeypatch.setattr(limits, "TEXT_LENGTH", 10)
    assert "more text than can be imported" in refusal(b"a\n12345\n678901\n")


def test_a_cell_is_cut_where_it_is_too_long_anyway():
    _table, rows = read(b"a\n" + b"x" * 100_000 + b"\n")
    assert len(rows[0].cells[0]) == limits.CELL_LENGTH + 1


@pytest.mark.parametrize(
    ("part", "content", "words"),
    [
        pytest.param(
            SHEET,
            sheet_of('<row r="1"><c r="XFD1"><v>1</v></c></row>'),
            "Line 1 has more than 100 columns",
            id="far-right",
        ),
        pytest.param(
            SHEET,
            sheet_of('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
            "reaches to line 1048576",
            id="far-down",
        ),
        pytest.param(
            SHEET,
            sheet_of(
                '<row r="1"><c r="CV1"><v>1</v></c></row><row r="99999"><c><v>1</v></c></row>'
            ),
            "reaches further than can be imported",
            id="sparse",
        ),
        pytest.param(
            SHEET,
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
            + sheet_of('<row><c t="inlineStr"><is><t>&a;</t></is></c></row>'),
            "document type declaration",
            id="external-entity",
        ),
        pytest.param(
            "xl/workbook.xml",
            '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
            "document type declaration",
            id="billion-laughs",
        ),
        pytest.param(SHEET, "<worksheet><sheetData>", "damaged", id="not-well-formed"),
        pytest.param(SHEET, sheet_of('<row r="x"/>'), "damaged", id="row-is-no-number"),
        pytest.param(SHEET, sheet_of("<row><c r='1A'/></row>"), "damaged", id="cell-is-nowhere"),
        pytest.param(
            SHEET, " " * (limits.UNPACKED_BYTES + 1), "much larger than it looks", id="zip-bomb"
        ),
    ],
)
def test_a_hostile_workbook_is_refused_with_what_to_do(part, content, words):
    assert words in refusal(with_part(part, content))


def test_a_workbook_that_grows_in_memory_ends_the_reader_and_nobody_else(monkeypatch):
    """One text of 5,000 letters in a million cells: a small file, and 5 GB when it is read."""
    cell = '<c t="s"><v>0</v></c>'
    rows = f"<row>{cell * 100}</row>" * 10_000
    strings = f"<sst><si><t>{'x' * 5000}</t></si></sst>"
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook())) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            changed = {SHEET: sheet_of(rows), "xl/sharedStrings.xml": strings}
            new.writestr(info.filename, changed.get(info.filename) or old.read(info))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(file.getvalue()) < 500_000
    assert "too large to be read. Copy the table into a new workbook" in refusal(file.getvalue())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_a_reader_that_takes_too_long_is_stopped(monkeypatch):
    from workers.imports import workbook as reader

    monkeypatch.setitem(reader._LIMITS, "READER_SECONDS", 1)
    rows = '<row><c t="inlineStr"><is><t>x</t></is></c></row>' * 2_000_000
    monkeypatch.setitem(reader._LIMITS, "ROWS", 10_000_000)
    assert "damaged, or too large to be read" in refusal(with_part(SHEET, sheet_of(rows)))


def test_leaving_a_workbook_half_way_stops_its_reader(monkeypatch):
    started = []

    class Popen(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    with open_table(workbook([(row, 0, f"x{row}") for row in range(20_000)])) as table:
        next(table.rows)
    assert [process.returncode for process in started] == [-signal.SIGKILL]
