"""A request sent through the whole stack, as a program would: "Test this call".

It goes in at the WSGI application and passes every middleware, the header, the limits and the
renderer. A connection to ourselves would do no more, and would wait forever on a server whose
only worker is the one that asks.
"""

import io
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.utils import translation
from django.views.decorators.debug import sensitive_variables
from lxml import etree

from apicalls.endpoints import IS_TEST

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
    begun: list[Any] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> None:
        begun[:] = [status, headers]

    started_at = time.perf_counter()
    # The page around the test goes on in the language of its reader.
    with translation.override(translation.get_language()):
        chunks = _application()(environ, start_response)
        try:
            body, is_cut = _read(chunks)
        finally:
            chunks.close()
    milliseconds = round((time.perf_counter() - started_at) * 1000)
    status, headers = begun
    code, _blank, reason = status.partition(" ")
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    return Reply(
        status=int(code),
        reason=reason,
        headers=headers,
        body=_readable(body, kind, is_cut=is_cut),
        is_cut=is_cut,
        milliseconds=milliseconds,
    )


@cache
def _application() -> Any:
    return WSGIHandler()


def _read(chunks: Iterable[bytes]) -> tuple[bytes, bool]:
    """Return the body, and whether there is more than is shown."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_SHOWN_BYTES:
            return bytes(body[:MAX_SHOWN_BYTES]), True
    return bytes(body), False


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
