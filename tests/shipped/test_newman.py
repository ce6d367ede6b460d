"""Postman's own runner sends what the help article teaches to build by hand."""

import json
import subprocess
from pathlib import Path

import pytest

NEWMAN = Path(__file__).parents[1] / "newman" / "node_modules" / ".bin" / "newman"


def collection(shipped):
    """Return a collection as one makes it by hand: a GET, the header in Headers, "No Auth"."""
    key, secret = shipped.key_and_secret
    host, port = shipped.url.removeprefix("http://").split(":")
    tests = [
        "pm.test('is answered', () => pm.response.to.have.status(200));",
        "pm.test('is the worker', () =>",
        "  pm.expect(pm.response.json().worker.workerIDNumber).to.eql('00417'));",
        "pm.test('says whether to let in', () =>",
        "  pm.expect(pm.response.json().compliance.compliant).to.be.a('boolean'));",
    ]
    return {
        "info": {
            "name": "Worker compliance",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "item": [
            {
                "name": "One worker",
                "event": [{"listen": "test", "script": {"exec": tests}}],
                "request": {
                    "method": "GET",
                    "auth": {"type": "noauth"},
                    "header": [{"key": "Authorization", "value": f"amx {key}: {secret}"}],
                    "url": {
                        "raw": f"{shipped.url}/api/v1/worker-compliance?workerIDNumber=00417",
                        "protocol": "http",
                        "host": host.split("."),
                        "port": port,
                        "path": ["api", "v1", "worker-compliance"],
                        "query": [{"key": "workerIDNumber", "value": "00417"}],
                    },
                },
            }
        ],
    }


@pytest.mark.any_database
def test_newman_runs_a_collection_made_by_hand(shipped, tmp_path):
    file = tmp_path / "collection.json"
    file.write_text(json.dumps(collection(shipped)))
    result = subprocess.run(
        [
            NEWMAN,
            "run",
            file,
            "--reporters",
            "json",
            "--reporter-json-export",
            tmp_path / "run.json",
        ],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    run = json.loads((tmp_path / "run.json").read_text())["run"]
    assert run["stats"]["assertions"] == {"total": 3, "pending": 0, "failed": 0}
