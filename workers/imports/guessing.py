"""Which column is which field, as far as headings and cells tell."""

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy

from workers.imports.fields import fields_of
from workers.imports.models import DateOrder
from workers.imports.reading import Cell
from workers.imports.values import plain_words

_BOTH = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-]\d{4}(?: .*)?", re.ASCII)

# The heading that a file of bad rows adds. It is no field, so the column is left out.
REASON = gettext_lazy("What is wrong")


def guess_columns(
    kind: str, headings: Sequence[str], remembered: Mapping[str, str]
) -> dict[str, int]:
    """Return field name -> column number.

    What the company chose for a heading last goes before what is usual; of two columns for
    one field the first is taken. `remembered` maps a heading in plain form to a field's
    name, or to "" when it was left out.
    """
    usual = {
        word: field.name
        for field in reversed(fields_of(kind))
        for word in (*field.other_words, *plain_words([str(field.label)]))
    }
    known = usual | dict(remembered)
    names = {field.name for field in fields_of(kind)}
    columns: dict[str, int] = {}
    for number, heading in enumerate(plain_words(headings)):
        name = known.get(heading, "")
        if name in names and name not in columns:
            columns[name] = number
    return columns


def guess_date_order(rows: Sequence[Sequence[Cell]], otherwise: str) -> str:
    """Return the order in which all dates that tell can be read, else `otherwise`."""
    pairs = [
        (int(match[1]), int(match[2]))
        for row in rows
        for cell in row
        if isinstance(cell, str) and (match := _BOTH.fullmatch(cell.strip()))
    ]
    day_first = any(first > 12 >= second for first, second in pairs)
    month_first = any(second > 12 >= first for first, second in pairs)
    if day_first == month_first:
        return otherwise
    return DateOrder.DAY_FIRST if day_first else DateOrder.MONTH_FIRST
