"""What the API serves: one module per document, each building a tree from plain facts.

A document's value in `models.Document` is its path below /api/v1/ and the name of its
schemas. Each module has DOCUMENT, which describes it, `build` and `sample`.
"""

from collections.abc import Mapping
from types import ModuleType

from apicalls.documents import (
    compliance_changes,
    compliance_roster,
    expiring_requirements,
    verify,
    worker_compliance,
)
from apicalls.documents.fields import DEFAULT_FIELDS
from apicalls.documents.shape import Document
from apicalls.documents.tree import DocumentTree
from workhub.rendering import to_json, to_xml

_MODULES: Mapping[str, ModuleType] = {
    "worker-compliance": worker_compliance,
    "compliance-roster": compliance_roster,
    "compliance-changes": compliance_changes,
    "expiring-requirements": expiring_requirements,
    "verify": verify,
}
DOCUMENTS: Mapping[str, Document] = {name: module.DOCUMENT for name, module in _MODULES.items()}


def document_path(document: str) -> str:
    """Return the path at which the document is served."""
    return f"/api/v1/{document}"


def sample_document(document: str, fields: frozenset[str] | None = None) -> DocumentTree:
    """Return the document about made-up workers, with its usual field groups or `fields`."""
    sample: DocumentTree = _MODULES[document].sample(
        DEFAULT_FIELDS[document] if fields is None else fields
    )
    return sample


def sample_answer(document: str, output_format: str, fields: frozenset[str] | None = None) -> str:
    """Return the same as text, indented for people to read."""
    return as_text(sample_document(document, fields), output_format)


def as_text(document: DocumentTree, output_format: str) -> str:
    """Return a document indented for people to read."""
    if output_format == "xml":
        body = to_xml(document.tree, root=document.root, singulars=document.singulars, indent=True)
    else:
        body = to_json(document.tree, indent=True)
    return body.decode()
