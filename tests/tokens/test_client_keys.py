"""Which of a client's keys may have signed."""

from __future__ import annotations

from typing import Any

import pytest

from idp.tokens.client_keys import ALGORITHMS, MAX_PUBLISHED_KEYS, parse_keys
from tests.support.assertions import key


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_fits_its_own_kind_of_algorithm(alg: str) -> None:
    keys = parse_keys(key(alg).jwks)
    fitting = {one for one in ALGORITHMS if keys.candidates(kid=None, alg=one)}
    assert fitting == ({"RS256", "PS256"} if alg in {"RS256", "PS256"} else {alg})


def test_a_key_that_names_its_algorithm_fits_no_other() -> None:
    keys = parse_keys({"keys": [key("RS256").public_jwk | {"alg": "RS256"}]})
    assert {one for one in ALGORITHMS if keys.candidates(kid=None, alg=one)} == {"RS256"}


@pytest.mark.parametrize("alg", ["none", "HS256", "RS512", "ES512", "EdDSA", ""])
def test_no_key_fits_an_algorithm_that_is_not_offered(alg: str) -> None:
    keys = parse_keys({"keys": [key("RS256").public_jwk, key("ES256").public_jwk]})
    assert keys.candidates(kid=None, alg=alg) == ()
    assert keys.candidates(kid="x", alg=alg) == ()


@pytest.mark.parametrize(
    "entry",
    [
        None,
        1,
        [],
        {},
        {"kty": []},
        {"kty": "oct", "k": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg"},
        {"kty": "RSA", "n": 1, "e": "AQAB"},
        {"kty": "RSA", "n": "é" * 400, "e": "AQAB"},
        {"kty": "RSA", "n": "A" * 100_000, "e": "AQAB"},
        {"kty": "EC", "crv": {}, "x": 1, "y": []},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
    ],
    ids=lambda entry: repr(entry)[:40],
)
def test_an_entry_that_is_no_usable_key_costs_the_others_nothing(entry: Any) -> None:
    assert len(parse_keys({"keys": [entry, key().public_jwk, entry]}).keys) == 1
    assert parse_keys({"keys": entry}).keys == ()


def test_a_private_key_is_read_as_its_public_half(rsa_row: Any) -> None:
    (read,) = parse_keys({"keys": [rsa_row.public_jwk | {"d": "AQAB", "x5c": "nonsense"}]}).keys
    assert not read.is_private


def test_a_flood_of_keys_is_read_in_part() -> None:
    assert len(parse_keys({"keys": [key().public_jwk] * (MAX_PUBLISHED_KEYS + 50)}).keys) == MAX_PUBLISHED_KEYS
