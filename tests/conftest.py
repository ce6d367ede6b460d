"""The cast of every test: a company with an admin and a viewer, and an outsider's company."""

import time
from pathlib import PurePosixPath

import pytest
from django.db import connection, connections
from xdist.scheduler import LoadScopeScheduling

from accounts.models import AuditEvent, Company, Role, User
from workers import derivation
from workers.models import Worker

pytest_plugins = ["tests.canary"]

PASSWORD = "a long enough password"


@pytest.fixture
def company(db) -> Company:
    return Company.objects.create(name="Northern Build", time_zone="America/Edmonton")


@pytest.fixture
def other_company(db) -> Company:
    return Company.objects.create(name="Southern Rail", time_zone="Europe/Berlin")


@pytest.fixture
def admin(company) -> User:
    return User.objects.create_user(
        "admin@northern.example", PASSWORD, name="Ada Admin", company=company, role=Role.ADMIN
    )


@pytest.fixture
def viewer(company) -> User:
    return User.objects.create_user(
        "viewer@northern.example", PASSWORD, name="Vic Viewer", company=company, role=Role.VIEWER
    )


@pytest.fixture
def outsider(other_company) -> User:
    """An admin, but of another company."""
    return User.objects.create_user(
        "admin@southern.example",
        PASSWORD,
        name="Olga Outsider",
        company=other_company,
        role=Role.ADMIN,
    )


class Trail:
    """What is written in the audit trail from a moment on: what is there already stays."""

    def __init__(self):
        self.begin_anew()

    def begin_anew(self):
        newest = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first()
        self._since = newest or 0

    def events(self):
        return AuditEvent.objects.filter(id__gt=self._since).order_by("id")

    def actions(self):
        return list(self.events().values_list("action", flat=True))


@pytest.fixture
def trail(db) -> Trail:
    return Trail()


@pytest.fixture
def client_of(client):
    """Return a function that signs a person in and returns the client."""

    def sign_in(user):
        signed_in(client, user)
        return client

    return sign_in


def signed_in(client, user, *, confirmed_at=None):
    """Sign a person in as somebody who gave the password at that moment, or just now."""
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    now = time.time()
    proof = {"method": "password", "at": now if confirmed_at is None else confirmed_at}
    session = client.session
    session["account_authentication_methods"] = [proof]
    session["account_authentication_methods_user"] = str(user.pk)
    session["seen_at"] = now
    session.save()


@pytest.fixture
def real_database(transactional_db, tmp_path):
    """A database that threads can share.

    Tests on SQLite run in memory, where a second connection is told "table is locked"
    instead of waiting its turn; this one is a file, as it is outside of tests.
    """
    if connection.vendor != "sqlite":
        yield
        return
    in_memory = connections["default"]
    path = tmp_path / "workhub.sqlite3"
    with in_memory.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    settings_dict = connections.settings["default"]
    name, settings_dict["NAME"] = settings_dict["NAME"], str(path)
    on_disk = connections.create_connection("default")
    connections["default"] = on_disk
    try:
        yield
    finally:
        on_disk.close()
        settings_dict["NAME"] = name
        connections["default"] = in_memory


# --- The shipped server -----------------------------------------------------------------


SERVER_OF_ITS_OWN = {"test_schemathesis.py", "test_stream_memory.py"}


class OneServerScheduling(LoadScopeScheduling):
    """Tests go to whichever process is free, but those of the running server to the same one.

    xdist_group would say so per test, but pytest 9 drops what it adds to a test's name.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = PurePosixPath(nodeid.partition("::")[0])
        if path.parent.name not in {"browser", "shipped"}:
            return nodeid
        return path.name if path.name in SERVER_OF_ITS_OWN else "shipped"


def pytest_xdist_make_scheduler(config, log):
    return OneServerScheduling(config, log)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items):
    for item in items:
        if {"browser", "shipped"} & set(item.path.parts):
            continue
        if not (
            {"db", "transactional_db"} & set(item.fixturenames)
            or item.get_closest_marker("django_db")
        ):
            item.add_marker(pytest.mark.any_database)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """The server that `make run` starts, with the demo in it, for tests over real HTTP."""
    from tests.shipped.server import database_of_its_own, shipped_server

    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        with shipped_server(tmp_path_factory.mktemp("installation") / "var", **more) as server:
            yield server


@pytest.fixture(autouse=True)
def _no_bytes_of_another_test():
    """Where a test takes a part of the way to a document away, the way is to be gone."""
    from apicalls import answers, limits, unchanged

    answers._told.cache_clear()
    unchanged.memory.clear()
    unchanged.pairs.clear()
    limits.supply.clear()


@pytest.fixture(autouse=True)
def _derived_rows_are_right(request):
    """After any write that a test made, rebuilding the derived rows must change nothing."""
    uses_database = {"db", "transactional_db", "live_server"} & set(request.fixturenames)
    if not uses_database and not request.node.get_closest_marker("django_db"):
        yield
        return
    # Asked for first, so that it is still there when this test is over.
    request.getfixturevalue("db")
    yield
    if request.node.get_closest_marker("breaks_derived_rows"):
        return
    if connection.needs_rollback or not connection.is_usable():
        return  # it ended in a failed transaction, which answers nothing any more
    if Worker.objects.exists():
        for company in Company.objects.all():
            assert derivation.differences(company=company) == derivation.Counts()
