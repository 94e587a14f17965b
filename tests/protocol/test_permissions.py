"""The scopes ``permissions`` and ``manage``: what tokens say of what somebody may, and to whom (CONTRACT §5, §6)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from idp.domain.client_words import Party
from idp.domain.errors import Invalid
from idp.domain.roles import ALL_PERMISSIONS, OF_ROLE, Role, permissions_of
from tests.protocol.test_staff import enters
from tests.support.app import CASEY, ISSUER, MIA, SAM, Browser, OpenIdProvider
from tests.support.rp import AuthorizationAnswer, RelyingParty, Tokens

OF_A_MANAGER = list(permissions_of((Role.MANAGER,)))
API = "https://api.example.com/"
LONG = "Zoë" * 70
"""Each name of a person may have 255 characters, and one beyond ASCII takes six bytes in a token."""


@pytest.fixture
def standard(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(op, "Standard", claims_profile="standard")


@pytest.fixture
def panel(op: OpenIdProvider) -> RelyingParty:
    """A service of our own that looks after accounts for people."""
    return RelyingParty.registered_at(op, "Panel", scope="openid roles manage", audiences=(API,))


def said_by(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def everywhere(rp: RelyingParty, tokens: Tokens) -> dict[str, Any]:
    """Return what each place says of permissions."""
    places = {
        "id": said_by(tokens.id_token),
        "access": said_by(tokens.access_token),
        "userinfo": rp.asks_userinfo(tokens.access_token).claims,
        "introspection": rp.introspects(tokens.access_token).body,
    }
    return {place: said["permissions"] for place, said in places.items() if "permissions" in said}


class TestPermissions:
    def test_with_the_scope_every_place_names_them(self, rp: RelyingParty, browser: Browser) -> None:
        tokens = rp.obtains_tokens_for(browser, scope="openid permissions")
        places = ("id", "access", "userinfo", "introspection")
        assert everywhere(rp, tokens) == dict.fromkeys(places, OF_A_MANAGER)

    def test_without_the_scope_no_place_does(self, rp: RelyingParty, browser: Browser) -> None:
        assert everywhere(rp, rp.obtains_tokens_for(browser, scope="openid roles profile")) == {}

    def test_whoever_may_nothing_has_an_empty_list(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        sam = op.browser()
        op.signs_in(sam, SAM)
        tokens = rp.obtains_tokens_for(sam, scope="openid permissions")
        assert set(map(tuple, everywhere(rp, tokens).values())) == {()}

    def test_the_profile_standard_says_them_where_scopes_are_answered(
        self, standard: RelyingParty, browser: Browser
    ) -> None:
        tokens = standard.obtains_tokens_for(browser, scope="openid permissions")
        assert everywhere(standard, tokens).keys() == {"access", "userinfo", "introspection"}
        assert "roles" not in said_by(tokens.access_token)

    def test_the_profile_standard_says_them_in_an_id_token_that_asks_for_them(
        self, standard: RelyingParty, browser: Browser
    ) -> None:
        tokens = standard.obtains_tokens_for(browser, scope="openid", claims='{"id_token": {"permissions": null}}')
        assert everywhere(standard, tokens) == {"id": OF_A_MANAGER}

    def test_who_is_not_registered_for_them_is_not_told(self, op: OpenIdProvider, browser: Browser) -> None:
        narrow = RelyingParty.registered_at(op, "Narrow", claims_profile="standard", scope="openid roles")
        claims = '{"id_token": {"permissions": null}, "userinfo": {"permissions": null}}'
        tokens = narrow.obtains_tokens_for(browser, scope="openid roles permissions", claims=claims)
        assert everywhere(narrow, tokens) == {}

    def test_they_follow_a_role_that_is_taken_away(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        op.runs("providers", "update", "acme", "platform", "--no-role-based-iam")
        op.makes("kim@acme.example", roles=["deepdesk.manager"])
        kim = op.browser()
        op.signs_in(kim, replace(MIA, subject="acme-9", email="kim@acme.example", roles=()))
        tokens = rp.obtains_tokens_for(kim, scope="openid permissions")
        assert everywhere(rp, tokens)["access"] == OF_A_MANAGER
        op.runs("users", "set-roles", "kim@acme.example", "--account", "acme", "--role", "deepdesk.editor")
        now = everywhere(rp, tokens)
        assert now["userinfo"] == now["introspection"] == list(permissions_of((Role.EDITOR,)))
        assert said_by(rp.refreshes(tokens).tokens.access_token)["permissions"] == now["userinfo"]

    def test_staff_have_in_tokens_what_their_roles_may_and_no_more(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        """What entered staff may besides counts in this provider's own management only."""
        op.staff_sign_in_with_google()
        op.grants(CASEY.email or "", "acme")
        casey = op.browser()
        op.signs_in(casey, CASEY)
        answer = enters(casey, rp.asks(casey, scope="openid permissions"))
        tokens = rp.redeems(answer.code).tokens
        assert set(map(tuple, everywhere(rp, tokens).values())) == {tuple(OF_A_MANAGER)}

    def test_a_clients_own_token_says_none(self, op: OpenIdProvider) -> None:
        batch = RelyingParty.registered_at(
            op, "Batch", grant_types=("authorization_code", "client_credentials"), roles=("deepdesk.manager",)
        )
        assert batch.calls_token(grant_type="client_credentials", scope="roles permissions").is_refused_as(
            "invalid_scope"
        )
        token = batch.calls_token(grant_type="client_credentials").tokens.access_token
        assert "permissions" not in said_by(token)


