"""Signing in by mail: its link, its button, its code (CONTRACT §6 rules 9 and 10; PITFALLS 30–33, 39)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from idp.domain.identifiers import UserId
from idp.domain.mail_sign_in import MagicLinks
from idp.domain.roles import Role
from idp.services.people import users as people
from idp.settings import Environment
from idp.store import users
from idp.store.unit_of_work import unit_of_work
from tests.support.app import MIA, Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.forms import submits
from tests.support.mail import WRONG, Correspondent, Letter, contents, lets_in_by_mail, started_with
from tests.support.platform import RunningPlatform
from tests.support.rp import AuthorizationAnswer, RelyingParty

KIM = "kim@acme.example"
KIM_UPSTREAM = replace(
    MIA, subject="acme-0003", email=KIM, name="Kim Agent", given_name="Kim", family_name="Agent", roles=()
)
"""Kim, once her company's sign-in knows her."""
BY_MAIL = "urn:deepdesk:acr:email"
FEDERATED = "urn:deepdesk:acr:interactive"
SSO_COOKIE = "__Host-idp_sso.acme"


@pytest.fixture
def op(op: OpenIdProvider) -> OpenIdProvider:
    """Mail is a way into acme, for people without an upstream; Kim was made beforehand."""
    lets_in_by_mail(op)
    op.makes(KIM, name="Kim Agent")
    return op


@pytest.fixture
def kim(op: OpenIdProvider) -> Correspondent:
    return Correspondent.of(op, KIM)


def claims_of(rp: RelyingParty, answer: AuthorizationAnswer) -> dict[str, object]:
    return rp.verifies(rp.redeems(answer.code).tokens.id_token, nonce=answer.asked.nonce)


def essential(acr: str) -> str:
    """The ``claims`` parameter that insists on a class of proof."""
    return json.dumps({"id_token": {"acr": {"essential": True, "values": [acr]}}})


def arrived(waiting: AuthorizationAnswer, browser: Browser, answer: object) -> AuthorizationAnswer:
    """Where the browser ends, as the answer to the service."""
    return AuthorizationAnswer(browser.follows(answer), waiting.asked)  # type: ignore[arg-type]


