"""The integrators' reference: pages and descriptions for everybody, without company data.

What they say of parameters, members and errors is read from the tables that the endpoints
use, so that it cannot differ from what is answered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.languages import OWN_LANGUAGE, own_language
from apicalls.description import SUMMARIES, parameters_of, takes_a_tick
from apicalls.documents import DOCUMENTS, document_path, sample_answer
from apicalls.documents.fields import DEFAULT_FIELDS, FIELD_GROUP_MEMBERS, FIELD_GROUPS
from apicalls.documents.shape import Kind, ListOf, Member, Shape, What
from apicalls.limits import WINDOW_SECONDS
from apicalls.options import DEFAULT_LIMIT, MAX_LIMIT, Parameter
from apicalls.rehearsal import REHEARSAL_ID_NUMBERS
from apicalls.schemas import described
from workers.compliance import CompliantWhen, Status, WorkerStatus, is_compliant
from workers.labels import STATUSES, WORKER_STATUSES
from workhub.problem_types import PROBLEM_TYPES
from workhub.problems import CHALLENGE, RETRY_AFTER_SECONDS
from workhub.rendering import to_json

# --- OpenAPI ---------------------------------------------------------------------------


@csrf_exempt  # its refusal would be a page; a POST is refused as the API does it
def openapi_json(request: HttpRequest) -> HttpResponse:
    """Serve the API's description, from which clients and test tools are made."""
    return described(request, _openapi_json(), "application/json")


@csrf_exempt
def openapi_yaml(request: HttpRequest) -> HttpResponse:
    """Serve the same in YAML, which people read more easily."""
    return described(request, _openapi_yaml(), "application/yaml")


@cache
def _openapi_json() -> bytes:
    return to_json(_openapi_document(), indent=True)


@cache
def _openapi_yaml() -> bytes:
    # Without anchors, which most readers of OpenAPI do not expect.
    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    text: str = yaml.dump(_openapi_document(), Dumper=Dumper, sort_keys=False, allow_unicode=True)
    return text.encode()


def _openapi_document() -> dict[str, Any]:
    # Imported by the first who asks: drf-spectacular takes longer to import than the rest.
    from apicalls.openapi import openapi_document

    return openapi_document()


# --- Pages -----------------------------------------------------------------------------


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """How to build against the API, on one page that can be searched and printed."""
    context = {
        "endpoints": [_endpoint(name) for name in DOCUMENTS],
        "statuses": [(str(one), STATUSES[one], _counts(one)) for one in Status],
        "worker_statuses": [(str(one), WORKER_STATUSES[one]) for one in WorkerStatus],
        "field_groups": FIELD_GROUP_MEMBERS.items(),
        "kinds": PROBLEM_TYPES.values(),
        "rehearsals": [(one, _REHEARSED[one]) for one in REHEARSAL_ID_NUMBERS],
        "site_url": settings.SITE_URL,
        "challenge": CHALLENGE,
        "retry_after": RETRY_AFTER_SECONDS,
        "window_seconds": WINDOW_SECONDS,
        "default_limit": DEFAULT_LIMIT,
        "max_limit": MAX_LIMIT,
    }
    # A document of the API: it says what the API says, in the one language of that.
    with own_language():
        response = render(request, "apicalls/reference.html", context)
    response["Content-Language"] = OWN_LANGUAGE
    return response


@require_safe
def reference_try(request: HttpRequest) -> HttpResponse:
    """Swagger UI on this installation's own description, to send real requests from."""
    return render(request, "apicalls/reference_try.html")


# --- What the page says ----------------------------------------------------------------

_REHEARSED = {
    "TEST-COMPLIANT": "200: compliant; the certificate has 400 days left.",
    "TEST-EXPIRED": "200: not_compliant; the certificate expired 20 days ago.",
    "TEST-COMING-DUE": "200: compliant; the certificate has 10 days left.",
    "TEST-INACTIVE": "200: inactive, which is not compliant.",
    "TEST-NOT-FOUND": "404 worker_not_found.",
    "TEST-AMBIGUOUS": "409 worker_ambiguous.",
    "TEST-RATE-LIMITED": "429 rate_limited, with Retry-After: 1.",
    "TEST-UNAVAILABLE": "503 temporarily_unavailable, with Retry-After: 1.",
}


@dataclass(frozen=True, slots=True)
class _MemberRow:
    """A member as the table has it: `path` is that in JSON, "worker.firstName"."""

    path: str
    type: str
    about: str
    nullable: bool
    optional: bool
    group: str


def _endpoint(name: str) -> dict[str, Any]:
    document = DOCUMENTS[name]
    return {
        "name": name,
        "title": document.title.partition(",")[0],
        "path": document_path(name),
        "summary": SUMMARIES[name],
        "about": document.about,
        "parameters": [
            {"parameter": one, "ticked": takes_a_tick(name, one.name), "takes": _takes(one)}
            for one in parameters_of(name)
        ],
        "members": list(_member_rows(document.members)),
        "root": document.root,
        "groups": [(group, group in DEFAULT_FIELDS[name]) for group in FIELD_GROUPS[name]],
        "sample_json": sample_answer(name, "json"),
        "sample_xml": sample_answer(name, "xml"),
    }


def _takes(parameter: Parameter) -> str:
    """Return in words what the value of a parameter may be."""
    schema = parameter.schema
    if "enum" in schema:
        return ", ".join(schema["enum"])
    if schema["type"] == "integer":
        return f"a whole number from {schema['minimum']} to {schema['maximum']}"
    if schema.get("format") == "date":
        return "a day, YYYY-MM-DD"
    return f"text of up to {schema['maxLength']} characters"


def _member_rows(members: tuple[Member, ...], before: str = "") -> Iterator[_MemberRow]:
    for member in members:
        path = before + member.name
        yield _MemberRow(
            path=path,
            type=_type(member.what),
            about=member.about,
            nullable=member.nullable,
            optional=member.optional,
            group=member.group,
        )
        listed = isinstance(member.what, ListOf)
        what = member.what.of if isinstance(member.what, ListOf) else member.what
        if isinstance(what, Shape):
            yield from _member_rows(what.members, f"{path}[]." if listed else f"{path}.")


def _type(what: What) -> str:
    match what:
        case Kind():
            return _KINDS[what]
        case Shape():
            return "object"
        case ListOf():
            return f"list; in XML of {what.singular}"


_KINDS = {
    Kind.TEXT: "text, also empty",
    Kind.NAME: "text",
    Kind.CODE: "code",
    Kind.DAY: "day",
    Kind.INSTANT: "instant",
    Kind.FLAG: "true or false",
    Kind.WHOLE: "whole number",
    Kind.COUNT: "number from 0",
    Kind.NUMBER_FROM_ONE: "number from 1",
    Kind.PERCENT: "number from 0 to 100",
    Kind.VERSION: '"1"',
    Kind.TRUE: "true",
}


def _counts(status: Status) -> str:
    """Return in words whether an item of this status counts as compliant."""
    counted = {when: is_compliant(status, when) for when in CompliantWhen}
    if all(counted.values()):
        return "yes"
    return "as the company chose" if any(counted.values()) else "no"
