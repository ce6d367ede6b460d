"""Clients that generators make of what we publish read what the running server answers."""

import importlib
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

from apicalls.documents import DOCUMENTS
from tests.shipped.calls import all_with, ask, pairs_of

pytestmark = pytest.mark.any_database


def generate(*command, cwd):
    # xsdata formats what it made by the ruff that it finds on the path.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run


@pytest.fixture(scope="module")
def pairs(shipped):
    return pairs_of(shipped)


@pytest.fixture(scope="module")
def generated(shipped, tmp_path_factory):
    """Return a folder to import from, with a client and classes of every XSD in it."""
    folder = tmp_path_factory.mktemp("generated")
    for path in ("openapi.json", *(f"schemas/{name}.xsd" for name in DOCUMENTS)):
        with urllib.request.urlopen(f"{shipped.url}/api/v1/{path}", timeout=30) as answer:
            (folder / path.rpartition("/")[2]).write_bytes(answer.read())
    (folder / "client.yaml").write_text("post_hooks: []\n")
    generate(
        *("openapi_python_client", "generate", "--path", "openapi.json", "--meta", "none"),
        *("--output-path", "workhub_client", "--config", "client.yaml", "--fail-on-warning"),
        cwd=folder,
    )
    for name in DOCUMENTS:
        generate(
            *("xsdata", "generate", f"{name}.xsd", "--package"),
            f"workhub_xml.{name.replace('-', '_')}",
            cwd=folder,
        )
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def client_of(shipped, generated, pairs):
    """Return a function that gives the generated client with the pair of a document's call."""
    from workhub_client.client import AuthenticatedClient

    made = []

    def make(name):
        token = ":".join(pairs[name])
        client = AuthenticatedClient(base_url=shipped.url, token=token, prefix="amx")
        made.append(client)
        return client

    yield make
    for client in made:
        client.get_httpx_client().close()


@pytest.fixture
def in_xml(shipped):
    with all_with(shipped, "output_format", "xml"):
        yield


@pytest.fixture
def in_json(shipped):
    with all_with(shipped, "output_format", "json"):
        yield


def api(name):
    return importlib.import_module(f"workhub_client.api.api.{name.replace('-', '_')}")


# --- The client made of the OpenAPI document -----------------------------------------------


def test_its_client_reads_a_worker(client_of, in_json):
    found = api("worker-compliance").sync(
        client=client_of("worker-compliance"), worker_id_number="00417"
    )
    assert type(found).__name__ == "WorkerCompliance"
    assert found.worker.worker_id_number == "00417"
    assert found.compliance.compliant is False
    assert found.compliance.items[0].name


def test_its_client_reads_a_roster_page_by_page(client_of, in_json):
    page = api("compliance-roster").sync(client=client_of("compliance-roster"), limit=5)
    assert len(page.workers) == page.count == 5
    assert page.next_.startswith("http")
    assert page.workers[0].worker.id.startswith("wkr_")


def test_its_client_reads_changes_since_the_last_time(client_of, in_json):
    changes = api("compliance-changes")
    client = client_of("compliance-changes")
    first = changes.sync(client=client, limit=50)
    assert first.changes[0].worker.id.startswith("wkr_")
    then = changes.sync(client=client, since=first.latest, limit=50)
    assert then.latest != first.latest


def test_its_client_reads_what_expires(client_of, in_json):
    found = api("expiring-requirements").sync(
        client=client_of("expiring-requirements"), within_days=90
    )
    assert found.within_days == 90
    assert all(row.item.expires_on <= found.until for row in found.requirements)
    assert found.count == len(found.requirements) > 0


def test_its_client_verifies(client_of, in_json):
    found = api("verify").sync(client=client_of("verify"))
    assert found.api_call.document == "worker-compliance"


def test_its_client_reads_errors(client_of, in_json):
    answer = api("worker-compliance").sync_detailed(
        client=client_of("worker-compliance"), worker_id_number="TEST-NOT-FOUND"
    )
    assert answer.status_code == 404
    assert answer.parsed.code == "worker_not_found"
    assert answer.parsed.test is True


def test_its_client_reads_which_parameter_is_wrong(client_of, in_json):
    problem = api("worker-compliance").sync(client=client_of("worker-compliance"))
    assert problem.code == "missing_parameter"
    assert [one.parameter for one in problem.errors] == ["workerIDNumber"]


# --- The classes made of the XSDs ----------------------------------------------------------

# Each fails on an element or attribute that the class does not know.
STRICT = ParserConfig(fail_on_unknown_properties=True, fail_on_unknown_attributes=True)


def read(name, body):
    module = importlib.import_module(f"workhub_xml.{name.replace('-', '_')}")
    root = DOCUMENTS[name].root
    return XmlParser(config=STRICT).from_bytes(body, getattr(module, root[0].upper() + root[1:]))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_classes_of_the_schema_read_the_answer(shipped, generated, pairs, in_xml, name):
    read_back = read(name, ask(shipped, name, pairs[name]))
    assert read_back.version.value == "1"


def test_classes_of_the_schema_hold_what_was_answered(shipped, generated, pairs, in_xml):
    def answer(name, query=None):
        return read(name, ask(shipped, name, pairs[name], query))

    worker = answer("worker-compliance")
    assert worker.worker.worker_idnumber == "00417"
    assert worker.compliance.compliant is False
    assert worker.valid_through.compliant is False
    roster = answer("compliance-roster")
    assert len(roster.workers.entry) == roster.count == 5
    streamed = answer("compliance-roster", "stream=true")
    assert len(streamed.workers.entry) == streamed.count > 5
    changes = answer("compliance-changes")
    assert changes.changes.change[0].worker.id.startswith("wkr_")
    expiring = answer("expiring-requirements")
    assert len(expiring.requirements.expiring) == expiring.count > 0


def test_classes_of_the_schema_refuse_another_document(shipped, generated, pairs, in_xml):
    body = ask(shipped, "verify", pairs["verify"])
    with pytest.raises(Exception, match=r"(?i)unknown property"):
        read("worker-compliance", body)
