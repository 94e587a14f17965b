"""How often mail may be asked for, and its codes guessed (CONTRACT §3, §6 rule 10; PITFALLS 33 and the list below it).

The limits count in the database: over windows, networks, workers and hosts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from idp.domain.mail_sign_in import MagicLinks
from idp.services.sign_in import magic_link
from idp.store import mail_proofs
from idp.store.mail_proofs import Window
from idp.store.unit_of_work import reading
from tests.protocol.conftest import BOTH_DATABASES, initialise_at
from tests.support.app import OpenIdProvider, provider_on
from tests.support.clock import FrozenClock
from tests.support.database import racing
from tests.support.forms import submits
from tests.support.mail import WRONG, Correspondent, lets_in_by_mail, started_with

KIM = "kim@acme.example"
NOBODY = "nobody@acme.example"
TRIES_A_WINDOW = 5
TRIES_A_DAY = 10
LIVE = 3


@pytest.fixture
def op(op: OpenIdProvider) -> OpenIdProvider:
    """Mail is a way into acme; Kim was made beforehand."""
    lets_in_by_mail(op)
    op.makes(KIM)
    return op


@pytest.fixture
def kim(op: OpenIdProvider) -> Correspondent:
    return Correspondent.of(op, KIM)


def comparisons(op: OpenIdProvider) -> int:
    """How many wrong codes were compared with one of ours."""
    return op.audited().count("mail.code_wrong")


def guesses(somebody: Correspondent, page: TestResponse, times: int = 1) -> None:
    """Type a wrong code."""
    for _ in range(times):
        assert somebody.types(WRONG, page).status_code == 422


def comes_from(somebody: Correspondent, address: str) -> None:
    """Let a browser's requests come from that network address."""
    somebody.browser.http.environ_base["REMOTE_ADDR"] = address


def asks_bluntly(somebody: Correspondent, account: str = "acme", *, address: str | None = None) -> TestResponse:
    """Ask, whatever the answer is."""
    page = somebody.browser.opens(f"/login/?account={account}")
    sent = submits(somebody.browser, page, "sign-in-email", email=address or somebody.address)
    return somebody.browser.follows(sent)


