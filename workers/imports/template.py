"""The workbook to start from: headings, columns that keep what is typed, and how to fill them."""

import io
from collections.abc import Iterable

from django.utils.translation import gettext as _
from xlsxwriter import Workbook

from workers import labels
from workers.imports.fields import ImportField, fields_of
from workers.imports.models import ImportKind
from workers.models import WorkerType

# The number of Excel's own format for text.
_EXCEL_TEXT = 49

# Rows that are made ready; more can be filled in.
_ROWS = 1000
# Excel takes what looks like a number for one, and drops its zeros.
_TEXT = {"id_number", "supervisor", "certificate_number"}


def workbook(kind: str) -> io.BytesIO:
    """Return the template as an XLSX file; its first sheet is the one that is read."""
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        title = book.add_format({"bold": True, "bottom": 1})
        text = book.add_format({"num_format": _EXCEL_TEXT})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet(str(ImportKind(kind).label))
        sheet.freeze_panes(1, 0)
        for column, field in enumerate(fields_of(kind)):
            look = text if field.name in _TEXT else day if field.is_day else None
            sheet.set_column(column, column, max(14, len(str(field.label)) + 2), look)
            sheet.write_string(0, column, str(field.label), title)
            choices = _choices(field)
            if choices:
                sheet.data_validation(
                    1, column, _ROWS, column, {"validate": "list", "source": choices}
                )
        help_sheet = book.add_worksheet(_("How to fill it in"))
        help_sheet.set_column(0, 0, 22)
        help_sheet.set_column(1, 1, 20)
        help_sheet.set_column(2, 2, 90)
        for column, heading in enumerate((_("Column"), _("Example"), _("What it is"))):
            help_sheet.write_string(0, column, heading, title)
        for row, field in enumerate(fields_of(kind), start=1):
            for column, told in enumerate((str(field.label), field.example, _help(field))):
                help_sheet.write_string(row, column, told)
    file.seek(0)
    return file


def _choices(field: ImportField) -> list[str]:
    """Return the values that Excel offers in a list, [] where anything can be typed."""
    values: dict[str, Iterable[object]] = {
        "worker_type": WorkerType.labels,
        "is_active": [_("Yes"), _("No")],
        "component": list(labels.COMPONENTS.values()),
        "state": list(labels.RECORD_STATES.values()),
    }
    return [str(value) for value in values.get(field.name, [])]


def _help(field: ImportField) -> str:
    if field.is_day:
        return _("A date, best written year first. An empty cell changes nothing.")
    choices = _choices(field)
    if choices:
        return _("One of: %(choices)s.") % {"choices": ", ".join(choices)}
    return {
        "id_number": _("Your own number of the worker. Zeros in front count: 00417 is not 417."),
        "first_name": _("Needed for a worker who is not here yet, and where there is no ID#."),
        "last_name": _("Needed for a worker who is not here yet, and where there is no ID#."),
        "location": _("Where the worker works. One that is new can be created by the import."),
        "position": _("What the worker does. One that is new can be created by the import."),
        "division": _("The division of the location, for a location that is new."),
        "supervisor": _("The ID# of another worker, here or in the same file."),
        "requirement": _("The name of a requirement that is set up here."),
    }.get(field.name, _("An empty cell changes nothing."))
