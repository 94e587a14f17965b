"""What went wrong for other providers, by the numbers of the list of pitfalls, and what is easily got wrong in code."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from idp.domain.errors import NotAdmitted, Refusal
from idp.domain.secrets import new_identifier
from idp.sandbox.platform import Fault
from idp.sandbox.platform.kinds import OIDC
from idp.services.operations import audit
from idp.services.people import deciding, users
from idp.services.registry import accounts, providers
from idp.services.registry.accounts import AccountSettings
from idp.store.access_requests import AccessRequest
from idp.store.db import db
from idp.store.unit_of_work import unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink
from tests.support.app import CALLBACK, MIA, SAM, Browser, OpenIdProvider
from tests.support.platform import RunningPlatform
from tests.support.rp import RelyingParty


def sub_of(rp: RelyingParty, browser: Browser) -> str:
    """Return who the service is told is signed in to this browser."""
    sub: str = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)["sub"]
    return sub


def people(op: OpenIdProvider) -> int:
    """Count the users."""
    return op.rows()["users"]


# Account linking and identity keys


def links_by_email(op: OpenIdProvider) -> None:
    """Let acme join people by their addresses, and connect it to a second upstream."""
    op.upstream("elsewhere")
    with op.app.app_context():
        accounts.update("acme", AccountSettings(link_by_email=True), context=op.context)


def requests_about(op: OpenIdProvider) -> list[AccessRequest]:
    """Return what managers are asked to decide."""
    with op.app.app_context():
        return [listed.request for listed in deciding.list_all("acme", context=op.context)]


def test_1_of_several_people_under_an_address_none_is_picked(op: OpenIdProvider) -> None:
    """Only one of them can hold it; the others show it, and are nobody's match."""
    links_by_email(op)
    for number in range(3):
        op.signs_in(op.browser(), replace(SAM, subject=f"shows-{number}", email=MIA.email, email_vouched=False))
    op.signs_in(op.browser(), replace(MIA, provider="elsewhere"))
    assert people(op) == 4
    with pytest.raises(NotAdmitted) as refused:
        op.signs_in(op.browser(), replace(MIA, subject="stranger"))
    assert refused.value.refusal.needs_a_decision
    assert len(requests_about(op)) == 1


def test_2_only_addresses_vouched_for_on_both_sides_are_linked(op: OpenIdProvider, rp: RelyingParty) -> None:
    links_by_email(op)
    present, arriving = op.browser(), op.browser()
    op.signs_in(present, SAM)
    op.signs_in(op.browser(), replace(SAM, subject="shows", email="lee@acme.example", email_vouched=False))
    with pytest.raises(NotAdmitted):
        op.signs_in(op.browser(), replace(SAM, subject="x", email_vouched=False, provider="elsewhere"))
    op.signs_in(op.browser(), replace(SAM, subject="lee", email="lee@acme.example", provider="elsewhere"))
    op.signs_in(arriving, replace(SAM, subject="y", provider="elsewhere"))
    assert sub_of(rp, arriving) == sub_of(rp, present)
    assert people(op) == 3


@pytest.mark.parametrize("known_to_be", [True, False])
def test_3_what_may_match_is_not_enough_to_link(op: OpenIdProvider, browser: Browser, known_to_be: bool) -> None:
    links_by_email(op)
    with pytest.raises(NotAdmitted):
        op.signs_in(op.browser(), replace(MIA, subject="x", email_vouched=known_to_be, provider="elsewhere"))
    assert [(row.subject, row.email_vouched) for row in requests_about(op)] == [("x", known_to_be)]
    assert op.rows()["upstream_identities"] == 1


