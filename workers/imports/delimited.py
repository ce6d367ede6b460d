"""CSV files as programs and people make them: encodings, separators, quotation marks."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from workers.imports import limits
from workers.imports.reading import Cell, FileRefused, Row, Source, too_many_columns

_SEPARATORS = (",", ";", "\t")
# Excel's own way to say which it is: "sep=;" on a line before the headings.
_SEPARATOR_LINE = re.compile("sep=([,;\t])\r?\n?", re.IGNORECASE)
# An export puts the quotation mark before text that a spreadsheet would take for a formula.
_NEUTRALISED = re.compile("'[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_PIECE = limits.MEGABYTE


@contextmanager
def opened(content: bytes) -> Iterator[Source]:
    encoding = _encoding(content)
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")
    lines = max(content.count(b"\n"), content.count(b"\r")) + 1
    first = text.readline(limits.LINE_LENGTH)
    if (said := _SEPARATOR_LINE.fullmatch(first)) is not None:
        separator, skipped = said[1], 1
    else:
        text.seek(0)
        separator, skipped = _separator(text), 0
        text.seek(0)
    yield Source(rows=_rows(text, separator, skipped), lines=lines)


def _encoding(content: bytes) -> str:
    """Return the encoding of a file all of which can be read in it."""
    if content.startswith(codecs.BOM_UTF8):
        return _readable(content, "utf-8-sig") or _refuse_encoding("UTF-8")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _readable(content, "utf-16") or _refuse_encoding("UTF-16")
    if b"\0" in content:
        raise _no_text()
    return (
        _readable(content, "utf-8")
        or _readable(content, "cp1252")
        or _refuse_encoding("UTF-8, Windows-1252")
    )


def _readable(content: bytes, encoding: str) -> str | None:
    """Return the encoding when the whole file can be read in it, a piece at a time."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(content), _PIECE):
            piece = decoder.decode(content[start : start + _PIECE])
            if "\0" in piece:
                raise _no_text()
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return encoding


def _refuse_encoding(encoding: str) -> str:
    raise FileRefused(
        _(
            "The characters of the file cannot be read as %(encoding)s. In Excel, save it as "
            "“CSV UTF-8” or as an Excel workbook (.xlsx)."
        )
        % {"encoding": encoding}
    )


def _no_text() -> FileRefused:
    return FileRefused(
        _(
            "This is no text file: it holds NUL bytes. Save the table as “CSV UTF-8” or as an "
            "Excel workbook (.xlsx), and upload that."
        )
    )


def _separator(text: io.TextIOWrapper) -> str:
    """Return what separates most cells of the first line that holds something."""
    for line in _lines(text):
        if line.strip():
            found = {
                separator: len(next(csv.reader([line], delimiter=separator), []))
                for separator in _SEPARATORS
            }
            return max(_SEPARATORS, key=lambda separator: found[separator])
    return ","


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while line := text.readline(limits.LINE_LENGTH):
        number += 1
        if len(line) == limits.LINE_LENGTH:
            raise _long_line(number, line)
        yield line


def _long_line(number: int, line: str) -> FileRefused:
    if max(line.count(separator) for separator in _SEPARATORS) > limits.COLUMNS:
        return too_many_columns(number)
    return FileRefused(
        _("Line %(line)d is too long. Is a line break missing, or is this no CSV file?")
        % {"line": number}
    )


def _rows(text: io.TextIOWrapper, separator: str, skipped: int) -> Iterator[Row]:
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    while True:
        line = skipped + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _broken(line, skipped + reader.line_num) from error
        if cells is None:
            return
        if len(cells) > limits.COLUMNS and any(cells[limits.COLUMNS :]):
            raise too_many_columns(line)
        if any(cell.strip() for cell in cells):
            yield Row(line, [_cell(cell) for cell in cells])


def _broken(first: int, last: int) -> FileRefused:
    """Say where the quotation mark is: the row begins at `first`, and at `last` it is over."""
    if first == last:
        return FileRefused(
            _(
                "Line %(line)d: something is wrong with the quotation marks. Inside a value "
                "that stands in quotation marks, write each of them twice."
            )
            % {"line": first}
        )
    return FileRefused(
        _("Line %(line)d: a quotation mark is opened and not closed. Close it, or leave it out.")
        % {"line": first}
    )


def _cell(text: str) -> Cell:
    if _NEUTRALISED.match(text):
        text = text[1:]
    # One character more, so that somebody can be told that it is too long.
    return text[: limits.CELL_LENGTH + 1]
