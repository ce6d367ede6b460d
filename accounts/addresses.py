"""Where a request came from, as audit rows and limits see it."""

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from django.http import HttpRequest, HttpResponse


def client_address(request: HttpRequest) -> str | None:
    """Return the IP address of the caller, or None when the server does not know it.

    It is that of the connection: where a proxy of ours stands in front, the first middleware
    has put there whom the proxy was asked by (workhub/middleware.py).
    """
    return _address_in(request.META.get("REMOTE_ADDR", ""))


# It is asked for several times of each request.
@lru_cache(maxsize=4096)
def _address_in(text: str) -> str | None:
    try:
        # The zone of "fe80::1%eth0" means something on this machine only.
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None  # a Unix socket has no address
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


# Where the person is for whom this thread works: of the request, None outside of one.
_acting_address: ContextVar[str | None] = ContextVar("acting_address", default=None)


def acting_address() -> str | None:
    """Return where the request comes from that is being answered, or None outside of one."""
    return _acting_address.get()


@contextmanager
def acting_from(address: str | None) -> Iterator[None]:
    """Let what is done inside be done from there."""
    token = _acting_address.set(address)
    try:
        yield
    finally:
        _acting_address.reset(token)


class ActingAddressMiddleware:
    """Let the audit trail know where a request comes from, without every service being told."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting_from(client_address(request)):
            return self.get_response(request)