class TestGuessing:
    def test_a_window_has_five_tries(self, op: OpenIdProvider, kim: Correspondent) -> None:
        page = kim.asks()
        code = kim.mail().code
        guesses(kim, page, TRIES_A_WINDOW)
        refused = kim.types(code, page)
        assert refused.status_code == 422
        assert "tried too often" in refused.text
        assert comparisons(op) == TRIES_A_WINDOW
        assert not kim.is_in

    def test_the_fifth_try_may_be_the_right_one(self, kim: Correspondent) -> None:
        page = kim.asks()
        guesses(kim, page, TRIES_A_WINDOW - 1)
        assert kim.types(kim.mail().code, page).status_code == 303

    def test_what_cannot_be_a_code_costs_no_try(self, op: OpenIdProvider, kim: Correspondent) -> None:
        page = kim.asks()
        for typed in ("", "ABC", "0000-0000", "ABCD-EFGHJ", "ＡＢＣＤ-ＥＦＧＨ", "ABCD\x00EFGH", "K" * 5000):
            assert kim.types(typed, page).status_code == 422, typed
        assert comparisons(op) == 0
        guesses(kim, page, TRIES_A_WINDOW - 1)
        assert kim.types(kim.mail().code, page).status_code == 303

    def test_the_link_still_works_after_them(self, kim: Correspondent) -> None:
        page = kim.asks()
        guesses(kim, page, TRIES_A_WINDOW)
        assert kim.presses(kim.mail()).status_code == 303
        assert kim.is_in

    def test_behind_a_link_there_are_five_as_well(self, op: OpenIdProvider, kim: Correspondent) -> None:
        kim.asks()
        letter, other = kim.mail(), kim.elsewhere()
        for _ in range(TRIES_A_WINDOW):
            assert other.presses(letter, code=WRONG).status_code == 422
        assert other.presses(letter, code=letter.code).status_code == 422
        assert comparisons(op) == TRIES_A_WINDOW
        assert not other.is_in

    def test_an_address_has_ten_a_day_over_all_windows(self, op: OpenIdProvider, kim: Correspondent) -> None:
        for _ in range(2):
            other = kim.elsewhere()
            guesses(other, other.asks(), TRIES_A_WINDOW)
        kim.mails()
        page = kim.asks()
        refused = kim.types(kim.mail().code, page)
        assert refused.status_code == 422
        assert "today" in refused.text
        assert comparisons(op) == TRIES_A_DAY
        assert op.audited().count("mail.guessing") == 1

    def test_the_next_day_there_are_ten_again(self, op: OpenIdProvider, kim: Correspondent, clock: FrozenClock) -> None:
        for _ in range(2):
            other = kim.elsewhere()
            guesses(other, other.asks(), TRIES_A_WINDOW)
        kim.mails()
        clock.advance(days=1)
        page = kim.asks()
        assert kim.types(kim.mail().code, page).status_code == 303

    def test_right_codes_cost_nothing(self, op: OpenIdProvider, kim: Correspondent, clock: FrozenClock) -> None:
        for _ in range(TRIES_A_DAY + 2):
            page = kim.asks()
            assert kim.types(kim.mail().code, page).status_code == 303
            clock.advance(minutes=15)
        page = kim.asks()
        guesses(kim, page, TRIES_A_WINDOW - 1)
        assert kim.types(kim.mail().code, page).status_code == 303

    def test_tries_at_a_dead_mail_cost_nothing(self, op: OpenIdProvider, kim: Correspondent) -> None:
        page = kim.asks()
        guesses(kim, page, TRIES_A_WINDOW + TRIES_A_DAY)
        assert comparisons(op) == TRIES_A_WINDOW
        other = kim.elsewhere()
        kim.mails()
        page = other.asks()
        assert other.types(other.mail().code, page).status_code == 303

    def test_accounts_are_counted_apart(self, op: OpenIdProvider, kim: Correspondent) -> None:
        op.account("beta", magic_link=MagicLinks.UNLINKED)
        op.makes(KIM, account="beta")
        for _ in range(2):
            other = kim.elsewhere()
            guesses(other, other.asks(), TRIES_A_WINDOW)
        kim.mails()
        page = asks_bluntly(kim, "beta")
        assert kim.types(kim.mail().code, page).status_code == 303

    def test_addresses_are_counted_apart(self, op: OpenIdProvider, kim: Correspondent) -> None:
        for _ in range(2):
            other = kim.elsewhere()
            guesses(other, other.asks(address=NOBODY), TRIES_A_WINDOW)
        page = kim.asks()
        assert kim.types(kim.mail().code, page).status_code == 303

    def test_the_limits_of_an_unknown_address_are_the_same(self, op: OpenIdProvider, kim: Correspondent) -> None:
        """Else they would tell who is known (PITFALLS 33)."""
        shown = {}
        for address in (KIM, NOBODY):
            first, second, third = (kim.elsewhere() for _ in range(3))
            texts = []
            for window, times in ((first, 6), (second, 6), (third, 1)):
                page = window.asks(address=address)
                texts += [readable(window.types(WRONG, page).text, address) for _ in range(times)]
            shown[address] = texts
        assert shown[KIM] == shown[NOBODY]

    def test_200_windows_from_200_networks_get_ten_comparisons(self, op: OpenIdProvider, kim: Correspondent) -> None:
        for number in range(200):
            window = kim.elsewhere()
            comes_from(window, f"198.51.{number}.7")
            guesses(window, asks_bluntly(window))
        assert comparisons(op) == TRIES_A_DAY
        assert op.audited().count("mail.guessing") == 1

    def test_the_switch_of_throttles_does_not_lift_it(self, op: OpenIdProvider, kim: Correspondent) -> None:
        with started_with(op, rate_limits="off"):
            for _ in range(4):
                window = kim.elsewhere()
                guesses(window, asks_bluntly(window), TRIES_A_WINDOW + 1)
        assert comparisons(op) == TRIES_A_DAY


def readable(page: str, address: str) -> str:
    """A page without what is that window's own: the mail's name, the form's token, the address that was typed."""
    page = re.sub(r"\?m=[\w-]+", "?m=…", page)
    page = re.sub(r'name="csrf_token" value="[^"]+"', "", page)
    return page.replace(address, "…")


