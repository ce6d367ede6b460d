import socket
import threading
import time

import pytest

from bench.constant_rate import asked

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + 5000 * b"x"
PAUSE = 0.5


@pytest.fixture
def pausing():
    """A server that answers one connection, and once makes a pause."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _address = listener.accept()
        with connection:
            for number in range(20):
                if not connection.recv(65536):
                    return
                if number == 5:
                    time.sleep(PAUSE)
                connection.sendall(ANSWER)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread.join()
    listener.close()


def test_requests_that_were_due_during_a_pause_count_their_wait(pausing):
    latencies, failures = asked(pausing, [], ["/"], rate=20, seconds=1, connections=1)
    assert (len(latencies), failures) == (20, 0)
    # Ten are due while the server pauses; a driver that waits for it would see one slow request.
    assert len([one for one in latencies if one > 0.05]) >= 8
    assert latencies[5] >= PAUSE
    assert latencies[6] >= PAUSE - 0.06
