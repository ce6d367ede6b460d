"""Asking the application in this process, as a server would, without one."""

import io
import sys
from typing import Any


class Asker:
    """Asks with one pair. Django is set up for the installation that has it."""

    def __init__(self, header: str):
        from django.core.wsgi import get_wsgi_application

        self._application: Any = get_wsgi_application()
        self._environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1:8000",
            "HTTP_AUTHORIZATION": header,
            "HTTP_USER_AGENT": "bench",
            "wsgi.url_scheme": "http",
            "wsgi.multithread": True,
        }

    def ask(self, address: str) -> None:
        """Ask for an address without host, and read the answer to its end."""
        path, _, query = address.partition("?")
        environ = self._environ | {
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
        }
        status = ""

        def start_response(said: str, headers: Any, exc_info: Any = None) -> None:
            nonlocal status
            status = said

        answer = self._application(environ, start_response)
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if status != "200 OK":
            raise RuntimeError(f"{address} was answered {status}: {body!r}")
