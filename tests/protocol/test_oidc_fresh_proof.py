"""``prompt``, ``max_age``, ``id_token_hint``, essential ``acr``: whom and which proof a request asks for.

OpenID Connect Core §3.1.2.1, §5.5.1.1; CONTRACT §6 rule 9. Where the upstream proves nothing, a mailed code does.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from idp.settings import Environment
from idp.tokens.mail_link import LinkKind
from tests.support.app import CASEY, MIA, SAM, Browser, OpenIdProvider, Person
from tests.support.clock import FrozenClock
from tests.support.forms import submits
from tests.support.mail import WRONG, Correspondent, lets_in_by_mail, started_with
from tests.support.rp import AuthorizationAnswer, RelyingParty

UNDATED = replace(MIA, dated=False)
"""Mia, whose upstream does not say when she proved who she is."""
SIGN_IN = "/login/"
PROOF = "/login/magic/proof/"
SSO_COOKIE = "__Host-idp_sso.acme"


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

    def test_an_upstream_that_dates_nothing_leads_to_our_own_proof(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser
    ) -> None:
        waiting = rp.asks(browser, prompt="login")
        comes_back(op, browser, UNDATED)
        assert waiting.resumed_in(browser).waits_at(PROOF)

    def test_so_does_one_that_names_an_older_proof(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
    ) -> None:
        waiting = rp.asks(browser, prompt="login")
        comes_back(op, browser, proven_at=clock.now().replace(year=2020))
        assert waiting.resumed_in(browser).waits_at(PROOF)

    def test_a_refused_request_is_over(self, op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
        waiting = rp.asks(browser, prompt="login")
        comes_back(op, browser, UNDATED)
        with started_with(op, env=Environment.PRODUCTION, mail_url=None):
            assert waiting.resumed_in(browser).is_refused_as("login_required")
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
        assert waiting.resumed_in(browser).waits_at(PROOF)

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


@pytest.fixture
def mia(op: OpenIdProvider, browser: Browser) -> Correspondent:
    return Correspondent.of(op, "mia@acme.example", browser=browser)


def is_asked_for_a_code(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, person: Person = UNDATED, **wishes: str
) -> AuthorizationAnswer:
    """Come back from an upstream that proves nothing; return where the request waits."""
    waiting = rp.asks(browser, **(wishes or {"prompt": "login"}))
    comes_back(op, browser, person)
    resumed = waiting.resumed_in(browser)
    assert resumed.waits_at(PROOF), resumed
    return resumed


def has_it_mailed(waiting: AuthorizationAnswer, browser: Browser) -> Any:
    """Press the button; return the page that waits for the code."""
    offer = browser.opens(waiting.location)
    assert offer.status_code == 200
    return browser.follows(submits(browser, offer, "fresh-proof"))


def ends(waiting: AuthorizationAnswer, browser: Browser, answer: Any) -> AuthorizationAnswer:
    return AuthorizationAnswer(browser.follows(answer), waiting.asked)


class TestAMailedCode:
    def test_it_proves(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent, clock: FrozenClock
    ) -> None:
        before = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)
        clock.advance(minutes=5)
        waiting = is_asked_for_a_code(op, rp, browser)
        page = has_it_mailed(waiting, browser)
        cookie = browser.cookie(SSO_COOKIE)
        clock.advance(seconds=30)
        answer = ends(waiting, browser, mia.types(mia.mail().code, page))
        claims = rp.verifies(rp.redeems(answer.code).tokens.id_token, nonce=answer.asked.nonce)
        assert claims["auth_time"] == clock.unix
        assert claims["sid"] == before["sid"]
        assert claims["amr"] == ["fed", "pwd", "email"]
        assert claims["acr"] == "urn:deepdesk:acr:interactive"
        assert browser.cookie(SSO_COOKIE) != cookie
        thief = op.browser()
        thief.is_given(SSO_COOKIE, str(cookie))
        assert rp.asks(thief, prompt="none").is_refused_as("login_required")

    def test_it_answers_max_age(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent, clock: FrozenClock
    ) -> None:
        clock.advance(seconds=61)
        waiting = is_asked_for_a_code(op, rp, browser, max_age="60")
        page = has_it_mailed(waiting, browser)
        assert ends(waiting, browser, mia.types(mia.mail().code, page)).has_a_code()

    def test_its_mail_has_no_link_and_names_the_service(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent
    ) -> None:
        has_it_mailed(is_asked_for_a_code(op, rp, browser), browser)
        letter = mia.mail()
        assert letter.links == []
        assert "Studio" in letter.words
        assert "Acme" in letter.words

    def test_nothing_is_mailed_before_the_button(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent
    ) -> None:
        waiting = is_asked_for_a_code(op, rp, browser)
        for _ in range(2):
            browser.opens(waiting.location)
            browser.http.head(waiting.location)
        assert browser.posts(waiting.location).status_code == 400
        assert mia.mails() == []

    def test_somebody_may_go_back_instead(self, op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
        waiting = is_asked_for_a_code(op, rp, browser)
        parked = waiting.location.partition("r=")[2]
        back = browser.opens(f"/oauth/authorize/resume/?r={parked}&cancel=1")
        assert AuthorizationAnswer(back, waiting.asked).is_refused_as("access_denied")

    def test_five_wrong_ones_end_it_and_another_mail_helps(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent, clock: FrozenClock
    ) -> None:
        waiting = is_asked_for_a_code(op, rp, browser)
        page = has_it_mailed(waiting, browser)
        code = mia.mail().code
        assert [mia.types(WRONG, page).status_code for _ in range(5)] == [422] * 5
        assert mia.types(code, page).status_code == 422
        assert op.audited().count("mail.code_wrong") == 5
        clock.advance(seconds=60)
        again = browser.follows(submits(browser, page, "magic-again"))
        assert ends(waiting, browser, mia.types(mia.mail().code, again)).has_a_code()

    def test_ten_wrong_ones_a_day_hold_for_proofs_as_well(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent
    ) -> None:
        waiting = is_asked_for_a_code(op, rp, browser)
        for _ in range(2):
            page = has_it_mailed(waiting, browser)
            for _ in range(5):
                mia.types(WRONG, page)
        page = has_it_mailed(waiting, browser)
        assert mia.types(mia.mails()[-1].code, page).status_code == 422
        assert op.audited().count("mail.code_wrong") == 10

    def test_it_works_once(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent, clock: FrozenClock
    ) -> None:
        waiting = is_asked_for_a_code(op, rp, browser)
        page = has_it_mailed(waiting, browser)
        code = mia.mail().code
        mia.types(code, page)
        # The same request, once more: the session proved itself since, so it goes on without a code.
        assert ends(waiting, browser, mia.types(code, page)).has_a_code()
        clock.advance(seconds=90)
        second = is_asked_for_a_code(op, rp, browser)
        old = page.request.url.partition("m=")[2]
        taken = browser.posts(f"{second.location}&m={old}", {"csrf_token": csrf_of(page), "code": code})
        assert taken.status_code == 422

    def test_it_is_too_old_after_ten_minutes(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent, clock: FrozenClock
    ) -> None:
        page = has_it_mailed(is_asked_for_a_code(op, rp, browser), browser)
        clock.advance(seconds=600)
        assert mia.types(mia.mail().code, page).status_code == 422

    @pytest.mark.parametrize("vouched", [False, True])
    def test_it_proves_no_address_that_the_person_was_given_since(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent, vouched: bool
    ) -> None:
        """The mail went to the old one; an upstream may say any other meanwhile."""
        page = has_it_mailed(is_asked_for_a_code(op, rp, browser), browser)
        code = mia.mail().code
        comes_back(op, browser, replace(UNDATED, email="chief@victim.example", email_vouched=vouched))
        assert mia.types(code, page).status_code == 404
        tokens = rp.obtains_tokens_for(browser, nonce=None)
        assert rp.verifies(tokens.id_token)["email"] == "chief@victim.example"
        assert rp.verifies(tokens.id_token)["email_verified"] is False

    def test_an_address_that_nobody_vouched_for_gets_none(
        self, op: OpenIdProvider, rp: RelyingParty, stranger: Browser
    ) -> None:
        pat = replace(UNDATED, subject="acme-0009", email="pat@acme.example", email_vouched=False)
        waiting = rp.asks(stranger, prompt="login")
        comes_back(op, stranger, pat)
        assert waiting.resumed_in(stranger).is_refused_as("login_required")

    def test_without_a_mail_server_it_is_login_required(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser
    ) -> None:
        waiting = rp.asks(browser, prompt="login")
        comes_back(op, browser, UNDATED)
        with started_with(op, env=Environment.PRODUCTION, mail_url=None):
            assert waiting.resumed_in(browser).is_refused_as("login_required")

    def test_staff_prove_themselves_in_the_same_way(
        self, op: OpenIdProvider, rp: RelyingParty, stranger: Browser
    ) -> None:
        op.staff_sign_in_with_google()
        op.signs_in(op.browser(), CASEY)
        op.grants(CASEY.email or "", "acme")
        casey = Correspondent.of(op, CASEY.email or "", browser=stranger)
        waiting = is_asked_for_a_code(
            op, rp, stranger, replace(CASEY, dated=False), prompt="login", idp_hint="staff:google"
        )
        page = has_it_mailed(waiting, stranger)
        entering = stranger.follows(casey.types(casey.mail().code, page))
        assert entering.request.path == "/login/staff/"
        assert entering.status_code == 200

    def test_the_mail_of_another_window_is_refused(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent
    ) -> None:
        page = has_it_mailed(is_asked_for_a_code(op, rp, browser), browser)
        code, mail = mia.mail().code, page.request.url.partition("m=")[2]
        other = op.browser()
        theirs = is_asked_for_a_code(op, rp, other)
        own = has_it_mailed(theirs, other)
        assert other.opens(f"{theirs.location}&m={mail}").status_code == 404
        taken = other.posts(f"{theirs.location}&m={mail}", {"csrf_token": csrf_of(own), "code": code})
        assert taken.status_code == 404

    def test_the_same_session_in_another_browser_is_another_window(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent
    ) -> None:
        page = has_it_mailed(is_asked_for_a_code(op, rp, browser), browser)
        code, mail = mia.mail().code, page.request.url.partition("m=")[2]
        thief = op.browser()
        thief.is_given(SSO_COOKIE, str(browser.cookie(SSO_COOKIE)))
        waiting = rp.asks(thief, prompt="login")
        comes_back(op, browser, UNDATED)
        thief.is_given(SSO_COOKIE, str(browser.cookie(SSO_COOKIE)))
        theirs = waiting.resumed_in(thief)
        own = thief.opens(theirs.location)
        taken = thief.posts(f"{theirs.location}&m={mail}", {"csrf_token": csrf_of(own), "code": code})
        assert taken.status_code == 404

    def test_the_mail_of_another_person_is_refused(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent
    ) -> None:
        page = has_it_mailed(is_asked_for_a_code(op, rp, browser), browser)
        code, mail = mia.mail().code, page.request.url.partition("m=")[2]
        sams = is_asked_for_a_code(op, rp, browser, replace(SAM, dated=False))
        taken = browser.posts(f"{sams.location}&m={mail}", {"csrf_token": csrf_of(page), "code": code})
        assert taken.status_code == 404

    def test_the_code_of_a_sign_in_mail_is_none(self, op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
        lets_in_by_mail(op)
        op.makes("kim@acme.example")
        waiting = is_asked_for_a_code(op, rp, browser)
        own = has_it_mailed(waiting, browser)
        kim = Correspondent.of(op, "kim@acme.example", browser=browser)
        page = browser.opens("/login/?account=acme")
        sent = submits(browser, page, "sign-in-email", email=kim.address)
        mail, code = sent.headers["Location"].partition("m=")[2], kim.mail().code
        taken = browser.posts(f"{waiting.location}&m={mail}", {"csrf_token": csrf_of(own), "code": code})
        assert taken.status_code == 404
        assert kim.types(code, own).status_code == 422

    def test_nor_does_a_proof_code_sign_anybody_in(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser, mia: Correspondent
    ) -> None:
        page = has_it_mailed(is_asked_for_a_code(op, rp, browser), browser)
        code, mail = mia.mail().code, page.request.url.partition("m=")[2]
        taken = browser.posts(f"/login/magic/sent/?m={mail}", {"csrf_token": csrf_of(page), "code": code})
        assert taken.status_code == 404
        link = op.parts.mail_links.make(LinkKind.MAIL, mail)
        assert browser.opens(f"/login/magic/confirm/?t={link}").status_code == 404
        assert browser.opens(f"/access-requests/confirm/?t={link}").status_code == 404


def csrf_of(page: Any) -> str:
    return str(page.text.partition('name="csrf_token" value="')[2].partition('"')[0])
