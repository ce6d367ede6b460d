"""In which format a request is answered: what the admin chose, if the caller takes it."""

from django.http import HttpRequest

from apicalls.models import OutputFormat
from apicalls.renderers import JSONRenderer, XMLRenderer
from apicalls.selectors import Grant
from workhub.accept import preferred_type
from workhub.problems import Problem

Renderer = JSONRenderer | XMLRenderer

_RENDERERS: dict[str, Renderer] = {
    OutputFormat.JSON: JSONRenderer(),
    OutputFormat.XML: XMLRenderer(),
}
# text/xml is the older name of the same thing (RFC 7303), and still widely sent.
_MEDIA_TYPES: dict[str, tuple[str, ...]] = {
    OutputFormat.JSON: (JSONRenderer.media_type,),
    OutputFormat.XML: (XMLRenderer.media_type, "text/xml"),
}


def renderer_for(request: HttpRequest, grant: Grant) -> Renderer:
    """Return what renders the call's Output Format; raises a problem for who does not take it."""
    renderer = _RENDERERS[grant.output_format]
    if preferred_type(request, _MEDIA_TYPES[grant.output_format]) is None:
        raise Problem(
            "not_acceptable",
            detail=f"This API call serves {renderer.media_type}. Send that in the Accept "
            "header, or no Accept header; or ask an admin of the company to change the "
            "Output Format on the details page.",
        )
    return renderer
