"""The schemas of the documents, served to whoever builds on them."""

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from workhub.problems import Problem, problem_response

_CONTENT_TYPES = {".xsd": "application/xml", ".json": "application/schema+json"}

SCHEMAS = {
    path.name: path.read_bytes()
    for path in sorted((Path(__file__).parent / "documents").iterdir())
    if path.suffix in _CONTENT_TYPES
}


@csrf_exempt  # its refusal would be a page; a POST is refused below, as the API does it
def schema(request: HttpRequest, name: str) -> HttpResponse:
    """Serve `worker-compliance.xsd` and its like. They hold no company's data."""
    if request.method not in {"GET", "HEAD"}:
        problem = Problem(
            "method_not_allowed",
            detail="Send a GET or HEAD request.",
            headers={"Allow": "GET, HEAD"},
        )
        return problem_response(request, problem)
    if name not in SCHEMAS:
        raise Http404
    response = HttpResponse(SCHEMAS[name], content_type=_CONTENT_TYPES[Path(name).suffix])
    response["Cache-Control"] = "public, max-age=3600"
    return response
