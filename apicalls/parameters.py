"""What a caller may send: the Website Address as a template, and the query string back.

Pure functions without ORM. The raw query string is read here and not by Django, which
turns undecodable bytes into U+FFFD, takes the last of two values and drops misspelt names.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

WORKER_ID_NUMBER = "workerIDNumber"
FIRST_NAME = "firstName"
MIDDLE_NAME = "middleName"
LAST_NAME = "lastName"

VALID_THROUGH = "validThrough"
STATUS = "status"
COMPONENT = "component"
POSITION = "position"
LOCATION = "location"
DIVISION = "division"
REQUIRED_ONLY = "requiredOnly"
DUE_BEFORE = "dueBefore"
SINCE = "since"
WITHIN_DAYS = "withinDays"
LIMIT = "limit"
CURSOR = "cursor"
STREAM = "stream"

# What can be ticked, and the published spelling of what each box makes a caller send.
LOOKUPS: Mapping[str, tuple[str, ...]] = {
    "id_number": (WORKER_ID_NUMBER,),
    "full_name": (FIRST_NAME, MIDDLE_NAME, LAST_NAME),
    "status": (STATUS,),
    "component": (COMPONENT,),
    "position": (POSITION,),
    "location": (LOCATION,),
    "division": (DIVISION,),
    "required_only": (REQUIRED_ONLY,),
    "due_before": (DUE_BEFORE,),
    "since": (SINCE,),
    "within_days": (WITHIN_DAYS,),
}
# What may be sent to each document whether it is ticked or not: it asks for less, or for
# the same in another way, and never for somebody else.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "worker-compliance": (VALID_THROUGH,),
    "compliance-roster": (
        *(STATUS, COMPONENT, POSITION, LOCATION, DIVISION, REQUIRED_ONLY, DUE_BEFORE),
        *(LIMIT, CURSOR, STREAM),
    ),
    "compliance-changes": (SINCE, LIMIT),
    "expiring-requirements": (WITHIN_DAYS, LIMIT, CURSOR),
    "verify": (),
}
# The document that is about one worker, who must be named: unticked names are refused there.
_OF_ONE_WORKER = "worker-compliance"
PARAMETER_NAMES = tuple(
    dict.fromkeys(name for names in (*LOOKUPS.values(), *OPTIONS.values()) for name in names)
)

# "middleName=" says that the worker has no middle name; nothing else may be empty.
_MAY_BE_EMPTY = frozenset({MIDDLE_NAME})
_MAX_VALUE_LENGTH = 200
_MAX_SHOWN_LENGTH = 50
# So that the answer to thousands of wrong parameters stays a page long.
_MAX_FAULTS = 20

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
# "{workerIDNumber}", and the "{{workerIDNumber}}" of Postman's variables.
_PLACEHOLDER = re.compile(r"\{\{?\s*\w+\s*\}?\}")

FaultCode = Literal[
    "missing_parameter", "unknown_parameter", "repeated_parameter", "invalid_parameter"
]


@dataclass(frozen=True, slots=True)
class ParameterFault:
    """One parameter that is not as the call asks for it, and what to do about that."""

    code: FaultCode
    parameter: str
    message: str


@dataclass(slots=True)
class ReadParameters:
    """Values by published name; whatever is wrong is in `faults`, in the order sent."""

    values: dict[str, str] = field(default_factory=dict)
    faults: list[ParameterFault] = field(default_factory=list)


def parameter_names(lookups: Iterable[str]) -> tuple[str, ...]:
    """Return the names of all these lookups, in the same order."""
    return tuple(name for lookup in lookups for name in LOOKUPS[lookup])


def is_ready(document: str, names: Sequence[str]) -> bool:
    """Tell whether a call with the ticked parameters `names` can be answered."""
    return bool(names) or document != _OF_ONE_WORKER


def website_address(site_url: str, path: str, names: Sequence[str]) -> str:
    """Return the address as an RFC 6570 template with exactly the parameters `names`."""
    query = "&".join(f"{name}={{{name}}}" for name in names)
    return f"{site_url}{path}" + (f"?{query}" if query else "")


def read_parameters(
    query_string: bytes, names: Sequence[str], options: Sequence[str] = ()
) -> ReadParameters:
    """Read `query_string` as a call with the parameters `names` must send it.

    Names match without regard to case. Each of `names` must be there once, each of
    `options` may be, and nothing else; what is not gets a fault that names the parameter.
    After 20 faults the rest is not looked at.
    """
    read = ReadParameters()
    published = {name.lower(): name for name in (*names, *options)}
    for part in filter(None, query_string.split(b"&")):
        _read_one(part, published, read)
        if len(read.faults) == _MAX_FAULTS:
            return read
    told = {fault.parameter for fault in read.faults}
    read.faults += [
        ParameterFault("missing_parameter", name, _missing(name))
        for name in names
        if name not in read.values and name not in told
    ]
    return read


def _read_one(part: bytes, published: Mapping[str, str], read: ReadParameters) -> None:
    raw_name, _, raw_value = part.partition(b"=")
    sent_name = _decoded(raw_name)
    name = published.get(sent_name.lower()) if sent_name is not None else None
    if name is None:
        read.faults.append(_unknown(sent_name, raw_name, published))
        return
    value = _decoded(raw_value)
    told = {fault.code for fault in read.faults if fault.parameter == name}
    if "repeated_parameter" in told:
        return
    if name in read.values or told:
        fault = ParameterFault("repeated_parameter", name, f"Send {name} once; it was sent twice.")
    elif complaint := _complaint(name, value):
        fault = ParameterFault("invalid_parameter", name, complaint)
    else:
        read.values[name] = value or ""
        return
    read.values.pop(name, None)
    read.faults.append(fault)


def _complaint(name: str, value: str | None) -> str:
    """Return what is wrong with the value, or ""."""
    if value is None:
        return f"{name} is not percent-encoded UTF-8. Encode its value as UTF-8, then escape it."
    if _CONTROL.search(value):
        return f"{name} holds a control character. Remove it."
    if len(value) > _MAX_VALUE_LENGTH:
        return f"{name} is longer than {_MAX_VALUE_LENGTH} characters."
    if _PLACEHOLDER.fullmatch(value.strip()):
        return (
            f"{name} still reads {value.strip()[:_MAX_SHOWN_LENGTH]}. "
            "Put the worker's value in its place."
        )
    if not value.strip() and name not in _MAY_BE_EMPTY:
        return f"{name} is empty. Send the worker's value."
    return ""


def _missing(name: str) -> str:
    if name in _MAY_BE_EMPTY:
        return f"Send {name}; leave its value empty for a worker who has none."
    return f"Send {name}."


def _unknown(
    sent_name: str | None, raw_name: bytes, published: Mapping[str, str]
) -> ParameterFault:
    expected = ", ".join(published.values()) or "none"
    if sent_name is None or _CONTROL.search(sent_name):
        shown = raw_name.decode("ascii", "backslashreplace")
        message = f"This name is not readable text. The parameters of this call are: {expected}."
        return ParameterFault("invalid_parameter", _shortened(shown), message)
    if sent_name.lower() in {name.lower() for name in PARAMETER_NAMES}:
        message = (
            f"This call does not take {sent_name}: it is not ticked under Parameters. "
            f"The parameters of this call are: {expected}."
        )
    else:
        message = f"There is no such parameter. The parameters of this call are: {expected}."
    return ParameterFault("unknown_parameter", _shortened(sent_name), message)


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN_LENGTH else text[:_MAX_SHOWN_LENGTH] + "…"


def _decoded(raw: bytes) -> str | None:
    """Return the text of a percent-encoded part, or None when it is not UTF-8."""
    if _BAD_ESCAPE.search(raw):
        return None
    plain = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), raw.replace(b"+", b" "))
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return None
