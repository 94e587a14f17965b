"""Tokens that a client gives back (RFC 7009)."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from sqlalchemy import select

from idp.domain.client_words import AuthMethod
from idp.store.audit_events import AuditEvent
from idp.store.unit_of_work import reading
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import ISSUER, Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.database import racing
from tests.support.rp import RelyingParty, TokenAnswer, Tokens


@pytest.fixture
def tokens(rp: RelyingParty, browser: Browser) -> Tokens:
    return rp.obtains_tokens_for(browser)


def says_done(answer: TokenAnswer) -> bool:
    """Say whether it is the one answer to every token."""
    response = answer.response
    kept = response.headers.get("Cache-Control")
    return (response.status_code, response.get_data(), kept) == (200, b"", "no-store")


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def events(op: OpenIdProvider) -> list[AuditEvent]:
    with op.app.app_context(), reading() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.kind == "token.revoked")))


@BOTH_DATABASES
def test_a_refresh_token_ends_with_all_that_hangs_on_it(rp: RelyingParty, tokens: Tokens) -> None:
    assert says_done(rp.revokes(tokens.refresh_token))
    assert rp.refreshes(tokens).is_refused_as("invalid_grant")
    assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")
    assert rp.introspects(tokens.access_token).body == {"active": False}


def test_a_refresh_token_that_was_exchanged_ends_its_family_too(rp: RelyingParty, tokens: Tokens) -> None:
    renewed = rp.refreshes(tokens).tokens
    assert says_done(rp.revokes(tokens.refresh_token))
    assert rp.refreshes(renewed).is_refused_as("invalid_grant")
    assert rp.asks_userinfo(renewed.access_token).is_refused_as("invalid_token")


@BOTH_DATABASES
def test_an_access_token_ends_alone(rp: RelyingParty, browser: Browser, tokens: Tokens) -> None:
    others = rp.obtains_tokens_for(browser)
    assert says_done(rp.revokes(tokens.access_token))
    assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")
    assert rp.asks_userinfo(others.access_token).succeeds()
    renewed = rp.refreshes(tokens).tokens
    assert rp.asks_userinfo(renewed.access_token).succeeds()
    assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")


def test_a_clients_own_token_ends(op: OpenIdProvider) -> None:
    rp = RelyingParty.registered_at(op, grant_types=("client_credentials",))
    token = rp.calls_token(grant_type="client_credentials").body["access_token"]
    assert rp.introspects(token).body["active"] is True
    assert says_done(rp.revokes(token))
    assert rp.introspects(token).body == {"active": False}


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "unheard-of", "", "x" * 4000])
def test_a_hint_changes_nothing(rp: RelyingParty, browser: Browser, hint: str) -> None:
    for kind in ("access_token", "refresh_token"):
        tokens = rp.obtains_tokens_for(browser)
        assert says_done(rp.revokes(getattr(tokens, kind), token_type_hint=hint))
        assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")


@BOTH_DATABASES
def test_a_token_of_another_client_stays(op: OpenIdProvider, rp: RelyingParty, tokens: Tokens) -> None:
    other = RelyingParty.registered_at(op, "Other")
    before = op.rows()
    for token in (tokens.refresh_token, tokens.access_token):
        assert says_done(other.revokes(token))
    assert op.rows() == before
    assert rp.asks_userinfo(tokens.access_token).succeeds()
    assert rp.refreshes(tokens).succeeds()


def test_what_is_no_token_that_counts_changes_nothing(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock, tokens: Tokens
) -> None:
    family, generation, mac = tokens.refresh_token.split(".")
    expired = tokens.access_token
    forgeries = (
        f"{family}.{generation}.{'A' * 43}",
        f"{family}.2.{mac}",
        f"{'A' * 22}.{generation}.{mac}",
        f"{expired.rpartition('.')[0]}.{'A' * 86}",
        tokens.id_token,
        browser.cookie("__Host-idp_sso.acme") or "",
        "garbage",
        "a.b.c",
    )
    clock.advance(seconds=900)
    before = op.rows()
    for token in (expired, *forgeries):
        assert says_done(rp.revokes(token)), token
    assert op.rows() == before
    assert rp.refreshes(tokens).succeeds()


def test_it_is_recorded_once_with_who_and_what(op: OpenIdProvider, rp: RelyingParty, tokens: Tokens) -> None:
    said = claims_of(tokens.access_token)
    for token in (tokens.access_token, tokens.access_token, tokens.refresh_token, tokens.refresh_token):
        assert says_done(rp.revokes(token))
    first, second = events(op)
    family = said["jti"].partition(".")[0]
    assert (first.details, second.details) == (
        {"token": "access_token", "family": family},
        {"token": "refresh_token", "family": family},
    )
    for one in (first, second):
        assert (one.account_code, one.user_id, one.client_id) == ("acme", said["sub"], rp.client_id)
        assert (one.actor_kind, one.actor_id, one.outcome) == ("client", rp.client_id, "ok")


@BOTH_DATABASES
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_of_eight_racing_revocations_one_is_recorded(rp: RelyingParty, tokens: Tokens, kind: str) -> None:
    answers = racing(rp.op.app, lambda: rp.revokes(getattr(tokens, kind)))
    assert all(says_done(answer) for answer in answers)
    assert len(events(rp.op)) == 1


# Who may


def test_a_public_client_gives_its_own_tokens_back(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, "Application", public=True)
    tokens = rp.obtains_tokens_for(browser)
    assert says_done(rp.revokes(tokens.access_token))
    assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")


def test_a_client_has_to_prove_itself(rp: RelyingParty, tokens: Tokens) -> None:
    right = rp.client_secret
    rp.client_secret = "wrong"
    assert rp.revokes(tokens.access_token).is_refused_as("invalid_client")
    rp.auth = AuthMethod.NONE
    assert rp.revokes(tokens.access_token).is_refused_as("invalid_client")
    rp.auth, rp.client_secret = AuthMethod.POST, right
    assert rp.asks_userinfo(tokens.access_token).succeeds()
    assert says_done(rp.revokes(tokens.access_token))


def test_a_call_without_a_token_is_refused(rp: RelyingParty) -> None:
    assert rp.revokes("").is_refused_as("invalid_request")


def test_a_call_is_one_form_posted(rp: RelyingParty, tokens: Tokens) -> None:
    http = rp.op.app.test_client()
    in_query = http.post("/oauth/revoke/", query_string={"token": tokens.access_token}, base_url=ISSUER)
    as_json = http.post("/oauth/revoke/", json={"token": tokens.access_token}, base_url=ISSUER)
    for answer in (in_query, as_json):
        assert TokenAnswer(answer).is_refused_as("invalid_request")
    assert http.get("/oauth/revoke/", base_url=ISSUER).status_code == 405
    assert rp.asks_userinfo(tokens.access_token).succeeds()


def test_pages_of_any_origin_may_call(rp: RelyingParty, tokens: Tokens) -> None:
    for answer in (rp.revokes(tokens.access_token), rp.revokes("")):
        assert answer.response.headers["Access-Control-Allow-Origin"] == "*"
