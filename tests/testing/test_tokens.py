"""Signed tokens without a provider: right ones pass a verifier, and each wrong one is wrong in one way."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from idp.testing import Kind, jwks, signed_token

AUDIENCE = "reports"


def verified(token: str, kind: Kind) -> dict[str, Any]:
    """Do what a careful service does."""
    header = jwt.get_unverified_header(token)
    if header["typ"] != kind.value:
        raise jwt.InvalidTokenError("another kind of token")
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(jwks(kind)).keys}
    if header["kid"] not in keys:
        raise jwt.InvalidTokenError("an unknown key")
    return jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=[kind.alg],
        audience=AUDIENCE,
        issuer="https://login.deepdesk.example",
        options={"require": ["iss", "aud", "exp", "iat", "sub"]},
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_a_token_of_every_kind_passes(kind: Kind) -> None:
    assert verified(signed_token({"aud": AUDIENCE}, kind=kind), kind)["aud"] == AUDIENCE


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": int(time.time()) - 1},
        {"aud": "another service"},
        {"iss": "https://login.example.org"},
        {"sub": None},
    ],
    ids=["expired", "another audience", "another issuer", "nobody's"],
)
def test_one_with_a_wrong_claim_is_refused(kind: Kind, wrong: dict[str, Any]) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        verified(signed_token({"aud": AUDIENCE, **wrong}, kind=kind), kind)


@pytest.mark.parametrize("kind", list(Kind))
def test_one_under_a_key_that_is_not_published_is_refused(kind: Kind) -> None:
    with pytest.raises(jwt.InvalidTokenError, match="unknown key"):
        verified(signed_token({"aud": AUDIENCE}, kind=kind, key="another"), kind)


def test_a_token_of_another_kind_is_refused() -> None:
    with pytest.raises(jwt.InvalidTokenError, match="another kind"):
        verified(signed_token({"aud": AUDIENCE}, kind=Kind.SESSION), Kind.ACCESS_TOKEN)


def test_a_claim_can_be_left_out_and_another_added() -> None:
    claims = jwt.decode(signed_token({"roles": None, "staff": True}), options={"verify_signature": False})
    assert "roles" not in claims
    assert claims["staff"] is True


def test_the_key_set_has_no_private_part() -> None:
    assert not {"d", "p", "q"}.intersection(*(key.keys() for key in jwks(*Kind)["keys"]))
