"""The published keys (RFC 7517; the checks that certification runs in every module)."""

from __future__ import annotations

import base64
import hashlib
import json

import jwt
import pytest

from tests.support.app import Browser
from tests.support.rp import RelyingParty

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
MEMBERS_OF_A_THUMBPRINT = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}


def test_every_algorithm_has_a_key_that_signs_and_the_next_one(rp: RelyingParty) -> None:
    assert sorted(key["alg"] for key in rp.jwks()["keys"]) == ["ES256", "ES256", "RS256", "RS256"]


def test_no_private_or_symmetric_part_is_published(rp: RelyingParty) -> None:
    for key in rp.jwks()["keys"]:
        assert not PRIVATE_MEMBERS & key.keys()
        assert key["kty"] in {"RSA", "EC"}


def test_keys_say_what_they_are_for(rp: RelyingParty) -> None:
    for key in rp.jwks()["keys"]:
        assert key["use"] == "sig"
        assert (key["kty"], key.get("crv")) == {"RS256": ("RSA", None), "ES256": ("EC", "P-256")}[key["alg"]]


def test_rsa_keys_have_2048_bits_or_more(rp: RelyingParty) -> None:
    for key in rp.jwks()["keys"]:
        if key["kty"] == "RSA":
            modulus = base64.urlsafe_b64decode(key["n"] + "==")
            assert int.from_bytes(modulus, "big").bit_length() >= 2048


def test_every_kid_is_the_thumbprint_of_its_key(rp: RelyingParty) -> None:
    keys = rp.jwks()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        required = {name: key[name] for name in MEMBERS_OF_A_THUMBPRINT[key["kty"]]}
        canonical = json.dumps(required, sort_keys=True, separators=(",", ":")).encode()
        assert key["kid"] == base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def test_the_set_may_be_kept_for_five_minutes(rp: RelyingParty, browser: Browser) -> None:
    answer = browser.opens(rp.metadata["jwks_uri"])
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.mimetype == "application/json"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_tokens_are_signed_by_a_published_key_of_their_algorithm(rp: RelyingParty, browser: Browser, alg: str) -> None:
    tokens = rp.obtains_tokens_for(browser)
    header = jwt.get_unverified_header(tokens.id_token if alg == "RS256" else tokens.access_token)
    (key,) = [key for key in rp.jwks()["keys"] if key["kid"] == header["kid"]]
    assert header["alg"] == key["alg"] == alg
