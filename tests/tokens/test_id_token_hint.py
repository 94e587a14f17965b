"""An ID token that comes back as a hint: ours, unaltered, of this kind; how old it is does not matter."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from idp.domain.authentication import Authentication
from idp.domain.client_words import SigningAlg
from idp.domain.errors import HintRefused
from idp.domain.identifiers import ClientId, SessionId, UserId
from idp.store.signing_keys import SigningKey
from idp.tokens import id_token
from idp.tokens.id_token_hint import Hint, verify_hint
from idp.tokens.key_ring import KeyRing
from idp.tokens.sealing import Sealer
from idp.tokens.signing import sign
from tests.tokens.conftest import new_ec_row, new_ring

ISSUER = "https://login.deepdesk.example"
CLAIMS = {"iss": ISSUER, "sub": "a-user", "aud": "studio", "sid": "a-session"}


def minted(ring: KeyRing, now: datetime, alg: SigningAlg = SigningAlg.RS256) -> str:
    return id_token.mint(
        issuer=ISSUER,
        client_id=ClientId("studio"),
        subject=UserId("a-user"),
        sid=SessionId("a-session"),
        authentication=Authentication(at=now, acr="urn:deepdesk:acr:interactive", amr=("fed",)),
        nonce=None,
        access_token="x",
        claims={"roles": ["deepdesk.agent"]},
        signer=ring.signer(alg, now=now),
        lifetime=timedelta(hours=1),
        now=now,
    )


def signed(ring: KeyRing, now: datetime, *, typ: str = "JWT", alg: SigningAlg = SigningAlg.RS256, **change: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **change}.items() if value is not None}
    return sign(claims, ring.signer(alg, now=now), typ=typ)


def verified(ring: KeyRing, now: datetime, token: str) -> Hint:
    return verify_hint(token, issuer=ISSUER, keys=ring, now=now)


@pytest.mark.parametrize("alg", [SigningAlg.RS256, SigningAlg.ES256])
def test_an_id_token_says_whom_it_means(ring: KeyRing, now: datetime, alg: SigningAlg) -> None:
    hint = verified(ring, now, minted(ring, now, alg))
    assert (hint.subject, hint.sid, hint.audience) == ("a-user", "a-session", "studio")


def test_an_id_token_of_long_ago_still_does(ring: KeyRing, now: datetime) -> None:
    assert verified(ring, now, minted(ring, now - timedelta(days=365))).sid == "a-session"


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "session+jwt", "jwt", ""])
def test_another_kind_of_token_is_refused(ring: KeyRing, now: datetime, typ: str) -> None:
    with pytest.raises(HintRefused):
        verified(ring, now, signed(ring, now, typ=typ))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": f"{ISSUER}/"},
        {"iss": None},
        {"events": {}},
        {"events": None, "sid": None},
        {"sub": None},
        {"aud": None},
        {"aud": ["studio"]},
        {"sid": ""},
        {"sub": 7},
    ],
)
def test_what_our_key_signed_with_other_claims_is_refused(ring: KeyRing, now: datetime, change: dict[str, Any]) -> None:
    assert verified(ring, now, signed(ring, now)).audience == "studio"
    with pytest.raises(HintRefused):
        verified(ring, now, signed(ring, now, **change))


def test_a_key_that_is_not_ours_is_refused(ring: KeyRing, sealer: Sealer, now: datetime) -> None:
    foreign = new_ring(lambda: [new_ec_row(sealer)], sealer)
    with pytest.raises(HintRefused):
        verified(ring, now, signed(foreign, now, alg=SigningAlg.ES256))


def test_a_known_kid_does_not_help_another_algorithm(ring: KeyRing, ec_row: SigningKey, now: datetime) -> None:
    header, payload, signature = minted(ring, now).split(".")
    for change in ({"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256"}, {"kid": ec_row.kid}, {"kid": None}):
        altered = json.dumps(jwt.get_unverified_header(f"{header}.{payload}.{signature}") | change).encode()
        for last in ("", signature):
            with pytest.raises(HintRefused):
                verified(ring, now, f"{_b64(altered)}.{payload}.{last}")


def test_an_altered_claim_is_refused(ring: KeyRing, now: datetime) -> None:
    header, payload, signature = minted(ring, now).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "==")) | {"sid": "of somebody else"}
    with pytest.raises(HintRefused):
        verified(ring, now, f"{header}.{_b64(json.dumps(claims).encode())}.{signature}")


@pytest.mark.parametrize("garbage", ["", "x", "..", "a.b.c", "é", "x" * 9000, "[" * 5000, "eyJ.eyJ.", "null.null.null"])
def test_garbage_is_refused(ring: KeyRing, now: datetime, garbage: str) -> None:
    with pytest.raises(HintRefused):
        verified(ring, now, garbage)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
