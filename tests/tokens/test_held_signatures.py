"""What is remembered of tokens that were verified."""

from __future__ import annotations

from idp.domain.client_words import SigningAlg
from idp.tokens import keys
from idp.tokens.held_signatures import HeldSignatures

KEY, OTHER_KEY = keys.generate(SigningAlg.ES256), keys.generate(SigningAlg.ES256)


def test_what_was_kept_is_found_by_the_whole_token():
    held = HeldSignatures[str]()
    held.keep("header.payload.signature", KEY, "what it says")
    assert held.get("header.payload.signature", KEY) == "what it says"
    assert held.get("header.payload.signaturf", KEY) is None
    assert held.get("header.payload", KEY) is None


def test_under_another_key_nothing_is_found():
    held = HeldSignatures[str]()
    held.keep("token", KEY, "what it says")
    assert held.get("token", OTHER_KEY) is None


def test_no_more_is_kept_than_fits():
    held = HeldSignatures[int](most=3)
    for number in range(10):
        held.keep(f"token {number}", KEY, number)
        assert len(held) <= 3
        assert held.get(f"token {number}", KEY) == number
