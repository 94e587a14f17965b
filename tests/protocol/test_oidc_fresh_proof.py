"""``prompt``, ``max_age``, ``id_token_hint``, essential ``acr``: whom and which proof a request asks for.

OpenID Connect Core §3.1.2.1, §5.5.1.1; CONTRACT §6 rule 9.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.support.app import MIA, SAM, Browser, OpenIdProvider, Person
from tests.support.clock import FrozenClock
from tests.support.rp import AuthorizationAnswer, RelyingParty

UNDATED = replace(MIA, dated=False)
"""Mia, whose upstream does not say when she proved who she is."""
SIGN_IN = "/login/"


@pytest.fixture
def hint(rp: RelyingParty, browser: Browser) -> str:
    """An ID token of Mia's."""
    return rp.obtains_tokens_for(browser).id_token


def comes_back(op: OpenIdProvider, browser: Browser, person: Person = MIA, **said: Any) -> None:
    """Sign somebody in, a second after the request that waits for it."""
    op.clock.advance(seconds=1)
    op.signs_in(browser, person, **said)


def auth_time(rp: RelyingParty, answer: AuthorizationAnswer) -> int:
    tokens = rp.redeems(answer.code).tokens
    claims = rp.verifies(tokens.id_token, nonce=answer.asked.nonce)
    return int(claims["auth_time"])


