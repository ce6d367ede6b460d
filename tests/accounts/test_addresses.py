import pytest

from accounts.addresses import client_address


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        pytest.param("203.0.113.7", "203.0.113.7", id="version-4"),
        pytest.param("2001:db8::1", "2001:db8::1", id="version-6"),
        pytest.param("::ffff:203.0.113.7", "203.0.113.7", id="version-4-in-6"),
        pytest.param("fe80::1%eth0", "fe80::1", id="with-a-zone"),
        pytest.param("", None, id="unix-socket"),
        pytest.param("unknown", None, id="not-an-address"),
    ],
)
def test_the_address_is_that_of_the_connection(rf, remote, address):
    assert client_address(rf.get("/", REMOTE_ADDR=remote)) == address


def test_what_the_caller_writes_about_itself_does_not_count(rf):
    request = rf.get("/", REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_FOR="198.51.100.9")
    assert client_address(request) == "203.0.113.7"
