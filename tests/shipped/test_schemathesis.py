"""schemathesis sends the running server whatever its own description allows, and what not.

    SOAK=1 pytest tests/shipped/test_schemathesis.py

sends a thousand of each instead of a few, in both formats, to all addresses.
"""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from apicalls.documents import DOCUMENTS
from tests.shipped.calls import all_with, pairs_of
from tests.shipped.server import database_of_its_own, shipped_server

IS_SOAK = bool(os.environ.get("SOAK"))
EXAMPLES = 1000 if IS_SOAK else 10
FORMATS = ["json", "xml"]
# Where what is valid is tried apart from the rest, each costs as much as all of that.
TRIED_APART = list(DOCUMENTS) if IS_SOAK else ["worker-compliance", "compliance-roster"]

# What valid data may be answered. As published, a text can be a cursor, a day or a place
# that only the server can judge; of what is left when those are out, all must be accepted.
AS_PUBLISHED = ["2xx", "304", "400", "404"]
MUST_BE_ACCEPTED = ["2xx", "304", "404"]
SURE = {
    "worker-compliance": ["workerIDNumber"],
    "compliance-roster": ["status", "component", "requiredOnly", "dueBefore", "limit"],
    "compliance-changes": ["limit"],
    "expiring-requirements": ["withinDays", "limit"],
    "verify": [],
}
# Of these, what is ticked for the call in the demo.
TICKED = {"worker-compliance": "workerIDNumber", "expiring-requirements": "withinDays"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of its own, on which thousands of requests are not too many."""
    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        more["FAILED_AUTHORIZATIONS_PER_MINUTE"] = "1000000"
        with (
            shipped_server(tmp_path_factory.mktemp("schemathesis") / "var", **more) as server,
            all_with(server, "rate_limit", 1_000_000),
        ):
            yield server


@pytest.fixture(scope="module")
def pairs(server):
    return pairs_of(server)


@pytest.fixture(scope="module")
def published(server):
    with urllib.request.urlopen(f"{server.url}/api/v1/openapi.json", timeout=30) as answer:
        return json.load(answer)


@pytest.fixture
def schemathesis(server, pairs, tmp_path):
    """Return a function that runs it on one address and returns what it printed."""

    def run(document, name, expected, examples=EXAMPLES):
        (tmp_path / "openapi.json").write_text(json.dumps(document))
        (tmp_path / "schemathesis.toml").write_text(
            f"[checks.positive_data_acceptance]\nexpected-statuses = {json.dumps(expected)}\n"
        )
        return subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                *("run", "openapi.json", "--url", server.url),
                *("--include-path", f"/api/v1/{name}", "--max-examples", str(examples)),
                *("--header", "Authorization: amx {}:{}".format(*pairs[name])),
                *("--seed", "1", "--no-color", "--continue-on-failure", "--no-shrink"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return run


def narrowed(published, name):
    """Return the description as this call asks for it, without what only the server knows."""
    document = json.loads(json.dumps(published))
    operation = document["paths"][f"/api/v1/{name}"]["get"]
    operation["parameters"] = [
        one for one in operation["parameters"] if one["name"] in [*SURE[name], "If-None-Match"]
    ]
    for one in operation["parameters"]:
        one["required"] = one["name"] == TICKED.get(name)
        if one["name"] == "workerIDNumber":
            one["schema"]["pattern"] = "^[A-Za-z0-9][A-Za-z0-9 /-]{0,60}$"
    return document


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("output_format", FORMATS if IS_SOAK else FORMATS[:1])
def test_the_server_does_what_its_description_says(
    server, published, schemathesis, output_format, name
):
    with all_with(server, "output_format", output_format):
        run = schemathesis(published, name, AS_PUBLISHED)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 selected / 5 total" in run.stdout


@pytest.mark.parametrize("name", TRIED_APART)
@pytest.mark.parametrize("output_format", FORMATS if IS_SOAK else FORMATS[1:])
def test_the_server_accepts_all_that_is_valid(server, published, schemathesis, output_format, name):
    with all_with(server, "output_format", output_format):
        run = schemathesis(narrowed(published, name), name, MUST_BE_ACCEPTED)
    assert run.returncode == 0, run.stdout + run.stderr


def test_schemathesis_finds_a_description_that_is_wrong(published, schemathesis):
    wrong = narrowed(published, "verify")
    wrong["components"]["schemas"]["APICall"]["properties"]["name"] = {"type": "integer"}
    run = schemathesis(wrong, "verify", MUST_BE_ACCEPTED)
    assert run.returncode == 1
    assert "is not of type" in run.stdout


def test_nothing_that_was_sent_made_the_server_fail(server):
    assert "Traceback" not in server.log_text()
