"""What the values of a request mean: days, counts, filters. Pure, like parameters.py.

The bounds and examples here are also what the published description of the API says.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from apicalls.parameters import (
    COMPONENT,
    CURSOR,
    DIVISION,
    DUE_BEFORE,
    FIRST_NAME,
    LAST_NAME,
    LIMIT,
    LOCATION,
    MIDDLE_NAME,
    POSITION,
    REQUIRED_ONLY,
    SINCE,
    STATUS,
    STREAM,
    VALID_THROUGH,
    WITHIN_DAYS,
    WORKER_ID_NUMBER,
    ParameterFault,
)
from workers.compliance import Component, WorkerStatus

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
DEFAULT_WITHIN_DAYS = 30
MAX_WITHIN_DAYS = 366

# ASCII only: int() and date.fromisoformat() take other digits and other spellings too.
_WHOLE = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as the API is described: `schema` is JSON Schema of its value.

    `about` is in English there; pages translate it.
    """

    name: str
    about: str
    example: str
    schema: Mapping[str, Any]


def _text(**more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": 200} | more


_DAY_SCHEMA = {"type": "string", "format": "date"}

_PARAMETERS = (
    Parameter(
        WORKER_ID_NUMBER,
        _("The ID# on the worker's profile. Case does not matter, leading zeros do."),
        "00417",
        _text(minLength=1),
    ),
    Parameter(
        FIRST_NAME, _("The worker's first name, accents included."), "Dana", _text(minLength=1)
    ),
    Parameter(
        MIDDLE_NAME,
        _("The worker's middle name; sent empty for a worker who has none."),
        "",
        _text(),
    ),
    Parameter(LAST_NAME, _("The worker's last name."), "Okafor", _text(minLength=1)),
    Parameter(
        VALID_THROUGH,
        _(
            "Asks also whether the worker stays compliant without interruption through this day, "
            "if nobody changes anything; today or later."
        ),
        "2099-12-31",
        _DAY_SCHEMA,
    ),
    Parameter(
        STATUS,
        _("Only workers with this status."),
        "not_compliant",
        {"type": "string", "enum": [str(one) for one in WorkerStatus]},
    ),
    Parameter(
        COMPONENT,
        _(
            "Only workers who are asked something of this component; their items and components "
            "are narrowed to it, their status and percent are still about everything required."
        ),
        "certificate",
        {"type": "string", "enum": [str(one) for one in Component]},
    ),
    Parameter(
        POSITION, _("Only workers of the position with this name."), "Welder", _text(minLength=1)
    ),
    Parameter(
        LOCATION,
        _("Only workers at the location with this name."),
        "Calgary Yard",
        _text(minLength=1),
    ),
    Parameter(
        DIVISION,
        _("Only workers at locations of the division with this name."),
        "Construction",
        _text(minLength=1),
    ),
    Parameter(
        REQUIRED_ONLY,
        _("true leaves optional items out."),
        "true",
        {"type": "string", "enum": ["true", "false"]},
    ),
    Parameter(
        DUE_BEFORE,
        _(
            "Only workers with a required item whose last valid day is before this day, those "
            "that have expired included."
        ),
        "2099-12-31",
        _DAY_SCHEMA,
    ),
    Parameter(
        SINCE,
        _(
            'Where to begin: the "latest" of an earlier answer, or an instant with its zone. '
            "Without it, at the first change there is."
        ),
        "2026-01-01T00:00:00Z",
        _text(minLength=1, maxLength=200),
    ),
    Parameter(
        WITHIN_DAYS,
        f"How many days ahead to look; {DEFAULT_WITHIN_DAYS} when it is not sent.",
        str(DEFAULT_WITHIN_DAYS),
        {"type": "integer", "minimum": 1, "maximum": MAX_WITHIN_DAYS},
    ),
    Parameter(
        LIMIT,
        f"How many to have in one answer; {DEFAULT_LIMIT} when it is not sent.",
        str(DEFAULT_LIMIT),
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
    ),
    Parameter(
        CURSOR,
        _('Where the page begins. It is in "next" of the page before; never make one yourself.'),
        "",
        _text(minLength=1),
    ),
    Parameter(
        STREAM,
        _(
            "true answers with everybody in one document, as it is read; then there is no limit, "
            "no cursor and no ETag."
        ),
        "true",
        {"type": "string", "enum": ["true", "false"]},
    ),
)
PARAMETERS: Mapping[str, Parameter] = {one.name: one for one in _PARAMETERS}


class InvalidValue(ValueError):
    """A value that is not what its parameter takes; the text says what would be."""


def read_options(values: Mapping[str, str]) -> tuple[dict[str, Any], list[ParameterFault]]:
    """Return the values as what they mean, by name, and the faults of those that are not.

    Days become dates, numbers int, true and false bool; what has no rule stays text.
    """
    read: dict[str, Any] = {}
    faults = []
    for name, text in values.items():
        try:
            read[name] = _READERS.get(name, str)(text.strip())
        except InvalidValue as error:
            faults.append(ParameterFault("invalid_parameter", name, f"{name} {error}"))
    if read.get(STREAM) and (LIMIT in read or CURSOR in read):
        message = "Send stream=true without limit and cursor: it answers with everybody."
        faults.append(ParameterFault("invalid_parameter", STREAM, message))
    return read, faults


def instant(text: str) -> datetime | None:
    """Return the instant in UTC of an ISO 8601 text with its zone, or None when it is none."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidValue("must be a day such as 2026-12-31.")


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if _WHOLE.fullmatch(text) and lowest <= int(text) <= highest:
            return int(text)
        raise InvalidValue(f"must be a whole number from {lowest} to {highest}.")

    return read


def _one_of(choices: Mapping[str, Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if text.lower() in choices:
            return choices[text.lower()]
        raise InvalidValue(f"must be one of {', '.join(choices)}.")

    return read


_FLAG = _one_of({"true": True, "false": False})

_READERS: Mapping[str, Callable[[str], Any]] = {
    VALID_THROUGH: _day,
    STATUS: _one_of({str(one): one for one in WorkerStatus}),
    COMPONENT: _one_of({str(one): one for one in Component}),
    REQUIRED_ONLY: _FLAG,
    DUE_BEFORE: _day,
    WITHIN_DAYS: _whole(1, MAX_WITHIN_DAYS),
    LIMIT: _whole(1, MAX_LIMIT),
    STREAM: _FLAG,
}
