"""From the bytes of a file to headings and rows, whatever kind of file it is.

What it is, is told by what it begins with and not by its name. Nothing of it is written
anywhere here, and whatever is wrong with the file as a whole is a FileRefused.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _

from workers.imports import limits

Cell = str | int | float

# How other kinds of files begin, and what to call them.
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NOT_A_TABLE = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"%PDF",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"{\\rtf",
    b"<?xml",
    b"<!DOCTYPE",
    b"<html",
)


class FileRefused(Exception):
    """The file cannot be imported. The message says why, and what to do."""


class Row(NamedTuple):
    """A row that holds something: its line, counted from 1, and one cell for each heading.

    Cells beyond the headings are kept when something stands in them.
    """

    line: int
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """`lines` is how many lines there are at most, the headings' own and empty ones too;
    `sheet` and `other_sheets` are about a workbook."""

    headings: list[str]
    rows: Iterator[Row]
    lines: int
    sheet: str = ""
    other_sheets: int = 0


class Source(NamedTuple):
    """What a kind of file is read into: its rows as they are, the headings' among them."""

    rows: Iterator[Row]
    lines: int
    sheet: str = ""
    other_sheets: int = 0


@contextmanager
def open_table(content: bytes) -> Iterator[Table]:
    """Return the table in the file. Raises FileRefused, also while its rows are read."""
    with _opened(content) as source:
        heading = next(source.rows, None)
        if heading is None:
            raise FileRefused(
                _("The file is empty. Start from the template, which has the headings.")
            )
        headings = [_text(cell).strip() for cell in heading.cells]
        while headings and not headings[-1]:
            headings.pop()
        if len(headings) > limits.COLUMNS:
            raise too_many_columns()
        yield Table(
            headings=headings,
            rows=_bounded(source.rows, len(headings)),
            lines=source.lines,
            sheet=source.sheet,
            other_sheets=source.other_sheets,
        )


def _opened(content: bytes) -> AbstractContextManager[Source]:
    from workers.imports import delimited, workbook

    if len(content) > limits.FILE_BYTES:
        raise too_large()
    if not content.strip():
        raise FileRefused(_("The file is empty. Start from the template, which has the headings."))
    if content.startswith(_ZIP):
        return workbook.opened(content)
    if content.startswith(_OLE):
        raise protected() if _is_protected(content) else _old_workbook()
    if content.lstrip()[:9].lower().startswith(tuple(start.lower() for start in _NOT_A_TABLE)):
        raise FileRefused(
            _("This is no table. Save it as an Excel workbook (.xlsx) or as CSV, and upload that.")
        )
    return delimited.opened(content)


def _bounded(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """Return the rows, evened to the headings, as far as they are few and small enough."""
    length = 0
    for number, row in enumerate(rows, start=1):
        if number > limits.ROWS:
            raise too_many_rows(row.line)
        cells = row.cells[:width] + [""] * (width - len(row.cells))
        more = row.cells[width:]
        while more and more[-1] == "":
            more.pop()
        if len(cells) + len(more) > limits.COLUMNS:
            raise too_many_columns(row.line)
        length += sum(len(cell) for cell in row.cells if isinstance(cell, str))
        if length > limits.TEXT_LENGTH:
            raise FileRefused(
                _("The file holds more text than can be imported at once. Split it in two.")
            )
        yield Row(row.line, cells + more)


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell:g}"


def _is_protected(content: bytes) -> bool:
    return "EncryptedPackage".encode("utf-16-le") in content


# --- Why a file is refused: what is wrong, then what to do --------------------------------


def too_large() -> FileRefused:
    return FileRefused(
        _("The file is larger than %(size)d MB. Split it, and import the parts one by one.")
        % {"size": limits.FILE_BYTES // limits.MEGABYTE}
    )


def too_many_rows(line: int) -> FileRefused:
    return FileRefused(
        _(
            "The file reaches to line %(line)d; %(most)d rows can be imported at once. "
            "Delete what stands below the table, or split it."
        )
        % {"line": line, "most": limits.ROWS}
    )


def too_many_columns(line: int = 1) -> FileRefused:
    return FileRefused(
        _(
            "Line %(line)d has more than %(most)d columns. Delete what stands to the right "
            "of the table."
        )
        % {"line": line, "most": limits.COLUMNS}
    )


def protected() -> FileRefused:
    return FileRefused(
        _("The workbook is protected by a password. Save it without one, and upload it again.")
    )


def _old_workbook() -> FileRefused:
    return FileRefused(
        _("This is an old Excel workbook (.xls). Save it as .xlsx, and upload that.")
    )
