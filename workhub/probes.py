"""`/healthz` and `/readyz`: what a supervisor or a proxy asks before it sends anybody here.

They are answered before anything else of the request is looked at: by whatever host name, without
encryption, without a session, and without a word about what the installation holds.
"""

import json
import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from apicalls.checks import keys_are_there

GetResponse = Callable[[HttpRequest], HttpResponse]

HEALTH_PATH, READY_PATH = "/healthz", "/readyz"


class Finding(NamedTuple):
    """Whether one thing is as it must be, and what there is to say of it: if not, what to do."""

    is_right: bool
    text: str = ""


class ProbesMiddleware:
    """Answer the two addresses, and pass all others on."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response
        self._ready_once = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in (HEALTH_PATH, READY_PATH):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        found = {} if request.path_info == HEALTH_PATH else self._readiness()
        is_right = all(one.is_right for one in found.values())
        response = HttpResponse(
            json.dumps({"status": "ok" if is_right else "unavailable", **_told(found)}),
            status=200 if is_right else 503,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )
        if not is_right:
            response["Retry-After"] = "1"
        return response

    def _readiness(self) -> Mapping[str, Finding]:
        database = _database()
        if not database.is_right:
            return {"database": database}
        if not self._ready_once:
            # Neither gets worse while the process runs: migrations are added before it starts,
            # and its keys are read once.
            found = {"database": database, "migrations": _migrations(), "keys": _keys()}
            self._ready_once = all(one.is_right for one in found.values())
            return found
        return {"database": database}


def _told(found: Mapping[str, Finding]) -> dict[str, dict[str, str]]:
    return (
        {
            "checks": {name: one.text or "ok" for name, one in found.items()},
        }
        if found
        else {}
    )


def _database() -> Finding:
    """A database that can only be read is right: the API goes on (apicalls/spool.py)."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_CAN_ONLY_BE_READ[connection.vendor])
            [can_only_be_read] = cursor.fetchone()
    except DatabaseError:
        connection.close()
        return Finding(is_right=False, text="The database does not answer.")
    if can_only_be_read in ("on", 1) or not _is_writable_file():
        return Finding(is_right=True, text="The database can only be read.")
    return Finding(is_right=True)


_CAN_ONLY_BE_READ = {
    "postgresql": "SHOW transaction_read_only",  # a replica's too
    "sqlite": "PRAGMA query_only",
}


def _is_writable_file() -> bool:
    name = str(connection.settings_dict["NAME"])
    is_file = connection.vendor == "sqlite" and not name.startswith((":", "file:"))
    return not is_file or os.access(name, os.W_OK)


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return Finding(is_right=False, text="Migrations are missing: run manage.py migrate.")
    return Finding(is_right=True)


def _keys() -> Finding:
    if any(one.is_serious() for one in keys_are_there(databases=["default"])):
        return Finding(is_right=False, text="A key is missing: manage.py check names it.")
    return Finding(is_right=True)
