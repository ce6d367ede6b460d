"""Proxies of our own, and what others write about themselves."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.addresses import client_address
from workhub.middleware import TrustedProxyMiddleware
from workhub.proxies import TrustedProxies

PROXIES = ["10.0.0.0/8", "2001:db8:ffff::/48", "unix"]


@pytest.fixture
def seen(settings):
    """Return a function that gives address and scheme of a request as views see them."""
    settings.TRUSTED_PROXIES = PROXIES

    def see(remote, forwarded_for=None, proto=None, scheme="http"):
        headers = {"x-forwarded-for": forwarded_for, "x-forwarded-proto": proto}
        request = RequestFactory().get(
            "/",
            REMOTE_ADDR=remote,
            headers={name: value for name, value in headers.items() if value is not None},
            **{"wsgi.url_scheme": scheme},
        )
        TrustedProxyMiddleware(lambda request: HttpResponse())(request)
        return client_address(request), request.scheme

    return see


@pytest.mark.parametrize(
    ("remote", "forwarded_for", "address"),
    [
        pytest.param("10.0.0.1", "203.0.113.7", "203.0.113.7", id="one-proxy"),
        pytest.param("10.0.0.1", "203.0.113.7, 10.2.2.2", "203.0.113.7", id="two-proxies"),
        pytest.param("10.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7", id="own-writing-in-front"),
        pytest.param("10.0.0.1", "10.9.9.9, 203.0.113.7", "203.0.113.7", id="posing-as-a-proxy"),
        pytest.param("10.0.0.1", "10.3.3.3", "10.3.3.3", id="from-inside"),
        pytest.param("10.0.0.1", None, "10.0.0.1", id="the-proxy-itself"),
        pytest.param("10.0.0.1", "", "10.0.0.1", id="empty"),
        pytest.param("10.0.0.1", "nonsense", "10.0.0.1", id="nonsense"),
        pytest.param("10.0.0.1", "nonsense, 10.2.2.2", "10.2.2.2", id="nonsense-behind-a-proxy"),
        pytest.param("10.0.0.1", "203.0.113.7:5678", "203.0.113.7", id="with-a-port"),
        pytest.param("10.0.0.1", "[2001:db8::7]:5678", "2001:db8::7", id="version-6-with-a-port"),
        pytest.param("10.0.0.1", "2001:db8::7", "2001:db8::7", id="version-6"),
        pytest.param("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7", id="version-4-in-6"),
        pytest.param("2001:db8:ffff::1", "203.0.113.7", "203.0.113.7", id="proxy-of-version-6"),
        pytest.param("", "203.0.113.7", "203.0.113.7", id="unix-socket"),
        pytest.param("192.0.2.1", "203.0.113.7", "192.0.2.1", id="not-ours"),
        pytest.param("unknown", "203.0.113.7", None, id="no-address"),
    ],
)
def test_only_a_proxy_of_ours_is_believed(seen, remote, forwarded_for, address):
    assert seen(remote, forwarded_for)[0] == address


@pytest.mark.parametrize(
    ("remote", "proto", "scheme"),
    [
        ("10.0.0.1", "https", "https"),
        ("10.0.0.1", "HTTPS", "https"),
        ("10.0.0.1", "https, http", "http"),
        ("10.0.0.1", "http", "http"),
        ("10.0.0.1", "", "http"),
        ("10.0.0.1", None, "http"),
        ("192.0.2.1", "https", "http"),
    ],
)
def test_whether_it_was_encrypted_is_for_our_proxy_to_say(seen, remote, proto, scheme):
    assert seen(remote, "203.0.113.7", proto)[1] == scheme


def test_an_encrypted_connection_from_elsewhere_stays_one(seen):
    assert seen("192.0.2.1", None, "http", scheme="https")[1] == "https"
    assert seen("10.0.0.1", None, "http", scheme="https")[1] == "http"


def test_without_proxies_nobody_is_believed(settings):
    settings.TRUSTED_PROXIES = []
    request = RequestFactory().get("/", headers={"x-forwarded-for": "203.0.113.7"}, REMOTE_ADDR="")
    TrustedProxyMiddleware(lambda request: HttpResponse())(request)
    assert client_address(request) is None


@pytest.mark.parametrize("entry", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", "Unix"])
def test_what_is_no_network_is_said(entry):
    with pytest.raises(ValueError, match=entry):
        TrustedProxies(["10.0.0.0/8", entry])
