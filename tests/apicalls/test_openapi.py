import json
import os
import subprocess
import sys

import pytest
import yaml
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from apicalls.documents import DOCUMENTS, sample_document
from apicalls.options import PARAMETERS
from workhub.rendering import to_json

PATHS = {
    "/api/v1/worker-compliance",
    "/api/v1/compliance-roster",
    "/api/v1/compliance-changes",
    "/api/v1/expiring-requirements",
    "/api/v1/verify",
}


@pytest.fixture(scope="module")
def document():
    from apicalls.openapi import openapi_document

    return openapi_document()


def operation(document, name):
    return document["paths"][f"/api/v1/{name}"]["get"]


def refers_to(node):
    """Return every $ref below the node."""
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(refers_to, node.values()))
    return set().union(*map(refers_to, node)) if isinstance(node, list) else set()


# --- The document ----------------------------------------------------------------------


def test_it_is_valid_openapi_3_1(document):
    validate_schema(document)
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "https://workhub.example"}]


def test_it_has_each_address_and_its_get_alone(document):
    assert set(document["paths"]) == PATHS
    assert {method for path in document["paths"].values() for method in path} == {"get"}


def test_the_check_of_its_form_bites(document):
    broken = json.loads(json.dumps(document))
    broken["paths"]["/api/v1/verify"]["get"]["responses"]["200"].pop("description")
    with pytest.raises(Exception, match="description"):
        validate_schema(broken)


def test_every_reference_leads_somewhere(document):
    found = refers_to(document)
    assert "#/components/schemas/Item" in found
    for reference in found:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


@pytest.mark.parametrize(
    ("name", "names"),
    [
        (
            "worker-compliance",
            ["workerIDNumber", "firstName", "middleName", "lastName", "validThrough"],
        ),
        (
            "compliance-roster",
            [
                *("status", "component", "position", "location", "division", "requiredOnly"),
                *("dueBefore", "limit", "cursor", "stream"),
            ],
        ),
        ("compliance-changes", ["since", "limit"]),
        ("expiring-requirements", ["withinDays", "limit", "cursor"]),
        ("verify", []),
    ],
)
def test_each_address_names_what_it_can_be_sent(document, name, names):
    listed = operation(document, name)["parameters"]
    assert [one["name"] for one in listed if one["in"] == "query"] == names
    assert [one["name"] for one in listed if one["in"] == "header"] == ["If-None-Match"]


def test_parameters_have_bounds_and_examples_that_keep_them(document):
    described = {
        one["name"]: one
        for path in document["paths"].values()
        for one in path["get"]["parameters"]
        if one["in"] == "query"
    }
    assert described["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000}
    assert described["middleName"]["allowEmptyValue"] is True
    for one in described.values():
        assert "example" not in one  # Swagger UI would send it unasked
        example = PARAMETERS[one["name"]].example
        assert f"Such as `{example}`." in one["description"] or not example
        if example:
            is_number = one["schema"]["type"] == "integer"
            value = int(example) if is_number else example
            Draft202012Validator(one["schema"]).validate(value)


def test_programs_know_which_header_to_send(document):
    assert document["components"]["securitySchemes"]["amx"] | {"description": ""} == {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "",
    }
    for path in document["paths"].values():
        assert path["get"]["security"] == [{"amx": []}]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_samples_are_as_their_schemas_say(document, name):
    content = operation(document, name)["responses"]["200"]["content"]
    assert set(content) == {"application/json", "application/xml"}
    media = content["application/json"]
    schema = media["schema"] | {"components": document["components"]}
    Draft202012Validator(schema).validate(media["example"])
    assert media["example"] == json.loads(to_json(sample_document(name).tree))
    assert f"<{DOCUMENTS[name].root}" in content["application/xml"]["example"]


@pytest.mark.parametrize("name", ["worker-compliance", "compliance-roster", "verify"])
def test_its_schemas_refuse_what_is_not_the_document(document, name):
    media = operation(document, name)["responses"]["200"]["content"]["application/json"]
    schema = media["schema"] | {"components": document["components"]}
    wrong = media["example"] | {"version": "2"}
    assert not Draft202012Validator(schema).is_valid(wrong)
    assert not Draft202012Validator(schema).is_valid({"version": "1"})


def test_documents_agree_on_the_shapes_that_they_share():
    shapes = {}
    for document in DOCUMENTS.values():
        for shape in document.shapes():
            assert shapes.setdefault(shape.name, shape) == shape


def test_every_kind_of_error_is_there_under_its_status(document):
    from workhub.problem_types import PROBLEM_TYPES

    listed = {
        (int(status), code)
        for path in document["paths"].values()
        for status, response in path["get"]["responses"].items()
        if int(status) >= 400
        for code in response["content"]["application/problem+json"]["examples"]
    }
    assert listed == {(kind.status, code) for code, kind in PROBLEM_TYPES.items()}


def test_errors_are_told_only_where_they_can_happen(document):
    def codes(name, status):
        response = operation(document, name)["responses"][status]
        return set(response["content"]["application/problem+json"]["examples"])

    assert codes("worker-compliance", "409") == {"parameters_not_set", "worker_ambiguous"}
    assert "409" not in operation(document, "compliance-roster")["responses"]
    assert "invalid_cursor" in codes("compliance-changes", "400")
    assert "invalid_cursor" not in codes("worker-compliance", "400")
    assert "missing_parameter" not in codes("verify", "400")


def test_samples_of_errors_are_as_their_schema_says(document):
    schema = {
        "$ref": "#/components/schemas/Problem",
        "components": document["components"],
    }
    for status, response in operation(document, "worker-compliance")["responses"].items():
        if int(status) >= 400:
            media = response["content"]["application/problem+json"]
            for one in media["examples"].values():
                Draft202012Validator(schema).validate(one["value"])
                assert one["value"]["status"] == int(status)


@pytest.mark.parametrize(
    ("status", "header"),
    [
        ("200", "ETag"),
        ("304", "ETag"),
        ("401", "WWW-Authenticate"),
        ("405", "Allow"),
        ("429", "Retry-After"),
        ("503", "Retry-After"),
    ],
)
def test_headers_that_programs_need_are_described(document, status, header):
    for name in DOCUMENTS:
        headers = operation(document, name)["responses"][status]["headers"]
        assert header in headers
        assert "X-Request-Id" in headers


# --- How it is served ------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize(
    ("name", "content_type", "read"),
    [
        ("openapi.json", "application/json", json.loads),
        ("openapi.yaml", "application/yaml", yaml.safe_load),
    ],
)
def test_it_is_served_to_anybody(
    db, client, django_assert_num_queries, document, name, content_type, read, method
):
    with django_assert_num_queries(0):
        response = getattr(client, method)(f"/api/v1/{name}")
    assert response.status_code == 200
    assert response["Content-Type"] == content_type
    assert response["Cache-Control"] == "public, max-age=3600"
    assert not response.cookies
    if method == "get":
        assert read(response.content) == document


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize("name", ["openapi.json", "openapi.yaml"])
def test_it_is_read_only(client, name, method):
    response = getattr(client, method)(f"/api/v1/{name}")
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert response.json()["code"] == "method_not_allowed"


def test_nothing_of_it_is_there_before_somebody_asks():
    code = (
        "import sys, workhub.wsgi, workhub.urls;"
        "print([name for name in sys.modules if name.startswith('drf_spectacular')])"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
