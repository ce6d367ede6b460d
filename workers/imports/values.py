"""From the text of a cell to a value. Pure: no ORM, no HTTP.

All raise Unreadable, whose message completes "this cell is bad because …".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from workers.folding import fold
from workers.imports import limits
from workers.imports.reading import Cell
from workers.imports.workbook_reader import ERROR


class Unreadable(Exception):
    """The cell does not hold what its column is for."""


# Excel counts days from here, as far as its dates can be told from other numbers.
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_DAYS = range(3_654, 109_574)  # 1910 to 2199
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?: [0-9:.]+)?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([./])(\d{1,2})\2(\d{1,2})", re.ASCII)
_DAY_NAMED = re.compile(r"(\d{1,2})[ .-]+([A-Za-z]{3,9})[ .,-]+(\d{4})", re.ASCII)
_MONTH_NAMED = re.compile(r"([A-Za-z]{3,9})[ .-]+(\d{1,2})[ ,.-]+(\d{4})", re.ASCII)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

_YES = frozenset(
    {"yes", "y", "true", "1", "x", "active", "current", "employed", "ja", "j", "oui", "o", "si"}
)
_NO = frozenset(
    {"no", "n", "false", "0", "inactive", "former", "left", "terminated", "nein", "non"}
)


def text(cell: Cell) -> str:
    """Return what stands in the cell; a whole number without a decimal point."""
    if isinstance(cell, float):
        return f"{cell:.15g}"
    found = str(cell).strip()
    if found == ERROR:
        raise Unreadable(_("The formula in this cell failed. Write the value itself."))
    if len(found) > limits.CELL_LENGTH:
        raise Unreadable(
            _("This is longer than %(most)d characters.") % {"most": limits.CELL_LENGTH}
        )
    return found


def day(cell: Cell, *, month_first: bool) -> date:
    """Return the date in the cell.

    ISO, with the month's English name, and Excel's count of days mean one thing only; for
    12/31/2026 it must be known whether the month comes first.
    """
    found = text(cell)
    if re.fullmatch("[0-9]{1,6}(?:[.][0-9]+)?", found):
        return _of_excel(found)
    for pattern, places in (
        (_ISO, (1, 2, 3)),
        (_COMPACT, (1, 2, 3)),
        (_YEAR_FIRST, (1, 3, 4)),
        (_NUMBERS, (4, 1, 3) if month_first else (4, 3, 1)),
    ):
        if (match := pattern.fullmatch(found)) is not None:
            year, month, number = (int(match[place]) for place in places)
            return _day(found, year, month, number, month_first=month_first)
    if (match := _DAY_NAMED.fullmatch(found)) is not None:
        return _day(found, int(match[3]), _month(match[2]), int(match[1]), month_first=month_first)
    if (match := _MONTH_NAMED.fullmatch(found)) is not None:
        return _day(found, int(match[3]), _month(match[1]), int(match[2]), month_first=month_first)
    raise _no_day(found, month_first=month_first)


def _of_excel(found: str) -> date:
    number = int(float(found))
    if number not in _EXCEL_DAYS:
        raise Unreadable(
            _("“%(cell)s” is no date. Write it like 2026-12-31.") % {"cell": _short(found)}
        )
    return _EXCEL_EPOCH + timedelta(days=number)


def _month(name: str) -> int:
    """Return the number of the month, 0 when there is none of that name."""
    found = [
        number
        for number, month in enumerate(_MONTHS, start=1)
        if month == name.lower() or month[:3] == name.lower() or name.lower() == month[:4]
    ]
    return found[0] if found else 0


def _day(found: str, year: int, month: int, number: int, *, month_first: bool) -> date:
    try:
        return date(year, month, number)
    except ValueError:
        raise _no_day(found, month_first=month_first) from None


def _no_day(found: str, *, month_first: bool) -> Unreadable:
    example = "12/31/2026" if month_first else "31/12/2026"
    return Unreadable(
        _("“%(cell)s” is no date. Write it like 2026-12-31 or %(example)s.")
        % {"cell": _short(found), "example": example}
    )


def yes_or_no(cell: Cell) -> bool:
    found = fold(text(cell))
    if found in _YES:
        return True
    if found in _NO:
        return False
    raise Unreadable(_("“%(cell)s” is neither yes nor no.") % {"cell": _short(found)})


def number(cell: Cell) -> Decimal:
    """Return a number; a percent sign behind it and a decimal comma are fine."""
    found = text(cell).removesuffix("%").strip().replace(",", ".")
    if not re.fullmatch("-?[0-9]{1,9}(?:[.][0-9]{1,15})?", found):
        raise Unreadable(_("“%(cell)s” is no number.") % {"cell": _short(text(cell))})
    return Decimal(found).quantize(Decimal("0.01"))


def whole_number(cell: Cell) -> int:
    value = number(cell)
    if value != value.to_integral_value():
        raise Unreadable(_("“%(cell)s” is no whole number.") % {"cell": _short(text(cell))})
    return int(value)


def one_of(
    labels: Mapping[str, str | Promise], more: Mapping[str, str] | None = None
) -> Callable[[Cell], str]:
    """Return a function that reads a value by its code or label; `more`: other words for it."""

    def read(cell: Cell) -> str:
        found = _plain(text(cell))
        for value, label in labels.items():
            if found in {_plain(value), _plain(str(label))}:
                return str(value)
        if more and found in more:
            return more[found]
        raise Unreadable(
            _("“%(cell)s” is none of: %(choices)s.")
            % {
                "cell": _short(text(cell)),
                "choices": ", ".join(str(label) for label in labels.values()),
            }
        )

    return read


def plain_words(headings: Iterable[str]) -> list[str]:
    """Return each heading as it is compared: folded, letters and digits only."""
    return [_plain(heading) for heading in headings]


@lru_cache(maxsize=4096)
def _plain(words: str) -> str:
    return re.sub(r"[\W_]+", "", fold(words.replace("#", " number ")))


def _short(found: str) -> str:
    return found if len(found) <= 60 else f"{found[:59]}…"