class TestAskingOften:
    def used_up(self, kim: Correspondent) -> None:
        """Ask five times; each mail is used, so that it is no live one."""
        for _ in range(5):
            kim.signs_in()

    def test_the_sixth_ask_of_an_address_is_answered_alike_and_mails_nobody(
        self, op: OpenIdProvider, kim: Correspondent
    ) -> None:
        other = kim.elsewhere()
        first = readable(other.asks().text, KIM)
        other.presses(other.mail())
        for _ in range(4):
            kim.signs_in()
        sixth = kim.elsewhere().asks()
        assert sixth.status_code == 200
        assert readable(sixth.text, KIM) == first
        assert kim.mails() == []

    def test_a_quarter_of_an_hour_later_it_is_mailed_again(self, kim: Correspondent, clock: FrozenClock) -> None:
        self.used_up(kim)
        kim.elsewhere().asks()
        clock.advance(minutes=15)
        kim.elsewhere().asks()
        assert len(kim.mails()) == 1

    def test_others_are_mailed_all_the_same(self, op: OpenIdProvider, kim: Correspondent) -> None:
        self.used_up(kim)
        op.makes("lee@acme.example")
        lee = Correspondent.of(op, "lee@acme.example")
        lee.signs_in()
        assert lee.is_in

    def test_unknown_addresses_are_spared_as_well(self, op: OpenIdProvider, kim: Correspondent) -> None:
        somebody = Correspondent.of(op, NOBODY)
        for minute in (0, 0, 0, 10, 0, 0):
            op.clock.advance(minutes=minute)
            somebody.elsewhere().asks()
        assert len(somebody.mails()) == 5

    def test_spellings_of_one_address_are_one(self, op: OpenIdProvider, kim: Correspondent) -> None:
        for address in (KIM, "KIM@acme.example", "kim@ACME.example", "Kim@Acme.Example"):
            kim.elsewhere().asks(address=address)
        assert len(kim.mails()) == LIVE

    @pytest.mark.parametrize("address", [KIM, NOBODY])
    def test_a_network_that_asks_too_often_gets_a_page_that_says_so(
        self, op: OpenIdProvider, kim: Correspondent, address: str
    ) -> None:
        with started_with(op, rate_limits="magic_link_network=2/15m"):
            for number in range(2):
                asks_bluntly(kim.elsewhere(), address=f"somebody{number}@acme.example")
            refused = asks_bluntly(kim.elsewhere(), address=address)
            assert refused.status_code == 429
            assert "too often" in refused.text
            assert kim.postbox.brings(to=address) == []
            other = kim.elsewhere()
            comes_from(other, "203.0.113.7")
            assert asks_bluntly(other, address=address).status_code == 200

    def test_all_addresses_of_one_ipv6_network_are_one(self, op: OpenIdProvider, kim: Correspondent) -> None:
        """Whoever has one has 2⁶⁴ of them."""
        with started_with(op, rate_limits="magic_link_network=2/15m"):
            answers = []
            for peer in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:0:1:2:3:4", "2001:db8:0:1::1"):
                somebody = kim.elsewhere()
                comes_from(somebody, peer)
                answers.append(asks_bluntly(somebody, address=NOBODY).status_code)
        assert answers == [200, 200, 429, 200]

    def test_what_was_refused_is_counted(self, op: OpenIdProvider, kim: Correspondent, clock: FrozenClock) -> None:
        with started_with(op, rate_limits="magic_link_network=1/15m"):
            assert [asks_bluntly(kim).status_code for _ in range(3)] == [200, 429, 429]
            clock.advance(minutes=15)
            assert asks_bluntly(kim).status_code == 200

    def test_an_account_for_which_too_many_ask_is_left_in_peace(self, op: OpenIdProvider, kim: Correspondent) -> None:
        op.account("beta", magic_link=MagicLinks.UNLINKED)
        with started_with(op, rate_limits="magic_link_account=2/15m"):
            for number in range(3):
                somebody = kim.elsewhere()
                comes_from(somebody, f"198.51.{number}.7")
                status = asks_bluntly(somebody, address=f"somebody{number}@acme.example").status_code
                assert status == (200 if number < 2 else 429)
            assert asks_bluntly(kim, "beta").status_code == 200

    def test_a_network_address_that_somebody_claims_counts_for_nothing(
        self, op: OpenIdProvider, kim: Correspondent
    ) -> None:
        """PITFALLS: a spoofed X-Forwarded-For from an untrusted peer changes no limit."""
        with started_with(op, rate_limits="magic_link_network=2/15m"):
            answers = []
            for number in range(3):
                somebody = kim.elsewhere()
                somebody.browser.http.environ_base["HTTP_X_FORWARDED_FOR"] = f"198.51.{number}.7"
                answers.append(asks_bluntly(somebody).status_code)
        assert answers == [200, 200, 429]

    def test_off_lifts_the_throttles(self, op: OpenIdProvider, kim: Correspondent) -> None:
        with started_with(op, rate_limits="off"):
            for _ in range(8):
                kim.signs_in()
        assert op.audited().count("mail.signed_in") == 8


