"""What a token is worth at this moment (RFC 7662, CONTRACT §6 rule 12)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest

from idp.domain.client_words import AuthMethod
from idp.domain.identifiers import UserId
from idp.domain.roles import Role
from idp.services.registry import accounts, clients
from idp.store import users
from idp.store.unit_of_work import unit_of_work
from tests.protocol.conftest import BOTH_DATABASES
from tests.protocol.test_staff import enters as staff_enters
from tests.support.app import CASEY, ISSUER, Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import RelyingParty, TokenAnswer, Tokens

INACTIVE = {"active": False}
API = "https://api.example.com/"


@pytest.fixture
def tokens(rp: RelyingParty, browser: Browser) -> Tokens:
    return rp.obtains_tokens_for(browser)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def own_token(rp: RelyingParty) -> str:
    token: str = rp.calls_token(grant_type="client_credentials").body["access_token"]
    return token


# What is told


@BOTH_DATABASES
def test_an_access_token_is_told_as_it_is(rp: RelyingParty, tokens: Tokens) -> None:
    answer = rp.introspects(tokens.access_token)
    assert answer.succeeds()
    said = claims_of(tokens.access_token)
    assert answer.body == {"active": True, "token_type": "Bearer", **said}
    assert {
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "jti",
        "client_id",
        "scope",
        "sid",
        "account",
        "roles",
        "groups",
    } == said.keys()


def test_a_refresh_token_is_told_to_its_client(rp: RelyingParty, tokens: Tokens, clock: FrozenClock) -> None:
    body = rp.introspects(tokens.refresh_token).body
    said = claims_of(tokens.access_token)
    lifetime = body.pop("exp") - clock.unix
    assert body == {
        "active": True,
        "client_id": rp.client_id,
        "sub": said["sub"],
        "scope": said["scope"],
        "iss": ISSUER,
        "iat": clock.unix,
    }
    clock.advance(seconds=lifetime - 1)
    assert rp.introspects(tokens.refresh_token).body["active"] is True
    clock.advance(seconds=1)
    assert rp.introspects(tokens.refresh_token).body == INACTIVE
    assert rp.refreshes(tokens).is_refused_as("invalid_grant")


def test_a_clients_own_token_is_told_without_a_person(op: OpenIdProvider) -> None:
    rp = RelyingParty.registered_at(op, grant_types=("client_credentials",), roles=("deepdesk.agent",))
    body = rp.introspects(own_token(rp)).body
    assert (body["active"], body["sub"], body["client_id"]) == (True, rp.client_id, rp.client_id)
    assert (body["account"], body["roles"]) == ("acme", ["deepdesk.agent"])
    assert "sid" not in body


def test_roles_are_those_that_hold_now(op: OpenIdProvider, rp: RelyingParty, tokens: Tokens) -> None:
    before = rp.introspects(tokens.access_token).body
    assert before["roles"][0] == "deepdesk.manager"
    changes_roles(op, before["sub"], Role.AGENT)
    assert rp.introspects(tokens.access_token).body == before | {"roles": ["deepdesk.agent"], "groups": ["Agent"]}


def test_a_client_of_the_standard_profile_is_told_roles_with_their_scope_alone(
    op: OpenIdProvider, browser: Browser
) -> None:
    rp = RelyingParty.registered_at(op, claims_profile="standard")
    without = rp.introspects(rp.obtains_tokens_for(browser).access_token).body
    assert without["active"]
    assert not {"account", "roles", "groups"} & without.keys()
    rp.scope = "openid roles"
    assert rp.introspects(rp.obtains_tokens_for(browser).access_token).body["account"] == "acme"


def test_what_a_client_is_no_longer_given_is_no_longer_told(
    op: OpenIdProvider, rp: RelyingParty, tokens: Tokens
) -> None:
    assert rp.introspects(tokens.access_token).body["account"] == "acme"
    with op.app.app_context():
        clients.update(rp.client_id, {"claims_profile": "standard"}, context=op.context)
    body = rp.introspects(tokens.access_token).body
    assert body["active"]
    assert not {"account", "roles", "groups"} & body.keys()


# Who is told


@BOTH_DATABASES
def test_a_service_is_told_about_tokens_for_what_it_serves(op: OpenIdProvider, browser: Browser) -> None:
    caller = RelyingParty.registered_at(op, audiences=(API,))
    served = RelyingParty.registered_at(op, "API", serves=(API,))
    serves_another = RelyingParty.registered_at(op, "Other API", serves=("https://other.example.com/",))
    serves_nothing = RelyingParty.registered_at(op, "Another")
    tokens = caller.obtains_tokens_for(browser)
    assert API in claims_of(tokens.access_token)["aud"]
    assert served.introspects(tokens.access_token).body["active"] is True
    for other in (serves_another, serves_nothing):
        assert other.introspects(tokens.access_token).body == INACTIVE
    for other in (served, serves_another, serves_nothing):
        assert other.introspects(tokens.refresh_token).body == INACTIVE


def test_a_public_client_is_told_nothing(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, "Application", public=True)
    tokens = rp.obtains_tokens_for(browser)
    assert rp.introspects(tokens.access_token).is_refused_as("invalid_client")


def test_a_client_has_to_prove_itself(rp: RelyingParty, tokens: Tokens) -> None:
    rp.client_secret = "wrong"
    for method in (AuthMethod.BASIC, AuthMethod.POST, AuthMethod.NONE):
        rp.auth = method
        assert rp.introspects(tokens.access_token).is_refused_as("invalid_client")


# What counts no longer


@BOTH_DATABASES
def test_a_token_whose_family_ended_is_inactive(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser)
    tokens = rp.redeems(code).tokens
    assert rp.introspects(tokens.access_token).body["active"]
    rp.redeems(code)
    assert rp.introspects(tokens.access_token).body == INACTIVE
    assert rp.introspects(tokens.refresh_token).body == INACTIVE


def test_a_token_revoked_alone_is_inactive(rp: RelyingParty, tokens: Tokens) -> None:
    rp.revokes(tokens.access_token)
    assert rp.introspects(tokens.access_token).body == INACTIVE
    assert rp.introspects(tokens.refresh_token).body["active"] is True


def test_a_refresh_token_that_was_exchanged_is_inactive(rp: RelyingParty, tokens: Tokens) -> None:
    renewed = rp.refreshes(tokens).tokens
    assert rp.introspects(tokens.refresh_token).body == INACTIVE
    assert rp.introspects(renewed.refresh_token).body["active"] is True


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_who_may_no_longer_enter_has_no_active_token(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, kind: str
) -> None:
    token = getattr(rp.obtains_tokens_for(browser), kind)
    op.disables(rp.introspects(token).body["sub"])
    assert rp.introspects(token).body == INACTIVE


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_disabled_account_has_no_active_token(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, kind: str
) -> None:
    token = getattr(rp.obtains_tokens_for(browser), kind)
    op.disables_account("acme")
    assert rp.introspects(token).body == INACTIVE


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_staff_whose_grant_ended_have_no_active_token(op: OpenIdProvider, rp: RelyingParty, kind: str) -> None:
    op.staff_sign_in_with_google()
    op.grants(CASEY.email, "acme", until=op.clock.now() + timedelta(minutes=5))
    browser = op.browser()
    op.signs_in(browser, CASEY)
    tokens = enters(rp, browser)
    assert rp.introspects(tokens.access_token).body["staff"] is True
    op.clock.advance(minutes=4, seconds=59)
    token = getattr(tokens, kind)
    assert rp.introspects(token).body["active"]
    op.clock.advance(seconds=1)
    assert rp.introspects(token).body == INACTIVE


def test_who_was_not_confirmed_for_too_long_has_no_active_refresh_token(
    rp: RelyingParty, browser: Browser, clock: FrozenClock
) -> None:
    tokens = rp.obtains_tokens_for(browser, scope="openid offline_access")
    clock.advance(hours=23)
    assert rp.introspects(tokens.refresh_token).body["active"] is True
    clock.advance(hours=1)
    assert rp.introspects(tokens.refresh_token).body == INACTIVE
    assert rp.refreshes(tokens).is_refused_as("invalid_grant")


def test_staff_are_told_as_what_they_entered(op: OpenIdProvider, rp: RelyingParty) -> None:
    op.staff_sign_in_with_google()
    op.grants(CASEY.email, "acme")
    browser = op.browser()
    op.signs_in(browser, CASEY)
    tokens = enters(rp, browser)
    body = rp.introspects(tokens.access_token).body
    assert (body["account"], body["staff"], body["roles"][0]) == ("acme", True, "deepdesk.manager")


def test_a_clients_own_token_ends_with_its_account_and_with_the_client(op: OpenIdProvider) -> None:
    rp = RelyingParty.registered_at(op, audiences=(API,), grant_types=("client_credentials",))
    served = RelyingParty.registered_at(op, "API", account=None, serves=(API,))
    token = own_token(rp)
    assert served.introspects(token).body["active"] is True
    op.disables_account("acme")
    assert served.introspects(token).body == INACTIVE
    with op.app.app_context():
        accounts.set_enabled("acme", enabled=True, context=op.context)
    assert served.introspects(token).body["active"] is True
    with op.app.app_context():
        clients.delete(rp.client_id, context=op.context)
    assert served.introspects(token).body == INACTIVE


def test_an_expired_access_token_is_inactive(rp: RelyingParty, tokens: Tokens, clock: FrozenClock) -> None:
    clock.advance(seconds=899)
    assert rp.introspects(tokens.access_token).body["active"]
    clock.advance(seconds=1)
    assert rp.introspects(tokens.access_token).body == INACTIVE


def test_what_is_no_token_is_inactive(rp: RelyingParty, browser: Browser, tokens: Tokens) -> None:
    family, generation, mac = tokens.refresh_token.split(".")
    for token in (
        tokens.id_token,
        rp.obtains_a_code_for(browser).value,
        browser.cookie("__Host-idp_sso.acme") or "",
        rp.client_secret or "",
        f"{family}.{generation}.{'A' * 43}",
        f"{family}.2.{mac}",
        f"{'A' * 22}.{generation}.{mac}",
        f"{tokens.access_token.rpartition('.')[0]}.{'A' * 86}",
        "garbage",
        "a.b.c",
    ):
        assert rp.introspects(token).body == INACTIVE, token


# The call


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "unheard-of", ""])
def test_a_hint_changes_nothing(rp: RelyingParty, tokens: Tokens, hint: str) -> None:
    for token in (tokens.access_token, tokens.refresh_token):
        assert rp.introspects(token, token_type_hint=hint).body["active"] is True


def test_looking_writes_nothing(op: OpenIdProvider, rp: RelyingParty, tokens: Tokens) -> None:
    before = op.rows()
    for token in (tokens.access_token, tokens.refresh_token, "garbage"):
        rp.introspects(token)
    assert op.rows() == before


def test_a_call_without_a_token_is_refused(rp: RelyingParty) -> None:
    assert rp.introspects("").is_refused_as("invalid_request")


def test_a_call_is_one_form_posted(rp: RelyingParty, tokens: Tokens) -> None:
    http = rp.op.app.test_client()
    in_query = http.post("/oauth/introspect/", query_string={"token": tokens.access_token}, base_url=ISSUER)
    as_json = http.post("/oauth/introspect/", json={"token": tokens.access_token}, base_url=ISSUER)
    for answer in (in_query, as_json):
        assert TokenAnswer(answer).is_refused_as("invalid_request")
    assert http.get("/oauth/introspect/", base_url=ISSUER).status_code == 405


def test_no_page_may_read_the_answer(rp: RelyingParty, tokens: Tokens) -> None:
    answers = [rp.introspects(tokens.access_token), rp.introspects("")]
    preflight = rp.op.app.test_client().options("/oauth/introspect/", base_url=ISSUER)
    for response in (*(one.response for one in answers), preflight):
        assert not [name for name, _ in response.headers if name.lower().startswith("access-control-")]


def changes_roles(op: OpenIdProvider, user_id: str, role: Role) -> None:
    """Change what somebody is, as their sign-in in another browser does."""
    with op.app.app_context(), unit_of_work() as session:
        user = users.get(session, UserId(user_id))
        assert user is not None
        user.roles = [role]


def enters(rp: RelyingParty, browser: Browser) -> Tokens:
    """Let a staff member choose to enter, and the service redeem what that gives."""
    asked = rp.asks(browser)
    return rp.redeems(staff_enters(browser, asked).code).tokens
