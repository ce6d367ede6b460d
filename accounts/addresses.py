"""Where a request came from, as audit rows and limits see it."""

import ipaddress

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the IP address of the caller, or None when the server does not know it.

    It is that of the connection: where a proxy of ours stands in front, the first middleware
    has put there whom the proxy was asked by (workhub/middleware.py).
    """
    # The zone of "fe80::1%eth0" means something on this machine only.
    text = request.META.get("REMOTE_ADDR", "").partition("%")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None  # a Unix socket has no address
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
