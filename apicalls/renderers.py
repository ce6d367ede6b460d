"""Documents as bytes: REST framework's renderers for the two Output Formats."""

from collections.abc import Generator, Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

from apicalls.documents.tree import DocumentTree, StreamedDocument
from workhub.rendering import stream_json, stream_xml, to_json, to_xml


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None
    content_type = media_type

    def render(
        self,
        data: DocumentTree,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return to_json(data.tree)

    def stream(self, data: StreamedDocument) -> Generator[bytes, None, None]:
        return stream_json(data.before, data.name, data.entries, data.after)


class XMLRenderer(BaseRenderer):
    media_type = "application/xml"
    format = "xml"
    charset = "utf-8"
    content_type = f"{media_type}; charset={charset}"

    def render(
        self,
        data: DocumentTree,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return to_xml(data.tree, root=data.root, singulars=data.singulars)

    def stream(self, data: StreamedDocument) -> Generator[bytes, None, None]:
        return stream_xml(
            data.before,
            data.name,
            data.entries,
            data.after,
            root=data.root,
            singulars=data.singulars,
        )
