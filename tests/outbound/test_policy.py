"""Which addresses may be reached."""

from __future__ import annotations

import ipaddress

import pytest

from idp.outbound.http import OutboundPolicy
from idp.outbound.policy import is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address that must be refused
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "192.88.99.1",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "fe80::1",
        "fec0::1",
        "fd00::1",
        "ff0e::1",
        "2001:db8::1",
        "2001::7f00:1",
        "2002:7f00:1::",
        "5f00::1",
    ],
)
def test_an_address_that_is_not_public_unicast_is_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "193.0.0.1"]
)
def test_a_public_address_is_public(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("rules", "host", "address", "port"),
    [
        ("127.0.0.1/32", "localhost", "127.0.0.1", 80),
        ("127.0.0.1/32", "localhost", "::ffff:127.0.0.1", 80),
        ("::1/128", "localhost", "::1", 80),
        ("[::1]:8080", "localhost", "::1", 8080),
        ("10.0.0.5", "sso.acme.example", "10.0.0.5", 443),
        ("10.0.0.5:8443", "sso.acme.example", "10.0.0.5", 8443),
        ("x.example, SSO.acme.example", "sso.ACME.example.", "10.0.0.5", 443),
        ("sso.acme.example:8443", "sso.acme.example", "10.0.0.5", 8443),
    ],
)
def test_a_rule_allows_what_it_names(rules, host, address, port):
    assert OutboundPolicy.parse(rules).allows(host, ipaddress.ip_address(address), port)


@pytest.mark.parametrize(
    ("rules", "host", "address", "port"),
    [
        ("", "localhost", "127.0.0.1", 80),
        ("127.0.0.1/32", "localhost", "127.0.0.2", 80),
        ("0.0.0.0/0", "localhost", "::1", 80),
        ("10.0.0.5:8443", "sso.acme.example", "10.0.0.5", 443),
        ("sso.acme.example:8443", "sso.acme.example", "10.0.0.5", 443),
        ("acme.example", "sso.acme.example", "10.0.0.5", 443),
        ("sso.acme.example", "acme.example", "10.0.0.5", 443),
    ],
)
def test_a_rule_allows_nothing_else(rules, host, address, port):
    assert not OutboundPolicy.parse(rules).allows(host, ipaddress.ip_address(address), port)


def test_plain_http_needs_a_rule_even_to_a_public_address():
    public = ipaddress.ip_address("8.8.8.8")
    assert not OutboundPolicy().permits("dns.example", public, 80, scheme="http")
    assert OutboundPolicy().permits("dns.example", public, 443, scheme="https")
    assert OutboundPolicy.parse("dns.example").permits("dns.example", public, 80, scheme="http")


@pytest.mark.parametrize(
    "entry",
    ["a b", "10.0.0.1/8", "10.0.0.0/40", "host:0", "host:x", "host:65536", "1.2.3", "http://x", "*.x", ":80", "é"],
)
def test_a_rule_that_cannot_be_read_is_named_in_a_sentence(entry):
    with pytest.raises(ValueError, match=r"^'.*\.$") as caught:
        OutboundPolicy.parse(f"127.0.0.1/32,{entry}")
    assert repr(entry) in str(caught.value)
