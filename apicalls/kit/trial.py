"""A request sent through the whole stack, as a program would: "Test this call".

It goes in where the server's requests do and passes every middleware, the header, the limits
and the renderer. A connection to ourselves would do no more, and would wait forever on a server
whose only worker is the one that asks.
"""

import io
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http.response import HttpResponseBase
from django.views.decorators.debug import sensitive_variables
from lxml import etree

from accounts.languages import own_language
from apicalls.endpoints import IS_TEST, StreamedAnswer

# A page that shows more would be of no use; a stream is not read to its end for it.
MAX_SHOWN_BYTES = 64 * 1024

# What the server knows of the connection is the same for both requests.
_OF_THE_CONNECTION = (
    "HTTP_HOST",
    "REMOTE_ADDR",
    "SCRIPT_NAME",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "wsgi.url_scheme",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: `headers` in their order, `body` up to MAX_SHOWN_BYTES as text."""

    status: int
    reason: str
    headers: Sequence[tuple[str, str]]
    body: str
    is_cut: bool
    milliseconds: int


@sensitive_variables("authorization", "environ")
def send(
    *, path: str, query_string: str, authorization: str, connection: Mapping[str, Any]
) -> Reply:
    """Send GET `path`?`query_string` with that Authorization, and return the answer.

    `connection` is the WSGI environ of who asks for the test: the API sees their address.
    The request log marks it as a test, which no request from outside can do.
    """
    environ = {name: connection[name] for name in _OF_THE_CONNECTION if name in connection} | {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query_string,
        "HTTP_ACCEPT": "*/*",
        "HTTP_AUTHORIZATION": authorization,
        "HTTP_USER_AGENT": "Workhub test",
        "wsgi.version": (1, 0),
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        IS_TEST: True,
    }
    started_at = time.perf_counter()
    # As a program is answered; the page around the test goes on in the language of its reader.
    with own_language():
        response = _handler().get_response(WSGIRequest(environ))
        body, is_cut = _read(response)
    milliseconds = round((time.perf_counter() - started_at) * 1000)
    return Reply(
        status=response.status_code,
        reason=response.reason_phrase,
        headers=list(response.items()),
        body=_readable(body, response.get("Content-Type", ""), is_cut=is_cut),
        is_cut=is_cut,
        milliseconds=milliseconds,
    )


@cache
def _handler() -> WSGIHandler:
    return WSGIHandler()


def _read(response: HttpResponseBase) -> tuple[bytes, bool]:
    """Return the body, and whether there is more than is shown.

    The response is not closed: that would tell Django that the request of the page is over,
    and its database connection free. A stream that is left unread is told so by itself.
    """
    body = bytearray()
    try:
        for chunk in response:
            body += chunk
            if len(body) > MAX_SHOWN_BYTES:
                return bytes(body[:MAX_SHOWN_BYTES]), True
        return bytes(body), False
    finally:
        if isinstance(response, StreamedAnswer):
            response.chunks.close()


def _readable(body: bytes, content_type: str, *, is_cut: bool) -> str:
    """Return the body as text, with an indent when it is whole."""
    if body and not is_cut:
        if "json" in content_type:
            return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
        if "xml" in content_type:
            parser = etree.XMLParser(resolve_entities=False, remove_blank_text=True)
            root = etree.fromstring(body, parser)
            return etree.tostring(root, encoding="unicode", pretty_print=True).rstrip()
    return body.decode("utf-8", "replace")
