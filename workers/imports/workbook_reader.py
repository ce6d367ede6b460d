"""Read the first sheet of an XLSX file from stdin, and write its rows to stdout.

Run by workbook.py as a program of its own, without Django, under limits of memory and time:
a workbook is a zip file of XML files, and there are files of a hundred kilobytes that make
any reader ask for gigabytes. This way such a file ends the reader and nobody else.

Writes a line of JSON for the sheet ({"sheet", "others", "rows"}), one for each row
([number, [cell, …]]) and null at the end; or {"refused": why, …} instead of the next one.
Cells are text, whole numbers or floats. No formula is ever worked out: what counts is the
value that the program which saved the file has stored beside it.
"""

import io
import posixpath
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, BinaryIO
from xml.parsers import expat

import orjson
import python_calamine

# What stands in a cell whose formula failed. No text that a person typed begins like it.
ERROR = "#ERROR!"

_ZEROS = re.compile("0{2,60}")
_CELL = re.compile("([A-Z]{1,3})([0-9]{1,7})")


class Refused(Exception):
    """The file is not read: why, and what to say about it."""

    def __init__(self, why: str, **about: object):
        super().__init__(why)
        self.about = {"refused": why, **about}


def main(limits: dict[str, int]) -> None:
    _bound(limits["READER_BYTES"], limits["READER_SECONDS"])
    out = sys.stdout.buffer
    try:
        for part in read(io.BytesIO(sys.stdin.buffer.read()), limits):
            out.write(orjson.dumps(part) + b"\n")
        out.write(b"null\n")
    except Refused as refused:
        out.write(orjson.dumps(refused.about) + b"\n")
    except python_calamine.PasswordError:
        out.write(orjson.dumps({"refused": "protected"}) + b"\n")
    except (zipfile.BadZipFile, expat.ExpatError, python_calamine.CalamineError, EOFError):
        out.write(orjson.dumps({"refused": "damaged"}) + b"\n")


def _bound(memory: int, seconds: int) -> None:
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        resource.setrlimit(kind, (most, most))


def read(file: BinaryIO, limits: dict[str, int]) -> Iterator[Any]:
    """Return the sheet, then its rows that hold something."""
    with zipfile.ZipFile(file) as parts:
        _check_parts(parts, limits)
        path = _Relations(parts).first_sheet()
        look = _Look(_padded_styles(parts), limits)
        look.over(parts, path)
    file.seek(0)
    with python_calamine.load_workbook(file) as workbook:
        name = _first_sheet(workbook)
        sheet = workbook.get_sheet_by_name(name)
        yield {
            "sheet": name,
            "others": len(workbook.sheet_names) - 1,
            "rows": sheet.total_height,
        }
        left = sheet.start[1] if sheet.start else 0
        for number, row in enumerate(sheet.iter_rows(), start=1):
            cells = [""] * left + [
                _cell(value, look.special.get((number, column)), limits["CELL_LENGTH"])
                for column, value in enumerate(row, start=left + 1)
            ]
            if any(cell != "" for cell in cells):
                yield [number, cells]


def _check_parts(parts: zipfile.ZipFile, limits: dict[str, int]) -> None:
    infos = parts.infolist()
    names = {info.filename for info in infos}
    if "xl/workbook.xml" not in names:
        raise Refused("no_workbook")
    if len(names) < len(infos):
        raise Refused("damaged")
    if (
        len(infos) > limits["PARTS"]
        or sum(info.file_size for info in infos) > (limits["UNPACKED_BYTES"])
    ):
        raise Refused("unpacked")
    if any(info.flag_bits & 1 for info in infos):
        raise Refused("protected")


