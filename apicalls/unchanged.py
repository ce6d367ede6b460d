"""Answers that are known to be as they were: "not modified" without making them once more.

A program that sends If-None-Match asks the same again and again, and most of the time nothing has
changed. An answer is made from the settings of the call, the query string, the company's day and
the facts about its workers, and each change of those changes the company's facts stamp. So where
all of them are as they were, the entity-tag is.

Nor is the pair looked up first. It opens what it opened a moment ago, most likely: whoever has it
is answered on that, and the row of the request log is written only if that is what it opens still,
by the one statement that looks (`Opened`).

A process remembers what it was asked for itself, and for a minute: should anything ever change
facts past the services, as an operator can in the database, nobody is told for longer that
nothing has changed.
"""

import time
from collections.abc import Hashable
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from django.http import HttpRequest

from apicalls.request_log import Told
from apicalls.selectors import NO_MOMENT, Grant, Opened, Presented

_SECONDS = 60
_QUESTIONS = 4096
_PAIRS = 1024

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def is_conditional(request: HttpRequest) -> bool:
    """Tell whether an answer is asked for only if it is another, or the same, than one has.

    There are no dates to compare: RFC 9110, section 13.1.3.
    """
    return "HTTP_IF_NONE_MATCH" in request.META or "HTTP_IF_MATCH" in request.META


def asks_for_news(request: HttpRequest) -> bool:
    """Tell whether an answer is asked for only if it is another than one has."""
    return "HTTP_IF_NONE_MATCH" in request.META and "HTTP_IF_MATCH" not in request.META


class Question(NamedTuple):
    """All that the bytes of an answer are made from.

    `settings` is the grant without what is only about the moment and who asks.
    """

    settings: Grant
    query_string: str
    is_compressed: bool

    @classmethod
    def of(cls, request: HttpRequest, grant: Grant, *, is_compressed: bool) -> "Question":
        settings = grant._replace(asked_at=NO_MOMENT, last_used_at=None, caller=None)
        return cls(settings, request.META.get("QUERY_STRING", ""), is_compressed)


class Known(NamedTuple):
    """The entity-tag that answers a question, and what was told with it, for the request log."""

    tag: str
    told: Told


class Memory(Generic[K, V]):
    """What is known of some things, each for so many seconds; the oldest is forgotten first."""

    def __init__(self, *, seconds: float, most: int):
        self._seconds, self._most = seconds, most
        self._known: dict[K, tuple[float, V]] = {}
        self._lock = Lock()
        self._now = time.monotonic

    def recall(self, key: K) -> V | None:
        until, known = self._known.get(key) or (0.0, None)
        return known if self._now() < until else None

    def keep(self, key: K, known: V) -> None:
        with self._lock:
            self._known.pop(key, None)
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[key] = self._now() + self._seconds, known

    def clear(self) -> None:
        self._known.clear()


memory: Memory[Question, Known] = Memory(seconds=_SECONDS, most=_QUESTIONS)
pairs: Memory[Presented, Opened] = Memory(seconds=_SECONDS, most=_PAIRS)