class TestTheLinkWhereItWasAskedFor:
    def test_its_button_leads_to_the_service_that_waits(self, rp: RelyingParty, kim: Correspondent) -> None:
        waiting = rp.asks(kim.browser)
        kim.asks(waiting)
        done = arrived(waiting, kim.browser, kim.presses(kim.mail()))
        assert done.goes_to(rp.redirect_uri)
        claims = claims_of(rp, done)
        assert (claims["acr"], claims["amr"]) == (BY_MAIL, ["email"])
        assert (claims["email"], claims["email_verified"]) == (KIM, True)
        assert (claims["account"], claims["roles"]) == ("acme", ["deepdesk.agent"])

    def test_the_moment_of_the_button_is_the_auth_time(
        self, rp: RelyingParty, kim: Correspondent, clock: FrozenClock
    ) -> None:
        waiting = rp.asks(kim.browser)
        kim.asks(waiting)
        letter = kim.mail()
        clock.advance(seconds=90)
        pressed_at = clock.unix
        assert claims_of(rp, arrived(waiting, kim.browser, kim.presses(letter)))["auth_time"] == pressed_at

    def test_the_page_names_who_where_when_and_from_which_network(
        self, rp: RelyingParty, kim: Correspondent, clock: FrozenClock
    ) -> None:
        kim.browser.http.environ_base["REMOTE_ADDR"] = "203.0.113.7"
        kim.asks(rp.asks(kim.browser))
        clock.advance(minutes=2)
        page = kim.browser.opens(kim.mail().link).text
        for words in (KIM, "Acme", "Studio", "203.0.113.7", "2 minutes ago"):
            assert words in page

    def test_whoever_comes_by_themselves_is_signed_in(self, kim: Correspondent) -> None:
        assert kim.signs_in().status_code == 200
        assert kim.is_in

    def test_a_page_of_ours_that_wanted_it_comes_next(self, kim: Correspondent) -> None:
        page = kim.browser.opens("/login/?account=acme&after=/account/")
        kim.browser.follows(submits(kim.browser, page, "sign-in-email", email=KIM))
        assert kim.presses(kim.mail()).headers["Location"] == "/account/"

    @pytest.mark.parametrize("after", ["https://evil.example/", "//evil.example/", "/oauth/token/", "/account/../x"])
    def test_no_other_place_comes_next(self, kim: Correspondent, after: str) -> None:
        page = kim.browser.opens("/login/", query_string={"account": "acme", "after": after})
        kim.browser.follows(submits(kim.browser, page, "sign-in-email", email=KIM))
        assert kim.presses(kim.mail()).headers["Location"] == "/login/"

    def test_without_the_pages_own_token_the_button_does_nothing(self, op: OpenIdProvider, kim: Correspondent) -> None:
        kim.asks()
        letter = kim.mail()
        before = contents(op)
        assert kim.browser.posts(letter.link, {}).status_code == 400
        assert contents(op) == before

    def test_it_works_once(self, rp: RelyingParty, kim: Correspondent) -> None:
        kim.asks(rp.asks(kim.browser))
        letter = kim.mail()
        kim.presses(letter)
        other = kim.elsewhere()
        page = other.browser.opens(letter.link)
        assert page.status_code == 410
        assert "used already" in page.text
        assert not other.is_in

    def test_a_second_press_in_the_same_browser_follows_the_first(
        self, op: OpenIdProvider, rp: RelyingParty, kim: Correspondent
    ) -> None:
        waiting = rp.asks(kim.browser)
        kim.asks(waiting)
        page = kim.browser.opens(kim.mail().link)
        submits(kim.browser, page, "magic-confirm")
        sessions = op.rows()["sso_sessions"]
        again = submits(kim.browser, page, "magic-confirm")
        assert arrived(waiting, kim.browser, again).has_a_code()
        assert op.rows()["sso_sessions"] == sessions == 1

    def test_a_second_press_a_minute_later_begins_nothing(self, kim: Correspondent, clock: FrozenClock) -> None:
        kim.asks()
        page = kim.browser.opens(kim.mail().link)
        submits(kim.browser, page, "magic-confirm")
        clock.advance(seconds=61)
        assert submits(kim.browser, page, "magic-confirm").status_code == 410

    def test_it_is_altered_by_nobody(self, kim: Correspondent) -> None:
        kim.asks()
        link = kim.mail().link
        for other in (link[:-1], f"{link}x", link.replace("?t=", "?t=x"), link.partition("=")[0] + "=", link + "é"):
            assert kim.browser.opens(other).status_code in {400, 404}, other

    def test_the_window_that_asked_goes_on_once_the_link_was_used_beside_it(
        self, rp: RelyingParty, kim: Correspondent
    ) -> None:
        waiting = rp.asks(kim.browser)
        page = kim.asks(waiting)
        kim.presses(kim.mail())
        done = arrived(waiting, kim.browser, kim.browser.opens(page.request.url))
        assert done.has_a_code()


class TestTheCode:
    def test_it_completes_the_window_that_asked(self, rp: RelyingParty, kim: Correspondent) -> None:
        waiting = rp.asks(kim.browser)
        page = kim.asks(waiting)
        done = arrived(waiting, kim.browser, kim.types(kim.mail().code, page))
        assert claims_of(rp, done)["acr"] == BY_MAIL

    @pytest.mark.parametrize(
        "typed", [str.lower, lambda code: f" {code} ", lambda code: " ".join(code.replace("-", ""))]
    )
    def test_it_may_be_typed_in_many_ways(
        self, rp: RelyingParty, kim: Correspondent, typed: Callable[[str], str]
    ) -> None:
        waiting = rp.asks(kim.browser)
        page = kim.asks(waiting)
        assert arrived(waiting, kim.browser, kim.types(typed(kim.mail().code), page)).has_a_code()

    def test_it_lies_nowhere_in_the_database(self, op: OpenIdProvider, kim: Correspondent) -> None:
        kim.asks()
        letter = kim.mail()
        assert not op.stores(letter.code)
        assert not op.stores(letter.code.replace("-", ""))
        assert not op.stores(letter.link.partition("t=")[2])

    def test_it_works_once(self, rp: RelyingParty, kim: Correspondent, clock: FrozenClock) -> None:
        page = kim.asks(rp.asks(kim.browser))
        code = kim.mail().code
        kim.types(code, page)
        clock.advance(seconds=61)
        assert kim.types(code, page).status_code == 422

    def test_it_spends_the_link_and_the_link_spends_it(self, kim: Correspondent, clock: FrozenClock) -> None:
        page = kim.asks()
        first = kim.mail()
        kim.types(first.code, page)
        assert kim.elsewhere().browser.opens(first.link).status_code == 410
        page = kim.asks()
        second = kim.mail()
        kim.presses(second)
        clock.advance(seconds=61)
        assert kim.types(second.code, page).status_code == 422

    def test_the_code_of_another_mail_is_none(self, kim: Correspondent) -> None:
        page = kim.asks()
        kim.mail()
        other = kim.elsewhere()
        other.asks()
        assert kim.types(kim.mail().code, page).status_code == 422
        assert not kim.is_in

    def test_the_page_that_takes_it_is_that_browsers_own(self, kim: Correspondent) -> None:
        page = kim.asks()
        code = kim.mail().code
        other = kim.elsewhere()
        own = other.asks()
        action = page.text.partition('id="magic-code"')[0].rpartition('action="')[2].partition('"')[0]
        stolen = own.text.replace(own.text.partition('action="')[2].partition('"')[0], action, 1)
        assert action in stolen
        taken = other.browser.posts(action, {"csrf_token": csrf_of(own.text), "code": code})
        assert taken.status_code == 404
        assert other.browser.opens(action).status_code == 404
        assert not other.is_in


