"""People whom nobody knows ask for access, and managers decide (CONTRACT §6 rules 10 and 11)."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.domain.access_requests import UNDO_WITHIN
from idp.domain.errors import MailLinkRefused, NotAdmitted
from idp.domain.identifiers import AccountCode
from idp.domain.roles import Role
from idp.services.people import overdue_requests
from idp.services.sign_in import access_requests as asking
from idp.store import audit_events, users
from idp.store.access_requests import AccessRequest
from idp.store.unit_of_work import reading
from idp.tokens.mail_link import LinkKind
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import CASEY, MIA, Browser, OpenIdProvider, Person
from tests.support.clock import FrozenClock
from tests.support.database import racing
from tests.support.forms import submits
from tests.support.mail import Correspondent, Letter, Postbox, contents, lets_in_by_mail
from tests.support.rp import AuthorizationAnswer, RelyingParty

MANAGER = "mia@acme.example"
ASKER = "noor@acme.example"
REQUESTS = "/manage/access-requests/?account=acme"
EDITOR = replace(MIA, subject="acme-7", email="ed@acme.example", name="Ed Editor", roles=("deepdesk.editor",))
AGENT = replace(MIA, subject="acme-8", email="al@acme.example", name="Al Agent", roles=("deepdesk.agent",))


@pytest.fixture
def op(op: OpenIdProvider) -> OpenIdProvider:
    """Mail is a way into acme, which Mia manages."""
    lets_in_by_mail(op)
    op.signs_in(op.browser())
    return op


@pytest.fixture
def noor(op: OpenIdProvider) -> Correspondent:
    """Somebody whom nobody knows."""
    return Correspondent.of(op, ASKER)


@pytest.fixture
def mia(op: OpenIdProvider, browser: Browser) -> Correspondent:
    """The manager, signed in."""
    return Correspondent.of(op, MANAGER, browser=browser)


def presses(somebody: Correspondent, letter: Letter, message: str = "") -> TestResponse:
    """Press the button behind the mail's link; return how the request stands."""
    page = somebody.browser.opens(letter.link)
    assert page.status_code == 200, page.text
    return somebody.browser.follows(submits(somebody.browser, page, "access-request", message=message))


def asks_for_access(
    somebody: Correspondent, waiting: AuthorizationAnswer | None = None, message: str = ""
) -> TestResponse:
    """All the way from the sign-in page; return how the request stands."""
    somebody.asks(waiting)
    return presses(somebody, somebody.mail(), message)


def requests_in(op: OpenIdProvider) -> list[AccessRequest]:
    with op.app.app_context(), reading() as session:
        return list(session.scalars(select(AccessRequest).order_by(AccessRequest.created_at)))


def the_request(op: OpenIdProvider) -> AccessRequest:
    [row] = requests_in(op)
    return row


def decides(browser: Browser, request_id: str, decision: str, **typed: str) -> TestResponse:
    """Press a button of a request's form; return the answer, and do not follow it."""
    page = browser.opens(REQUESTS)
    assert page.status_code == 200, page.text
    name = f"undo-{request_id}" if decision == "undo" else f"decide-{request_id}"
    return submits(browser, page, name, decision=decision, **typed)


def posts_bluntly(
    browser: Browser, request_id: str, decision: str, *, to: str = REQUESTS, **typed: str
) -> TestResponse:
    """Send what a form would, whether the page has one or not."""
    token = browser.opens("/login/?account=acme").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    return browser.posts(to, {"csrf_token": token, "id": request_id, "decision": decision, **typed})


def comes_again(op: OpenIdProvider, person: Person = MIA) -> Browser:
    """Sign somebody in, in a browser that has been nowhere yet."""
    browser = op.browser()
    op.signs_in(browser, person)
    return browser


def looks_after(op: OpenIdProvider) -> int:
    """Do the chore that the worker does."""
    with op.app.app_context():
        return overdue_requests.look_after(parts=op.parts, context=op.at_this_moment)


def roles_of(op: OpenIdProvider, address: str = ASKER) -> list[str] | None:
    """The roles of whoever holds an address in acme; none where nobody does."""
    with op.app.app_context(), reading() as session:
        user = users.holder_of_address(session, AccountCode("acme"), address)
        return None if user is None else list(user.roles)


def trail_of(op: OpenIdProvider, account: str = "acme") -> list[str]:
    with op.app.app_context(), reading() as session:
        return [event.kind for event in audit_events.after(session, 0, account=AccountCode(account))]


