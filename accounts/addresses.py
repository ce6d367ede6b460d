"""Where a request came from, as audit rows and limits see it."""

import ipaddress

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the IP address of the caller, or None when the server does not know it.

    Only the connection itself counts: X-Forwarded-For is whatever the caller wrote.
    """
    # The zone of "fe80::1%eth0" means something on this machine only.
    text = request.META.get("REMOTE_ADDR", "").partition("%")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None  # a Unix socket has no address
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
