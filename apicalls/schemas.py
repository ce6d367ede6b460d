"""The schemas of the documents, served to whoever builds on them."""

from collections.abc import Mapping
from pathlib import PurePath

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from apicalls.documents import DOCUMENTS
from apicalls.documents.json_schema import json_schema
from apicalls.documents.xsd import xsd
from workhub.problems import Problem, problem_response
from workhub.rendering import to_json

_CONTENT_TYPES = {".xsd": "application/xml", ".json": "application/schema+json"}

SCHEMAS: Mapping[str, bytes] = {
    **{f"{name}.xsd": xsd(document) for name, document in DOCUMENTS.items()},
    **{
        f"{name}.json": to_json(json_schema(document), indent=True)
        for name, document in DOCUMENTS.items()
    },
}


@csrf_exempt  # its refusal would be a page; a POST is refused below, as the API does it
def schema(request: HttpRequest, name: str) -> HttpResponse:
    """Serve `worker-compliance.xsd` and its like. They hold no company's data."""
    return described(request, SCHEMAS[name], _CONTENT_TYPES[PurePath(name).suffix])


def described(request: HttpRequest, content: bytes, content_type: str) -> HttpResponse:
    """Return what describes the API: for everybody to read and to keep, and read-only."""
    if request.method not in {"GET", "HEAD"}:
        problem = Problem(
            "method_not_allowed",
            detail="Send a GET or HEAD request.",
            headers={"Allow": "GET, HEAD"},
        )
        return problem_response(request, problem)
    response = HttpResponse(content, content_type=content_type)
    response["Cache-Control"] = "public, max-age=3600"
    return response
