"""Which redirect URIs can be registered, and which request matches a registered one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.errors import Invalid
from idp.domain.redirect_uri import matching, parse_redirect_uri

REGISTERED = "https://studio.example.com/callback"


@pytest.mark.parametrize(
    "uri",
    [
        "https://studio.example.com/callback",
        "https://studio.example.com",
        "https://studio.example.com:8443/callback?tenant=a&x=%C3%A9",
        "https://[2001:db8::1]/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:49152/callback",
        "http://[::1]:8080/callback",
        "http://localhost:3000/callback",
        "com.example.app:/callback",
        "com.example.app://callback",
    ],
)
def test_what_can_be_registered_stays_as_it_is(uri):
    assert parse_redirect_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/callback",
        "//studio.example.com/callback",
        "studio.example.com/callback",
        "https://",
        "https:///callback",
        "https:/callback",
        "https://studio.example.com/callback#",
        "https://studio.example.com/callback#top",
        "com.example.app:/callback#top",
        "https://*.example.com/callback",
        "https://studio.*/callback",
        "https://user@studio.example.com/callback",
        "https://user:password@studio.example.com/callback",
        "https://studio.example.com\\@evil.example/callback",
        "https://studio.example.com/..\\callback",
        "https://studio.example.com/call back",
        "https://studio.example.com/callback\r\nSet-Cookie: a=b",
        "https://studio.example.com/callback\n",
        "https://studio.example.com/\tcallback",
        "https://studio.example.com/caf\u00e9",
        "https://studio.example.com:port/callback",
        "https://studio.example.com:70000/callback",
        "https://[2001:db8::1/callback",
        "http://studio.example.com/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.2/callback",
        "http://2130706433/callback",
        "http://localhost.evil.example/callback",
        "http://localhost@evil.example/callback",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,hello",
        "vbscript:msgbox",
        "file:///etc/passwd",
        "blob:https://studio.example.com/1",
        "about:blank",
        "ftp://studio.example.com/callback",
        "myapp:/callback",
        "myapp://callback",
        ".example:/callback",
        "https://studio.example.com/" + "a" * 2048,
    ],
)
def test_what_cannot_be_registered_is_refused_in_one_sentence(uri):
    with pytest.raises(Invalid) as refused:
        parse_redirect_uri(uri)
    assert len(refused.value.problems) == 1
    assert "\n" not in refused.value.problems[0]


@pytest.mark.parametrize(
    "requested",
    [
        REGISTERED + "/",
        REGISTERED + "?",
        REGISTERED + "?a=b",
        REGISTERED + "#",
        REGISTERED[:-1],
        REGISTERED.upper(),
        "https://STUDIO.example.com/callback",
        "HTTPS://studio.example.com/callback",
        "https://studio.example.com:443/callback",
        "https://studio.example.com:8443/callback",
        "http://studio.example.com/callback",
        "https://studio.example.com//callback",
        "https://studio.example.com/./callback",
        "https://studio.example.com/x/../callback",
        "https://studio.example.com/%63allback",
        "https://studio.example.com.evil.example/callback",
        "https://user@studio.example.com/callback",
        " " + REGISTERED,
        "",
    ],
)
def test_a_web_address_matches_to_the_letter_only(requested):
    assert not matching(requested, [REGISTERED])


def test_any_of_the_registered_ones_matches():
    assert matching(REGISTERED, ["https://other.example/", REGISTERED])
    assert not matching(REGISTERED, [])


@pytest.mark.parametrize(
    ("requested", "registered"),
    [
        ("http://127.0.0.1:49152/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1:8080/callback"),
        ("http://127.0.0.1:49152/callback?a=b", "http://127.0.0.1:1/callback?a=b"),
        ("http://[::1]:49152/callback", "http://[::1]/callback"),
        ("http://[::1]/callback", "http://[::1]:7/callback"),
    ],
)
def test_the_port_of_a_loopback_address_may_vary(requested, registered):
    assert matching(requested, [registered])


@pytest.mark.parametrize(
    ("requested", "registered"),
    [
        ("http://127.0.0.1:49152/other", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:49152/callback/", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:49152/callback?a=b", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:49152/callback#x", "http://127.0.0.1/callback"),
        ("https://127.0.0.1:49152/callback", "http://127.0.0.1/callback"),
        ("http://[::1]:49152/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:49152/callback", "http://[::1]/callback"),
        ("http://localhost:49152/callback", "http://127.0.0.1/callback"),
        ("http://localhost:49152/callback", "http://localhost/callback"),
        ("http://localhost:49152/callback", "http://localhost:3000/callback"),
        ("https://studio.example.com:49152/callback", "https://studio.example.com/callback"),
        ("https://127.0.0.1:49152/callback", "https://127.0.0.1/callback"),
        ("http://user@127.0.0.1:49152/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:@evil.example/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1\\@evil.example/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1.evil.example:1/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:99999/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:port/callback", "http://127.0.0.1/callback"),
        ("HTTP://127.0.0.1:49152/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:49152/call\tback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:49152/callback\n", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:4915\u0662/callback", "http://127.0.0.1/callback"),
        ("http://127.1:49152/callback", "http://127.0.0.1/callback"),
        ("http:127.0.0.1/callback", "http://127.0.0.1/callback"),
        ("com.example.app:1/callback", "com.example.app:/callback"),
    ],
)
def test_nothing_but_the_port_of_a_loopback_address_may_vary(requested, registered):
    assert not matching(requested, [registered])


@given(port=st.integers(1, 65535))
def test_a_native_application_may_listen_anywhere(port):
    assert matching(f"http://127.0.0.1:{port}/callback", ["http://127.0.0.1/callback"])


@given(requested=st.text(max_size=80))
def test_an_arbitrary_text_is_refused_without_an_error(requested):
    registered = [REGISTERED, "http://127.0.0.1/callback", "http://[::1]:1/"]
    assert not matching(requested, registered)


@given(
    text=st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=60),
    start=st.sampled_from(["", "https://", "http://[", "a.b:"]),
)
def test_whatever_can_be_registered_matches_itself(text, start):
    try:
        uri = parse_redirect_uri(start + text)
    except Invalid:
        return
    assert matching(uri, [uri])
    assert uri.isascii()
    assert "#" not in uri
