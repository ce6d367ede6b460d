"""Documents as bytes: REST framework's renderers for the two Output Formats."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

from apicalls.documents.tree import DocumentTree
from workhub.rendering import to_json, to_xml


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: DocumentTree,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return to_json(data.tree)


class XMLRenderer(BaseRenderer):
    media_type = "application/xml"
    format = "xml"
    charset = "utf-8"

    def render(
        self,
        data: DocumentTree,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return to_xml(data.tree, root=data.root, singulars=data.singulars)