def csrf_of(html: str) -> str:
    return html.partition('name="csrf_token" value="')[2].partition('"')[0]


class TestAnotherBrowser:
    """PITFALLS, "easily got wrong": it signs in there only with the code typed, and resumes nothing elsewhere."""

    def test_the_button_without_the_code_spends_nothing_and_asks_for_it(
        self, op: OpenIdProvider, rp: RelyingParty, kim: Correspondent
    ) -> None:
        kim.asks(rp.asks(kim.browser))
        letter, other = kim.mail(), kim.elsewhere()
        page = other.browser.opens(letter.link)
        assert 'name="code"' in page.text
        before = contents(op)
        pressed = submits(other.browser, page, "magic-confirm")
        assert pressed.status_code == 422
        assert 'aria-invalid="true"' in pressed.text
        assert contents(op) == before
        assert not other.is_in

    def test_with_the_code_they_are_in_there_and_the_first_request_stays_parked(
        self, rp: RelyingParty, kim: Correspondent
    ) -> None:
        waiting = rp.asks(kim.browser)
        kim.asks(waiting)
        letter, other = kim.mail(), kim.elsewhere()
        done = other.presses(letter, code=letter.code)
        assert done.headers["Location"] == "/login/"
        assert other.is_in
        assert not kim.is_in
        assert waiting.resumed_in(kim.browser).asks_to_sign_in()
        # … and can be completed by its own means.
        assert kim.arrives(waiting).has_a_code()

    def test_a_request_that_waits_in_the_other_browser_is_not_answered_either(
        self, rp: RelyingParty, kim: Correspondent
    ) -> None:
        kim.asks(rp.asks(kim.browser))
        letter, other = kim.mail(), kim.elsewhere()
        rp.asks(other.browser)
        assert other.presses(letter, code=letter.code).headers["Location"] == "/login/"

    def test_a_wrong_code_signs_nobody_in(self, kim: Correspondent) -> None:
        kim.asks()
        letter, other = kim.mail(), kim.elsewhere()
        assert other.presses(letter, code=WRONG).status_code == 422
        assert not other.is_in
        # The button in the first browser still works.
        assert kim.presses(letter).status_code == 303
        assert kim.is_in

    def test_an_hour_later_the_first_browser_counts_as_another(
        self, op: OpenIdProvider, kim: Correspondent, clock: FrozenClock
    ) -> None:
        with started_with(op, magic_link_ttl=7200):
            kim.asks()
            letter = kim.mail()
            clock.advance(minutes=59)
            assert 'name="code"' not in kim.browser.opens(letter.link).text
            clock.advance(minutes=1)
            assert 'name="code"' in kim.browser.opens(letter.link).text

    def test_it_speaks_of_no_service_to_which_it_does_not_lead(self, rp: RelyingParty, kim: Correspondent) -> None:
        kim.asks(rp.asks(kim.browser))
        page = kim.elsewhere().browser.opens(kim.mail().link).text
        assert "you go straight on to" not in page


def said_in(answer: TestResponse) -> str:
    """What a page says is wrong."""
    return answer.text.partition('class="problem"')[2].partition("</p>")[0]