class TestAsking:
    def test_somebody_unknown_is_mailed_a_question(self, rp: RelyingParty, noor: Correspondent) -> None:
        noor.asks(rp.asks(noor.browser))
        letter = noor.mail()
        assert "/access-requests/confirm/?t=" in letter.link
        assert letter.codes == []
        assert "Acme" in letter.words

    def test_before_the_button_nobody_is_asked(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        noor.asks()
        link = noor.mail().link
        before = contents(op)
        for browser in (noor.browser, op.browser()):
            assert browser.opens(link).status_code == 200
            assert browser.http.head(link).status_code == 200
            assert browser.posts(link, {"message": "x"}).status_code == 400
        assert contents(op) == before
        assert requests_in(op) == []
        assert mia.mails() == []

    def test_the_button_mails_every_manager_and_shows_how_it_stands(
        self, op: OpenIdProvider, rp: RelyingParty, noor: Correspondent
    ) -> None:
        op.makes("max@acme.example", roles=[Role.MANAGER])
        op.makes("eve@acme.example", roles=[Role.EDITOR])
        postbox = Postbox(op)
        postbox.brings()  # of the two who were made
        page = asks_for_access(noor, rp.asks(noor.browser), "I start on Monday.")
        assert "on its way" in page.text
        assert ASKER in page.text
        told = postbox.brings()
        assert {letter.to for letter in told} == {ASKER, MANAGER, "max@acme.example"}
        for letter in told:
            if letter.to != ASKER:
                assert letter.link == f"{op.issuer}{REQUESTS}"
                assert "I start on Monday." in letter.words
                assert ASKER in letter.words
        assert the_request(op).status == "pending"

    def test_the_managers_mail_decides_nothing_whoever_opens_it(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        asks_for_access(noor)
        link = mia.mail().link
        before = contents(op)
        for browser in (mia.browser, noor.browser, op.browser()):
            browser.opens(link)
            browser.http.head(link)
        assert contents(op) == before

    def test_pressed_twice_it_asks_once(self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent) -> None:
        noor.asks()
        letter = noor.mail()
        page = noor.browser.opens(letter.link)
        first = noor.browser.follows(submits(noor.browser, page, "access-request", message="one"))
        again = noor.browser.follows(submits(noor.browser, page, "access-request", message="two"))
        assert first.request.url == again.request.url
        assert noor.browser.opens(letter.link).headers["Location"] in first.request.url
        assert the_request(op).message == "one"
        assert len(mia.mails()) == 1

    def test_two_mails_ask_once(self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent) -> None:
        other = noor.elsewhere()
        noor.asks()
        other.asks()
        letters = noor.mails()
        pages = [window.browser.opens(one.link) for window, one in zip((noor, other), letters, strict=True)]
        ends = [
            window.browser.follows(submits(window.browser, page, "access-request"))
            for window, page in zip((noor, other), pages, strict=True)
        ]
        assert ends[0].request.url == ends[1].request.url
        assert the_request(op).status == "pending"
        assert len(mia.mails()) == 1

    @BOTH_DATABASES
    def test_of_eight_racing_presses_one_asks(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        windows = [noor.elsewhere() for _ in range(2)]
        for window in windows:
            window.asks()
        tokens = [letter.link.partition("t=")[2] for letter in noor.mails()] * 4
        turns, context = iter(tokens), op.at_this_moment

        def press() -> str:
            return asking.confirm(next(turns), "", parts=op.parts, context=context)

        outcomes = racing(op.app, press)
        assert len({str(one) for one in outcomes}) == 1
        assert not isinstance(outcomes[0], Exception)
        assert the_request(op).status == "pending"
        assert len(mia.mails()) == 1

    def test_the_message_is_text_and_of_bounded_length(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        message = "Hello\x07 <b>Mia</b>\r\nhttps://evil.example/\u202e\u2028x\x00 " + "y" * 2000
        asks_for_access(noor, None, message)
        kept = the_request(op).message or ""
        assert kept.startswith("Hello  <b>Mia</b>\nhttps://evil.example/")
        assert len(kept) <= 1000
        assert all(sign.isprintable() or sign == "\n" for sign in kept)
        [letter] = mia.mails()
        assert "<b>Mia</b>" not in letter.html
        assert 'href="https://evil.example' not in letter.html
        page = mia.browser.opens(REQUESTS).text
        assert "<b>Mia</b>" not in page
        assert "&lt;b&gt;Mia&lt;/b&gt;" in page

    def test_only_some_domains_may_ask_where_the_account_says_so(self, op: OpenIdProvider, noor: Correspondent) -> None:
        lets_in_by_mail(op, access_domains=("acme.example", "partner.example"))
        outsider = Correspondent.of(op, "x@evil.example")
        assert outsider.asks().status_code == 200
        look_alike = Correspondent.of(op, "x@sub.acme.example")
        look_alike.asks()
        assert (outsider.mails(), look_alike.mails()) == ([], [])
        partner = Correspondent.of(op, "pia@partner.example")
        asks_for_access(partner)
        assert the_request(op).email == "pia@partner.example"

    def test_without_a_manager_the_asker_is_told_who_sees_it(self, op: OpenIdProvider) -> None:
        op.account("beta", magic_link="unlinked")
        bo = Correspondent.of(op, "bo@beta.example")
        page = bo.browser.opens("/login/?account=beta")
        bo.browser.follows(submits(bo.browser, page, "sign-in-email", email=bo.address))
        standing = presses(bo, bo.mail())
        assert "Deepdesk&#39;s own people see your request" in standing.text.replace("'", "&#39;")
        assert op.runs("access-requests", "list", "--account", "beta").count("bo@beta.example") == 1

    def test_somebody_who_was_made_meanwhile_asks_nobody(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        noor.asks()
        page = noor.browser.opens(noor.mail().link)
        op.makes(ASKER)
        assert submits(noor.browser, page, "access-request").status_code == 410
        assert requests_in(op) == []
        assert mia.mails() == []

    def test_a_link_that_is_too_old_offers_another_mail(
        self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock
    ) -> None:
        noor.asks()
        letter = noor.mail()
        page = noor.browser.opens(letter.link)
        clock.advance(seconds=600)
        assert submits(noor.browser, page, "access-request").status_code == 410
        old = noor.browser.opens(letter.link)
        assert old.status_code == 410
        submits(noor.browser, old, "magic-afresh", email=noor.address)
        presses(noor, noor.mail())
        assert the_request(op).status == "pending"

    def test_a_disabled_accounts_managers_are_asked_nothing(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        noor.asks()
        page = noor.browser.opens(noor.mail().link)
        op.disables_account("acme")
        assert submits(noor.browser, page, "access-request").status_code == 410
        assert mia.mails() == []

    def test_no_link_of_one_kind_opens_what_another_kind_does(self, op: OpenIdProvider, noor: Correspondent) -> None:
        op.makes("kim@acme.example")
        kim = Correspondent.of(op, "kim@acme.example")
        kim.asks()
        standing = asks_for_access(noor)
        sign_in = kim.mail().link.partition("t=")[2]
        status = standing.request.url.partition("t=")[2]
        links = op.parts.mail_links
        question = links.make(LinkKind.MAIL, links.read(LinkKind.REQUEST, status))
        with pytest.raises(MailLinkRefused):
            links.read(LinkKind.MAIL, status)
        for path, token in (
            ("/access-requests/confirm/", sign_in),
            ("/access-requests/status/", sign_in),
            ("/access-requests/confirm/", status),
            ("/login/magic/confirm/", status),
            ("/access-requests/confirm/", question),
            ("/access-requests/status/", f"{status}x"),
            ("/access-requests/status/", ""),
        ):
            assert op.browser().opens(path, query_string={"t": token}).status_code == 404, (path, token)

    def test_the_question_cannot_sign_anybody_in(self, op: OpenIdProvider, noor: Correspondent) -> None:
        noor.asks()
        token = noor.mail().link.partition("t=")[2]
        assert noor.browser.opens(f"/login/magic/confirm/?t={token}").status_code == 404


class TestDeciding:
    def test_an_approved_person_arrives_at_the_service_that_they_wanted(
        self, op: OpenIdProvider, rp: RelyingParty, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        waiting = rp.asks(noor.browser)
        asks_for_access(noor, waiting)
        done = mia.browser.follows(decides(mia.browser, the_request(op).id, "approve", role="deepdesk.agent"))
        assert "You let noor@acme.example in, as Agent" in done.text
        letter = noor.mail()
        assert letter.due_at == clock.now() + UNDO_WITHIN
        clock.advance(seconds=10)
        answer = AuthorizationAnswer(noor.browser.follows(noor.presses(letter)), waiting.asked)
        claims = rp.verifies(rp.redeems(answer.code).tokens.id_token, nonce=answer.asked.nonce)
        assert (claims["email"], claims["email_verified"], claims["roles"]) == (ASKER, True, ["deepdesk.agent"])
        assert claims["acr"] == "urn:deepdesk:acr:email"

    def test_days_later_or_elsewhere_the_code_is_wanted(
        self, op: OpenIdProvider, rp: RelyingParty, noor: Correspondent, clock: FrozenClock
    ) -> None:
        waiting = rp.asks(noor.browser)
        asks_for_access(noor, waiting)
        clock.advance(days=2)
        decides(comes_again(op), the_request(op).id, "approve", role="deepdesk.agent")
        letter = noor.mail()
        assert noor.presses(letter).status_code == 422
        assert noor.presses(letter, code=letter.code).headers["Location"] == "/login/"
        assert noor.is_in

    def test_the_mail_about_it_lives_from_when_it_leaves(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        decides(mia.browser, the_request(op).id, "approve", role="deepdesk.agent")
        letter = noor.mail()
        clock.advance(seconds=609)
        assert noor.browser.opens(letter.link).status_code == 200
        clock.advance(seconds=1)
        old = noor.browser.opens(letter.link)
        assert old.status_code == 410
        submits(noor.browser, old, "magic-afresh", email=noor.address)
        assert noor.presses(noor.mail()).status_code == 303
        assert noor.is_in

    def test_agent_is_what_they_become_unless_another_role_is_picked(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        asks_for_access(noor)
        page = mia.browser.opens(REQUESTS).text
        options = page.partition("<select")[2].partition("</select>")[0]
        assert options.index("deepdesk.agent") < options.index("deepdesk.manager")
        posts_bluntly(mia.browser, the_request(op).id, "approve")
        assert roles_of(op) == ["deepdesk.agent"]

    @pytest.mark.parametrize("role", ["deepdesk.assistant_editor", "deepdesk.editor", "deepdesk.manager"])
    def test_a_manager_may_give_every_role(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, role: str
    ) -> None:
        asks_for_access(noor)
        decides(mia.browser, the_request(op).id, "approve", role=role)
        assert roles_of(op) == [role]

    @pytest.mark.parametrize("role", ["deepdesk.owner", "manager", "deepdesk.manager ", "<b>"])
    def test_a_role_that_does_not_exist_is_none(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, role: str
    ) -> None:
        asks_for_access(noor)
        posts_bluntly(mia.browser, the_request(op).id, "approve", role=role)
        assert roles_of(op) in (None, ["deepdesk.agent"])

    def test_a_denied_person_reads_why_and_is_told_so_when_they_ask_again(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        standing = asks_for_access(noor)
        reason = "Please <b>ask</b> your team lead."
        decides(mia.browser, the_request(op).id, "deny", reason=f"  {reason}\r\nX-Header: y ")
        letter = noor.mail()
        assert letter.due_at == clock.now() + UNDO_WITHIN
        assert f"{reason} X-Header: y" in letter.words
        assert reason not in letter.html
        assert letter.codes == []
        # As long as it can be taken back, nobody reads of it.
        assert "on its way" in noor.browser.opens(standing.request.url).text
        clock.advance(seconds=10)
        assert html.escape(reason, quote=False) in noor.browser.opens(standing.request.url).text
        assert roles_of(op) is None
        noor.elsewhere().asks()
        told = noor.mail()
        assert (told.links, told.codes) == ([], [])
        clock.advance(days=7)
        noor.elsewhere().asks()
        assert "/access-requests/confirm/" in noor.mail().link

    def test_another_mail_that_was_on_its_way_is_no_way_round_a_denial(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        noor.asks()
        noor.elsewhere().asks()
        first, second = noor.mails()
        presses(noor, first)
        decides(mia.browser, the_request(op).id, "deny")
        page = noor.browser.opens(second.link)
        if page.status_code == 200:
            submits(noor.browser, page, "access-request")
        assert the_request(op).status == "denied"

    def test_what_was_denied_the_operator_can_approve_after_all(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        request_id = the_request(op).id
        decides(mia.browser, request_id, "deny")
        clock.advance(seconds=10)
        assert posts_bluntly(mia.browser, request_id, "approve", role="deepdesk.agent").status_code == 409
        assert roles_of(op) is None
        op.runs("access-requests", "approve", request_id)
        assert roles_of(op) == ["deepdesk.agent"]
        assert noor.presses(noor.mails()[-1]).status_code == 303
        assert noor.is_in

    @pytest.mark.parametrize("again", ["approve", "deny"])
    def test_what_was_approved_stays_so(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, again: str
    ) -> None:
        asks_for_access(noor)
        request_id = the_request(op).id
        decides(mia.browser, request_id, "approve", role="deepdesk.agent")
        noor.mail()
        refused = posts_bluntly(mia.browser, request_id, again, role="deepdesk.manager")
        assert refused.status_code == 409
        assert "decided already" in refused.text
        assert roles_of(op) == ["deepdesk.agent"]
        assert noor.mails() == []

    def test_whoever_was_made_meanwhile_keeps_their_role_and_gets_the_link(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        asks_for_access(noor)
        op.makes(ASKER, roles=[Role.EDITOR])
        decides(mia.browser, the_request(op).id, "approve", role="deepdesk.agent")
        assert roles_of(op) == ["deepdesk.editor"]
        assert noor.presses(noor.mail()).status_code == 303
        assert noor.is_in

    def test_every_step_is_in_the_trail(self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent) -> None:
        asks_for_access(noor)
        decides(mia.browser, the_request(op).id, "deny")
        decides(mia.browser, the_request(op).id, "undo")
        decides(mia.browser, the_request(op).id, "approve", role="deepdesk.agent")
        noor.presses(noor.mails()[-1])
        kinds = [kind for kind in trail_of(op) if kind.startswith("access.")]
        assert kinds == ["access.requested", *["access.decided"] * 3, "access.used"]


class TestUndoing:
    @pytest.mark.parametrize("decision", ["approve", "deny"])
    def test_within_ten_seconds_nothing_has_happened(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock, decision: str
    ) -> None:
        asks_for_access(noor)
        request_id = the_request(op).id
        decides(mia.browser, request_id, decision, role="deepdesk.agent")
        clock.advance(seconds=9)
        page = mia.browser.follows(decides(mia.browser, request_id, "undo"))
        assert "waits again" in page.text
        assert the_request(op).status == "pending"
        assert roles_of(op) is None
        assert noor.mails() == []
        # … and it can be decided again.
        assert decides(mia.browser, request_id, "approve", role="deepdesk.editor").status_code == 303
        assert roles_of(op) == ["deepdesk.editor"]
        assert len(noor.mails()) == 1

    def test_after_ten_seconds_it_is_in_effect(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        request_id = the_request(op).id
        decides(mia.browser, request_id, "approve", role="deepdesk.agent")
        clock.advance(seconds=10)
        assert f'id="undo-{request_id}"' not in mia.browser.opens(REQUESTS).text
        assert posts_bluntly(mia.browser, request_id, "undo").status_code == 409
        assert roles_of(op) == ["deepdesk.agent"]

    def test_whoever_decided_takes_it_back_and_nobody_else(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        op.makes("max@acme.example", roles=[Role.MANAGER])
        other = Correspondent.of(op, "max@acme.example")
        other.signs_in()
        asks_for_access(noor)
        request_id = the_request(op).id
        decides(mia.browser, request_id, "approve", role="deepdesk.agent")
        assert f'id="undo-{request_id}"' not in other.browser.opens(REQUESTS).text
        assert posts_bluntly(other.browser, request_id, "undo").status_code == 409
        assert the_request(op).status == "approved"

    def test_somebody_who_was_there_before_stays(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        op.makes(ASKER)
        clock.advance(seconds=1)
        request_id = the_request(op).id
        decides(mia.browser, request_id, "approve", role="deepdesk.agent")
        decides(mia.browser, request_id, "undo")
        assert roles_of(op) == ["deepdesk.agent"]

    def test_the_link_of_what_was_taken_back_opens_nothing(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent
    ) -> None:
        asks_for_access(noor)
        request_id = the_request(op).id
        decides(mia.browser, request_id, "approve", role="deepdesk.agent")
        letter = noor.mail()
        decides(mia.browser, request_id, "undo")
        assert noor.browser.opens(letter.link).status_code == 404
        assert not noor.is_in


class TestWhoDecides:
    @pytest.fixture
    def request_id(self, op: OpenIdProvider, noor: Correspondent) -> str:
        asks_for_access(noor)
        return the_request(op).id

    def test_nobody_without_a_sign_in(self, op: OpenIdProvider, request_id: str, stranger: Browser) -> None:
        for path in ("/manage/?account=acme", REQUESTS):
            sent = stranger.opens(path).headers["Location"]
            assert sent.startswith("/login/?account=acme&after=")
        assert posts_bluntly(stranger, request_id, "approve").headers["Location"].startswith("/login/?")
        assert the_request(op).status == "pending"

    def test_a_manager_without_single_sign_on_comes_by_mail_and_back(self, op: OpenIdProvider, request_id: str) -> None:
        op.makes("max@acme.example", roles=[Role.MANAGER])
        somebody = Correspondent.of(op, "max@acme.example")
        page = somebody.browser.follows(somebody.browser.opens(REQUESTS))
        somebody.browser.follows(submits(somebody.browser, page, "sign-in-email", email=somebody.address))
        back = somebody.browser.follows(somebody.presses(somebody.mail()))
        assert back.request.full_path == REQUESTS
        assert ASKER in back.text

    @pytest.mark.parametrize("person", [EDITOR, AGENT], ids=["editor", "agent"])
    def test_no_editor_and_no_agent(self, op: OpenIdProvider, request_id: str, person: Person) -> None:
        browser = comes_again(op, person)
        page = browser.opens(REQUESTS)
        assert page.status_code == 403
        assert ASKER not in page.text
        for decision in ("approve", "deny", "undo"):
            assert posts_bluntly(browser, request_id, decision).status_code == 403
        assert the_request(op).status == "pending"

    def test_a_manager_who_is_none_any_more(self, op: OpenIdProvider, request_id: str, mia: Correspondent) -> None:
        page = mia.browser.opens(REQUESTS)
        op.signs_in(op.browser(), replace(MIA, roles=("deepdesk.agent",)))
        assert mia.browser.opens(REQUESTS).status_code == 403
        assert submits(mia.browser, page, f"decide-{request_id}", decision="approve").status_code == 403
        assert the_request(op).status == "pending"

    def test_no_manager_of_another_account(self, op: OpenIdProvider, request_id: str) -> None:
        op.account("beta")
        bea = replace(MIA, account="beta", subject="beta-1", email="bea@beta.example")
        browser = comes_again(op, bea)
        own = "/manage/access-requests/?account=beta"
        assert ASKER not in browser.opens(own).text
        assert browser.opens(REQUESTS).headers["Location"].startswith("/login/?account=acme")
        for decision in ("approve", "deny", "undo"):
            missing = posts_bluntly(browser, request_id, decision, to=own)
            unknown = posts_bluntly(browser, "there-is-none", decision, to=own)
            assert missing.status_code == unknown.status_code == 404
            assert without_code(missing.text) == without_code(unknown.text)
        assert the_request(op).status == "pending"

    def test_no_session_of_a_bridge(self, op: OpenIdProvider, request_id: str, stranger: Browser) -> None:
        key = op.runs("api-keys", "create", "acme", "--json").partition('"api_key": "')[2].partition('"')[0]
        given = stranger.http.post(
            f"{op.issuer}/session/api-key/",
            json={"account": "acme", "api_key": key, "agent_id": "17", "agent_name": "Mia"},
        )
        assert given.status_code == 200, given.text
        for line in given.headers.getlist("Set-Cookie"):
            name, _, rest = line.partition("=")
            stranger.is_given(name, rest.partition(";")[0])
        assert stranger.opens(REQUESTS).headers["Location"].startswith("/login/")
        assert posts_bluntly(stranger, request_id, "approve").headers["Location"].startswith("/login/")
        assert the_request(op).status == "pending"

    def test_no_form_of_another_site(self, op: OpenIdProvider, request_id: str, mia: Correspondent) -> None:
        form = {"id": request_id, "decision": "approve", "role": "deepdesk.manager"}
        assert mia.browser.posts(REQUESTS, form).status_code == 400
        assert mia.browser.posts("/manage/enter/?account=acme").status_code == 400
        assert the_request(op).status == "pending"

    def test_no_token_cookie_of_a_manager(
        self, op: OpenIdProvider, request_id: str, mia: Correspondent, stranger: Browser
    ) -> None:
        """CONTRACT §6 rule 11: token cookies never count."""
        mia.browser.follows(mia.browser.opens("/platform/sso?account=acme"))
        for name in ("access_token_cookie", "csrf_access_token"):
            value = mia.browser.cookie(name)
            assert value is not None
            stranger.is_given(name, value)
        assert stranger.opens("/auth/session/").status_code == 200
        assert stranger.opens(REQUESTS).headers["Location"].startswith("/login/")
        assert posts_bluntly(stranger, request_id, "approve").headers["Location"].startswith("/login/")
        assert the_request(op).status == "pending"

    def test_there_are_no_such_accounts(self, op: OpenIdProvider, mia: Correspondent) -> None:
        assert mia.browser.opens("/manage/access-requests/?account=nobody").status_code == 404
        assert mia.browser.opens("/manage/access-requests/?account=staff").status_code in {303, 403}


def without_code(page: str) -> str:
    """An error page without the code that one quotes."""
    code = page.partition('data-code="')[2].partition('"')[0]
    return page.replace(code, "")


class TestAskedTwice:
    """A request expired, its asker made another, and the operator approves the first after all."""

    @pytest.fixture
    def ids(self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock) -> list[str]:
        asks_for_access(noor)
        clock.advance(days=8)
        looks_after(op)
        noor.mails()
        asks_for_access(noor)
        return [one.id for one in requests_in(op)]

    def test_the_other_waits_for_nobody(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, ids: list[str]
    ) -> None:
        op.runs("access-requests", "approve", ids[0])
        assert [one.status for one in requests_in(op)] == ["approved", "approved"]
        assert posts_bluntly(comes_again(op), ids[1], "deny").status_code == 409
        letter = noor.mails()[-1]
        assert noor.presses(letter, code=letter.code).status_code == 303
        assert [one.arrived_at is not None for one in requests_in(op)] == [True, False]

    def test_nobody_who_is_a_user_is_told_no(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, ids: list[str]
    ) -> None:
        op.makes(ASKER)
        noor.mails()
        assert posts_bluntly(comes_again(op), ids[1], "deny").status_code == 409
        assert noor.mails() == []


class TestDeputies:
    @pytest.fixture
    def op(self, op: OpenIdProvider) -> OpenIdProvider:
        """Ed, an editor, is the deputy."""
        op.signs_in(op.browser(), EDITOR)
        lets_in_by_mail(op, deputies=(EDITOR.email or "",))
        return op

    def test_they_decide_what_no_manager_decided_within_a_day(
        self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        request_id = the_request(op).id
        clock.advance(hours=23, minutes=59)
        early = comes_again(op, EDITOR)
        assert ASKER not in early.opens(REQUESTS).text
        assert posts_bluntly(early, request_id, "approve").status_code == 403
        assert posts_bluntly(early, request_id, "deny").status_code == 403
        assert the_request(op).status == "pending"
        clock.advance(minutes=1)
        assert decides(early, request_id, "approve", role="deepdesk.editor").status_code == 303
        assert roles_of(op) == ["deepdesk.editor"]

    def test_they_see_nothing_of_what_managers_decided(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        clock.advance(days=1)
        decides(comes_again(op), the_request(op).id, "deny", reason="A private word.")
        page = comes_again(op, EDITOR).opens(REQUESTS)
        assert page.status_code == 200
        assert ASKER not in page.text
        assert "A private word." not in page.text

    def test_they_decide_about_no_collision(self, op: OpenIdProvider, clock: FrozenClock) -> None:
        """A deputy who brings a manager's address would make themselves the manager."""
        with pytest.raises(NotAdmitted):
            op.signs_in(op.browser(), replace(EDITOR, subject="acme-other", email=MIA.email), email_vouched=False)
        clock.advance(days=3)
        browser = comes_again(op, EDITOR)
        assert MIA.email not in browser.opens(REQUESTS).text
        assert posts_bluntly(browser, the_request(op).id, "approve").status_code == 403
        assert the_request(op).status == "pending"

    @pytest.mark.parametrize("role", ["deepdesk.manager"])
    def test_they_give_no_role_above_their_own(
        self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock, role: str
    ) -> None:
        asks_for_access(noor)
        clock.advance(days=1)
        browser = comes_again(op, EDITOR)
        assert role not in browser.opens(REQUESTS).text
        assert decides(browser, the_request(op).id, "approve", role=role).status_code == 403
        assert (the_request(op).status, roles_of(op)) == ("pending", None)

    def test_they_are_told_once_and_managers_reminded_once(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        mia.mails()
        ed = Correspondent.of(op, EDITOR.email or "")
        clock.advance(hours=23)
        assert looks_after(op) == 0
        clock.advance(hours=1)
        assert [looks_after(op) for _ in range(3)] == [1, 0, 0]
        assert len(mia.mails()) == 1
        assert ed.mail().link == f"{op.issuer}{REQUESTS}"
        clock.advance(hours=12)
        looks_after(op)
        assert (mia.mails(), ed.mails()) == ([], [])
        assert trail_of(op).count("access.escalated") == 1

    def test_one_who_is_disabled_is_neither_told_nor_decides(
        self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        browser = comes_again(op, EDITOR)
        with op.app.app_context(), reading() as session:
            ed = users.holder_of_address(session, AccountCode("acme"), EDITOR.email or "")
            assert ed is not None
        op.runs("users", "disable", ed.id)
        clock.advance(days=1)
        looks_after(op)
        assert Correspondent.of(op, EDITOR.email or "").mails() == []
        assert posts_bluntly(browser, the_request(op).id, "approve").status_code == 303
        assert the_request(op).status == "pending"

    def test_what_was_decided_is_left_in_peace(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        decides(mia.browser, the_request(op).id, "approve", role="deepdesk.agent")
        mia.mails()
        clock.advance(days=8)
        assert looks_after(op) == 0
        assert mia.mails() == []

    def test_the_account_says_after_how_many_hours(
        self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock
    ) -> None:
        lets_in_by_mail(op, escalate_after=2)
        asks_for_access(noor)
        clock.advance(hours=2)
        assert looks_after(op) == 1
        assert posts_bluntly(comes_again(op, EDITOR), the_request(op).id, "approve").status_code == 303


class TestStaff:
    @pytest.fixture
    def op(self, op: OpenIdProvider) -> OpenIdProvider:
        op.staff_sign_in_with_google()
        op.signs_in(op.browser(), CASEY)
        return op

    def enters(self, browser: Browser) -> TestResponse:
        page = browser.opens(REQUESTS)
        assert 'id="manage-enter"' in page.text, page.text
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        return browser.follows(browser.posts("/manage/enter/?account=acme", {"csrf_token": token}))

    def test_they_choose_to_enter_and_the_customer_sees_it(self, op: OpenIdProvider, noor: Correspondent) -> None:
        asks_for_access(noor)
        op.grants(CASEY.email or "", "acme")
        casey = comes_again(op, CASEY)
        request_id = the_request(op).id
        assert ASKER not in casey.opens(REQUESTS).text
        posts_bluntly(casey, request_id, "approve")
        assert the_request(op).status == "pending"
        assert "staff.manages" not in trail_of(op)
        assert ASKER in self.enters(casey).text
        assert "staff.manages" in trail_of(op)
        assert decides(casey, request_id, "approve", role="deepdesk.agent").status_code == 303
        assert roles_of(op) == ["deepdesk.agent"]

    @pytest.mark.parametrize("role", [Role.EDITOR, Role.AGENT])
    def test_a_smaller_grant_opens_nothing(self, op: OpenIdProvider, noor: Correspondent, role: Role) -> None:
        asks_for_access(noor)
        op.grants(CASEY.email or "", "acme", roles=(role,))
        casey = comes_again(op, CASEY)
        assert casey.opens(REQUESTS).status_code == 403
        assert posts_bluntly(casey, the_request(op).id, "approve").status_code == 403

    def test_without_a_grant_or_with_one_elsewhere_neither(self, op: OpenIdProvider, noor: Correspondent) -> None:
        op.account("beta")
        asks_for_access(noor)
        op.grants(CASEY.email or "", "beta")
        casey = comes_again(op, CASEY)
        assert casey.opens(REQUESTS).status_code == 403
        assert posts_bluntly(casey, the_request(op).id, "approve").status_code == 403
        token = casey.opens("/logout/").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        casey.posts("/manage/enter/?account=acme", {"csrf_token": token})
        assert casey.opens(REQUESTS).status_code == 403

    def test_a_revoked_grant_closes_the_page_at_once(self, op: OpenIdProvider, noor: Correspondent) -> None:
        asks_for_access(noor)
        op.grants(CASEY.email or "", "acme")
        casey = comes_again(op, CASEY)
        page = self.enters(casey)
        op.revokes(CASEY.email or "", "acme")
        assert submits(casey, page, f"decide-{the_request(op).id}", decision="approve").status_code == 403
        assert the_request(op).status == "pending"
        op.grants(CASEY.email or "", "acme")
        assert 'id="manage-enter"' in casey.opens(REQUESTS).text

    def test_a_grant_that_is_over_does_too(self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock) -> None:
        op.grants(CASEY.email or "", "acme", until=clock.now() + timedelta(minutes=5))
        casey = comes_again(op, CASEY)
        self.enters(casey)
        clock.advance(minutes=5)
        assert casey.opens(REQUESTS).status_code == 403

    def test_a_choice_made_in_one_browser_counts_in_no_other(self, op: OpenIdProvider, noor: Correspondent) -> None:
        op.grants(CASEY.email or "", "acme")
        self.enters(comes_again(op, CASEY))
        assert 'id="manage-enter"' in comes_again(op, CASEY).opens(REQUESTS).text

    def test_they_are_told_after_twice_the_time(
        self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock
    ) -> None:
        op.grants(CASEY.email or "", "acme")
        asks_for_access(noor)
        casey = Correspondent.of(op, CASEY.email or "")
        clock.advance(hours=24)
        looks_after(op)
        assert casey.mails() == []
        clock.advance(hours=24)
        assert [looks_after(op) for _ in range(2)] == [1, 0]
        assert casey.mail().link == f"{op.issuer}{REQUESTS}"

    def test_only_those_who_may_enter_as_manager_are_told(
        self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock
    ) -> None:
        op.grants(CASEY.email or "", "acme", roles=(Role.EDITOR,))
        asks_for_access(noor)
        clock.advance(hours=48)
        looks_after(op)
        assert Correspondent.of(op, CASEY.email or "").mails() == []


class TestExpiry:
    def test_after_seven_days_it_ends_kindly(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        standing = asks_for_access(noor)
        clock.advance(days=6, hours=23)
        looks_after(op)
        assert the_request(op).status == "pending"
        clock.advance(hours=1)
        assert [looks_after(op) for _ in range(2)] == [1, 0]
        assert the_request(op).status == "expired"
        letter = noor.mail()
        assert letter.codes == []
        assert "has ended" in noor.browser.opens(standing.request.url).text
        assert trail_of(op).count("access.expired") == 1
        noor.elsewhere().asks()
        assert "/access-requests/confirm/" in noor.mail().link

    def test_the_account_says_after_how_many_days(
        self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock
    ) -> None:
        lets_in_by_mail(op, request_expiry=2)
        asks_for_access(noor)
        clock.advance(days=2)
        looks_after(op)
        assert the_request(op).status == "expired"

    def test_the_operator_can_approve_it_after_all(
        self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        request_id = the_request(op).id
        clock.advance(days=7)
        looks_after(op)
        noor.mails()
        browser = comes_again(op)
        for decision in ("deny", "approve"):
            assert posts_bluntly(browser, request_id, decision).status_code == 409
        op.runs("access-requests", "approve", request_id)
        letter = noor.mail()
        noor.presses(letter, code=letter.code)
        assert noor.is_in

    def test_it_can_be_asked_again(self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock) -> None:
        asks_for_access(noor)
        clock.advance(days=7)
        looks_after(op)
        noor.mails()
        asks_for_access(noor)
        assert [one.status for one in requests_in(op)] == ["expired", "pending"]


class TestTimeToAccess:
    def test_the_page_tells_how_long_people_waited(
        self, op: OpenIdProvider, noor: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        clock.advance(hours=3)
        browser = comes_again(op)
        assert "From asking to the first sign-in" not in browser.opens(REQUESTS).text
        decides(browser, the_request(op).id, "approve", role="deepdesk.agent")
        letter = noor.mail()
        clock.advance(seconds=30)
        noor.presses(letter, code=letter.code)
        page = " ".join(browser.opens(REQUESTS).text.split())
        assert "From asking to the first sign-in" in page
        assert "<strong>3 hours</strong>" in page
        assert "people: 1" in page

    def test_the_first_sign_in_counts_and_no_later_one(
        self, op: OpenIdProvider, noor: Correspondent, mia: Correspondent, clock: FrozenClock
    ) -> None:
        asks_for_access(noor)
        decides(mia.browser, the_request(op).id, "approve", role="deepdesk.agent")
        noor.presses(noor.mail())
        arrived_at = the_request(op).arrived_at
        clock.advance(minutes=20)
        noor.signs_in()
        assert arrived_at is not None
        assert the_request(op).arrived_at == arrived_at
        assert trail_of(op).count("access.used") == 1


class TestCollisions:
    """``kind: link``: a sign-in brought an address that somebody holds; the managers say who it is."""

    LINA = replace(MIA, subject="acme-20", email="lina@acme.example", name="Lina", roles=("deepdesk.agent",))
    AGAIN = replace(LINA, subject="other-20", provider="other", name="Lina L.")

    @pytest.fixture
    def met(self, op: OpenIdProvider) -> str:
        """A second provider brought Lina's address; return the request's id."""
        op.upstream("other")
        op.signs_in(op.browser(), self.LINA)
        with pytest.raises(NotAdmitted):
            op.signs_in(op.browser(), self.AGAIN)
        return the_request(op).id

    def test_the_managers_are_mailed_once_and_see_both(self, op: OpenIdProvider, met: str, mia: Correspondent) -> None:
        assert [letter.links for letter in mia.mails() if letter.links] == [[f"{op.issuer}{REQUESTS}"]]
        with pytest.raises(NotAdmitted):
            op.signs_in(op.browser(), self.AGAIN)
        assert mia.mails() == []
        page = mia.browser.opens(REQUESTS).text
        for words in ("Lina L.", "lina@acme.example", "The same person", "Somebody else"):
            assert words in page

    def test_the_same_person_signs_in_from_then_on(self, op: OpenIdProvider, met: str, mia: Correspondent) -> None:
        decides(mia.browser, met, "approve")
        op.signs_in(op.browser(), self.AGAIN)
        assert roles_of(op, "lina@acme.example") == ["deepdesk.agent"]

    def test_somebody_else_stays_out(self, op: OpenIdProvider, met: str, mia: Correspondent) -> None:
        decides(mia.browser, met, "deny")
        with pytest.raises(NotAdmitted):
            op.signs_in(op.browser(), self.AGAIN)

    def test_a_slip_can_be_taken_back(
        self, op: OpenIdProvider, met: str, mia: Correspondent, clock: FrozenClock
    ) -> None:
        decides(mia.browser, met, "approve")
        decides(mia.browser, met, "undo")
        with pytest.raises(NotAdmitted):
            op.signs_in(op.browser(), self.AGAIN)
        decides(mia.browser, met, "approve")
        clock.advance(seconds=10)
        assert posts_bluntly(mia.browser, met, "undo").status_code == 409

    def test_no_role_comes_with_it(self, op: OpenIdProvider, met: str, mia: Correspondent) -> None:
        posts_bluntly(mia.browser, met, "approve", role="deepdesk.manager")
        assert roles_of(op, "lina@acme.example") == ["deepdesk.agent"]

    def test_no_manager_of_another_account_decides_it(self, op: OpenIdProvider, met: str) -> None:
        op.account("beta")
        bea = replace(MIA, account="beta", subject="beta-1", email="bea@beta.example")
        own = "/manage/access-requests/?account=beta"
        assert posts_bluntly(comes_again(op, bea), met, "approve", to=own).status_code == 404
        assert the_request(op).status == "pending"
