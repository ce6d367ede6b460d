"""The API as an OpenAPI 3.1 document, made by drf-spectacular from the endpoints.

What it says of parameters and documents is taken from the tables that the endpoints read:
`options.PARAMETERS`, the shapes of `documents` and `PROBLEM_TYPES`. Nothing imports this at
start: drf-spectacular is only there for who asks for the description.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from apicalls.description import SUMMARIES, parameters_of, problems_of, takes_a_tick
from apicalls.documents import DOCUMENTS, sample_answer, sample_document
from apicalls.documents.fields import FIELD_GROUPS
from apicalls.documents.json_schema import definitions, json_schema
from apicalls.documents.shape import Document, Kind, ListOf, Member, Shape
from apicalls.endpoints import CallView
from apicalls.limits import WINDOW_SECONDS
from apicalls.options import Parameter
from apicalls.parameters import MIDDLE_NAME
from workhub.problem_types import ProblemType
from workhub.problems import CHALLENGE, RETRY_AFTER_SECONDS, Problem, problem_tree
from workhub.rendering import to_json

_REFER_TO = "#/components/schemas/"

_ABOUT = """\
Read access to a company's safety-compliance data, for programs. An admin of the company adds
an API call, which has its own Client Key and Client Secret, its parameters, its Output Format
and its field groups; each call answers at one of the addresses below, and at `/api/v1/verify`.