class TestWhatAStrangersWindowSees:
    """Somebody asks for another person's address and types: nothing may tell that the person is there, and reads."""

    def told(self, stranger: Correspondent, page: TestResponse) -> list[tuple[int, str]]:
        answers = [stranger.types(WRONG, page) for _ in range(3)]
        return [(answer.status_code, said_in(answer)) for answer in answers]

    def test_a_mail_that_was_used_elsewhere_looks_like_any_other(self, op: OpenIdProvider, kim: Correspondent) -> None:
        stranger, nobody = kim.elsewhere(), Correspondent.of(op, "nobody@acme.example")
        page, unknown = stranger.asks(), nobody.asks()
        letter, reader = kim.mail(), kim.elsewhere()
        assert reader.presses(letter, code=letter.code).status_code == 303
        assert self.told(stranger, page) == self.told(nobody, unknown)
        assert stranger.browser.opens(page.request.full_path).status_code == 200

    def test_nor_does_one_show_that_its_reader_was_signed_out_everywhere(
        self, op: OpenIdProvider, kim: Correspondent
    ) -> None:
        stranger, nobody = kim.elsewhere(), Correspondent.of(op, "nobody@acme.example")
        page, unknown = stranger.asks(), nobody.asks()
        op.runs("users", "sign-out", KIM, "--account", "acme")
        assert self.told(stranger, page) == self.told(nobody, unknown)

    def test_a_mail_of_before_a_sign_out_everywhere_signs_nobody_in(
        self, op: OpenIdProvider, kim: Correspondent
    ) -> None:
        kim.asks()
        letter = kim.mail()
        op.runs("users", "sign-out", KIM, "--account", "acme")
        assert kim.browser.opens(letter.link).status_code == 410
        assert not kim.is_in

    def test_the_address_is_shown_as_it_was_typed(self, op: OpenIdProvider, kim: Correspondent) -> None:
        for typed in ("KIM@Acme.example", "NOBODY@Acme.example"):
            assert typed in Correspondent.of(op, typed).asks().text