def test_3_an_address_that_changed_upstream_moves_nobody(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    """Sam comes with Mia's address from now on, and stays Sam."""
    links_by_email(op)
    before, after = op.browser(), op.browser()
    op.signs_in(before, SAM)
    op.signs_in(after, replace(SAM, email=MIA.email))
    assert sub_of(rp, before) == sub_of(rp, after) != sub_of(rp, browser)


def test_4_an_address_that_nobody_vouched_for_takes_nobodys_place(op: OpenIdProvider, rp: RelyingParty) -> None:
    """The attacker comes first, under the victim's address; the victim gets a user of their own."""
    attacker, victim = op.browser(), op.browser()
    op.signs_in(attacker, replace(SAM, email=MIA.email, email_vouched=False))
    op.signs_in(victim, MIA)
    assert sub_of(rp, attacker) != sub_of(rp, victim)
    assert people(op) == 2


@pytest.mark.parametrize("vouched", [True, False])
def test_5_an_equal_address_signs_nobody_in_as_somebody_else(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, vouched: bool
) -> None:
    attacker = op.browser()
    with pytest.raises(NotAdmitted):
        op.signs_in(attacker, replace(SAM, email=MIA.email, email_vouched=vouched))
    assert rp.asks(attacker, prompt="none").is_refused_as("login_required")
    assert people(op) == 1


@pytest.mark.parametrize(
    "lookalike", ["mıa@acme.example", "mia@acme.example.", "ｍia@acme.example", "mia@ácme.example"]
)
def test_5_a_lookalike_of_an_address_is_another_address(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, lookalike: str
) -> None:
    other = op.browser()
    op.signs_in(other, replace(SAM, email=lookalike))
    assert sub_of(rp, other) != sub_of(rp, browser)


def test_5_an_address_in_capitals_is_the_same_address(op: OpenIdProvider, browser: Browser) -> None:
    with pytest.raises(NotAdmitted):
        op.signs_in(op.browser(), replace(SAM, email="MIA@ACME.EXAMPLE"))


def test_6_an_address_is_verified_only_if_the_upstream_says_so(op: OpenIdProvider, rp: RelyingParty) -> None:
    browser = op.browser()
    op.signs_in(browser, replace(MIA, email_vouched=False))
    assert rp.asks_userinfo(rp.obtains_tokens_for(browser).access_token).claims["email_verified"] is False


def test_7_another_client_id_at_the_upstream_leaves_people_who_they_are(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    with op.app.app_context():
        changes = {"client_id": "registered-anew"}
        providers.update("acme", "platform", changes, client_secret="new", parts=op.parts, context=op.context)
    again = op.browser()
    op.signs_in(again, MIA)
    assert sub_of(rp, again) == sub_of(rp, browser)


def test_8_the_same_human_under_a_new_id_gets_in_by_one_decision(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    anew = replace(MIA, subject="acme-9999")
    for _ in range(3):
        with pytest.raises(NotAdmitted):
            op.signs_in(op.browser(), anew)
    (asked,) = requests_about(op)
    with op.app.app_context():
        deciding.approve(asked.id, None, by=None, parts=op.parts, context=op.context)
    for person in (anew, MIA, anew):
        again = op.browser()
        op.signs_in(again, person)
        assert sub_of(rp, again) == sub_of(rp, browser)


def test_8_somebody_who_was_denied_asks_nobody_again(op: OpenIdProvider, browser: Browser) -> None:
    stranger = replace(MIA, subject="stranger")
    with pytest.raises(NotAdmitted):
        op.signs_in(op.browser(), stranger)
    (asked,) = requests_about(op)
    with op.app.app_context():
        deciding.deny(asked.id, None, by=None, parts=op.parts, context=op.context)
    with pytest.raises(NotAdmitted) as refused:
        op.signs_in(op.browser(), stranger)
    assert refused.value.refusal is Refusal.LINK_DENIED
    assert [(row.status, row.attempts) for row in requests_about(op)] == [("denied", 1)]


def test_9_an_upstream_identity_belongs_to_one_user(op: OpenIdProvider, browser: Browser) -> None:
    op.signs_in(op.browser(), SAM)
    with op.app.app_context():
        mia, sam = users.list_all("acme")
        ((_, link),) = users.show(mia.id, account=None).links
        twin = UpstreamIdentityLink(
            id=new_identifier(),
            provider_id=link.provider_id,
            issuer=link.issuer,
            subject=link.subject,
            user_id=sam.id,
            created_at=link.created_at,
            last_seen_at=link.last_seen_at,
        )
        with pytest.raises(IntegrityError), unit_of_work() as session:
            session.add(twin)


def test_9_the_same_subject_of_another_issuer_is_somebody_else(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    before = sub_of(rp, browser)
    elsewhere = op.browser()
    op.signs_in(elsewhere, replace(MIA, email=None, issuer="https://other-platform.example"))
    assert sub_of(rp, elsewhere) != before


def test_10_the_next_sign_in_of_the_same_identity_works(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    first = sub_of(rp, browser)
    for email in ("mia@acme.example", "mia.new@acme.example", None):
        again = op.browser()
        op.signs_in(again, replace(MIA, email=email))
        assert sub_of(rp, again) == first


def test_10_what_an_approval_ties_is_what_the_next_sign_in_finds(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    op.upstream("elsewhere", role_based_iam=False)
    elsewhere = replace(MIA, subject="e-1", issuer="https://elsewhere.example", provider="elsewhere")
    with pytest.raises(NotAdmitted):
        op.signs_in(op.browser(), elsewhere)
    (asked,) = requests_about(op)
    with op.app.app_context():
        deciding.approve(asked.id, None, by=None, parts=op.parts, context=op.context)
    again = op.browser()
    op.signs_in(again, replace(elsewhere, email=None, roles=()))
    claims = rp.asks_userinfo(rp.obtains_tokens_for(again).access_token).claims
    assert (claims["sub"], claims["roles"]) == (sub_of(rp, browser), ["deepdesk.manager"])
    with pytest.raises(NotAdmitted):
        op.signs_in(op.browser(), replace(elsewhere, subject="e-2"))


def test_11_two_connections_to_one_upstream_can_be_linked_although_its_ids_are_equal(
    op: OpenIdProvider, rp: RelyingParty
) -> None:
    links_by_email(op)
    first, second = op.browser(), op.browser()
    op.signs_in(first, SAM)
    op.signs_in(second, replace(SAM, provider="elsewhere"))
    assert sub_of(rp, first) == sub_of(rp, second)
    assert op.rows()["upstream_identities"] == 2


# Microsoft Entra, and any upstream that leaves an address out


def test_21_somebody_without_an_address_signs_in(op: OpenIdProvider, rp: RelyingParty) -> None:
    browser = op.browser()
    op.signs_in(browser, replace(MIA, email=None))
    claims = rp.asks_userinfo(rp.obtains_tokens_for(browser).access_token).claims
    assert "email" not in claims
    assert "email_verified" not in claims


def test_21_a_missing_claim_is_named_on_the_page(connected: OpenIdProvider, platform: RunningPlatform) -> None:
    rp, somebody = RelyingParty.registered_at(connected), connected.browser()
    platform.fault = Fault.MISSING_SUB
    page = somebody.returns_from(platform, rp.asks(somebody).response)
    assert page.status_code == 403
    assert "sub" in page.text.partition('id="error"')[2].partition("</main>")[0]
    assert people(connected) == 0


def test_22_email_verified_vouches_for_the_claim_email_only(
    connected: OpenIdProvider, platform: RunningPlatform
) -> None:
    def describe(person: object, scopes: object) -> dict[str, Any]:
        return {"upn": "manager@acme.example", "email": "other@elsewhere.example", "email_verified": True}

    platform.state.kind = replace(OIDC, describe=describe)
    with connected.app.app_context():
        providers.update(
            "acme",
            "platform",
            {"email_claim": "upn"},
            client_secret=None,
            parts=connected.parts,
            context=connected.context,
        )
    rp, somebody = RelyingParty.registered_at(connected), connected.browser()
    waiting = rp.asks(somebody)
    arrived = replace(waiting, response=somebody.follows(somebody.returns_from(platform, waiting.response)))
    claims = rp.asks_userinfo(rp.redeems(arrived.code).tokens.access_token).claims
    assert (claims["email"], claims["email_verified"]) == ("manager@acme.example", False)


# Frames and cookies


def test_29_two_tabs_sign_in_side_by_side(connected: OpenIdProvider, platform: RunningPlatform) -> None:
    rp, somebody = RelyingParty.registered_at(connected), connected.browser()
    waiting = [rp.asks(somebody), rp.asks(somebody)]
    departures = [somebody.follows(one.response).headers["Location"] for one in waiting]
    returns = [platform.approve(url, "manager") for url in departures]
    for one, params in zip(reversed(waiting), reversed(returns), strict=True):
        arrived = replace(one, response=somebody.follows(somebody.opens(CALLBACK, query_string=params)))
        assert arrived.params["state"] == one.asked.params["state"]
        assert rp.redeems(arrived.code).succeeds()


def test_29_state_is_kept_on_the_server(connected: OpenIdProvider, platform: RunningPlatform) -> None:
    rp, somebody = RelyingParty.registered_at(connected), connected.browser()
    departure = somebody.follows(rp.asks(somebody).response)
    assert "Set-Cookie" not in departure.headers
    assert connected.rows()["sign_in_attempts"] == 1


# Keys and clocks


def test_36_keys_may_be_cached_and_are_published_before_they_sign(rp: RelyingParty, browser: Browser) -> None:
    answer = browser.opens(rp.metadata["jwks_uri"])
    kept_for = int(answer.headers["Cache-Control"].partition("max-age=")[2])
    assert kept_for == 300
    assert timedelta(seconds=kept_for) <= timedelta(seconds=rp.op.parts.settings.key_publish_ahead)
    assert len(answer.get_json()["keys"]) == 4


def test_36_unknown_keys_do_not_flood_the_database(rp: RelyingParty, op: OpenIdProvider) -> None:
    rp.jwks()
    with op.app.app_context():
        engine = db.engine
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)
    for number in range(20):
        forged = jwt.encode({}, "x" * 32, headers={"kid": f"unheard-of-{number}", "typ": "at+jwt"})
        assert rp.asks_userinfo(forged).is_refused_as("invalid_token")
    event.remove(engine, "before_cursor_execute", note)
    assert len([statement for statement in statements if "signing_keys" in statement]) <= 1


def test_37_our_tokens_have_no_nbf(rp: RelyingParty, browser: Browser) -> None:
    tokens = rp.obtains_tokens_for(browser)
    for token in (tokens.id_token, tokens.access_token):
        assert "nbf" not in jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize(("seconds", "arrives"), [(-55, True), (55, True), (-3700, False), (3700, False)])
def test_37_an_upstreams_clock_may_differ_by_a_minute(
    connected: OpenIdProvider, platform: RunningPlatform, seconds: int, arrives: bool
) -> None:
    rp, somebody = RelyingParty.registered_at(connected), connected.browser()
    platform.state.clock_offset = timedelta(seconds=seconds)
    back = somebody.returns_from(platform, rp.asks(somebody).response)
    assert (back.status_code == 303) is arrives


# Logout


def test_39_after_signing_out_nothing_lives_on(rp: RelyingParty, browser: Browser) -> None:
    cookie = browser.cookie("__Host-idp_sso.acme") or ""
    token = rp.obtains_tokens_for(browser).access_token
    browser.signs_out()
    page = browser.opens("/logout/")
    assert 'id="signed-out"' in page.text
    assert browser.cookie("__Host-idp_sso.acme") is None
    browser.is_given("__Host-idp_sso.acme", cookie)
    assert rp.asks(browser, prompt="none").is_refused_as("login_required")
    assert rp.asks_userinfo(token).is_refused_as("invalid_token")


def test_39_at_a_shared_desk_the_next_person_gets_their_own_user(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    first = sub_of(rp, browser)
    browser.signs_out()
    op.signs_in(browser, SAM)
    assert sub_of(rp, browser) != first
    assert "Mia" not in browser.opens("/logout/").text


def test_39_nobody_must_sign_in_to_sign_out(stranger: Browser) -> None:
    page = stranger.opens("/logout/")
    assert page.status_code == 200
    assert 'id="signed-out"' in page.text


# Right in the design, easily got wrong in code


def test_a_state_of_one_provider_never_completes_at_anothers_callback(
    connected: OpenIdProvider, platform: RunningPlatform
) -> None:
    connected.upstream("other")
    rp, somebody = RelyingParty.registered_at(connected), connected.browser()
    waiting = rp.asks(somebody)
    parked = waiting.location.partition("r=")[2]
    departure = somebody.opens(f"/login/with/platform/?r={parked}")
    params = platform.approve(departure.headers["Location"], "manager")
    platform.requests.clear()
    for elsewhere in ("/oauth/callback/acme.other/", "/oauth/callback/", "/oauth/callback/umbrella.platform/"):
        assert somebody.opens(elsewhere, query_string=params).status_code == 400
    assert platform.requests == []
    assert somebody.opens(CALLBACK, query_string=params).status_code == 303


def test_a_callback_without_the_browsers_cookie_does_not_spend_the_attempt(
    connected: OpenIdProvider, platform: RunningPlatform
) -> None:
    rp, somebody, attacker = RelyingParty.registered_at(connected), connected.browser(), connected.browser()
    rp.asks(attacker)
    params = platform.approve(somebody.follows(rp.asks(somebody).response).headers["Location"], "manager")
    platform.requests.clear()
    for thief in (attacker, connected.browser()):
        answer = thief.opens(CALLBACK, query_string=params)
        assert answer.status_code == 400
        assert "Set-Cookie" not in answer.headers
    assert platform.requests == []
    assert somebody.opens(CALLBACK, query_string=params).status_code == 303


def test_a_callback_works_once(connected: OpenIdProvider, platform: RunningPlatform) -> None:
    rp, somebody = RelyingParty.registered_at(connected), connected.browser()
    params = platform.approve(somebody.follows(rp.asks(somebody).response).headers["Location"], "manager")
    assert somebody.opens(CALLBACK, query_string=params).status_code == 303
    again = somebody.opens(CALLBACK, query_string=params)
    assert again.status_code == 400
    assert 'id="error"' in again.text


def test_nobody_else_can_be_signed_in_by_a_link_to_the_callback(
    connected: OpenIdProvider, platform: RunningPlatform
) -> None:
    """Login CSRF: the attacker's own, unspent answer in the victim's browser."""
    rp, attacker, victim = RelyingParty.registered_at(connected), connected.browser(), connected.browser()
    params = platform.approve(attacker.follows(rp.asks(attacker).response).headers["Location"], "agent")
    assert victim.opens(CALLBACK, query_string=params).status_code == 400
    assert rp.asks(victim, prompt="none").is_refused_as("login_required")


@pytest.mark.parametrize(
    "fault",
    [
        Fault.WRONG_ISSUER,
        Fault.WRONG_AUDIENCE,
        Fault.WRONG_NONCE,
        Fault.MISSING_NONCE,
        Fault.BAD_SIGNATURE,
        Fault.ALG_NONE,
        Fault.SHARED_SECRET,
        Fault.UNKNOWN_KEY,
        Fault.EXPIRED,
        Fault.WRONG_CALLBACK_ISS,
        Fault.REFUSAL,
    ],
)
def test_a_false_answer_of_the_platform_makes_no_user(
    connected: OpenIdProvider, platform: RunningPlatform, fault: Fault
) -> None:
    rp, somebody = RelyingParty.registered_at(connected), connected.browser()
    platform.fault = fault
    page = somebody.returns_from(platform, rp.asks(somebody).response)
    assert page.status_code == 403
    assert 'id="error"' in page.text
    rows = connected.rows()
    assert {rows[name] for name in ("users", "upstream_identities", "sso_sessions", "sign_ins")} == {0}


def test_the_session_cookie_changes_at_every_sign_in(op: OpenIdProvider, browser: Browser) -> None:
    seen = {browser.cookie("__Host-idp_sso.acme")}
    for _ in range(3):
        op.signs_in(browser)
        seen.add(browser.cookie("__Host-idp_sso.acme"))
    assert len(seen) == 4


def test_a_session_cookie_planted_before_the_sign_in_is_worth_nothing_after_it(
    connected: OpenIdProvider, platform: RunningPlatform
) -> None:
    rp, somebody, attacker = RelyingParty.registered_at(connected), connected.browser(), connected.browser()
    for one in (somebody, attacker):
        one.http.set_cookie("idp_sso.acme", "planted-by-the-attacker", domain="127.0.0.1")
    somebody.follows(somebody.returns_from(platform, rp.asks(somebody).response))
    assert rp.asks(somebody).has_a_code()
    assert rp.asks(attacker, prompt="none").is_refused_as("login_required")


def test_a_browser_bond_planted_before_opens_no_session(connected: OpenIdProvider, platform: RunningPlatform) -> None:
    """The bond ties a waiting request to a browser; it never stands for a person."""
    rp, somebody, attacker = RelyingParty.registered_at(connected), connected.browser(), connected.browser()
    for one in (somebody, attacker):
        one.http.set_cookie("idp_browser", "planted", domain="127.0.0.1")
    waiting = rp.asks(somebody)
    back = somebody.returns_from(platform, waiting.response)
    stolen = attacker.opens(back.headers["Location"])
    assert "code=" not in stolen.headers.get("Location", "")


def test_a_spoofed_forwarded_address_changes_nothing(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    asked = rp.prepares()
    spoofed = {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7", "X-Real-Ip": "203.0.113.7"}
    browser.opens("/oauth/authorize/", query_string=dict(asked.params), headers=spoofed)
    with op.app.app_context():
        networks = {one.network for one in audit.events(0, account=None, user=None, since=None)}
    assert "203.0.113.7" not in networks
    assert "127.0.0.1" in networks
