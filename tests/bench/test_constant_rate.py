import socket
import threading
import time
from contextlib import contextmanager

from bench.constant_rate import Asking, at_most, latencies

BODY = b"Content-Length: 5000\r\n\r\n" + 5000 * b"x"
GOOD, BUSY = b"HTTP/1.1 200 OK\r\n" + BODY, b"HTTP/1.1 503 Service Unavailable\r\n" + BODY
PAUSE = 0.5


@contextmanager
def serving(answers):
    """A server of one connection, which sends what `answers` yields."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _address = listener.accept()
        with connection:
            while connection.recv(65536) and (answer := next(answers, None)):
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    asking = Asking(f"http://127.0.0.1:{listener.getsockname()[1]}", [], ["/"], 1)
    try:
        yield asking
    finally:
        asking.close()
        thread.join()
        listener.close()


def pausing():
    for number in range(20):
        if number == 5:
            time.sleep(PAUSE)
        yield GOOD


def test_requests_that_were_due_during_a_pause_count_their_wait():
    with serving(pausing()) as asking:
        found = latencies(asking, rate=20, seconds=1)
    assert len(found) == 20
    # Ten are due while the server pauses; a driver that waits for it would see one slow request.
    assert len([one for one in found if one > 0.05]) >= 8
    assert found[5] >= PAUSE
    assert found[6] >= PAUSE - 0.06


def test_what_is_no_200_has_no_latency():
    with serving(iter([GOOD, BUSY, GOOD])) as asking:
        found = latencies(asking, rate=100, seconds=0.03)
    assert [one is None for one in found] == [False, True, False]


def test_at_most_counts_what_is_answered_with_200():
    sent = []

    def answers():
        while True:
            sent.append(GOOD if len(sent) % 3 else BUSY)
            yield sent[-1]

    began = time.perf_counter()
    with serving(answers()) as asking:
        found = at_most(asking, seconds=0.2)
        took = time.perf_counter() - began
    good = sent.count(GOOD)
    # Never more a second than there were in all of its time; the last may be of nobody.
    assert (good - 1) / took <= found <= good / 0.2
