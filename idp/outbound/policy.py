"""Which addresses our outgoing calls may reach.

Upstream addresses are typed in by people, and names may resolve to anything,
so the address that is about to be connected to is what gets judged, not the
name. Without a rule only public unicast addresses pass.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# Documentation and retired tunnels that ``is_global`` of some Python versions lets pass. A tunnel's
# address leads to the IPv4 address inside it, which may be a private one.
_NEVER_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in ("2001::/32", "2001:db8::/32", "2002::/16", "3fff::/20", "192.88.99.0/24", "192.0.0.0/24")
)


def is_public(address: IPAddress) -> bool:
    """Say whether ``address`` is a public unicast address, looking through mapped and NAT64 forms."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _GLOBAL_UNICAST:
            return False
    elsewhere = any(address in network for network in _NEVER_PUBLIC if network.version == address.version)
    return address.is_global and not address.is_multicast and not elsewhere


@dataclass(frozen=True, slots=True)
class AllowRule:
    """One entry of ``IDP_OUTBOUND_ALLOW``: a host or a network, perhaps on one port only."""

    where: str | IPNetwork
    port: int | None = None

    def covers(self, host: str, address: IPAddress, port: int) -> bool:
        """Say whether the rule permits ``host``, resolved to ``address``, on ``port``."""
        if self.port is not None and self.port != port:
            return False
        if isinstance(self.where, str):
            return self.where == canonical_host(host)
        plain = _unmapped(address)
        return plain.version == self.where.version and plain in self.where


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """The rules by which an address may be reached although it is not public, and without TLS."""

    rules: tuple[AllowRule, ...] = ()

    @classmethod
    def parse(cls, text: str) -> OutboundPolicy:
        """Read ``IDP_OUTBOUND_ALLOW``: hosts, ``host:port`` or CIDR networks, separated by commas.

        :raises ValueError: one sentence that names the entry and says what is expected.
        """
        entries = (entry.strip() for entry in text.split(","))
        return cls(tuple(_parse_rule(entry) for entry in entries if entry))

    def allows(self, host: str, address: IPAddress, port: int) -> bool:
        """Say whether a rule names this place explicitly; then plain http is permitted as well."""
        return any(rule.covers(host, address, port) for rule in self.rules)

    def permits(self, host: str, address: IPAddress, port: int, *, scheme: str) -> bool:
        """Say whether a call may go to ``address``: named by a rule, or public and over https."""
        return self.allows(host, address, port) or (scheme == "https" and is_public(address))


def canonical_host(host: str) -> str:
    """Return the form in which host names are compared: lower case, no root dot, no brackets."""
    return host.lower().removesuffix(".").strip("[]")


def _unmapped(address: IPAddress) -> IPAddress:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped if mapped is not None else address


def _parse_rule(entry: str) -> AllowRule:
    network = _network(entry)
    if network is not None:
        return AllowRule(network)
    name, colon, port = entry.rpartition(":")
    if not colon:
        return AllowRule(_host(entry, entry))
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{entry!r}: the port must be a number from 1 to 65535.")
    host = _network(canonical_host(name)) if "/" not in name else None
    return AllowRule(host if host is not None else _host(name, entry), int(port))


def _host(name: str, entry: str) -> str:
    host = canonical_host(name)
    # Digits and dots alone would be a mistyped address, never a name.
    if not _HOST_NAME.fullmatch(host) or re.fullmatch(r"[0-9.]+", host):
        raise ValueError(f"{entry!r} is not a host, host:port or network such as 10.0.0.0/8.")
    return host


def _network(text: str) -> IPNetwork | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        if "/" in text:
            raise ValueError(f"{text!r} is not a network: write it as 10.0.0.0/8, host bits zero.") from None
        return None
