"""Random secrets and how they are compared."""

from __future__ import annotations

import re

import pytest

from idp.domain.secrets import digest, equal, matches, new_identifier, new_secret


def test_secrets_have_256_bits_and_identifiers_128_in_url_safe_characters():
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", new_secret())
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", new_identifier())


def test_no_two_are_equal():
    assert len({new_secret() for _ in range(100)} | {new_identifier() for _ in range(100)}) == 200


def test_a_digest_is_sha_256():
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("other", ["", "ABC", "abc ", "ab", "\ud800"])
def test_only_the_same_secret_matches(other):
    assert matches("abc", digest("abc"))
    assert not matches(other, digest("abc"))
    assert equal(other, other)
    assert not equal(other, "abc")
