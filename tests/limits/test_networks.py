"""A machine is counted by what it cannot choose freely: all of an IPv4 address, the network of an IPv6 one."""

from __future__ import annotations

import pytest

from idp.limits.networks import network_of


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_an_address_is_counted_by_its_network(peer, network):
    assert network_of(peer) == network


@pytest.mark.parametrize("peer", [None, "", "unknown", "192.0.2.7, 198.51.100.1", "192.0.2.7:443", "_hidden"])
def test_those_without_an_address_are_counted_together(peer):
    assert network_of(peer) == ""
