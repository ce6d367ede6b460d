"""What the API serves: one module per document, each building a tree from plain facts.

A document's value in `models.Document` is its path below /api/v1/ and the name of its
schemas.
"""

from collections.abc import Callable, Mapping

from apicalls.documents import worker_compliance
from apicalls.documents.tree import DocumentTree
from workhub.rendering import to_json, to_xml

_SAMPLES: Mapping[str, Callable[[], DocumentTree]] = {
    "worker-compliance": worker_compliance.sample,
}


def document_path(document: str) -> str:
    """Return the path at which the document is served."""
    return f"/api/v1/{document}"


def sample_answer(document: str, output_format: str) -> str:
    """Return an answer about a made-up worker, indented for people to read."""
    sample = _SAMPLES[document]()
    if output_format == "xml":
        body = to_xml(sample.tree, root=sample.root, singulars=sample.singulars, indent=True)
    else:
        body = to_json(sample.tree, indent=True)
    return body.decode()
