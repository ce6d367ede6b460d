"""Tables as files for a spreadsheet, written while they are read.

A spreadsheet runs text that begins like a formula, whoever typed it (OWASP, "CSV
Injection"): no cell made here is ever one.
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

# Numbers and dates stay what they are; everything else is given as text.
Cell = str | int | float | Decimal | date | None

BOM = "\ufeff"
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# What a cell begins with that some spreadsheet takes for a formula. Full-width forms count.
_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")

# Rows per piece of a streamed answer.
_PIECE = 200
# Of Excel: rows of a sheet, characters of a cell.
_SHEET_ROWS = 1_048_576
_CELL_LENGTH = 32_767


def is_for_excel(request: HttpRequest) -> bool:
    """Tell whether a file is asked for with `?for=excel`, which is with a byte order mark."""
    return request.GET.get("for") == "excel"


def csv_response(
    *, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], bom: bool = False
) -> StreamingHttpResponse:
    """Answer with a CSV file called `name`, sent while `rows` are read.

    With a byte order mark Excel reads it as UTF-8 on a double click; programs are better
    off without.
    """
    return StreamingHttpResponse(
        csv_pieces(header=header, rows=rows, bom=bom),
        content_type=CSV_TYPE,
        headers={"Content-Disposition": _disposition(name, "csv")},
    )


def xlsx_response(
    *, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> FileResponse:
    """Answer with an XLSX file called `name`; it is written to disk row by row first."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    try:
        xlsx_write(file, header=header, rows=rows)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    response = FileResponse(file, content_type=XLSX_TYPE)
    response["Content-Disposition"] = _disposition(name, "xlsx")
    return response


def csv_pieces(
    *, header: Sequence[str], rows: Iterable[Sequence[Cell]], bom: bool = False
) -> Iterator[bytes]:
    """Return the file in pieces (RFC 4180, UTF-8)."""
    piece = io.StringIO(newline="")
    piece.write(BOM if bom else "")
    writer = csv.writer(piece)
    writer.writerow([_csv_cell(title) for title in header])
    for number, row in enumerate(rows, start=1):
        writer.writerow([_csv_cell(cell) for cell in row])
        if number % _PIECE == 0:
            yield piece.getvalue().encode()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue().encode()


def xlsx_write(file: IO[bytes], *, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a workbook with one table, whose memory does not grow with its rows.

    What does not fit on a sheet goes on on another.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with Workbook(file, options) as workbook:
        looks = _Looks(workbook)
        sheet, number = _new_sheet(workbook, header, looks), 0
        for row in rows:
            number += 1
            if number == _SHEET_ROWS:
                sheet, number = _new_sheet(workbook, header, looks), 1
            for column, cell in enumerate(row):
                _write(sheet, number, column, cell, looks)


class _Looks:
    """How cells of a workbook look."""

    def __init__(self, workbook: Workbook):
        self.title: Format = workbook.add_format({"bold": True})
        self.day: Format = workbook.add_format({"num_format": "yyyy-mm-dd"})
        # Text for good: Excel keeps it so even when somebody edits the cell.
        self.text: Format = workbook.add_format({"quote_prefix": True})


def _new_sheet(workbook: Workbook, header: Sequence[str], looks: _Looks) -> Worksheet:
    sheet = workbook.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(header):
        sheet.set_column(column, column, max(12, len(title) + 2))
        sheet.write_string(0, column, title, looks.title)
    return sheet


def _write(sheet: Worksheet, row: int, column: int, cell: Cell, looks: _Looks) -> None:
    if isinstance(cell, date):  # a datetime too; Excel knows no zones
        day = cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell
        sheet.write_datetime(row, column, day, looks.day)
    elif isinstance(cell, int | float | Decimal):
        sheet.write_number(row, column, cell)
    elif cell:
        look = looks.text if cell.startswith(_FORMULA_STARTS) else None
        sheet.write_string(row, column, cell[:_CELL_LENGTH], look)


def _csv_cell(cell: Cell) -> Any:
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell.isoformat() if isinstance(cell, date) else cell


def _disposition(name: str, extension: str) -> str:
    """Return the header for a download; a line break in a name would end the answer as a 500."""
    clean = " ".join(re.sub(r"[^\w .()-]+", " ", name).split())[:100].strip(". ")
    return content_disposition_header(True, f"{clean or 'export'}.{extension}") or "attachment"
