"""Checks of text that people type or import, for every app."""

import re
import zoneinfo
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# What XML 1.0 cannot carry, even escaped (https://www.w3.org/TR/xml/#charsets).
UNCARRIABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BREAKING = re.compile("[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def validate_carriable(value: str) -> None:
    """Refuse characters that an answer in XML could not carry."""
    found = UNCARRIABLE.search(value)
    if found:
        raise ValidationError(
            _("Remove the character U+%(code)s; other programs could not read it."),
            code="uncarriable",
            params={"code": f"{ord(found[0]):04X}"},
        )


def validate_single_line(value: str) -> None:
    """Refuse line breaks and tabs, and what `validate_carriable` refuses."""
    validate_carriable(value)
    if _LINE_BREAKING.search(value):
        raise ValidationError(_("Write this on one line, without tabs."), code="line_break")


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all zones; finding them walks through the file system."""
    return frozenset(zoneinfo.available_timezones())


def validate_time_zone(value: str) -> None:
    if value not in time_zones():
        raise ValidationError(_("Choose a time zone from the list."), code="unknown_time_zone")
