"""XLSX files, read by a program of its own (workbook_reader.py) that may fail or be stopped."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson
from django.utils.translation import gettext as _

from workers.imports import limits
from workers.imports.reading import (
    FileRefused,
    Row,
    Source,
    protected,
    too_many_columns,
    too_many_rows,
)

_READER = Path(__file__).with_name("workbook_reader.py")
_LIMITS = {name: value for name, value in vars(limits).items() if name.isupper()}


@contextmanager
def opened(content: bytes) -> Iterator[Source]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        reader = subprocess.Popen(  # noqa: S603 (our own program, and no part of the file)
            [sys.executable, "-I", str(_READER), orjson.dumps(_LIMITS).decode()],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    try:
        assert reader.stdout is not None  # noqa: S101 (for the types)
        about = _next(reader.stdout)
        yield Source(
            rows=_rows(reader.stdout),
            lines=about["rows"],
            sheet=about["sheet"][:200],
            other_sheets=about["others"],
        )
    finally:
        reader.kill()
        reader.communicate()


def _rows(lines: IO[bytes]) -> Iterator[Row]:
    while (found := _next(lines)) is not None:
        yield Row(*found)


def _next(lines: IO[bytes]) -> Any:
    line = lines.readline()
    if not line.endswith(b"\n"):
        # It ended by itself: one of its limits, or a fault in the file that it fell over.
        raise FileRefused(
            _(
                "The workbook is damaged, or too large to be read. Copy the table into a new "
                "workbook, or save it as “CSV UTF-8”, and upload that."
            )
        )
    found = orjson.loads(line)
    if isinstance(found, dict) and "refused" in found:
        raise _refused(found["refused"], found.get("line", 1))
    return found


def _refused(why: str, line: int) -> FileRefused:
    if why == "protected":
        return protected()
    if why == "columns":
        return too_many_columns(line)
    if why == "rows":
        return too_many_rows(line)
    return FileRefused(
        {
            "no_workbook": _(
                "This is no Excel workbook (.xlsx). Open it in your spreadsheet program, save it "
                "as .xlsx or CSV, and upload that."
            ),
            "no_sheet": _("The workbook has no sheet with a table that is shown."),
            "unpacked": _(
                "The workbook is much larger than it looks when it is unpacked. Copy the table "
                "alone into a new workbook, or save it as CSV."
            ),
            "cells": _(
                "The sheet reaches further than can be imported at once. Delete what stands below "
                "and to the right of the table, or split it."
            ),
            "document_type": _(
                "The workbook holds a document type declaration, which Excel never writes. Save "
                "it anew with your spreadsheet program."
            ),
        }.get(
            why,
            _(
                "The workbook is damaged. Open it in your spreadsheet program, save it anew, and "
                "upload that."
            ),
        )
    )
