"""Two companies ask at once, over the same connections and caches: not a byte crosses.

All that one company writes is Greek and all that the other writes is Cyrillic, and no byte that
begins a letter of the one begins one of the other. ID#s are the same in both, so that each is
found where only the company tells them apart.
"""

import json
import random
import shutil
import subprocess
import threading
import time
import urllib.parse
from collections import Counter
from itertools import cycle

import pytest

from tests.faults.fronts import MANY, database_kind
from tests.faults.raw import answers_in, connected
from tests.faults.sizes import so_many
from tests.shipped.server import database_of_its_own, free_port, shipped_server

pytestmark = pytest.mark.faults

REQUESTS = so_many(100_000, 5_000)
PROGRAMS = 8
WORKERS = 40
LETTERS = {"Greek": "αβγδεζηθικλμνξοπ", "Cyrillic": "абвгдежзийклмноп"}
# The first byte of each letter: two bytes of UTF-8.
BEGINS = {"Greek": {0xCE, 0xCF}, "Cyrillic": {0xD0, 0xD1}}

_ADD = """
import json, random
from accounts.models import Company
from apicalls import services
from apicalls.models import APICall, APITemplate
from apicalls.selectors import credential_current
from workers import services as workers
from workers.models import Location, Position
told = {{}}
for name, letters in {letters!r}.items():
    chance = random.Random(name)
    word = lambda: "".join(chance.choices(letters, k=9))
    company = Company.objects.create(name=word(), time_zone="UTC")
    place = dict(company=company, by=None)
    position = workers.place_add(kind=Position, name=word(), **place)
    location = workers.place_add(kind=Location, name=word(), **place)
    for _ in range(3):
        asked = workers.requirement_add(
            company=company, by=None, component="certificate", name=word())
        workers.assignment_set(company=company, requirement=asked, position=position,
            location=None, level="required", by=None)
    workers.workers_add(company=company, by=None, workers=[dict(id_number=f"W-{{n}}",
        first_name=word(), last_name=word(), position=position, location=location)
        for n in range({workers})])
    # Nobody has a record that could expire.
    for template in APITemplate.objects.exclude(document="expiring-requirements"):
        for output_format in ("json", "xml"):
            call = services.api_call_add(company=company, template=template, by=None)
            if template.document == "worker-compliance":
                call.parameter_sets.set(template.parameter_sets.filter(lookup="id_number"))
            APICall.objects.filter(pk=call.pk).update(
                name=word(), output_format=output_format, rate_limit={many})
            secret = services.client_secret_reveal(
                credential=credential_current(api_call=call), action="showed", by=None)
            pair = f"{{credential_current(api_call=call).client_key}}:{{secret.reveal()}}"
            told.setdefault(name, []).append([template.document, pair])
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    port = free_port()
    process = subprocess.Popen(
        [shutil.which("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        cwd=tmp_path_factory.mktemp("redis"),
        stdout=subprocess.DEVNULL,
    )
    time.sleep(0.2)
    yield f"rediscache://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture(scope="module")
def server(tmp_path_factory, redis_url):
    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        var = tmp_path_factory.mktemp("two") / "var"
        with shipped_server(var, WEB_CONCURRENCY="2", CACHE_URL=redis_url, **more) as server:
            yield server


def paths_of(document):
    """Return what is asked of a document; of one worker, all of them in turn."""
    if document == "worker-compliance":
        return [f"{document}?workerIDNumber=W-{number}" for number in range(WORKERS)]
    if document == "compliance-roster":
        return [f"{document}?limit=5", f"{document}?limit=5", f"{document}?stream=true"]
    if document == "compliance-changes":
        return [f"{document}?limit=5"]
    return [document]


class Program(threading.Thread):
    """Asks for one company and the other by chance, over one connection while it is kept."""

    def __init__(self, number, url, pairs, requests):
        super().__init__(daemon=True)
        self.faults, self.told, self.bytes = [], Counter(), Counter()
        self._address = urllib.parse.urlsplit(url)
        self._requests = requests
        self._random = random.Random(number)
        # Most ask about one worker, whose answers are what is kept.
        self._calls = [
            (company, document, pair, cycle(paths_of(document)))
            for company, calls in pairs.items()
            for document, pair in calls
            for _ in range(8 if document == "worker-compliance" else 1)
        ]
        self._calls += [
            (company, "verify", pair, cycle(["verify"]))
            for company, calls in pairs.items()
            for _document, pair in calls[:1]
        ]

    def run(self):
        connection = None
        for _ in range(self._requests):
            company, document, pair, paths = self._random.choice(self._calls)
            path = next(paths)
            try:
                connection = connection or connected(self._address.hostname, self._address.port)
                answer = self._asked(connection, path, pair)
            except OSError as error:
                self.faults.append(f"{path}: {error!r}")
                connection = None
                continue
            self.told[answer.status] += 1
            if wrong := self._wrong(company, document, path, answer):
                self.faults.append(f"{company} {path}: {wrong}")
        if connection:
            connection.close()

    def _asked(self, connection, path, pair):
        connection.sendall(
            f"GET /api/v1/{path} HTTP/1.1\r\nHost: {self._address.netloc}\r\n"
            f"Authorization: amx {pair}\r\nUser-Agent: two/1\r\n\r\n".encode()
        )
        received = b""
        while not _is_whole(received):
            piece = connection.recv(262_144)
            if not piece:
                raise ConnectionError("closed without an answer")
            received += piece
        [answer] = answers_in(received)
        return answer

    def _wrong(self, company, document, path, answer):
        if answer.status != 200:
            return f"{answer.status} {answer.body[:200]!r}"
        other = "Greek" if company == "Cyrillic" else "Cyrillic"
        present = set(answer.body)
        self.bytes[company] += len(answer.body)
        if crossed := present & BEGINS[other]:
            return f"bytes {crossed} of the other company"
        if not present & BEGINS[company]:
            return "nothing of its own"
        if document == "worker-compliance":
            number = path.rpartition("=")[2].encode()
            if b'"%s"' % number not in answer.body and b">%s<" % number not in answer.body:
                return "another worker"
        return ""


def _is_whole(received):
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return body.endswith(b"0\r\n\r\n")
    length = lower.partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(body) >= int(length)


def test_each_company_is_told_of_its_own_only(server, figures):
    code = _ADD.format(letters=LETTERS, workers=WORKERS, many=MANY)
    pairs = json.loads(server.manage("shell", "-v0", "-c", code).splitlines()[-1])
    programs = [
        Program(number, server.url, pairs, REQUESTS // PROGRAMS) for number in range(PROGRAMS)
    ]
    began = time.monotonic()
    for program in programs:
        program.start()
    for program in programs:
        program.join(timeout=3600)
    seconds = time.monotonic() - began
    faults = [fault for program in programs for fault in program.faults]
    told = sum((program.told for program in programs), Counter())
    read = sum((program.bytes for program in programs), Counter())
    figures |= {
        f"two companies, {database_kind()}: requests": told.total(),
        **{f"  answered {status}": number for status, number in sorted(told.items())},
        **{f"  bytes told to {company}": number for company, number in sorted(read.items())},
        "  seconds": round(seconds),
        "  answers with something of the other": len(faults),
    }
    assert not faults, "\n".join(faults[:20])
    assert told.total() == REQUESTS // PROGRAMS * PROGRAMS
    assert min(read.values()) > REQUESTS * 100
