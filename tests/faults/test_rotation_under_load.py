"""A hundred thousand Client Secrets are sealed anew while programs use some of them."""

import base64
import http.client
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter

import pytest

from tests.faults.fronts import MANY, database_kind
from tests.faults.sizes import so_many
from tests.shipped.server import ROOT, database_of_its_own, shipped_server

pytestmark = pytest.mark.faults

PAIRS = so_many(100_000, 20_000)
USED = 500
PROGRAMS = 3

_ADD = """
import json
from accounts.models import Company
from apicalls.credentials import new_client_key, new_client_secret
from apicalls.models import APICall, APITemplate, Credential
from apicalls.services.credentials import owner_of, vault
company = Company.objects.get(name="Northern Build")
template = APITemplate.objects.get(code="worker-compliance")
calls = APICall.objects.bulk_create([
    APICall(company=company, template=template, name=f"Gate {{n}}", rate_limit={many})
    for n in range({pairs})], batch_size=1000)
made, told = [], []
for call in calls:
    key, secret = new_client_key(), new_client_secret()
    sealed = vault().seal(secret, owner_of(call, key))
    made.append(Credential(api_call=call, client_key=key, secret_digest=sealed.digest,
        pepper_number=sealed.pepper_number, secret_ciphertext=sealed.ciphertext,
        key_number=sealed.key_number))
    if len(made) % ({pairs} // {used}) == 0:
        told.append([key, secret.reveal()])
Credential.objects.bulk_create(made, batch_size=1000)
print(json.dumps(told))
"""


class Program(threading.Thread):
    """Asks with one pair after the other, by chance, over one kept connection."""

    def __init__(self, number, url, pairs):
        super().__init__(daemon=True)
        self.told, self.seconds = Counter(), []
        self._netloc = urllib.parse.urlsplit(url).netloc
        self._pairs, self._random = pairs, random.Random(number)
        self._is_over = threading.Event()

    def run(self):
        connection = http.client.HTTPConnection(self._netloc, timeout=60)
        while not self._is_over.is_set():
            key, secret = self._random.choice(self._pairs)
            began = time.monotonic()
            try:
                connection.request(
                    "GET", "/api/v1/verify", headers={"Authorization": f"amx {key}:{secret}"}
                )
                answer = connection.getresponse()
                answer.read()
                self.told[answer.status] += 1
            except (OSError, http.client.HTTPException) as error:
                self.told[repr(error)] += 1
                connection.close()
            self.seconds.append(time.monotonic() - began)

    def end(self):
        self._is_over.set()
        self.join(timeout=70)
        assert not self.is_alive()


def numbered(env_file, *, add=None, drop=None):
    """Change which numbers an installation has of its peppers and keys."""
    text = env_file.read_text()
    for name in ("CREDENTIAL_PEPPERS", "CREDENTIAL_KEYS"):
        [value] = re.findall(rf"^{name}=['\"]?([^'\"\n]*)", text, re.MULTILINE)
        keys = dict(one.split(":") for one in value.split(","))
        if add:
            keys = {add: base64.b64encode(os.urandom(32)).decode()} | keys
        keys.pop(drop, None)
        listed = ",".join(f"{number}:{key}" for number, key in keys.items())
        text = text.replace(re.search(rf"^{name}=.*$", text, re.MULTILINE)[0], f"{name}={listed}")
    env_file.write_text(text)


def rotated(server):
    """Run the command to its end, and return what it said and how long it took."""
    began = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "manage.py", "rotate_credential_keys"],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout, time.monotonic() - began


def test_secrets_are_sealed_anew_beside_requests(tmp_path, figures):
    var = tmp_path / "var"
    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        more["WEB_CONCURRENCY"] = "2"
        with shipped_server(var, **more) as server:
            code = _ADD.format(many=MANY, pairs=PAIRS, used=USED)
            pairs = json.loads(server.manage("shell", "-v0", "-c", code).splitlines()[-1])
        assert len(pairs) == USED
        numbered(var / ".env", add="2")
        with shipped_server(var, **more) as server:
            programs = [Program(number, server.url, pairs) for number in range(PROGRAMS)]
            for program in programs:
                program.start()
            try:
                said, seconds = rotated(server)
            finally:
                for program in programs:
                    program.end()
        told = sum((program.told for program in programs), Counter())
        # With the old number taken out, each is answered still.
        numbered(var / ".env", drop="1")
        with shipped_server(var, **more) as server:
            after = Program(0, server.url, pairs)
            after.start()
            time.sleep(3)
            after.end()
    figures |= {
        f"pairs sealed anew, {database_kind()}": PAIRS,
        "  seconds": round(seconds),
        "  requests meanwhile": told.total(),
        "  of these failed": told.total() - told[200],
        "  longest, s": f"{max(max(program.seconds) for program in programs):.2f}",
        "  requests without the old number": after.told.total(),
    }
    [done] = re.findall(r"(\d+) of \1 pairs sealed anew", said)[-1:]
    assert int(done) >= PAIRS
    assert "CREDENTIAL_PEPPERS number 1 can be taken out" in said
    assert "CREDENTIAL_KEYS number 1 can be taken out" in said
    assert set(told) == {200}, told
    assert set(after.told) == {200}, after.told
