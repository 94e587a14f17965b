"""What stands before the pages of management: a permission, and for sensitive acts a fresh proof (CONTRACT §6, 11)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.store.access_requests import AccessRequest
from idp.store.audit_events import AuditEvent
from idp.store.unit_of_work import reading
from idp.store.users import User
from tests.pages.manage import PEOPLE, asked, page_of, sends, shown, signs_in_as
from tests.protocol.test_access_requests import ASKER, REQUESTS, asks_for_access, decides
from tests.support.app import CASEY, MIA, SAM, OpenIdProvider
from tests.support.forms import submits
from tests.support.mail import WRONG, Correspondent, lets_in_by_mail
from tests.support.platform import RunningPlatform

PROOF = "/manage/proof/"
LONG_AGO = 15 * 60 + 1


@pytest.fixture
def mia(op: OpenIdProvider) -> Correspondent:
    """The manager, signed in, to whom mail can go."""
    lets_in_by_mail(op)
    return Correspondent.of(op, "mia@acme.example", browser=signs_in_as(op))


def denials(op: OpenIdProvider) -> list[tuple[str | None, str, object]]:
    with op.app.app_context(), reading() as session:
        found = session.scalars(select(AuditEvent).where(AuditEvent.kind == "permission.denied"))
        return [(event.account_code, event.outcome, event.details["permission"]) for event in found]


def shown_id(op: OpenIdProvider, email: str | None) -> str:
    with op.app.app_context(), reading() as session:
        found = session.scalar(select(User.id).where(User.email == email))
    assert found
    return found


def proves_it(mia: Correspondent, sent_away: TestResponse) -> TestResponse:
    """Have a code mailed and type it; return the answer, and do not follow it."""
    offer = mia.browser.opens(sent_away.headers["Location"])
    assert "Mail me a code" in offer.text, offer.headers.get("Location")
    waiting = mia.browser.follows(submits(mia.browser, offer, "fresh-proof"))
    return mia.types(mia.mail().code, waiting)


class TestAPermission:
    def test_that_is_missing_is_a_page_that_says_so_and_on_record(self, op: OpenIdProvider) -> None:
        sam = signs_in_as(op, SAM)
        op.runs("accounts", "update", "acme", "--deputy", "sam@acme.example")
        assert sam.opens(REQUESTS).status_code == 200
        refused = sam.opens(PEOPLE)
        assert refused.status_code == 403
        assert "<h1" in refused.text
        assert "mia@" not in refused.text
        assert denials(op) == [("acme", "denied", "users.view_user")]

    @pytest.mark.parametrize("path", ["/manage/keys/", "/manage/keys/new/", "/manage/providers/new/"])
    def test_of_staff_is_no_managers(self, op: OpenIdProvider, path: str) -> None:
        assert signs_in_as(op).opens(f"{path}?account=acme").status_code in {403, 404}

    def test_is_asked_for_before_a_proof(self, op: OpenIdProvider) -> None:
        """Nobody is sent round for what they may not do anyway."""
        sam = signs_in_as(op, SAM)
        op.runs("accounts", "update", "acme", "--deputy", "sam@acme.example")
        op.clock.advance(seconds=LONG_AGO)
        assert sam.opens(page_of(shown_id(op, SAM.email), "roles/")).status_code == 403

    def test_is_not_asked_for_of_whoever_looks_after_nothing(self, op: OpenIdProvider) -> None:
        assert signs_in_as(op, SAM).opens(PEOPLE).status_code == 403
        assert denials(op) == []


class TestAFreshProof:
    @pytest.fixture
    def kim(self, op: OpenIdProvider) -> str:
        op.runs("providers", "update", "acme", "platform", "--no-role-based-iam")
        return op.makes("kim@acme.example", name="Kim")

    def test_of_a_quarter_of_an_hour_ago_will_do(self, op: OpenIdProvider, mia: Correspondent, kim: str) -> None:
        op.clock.advance(seconds=LONG_AGO - 1)
        assert mia.browser.opens(page_of(kim, "roles/")).status_code == 200

    def test_is_wanted_after_that_and_leads_back(self, op: OpenIdProvider, mia: Correspondent, kim: str) -> None:
        op.clock.advance(seconds=LONG_AGO)
        sent_away = mia.browser.opens(page_of(kim, "roles/"))
        assert sent_away.status_code == 303
        assert sent_away.headers["Location"].startswith(PROOF)
        back = proves_it(mia, sent_away)
        assert back.headers["Location"] == page_of(kim, "roles/")
        assert mia.browser.opens(back.headers["Location"]).status_code == 200

    def test_brings_back_what_was_typed(self, op: OpenIdProvider, mia: Correspondent, kim: str) -> None:
        op.clock.advance(seconds=LONG_AGO - 30)
        page = mia.browser.opens(page_of(kim, "roles/"))
        assert page.status_code == 200
        op.clock.advance(seconds=60)
        sent_away = sends(mia.browser, page_of(kim, "roles/"), {"role": ["deepdesk.editor"]})
        assert shown(op, kim).roles == ["deepdesk.agent"]
        after = asked(sent_away.headers["Location"])["after"][0]
        assert asked(after)["role"] == ["deepdesk.editor"]
        assert "csrf_token" not in after
        back = mia.browser.opens(proves_it(mia, sent_away).headers["Location"])
        assert back.status_code == 200
        assert 'value="deepdesk.editor" checked' in back.text.replace("\n", " ")
        assert shown(op, kim).roles == ["deepdesk.agent"]

    def test_takes_no_wrong_code(self, op: OpenIdProvider, mia: Correspondent, kim: str) -> None:
        op.clock.advance(seconds=LONG_AGO)
        sent_away = mia.browser.opens(page_of(kim, "roles/"))
        offer = mia.browser.opens(sent_away.headers["Location"])
        waiting = mia.browser.follows(submits(mia.browser, offer, "fresh-proof"))
        assert mia.types(WRONG, waiting).status_code == 422
        assert mia.browser.opens(page_of(kim, "roles/")).status_code == 303

    def test_is_nobody_elses(self, op: OpenIdProvider, mia: Correspondent, kim: str) -> None:
        op.clock.advance(seconds=LONG_AGO)
        sent_away = mia.browser.opens(page_of(kim, "roles/"))
        assert op.browser().opens(sent_away.headers["Location"]).headers["Location"].startswith("/login/?")
        sam = signs_in_as(op, SAM)
        assert "Mail me a code" not in sam.opens(sent_away.headers["Location"]).text

    def test_is_not_wanted_for_looking(self, op: OpenIdProvider, mia: Correspondent, kim: str) -> None:
        op.clock.advance(seconds=LONG_AGO)
        assert mia.browser.opens(PEOPLE).status_code == 200
        assert mia.browser.opens(page_of(kim)).status_code == 200

    @pytest.mark.parametrize(
        "after",
        [
            "",
            "https://evil.example/",
            "//evil.example/manage/",
            "/\\evil.example/manage/",
            "/manage/../logout/",
            "/manage//evil.example/",
            "/manage/%2e%2e/logout/",
            "/manage/@evil.example/",
            "/manage\n/",
            "/manage/\r\nX: y",
            "/manage/people",
            "/account/",
            "/managed/",
            "javascript:alert(1)",
            "/manage/?" + "a" * 2048,
            "/manage/é/",
        ],
        ids=ascii,
    )
    def test_leads_back_to_a_page_of_management_and_nowhere_else(self, mia: Correspondent, after: str) -> None:
        query = urlencode({"account": "acme", "after": after})
        assert mia.browser.opens(f"{PROOF}?{query}").status_code == 404
        assert sends(mia.browser, f"{PROOF}?{query}", {}).status_code == 404
        assert mia.mails() == []

    def test_without_a_page_that_waits_there_is_none(self, mia: Correspondent) -> None:
        assert mia.browser.opens(f"{PROOF}?account=acme").status_code == 404

    @pytest.mark.parametrize("m", ["", "x", "'", "\x00", "a" * 5000, "é"], ids=ascii)
    def test_of_a_mail_that_was_never_sent_is_none(self, mia: Correspondent, m: str) -> None:
        query = urlencode({"account": "acme", "after": PEOPLE, "m": m})
        assert mia.browser.opens(f"{PROOF}?{query}").status_code in {400, 404, 422}
        assert sends(mia.browser, f"{PROOF}?{query}", {"code": WRONG}).status_code in {400, 404, 422}


class TestSomebodyWithoutAnAddress:
    def test_signs_in_again_and_comes_back(self, op: OpenIdProvider) -> None:
        """No code can go to an address that nobody vouched for."""
        kim = op.makes("kim@acme.example", name="Kim")
        una = signs_in_as(op, replace(MIA, subject="acme-10", email=None, name="Una"))
        op.clock.advance(seconds=LONG_AGO)
        sent_away = una.opens(page_of(kim, "roles/"))
        again = una.opens(sent_away.headers["Location"]).headers["Location"]
        assert again.startswith("/login/?account=acme&after=")
        assert asked(again)["again"] == ["1"]
        assert asked(again)["after"] == [page_of(kim, "roles/")]

    def test_is_asked_again_by_the_upstream(self, connected: OpenIdProvider) -> None:
        """Its session there would prove nothing."""
        browser = connected.browser()
        departure = browser.follows(browser.opens(f"/login/?account=acme&again=1&after={quote(PEOPLE)}"))
        assert "prompt=login" in departure.headers["Location"]
        usual = connected.browser()
        departure = usual.follows(usual.opens(f"/login/?account=acme&after={quote(PEOPLE)}"))
        assert "prompt=login" not in departure.headers["Location"]

    def test_comes_back_from_the_upstream_to_the_page(
        self, connected: OpenIdProvider, platform: RunningPlatform
    ) -> None:
        browser = connected.browser()
        waiting = browser.opens(f"/login/?account=acme&again=1&after={quote(PEOPLE)}")
        assert browser.returns_from(platform, waiting).headers["Location"] == PEOPLE
        assert browser.opens(PEOPLE).status_code == 200


class TestApproving:
    @pytest.fixture
    def waiting(self, op: OpenIdProvider, mia: Correspondent) -> str:
        noor = Correspondent.of(op, ASKER)
        asks_for_access(noor)
        mia.mails()
        op.clock.advance(seconds=LONG_AGO)
        with op.app.app_context(), reading() as session:
            [row] = session.scalars(select(AccessRequest))
        return row.id

    def status(self, op: OpenIdProvider) -> str:
        with op.app.app_context(), reading() as session:
            [row] = session.scalars(select(AccessRequest))
        return str(row.status)

    def test_an_agent_needs_no_fresh_proof(self, op: OpenIdProvider, mia: Correspondent, waiting: str) -> None:
        done = decides(mia.browser, waiting, "approve", role="deepdesk.agent")
        assert done.headers["Location"].startswith(REQUESTS)
        assert self.status(op) == "approved"

    def test_more_than_an_agent_does(self, op: OpenIdProvider, mia: Correspondent, waiting: str) -> None:
        sent_away = decides(mia.browser, waiting, "approve", role="deepdesk.editor")
        assert sent_away.headers["Location"].startswith(PROOF)
        assert self.status(op) == "pending"
        back = proves_it(mia, sent_away)
        assert back.headers["Location"].startswith(REQUESTS)
        assert self.status(op) == "pending"
        decides(mia.browser, waiting, "approve", role="deepdesk.editor")
        assert self.status(op) == "approved"

    def test_to_deny_does_not(self, op: OpenIdProvider, mia: Correspondent, waiting: str) -> None:
        assert decides(mia.browser, waiting, "deny").headers["Location"].startswith(REQUESTS)
        assert self.status(op) == "denied"


class TestStaff:
    def test_choose_to_enter_before_anything_else(self, op: OpenIdProvider) -> None:
        op.staff_sign_in_with_google()
        op.grants(CASEY.email or "", "acme")
        casey = signs_in_as(op, CASEY)
        page = casey.opens(PEOPLE)
        assert page.status_code == 200
        assert "mia@" not in page.text
        [form] = [one for one in page.text.split("<form")[1:] if "/manage/enter/" in one]
        assert form
        sends(casey, "/manage/enter/?account=acme", {})
        assert casey.opens(PEOPLE).status_code == 200

    def test_have_no_pages_for_their_own_account(self, op: OpenIdProvider) -> None:
        op.staff_sign_in_with_google()
        op.grants(CASEY.email or "")
        assert signs_in_as(op, CASEY).opens("/manage/people/?account=staff").status_code == 403


@pytest.mark.parametrize("browser_of", ["nobody", "somebody of another account"])
def test_whoever_is_not_there_signs_in_first(op: OpenIdProvider, browser_of: str) -> None:
    op.account("globex")
    browser = op.browser()
    if browser_of != "nobody":
        op.signs_in(browser, replace(MIA, account="globex"))
    answer = browser.opens(PEOPLE)
    assert answer.status_code in {303, 403}
    assert "mia@" not in answer.text
