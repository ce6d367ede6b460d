"""Programs that ask without end over kept connections, and what each was told."""

import http.client
import threading
import time
from collections import Counter
from typing import NamedTuple

from tests.deploy.site import HOST

PATH = "/api/v1/worker-compliance?workerIDNumber=00417"


class Told(NamedTuple):
    """One request: when it was sent and how long it took, its status (0: no answer), its id."""

    at: float
    seconds: float
    status: int
    request_id: str
    fault: str


class Program(threading.Thread):
    """Asks again and again over one connection, as long as the proxy keeps it.

    `pause` keeps the machine from having nothing else to do: what is measured is who is answered.
    """

    def __init__(self, site, path=PATH, document="worker-compliance", pause=0.02):
        super().__init__(daemon=True)
        self.told = []
        self._site, self._path, self._pause = site, path, pause
        self._headers = {"Host": HOST} | site.authorization(document)
        self._is_over = threading.Event()

    def run(self):
        connection = self._site.connection()
        while not self._is_over.wait(self._pause):
            at = time.monotonic()
            status, request_id, fault = 0, "", ""
            try:
                connection.request("GET", self._path, headers=self._headers)
                answer = connection.getresponse()
                answer.read()
                status, request_id = answer.status, answer.headers.get("X-Request-Id", "")
            except (OSError, http.client.HTTPException) as error:
                fault = repr(error)
                connection.close()
            self.told.append(Told(at, time.monotonic() - at, status, request_id, fault))
        connection.close()

    def end(self):
        self._is_over.set()
        self.join(timeout=70)
        assert not self.is_alive()


class Load:
    """Programs that ask while something else is done."""

    def __init__(self, site, number, **how):
        self._programs = [Program(site, **how) for _ in range(number)]

    def __enter__(self):
        for program in self._programs:
            program.start()
        return self

    def __exit__(self, *raised):
        for program in self._programs:
            program.end()

    @property
    def told(self):
        return sorted(one for program in self._programs for one in list(program.told))

    def statuses(self):
        return Counter(one.status for one in self.told)
