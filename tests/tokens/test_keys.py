"""Signing keys: named by their thumbprint, public in clear, private sealed."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp.domain.client_words import SigningAlg
from idp.store.signing_keys import KeyState, KeyUse
from idp.tokens import keys, logout_token
from idp.tokens.sealing import CannotOpen, Sealer

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
MEMBERS_OF_THUMBPRINT = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}


@pytest.fixture(params=["rsa_row", "ec_row"])
def row(request):
    return request.getfixturevalue(request.param)


def thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638 §3, written out."""
    required = {name: jwk[name] for name in MEMBERS_OF_THUMBPRINT[jwk["kty"]]}
    canonical = json.dumps(required, separators=(",", ":"), sort_keys=True).encode()
    return urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def test_the_kid_is_the_thumbprint(row):
    assert row.kid == row.public_jwk["kid"] == thumbprint(row.public_jwk)


def test_the_thumbprint_is_the_one_of_rfc_7638():
    """The example of §3.1, so that the formula above is right itself."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
        "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHz"
        "u6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8"
        "awapJzKnqDKgw"
    )
    assert thumbprint({"kty": "RSA", "n": modulus, "e": "AQAB"}) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_public_key_says_what_it_is_for_and_holds_nothing_private(row):
    assert row.public_jwk["use"] == "sig"
    assert row.public_jwk["alg"] == row.alg
    assert not set(row.public_jwk) & PRIVATE_MEMBERS


def test_the_private_key_is_sealed_and_comes_back(row, sealer):
    private = keys.private_key(row, sealer)
    secret = str(private.as_dict(private=True)["d"])
    assert secret not in row.private_jwk_sealed
    assert private.thumbprint() == row.kid


def test_a_private_key_moved_to_another_row_does_not_open(rsa_row, ec_row, sealer):
    moved = type(ec_row)(kid=ec_row.kid, private_jwk_sealed=rsa_row.private_jwk_sealed)
    with pytest.raises(CannotOpen):
        keys.private_key(moved, sealer)


def test_another_secret_opens_no_private_key(row):
    with pytest.raises(CannotOpen):
        keys.private_key(row, Sealer(["another secret of more than 32 bytes"]))


def test_rsa_keys_have_2048_bits_and_elliptic_ones_lie_on_p_256(rsa_row, ec_row):
    assert isinstance(public := keys.public_key(rsa_row), RSAKey)
    assert public.raw_value.key_size == 2048
    assert isinstance(public := keys.public_key(ec_row), ECKey)
    assert public.curve_name == "P-256"


def test_only_a_current_key_was_promoted(ec_row, sealer, now):
    following = keys.row_of(
        keys.generate(SigningAlg.ES256),
        SigningAlg.ES256,
        use=KeyUse.OAUTH,
        state=KeyState.NEXT,
        sealer=sealer,
        now=now,
    )
    assert ec_row.promoted_at == now
    assert following.promoted_at is None
    assert following.published_at == now


def test_a_retired_key_outlives_the_logout_tokens_that_it_signed():
    assert keys.LOGOUT_TOKEN_LIFETIME >= logout_token.LIFETIME
