"""Which request a thread answers, for what is written meanwhile: log lines and error reports."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from workhub.logs import request_id
from workhub.middleware import request_id_of


class AnsweringMiddleware:
    """Note the id of the request. Not there where nothing is written with it.

    It stays until the thread's next request: a stream is sent, and can fail, after all middleware
    has returned, and a thread that answers requests does nothing else between them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        if settings.LOG_FORMAT != "json" and not settings.SENTRY_DSN:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id.set(request_id_of(request))
        return self.get_response(request)