class TestLiveMails:
    def test_there_are_at_most_three_and_none_ends_another(self, kim: Correspondent) -> None:
        windows = [kim.elsewhere() for _ in range(4)]
        letters = []
        for window in windows:
            window.asks()
            letters += window.mails()
        assert len(letters) == LIVE
        for window, letter in zip(windows, letters, strict=False):
            assert window.presses(letter).status_code == 303
            assert window.is_in
        assert not windows[3].is_in

    def test_off_does_not_lift_that(self, op: OpenIdProvider, kim: Correspondent) -> None:
        with started_with(op, rate_limits="off"):
            for _ in range(5):
                kim.elsewhere().asks()
        assert len(kim.mails()) == LIVE

    def test_one_that_was_used_makes_room(self, kim: Correspondent) -> None:
        windows = [kim.elsewhere() for _ in range(LIVE)]
        for window in windows:
            window.asks()
        letter, *_ = kim.mails()
        other = kim.elsewhere()
        other.presses(letter, code=letter.code)
        other.elsewhere().asks()
        assert len(kim.mails()) == 1

    def test_one_that_is_too_old_makes_room(self, kim: Correspondent, clock: FrozenClock) -> None:
        for _ in range(LIVE):
            kim.elsewhere().asks()
        clock.advance(minutes=10)
        kim.mails()
        kim.elsewhere().asks()
        assert len(kim.mails()) == 1

    @BOTH_DATABASES
    @pytest.mark.parametrize("limits", ["on", "off"])
    def test_of_eight_who_ask_at_once_three_get_one(self, op: OpenIdProvider, kim: Correspondent, limits: str) -> None:
        context = op.at_this_moment

        def asks() -> str:
            return magic_link.ask(KIM, "acme", window=Window(), parts=op.parts, context=context)  # type: ignore[arg-type]

        with started_with(op, rate_limits=limits):
            outcomes = racing(op.app, asks)
        assert [one for one in outcomes if isinstance(one, Exception)] == []
        with op.app.app_context(), reading() as session:
            live = mail_proofs.live(session, "acme", KIM, now=context.now)  # type: ignore[arg-type]
        assert live == LIVE
        assert len(kim.mails()) == LIVE


@pytest.fixture
def two_hosts(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[OpenIdProvider, ...]]:
    """Two providers that share nothing but their database and their settings."""
    url = f"sqlite:///{tmp_path / 'idp.db'}"
    if database == "sqlite":
        initialise_at(url)
    else:
        url = request.getfixturevalue("postgres").fresh_database(prepared_by=initialise_at)
    with ExitStack() as stack:
        hosts = tuple(stack.enter_context(provider_on(url, tmp_path / name)) for name in ("one", "other"))
        lets_in_by_mail(hosts[0])
        hosts[0].makes(KIM)
        yield hosts


@BOTH_DATABASES
class TestOverHosts:
    def test_guesses_are_counted_together(self, two_hosts: tuple[OpenIdProvider, ...]) -> None:
        for op in two_hosts:
            somebody = Correspondent.of(op, KIM)
            guesses(somebody, somebody.asks(), TRIES_A_WINDOW)
        last = Correspondent.of(two_hosts[0], KIM)
        last.mails()
        page = last.asks()
        assert last.types(last.mail().code, page).status_code == 422
        assert comparisons(two_hosts[0]) == TRIES_A_DAY

    def test_a_windows_tries_are_counted_together(self, two_hosts: tuple[OpenIdProvider, ...]) -> None:
        one, other = (Correspondent.of(op, KIM) for op in two_hosts)
        page = one.asks()
        guesses(one, page, 3)
        for name in ("__Host-idp_browser", "__Host-idp_form"):
            other.browser.is_given(name, str(one.browser.cookie(name)))
        guesses(other, page, 2)
        assert one.types(one.mail().code, page).status_code == 422
        assert comparisons(two_hosts[0]) == TRIES_A_WINDOW

    def test_asks_are_counted_together(self, two_hosts: tuple[OpenIdProvider, ...]) -> None:
        with ExitStack() as stack:
            for op in two_hosts:
                stack.enter_context(started_with(op, rate_limits="magic_link_network=2/15m"))
            answers = [asks_bluntly(Correspondent.of(op, KIM)).status_code for op in (*two_hosts, *two_hosts)]
        assert answers == [200, 200, 429, 429]

    def test_live_mails_are_counted_together(self, two_hosts: tuple[OpenIdProvider, ...]) -> None:
        for op in (*two_hosts, *two_hosts):
            asks_bluntly(Correspondent.of(op, KIM))
        assert len(Correspondent.of(two_hosts[0], KIM).mails()) == LIVE

    def test_a_mail_of_one_host_is_used_once_at_either(self, two_hosts: tuple[OpenIdProvider, ...]) -> None:
        one, other = (Correspondent.of(op, KIM) for op in two_hosts)
        one.asks()
        letter = one.mail()
        assert other.presses(letter, code=letter.code).status_code == 303
        assert one.elsewhere().browser.opens(letter.link).status_code == 410
