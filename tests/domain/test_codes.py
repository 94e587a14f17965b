"""Codes of accounts and providers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.codes import parse_code
from idp.domain.errors import Invalid


@pytest.mark.parametrize("text", ["a", "7", "acme", "acme-2", "acme_nl", "a" * 63])
def test_a_code_stays_as_it_is(text):
    assert parse_code(text, what="account") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 64,
        "Acme",
        "-acme",
        "acme-",
        "_acme",
        "acme_",
        "ac me",
        "acme:okta",
        "acme.okta",
        "acme/okta",
        "..",
        "acme\n",
        "acm\u00e9",
        "\u212a",
        "\u0661",
    ],
)
def test_anything_else_is_refused_and_says_what_it_was_for(text):
    with pytest.raises(Invalid, match="the code of the provider must be"):
        parse_code(text, what="provider")


@given(text=st.text(max_size=70))
def test_a_code_can_stand_in_an_address_a_file_name_and_before_a_dot(text):
    try:
        parse_code(text, what="account")
    except Invalid:
        return
    assert text.isascii()
    assert not set(text) & set("./:%?# ")
