"""A client's own token (RFC 6749 §4.4, RFC 9068 §2.2; CONTRACT §5)."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from tests.support.app import OpenIdProvider
from tests.support.rp import RelyingParty

BACKEND = "https://backend.example.com/api"
GRANTS = ("client_credentials",)


@pytest.fixture
def batch(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(
        op, "Batch", redirect_uris=("https://x.example/",), grant_types=GRANTS, roles=("deepdesk.editor",)
    )


def claims_of(rp: RelyingParty, token: str) -> dict[str, Any]:
    header = jwt.get_unverified_header(token)
    key = next(one for one in rp.jwks()["keys"] if one["kid"] == header["kid"])
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    claims: dict[str, Any] = jwt.decode(token, jwt.PyJWK(key), algorithms=["ES256"], options=options)
    return claims


def own_token(rp: RelyingParty, **form: str) -> dict[str, Any]:
    answer = rp.calls_token(grant_type="client_credentials", **form)
    assert answer.succeeds(), answer
    assert answer.body.keys() <= {"access_token", "token_type", "expires_in", "scope"}
    return claims_of(rp, answer.tokens.access_token)


def test_its_subject_is_the_client_and_it_names_nobody(batch: RelyingParty) -> None:
    claims = own_token(batch)
    assert claims.keys() == {
        *("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "account", "roles", "groups")
    }
    assert claims["sub"] == claims["client_id"] == batch.client_id
    assert (claims["account"], claims["roles"], claims["aud"]) == ("acme", ["deepdesk.editor"], batch.op.issuer)


def test_roles_come_from_the_registration_alone(op: OpenIdProvider) -> None:
    plain = RelyingParty.registered_at(op, "Plain", grant_types=("authorization_code", *GRANTS))
    assert "roles" not in own_token(plain)


def test_its_audience_is_the_clients_only_one(op: OpenIdProvider) -> None:
    rp = RelyingParty.registered_at(op, "Batch", grant_types=("authorization_code", *GRANTS), audiences=(BACKEND,))
    assert own_token(rp)["aud"] == BACKEND


def test_userinfo_knows_nobody_behind_it(batch: RelyingParty) -> None:
    token = batch.calls_token(grant_type="client_credentials").tokens.access_token
    assert batch.asks_userinfo(token).is_refused_as("insufficient_scope")


@pytest.mark.parametrize("scope", ["openid", "openid roles", "offline_access", "email", "manage", "nonsense"])
def test_what_only_people_have_is_refused(batch: RelyingParty, scope: str) -> None:
    assert batch.calls_token(grant_type="client_credentials", scope=scope).is_refused_as("invalid_scope")


def test_a_client_without_the_grant_is_refused(rp: RelyingParty) -> None:
    assert rp.calls_token(grant_type="client_credentials").is_refused_as("unauthorized_client")


def test_a_wrong_secret_is_refused(batch: RelyingParty) -> None:
    batch.client_secret = "not the secret"
    assert batch.calls_token(grant_type="client_credentials").is_refused_as("invalid_client")


def test_it_is_audited(batch: RelyingParty) -> None:
    own_token(batch)
    assert "token.client_issued" in batch.op.audited()


def test_a_client_of_a_disabled_account_gets_none(batch: RelyingParty) -> None:
    batch.op.disables_account("acme")
    assert batch.calls_token(grant_type="client_credentials").is_refused_as("invalid_client")
