"""Bytes over a socket as nobody's library would send them, and the answers that come back."""

import socket
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One answer: its status (0: bytes that are none, as HTTP/0.9 has them), headers and body."""

    status: int
    headers: dict
    body: bytes

    @property
    def request_id(self):
        """Return the application's name of the request; "" where a server answered by itself."""
        return self.headers.get("x-request-id", "")


def exchange(connection, data, *, quiet=1.0, longest=15.0):
    """Send all of it, and return what comes until the other side closes or has said nothing
    for `quiet` seconds. Whether it closed is the second that is returned."""
    received = b""
    deadline = time.monotonic() + longest
    try:
        connection.settimeout(longest)
        connection.sendall(data)
    except OSError:
        pass  # closed before all was sent: what it said until then counts
    connection.settimeout(quiet)
    while time.monotonic() < deadline:
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            return received, False
        except OSError:
            return received, True
        if not piece:
            return received, True
        received += piece
    raise AssertionError(f"it went on for {longest} s: {received[-200:]!r}")


def answers_in(received):
    """Cut what was received into answers, those of 1xx left out."""
    answers = []
    while received:
        answer, received = _first(received)
        if not 100 <= answer.status < 200:
            answers.append(answer)
    return answers


def _first(received):
    head, _, rest = received.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    if not first.startswith(b"HTTP/1."):
        return Answer(0, {}, received), b""
    headers = {}
    for line in lines:
        name, _, value = line.partition(b":")
        headers[name.decode("latin-1").lower()] = value.strip().decode("latin-1")
    status = int(first.split()[1])
    body, rest = _body(status, headers, rest)
    return Answer(status, headers, body), rest


def _body(status, headers, rest):
    if status < 200 or status in (204, 304):
        return b"", rest
    if "chunked" in headers.get("transfer-encoding", ""):
        return _chunked(rest)
    if length := headers.get("content-length"):
        return rest[: int(length)], rest[int(length) :]
    return rest, b""


def _chunked(rest):
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        number = int(size.partition(b";")[0] or b"0", 16)
        body, rest = body + rest[:number], rest[number + 2 :]
        if number == 0:
            return body, rest


def connected(host, port, source=None):
    connection = socket.create_connection((host, port), 10, source and (source, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
