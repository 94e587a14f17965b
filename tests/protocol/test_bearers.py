"""Whom a bearer token lets look after an account (CONTRACT §6 rules 11 and 12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from idp.domain.errors import AccessTokenRefused, NotFound, ScopeInsufficient
from idp.domain.jars import Jar
from idp.domain.roles import ENTERED_STAFF, Role, expanded, permissions_of
from idp.services.people import bearers
from idp.services.people.bearers import Bystander
from idp.services.people.management import Managing
from tests.protocol.test_staff import enters
from tests.security.kinds import has_a_widget, widget_of
from tests.support.app import CASEY, ISSUER, MIA, SAM, Browser, OpenIdProvider, Person
from tests.support.rp import RelyingParty
from tests.support.widget import ACCESS

API = "https://api.example.com/"
EVERYTHING = {"scope": "openid manage", "resource": ISSUER}
Meets = Callable[..., Managing | Bystander]


@pytest.fixture
def panel(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(op, "Panel", scope="openid roles manage", audiences=(API,))


@pytest.fixture
def meets(op: OpenIdProvider) -> Meets:
    """Ask whom a token stands for."""

    def met(token: str, account: str | None = None) -> Managing | Bystander:
        with op.app.app_context():
            return bearers.of_token(token, account, parts=op.parts, context=op.at_this_moment)

    return met


def token_of(op: OpenIdProvider, panel: RelyingParty, person: Person = MIA) -> str:
    browser = op.browser()
    op.signs_in(browser, person)
    return panel.obtains_tokens_for(browser, **EVERYTHING).access_token


def test_a_manager_looks_after_their_account(op: OpenIdProvider, panel: RelyingParty, meets: Meets) -> None:
    signed_in_at = op.clock.now()
    token = token_of(op, panel)
    op.clock.advance(seconds=600)
    for account in (None, "acme"):
        who = meets(token, account)
        assert isinstance(who, Managing)
        assert (who.account, who.staff, who.session) == ("acme", False, None)
        assert who.permissions == frozenset(permissions_of((Role.MANAGER,)))
        assert who.auth_time == signed_in_at


def test_an_agent_looks_after_nothing(op: OpenIdProvider, panel: RelyingParty, meets: Meets) -> None:
    assert isinstance(meets(token_of(op, panel, SAM)), Bystander)


def test_a_deputy_decides_about_requests_and_nothing_else(
    op: OpenIdProvider, panel: RelyingParty, meets: Meets
) -> None:
    token = token_of(op, panel, SAM)
    op.runs("accounts", "update", "acme", "--deputy", "sam@acme.example")
    who = meets(token)
    assert isinstance(who, Managing)
    assert who.permissions == {"access_requests.view_accessrequest", "access_requests.change_accessrequest"}


@pytest.mark.parametrize("account", ["globex", "staff", "", "ACME", "nobody", "acme "])
def test_another_account_is_not_there(op: OpenIdProvider, panel: RelyingParty, meets: Meets, account: str) -> None:
    op.account("globex")
    with pytest.raises(NotFound):
        meets(token_of(op, panel), account)


@pytest.mark.parametrize(
    "asked",
    [
        {"scope": "openid roles", "resource": ISSUER},
        {"scope": "openid manage"},
        {"scope": "openid manage", "resource": API},
        {"scope": "roles manage", "resource": API},
    ],
    ids=str,
)
def test_a_token_for_something_else_opens_nothing(
    panel: RelyingParty, browser: Browser, meets: Meets, asked: dict[str, str]
) -> None:
    with pytest.raises((AccessTokenRefused, ScopeInsufficient)):
        meets(panel.obtains_tokens_for(browser, **asked).access_token)


def test_without_the_scope_it_says_so(panel: RelyingParty, browser: Browser, meets: Meets) -> None:
    with pytest.raises(ScopeInsufficient):
        meets(panel.obtains_tokens_for(browser, scope="openid roles", resource=ISSUER).access_token)


def test_for_two_audiences_it_opens_nothing(panel: RelyingParty, browser: Browser, meets: Meets) -> None:
    with pytest.raises(AccessTokenRefused, match="another audience"):
        meets(panel.obtains_tokens_for(browser, scope="openid").access_token)


def test_a_revoked_token_opens_nothing(op: OpenIdProvider, panel: RelyingParty, meets: Meets) -> None:
    token = token_of(op, panel)
    assert panel.revokes(token).response.status_code == 200
    with pytest.raises(AccessTokenRefused):
        meets(token)


def test_an_expired_token_opens_nothing(op: OpenIdProvider, panel: RelyingParty, meets: Meets) -> None:
    token = token_of(op, panel)
    op.clock.advance(seconds=901)
    with pytest.raises(AccessTokenRefused):
        meets(token)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "\x00", "a" * 10_000])
def test_what_is_no_token_opens_nothing(meets: Meets, token: str) -> None:
    with pytest.raises(AccessTokenRefused):
        meets(token)


def test_an_id_token_opens_nothing(panel: RelyingParty, browser: Browser, meets: Meets) -> None:
    with pytest.raises(AccessTokenRefused):
        meets(panel.obtains_tokens_for(browser, **EVERYTHING).id_token)


def test_a_clients_own_token_opens_nothing(op: OpenIdProvider, meets: Meets) -> None:
    grants = ("authorization_code", "client_credentials")
    batch = RelyingParty.registered_at(
        op, "Batch", grant_types=grants, scope="openid roles manage", roles=("deepdesk.manager",)
    )
    token = batch.calls_token(grant_type="client_credentials").tokens.access_token
    with pytest.raises(AccessTokenRefused, match="speaks of nobody"):
        meets(token)


def test_a_cookie_token_opens_nothing(op: OpenIdProvider, browser: Browser, meets: Meets) -> None:
    has_a_widget(op)
    widget = widget_of(op, browser)
    cookie = widget.jars.value(ACCESS, Jar.TOP)
    assert cookie
    with pytest.raises(AccessTokenRefused):
        meets(cookie)


def test_a_role_that_is_taken_away_counts_no_more_at_once(
    op: OpenIdProvider, panel: RelyingParty, meets: Meets
) -> None:
    op.runs("providers", "update", "acme", "platform", "--no-role-based-iam")
    op.makes("kim@acme.example", roles=["deepdesk.manager"])
    token = token_of(op, panel, replace(MIA, subject="acme-9", email="kim@acme.example", roles=()))
    assert isinstance(meets(token), Managing)
    op.runs("users", "set-roles", "kim@acme.example", "--account", "acme", "--role", "deepdesk.editor")
    assert isinstance(meets(token), Bystander)


def test_whoever_is_kept_out_is_out_at_once(op: OpenIdProvider, panel: RelyingParty, meets: Meets) -> None:
    token = token_of(op, panel)
    assert isinstance(meets(token), Managing)
    op.runs("users", "disable", "mia@acme.example", "--account", "acme")
    with pytest.raises(AccessTokenRefused):
        meets(token)


def test_a_client_that_may_no_longer_manage_opens_nothing(
    op: OpenIdProvider, panel: RelyingParty, meets: Meets
) -> None:
    token = token_of(op, panel)
    op.runs("clients", "update", panel.client_id, "--scope", "openid roles")
    with pytest.raises(AccessTokenRefused):
        meets(token)


class TestStaff:
    def enters(self, op: OpenIdProvider, panel: RelyingParty, *roles: Role) -> str:
        op.staff_sign_in_with_google()
        op.grants(CASEY.email or "", "acme", roles=roles)
        browser = op.browser()
        op.signs_in(browser, CASEY)
        answer = enters(browser, panel.asks(browser, **EVERYTHING))
        return panel.redeems(answer.code).tokens.access_token

    def test_with_a_managers_grant_look_after_the_account_and_what_is_staffs(
        self, op: OpenIdProvider, panel: RelyingParty, meets: Meets
    ) -> None:
        who = meets(self.enters(op, panel, Role.MANAGER), "acme")
        assert isinstance(who, Managing)
        assert (who.account, who.staff) == ("acme", True)
        assert who.permissions == {*permissions_of((Role.MANAGER,)), *expanded(ENTERED_STAFF.grants)}

    def test_with_another_grant_look_after_nothing(self, op: OpenIdProvider, panel: RelyingParty, meets: Meets) -> None:
        assert isinstance(meets(self.enters(op, panel, Role.EDITOR)), Bystander)

    def test_whose_grant_ended_are_out_at_once(self, op: OpenIdProvider, panel: RelyingParty, meets: Meets) -> None:
        token = self.enters(op, panel, Role.MANAGER)
        op.revokes(CASEY.email or "", "acme")
        with pytest.raises(AccessTokenRefused):
            meets(token)

    def test_do_not_look_after_their_own_account(self, op: OpenIdProvider, meets: Meets) -> None:
        """Management of the account staff stays on the command line."""
        op.staff_sign_in_with_google()
        op.grants(CASEY.email or "")
        browser = op.browser()
        op.signs_in(browser, CASEY)
        op.runs("users", "set-roles", CASEY.email or "", "--account", "staff", "--role", "deepdesk.manager")
        home = RelyingParty.registered_at(op, "Home", account=None, scope="openid roles manage")
        assert isinstance(meets(home.obtains_tokens_for(browser, **EVERYTHING).access_token), Bystander)
