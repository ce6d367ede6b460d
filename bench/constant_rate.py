"""Ask a server at a share of what it answers at most, and print how long it took.

python -m bench.constant_rate < asked.json

What it answers at most is measured first, by the same means: what asks takes the processor from
what answers, where both are on one machine. Then the rate is constant, whether the server keeps
up or not. Each request has a time at which it is due, and its latency runs from then: one that
waits because earlier ones are late counts its wait. A driver that asks only when it was answered
would leave out just the requests that would have been slow (coordinated omission).
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
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

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionResetError("the server closed the connection within an answer")
        return received


class Asking:
    """Requests to a server, over connections that are kept, each with a thread of its own."""

    def __init__(self, url: str, headers: Sequence[str], paths: Sequence[str], connections: int):
        address = urlsplit(url)
        head = "\r\n".join([f"Host: {address.netloc}", *headers])
        self._requests = [f"GET {path} HTTP/1.1\r\n{head}\r\n\r\n".encode() for path in paths]
        host, port = address.hostname or "", address.port or 80
        self._connections = [_Connection(host, port) for _number in range(connections)]

    def ask(self, next_turn: Callable[[], int | None], ended: Callable[[int, bool], None]) -> None:
        """Ask on each connection for the turns that are its, until there is none.

        `next_turn` waits until a turn is due; `ended` is told whether it was answered with 200.
        """

        def ask(connection: _Connection) -> None:
            while (turn := next_turn()) is not None:
                ended(turn, connection.ask(self._requests[turn % len(self._requests)]))

        threads = [threading.Thread(target=ask, args=(one,)) for one in self._connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def close(self) -> None:
        for one in self._connections:
            one.close()


def at_most(asking: Asking, *, seconds: float) -> float:
    """Return how many requests a second are answered with 200, each connection asking at once."""
    numbers, answered = count(), count()
    begin = time.perf_counter()

    def next_turn() -> int | None:
        return next(numbers) if time.perf_counter() < begin + seconds else None

    def ended(_turn: int, is_good: bool) -> None:
        if is_good:
            next(answered)

    asking.ask(next_turn, ended)
    return next(answered) / (time.perf_counter() - begin)


def latencies(asking: Asking, *, rate: float, seconds: float) -> list[float | None]:
    """Return the latencies in seconds, from when each was due; None of what was no 200."""
    numbers, total = count(), int(rate * seconds)
    found: list[float | None] = [None] * total
    begin = time.perf_counter() + 0.1

    def next_turn() -> int | None:
        # Whichever connection is free takes what is due next.
        turn = next(numbers)
        if turn >= total:
            return None
        wait = begin + turn / rate - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        return turn

    def ended(turn: int, is_good: bool) -> None:
        if is_good:
            found[turn] = time.perf_counter() - begin - turn / rate

    asking.ask(next_turn, ended)
    return found


def main() -> None:
    asked = json.load(sys.stdin)
    share, at_most_for, seconds = (asked.pop(name) for name in ("share", "at_most_for", "seconds"))
    asking = Asking(**asked)
    capacity = at_most(asking, seconds=at_most_for)
    found = latencies(asking, rate=share * capacity, seconds=seconds)
    print(json.dumps({"at_most": capacity, "latencies": found}))


if __name__ == "__main__":
    main()
