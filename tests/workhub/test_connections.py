"""How long connections are kept: real ones, beside the test's own."""

import time

import pytest
from django.db import connections
from django.db.backends.signals import connection_created

from workhub import connections as kept


@pytest.fixture
def ends(db):
    """Return a function that connects, and tells in how many seconds that is to be left."""
    kept.end_apart()
    made = []

    def connect(age):
        one = connections.create_connection("default")
        one.settings_dict = one.settings_dict | {"CONN_MAX_AGE": age}
        made.append(one)
        one.connect()
        return one.close_at and one.close_at - time.monotonic()

    yield connect
    for one in made:
        one.close()
    assert connection_created.disconnect(kept._end_earlier)


def test_no_two_threads_leave_their_connections_together(ends):
    found = sorted(ends(600) for _number in range(12))
    assert found[0] > 299
    assert found[-1] <= 600
    assert found[-1] - found[0] > 10


@pytest.mark.parametrize(("age", "expected"), [(None, None), (0, pytest.approx(0, abs=1))])
def test_one_that_is_kept_for_ever_or_not_at_all_stays_so(ends, age, expected):
    assert ends(age) == expected