class TestAToken:
    def long_named(self, op: OpenIdProvider, roles: tuple[str, ...]) -> Browser:
        browser = op.browser()
        person = replace(MIA, name=LONG, given_name=LONG, family_name=LONG, roles=roles)
        op.signs_in(browser, person)
        return browser

    def test_that_would_be_too_long_says_them_by_wildcards(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        browser = self.long_named(op, tuple(role.value for role in Role))
        tokens = rp.obtains_tokens_for(browser, scope="openid permissions")
        said = said_by(tokens.id_token)["permissions"]
        assert said == [*OF_ROLE[Role.MANAGER].grants, "assistants.*"]
        assert not set(said) <= set(ALL_PERMISSIONS)
        assert len(tokens.id_token) <= 4096

    def test_beside_it_that_is_short_names_each(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        browser = self.long_named(op, tuple(role.value for role in Role))
        tokens = rp.obtains_tokens_for(browser, scope="openid permissions")
        assert said_by(tokens.access_token)["permissions"] == list(permissions_of(tuple(Role)))
        assert "*" not in "".join(rp.asks_userinfo(tokens.access_token).claims["permissions"])

    def test_of_usual_names_is_short_with_all_roles(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        browser = op.browser()
        op.signs_in(browser, replace(MIA, roles=tuple(role.value for role in Role)))
        tokens = rp.obtains_tokens_for(browser, scope="openid permissions")
        assert max(len(tokens.id_token), len(tokens.access_token)) <= 4096
        assert "*" not in "".join(said_by(tokens.id_token)["permissions"])


class TestManage:
    def scope_of(self, rp: RelyingParty, answer: AuthorizationAnswer) -> list[str]:
        scope: str = rp.redeems(answer.code).body["scope"]
        return scope.split(" ")

    def asks(self, rp: RelyingParty, browser: Browser, *resources: str) -> AuthorizationAnswer:
        asked = rp.prepares(scope="openid manage", resource=None)
        query = urlencode([*asked.params.items(), *(("resource", one) for one in resources)])
        return AuthorizationAnswer(browser.opens(f"{rp.metadata['authorization_endpoint']}?{query}"), asked)

    def test_is_granted_for_a_token_for_this_provider_alone(self, panel: RelyingParty, browser: Browser) -> None:
        answer = self.asks(panel, browser, ISSUER)
        tokens = panel.redeems(answer.code).tokens
        assert said_by(tokens.access_token)["scope"] == "openid manage"
        assert said_by(tokens.access_token)["aud"] == ISSUER

    @pytest.mark.parametrize("resources", [(), (API,), (ISSUER, API), (API, ISSUER)], ids=" ".join)
    def test_is_left_out_where_a_token_is_meant_for_somebody_else_too(
        self, panel: RelyingParty, browser: Browser, resources: tuple[str, ...]
    ) -> None:
        assert self.scope_of(panel, self.asks(panel, browser, *resources)) == ["openid"]

    def test_is_left_out_for_a_client_that_did_not_name_it(self, rp: RelyingParty, browser: Browser) -> None:
        assert self.scope_of(rp, self.asks(rp, browser, ISSUER)) == ["openid"]

    def test_alone_and_not_granted_is_an_error(self, panel: RelyingParty, browser: Browser) -> None:
        assert panel.asks(browser, scope="manage").is_refused_as("invalid_scope")

    def test_is_in_nobodys_registration_unless_named(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        scope = json.loads(op.runs("clients", "show", rp.client_id, "--json"))["scope"]
        assert "permissions" in scope
        assert "manage" not in scope

    @pytest.mark.parametrize("who", [{"public": True}, {"party": Party.THIRD, "claims_profile": "standard"}], ids=str)
    def test_cannot_be_registered_for_anybody_else(self, op: OpenIdProvider, who: dict[str, Any]) -> None:
        with pytest.raises(Invalid, match="only a confidential client of our own"):
            RelyingParty.registered_at(op, "Guest", scope="openid manage", **who)

    def test_cannot_be_kept_by_a_client_that_becomes_somebody_elses(
        self, op: OpenIdProvider, panel: RelyingParty
    ) -> None:
        words = ("clients", "update", panel.client_id, "--third-party", "--claims", "standard")
        refused = op.app.test_cli_runner().invoke(args=words)
        assert refused.exit_code == 1
        assert "only a confidential client of our own" in refused.output

    def test_is_no_scope_of_a_clients_own_token(self, op: OpenIdProvider) -> None:
        grants = ("authorization_code", "client_credentials")
        batch = RelyingParty.registered_at(op, "Batch", grant_types=grants, scope="openid roles manage")
        answer = batch.calls_token(grant_type="client_credentials", scope="roles manage", resource=ISSUER)
        assert answer.is_refused_as("invalid_scope")
        silent = batch.calls_token(grant_type="client_credentials", resource=ISSUER)
        assert "manage" not in said_by(silent.body["access_token"]).get("scope", "")

    def test_a_renewed_token_keeps_it_and_its_audience(self, panel: RelyingParty, browser: Browser) -> None:
        tokens = panel.redeems(self.asks(panel, browser, ISSUER).code).tokens
        renewed = said_by(panel.refreshes(tokens).tokens.access_token)
        assert (renewed["scope"], renewed["aud"]) == ("openid manage", ISSUER)
        assert panel.refreshes(panel.refreshes(tokens).tokens, resource=API).is_refused_as("invalid_target")