class TestLogin:
    def test_somebody_signed_in_has_to_sign_in_again(self, rp: RelyingParty, browser: Browser) -> None:
        assert rp.asks(browser, prompt="login").waits_at(SIGN_IN)

    def test_once_proven_the_request_is_answered_with_a_later_auth_time(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
    ) -> None:
        before = auth_time(rp, rp.asks(browser))
        clock.advance(seconds=2)
        waiting = rp.asks(browser, prompt="login")
        clock.advance(seconds=30)
        comes_back(op, browser)
        assert auth_time(rp, waiting.resumed_in(browser)) == before + 33

    def test_coming_back_without_signing_in_leads_to_the_sign_in(self, rp: RelyingParty, browser: Browser) -> None:
        waiting = rp.asks(browser, prompt="login")
        assert waiting.resumed_in(browser).waits_at(SIGN_IN)

    def test_an_upstream_that_dates_nothing_proves_nothing(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser
    ) -> None:
        waiting = rp.asks(browser, prompt="login")
        comes_back(op, browser, UNDATED)
        assert waiting.resumed_in(browser).is_refused_as("login_required")

    def test_an_upstream_that_names_an_older_proof_proves_nothing(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
    ) -> None:
        waiting = rp.asks(browser, prompt="login")
        comes_back(op, browser, proven_at=clock.now().replace(year=2020))
        assert waiting.resumed_in(browser).is_refused_as("login_required")

    def test_a_refused_request_is_over(self, op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
        waiting = rp.asks(browser, prompt="login")
        comes_back(op, browser, UNDATED)
        waiting.resumed_in(browser)
        assert waiting.resumed_in(browser).response.status_code == 400

    def test_the_only_way_in_is_not_taken_without_asking(self, rp: RelyingParty, browser: Browser) -> None:
        page = browser.opens(rp.asks(browser, prompt="login").location)
        assert page.status_code == 200
        assert 'class="button provider"' in page.text or "provider" in page.text

    def test_the_wish_is_passed_to_the_upstream(self, connected: OpenIdProvider) -> None:
        rp = RelyingParty.registered_at(connected)
        stranger = connected.browser()
        departure = stranger.follows(rp.asks(stranger, prompt="login", idp_hint="platform").response)
        assert "prompt=login" in departure.headers["Location"]
        assert "max_age=0" in departure.headers["Location"]


class TestMaxAge:
    def test_a_recent_proof_will_do(self, rp: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
        before = auth_time(rp, rp.asks(browser, max_age="15000"))
        clock.advance(seconds=60)
        assert auth_time(rp, rp.asks(browser, max_age="60")) == before

    def test_an_older_one_will_not(self, rp: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
        clock.advance(seconds=61)
        assert rp.asks(browser, max_age="60").waits_at(SIGN_IN)
        assert rp.asks(browser, max_age="60", prompt="none").is_refused_as("login_required")

    def test_a_new_proof_answers_it(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
    ) -> None:
        before = auth_time(rp, rp.asks(browser))
        clock.advance(seconds=2)
        waiting = rp.asks(browser, max_age="1")
        comes_back(op, browser)
        assert auth_time(rp, waiting.resumed_in(browser)) == before + 3

    def test_an_answer_without_a_date_does_not(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
    ) -> None:
        clock.advance(seconds=61)
        waiting = rp.asks(browser, max_age="60")
        comes_back(op, browser, UNDATED)
        assert waiting.resumed_in(browser).is_refused_as("login_required")

    def test_whoever_comes_for_the_first_time_has_just_proved_it(
        self, op: OpenIdProvider, rp: RelyingParty, stranger: Browser
    ) -> None:
        waiting = rp.asks(stranger, max_age="60")
        comes_back(op, stranger, UNDATED)
        assert waiting.resumed_in(stranger).has_a_code()

    def test_nought_means_prompt_login(self, rp: RelyingParty, browser: Browser) -> None:
        assert rp.asks(browser, max_age="0").waits_at(SIGN_IN)

    @pytest.mark.parametrize("text", ["abc", "-1", "1.5", "1e3", "٣", " 1", "9" * 40])
    def test_what_is_no_number_is_refused(self, rp: RelyingParty, browser: Browser, text: str) -> None:
        assert rp.asks(browser, max_age=text).is_refused_as("invalid_request")


class TestSelectAccount:
    def test_somebody_signed_in_is_asked(self, rp: RelyingParty, browser: Browser) -> None:
        waiting = rp.asks(browser, prompt="select_account")
        assert waiting.waits_at(SIGN_IN)
        assert browser.opens(waiting.location).status_code == 200

    def test_whoever_signs_in_then_is_answered(self, op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
        waiting = rp.asks(browser, prompt="select_account")
        comes_back(op, browser, SAM)
        assert waiting.resumed_in(browser).has_a_code()


class TestTheWords:
    @pytest.mark.parametrize("text", ["create", "none login", "login none", "NONE", "none consent select_account"])
    def test_what_is_unknown_or_contradicts_itself_is_refused(
        self, rp: RelyingParty, browser: Browser, text: str
    ) -> None:
        assert rp.asks(browser, prompt=text).is_refused_as("invalid_request")

    def test_several_wishes_go_together(self, rp: RelyingParty, browser: Browser) -> None:
        assert rp.asks(browser, prompt="login select_account").waits_at(SIGN_IN)


class TestHint:
    def test_the_same_person_is_answered_silently(self, rp: RelyingParty, browser: Browser, hint: str) -> None:
        assert rp.asks(browser, prompt="none", id_token_hint=hint).has_a_code()

    def test_an_expired_hint_will_do(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, hint: str, clock: FrozenClock
    ) -> None:
        clock.advance(hours=2)
        op.signs_in(browser)
        assert rp.asks(browser, prompt="none", id_token_hint=hint).has_a_code()

    def test_another_person_is_login_required_and_goes_nowhere(
        self, op: OpenIdProvider, rp: RelyingParty, hint: str
    ) -> None:
        other = op.browser()
        op.signs_in(other, SAM)
        assert rp.asks(other, prompt="none", id_token_hint=hint).is_refused_as("login_required")

    def test_another_person_may_sign_in_as_the_right_one(self, op: OpenIdProvider, rp: RelyingParty, hint: str) -> None:
        other = op.browser()
        op.signs_in(other, SAM)
        waiting = rp.asks(other, id_token_hint=hint)
        assert waiting.waits_at(SIGN_IN)
        comes_back(op, other, MIA)
        assert waiting.resumed_in(other).has_a_code()

    def test_whoever_signs_in_as_another_is_refused(self, op: OpenIdProvider, rp: RelyingParty, hint: str) -> None:
        other = op.browser()
        waiting = rp.asks(other, id_token_hint=hint)
        comes_back(op, other, SAM)
        assert waiting.resumed_in(other).is_refused_as("login_required")

    def test_claims_may_name_the_person_too(self, op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
        mia = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)["sub"]
        asked = json.dumps({"id_token": {"sub": {"value": mia}}})
        other = op.browser()
        op.signs_in(other, SAM)
        assert rp.asks(browser, prompt="none", claims=asked).has_a_code()
        assert rp.asks(other, prompt="none", claims=asked).is_refused_as("login_required")

    def test_what_is_not_an_id_token_of_ours_is_refused(self, rp: RelyingParty, browser: Browser, hint: str) -> None:
        header, payload, signature = hint.split(".")
        access = rp.obtains_tokens_for(browser).access_token
        unsigned = "eyJhbGciOiJub25lIn0." + payload + "."
        for other in ("x", f"{header}.{payload}.{signature[::-1]}", unsigned, access, hint + "."):
            assert rp.asks(browser, prompt="none", id_token_hint=other).is_refused_as("invalid_request"), other


class TestAcr:
    INTERACTIVE = "urn:deepdesk:acr:interactive"

    def asked(self, *values: str, essential: bool = True) -> str:
        return json.dumps({"id_token": {"acr": {"essential": essential, "values": list(values)}}})

    def test_the_acr_that_everybody_has_is_answered(self, rp: RelyingParty, browser: Browser) -> None:
        assert rp.asks(browser, claims=self.asked("urn:other", self.INTERACTIVE)).has_a_code()

    def test_one_that_nobody_can_have_is_refused(self, rp: RelyingParty, browser: Browser) -> None:
        answer = rp.asks(browser, claims=self.asked("urn:mace:incommon:iap:silver"))
        assert answer.is_refused_as("unmet_authentication_requirements")

    def test_a_voluntary_one_is_only_a_wish(self, rp: RelyingParty, browser: Browser) -> None:
        assert rp.asks(browser, claims=self.asked("urn:other", essential=False)).has_a_code()
        assert rp.asks(browser, acr_values="urn:other 1 2").has_a_code()
