"""What is wrong with an Authorization header that a program sends, and whose it is meant to be.

For an admin of the company, who pastes it on a page or reads of it in the request log; the API
itself tells an outside caller no more than its problem documents do. Pure, but for the look-up
that the caller hands in. Nothing here raises, so that no traceback shows what was sent.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from apicalls.credentials import (
    CLIENT_KEY_LENGTH,
    CLIENT_SECRET_LENGTH,
    Authorization,
    ClientSecret,
    has_checksum,
    is_amx,
    parse_amx,
)

# What is looked at: more than any header is long.
MAX_LENGTH = 4000


class Mistake(StrEnum):
    """One kind of mistake; kit/advice.py says what to do about each."""

    EMPTY = "empty"
    SENT_TWICE = "sent_twice"
    NAME_INSIDE = "name_inside"
    PLACEHOLDER = "placeholder"
    INVISIBLE = "invisible"
    NOT_ASCII = "not_ascii"
    QUOTES = "quotes"
    BASIC = "basic"
    BASIC_WITH_PAIR = "basic_with_pair"
    BEARER = "bearer"
    OTHER_SCHEME = "other_scheme"
    NO_SCHEME = "no_scheme"
    NO_SPACE = "no_space"
    NO_COLON = "no_colon"
    SWAPPED = "swapped"
    KEY_LENGTH = "key_length"
    SECRET_SHORT = "secret_short"  # noqa: S105
    SECRET_LONG = "secret_long"  # noqa: S105
    SECRET_CASE = "secret_case"  # noqa: S105
    TYPING_ERROR = "typing_error"
    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    WRONG_SECRET = "wrong_secret"  # noqa: S105
    ENDED = "ended"
    ANOTHER_CALL = "another_call"


class Standing(StrEnum):
    """What the company's credentials say of a well-formed pair."""

    RIGHT = "right"
    UNKNOWN_KEY = "unknown_key"
    WRONG_SECRET = "wrong_secret"  # noqa: S105
    ENDED = "ended"
    ANOTHER_CALL = "another_call"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`mistake` is None for a header that is right. `about` names what it is about: the other
    call, or since when a pair has ended."""

    mistake: Mistake | None
    about: str = ""


Look = Callable[[str, ClientSecret], tuple[Standing, str]]

_LINE = re.compile(r"(?i)^\s*(?:proxy-)?authorization\s*:\s*(.*?)\s*$", re.MULTILINE)
_IN_COMMAND = re.compile(r"(?i)(['\"])authorization\s*:\s*(.*?)\1", re.DOTALL)
_INVISIBLE = re.compile(
    "[\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff\x00-\x08\x0a-\x1f\x7f]"
)
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"
_PLACEHOLDER = re.compile(r"(?i)client[_ ]?(key|secret)|[{}<>]|\u2022|\*{3,}")
_KEY = re.compile(rf"[0-9A-Fa-f]{{{CLIENT_KEY_LENGTH}}}")
# A key as a word of its own, or right behind an amx that lacks its space.
_KEY_INSIDE = re.compile(
    rf"(?i)(?:(?<![0-9a-z])|(?<=\bamx))[0-9a-f]{{{CLIENT_KEY_LENGTH}}}(?![0-9a-z])"
)
_PAIR = re.compile(r"(?i)\bamx\b")


def header_in(pasted: str) -> list[str]:
    """Return the header values in what was pasted: a value, header lines, or a curl command."""
    text = pasted[:MAX_LENGTH].strip("\r\n")
    in_command = [match[2].strip() for match in _IN_COMMAND.finditer(text)]
    if in_command:
        return in_command
    return [match[1] for match in _LINE.finditer(text)] or [text]


def diagnose(pasted: str, look: Look) -> Verdict:
    """Return the first mistake in what was pasted, from the outside of the header inwards.

    `look` tells of a Client Key and a secret how they stand; it is asked only when
    everything else is right.
    """
    values = header_in(pasted)
    mistake = Mistake.SENT_TWICE if len(values) > 1 else mistake_in(values[0])
    if mistake is not None:
        return Verdict(mistake)
    authorization = parse_amx(_bytes(values[0]))
    if authorization is None:
        return Verdict(Mistake.MALFORMED)
    standing, about = look(authorization.client_key, authorization.client_secret)
    if standing is Standing.RIGHT:
        return Verdict(None)
    return Verdict(Mistake(standing), about)


def mistake_in(value: str) -> Mistake | None:
    """Return the first mistake that a header's value shows by its looks.

    None where only the company's credentials can tell.
    """
    value = value[:MAX_LENGTH]
    mistake = _outside(value) or _scheme(value) or _inside(value)
    if mistake is None and parse_amx(_bytes(value)) is None:
        return Mistake.MALFORMED
    return mistake


def key_in(value: str) -> str | None:
    """Return the Client Key in a header's value of whatever form, in upper case.

    Of several it is the first.
    """
    value = value[:MAX_LENGTH]
    scheme, _space, rest = value.strip().partition(" ")
    if scheme.lower() == "basic":
        value = _basic(rest)
    found = _KEY_INSIDE.search(value)
    return found[0].upper() if found else None


def key_meant(authorization: Authorization) -> str:
    """Return what is the Client Key of a well-formed header, also when the two are swapped."""
    key, secret = authorization.client_key, authorization.client_secret.reveal()
    return secret.upper() if _is_swapped(key, secret) else key


def _bytes(value: str) -> bytes:
    return value.strip().encode("utf-8", "replace")


def _is_swapped(key: str, secret: str) -> bool:
    return bool(_KEY.fullmatch(secret)) and not _KEY.fullmatch(key)


def _outside(value: str) -> Mistake | None:
    """Return what is wrong with the text as such."""
    if not value.strip():
        return Mistake.EMPTY
    if len(_PAIR.findall(value)) > 1:
        return Mistake.SENT_TWICE
    if _PLACEHOLDER.search(value):
        return Mistake.PLACEHOLDER
    if _INVISIBLE.search(value):
        return Mistake.INVISIBLE
    if any(quote in value for quote in _QUOTES):
        return Mistake.QUOTES
    return None if value.isascii() else Mistake.NOT_ASCII


def _scheme(value: str) -> Mistake | None:
    """Return what is wrong with the word in front."""
    scheme, _space, rest = value.strip().partition(" ")
    match scheme.lower():
        case "amx":
            return None
        case "basic":
            return Mistake.BASIC_WITH_PAIR if _is_basic_pair(rest) else Mistake.BASIC
        case "bearer":
            return Mistake.BEARER
        case word if word.startswith("authorization"):
            return Mistake.NAME_INSIDE
    if is_amx(value.strip().encode()):
        return None  # a tab for the space
    if scheme.lower().startswith("amx") and ":" in scheme:
        return Mistake.NO_SPACE
    return Mistake.NO_SCHEME if ":" in scheme else Mistake.OTHER_SCHEME


def _is_basic_pair(encoded: str) -> bool:
    key, _colon, _secret = _basic(encoded).partition(":")
    return bool(_KEY.fullmatch(key.removeprefix("amx").strip()))


def _basic(encoded: str) -> str:
    """Return what a Basic header encodes, "" when that is no text."""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""


def _inside(value: str) -> Mistake | None:
    """Return what is wrong with key and secret by their looks."""
    pair = value.strip()[len("amx") :].strip()
    if ":" not in pair:
        return Mistake.NO_COLON
    key, _colon, secret = (part.strip() for part in pair.partition(":"))
    if _is_swapped(key, secret):
        return Mistake.SWAPPED
    if not _KEY.fullmatch(key):
        return Mistake.KEY_LENGTH
    if len(secret) != CLIENT_SECRET_LENGTH:
        is_short = len(secret) < CLIENT_SECRET_LENGTH
        return Mistake.SECRET_SHORT if is_short else Mistake.SECRET_LONG
    if has_checksum(secret):
        return None
    return Mistake.SECRET_CASE if has_checksum(secret.upper()) else Mistake.TYPING_ERROR
