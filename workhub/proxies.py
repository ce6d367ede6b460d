"""Proxies in front of Workhub, and what they say of whoever asks.

Anybody can write X-Forwarded-For and X-Forwarded-Proto. They count only on a connection that
comes from a proxy of our own, and only as far back as proxies of our own have written them.
"""

import ipaddress
from collections.abc import Sequence

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# In TRUSTED_PROXIES: who connects by a Unix socket, which has no address.
UNIX = "unix"


class TrustedProxies:
    """The networks of TRUSTED_PROXIES, and `unix` for whoever connects by a Unix socket.

    Raises ValueError, naming the entry, for one that is neither.
    """

    def __init__(self, entries: Sequence[str]):
        self._unix = UNIX in entries
        self._networks: list[IPNetwork] = []
        for entry in entries:
            if entry != UNIX:
                self._networks.append(ipaddress.ip_network(entry))

    def __bool__(self) -> bool:
        return self._unix or bool(self._networks)

    def has(self, remote: str) -> bool:
        """Tell whether a connection from there is one of a proxy of ours."""
        if not remote:
            return self._unix
        address = address_in(remote)
        return address is not None and any(address in network for network in self._networks)

    def caller_of(self, remote: str, forwarded_for: str) -> str:
        """Return who asked a proxy of ours that connects from `remote`.

        `forwarded_for` is the X-Forwarded-For header. Each proxy adds behind it whom it was
        asked by: from the end, the first that is no proxy of ours is who asked; what stands
        before is their own writing.
        """
        caller = remote
        for entry in reversed(forwarded_for.split(",")):
            address = address_in(entry)
            if address is None:
                return caller  # not written by a proxy
            caller = str(address)
            if not self.has(caller):
                return caller
        return caller


def address_in(text: str) -> IPAddress | None:
    """Return the address in text like "192.0.2.7", "192.0.2.7:443" or "[2001:db8::1]:443"."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # The zone of "fe80::1%eth0" means something on this machine only.
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
