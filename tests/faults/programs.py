"""Programs that ask a running server without a pause, and keep a journal of what they were told."""

import http.client
import json
import random
import threading
import time
import urllib.parse
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A request that the programs send: what is asked, by which call and with which pair."""

    path: str
    call: str = "Gate"
    pair: str = "right"
    # How often, compared with the others.
    weight: int = 1

    @property
    def has_right_pair(self):
        return self.pair == "right"


KINDS = [
    Kind("worker-compliance?workerIDNumber=00417", weight=6),
    Kind("worker-compliance?workerIDNumber=nobody-has-this", weight=3),
    Kind("worker-compliance", weight=2),
    Kind("worker-compliance?workerIDNumber=00417", pair="wrong"),
    Kind("worker-compliance?workerIDNumber=00417", pair="none"),
    Kind("compliance-roster?limit=5"),
    Kind("verify"),
    Kind("compliance-roster?stream=true", call="HR roster", weight=3),
    Kind("compliance-roster?limit=5", call="HR roster"),
    Kind("compliance-changes?limit=5", call="Data warehouse"),
]
AGENTS = ["turnstile/1.4", "dispatch/2.0", "payroll/7", "curl/8.5.0", "Python-urllib/3.11"]


@dataclass
class Attempt:
    """A line of the journal: what was asked, by whom, and what was told, if anything."""

    kind: Kind
    agent: str
    # Empty and 0 where no answer came.
    request_id: str = ""
    status: int = 0
    # The problem's, "" without one, None where the body broke off.
    code: str | None = None
    size: int = 0
    # By time.monotonic(), and how long the answer took to begin.
    sent_at: float = 0
    seconds: float = 0
    retry_after: str | None = None
    # What it says of the worker that was asked for.
    verdict: object = None

    def __str__(self):
        told = f"{self.status} {self.code!r} {self.request_id}" if self.status else "no answer"
        return f"{self.agent} asked {self.kind.path} of {self.kind.call}: {told}"


class Program(threading.Thread):
    """Asks, one request after the other, until it is ended.

    Each on a connection of its own: kept ones would all move to the process that outlives the
    other, and the next kill would hit nobody.
    """

    def __init__(self, number, url, pairs):
        super().__init__(daemon=True)
        self.journal = []
        self.answers = 0
        self._netloc = urllib.parse.urlsplit(url).netloc
        self._pairs = pairs
        self._random = random.Random(number)
        self._is_over = threading.Event()

    def end(self):
        self._is_over.set()
        self.join(timeout=70)
        assert not self.is_alive()

    def run(self):
        while not self._is_over.is_set():
            connection = http.client.HTTPConnection(self._netloc, timeout=60)
            try:
                connection.connect()
            except OSError:
                time.sleep(0.05)  # nobody listens, so nothing was asked
                continue
            [kind] = self._random.choices(KINDS, [one.weight for one in KINDS])
            attempt = Attempt(kind, self._random.choice(AGENTS))
            self.journal.append(attempt)
            try:
                self._ask(connection, attempt)
            except (OSError, http.client.HTTPException):
                pass  # no answer, or half of one: the journal has what there was
            finally:
                connection.close()

    def _ask(self, connection, attempt):
        kind = attempt.kind
        headers = {"User-Agent": attempt.agent}
        if kind.pair != "none":
            key, secret = self._pairs[kind.call]
            headers["Authorization"] = f"amx {key}:{secret if kind.has_right_pair else 'A' * 32}"
        attempt.sent_at = time.monotonic()
        connection.request("GET", f"/api/v1/{kind.path}", headers=headers)
        response = connection.getresponse()
        attempt.seconds = time.monotonic() - attempt.sent_at
        attempt.retry_after = response.headers["Retry-After"]
        attempt.request_id = response.headers["X-Request-Id"]
        attempt.status = response.status
        body = response.read()
        attempt.size = len(body)
        try:
            document = json.loads(body)
        except ValueError:
            # What fails in the middle of a stream leaves it without its end.
            if "stream" not in kind.path:
                raise
            return
        attempt.code, attempt.verdict = document.get("code", ""), document.get("compliance")
        self.answers += 1
