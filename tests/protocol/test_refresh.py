"""Refresh tokens (CONTRACT §6 rule 3, RFC 6749 §6, RFC 9700 §4.14.2, OpenID Connect Core §12)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from idp.domain.scope import Scope
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import RelyingParty, Tokens

OFFLINE = "openid offline_access"
GRACE = 10


@pytest.fixture
def tokens(rp: RelyingParty, browser: Browser) -> Tokens:
    return rp.obtains_tokens_for(browser)


def names(answer_scope: str) -> set[str]:
    return set(answer_scope.split(" "))


class TestRenewal:
    def test_our_own_services_get_a_refresh_token_without_asking(self, tokens: Tokens) -> None:
        assert tokens.refresh_token

    def test_it_is_exchanged_for_another_and_fresh_tokens(self, rp: RelyingParty, tokens: Tokens) -> None:
        answer = rp.refreshes(tokens)
        assert answer.succeeds()
        assert answer.body["token_type"] == "Bearer"
        assert answer.body["expires_in"] == 900
        renewed = answer.tokens
        assert len({*(tokens.refresh_token, renewed.refresh_token)}) == 2
        assert rp.asks_userinfo(renewed.access_token).claims["email"] == "mia@acme.example"

    def test_a_renewed_id_token_speaks_of_the_same_proof(
        self, rp: RelyingParty, browser: Browser, clock: FrozenClock
    ) -> None:
        asked = rp.prepares()
        first = rp.redeems(rp.sends(browser, asked).code).tokens
        before = rp.verifies(first.id_token, nonce=asked.nonce)
        clock.advance(minutes=10)
        after = rp.verifies(rp.refreshes(first).tokens.id_token, nonce=None)
        same = ("iss", "sub", "aud", "auth_time", "sid", "acr", "amr")
        assert {name: before[name] for name in same} == {name: after[name] for name in same}
        assert after["iat"] == before["iat"] + 600

    def test_roles_are_those_of_the_moment_of_renewal(
        self, op: OpenIdProvider, rp: RelyingParty, tokens: Tokens
    ) -> None:
        claims = rp.verifies(rp.refreshes(tokens, scope="openid").tokens.id_token)
        assert claims["role_name"] == "deepdesk.manager"
        op.runs("providers", "update", "acme", "platform", "--no-role-based-iam")
        op.runs("users", "set-roles", "mia@acme.example", "--account", "acme", "--role", "deepdesk.editor")
        renewed = rp.refreshes(rp.refreshes(tokens).tokens).tokens
        assert rp.verifies(renewed.id_token)["role_name"] == "deepdesk.editor"

    def test_a_client_without_the_grant_gets_none(self, op: OpenIdProvider, browser: Browser) -> None:
        rp = RelyingParty.registered_at(op, grant_types=("authorization_code",))
        assert rp.obtains_tokens_for(browser, scope=OFFLINE).refresh_token == ""

    def test_a_client_that_lost_the_grant_cannot_renew(
        self, op: OpenIdProvider, rp: RelyingParty, tokens: Tokens
    ) -> None:
        op.runs("clients", "update", rp.client_id, "--grant-type", "authorization_code")
        assert rp.refreshes(tokens).is_refused_as("unauthorized_client")


class TestRotation:
    def test_a_lost_answer_is_given_again(self, rp: RelyingParty, tokens: Tokens, clock: FrozenClock) -> None:
        lost = rp.refreshes(tokens).tokens
        clock.advance(seconds=GRACE - 1)
        again = rp.refreshes(tokens).tokens
        assert again.refresh_token == lost.refresh_token
        assert rp.refreshes(again).succeeds()

    def test_the_grace_ends_to_the_second(self, rp: RelyingParty, tokens: Tokens, clock: FrozenClock) -> None:
        rp.refreshes(tokens)
        clock.advance(seconds=GRACE)
        assert rp.refreshes(tokens).is_refused_as("invalid_grant")

    def test_a_successor_that_was_used_ends_the_grace_of_its_predecessor(
        self, rp: RelyingParty, tokens: Tokens
    ) -> None:
        second = rp.refreshes(tokens).tokens
        third = rp.refreshes(second).tokens
        assert rp.refreshes(tokens).is_refused_as("invalid_grant")
        assert rp.refreshes(third).is_refused_as("invalid_grant")

    def test_a_replay_ends_the_family_and_its_access_tokens(
        self, op: OpenIdProvider, rp: RelyingParty, tokens: Tokens, clock: FrozenClock
    ) -> None:
        renewed = rp.refreshes(tokens).tokens
        clock.advance(seconds=GRACE)
        rp.refreshes(tokens)
        assert rp.refreshes(renewed).is_refused_as("invalid_grant")
        for each in (tokens, renewed):
            assert rp.asks_userinfo(each.access_token).is_refused_as("invalid_token")
        assert "token.replayed" in op.audited()

    def test_a_replay_leaves_other_families_alone(
        self, rp: RelyingParty, browser: Browser, tokens: Tokens, clock: FrozenClock
    ) -> None:
        other = rp.obtains_tokens_for(browser)
        rp.refreshes(tokens)
        clock.advance(seconds=GRACE)
        rp.refreshes(tokens)
        assert rp.refreshes(other).succeeds()

    @BOTH_DATABASES
    def test_eight_at_once_end_in_one_branch_and_nobody_is_locked_out(self, rp: RelyingParty, tokens: Tokens) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: rp.refreshes(tokens), range(8)))
        assert all(answer.succeeds() for answer in answers)
        (successor,) = {answer.tokens.refresh_token for answer in answers}
        assert rp.refreshes(replace(tokens, refresh_token=successor)).succeeds()

    @BOTH_DATABASES
    def test_a_replay_among_eight_ends_the_family_for_all(
        self, rp: RelyingParty, tokens: Tokens, clock: FrozenClock
    ) -> None:
        live = rp.refreshes(tokens).tokens
        clock.advance(seconds=GRACE)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: rp.refreshes(tokens), range(8)))
        assert all(answer.is_refused_as("invalid_grant") for answer in answers)
        assert rp.refreshes(live).is_refused_as("invalid_grant")


class TestLifetimes:
    def test_it_ends_with_the_session_by_itself(self, rp: RelyingParty, tokens: Tokens, clock: FrozenClock) -> None:
        clock.advance(hours=11, minutes=59)
        live = rp.refreshes(tokens).tokens
        clock.advance(minutes=1)
        assert rp.refreshes(live).is_refused_as("invalid_grant")

    def test_single_sign_on_that_idled_out_does_not_end_it(
        self, rp: RelyingParty, browser: Browser, tokens: Tokens, clock: FrozenClock
    ) -> None:
        clock.advance(hours=2)
        assert rp.asks(browser, prompt="none").is_refused_as("login_required")
        assert rp.refreshes(tokens).succeeds()

    def test_it_ends_when_the_person_signs_out(self, rp: RelyingParty, browser: Browser, tokens: Tokens) -> None:
        browser.signs_out()
        assert rp.refreshes(tokens).is_refused_as("invalid_grant")

    def test_offline_it_outlives_the_session(self, rp: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
        tokens = rp.obtains_tokens_for(browser, scope=OFFLINE)
        browser.signs_out()
        clock.advance(hours=23)
        assert rp.refreshes(tokens).succeeds()

    def test_offline_it_ends_when_it_idles(self, op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
        op.runs("providers", "update", "acme", "platform", "--no-role-based-iam")
        tokens = rp.obtains_tokens_for(browser, scope=OFFLINE)
        op.clock.advance(days=29)
        live = rp.refreshes(tokens).tokens
        op.clock.advance(days=30)
        assert rp.refreshes(live).is_refused_as("invalid_grant")

    def test_offline_it_ends_however_often_it_is_used(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser
    ) -> None:
        op.runs("providers", "update", "acme", "platform", "--no-role-based-iam")
        tokens = rp.obtains_tokens_for(browser, scope=OFFLINE)
        for _ in range(89):
            op.clock.advance(days=1)
            tokens = rp.refreshes(tokens).tokens
        op.clock.advance(days=1)
        assert rp.refreshes(tokens).is_refused_as("invalid_grant")

    def test_sign_out_everywhere_ends_it_offline_too(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser
    ) -> None:
        tokens = rp.obtains_tokens_for(browser, scope=OFFLINE)
        op.runs("users", "sign-out", "mia@acme.example", "--account", "acme")
        assert rp.refreshes(tokens).is_refused_as("invalid_grant")

    def test_disabling_ends_it_for_good(self, op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
        tokens = rp.obtains_tokens_for(browser, scope=OFFLINE)
        op.runs("users", "disable", "mia@acme.example", "--account", "acme")
        op.runs("users", "enable", "mia@acme.example", "--account", "acme")
        assert rp.refreshes(tokens).is_refused_as("invalid_grant")


class TestReverification:
    """CONTRACT §6 rule 7."""

    def test_where_roles_follow_the_upstream_it_stops_after_a_day(
        self, rp: RelyingParty, browser: Browser, clock: FrozenClock
    ) -> None:
        tokens = rp.obtains_tokens_for(browser, scope=OFFLINE)
        clock.advance(hours=23, minutes=59)
        live = rp.refreshes(tokens).tokens
        clock.advance(minutes=1)
        assert rp.refreshes(live).is_refused_as("invalid_grant")

    def test_it_goes_on_once_the_upstream_confirms_them(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
    ) -> None:
        tokens = rp.obtains_tokens_for(browser, scope=OFFLINE)
        clock.advance(hours=24)
        assert rp.refreshes(tokens).is_refused_as("invalid_grant")
        op.signs_in(op.browser())
        assert rp.refreshes(tokens).succeeds()

    def test_the_account_may_say_another_time(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
    ) -> None:
        op.runs("accounts", "update", "acme", "--reverify-after", "3600")
        tokens = rp.obtains_tokens_for(browser)
        clock.advance(minutes=59)
        live = rp.refreshes(tokens).tokens
        clock.advance(minutes=1)
        assert rp.refreshes(live).is_refused_as("invalid_grant")


class TestWhoMayUseIt:
    def test_another_client_may_not_and_ends_nothing(
        self, op: OpenIdProvider, rp: RelyingParty, tokens: Tokens
    ) -> None:
        thief = RelyingParty.registered_at(op, "Another")
        for _ in range(3):
            assert thief.refreshes(tokens).is_refused_as("invalid_grant")
        assert rp.refreshes(tokens).succeeds()

    def test_a_public_client_renews_by_its_name_alone(self, op: OpenIdProvider, browser: Browser) -> None:
        spa = RelyingParty.registered_at(op, "SPA", public=True)
        tokens = spa.obtains_tokens_for(browser)
        assert spa.refreshes(spa.refreshes(tokens).tokens).succeeds()

    def test_a_third_party_gets_none_without_being_allowed(self, op: OpenIdProvider, browser: Browser) -> None:
        other = RelyingParty.registered_at(op, "Insight", party="third")
        code = other.after_consent(browser, scope=OFFLINE)
        answer = other.redeems(code)
        assert "refresh_token" not in answer.body
        assert Scope.OFFLINE_ACCESS not in names(answer.body["scope"])

    def test_a_third_party_that_is_allowed_stays_beyond_the_session(self, op: OpenIdProvider, browser: Browser) -> None:
        other = RelyingParty.registered_at(op, "Insight", party="third")
        tokens = other.redeems(other.after_consent(browser, scope=OFFLINE, prompt="consent")).tokens
        browser.signs_out()
        assert other.refreshes(tokens).succeeds()


class TestNarrowing:
    def test_less_scope_for_one_access_token(self, rp: RelyingParty, tokens: Tokens) -> None:
        answer = rp.refreshes(tokens, scope="email")
        assert answer.body["scope"] == "email"
        assert "id_token" not in answer.body
        assert names(rp.refreshes(answer.tokens).body["scope"]) == {"openid", "profile", "email"}

    @pytest.mark.parametrize("scope", ["openid roles", "nonsense", "openid  email", "OPENID"])
    def test_more_scope_is_refused_and_spends_nothing(
        self, rp: RelyingParty, tokens: Tokens, clock: FrozenClock, scope: str
    ) -> None:
        assert rp.refreshes(tokens, scope=scope).is_refused_as("invalid_scope")
        clock.advance(seconds=GRACE + 1)
        assert rp.refreshes(tokens).succeeds()

    def test_scope_that_the_client_lost_is_gone(self, op: OpenIdProvider, rp: RelyingParty, tokens: Tokens) -> None:
        op.runs("clients", "update", rp.client_id, "--scope", "openid")
        assert rp.refreshes(tokens).body["scope"] == "openid"


MALFORMED = {
    "nothing": "",
    "a word": "token",
    "an access token": "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
    "too long": "a" * 4000,
    "not ASCII": "é" * 22 + ".1." + "A" * 43,
    "a surrogate": "\ud800",
    "generation nought": "A" * 22 + ".0." + "A" * 43,
    "an endless generation": "A" * 22 + "." + "9" * 30 + "." + "A" * 43,
    "a negative generation": "A" * 22 + ".-1." + "A" * 43,
    "an unknown family": "A" * 22 + ".1." + "A" * 43,
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_a_refresh_token_renews_nothing(rp: RelyingParty, text: str) -> None:
    sent = text.encode("utf-8", "replace").decode()
    answer = rp.calls_token(grant_type="refresh_token", refresh_token=sent or None)
    assert answer.is_refused_as("invalid_grant" if sent else "invalid_request")


def test_a_forged_mac_renews_nothing_and_ends_nothing(rp: RelyingParty, tokens: Tokens) -> None:
    family, generation, mac = tokens.refresh_token.split(".")
    for forged in (f"{family}.{generation}.{'A' * 43}", f"{family}.{int(generation) + 1}.{mac}", f"{family}.7.{mac}"):
        assert rp.refreshes(replace(tokens, refresh_token=forged)).is_refused_as("invalid_grant")
    assert rp.refreshes(tokens).succeeds()


def test_the_database_holds_nothing_that_is_a_token(op: OpenIdProvider, rp: RelyingParty, tokens: Tokens) -> None:
    mac = tokens.refresh_token.rpartition(".")[2]
    assert not op.stores(mac)


def test_a_changed_secret_key_keeps_tokens_while_the_old_one_is_configured() -> None:
    from idp.domain.identifiers import FamilyId
    from idp.tokens.refresh_token import RefreshTokens, read

    family, seed = FamilyId("A" * 22), "s" * 43
    token = RefreshTokens(["old" * 12]).make(family, 1, seed=seed)
    presented = read(token)
    assert presented is not None
    assert RefreshTokens(["new" * 12, "old" * 12]).is_genuine(presented, seed=seed)
    assert not RefreshTokens(["new" * 12]).is_genuine(presented, seed=seed)
    assert not RefreshTokens(["old" * 12]).is_genuine(presented, seed="t" * 43)
