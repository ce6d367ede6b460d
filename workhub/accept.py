"""What a caller takes: Accept and Accept-Encoding (RFC 9110), read so that none is an error.

Django's own reading raises ValueError for some headers, and takes "application/json;
charset=utf-8", which many programs send, for something else than application/json.
"""

import re
from collections.abc import Sequence

from django.http import HttpRequest

_QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*(?:;|$)", re.IGNORECASE)


def preferred_type(request: HttpRequest, offered: Sequence[str]) -> str | None:
    """Return which of the `offered` media types the caller likes best, or None for none.

    Of equals it is the one that is named more precisely, then the one offered first.
    Parameters other than q do not count. No header, or an empty one, accepts anything.
    """
    header = request.META.get("HTTP_ACCEPT", "")
    ranges = [part for part in header.split(",") if part.strip()]
    if not ranges or header == "*/*":
        return offered[0]
    liked = {_range(one): _quality(one) for one in ranges}
    scores = {media_type: _score(media_type, liked) for media_type in offered}
    best = max(offered, key=lambda media_type: scores[media_type])
    return best if scores[best][0] > 0 else None


def accepts_gzip(request: HttpRequest) -> bool:
    """Tell whether the caller reads gzip (RFC 9110, section 12.5.3). No header says nothing."""
    header = request.META.get("HTTP_ACCEPT_ENCODING", "")
    liked = {_range(one): _quality(one) for one in header.split(",")}
    return liked.get("gzip", liked.get("x-gzip", liked.get("*", 0))) > 0


def _score(media_type: str, liked: dict[str, float]) -> tuple[float, int]:
    """Return quality and precision of the range that fits the media type most precisely."""
    main, _, _ = media_type.partition("/")
    for precision, one in ((2, media_type), (1, f"{main}/*"), (0, "*/*")):
        if one in liked:
            return liked[one], precision
    return 0, 0


def _range(one: str) -> str:
    return one.partition(";")[0].strip().lower()


def _quality(one: str) -> float:
    found = _QUALITY.search(one)
    return min(float(found[1]), 1) if found else 1
