"""Tokens of exchange links: ours alone, for an hour at most, and they name nobody (CONTRACT §6 rule 4)."""

from __future__ import annotations

import json
from datetime import timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.errors import ExchangeTokenRefused, PlatformJwtRefused
from idp.tokens import platform_jwt
from idp.tokens.exchange_token import MAX_LENGTH, ExchangeTokens
from idp.tokens.sealing import derive
from tests.tokens.conftest import NOW

ISSUER = "https://login.example.com"
SECRET, OLDER = "the secret of these tests, 32+ letters", "the secret before it, also 32+ letters"
LATER = NOW + timedelta(hours=1)
KEY = derive(SECRET, label="exchange tokens")
CLAIMS = {"iss": ISSUER, "exp": int(LATER.timestamp()), "jti": "one", "type": "exchange"}


@pytest.fixture
def tokens():
    return ExchangeTokens([SECRET], issuer=ISSUER)


@pytest.fixture
def token(tokens):
    return tokens.make("one", expires_at=LATER, now=NOW)


def is_refused(tokens, token, *, now=NOW):
    try:
        tokens.read(token, now=now)
    except ExchangeTokenRefused:
        return True
    return False


def forged(*, key=KEY, alg="HS256", typ="exchange+jwt", **changes):
    return jwt.encode(CLAIMS | changes, key, algorithm=alg, headers={"typ": typ})


def test_it_opens_what_it_was_made_for(tokens, token):
    read = tokens.read(token, now=NOW)
    assert (read.jti, read.expires_at) == ("one", LATER)


def test_it_names_nobody(token):
    assert jwt.decode(token, options={"verify_signature": False}).keys() == {"iss", "aud", "iat", "exp", "jti", "type"}


def test_it_ends_with_its_second(tokens, token):
    assert not is_refused(tokens, token, now=LATER - timedelta(seconds=1))
    assert is_refused(tokens, token, now=LATER)


def test_while_the_secret_is_changed_both_count(tokens, token):
    newer = ExchangeTokens(["a newer secret with 32+ letters in it", SECRET], issuer=ISSUER)
    assert not is_refused(newer, token)
    assert is_refused(tokens, newer.make("two", expires_at=LATER, now=NOW))


def test_another_secret_and_another_provider_made_other_tokens(tokens):
    assert is_refused(tokens, ExchangeTokens([OLDER], issuer=ISSUER).make("one", expires_at=LATER, now=NOW))
    elsewhere = ExchangeTokens([SECRET], issuer="https://elsewhere.example")
    assert is_refused(tokens, elsewhere.make("one", expires_at=LATER, now=NOW))


def test_the_secret_itself_is_not_the_key(tokens):
    assert not is_refused(tokens, forged())
    assert is_refused(tokens, forged(key=SECRET))
    assert is_refused(tokens, forged(key=derive(SECRET, label="forms")))


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "session+jwt", "logout+jwt", "jwt+platform", "", None])
def test_another_type_of_token_is_refused_even_with_our_key(tokens, typ):
    assert is_refused(tokens, forged(typ=typ))


def test_another_algorithm_is_refused_even_with_our_key(tokens):
    assert is_refused(tokens, forged(alg="HS512", key=KEY * 2))
    assert is_refused(tokens, jwt.encode(CLAIMS, None, algorithm="none", headers={"typ": "exchange+jwt"}))


@given(position=st.integers(0, 10_000), letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123456789-_."))
def test_a_changed_letter_is_noticed(position, letter):
    tokens = ExchangeTokens([SECRET], issuer=ISSUER)
    token = tokens.make("one", expires_at=LATER, now=NOW)
    position %= len(token)
    changed = token[:position] + letter + token[position + 1 :]
    assert changed == token or is_refused(tokens, changed)


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "\u00e4", "\ud800", "x" * (MAX_LENGTH + 1), "[" * 2000])
def test_what_is_no_jwt_is_refused(tokens, text):
    assert is_refused(tokens, text)


def test_it_has_no_other_spelling(tokens, token):
    parts = dict(zip(("protected", "payload", "signature"), token.split("."), strict=True))
    for spelled in (f"{token}=", f"{token}.", f" {token}", f"{token}\n", token.rpartition(".")[0], json.dumps(parts)):
        assert is_refused(tokens, spelled)


def test_it_is_no_platform_jwt_even_where_a_platform_had_the_key():
    identity = {"account": "acme", "user_id": "1"}
    said = {"iat": int(NOW.timestamp()), "type": "access", "identity": identity}
    with pytest.raises(PlatformJwtRefused):
        platform_jwt.read(forged(**said), issuer=ISSUER, now=NOW)