class TestLooking:
    """PITFALLS 30 and 31: whatever opens a link, only the button does anything."""

    @pytest.mark.parametrize("headers", [{}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_it_changes_no_row_here_or_elsewhere(
        self, op: OpenIdProvider, rp: RelyingParty, kim: Correspondent, method: str, headers: dict[str, str]
    ) -> None:
        waiting = rp.asks(kim.browser)
        kim.asks(waiting)
        letter = kim.mail()
        before = contents(op)
        for browser in (kim.browser, kim.elsewhere().browser):
            for _ in range(2):
                answer = browser.http.open(letter.link, method=method, headers=headers)
                assert answer.status_code == 200
                assert browser.cookie(SSO_COOKIE) is None
        assert contents(op) == before
        assert arrived(waiting, kim.browser, kim.presses(letter)).has_a_code()

    def test_the_page_that_waits_changes_no_row(self, op: OpenIdProvider, kim: Correspondent) -> None:
        page = kim.asks()
        before = contents(op)
        for _ in range(2):
            assert kim.browser.opens(page.request.url).status_code == 200
        assert contents(op) == before


class TestTooOld:
    def test_the_link_dies_with_its_ten_minutes(self, kim: Correspondent, clock: FrozenClock) -> None:
        kim.asks()
        letter = kim.mail()
        page = kim.browser.opens(letter.link)
        clock.advance(seconds=599)
        assert kim.browser.opens(letter.link).status_code == 200
        clock.advance(seconds=1)
        assert kim.browser.opens(letter.link).status_code == 410
        assert submits(kim.browser, page, "magic-confirm").status_code == 410
        assert not kim.is_in

    def test_so_does_the_code(self, kim: Correspondent, clock: FrozenClock) -> None:
        page = kim.asks()
        code = kim.mail().code
        clock.advance(seconds=600)
        assert kim.types(code, page).status_code == 422
        assert not kim.is_in

    def test_the_setting_says_for_how_long(self, op: OpenIdProvider, kim: Correspondent, clock: FrozenClock) -> None:
        with started_with(op, magic_link_ttl=60):
            kim.asks()
            letter = kim.mail()
            assert "1 minute" in letter.words
            clock.advance(seconds=60)
            assert kim.browser.opens(letter.link).status_code == 410

    def test_its_page_sends_a_new_one_to_the_same_address_which_works(
        self, kim: Correspondent, clock: FrozenClock
    ) -> None:
        kim.asks()
        letter, other = kim.mail(), kim.elsewhere()
        clock.advance(minutes=10)
        old = other.browser.opens(letter.link)
        assert KIM not in old.text
        waits = other.browser.follows(submits(other.browser, old, "magic-afresh", email=KIM.upper()))
        assert waits.status_code == 200
        assert other.presses(other.mail()).status_code == 303
        assert other.is_in

    @pytest.mark.parametrize("typed", ["", "somebody.else@acme.example", "kim"])
    def test_a_program_that_presses_the_button_gets_nothing_sent(
        self, kim: Correspondent, clock: FrozenClock, typed: str
    ) -> None:
        """It would become the browser that asked, and the next mail would need no code; and so on for ever."""
        kim.asks()
        letter, mails = kim.mail(), len(kim.mails())
        clock.advance(minutes=10)
        program = kim.elsewhere()
        old = program.browser.opens(letter.link)
        refused = submits(program.browser, old, "magic-afresh", email=typed)
        assert refused.status_code == 422
        assert 'id="email-problem"' in refused.text
        assert len(kim.mails()) == mails

    def test_whoever_finds_an_old_link_and_knows_the_address_gets_a_mail_sent_and_nothing_else(
        self, kim: Correspondent, clock: FrozenClock
    ) -> None:
        kim.asks()
        letter = kim.mail()
        clock.advance(minutes=10)
        finder = kim.elsewhere()
        old = finder.browser.opens(letter.link)
        waits = finder.browser.follows(submits(finder.browser, old, "magic-afresh", email=KIM))
        assert finder.types(WRONG, waits).status_code == 422
        assert not finder.is_in

    def test_another_mail_for_the_same_window_leads_to_the_same_service(
        self, rp: RelyingParty, kim: Correspondent, clock: FrozenClock
    ) -> None:
        waiting = rp.asks(kim.browser)
        page = kim.asks(waiting)
        first = kim.mail()
        clock.advance(seconds=60)
        kim.browser.follows(submits(kim.browser, page, "magic-again"))
        second = kim.mail()
        assert second.code != first.code
        # The first one is still good: nothing ends another.
        assert kim.browser.opens(first.link).status_code == 200
        assert arrived(waiting, kim.browser, kim.presses(second)).has_a_code()


class TestWaysIn:
    def test_with_one_provider_and_mail_the_person_chooses(self, rp: RelyingParty, stranger: Browser) -> None:
        page = stranger.opens(rp.asks(stranger).location)
        assert page.status_code == 200
        assert 'data-provider="platform"' in page.text
        assert 'id="sign-in-email"' in page.text

    @pytest.mark.parametrize("prompt", ["login", "select_account"])
    def test_the_page_that_asks_anew_offers_mail(
        self, op: OpenIdProvider, rp: RelyingParty, kim: Correspondent, prompt: str, clock: FrozenClock
    ) -> None:
        kim.signs_in()
        clock.advance(seconds=5)
        before = clock.unix
        answer = kim.arrives(rp.asks(kim.browser, prompt=prompt))
        assert claims_of(rp, answer)["auth_time"] == before + 1

    def test_the_mail_proves_enough_for_max_age(self, rp: RelyingParty, kim: Correspondent, clock: FrozenClock) -> None:
        kim.signs_in()
        clock.advance(minutes=5)
        waiting = rp.asks(kim.browser, max_age="60")
        assert waiting.asks_to_sign_in()
        assert kim.arrives(waiting).has_a_code()

    def test_the_hinted_address_stands_in_the_field(self, rp: RelyingParty, stranger: Browser) -> None:
        waiting = rp.asks(stranger, login_hint='kim"<b>@acme.example')
        page = stranger.opens(waiting.location).text
        assert 'value="kim&#34;&lt;b&gt;@acme.example"' in page
        alone = stranger.opens(waiting.location.replace("/login/", "/login/magic/")).text
        assert 'value="kim&#34;&lt;b&gt;@acme.example"' in alone

    def test_prompt_none_offers_nothing(self, rp: RelyingParty, stranger: Browser) -> None:
        assert rp.asks(stranger, prompt="none").is_refused_as("login_required")

    def test_where_it_is_off_there_is_no_form_and_no_mail(
        self, op: OpenIdProvider, rp: RelyingParty, kim: Correspondent
    ) -> None:
        op.upstream("other")
        waiting = rp.asks(kim.browser)
        form_page = kim.browser.opens(waiting.location)
        lets_in_by_mail(op, MagicLinks.OFF)
        assert 'id="sign-in-email"' not in kim.browser.opens(waiting.location).text
        assert submits(kim.browser, form_page, "sign-in-email", email=KIM).status_code == 404
        assert kim.browser.opens("/login/magic/?account=acme").status_code == 404
        assert kim.mails() == []

    def test_turned_off_meanwhile_the_mail_opens_nothing(self, op: OpenIdProvider, kim: Correspondent) -> None:
        kim.asks()
        letter = kim.mail()
        lets_in_by_mail(op, MagicLinks.OFF)
        assert kim.presses(letter).status_code == 403
        assert not kim.is_in

    def test_without_a_mail_server_production_offers_none(self, op: OpenIdProvider, stranger: Browser) -> None:
        with production_without_mail(op):
            assert stranger.opens("/login/magic/?account=acme").status_code == 404

    def test_the_form_alone_says_whose_it_is(self, kim: Correspondent) -> None:
        assert kim.browser.opens("/login/magic/").headers["Location"] == "/login/"
        page = kim.browser.opens("/login/magic/?account=acme")
        kim.browser.follows(submits(kim.browser, page, "sign-in-email", email=KIM))
        assert kim.presses(kim.mail()).status_code == 303
        assert kim.is_in

    def test_staff_never_come_by_mail(self, op: OpenIdProvider, stranger: Browser) -> None:
        op.staff_sign_in_with_google()
        op.upstream("other", account="staff", kind="google", hosted_domains=("deepdesk.example",), role_based_iam=False)
        assert 'id="sign-in-email"' not in stranger.opens("/login/?account=staff").text
        assert stranger.opens("/login/magic/?account=staff").status_code == 404
        page = stranger.opens("/login/magic/?account=acme")
        form = {"csrf_token": csrf_of(page.text), "email": "casey.staff@deepdesk.example"}
        assert stranger.posts("/login/magic/?account=staff", form).status_code == 404


class TestGoingStraight:
    """With mail on, what names a provider still leads there."""

    @pytest.fixture
    def connected(self, connected: OpenIdProvider) -> OpenIdProvider:
        lets_in_by_mail(connected)
        return connected

    def test_a_hint_does(self, connected: OpenIdProvider, platform: RunningPlatform) -> None:
        somebody, rp = connected.browser(), RelyingParty.registered_at(connected)
        departure = somebody.follows(rp.asks(somebody, idp_hint="platform").response)
        assert departure.headers["Location"].startswith(f"{platform.issuer}/")
        assert somebody.follows(rp.asks(somebody).response).status_code == 200

    def test_the_widgets_window_does(self, connected: OpenIdProvider, platform: RunningPlatform) -> None:
        somebody = connected.browser()
        departure = somebody.follows(somebody.opens("/platform/sso?account=acme"))
        assert departure.headers["Location"].startswith(f"{platform.issuer}/")

    def test_the_only_provider_is_taken_where_mail_is_off(
        self, connected: OpenIdProvider, platform: RunningPlatform
    ) -> None:
        lets_in_by_mail(connected, MagicLinks.OFF)
        somebody, rp = connected.browser(), RelyingParty.registered_at(connected)
        departure = somebody.follows(rp.asks(somebody).response)
        assert departure.headers["Location"].startswith(f"{platform.issuer}/")


class TestWhoMayEnter:
    def only_words(self, letter: Letter, subject: str) -> None:
        assert letter.codes == []
        assert letter.links == []
        assert subject in letter.words

    def test_whoever_has_single_sign_on_is_told_to_use_it(self, op: OpenIdProvider, kim: Correspondent) -> None:
        """Somebody disabled upstream who still has the mailbox comes in nowhere."""
        op.signs_in(op.browser(), KIM_UPSTREAM)
        page = kim.asks()
        self.only_words(kim.mail(), "company's sign-in")
        assert kim.types(WRONG, page).status_code == 422

    def test_so_is_whoever_got_it_between_asking_and_pressing(self, op: OpenIdProvider, kim: Correspondent) -> None:
        kim.asks()
        letter = kim.mail()
        op.signs_in(op.browser(), KIM_UPSTREAM)
        page = kim.presses(letter)
        assert page.status_code == 403
        assert "Use your company" in page.text
        assert not kim.is_in

    def test_typing_the_code_then_is_no_way_round_it(self, op: OpenIdProvider, kim: Correspondent) -> None:
        page = kim.asks()
        code = kim.mail().code
        op.signs_in(op.browser(), KIM_UPSTREAM)
        assert kim.types(code, page).status_code == 403
        assert not kim.is_in

    def test_an_account_may_let_everybody_in(self, op: OpenIdProvider, kim: Correspondent) -> None:
        lets_in_by_mail(op, MagicLinks.ALL)
        op.signs_in(op.browser(), KIM_UPSTREAM)
        kim.signs_in()
        assert kim.is_in

    def test_a_disabled_person_is_told_so_by_mail(self, op: OpenIdProvider, kim: Correspondent) -> None:
        op.disables(id_of(op, KIM))
        kim.asks()
        self.only_words(kim.mail(), "switched off")

    def test_disabled_between_asking_and_pressing_they_stay_out(self, op: OpenIdProvider, kim: Correspondent) -> None:
        kim.asks()
        letter = kim.mail()
        op.disables(id_of(op, KIM))
        assert kim.presses(letter).status_code == 403
        assert not kim.is_in

    def test_with_their_account_they_stay_out(self, op: OpenIdProvider, kim: Correspondent) -> None:
        kim.asks()
        letter = kim.mail()
        op.disables_account("acme")
        assert kim.presses(letter).status_code == 403
        assert kim.browser.opens("/login/magic/?account=acme").status_code == 403

    def test_a_disabled_account_mails_nobody(self, op: OpenIdProvider, kim: Correspondent, clock: FrozenClock) -> None:
        kim.asks()
        letter = kim.mail()
        clock.advance(minutes=10)
        op.disables_account("acme")
        submits(kim.browser, kim.browser.opens(letter.link), "magic-afresh", email=KIM)
        assert kim.mails() == []

    def test_whoever_has_another_address_meanwhile_stays_out(self, op: OpenIdProvider, kim: Correspondent) -> None:
        kim.asks()
        letter, user_id = kim.mail(), UserId(id_of(op, KIM))
        with op.app.app_context(), unit_of_work() as session:
            user = users.get(session, user_id)
            assert user is not None
            user.email = user.email_canonical = "kim.k@acme.example"
        assert kim.presses(letter).status_code == 403
        assert not kim.is_in

    def test_whoever_was_removed_meanwhile_stays_out(self, op: OpenIdProvider, kim: Correspondent) -> None:
        kim.asks()
        letter = kim.mail()
        with op.app.app_context():
            people.delete(id_of(op, KIM), account=None, context=op.at_this_moment)
        assert kim.browser.opens(letter.link).status_code == 404

    def test_an_address_that_is_for_display_only_is_nobodys(self, op: OpenIdProvider) -> None:
        """CONTRACT §6 rule 6: unvouched addresses are never matched."""
        op.signs_in(
            op.browser(), replace(KIM_UPSTREAM, subject="acme-9", email="pat@acme.example", email_vouched=False)
        )
        pat = Correspondent.of(op, "pat@acme.example")
        pat.asks()
        assert "/access-requests/confirm/" in pat.mail().link

    def test_a_staff_address_is_told_where_staff_sign_in(self, op: OpenIdProvider) -> None:
        op.staff_sign_in_with_google()
        casey = Correspondent.of(op, "casey.staff@deepdesk.example")
        casey.asks()
        self.only_words(casey.mail(), "Deepdesk staff")

    def test_people_of_another_account_are_unknown_here(self, op: OpenIdProvider) -> None:
        op.account("beta")
        op.makes("bo@beta.example", account="beta")
        bo = Correspondent.of(op, "bo@beta.example")
        bo.asks()
        assert "/access-requests/confirm/" in bo.mail().link

    def test_the_role_is_the_one_they_were_given(self, op: OpenIdProvider, rp: RelyingParty) -> None:
        op.makes("mo@acme.example", roles=[Role.MANAGER])
        mo = Correspondent.of(op, "mo@acme.example")
        assert claims_of(rp, mo.arrives(rp.asks(mo.browser)))["roles"] == ["deepdesk.manager"]


class TestTheSession:
    def test_its_cookie_changes_at_every_sign_in_and_the_sid_stays(
        self, op: OpenIdProvider, rp: RelyingParty, kim: Correspondent
    ) -> None:
        seen, sids = set(), set()
        for _ in range(3):
            answer = kim.arrives(rp.asks(kim.browser, prompt="login"))
            seen.add(kim.browser.cookie(SSO_COOKIE))
            sids.add(claims_of(rp, answer)["sid"])
            op.clock.advance(minutes=5)
        assert len(seen) == 3
        assert len(sids) == 1

    def test_the_cookie_of_before_opens_nothing(self, op: OpenIdProvider, rp: RelyingParty, kim: Correspondent) -> None:
        kim.signs_in()
        thief = op.browser()
        thief.is_given(SSO_COOKIE, str(kim.browser.cookie(SSO_COOKIE)))
        assert rp.asks(thief, prompt="none").has_a_code()
        kim.arrives(rp.asks(kim.browser, prompt="login"))
        assert rp.asks(thief, prompt="none").is_refused_as("login_required")

    def test_another_person_in_the_same_browser_is_replaced(
        self, op: OpenIdProvider, rp: RelyingParty, kim: Correspondent
    ) -> None:
        """PITFALLS 39: contact centres share desks."""
        kim.signs_in()
        tokens = rp.redeems(rp.obtains_a_code_for(kim.browser)).tokens
        kims_cookie = kim.browser.cookie(SSO_COOKIE)
        op.makes("lee@acme.example", name="Lee")
        lee = Correspondent.of(op, "lee@acme.example", browser=kim.browser)
        claims = claims_of(rp, lee.arrives(rp.asks(lee.browser, prompt="select_account")))
        assert claims["email"] == "lee@acme.example"
        assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")
        thief = op.browser()
        thief.is_given(SSO_COOKIE, str(kims_cookie))
        assert rp.asks(thief, prompt="none").is_refused_as("login_required")

    def test_an_essential_acr_of_mail_is_answered_by_mail(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser
    ) -> None:
        op.makes("mo@acme.example")
        waiting = rp.asks(browser, claims=essential(BY_MAIL))
        assert waiting.asks_to_sign_in()
        mo = Correspondent.of(op, "mo@acme.example", browser=browser)
        assert claims_of(rp, mo.arrives(waiting))["acr"] == BY_MAIL

    def test_the_federated_one_is_not(self, op: OpenIdProvider, rp: RelyingParty, kim: Correspondent) -> None:
        waiting = rp.asks(kim.browser, claims=essential(FEDERATED))
        op.clock.advance(seconds=1)
        kim.signs_in()
        assert waiting.resumed_in(kim.browser).is_refused_as("unmet_authentication_requirements")

    def test_so_mail_is_not_offered_for_it(self, rp: RelyingParty, kim: Correspondent) -> None:
        waiting = rp.asks(kim.browser, claims=essential(FEDERATED))
        page = kim.browser.opens(f"{waiting.location}&lang=en")
        assert 'id="sign-in-email"' not in page.text
        assert kim.browser.opens(waiting.location.replace("/login/", "/login/magic/")).status_code == 404

    def test_nor_one_of_mail_by_a_federated_sign_in(
        self, op: OpenIdProvider, rp: RelyingParty, stranger: Browser
    ) -> None:
        waiting = rp.asks(stranger, claims=essential(BY_MAIL))
        op.clock.advance(seconds=1)
        op.signs_in(stranger)
        assert waiting.resumed_in(stranger).is_refused_as("unmet_authentication_requirements")

    def test_it_is_in_the_audit_trail_with_what_it_was(self, op: OpenIdProvider, kim: Correspondent) -> None:
        kim.signs_in()
        assert [kind for kind in op.audited() if kind.startswith("mail.")] == ["mail.asked", "mail.signed_in"]


class TestTheMail:
    @pytest.mark.parametrize(("accepted", "language"), [("nl", "nl"), ("de-AT", "de"), ("fr", "en"), ("", "en")])
    def test_it_speaks_the_language_of_the_browser(self, kim: Correspondent, accepted: str, language: str) -> None:
        kim.browser.http.environ_base["HTTP_ACCEPT_LANGUAGE"] = accepted
        kim.asks()
        letter = kim.mail()
        assert letter.language == language
        assert f'<html lang="{language}"' in letter.html

    def test_it_speaks_the_language_that_the_service_asks_for(self, rp: RelyingParty, kim: Correspondent) -> None:
        kim.asks(rp.asks(kim.browser, ui_locales="nl de"))
        assert kim.mail().language == "nl"

    def test_it_names_account_service_time_and_network(
        self, rp: RelyingParty, kim: Correspondent, clock: FrozenClock
    ) -> None:
        kim.browser.http.environ_base["REMOTE_ADDR"] = "2001:db8::7"
        kim.asks(rp.asks(kim.browser))
        letter = kim.mail()
        for words in ("Acme", "Studio", "2001:db8::7", "12:00", "10 minutes"):
            assert words in letter.words
        assert "Studio" in letter.subject

    def test_it_goes_to_the_address_as_it_is_kept_however_it_was_typed(self, kim: Correspondent) -> None:
        kim.asks(address=" KIM@Acme.Example ")
        assert kim.mail().to == KIM

    def test_another_sites_service_name_is_text(self, op: OpenIdProvider, kim: Correspondent) -> None:
        rp = RelyingParty.registered_at(op, "<a href=x>Prize</a> https://evil.example/")
        kim.asks(rp.asks(kim.browser))
        assert "<a href=x>" not in kim.mail().html


def id_of(op: OpenIdProvider, address: str) -> str:
    """The id of whoever holds an address in acme."""
    with op.app.app_context(), unit_of_work() as session:
        user = users.holder_of_address(session, "acme", address)  # type: ignore[arg-type]
        assert user is not None
        return user.id


def production_without_mail(op: OpenIdProvider) -> AbstractContextManager[None]:
    """Nobody has said where mail goes."""
    return started_with(op, env=Environment.PRODUCTION, mail_url=None)
