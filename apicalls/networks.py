"""The networks that an API call is answered at: pure functions over text in CIDR notation."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_NETWORKS = 200


class NotANetwork(ValueError):
    """`entry` is no address and no network; `meant` is the network it may stand for, or ""."""

    def __init__(self, entry: str, meant: str = ""):
        super().__init__(entry)
        self.entry = entry
        self.meant = meant


def networks_in(text: str) -> list[str]:
    """Return the networks that stand in the text, one a line or with commas, in their order.

    An address is a network of one. Raises NotANetwork for the first entry that is neither; one
    like 192.0.2.7/24, which is an address in a network, is never guessed at.
    """
    entries = [entry.strip() for line in text.splitlines() for entry in line.split(",")]
    networks = [str(_network(entry)) for entry in entries if entry]
    return list(dict.fromkeys(networks))


def _network(entry: str) -> IPNetwork:
    try:
        return ipaddress.ip_network(entry)
    except ValueError:
        pass
    try:
        meant = str(ipaddress.ip_network(entry, strict=False))
    except ValueError:
        meant = ""
    raise NotANetwork(entry, meant)


def is_allowed(address: str | None, networks: Sequence[str]) -> bool:
    """Tell whether the address is in one of the networks; no networks allow every address.

    An address that is not known is in none.
    """
    if not networks:
        return True
    if address is None:
        return False
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in _parsed(tuple(networks)))


@lru_cache(maxsize=1024)
def _parsed(networks: tuple[str, ...]) -> tuple[IPNetwork, ...]:
    return tuple(ipaddress.ip_network(one) for one in networks)
