"""People change things while the processes that do it are killed, and press again what was lost.

Nothing of what they were told is lost, nothing is there by halves, and nothing twice. A server's
worker is killed, its parent, and on PostgreSQL the process of a connection.
"""

import http.client
import json
import os
import random
import re
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from contextlib import ExitStack, suppress

import psycopg
import pytest
from lxml import html

from tests.deploy.machines import Unit
from tests.faults.fronts import database_kind
from tests.faults.pages import Visitor, form_with
from tests.faults.sizes import so_many
from tests.shipped.server import ROOT, shipped_server
from tests.shipped.test_processes import children, wait_until
from tests.with_postgresql import postgresql

pytestmark = pytest.mark.faults

KILLS = so_many(50, 10)
EDITORS = 4
# As test_killed_processes.py has it of granian, and what a start takes.
PAUSE, START = 2.9, 60  # seconds
IMPORTED = 25


class Editor(threading.Thread):
    """Adds, edits, regenerates and imports, and sends each again until it is answered."""

    def __init__(self, number, server):
        super().__init__(daemon=True)
        self.done, self.faults, self.again = Counter(), [], 0
        # What was told: first name of a worker -> last one and id; import -> whether it was
        # applied; call -> how often its pair was regenerated.
        self.workers, self.imports, self.calls = {}, {}, {}
        self._random = random.Random(number)
        self._visitor = Visitor(server)
        self._url, self._opener = server.url, self._visitor._opener
        self._is_over = threading.Event()

    def run(self):
        for act in self._acts():
            if self._is_over.is_set():
                return
            try:
                act()
            except Exception as error:
                self.faults.append(f"{act.__name__}: {error!r}")

    def end(self):
        self._is_over.set()
        self.join(timeout=120)
        assert not self.is_alive()

    def _acts(self):
        acts = [self._add, self._edit, self._add_call, self._regenerate, self._import]
        while True:
            yield self._random.choice(acts)

    def _add(self):
        form = form_with(self._page("/workers/add/"), "last_name")
        name = uuid.uuid4().hex
        form |= {"first_name": "Added", "last_name": name}
        path = self._sent("/workers/add/", form)
        self.workers[name] = [name, path.rstrip("/").rpartition("/")[2]]
        self.done["workers added"] += 1

    def _edit(self):
        known = [label for label, (_name, pk) in self.workers.items() if pk.isdigit()]
        if not known:
            return
        label = self._random.choice(known)
        pk = self.workers[label][-1]
        path = f"/workers/{pk}/change/"
        form = form_with(self._page(path), "last_name")
        name = uuid.uuid4().hex
        form |= {"middle_name": label, "last_name": name}
        self._sent(path, form)
        self.workers[label] = [name, pk]
        self.done["workers edited"] += 1

    def _add_call(self):
        page = self._page("/account/api/templates/")
        form = dict(next(one for one in page.forms if "template" in one.fields).form_values())
        self._sent("/account/api/add/", form)
        self.calls[form["code"]] = 0
        self.done["API calls added"] += 1

    def _regenerate(self):
        if not self.calls:
            return
        code = self._random.choice(list(self.calls))
        path = f"/account/api/{code}/regenerate/"
        self._sent(path, form_with(self._page(path), "replaces") | {"overlap": "0"})
        self.calls[code] += 1
        self.done["pairs regenerated"] += 1

    def _import(self):
        code = str(uuid.uuid4())
        rows = "".join(f"{code}-{n},Imported,{code}\r\n" for n in range(IMPORTED))
        form = form_with(self._page("/workers/imports/"), "kind") | {"code": code}
        form |= {"kind": "workers", "file": "ID#,First name,Last name\r\n" + rows}
        self._sent("/workers/imports/add/", form, file=True)
        path = f"/workers/imports/{code}/"
        self.imports[code] = False
        if not self._reaches(path, "date_order"):
            return  # interrupted: it is begun anew a minute later, by the worker beside it
        self._sent(path + "check/", form_with(self._page(path + "columns/"), "date_order"))
        token = self._page("/workers/imports/").xpath("//input[@name='csrfmiddlewaretoken']/@value")
        for _try in range(20):
            if self._page(path).xpath("//form[contains(@action, '/apply/')]"):
                break
            time.sleep(0.2)
        else:
            return
        self._sent(path + "apply/", {"csrfmiddlewaretoken": token[0]})
        self.imports[code] = True
        self.done["imports applied"] += 1

    def _reaches(self, path, name):
        for _try in range(20):
            if any(name in one.fields for one in self._page(path).forms):
                return True
            time.sleep(0.2)
        return False

    def _page(self, path):
        return html.fromstring(self._told(path)[1])

    def _sent(self, path, form, *, file=False):
        """Send it until it is answered, and return the path that it leads to."""
        boundary = uuid.uuid4().hex
        if file:
            body = _multipart(form, boundary)
            kind = f"multipart/form-data; boundary={boundary}"
        else:
            body = urllib.parse.urlencode(form).encode()
            kind = "application/x-www-form-urlencoded"
        tries_before = self.again
        led, text = self._told(path, body, {"Content-Type": kind})
        if led is None and self.again == tries_before:
            raise AssertionError(re.sub(r"\s+", " ", html.fromstring(text).text_content())[:300])
        return led or path

    def _told(self, path, body=None, headers=None):
        """Return where it was led (None: refused with 4xx) and the page, however often it takes."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            request = urllib.request.Request(self._url + path, body, headers or {})
            try:
                with self._opener.open(request, timeout=30) as answer:
                    return answer.url.removeprefix(self._url), answer.read()
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    return None, error.read() or b"<p>"
            except (OSError, http.client.HTTPException):
                pass
            self.again += 1
            time.sleep(0.2)
        raise AssertionError(f"no answer in 90 s: {path}")


def _multipart(form, boundary):
    parts = []
    for name, value in form.items():
        file = '; filename="people.csv"\r\nContent-Type: text/csv' if name == "file" else ""
        head = f'Content-Disposition: form-data; name="{name}"{file}'
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n{value}\r\n")
    return ("".join(parts) + f"--{boundary}--\r\n").encode()


_READ = """
import json
from collections import Counter
from apicalls.models import APICall, Credential
from workers.imports.models import DataImport
from workers.models import Worker
print(json.dumps({
    "added": list(Worker.objects.filter(first_name="Added").values_list(
        "pk", "middle_name", "last_name")),
    "imported": Counter(Worker.objects.filter(first_name="Imported").values_list(
        "last_name", flat=True)),
    "imports": {str(one.code): one.state for one in DataImport.objects.all()},
    "calls": {str(one.code): [one.credentials.count(),
        one.credentials.filter(ends_at=None).count()] for one in APICall.objects.all()},
}))
"""


class Killer:
    """Kills in turn a worker that answers, the parent of them, and a process of PostgreSQL."""

    def __init__(self, unit, url, port):
        self.killed = Counter()
        self._unit, self._url, self._port = unit, url, port

    def granian(self):
        below = children(self._unit.process.pid)
        serving = [pid for pid, command in below.items() if f"--port {self._port} " in command]
        parents = [pid for pid in serving if set(children(pid)) & set(serving)]
        return parents, [pid for pid in serving if pid not in parents]

    def up(self):
        parents, workers = self.granian()
        return parents and len(workers) == 2 and workers

    def kill(self, number):
        workers = wait_until(self.up, START)
        if number % 5 == 4:
            os.kill(self.granian()[0][0], signal.SIGKILL)
            self.killed["parents"] += 1
            wait_until(lambda: not set(workers) & set(self.granian()[1]), START)
            wait_until(self.up, START)
        elif number % 2 and self._url:
            self._kill_backend()
        else:
            os.kill(min(workers), signal.SIGKILL)
            self.killed["workers"] += 1
        time.sleep(PAUSE)

    def _kill_backend(self):
        with suppress(psycopg.Error), psycopg.connect(self._url) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
            ).fetchall()
            if rows:
                os.kill(rows[0][0], signal.SIGKILL)
                self.killed["backends"] += 1


def test_what_was_told_is_there_once_and_whole(tmp_path, figures):
    with ExitStack() as stack:
        url = ""
        if database_kind() == "PostgreSQL":
            # One of its own, that keeps what it has told: the tests' other gives that up for speed.
            url = stack.enter_context(postgresql(""))
        more = {"DATABASE_URL": url} if url else {}
        more |= {"WEB_CONCURRENCY": "2"}
        with shipped_server(tmp_path / "var", **more) as server:
            pass  # brought up once, to have data and secrets
        environment = server.environment | {"DATABASE_URL": server.environment["DATABASE_URL"]}
        log = tmp_path / "unit.log"
        log.touch()
        port = server.url.rpartition(":")[2]
        unit = Unit(
            "server",
            [sys.executable, "-m", "workhub.start"],
            log,
            environment=environment,
            cwd=ROOT,
            grace=30,
        ).start()
        stack.callback(unit.stop)
        killer = Killer(unit, url, port)
        wait_until(killer.up, START)
        wait_until(lambda: _answers(server.url), START)
        editors = [Editor(number, server) for number in range(EDITORS)]
        for editor in editors:
            editor.start()
        try:
            for number in range(KILLS):
                killer.kill(number)
        finally:
            for editor in editors:
                editor.end()
        wait_until(lambda: _answers(server.url), START)
        found = _settled(server)
        consistent = "nothing to change" in server.manage("rebuild_compliance", "--check")
        server.manage("verify_audit")
    lost, twice, half = judged(editors, found)
    done = sum((editor.done for editor in editors), Counter())
    faults = [fault for editor in editors for fault in editor.faults]
    figures |= {
        f"killed, {database_kind()}": ", ".join(f"{n} {what}" for what, n in killer.killed.items()),
        **{f"  {what}": number for what, number in sorted(done.items())},
        "  sent again": sum(editor.again for editor in editors),
        "  told and lost": len(lost),
        "  there twice": len(twice),
        "  there by halves": len(half),
    }
    assert not faults, "\n".join(faults[:10])
    assert consistent
    assert (lost, twice, half) == ([], [], [])
    assert sum(done.values()) > KILLS
    assert sum(editor.again for editor in editors) > 0  # or the kills hit nobody


def _answers(url):
    with suppress(OSError), urllib.request.urlopen(url + "/sign-in/", timeout=5) as answer:
        return answer.status == 200


def _settled(server, seconds=180):
    """Return what there is when no import is being worked on; what a kill left is begun anew."""
    deadline = time.monotonic() + seconds
    while True:
        found = json.loads(server.manage("shell", "-v0", "-c", _READ).splitlines()[-1])
        working = {"applying"} & set(found["imports"].values())
        if not working or time.monotonic() > deadline:
            return found
        time.sleep(3)


def judged(editors, found):
    """Return what was told and is not there, what is there twice and what by halves."""
    lost, twice, half = [], [], []
    labels = Counter(middle or last for _pk, middle, last in found["added"])
    names = {str(pk): last for pk, _middle, last in found["added"]}
    twice += [label for label, times in labels.items() if times > 1]
    for editor in editors:
        lost += [one for one in editor.workers if one not in labels]
        # The last that was told, or one that was sent behind it and got no answer.
        for name, pk in editor.workers.values():
            if pk.isdigit() and names.get(pk) != name:
                lost.append(f"worker {pk}: {names.get(pk)} instead of {name}")
        for code, times in editor.calls.items():
            pairs, current = found["calls"].get(code, (0, 0))
            if not pairs:
                lost.append(f"call {code}")
            if current != 1:
                half.append(f"call {code}: {current} current pairs")
            if pairs < times + 1:
                lost.append(f"call {code}: {pairs} pairs after {times} regenerations")
            if pairs > times + 1:
                twice.append(f"call {code}: {pairs} pairs after {times} regenerations")
        for code, is_applied in editor.imports.items():
            state = found["imports"].get(code)
            if state is None or (is_applied and state != "applied"):
                lost.append(f"import {code}: {state}")
    for code, state in found["imports"].items():
        number = found["imported"].get(code, 0)
        if number != (IMPORTED if state == "applied" else 0):
            half.append(f"import {code}: {state} with {number} workers")
    return lost, twice, half
