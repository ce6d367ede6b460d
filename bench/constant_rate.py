"""Ask a server at a constant rate, whether it keeps up or not, and print the latencies.

python -m bench.constant_rate < asked.json

Each request has a time at which it is due, and its latency runs from then: one that waits because
earlier ones are late counts its wait. A driver that asks only when it was answered would leave
out just the requests that would have been slow (coordinated omission).
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Sequence
from itertools import count
from urllib.parse import urlsplit

_END_OF_HEAD = b"\r\n\r\n"


class _Connection:
    """A kept connection that sends one request at a time."""

    def __init__(self, host: str, port: int):
        self._socket = socket.create_connection((host, port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bool:
        """Send the request, read its answer to the end, and tell whether it was a 200."""
        self._socket.sendall(request)
        received = self._socket.recv(65536)
        while _END_OF_HEAD not in received:
            received += self._more()
        head, _, body = received.partition(_END_OF_HEAD)
        lines = head.lower().split(b"\r\n")
        [length] = [line[15:] for line in lines if line.startswith(b"content-length:")]
        size = len(body)
        while size < int(length):
            size += len(self._more())
        return lines[0].startswith(b"http/1.1 200")

    def _more(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionResetError("the server closed the connection within an answer")
        return received


def asked(
    url: str,
    headers: Sequence[str],
    paths: Sequence[str],
    *,
    rate: float,
    seconds: float,
    connections: int,
) -> tuple[list[float], int]:
    """Return the latencies in seconds, from when each was due, and how many were no 200."""
    address = urlsplit(url)
    head = "\r\n".join([f"Host: {address.netloc}", *headers])
    requests = [f"GET {path} HTTP/1.1\r\n{head}\r\n\r\n".encode() for path in paths]
    numbers, total = count(), int(rate * seconds)
    latencies, failures = [0.0] * total, [0] * connections
    opened = [
        _Connection(address.hostname or "", address.port or 80) for _number in range(connections)
    ]
    begin = time.perf_counter() + 0.1

    def ask(number: int) -> None:
        connection = opened[number]
        # Whichever connection is free takes what is due next.
        while (turn := next(numbers)) < total:
            due = begin + turn / rate
            wait = due - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            failures[number] += not connection.ask(requests[turn % len(requests)])
            latencies[turn] = time.perf_counter() - due

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # What a connection that broke off did not ask.
    failures.append(latencies.count(0.0))
    return latencies, sum(failures)


if __name__ == "__main__":
    found, failed = asked(**json.load(sys.stdin))
    print(json.dumps({"latencies": found, "failures": failed}))