Send `Authorization: amx ClientKey:ClientSecret`. Obey `compliance.compliant`, and read a
status that your program does not know as not compliant: new statuses and new members may be
added within version 1. The reference for people is at {site_url}/docs/.
"""


def openapi_document() -> dict[str, Any]:
    """Return the whole document, with SITE_URL as its server."""
    document: dict[str, Any] = CallSchemaGenerator().get_schema(request=None, public=True)
    document["info"]["description"] = _ABOUT.format(site_url=settings.SITE_URL)
    document["servers"] = [{"url": settings.SITE_URL}]
    document["externalDocs"] = {
        "url": f"{settings.SITE_URL}/docs/",
        "description": "The integrators' reference",
    }
    document["tags"] = [{"name": "API", "description": "GET only; HEAD is answered alike."}]
    components = document["components"]
    components["schemas"] = _schemas()
    components["headers"] = _HEADERS
    return document


# --- Operations ------------------------------------------------------------------------


class AMXScheme(OpenApiAuthenticationExtension):
    """The amx header, as a value that people paste whole.

    OpenAPI knows no scheme of HTTP that is called amx, and tools that meet one ask for
    nothing: as an API key in this header they all send it.
    """

    target_class = "apicalls.authentication.AMXAuthentication"
    name = "amx"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "amx, a space, the Client Key, a colon, the Client Secret: "
            "`amx ClientKey:ClientSecret`, as the details page of the API call has it to copy.",
        }


class CallSchema(AutoSchema):
    """How an endpoint is described: from our tables, which serializers would only repeat."""

    @property
    def document(self) -> str:
        document: str | None = cast(CallView, self.view).document
        return document or "verify"

    def get_operation_id(self) -> str:
        name: str = self.document.replace("-", "_")
        return name

    def get_tags(self) -> list[str]:
        return ["API"]

    def get_summary(self) -> str:
        return SUMMARIES[self.document]

    def get_description(self) -> str:  # type: ignore[override]
        groups = ", ".join(FIELD_GROUPS[self.document])
        about = DOCUMENTS[self.document].about
        return f"{about}\n\nField groups: {groups}." if groups else about

    def _get_parameters(self) -> list[dict[str, Any]]:
        listed = [
            _query(one, ticked_only=takes_a_tick(self.document, one.name))
            for one in parameters_of(self.document)
        ]
        return [*listed, _IF_NONE_MATCH]

    def _get_request_body(self, direction: str = "request") -> None:
        return None

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        kinds = problems_of(self.document)
        statuses = sorted({kind.status for kind in kinds})
        return {
            "200": _answer(self.document),
            "304": {
                "description": "Nothing has changed since the answer with this ETag.",
                "headers": _headers("X-Request-Id", "ETag", "RateLimit", "RateLimit-Policy"),
            },
            **{str(status): _refusal(status, kinds) for status in statuses},
        }


class CallSchemaGenerator(SchemaGenerator):
    """Describe the endpoints, each by CallSchema."""

    def create_view(self, callback: Any, method: str, request: Any = None) -> Any:
        view = super().create_view(callback, method, request)
        assert isinstance(view, CallView)  # noqa: S101 - nothing else is an endpoint
        # Set here and not on the class, which then knows nothing of drf-spectacular.
        view.schema = CallSchema()
        return view


def _query(parameter: Parameter, *, ticked_only: bool) -> dict[str, Any]:
    about = parameter.about
    if ticked_only:
        about += " Sent if and only if it is ticked under Parameters of the API call."
    if parameter.example:
        # Not as an `example`: Swagger UI would send those of all parameters at once, and no
        # API call takes them all.
        about += f" Such as `{parameter.example}`."
    described: dict[str, Any] = {
        "in": "query",
        "name": parameter.name,
        "description": about,
        "schema": dict(parameter.schema),
    }
    if parameter.name == MIDDLE_NAME:
        described["allowEmptyValue"] = True
    return described


_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "description": "The ETag of the answer that you have; 304 without a body when it still holds.",
    "schema": {"type": "string"},
}


def _answer(document: str) -> dict[str, Any]:
    schema = {"$ref": _REFER_TO + _component_name(DOCUMENTS[document])}
    return {
        "description": DOCUMENTS[document].title,
        "headers": _headers("X-Request-Id", "ETag", "RateLimit", "RateLimit-Policy"),
        "content": {
            "application/json": {"schema": schema, "example": _json_sample(document)},
            "application/xml": {"schema": schema, "example": sample_answer(document, "xml")},
        },
    }


def _json_sample(document: str) -> Any:
    return json.loads(to_json(sample_document(document).tree))


def _refusal(status: int, kinds: Iterable[ProblemType]) -> dict[str, Any]:
    of_status = [kind for kind in kinds if kind.status == status]
    names = ["X-Request-Id", *_MORE_HEADERS.get(status, ())]
    schema = {"$ref": f"{_REFER_TO}Problem"}
    return {
        "description": "\n".join(f"- `{kind.code}`: {kind.title}." for kind in of_status),
        "headers": _headers(*names),
        "content": {
            "application/problem+json": {
                "schema": schema,
                "examples": {kind.code: {"value": _problem_sample(kind)} for kind in of_status},
            },
            "application/problem+xml": {"schema": schema},
        },
    }


def _problem_sample(kind: ProblemType) -> Any:
    return problem_tree(Problem(kind.code), "5f2b9c3e0d6a4f7c8b1e2d3a4c5b6f70")


# --- Headers ---------------------------------------------------------------------------


def _header(about: str, example: str, *, required: bool = False) -> dict[str, Any]:
    described: dict[str, Any] = {"description": about, "schema": {"type": "string"}}
    return described | {"example": example} | ({"required": True} if required else {})


_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "X-Request-Id": _header(
        "Names this request, also in the request log of the API call.",
        "5f2b9c3e0d6a4f7c8b1e2d3a4c5b6f70",
        required=True,
    ),
    "ETag": _header(
        "Changes when the answer does; a streamed answer has none.",
        '"0f343b0931126a20f133d67c2b018a3b"',
    ),
    "RateLimit": _header(
        "What is left in this window (r), and the seconds until the next one (t).",
        '"call";r=599;t=60',
    ),
    "RateLimit-Policy": _header(
        "How many requests (q) are answered in so many seconds (w).",
        f'"call";q=600;w={WINDOW_SECONDS}',
    ),
    "Retry-After": _header("Seconds to wait.", str(RETRY_AFTER_SECONDS), required=True),
    "WWW-Authenticate": _header("The scheme to use.", CHALLENGE, required=True),
    "Allow": _header("The methods that are allowed.", "GET, HEAD, OPTIONS", required=True),
}
_MORE_HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After", "RateLimit", "RateLimit-Policy"),
    503: ("Retry-After",),
}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


# --- Components ------------------------------------------------------------------------


def _schemas() -> dict[str, Any]:
    """Return the schema of each document and of its shapes, and that of a problem."""
    schemas: dict[str, Any] = {}
    for document in DOCUMENTS.values():
        schemas[_component_name(document)] = _for_generators(
            _plain(json_schema(document, refer_to=_REFER_TO)), document.members
        ) | {"xml": {"name": document.root}}
        described = definitions(document.shapes(), refer_to=_REFER_TO)
        for shape in document.shapes():
            schemas[shape.name] = _for_generators(described[shape.name], shape.members)
    for shape in (_PARAMETER_PROBLEM, PROBLEM):
        described = definitions([shape], refer_to=_REFER_TO)
        schemas[shape.name] = _for_generators(described[shape.name], shape.members)
    schemas["Problem"]["xml"] = {"name": "problem", "namespace": "urn:ietf:rfc:7807"}
    return schemas


def _component_name(document: Document) -> str:
    return document.root[0].upper() + document.root[1:]


# Without a title: generators call a class by it, and ours has a version and blanks.
_OF_A_WHOLE_SCHEMA = {"$schema", "$defs", "title"}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in _OF_A_WHOLE_SCHEMA}


def _for_generators(schema: dict[str, Any], members: Iterable[Member]) -> dict[str, Any]:
    """Return the schema as generators read it, and with what lists are called in XML."""
    properties = dict(schema["properties"])
    for member in members:
        if member.what is Kind.TRUE:
            # As a constant it makes openapi-python-client write what Python cannot read.
            properties[member.name] = {"type": "boolean", "description": member.about}
        if isinstance(member.what, ListOf):
            listed = properties[member.name]
            properties[member.name] = listed | {
                "xml": {"wrapped": True},
                "items": listed["items"] | {"xml": {"name": member.what.singular}},
            }
    return schema | {"properties": properties}


_PARAMETER_PROBLEM = Shape(
    "ParameterProblem",
    (
        Member("parameter", Kind.TEXT, "Its published name, or what was sent instead."),
        Member("message", Kind.NAME, "What is wrong with it, and what to send."),
    ),
)
PROBLEM = Shape(
    "Problem",
    (
        Member("type", Kind.NAME, "The address of a page that explains this code."),
        Member("title", Kind.NAME),
        Member("status", Kind.WHOLE, "The status of the answer."),
        Member("detail", Kind.NAME, "What to do about it."),
        Member("code", Kind.CODE, "What kind of error it is; stable, and the one to act on."),
        Member("requestId", Kind.NAME, "The answer's X-Request-Id, to quote to support."),
        Member("test", Kind.TRUE, "Only there for a rehearsal.", optional=True),
        Member(
            "errors",
            ListOf("i", _PARAMETER_PROBLEM),
            "Only there when parameters are wrong.",
            optional=True,
        ),
    ),
    "An error, as RFC 9457 has it.",
)