def _parse(parts: zipfile.ZipFile, path: str, **handlers: Any) -> None:
    """Go over one XML part. A document type is refused: no such file needs one, and it is
    where entities are declared that grow or that name other files."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise Refused("document_type")

    parser.StartDoctypeDeclHandler = refuse
    for name, handler in handlers.items():
        setattr(parser, name, handler)
    with parts.open(path) as part:
        parser.ParseFile(part)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Relations:
    """Which part of the file is the first sheet that is shown."""

    def __init__(self, parts: zipfile.ZipFile):
        self._targets: dict[str, str] = {}
        self._sheets: list[str] = []
        _parse(parts, "xl/workbook.xml", StartElementHandler=self._sheet)
        if "xl/_rels/workbook.xml.rels" in parts.namelist():
            _parse(parts, "xl/_rels/workbook.xml.rels", StartElementHandler=self._relation)
        self._names = set(parts.namelist())

    def _sheet(self, name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "sheet" and attributes.get("state", "visible") == "visible":
            self._sheets += [value for key, value in attributes.items() if _local(key) == "id"]

    def _relation(self, name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship" and "worksheet" in attributes.get("Type", ""):
            target = attributes.get("Target", "")
            path = target[1:] if target.startswith("/") else posixpath.join("xl", target)
            self._targets[attributes.get("Id", "")] = posixpath.normpath(path)

    def first_sheet(self) -> str:
        for one in self._sheets:
            path = self._targets.get(one)
            if path in self._names:
                return str(path)
        raise Refused("no_sheet")


def _padded_styles(parts: zipfile.ZipFile) -> dict[str, int]:
    """Return the styles that show a number with leading zeros, and how many digits it has."""
    digits: dict[str, int] = {}
    padded: dict[str, int] = {}
    inside: list[str] = []
    number = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal number
        inside.append(_local(name))
        if inside[-1] == "numFmt" and _ZEROS.fullmatch(attributes.get("formatCode", "")):
            digits[attributes.get("numFmtId", "")] = len(attributes["formatCode"])
        elif inside[-2:] == ["cellXfs", "xf"]:
            if attributes.get("numFmtId") in digits:
                padded[str(number)] = digits[attributes["numFmtId"]]
            number += 1

    if "xl/styles.xml" in parts.namelist():
        _parse(
            parts,
            "xl/styles.xml",
            StartElementHandler=start,
            EndElementHandler=lambda _name: inside.pop(),
        )
    return padded


class _Look:
    """A look over a sheet before it is loaded: how far it reaches, and which cells are more
    than their value says: `special` maps (row, column), counted from 1, to the digits that a
    number is shown with, or to 0 where a formula failed."""

    def __init__(self, padded: dict[str, int], limits: dict[str, int]):
        self.special: dict[tuple[int, int], int] = {}
        self._padded = padded
        self._limits = limits
        self._row = self._column = self._last_row = self._last_column = 0
        self._mark: int | None = None

    def over(self, parts: zipfile.ZipFile, path: str) -> None:
        _parse(parts, path, StartElementHandler=self._start)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name not in {"c", "v", "row", "is"}:
            name = _local(name)
        if name == "c":
            self._cell(attributes)
        elif name in {"v", "is"}:
            self._value()
        elif name == "row":
            self._row = int(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0

    def _cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        if place is None:
            self._column += 1
        else:
            match = _CELL.fullmatch(place)
            if match is None:
                raise Refused("damaged")
            self._column, self._row = _column_number(match[1]), int(match[2])
        kind = attributes.get("t", "n")
        self._mark = 0 if kind == "e" else None
        if kind == "n":
            self._mark = self._padded.get(attributes.get("s", ""))

    def _value(self) -> None:
        """Note a cell that holds something; those that only have a look do not count."""
        if self._mark is not None:
            self.special[self._row, self._column] = self._mark
        if self._row > self._last_row:
            self._last_row = self._row
        if self._column > self._last_column:
            self._last_column = self._column
        if self._last_column > self._limits["COLUMNS"]:
            raise Refused("columns", line=self._row)
        if self._last_row > self._limits["ROWS"] + 1:
            raise Refused("rows", line=self._last_row)
        if self._last_row * self._last_column > self._limits["CELLS"]:
            raise Refused("cells", line=self._last_row)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _first_sheet(workbook: python_calamine.CalamineWorkbook) -> str:
    for sheet in workbook.sheets_metadata:
        if (
            sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == python_calamine.SheetVisibleEnum.Visible
        ):
            return sheet.name
    raise Refused("no_sheet")


def _cell(value: object, special: int | None, longest: int) -> str | int | float:
    if special == 0:
        return ERROR
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value, special)
    if isinstance(value, datetime):
        return str(value) if value.time() != datetime.min.time() else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    # One character more, so that somebody can be told that it is too long.
    return str(value)[: longest + 1]


def _number(value: float, digits: int | None) -> str | int | float:
    if not value.is_integer() or abs(value) >= 1e15:
        return value
    return f"{int(value):0{digits}d}" if digits else int(value)


if __name__ == "__main__":
    main(orjson.loads(sys.argv[1]))
