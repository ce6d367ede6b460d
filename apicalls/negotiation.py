from collections.abc import Iterable
from typing import cast

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from apicalls.selectors import Grant
from workhub.accept import preferred_type
from workhub.problems import Problem

# text/xml is the older name of the same thing (RFC 7303), and still widely sent.
_ALSO_KNOWN_AS = {"application/xml": ("text/xml",)}


class CallFormatNegotiation(BaseContentNegotiation):
    """Answer in the Output Format that the admin chose for the call.

    REST framework negotiates before it authenticates; asking for `request.auth` here
    brings the authentication forward.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        grant = cast(Grant | None, request.auth)
        if grant is None:
            renderer = next(iter(renderers))
            return renderer, renderer.media_type  # refused next, by the permission
        renderer = next(one for one in renderers if one.format == grant.output_format)
        media_types = [renderer.media_type, *_ALSO_KNOWN_AS.get(renderer.media_type, ())]
        if preferred_type(request._request, media_types) is None:
            raise Problem(
                "not_acceptable",
                detail=f"This API call serves {renderer.media_type}. Send that in the Accept "
                "header, or no Accept header; or ask an admin of the company to change the "
                "Output Format on the details page.",
            )
        return renderer, renderer.media_type

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> None:
        return None
