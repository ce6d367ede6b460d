"""Whether a process can be sent requests: asked without host, session or encryption."""

import pytest
from django.db import OperationalError, connection
from django.test import Client

from workhub import probes
from workhub.probes import Finding


@pytest.fixture
def ask():
    # Each process has a middleware of its own; a new client makes a new one.
    def get(path, **options):
        return Client().get(path, **options)

    return get


def test_a_process_that_runs_is_healthy_without_a_database(ask):
    response = ask("/healthz")  # this test has none
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response["Cache-Control"] == "no-store"


def test_it_is_ready_with_database_migrations_and_keys(ask, db):
    response = ask("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "checks": {"database": "ok", "migrations": "ok", "keys": "ok"},
    }
    assert not response.cookies


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_whatever_name_it_is_asked_by(ask, db, settings, path):
    settings.ALLOWED_HOSTS = ["workhub.example"]
    assert ask(path, headers={"host": "10.1.2.3:8000"}).status_code == 200
    assert ask("/sign-in/", headers={"host": "10.1.2.3:8000"}).status_code == 400


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_only_looked_at(method):
    response = getattr(Client(enforce_csrf_checks=True), method)("/readyz")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_without_a_database_it_is_not_ready_and_says_so(ask, db, monkeypatch):
    def away():
        raise OperationalError("password=hunter2 host=db")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", away)
        patched.setattr(connection, "close", lambda: None)
        response = ask("/readyz")
    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert response.json()["checks"] == {"database": "The database does not answer."}
    assert "hunter2" not in response.text


def test_with_a_database_that_can_only_be_read_it_is_ready_and_says_so(ask, real_database):
    on, off = {
        "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        "postgresql": (
            "SET default_transaction_read_only = on",
            "SET default_transaction_read_only = off",
        ),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(on)
    response = ask("/readyz")
    with connection.cursor() as cursor:
        cursor.execute(off)
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert response.json()["checks"]["database"] == "The database can only be read."


@pytest.mark.parametrize("name", ["_migrations", "_keys"])
def test_what_else_is_missing_is_named(ask, db, monkeypatch, name):
    monkeypatch.setattr(probes, name, lambda: Finding(is_right=False, text="Mend it."))
    response = ask("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"][name.strip("_")] == "Mend it."


def test_a_migration_that_is_not_applied_is_found(db):
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder

    assert probes._migrations().is_right
    [newest] = MigrationLoader(connection).graph.leaf_nodes("apicalls")
    MigrationRecorder(connection).record_unapplied(*newest)
    assert not probes._migrations().is_right


def test_a_key_that_is_missing_is_found(db, settings, company):
    from apicalls import services
    from apicalls.models import APITemplate, Credential

    template = APITemplate.objects.first()
    services.api_call_add(company=company, template=template, by=None)
    assert probes._keys().is_right
    Credential.objects.update(pepper_number=99)
    assert not probes._keys().is_right


def test_once_ready_only_the_database_is_asked(db, django_assert_num_queries):
    middleware = probes.ProbesMiddleware(lambda _request: None)
    middleware._readiness()
    with django_assert_num_queries(1):
        assert list(middleware._readiness()) == ["database"]
