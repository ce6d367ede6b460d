"""The WSGI application, for granian or any other server."""

import gc
import os
from collections.abc import Iterable
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpResponse
from django.urls import get_resolver
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workhub.settings")
django.setup(set_prefix=False)

from apicalls import measured  # noqa: E402 (only now there are models)
from apicalls.checks import refuse_to_start_without_keys  # noqa: E402
from apicalls.draining import drainer  # noqa: E402
from apicalls.ended_pairs import end_revived_before_serving  # noqa: E402
from workhub.connections import end_apart  # noqa: E402
from workhub.middleware import API_PREFIX  # noqa: E402
from workhub.waiting import answer_in_time  # noqa: E402

# Imports every view, which takes seconds. A server takes connections when this module is there:
# a process that is new, beside others that answer, would keep its first programs waiting.
_ = get_resolver().url_patterns
answer_in_time()
end_apart()
refuse_to_start_without_keys()
end_revived_before_serving()
measured.start()
drainer.start()
# What is loaded by now stays. Gone through again with every full collection, it held up whoever
# asked just then for tens of milliseconds.
gc.collect()
gc.freeze()


class Handler(WSGIHandler):
    """Django's, which answers programs without sending its signals around each request.

    Of what listens to those, an answer to a program has use for one thing: that a connection to
    the database that is too old is left. The others are for caches and for debugging. Nor is the
    thread told below which path the site is, by which pages make their links.
    """

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if not environ["PATH_INFO"].startswith(API_PREFIX):
            return super().__call__(environ, start_response)
        connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()
        response: Any = self._middleware_chain(self.request_class(environ))  # type: ignore[attr-defined]
        start_response(
            f"{response.status_code} {response.reason_phrase}", list(response.headers.items())
        )
        # A stream is closed by the server; what is whole already has nothing to close.
        return [response.content] if isinstance(response, HttpResponse) else response


_handler = Handler()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request.

    A Content-Type that cannot be read is left out: Django reads it before any handler of
    ours, and its ValueError would be the server's bare 500.
    """
    if "CONTENT_TYPE" in environ:
        try:
            parse_header_parameters(environ["CONTENT_TYPE"])
        except ValueError:
            del environ["CONTENT_TYPE"]
    answer: Iterable[bytes] = _handler(environ, start_response)
    return answer
