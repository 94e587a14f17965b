"""RFC 7636, narrowed to S256."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.pkce import challenge_of, is_challenge, is_verifier

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def test_the_example_of_appendix_b_holds():
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert is_verifier(verifier)
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 42,
        "a" * 44,
        "a" * 42 + "=",
        "a" * 42 + "+",
        "a" * 42 + "/",
        "a" * 42 + "~",
        "a" * 43 + "\n",
        "\u0430" * 43,
    ],
)
def test_a_challenge_is_43_base64url_characters(text):
    assert not is_challenge(text)
    assert is_challenge("aZ09-_" + "a" * 37)


@pytest.mark.parametrize(
    "text", ["", "a" * 42, "a" * 129, "a" * 42 + " ", "a" * 42 + "+", "a" * 42 + "%", "a" * 43 + "\n", "\u00e9" * 43]
)
def test_a_verifier_is_43_to_128_unreserved_characters(text):
    assert not is_verifier(text)
    assert is_verifier("aZ09-._~" + "a" * 35)
    assert is_verifier("a" * 128)


@given(verifier=st.text(alphabet=UNRESERVED, min_size=43, max_size=128))
def test_every_verifier_has_a_well_formed_challenge(verifier):
    assert is_verifier(verifier)
    assert is_challenge(challenge_of(verifier))
