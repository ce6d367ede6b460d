"""Verify: which call is this, with which pair, and what will it be served?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from apicalls.documents.shape import Document, Kind, ListOf, Member, Shape
from apicalls.documents.tree import VERSION, DocumentTree
from workhub.rendering import Tree

_API_CALL = Shape(
    "APICall",
    (
        Member("code", Kind.NAME, "Stays the same, whatever the call is renamed to."),
        Member("name", Kind.NAME),
        Member("template", Kind.NAME, "The name of its Request Template."),
        Member("document", Kind.NAME, "The last part of its address."),
        Member("websiteAddress", Kind.NAME, "With {…} where your program puts values."),
        Member("outputFormat", Kind.CODE, "json or xml."),
    ),
)
_RATE_LIMIT = Shape(
    "RateLimit", (Member("requests", Kind.NUMBER_FROM_ONE), Member("seconds", Kind.NUMBER_FROM_ONE))
)
_CREDENTIAL = Shape(
    "Credential",
    (
        Member("clientKey", Kind.NAME),
        Member("createdAt", Kind.INSTANT),
        Member("endsAt", Kind.INSTANT, "null for a pair without an end.", nullable=True),
    ),
)

DOCUMENT = Document(
    root="verification",
    title="Verify, version 1",
    about="Which API call the Client Key and Client Secret belong to, until when they are "
    "answered, and what they are served.",
    members=(
        Member("version", Kind.VERSION),
        Member("apiCall", _API_CALL),
        Member(
            "ready", Kind.FLAG, "Whether its parameters are set; until then it answers nothing."
        ),
        Member(
            "parameters",
            ListOf("parameter", Kind.NAME),
            "What has to be sent to its Website Address.",
        ),
        Member("fields", ListOf("field", Kind.CODE), "The field groups of its answers."),
        Member("rateLimit", _RATE_LIMIT),
        Member("credential", _CREDENTIAL),
        Member(
            "expiresOn",
            Kind.DAY,
            "The last day on which the call is answered; null for no end.",
            nullable=True,
        ),
        Member("address", Kind.NAME, "Where the request came from, as seen here.", nullable=True),
    ),
)
_SINGULARS = DOCUMENT.singulars


@dataclass(frozen=True, slots=True)
class VerifyFacts:
    """What there is to tell of a call; `parameters` and `fields` in the order of the page."""

    code: str
    name: str
    template: str
    document: str
    website_address: str
    output_format: str
    is_ready: bool
    parameters: Sequence[str]
    fields: Sequence[str]
    rate_limit: int
    client_key: str
    created_at: datetime
    ends_at: datetime | None
    expires_on: date | None
    address: str | None


def build(facts: VerifyFacts) -> DocumentTree:
    """Return the document; `rate_limit` of the facts is a minute's."""
    tree: Tree = {
        "version": VERSION,
        "apiCall": {
            "code": facts.code,
            "name": facts.name,
            "template": facts.template,
            "document": facts.document,
            "websiteAddress": facts.website_address,
            "outputFormat": facts.output_format,
        },
        "ready": facts.is_ready,
        "parameters": list(facts.parameters),
        "fields": list(facts.fields),
        "rateLimit": {"requests": facts.rate_limit, "seconds": 60},
        "credential": {
            "clientKey": facts.client_key,
            "createdAt": _instant(facts.created_at),
            "endsAt": None if facts.ends_at is None else _instant(facts.ends_at),
        },
        "expiresOn": facts.expires_on,
        "address": facts.address,
    }
    return DocumentTree(root=DOCUMENT.root, singulars=_SINGULARS, tree=tree)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def sample(fields: frozenset[str]) -> DocumentTree:
    """Return what a made-up call is told."""
    return build(
        VerifyFacts(
            code="0b8f7d0e-6a53-5b52-9a37-4c1f0f0f6f11",
            name="Gate",
            template="Worker compliance",
            document="worker-compliance",
            website_address="https://workhub.example/api/v1/worker-compliance"
            "?workerIDNumber={workerIDNumber}",
            output_format="json",
            is_ready=True,
            parameters=["workerIDNumber"],
            fields=["names", "placement", "items"],
            rate_limit=600,
            client_key="3A33DB77C0FFD8",
            created_at=datetime(2026, 1, 12, 9, 30, tzinfo=UTC),
            ends_at=None,
            expires_on=None,
            address="203.0.113.7",
        )
    )
