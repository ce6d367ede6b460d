import pytest


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("worker-compliance.xsd", "application/xml"),
        ("worker-compliance.json", "application/schema+json"),
    ],
)
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_schema_is_served_to_anybody(
    db, client, django_assert_num_queries, name, content_type, method
):
    with django_assert_num_queries(0):
        response = getattr(client, method)(f"/api/v1/schemas/{name}")
    assert response.status_code == 200
    assert response["Content-Type"] == content_type
    assert response["Cache-Control"] == "public, max-age=3600"
    assert not response.cookies
    if method == "get":
        assert b"Obey" in response.content


@pytest.mark.parametrize(
    "name",
    [
        "none.xsd",
        "worker-compliancexxsd",
        "worker-compliance.xsd/",
        "worker_compliance.py",
        "__init__.py",
        "..",
        "%2e%2e%2fmodels.py",
    ],
)
def test_nothing_else_is_served(db, client, name):
    response = client.get(f"/api/v1/schemas/{name}")
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_a_schema_is_read_only(client, method):
    response = getattr(client, method)("/api/v1/schemas/worker-compliance.xsd")
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert response.json()["code"] == "method_not_allowed"
