"""The WSGI application, for granian or any other server."""

import os
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workhub.settings")

_application = get_wsgi_application()

from apicalls import measured  # noqa: E402 (only now there are models)
from apicalls.checks import refuse_to_start_without_keys  # noqa: E402

# Imports every view, which takes seconds. A server takes connections when this module is there:
# a process that is new, beside others that answer, would keep its first programs waiting.
_ = get_resolver().url_patterns
refuse_to_start_without_keys()
measured.start()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request.

    A Content-Type that cannot be read is left out: Django reads it before any handler of
    ours, and its ValueError would be the server's bare 500.
    """
    try:
        parse_header_parameters(environ.get("CONTENT_TYPE", ""))
    except ValueError:
        del environ["CONTENT_TYPE"]
    return _application(environ, start_response)
