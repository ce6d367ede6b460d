"""The schemas of the documents, served to whoever builds on them."""

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

_CONTENT_TYPES = {".xsd": "application/xml", ".json": "application/schema+json"}

SCHEMAS = {
    path.name: path.read_bytes()
    for path in sorted((Path(__file__).parent / "documents").iterdir())
    if path.suffix in _CONTENT_TYPES
}


@require_safe
def schema(request: HttpRequest, name: str) -> HttpResponse:
    """Serve `worker-compliance.xsd` and its like. They hold no company's data."""
    if name not in SCHEMAS:
        raise Http404
    response = HttpResponse(SCHEMAS[name], content_type=_CONTENT_TYPES[Path(name).suffix])
    response["Cache-Control"] = "public, max-age=3600"
    return response
