"""In which language whom is answered."""

from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import get_language_from_request

from accounts.models import User

# What is not for one reader alone is written in one language: the audit trail, the API.
OWN_LANGUAGE = settings.LANGUAGE_CODE


def own_language() -> translation.override:
    """Return a context in which texts are what readers of every language find."""
    # A new one each time: one of Django's remembers which language it was entered from.
    return translation.override(OWN_LANGUAGE)


def in_own_language(text: Promise | str) -> str:
    """Return a lazy text as it is written for readers of every language."""
    with own_language():
        return str(text)


class LanguageMiddleware:
    """Answer each person in the language they chose, or else as their browser asks.

    Programs are answered in the language of the API, which has one only: nothing is activated
    for them, and what was for a page does not outlast it on the same thread.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not hasattr(request, "session"):
            return self.get_response(request)
        language = _language_of(request)
        with translation.override(language):
            response = self.get_response(request)
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = _in(language, response.streaming_content)
        response.headers.setdefault("Content-Language", language)
        return response


def _language_of(request: HttpRequest) -> str:
    person = request.user
    chosen = person.language if isinstance(person, User) else ""
    # Then the cookie that `language_change` sets, then Accept-Language.
    return chosen or get_language_from_request(request)


def _in(language: str, chunks: Iterable[bytes] | AsyncIterable[bytes]) -> Iterator[bytes]:
    """Go through the chunks in that language: they are made after the middleware is left."""
    made = iter(cast("Iterable[bytes]", chunks))
    while True:
        with translation.override(language):
            chunk = next(made, None)
        if chunk is None:
            return
        yield chunk


def remember_language(response: HttpResponse, language: str) -> None:
    """Keep the choice in the browser, for the pages before somebody is signed in."""
    options: dict[str, Any] = {
        "max_age": settings.LANGUAGE_COOKIE_AGE,
        "secure": settings.LANGUAGE_COOKIE_SECURE,
        "httponly": True,
        "samesite": "Lax",
    }
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, **options)
