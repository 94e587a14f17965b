"""Which addresses of the internet count as one."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

IPV6_PREFIX = 64
"""What one customer of a provider has at the least (RFC 6177), and any machine in it may use all of."""


def network_of(peer: str | None) -> str:
    """Return by what a peer's address is counted: an IPv4 address by itself, an IPv6 address by its network."""
    try:
        address = ip_address(peer or "")
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, IPV6_PREFIX), strict=False))
