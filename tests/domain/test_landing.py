"""Where a ``redirect`` leads: whatever is written there, to the account's own address (CONTRACT §6 rule 4)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.landing import MAX_LENGTH, landing

BASE = "https://acme.deepdesk.example"
WRITTEN_PLAINLY = re.compile(r"https://acme\.deepdesk\.example/[\x21-\x5b\x5d-\x7e]*")
"""The address, a slash, then visible ASCII without a backslash: no browser reads another host into it."""

TRICKS = [
    ".evil.example",
    "@evil.example",
    ":pass@evil.example",
    ":8443",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/\r\nLocation: https://evil.example",
    "/\n/evil.example",
    "https://evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.example@acme.deepdesk.example",
    "/@evil.example",
    "/..//evil.example",
    "/.//evil.example",
    "?//evil.example",
    "#//evil.example",
    "\u2044\u2044evil.example",
    "/\uff0f\uff0fevil.example",
    "/\u2028/evil.example",
    "/\u202e",
    "",
    "/" + "a" * MAX_LENGTH,
    "/" + "//evil.example" * 1000,
]


def goes_to(address):
    """Return where a browser ends: it takes a backslash for a slash, and passes over tabs and line breaks."""
    return urlsplit(re.sub(r"[\t\r\n]", "", address).strip().replace("\\", "/")).netloc


@pytest.mark.parametrize("wanted", TRICKS)
def test_no_trick_leads_elsewhere(wanted):
    address = landing(BASE, wanted)
    assert goes_to(address) == "acme.deepdesk.example"
    assert WRITTEN_PLAINLY.fullmatch(address)


@given(wanted=st.one_of(st.none(), st.text(), st.text(alphabet="/\\@.:#?%09adceñ\t\r\n \u2028")))
def test_nothing_at_all_leads_elsewhere(wanted):
    address = landing(BASE, wanted)
    assert goes_to(address) == "acme.deepdesk.example"
    assert WRITTEN_PLAINLY.fullmatch(address)


def test_what_is_too_long_leads_to_the_front_page():
    longest = "/" + "a" * (MAX_LENGTH - 1)
    assert landing(BASE, longest) == f"{BASE}{longest}"
    assert landing(BASE, f"{longest}a") == f"{BASE}/"


@pytest.mark.parametrize("wanted", [None, "", "admin", "admin/", "?a=b", "#a", "https://acme.deepdesk.example/admin"])
def test_what_is_no_path_leads_to_the_front_page(wanted):
    assert landing(BASE, wanted) == f"{BASE}/"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/admin/personal-collection",
        "/admin/?view=mine&page=2#latest",
        "/a%20b/%2F",
        "/search?q=caf%C3%A9",
        "/a:b;c,d=(e)!*'$+[f]~_-.",
    ],
)
def test_a_path_stays_as_it_is_written(path):
    assert landing(BASE, path) == f"{BASE}{path}"


def test_other_letters_are_encoded():
    assert landing(BASE, "/café and more") == f"{BASE}/caf%C3%A9%20and%20more"


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("https://acme.deepdesk.example/", "https://acme.deepdesk.example/x"),
        ("https://acme.deepdesk.example/studio/", "https://acme.deepdesk.example/x"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/x"),
    ],
)
def test_of_the_base_url_scheme_and_host_count(base, address):
    assert landing(base, "/x") == address
