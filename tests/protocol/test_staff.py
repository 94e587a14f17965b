"""Staff at the clients of customers, and at their own (CONTRACT §6 rule 8, §4: ``idp_hint=staff:CODE``)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from idp.domain.identifiers import AccountCode
from idp.domain.roles import Role
from idp.services.people import staff
from idp.services.people.staff import GrantTerms
from idp.services.registry import clients
from idp.store import audit_events
from idp.store.unit_of_work import reading
from tests.support.app import MIA, Browser, OpenIdProvider, Person
from tests.support.mail import Postbox
from tests.support.rp import AuthorizationAnswer, RelyingParty

CASEY = Person(
    account="staff",
    subject="deepdesk-0001",
    email="casey.staff@deepdesk.example",
    name="Casey Staff",
    given_name="Casey",
    family_name="Staff",
    roles=(),
)


@pytest.fixture
def op(op: OpenIdProvider) -> OpenIdProvider:
    """Staff have a provider of their own."""
    op.upstream("platform", account="staff", role_based_iam=False)
    return op


@pytest.fixture
def casey(op: OpenIdProvider) -> Browser:
    """A browser to which Casey of staff is signed in."""
    browser = op.browser()
    op.signs_in(browser, CASEY)
    return browser


def grants(op: OpenIdProvider, *roles: Role, into: tuple[str, ...] | None = ("acme",), **terms: object) -> None:
    """Do what ``idp staff grant`` does."""
    with op.app.app_context():
        given = GrantTerms(roles=roles or (Role.EDITOR,), **terms)  # type: ignore[arg-type]
        staff.grant(CASEY.email or "", into, given, context=op.context)


def revokes(op: OpenIdProvider, *accounts: str) -> None:
    """Do what ``idp staff revoke`` does."""
    with op.app.app_context():
        staff.revoke(CASEY.email or "", accounts or None, context=op.context)


def enters(browser: Browser, asked: AuthorizationAnswer) -> AuthorizationAnswer:
    """Press the button of the page that a staff member is sent to."""
    address = asked.location
    assert address.startswith("/login/staff/?r="), asked
    page = browser.opens(address)
    assert page.status_code == 200, page.text
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    done = browser.posts(address, {"csrf_token": token}, headers={"Origin": browser.issuer})
    assert done.status_code == 303, done.text
    return AuthorizationAnswer(browser.follows(done), asked.asked)


class TestAtACustomersClient:
    def test_staff_choose_to_enter_and_are_what_the_grant_says(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        grants(op, Role.EDITOR)
        answer = enters(casey, rp.asks(casey))
        claims = rp.verifies(rp.redeems(answer.code).tokens.id_token, nonce=answer.asked.nonce)
        assert (claims["account"], claims["staff"]) == ("acme", True)
        assert (claims["roles"], claims["role_name"]) == (["deepdesk.editor"], "deepdesk.editor")
        assert claims["groups"] == ["Studio Editor"]

    def test_the_access_token_and_userinfo_say_the_same(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        grants(op, Role.MANAGER)
        tokens = rp.redeems(enters(casey, rp.asks(casey)).code).tokens
        said = rp.asks_userinfo(tokens.access_token).claims
        assert (said["account"], said["staff"], said["roles"]) == ("acme", True, ["deepdesk.manager"])

    def test_they_are_the_same_subject_in_every_account(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        op.account("beta")
        grants(op, into=("acme", "beta"))
        other = RelyingParty.registered_at(op, "Beta's", account="beta")
        subjects = {
            one.verifies(one.redeems(answer.code).tokens.id_token, nonce=answer.asked.nonce)["sub"]
            for one in (rp, other)
            for answer in [enters(casey, one.asks(casey))]
        }
        assert len(subjects) == 1

    def test_managers_are_told_the_first_time_that_somebody_enters_anywhere(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        op.makes("mia@acme.example", roles=["deepdesk.manager"])
        postbox = Postbox(op)
        postbox.brings()
        grants(op, Role.EDITOR)
        enters(casey, rp.asks(casey))
        [letter] = postbox.brings()
        assert letter.to == "mia@acme.example"
        assert "came into Acme for the first time, at Studio, as Studio Editor." in letter.words
        assert "It was done by Deepdesk staff: Casey Staff." in letter.words
        assert "from the network address 127.0.0.1." in letter.words
        enters(casey, RelyingParty.registered_at(op, "Another").asks(casey))
        elsewhere = op.browser()
        op.signs_in(elsewhere, CASEY)
        enters(elsewhere, rp.asks(elsewhere))
        assert postbox.brings() == []

    def test_the_choice_is_remembered_for_that_client_alone(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        grants(op)
        enters(casey, rp.asks(casey))
        assert rp.asks(casey).has_a_code()
        assert rp.asks(casey, prompt="none").has_a_code()
        other = RelyingParty.registered_at(op, "Another")
        assert other.asks(casey).location.startswith("/login/staff/")
        assert other.asks(casey, prompt="none").is_refused_as("interaction_required")

    def test_a_choice_made_in_one_browser_counts_in_no_other(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        grants(op)
        enters(casey, rp.asks(casey))
        elsewhere = op.browser()
        op.signs_in(elsewhere, CASEY)
        assert rp.asks(elsewhere).location.startswith("/login/staff/")

    def test_nobody_enters_without_a_grant(self, op: OpenIdProvider, rp: RelyingParty, casey: Browser) -> None:
        op.account("beta")
        grants(op, into=("beta",))
        assert rp.asks(casey, prompt="none").is_refused_as("access_denied")
        hinted = rp.asks(casey, idp_hint="staff:platform")
        page = casey.opens(hinted.location)
        assert page.status_code == 403
        assert 'id="error"' in page.text
        assert "grant" in page.text

    def test_the_page_without_grant_leads_back_as_access_denied(self, rp: RelyingParty, casey: Browser) -> None:
        asked = rp.asks(casey, idp_hint="staff:platform")
        parked = asked.location.partition("?r=")[2]
        back = casey.opens(f"/oauth/authorize/resume/?r={parked}&cancel=1")
        assert AuthorizationAnswer(back, asked.asked).is_refused_as("access_denied")

    def test_without_grant_staff_may_still_sign_in_as_one_of_the_customers_people(
        self, rp: RelyingParty, casey: Browser
    ) -> None:
        assert rp.asks(casey).asks_to_sign_in()

    def test_a_grant_for_every_account_opens_each(self, op: OpenIdProvider, rp: RelyingParty, casey: Browser) -> None:
        grants(op, into=None)
        assert enters(casey, rp.asks(casey)).has_a_code()

    def test_a_grant_that_is_over_opens_nothing(self, op: OpenIdProvider, rp: RelyingParty, casey: Browser) -> None:
        grants(op, until=op.clock.now() + timedelta(minutes=5))
        tokens = rp.redeems(enters(casey, rp.asks(casey)).code)
        assert tokens.body["expires_in"] == 300
        op.clock.advance(minutes=5)
        assert rp.asks(casey, prompt="none").is_refused_as("access_denied")
        assert rp.asks_userinfo(tokens.tokens.access_token).is_refused_as("invalid_token")

    def test_revoking_ends_what_is_open_at_once(self, op: OpenIdProvider, rp: RelyingParty, casey: Browser) -> None:
        grants(op)
        entered = enters(casey, rp.asks(casey))
        tokens = rp.redeems(entered.code).tokens
        unredeemed = rp.obtains_a_code_for(casey)
        revokes(op, "acme")
        assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")
        assert rp.redeems(unredeemed).is_refused_as("invalid_grant")
        assert rp.asks(casey, prompt="none").is_refused_as("access_denied")

    def test_after_a_new_grant_they_choose_again(self, op: OpenIdProvider, rp: RelyingParty, casey: Browser) -> None:
        grants(op)
        enters(casey, rp.asks(casey))
        revokes(op)
        grants(op, Role.AGENT)
        assert rp.asks(casey).location.startswith("/login/staff/")

    def test_a_changed_grant_changes_the_next_token(self, op: OpenIdProvider, rp: RelyingParty, casey: Browser) -> None:
        grants(op, Role.MANAGER)
        enters(casey, rp.asks(casey))
        grants(op, Role.AGENT)
        claims = rp.verifies(rp.obtains_tokens_for(casey, nonce=None).id_token)
        assert claims["roles"] == ["deepdesk.agent"]

    def test_a_larger_grant_is_entered_by_a_new_choice_alone(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        grants(op, Role.AGENT)
        enters(casey, rp.asks(casey))
        grants(op, Role.MANAGER)
        assert rp.asks(casey, prompt="none").is_refused_as("interaction_required")
        assert enters(casey, rp.asks(casey)).has_a_code()
        assert rp.asks(casey, prompt="none").has_a_code()

    def test_who_wanted_to_enter_without_a_grant_is_in_the_customers_audit(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        casey.opens(rp.asks(casey, idp_hint="staff:platform").location)
        with op.app.app_context(), reading() as session:
            kinds = [event.kind for event in audit_events.after(session, 0, account=AccountCode("acme"))]
        assert "staff.refused" in kinds

    def test_a_form_may_lead_on_to_the_clients_own_address_and_no_other(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        grants(op)
        policy = casey.opens(rp.asks(casey).location).headers["Content-Security-Policy"]
        assert "form-action 'self' https://studio.example.com;" in policy

    def test_a_disabled_account_is_entered_by_nobody(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        grants(op)
        code = enters(casey, rp.asks(casey)).code
        op.disables_account("acme")
        assert rp.redeems(code).is_refused_as("invalid_grant")

    def test_the_customer_sees_the_entry_in_its_own_audit(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        grants(op)
        enters(casey, rp.asks(casey))
        with op.app.app_context(), reading() as session:
            kinds = [event.kind for event in audit_events.after(session, 0, account=AccountCode("acme"))]
        assert "staff.entered" in kinds
        assert "code.issued" in kinds

    def test_the_customers_own_person_goes_first_unless_staff_are_asked_for(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        grants(op)
        op.signs_in(casey, MIA)
        claims = rp.verifies(rp.obtains_tokens_for(casey, nonce=None).id_token)
        assert "staff" not in claims
        answer = enters(casey, rp.asks(casey, idp_hint="staff:platform"))
        claims = rp.verifies(rp.redeems(answer.code).tokens.id_token, nonce=answer.asked.nonce)
        assert claims["staff"] is True

    def test_the_button_of_another_site_enters_nothing(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        grants(op)
        address = rp.asks(casey).location
        assert casey.posts(address, {}).status_code == 400
        assert rp.asks(casey).location.startswith("/login/staff/")

    def test_the_page_of_another_browsers_request_enters_nothing(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser, stranger: Browser
    ) -> None:
        grants(op)
        foreign = rp.asks(stranger).location.partition("?r=")[2]
        assert casey.opens(f"/login/staff/?r={foreign}").status_code == 400

    def test_somebody_who_is_not_staff_has_no_such_page(
        self, op: OpenIdProvider, rp: RelyingParty, browser: Browser
    ) -> None:
        op.account("beta")
        other = RelyingParty.registered_at(op, "Beta's", account="beta")
        parked = other.asks(browser).location.partition("?r=")[2]
        assert browser.opens(f"/login/staff/?r={parked}").headers["Location"] == f"/login/?r={parked}"


class TestAtAClientWithoutAccount:
    @pytest.fixture
    def tool(self, op: OpenIdProvider) -> RelyingParty:
        return RelyingParty.registered_at(op, "Back office", account=None)

    def test_staff_are_staff(self, tool: RelyingParty, casey: Browser) -> None:
        claims = tool.verifies(tool.obtains_tokens_for(casey, nonce=None).id_token)
        assert (claims["account"], claims["staff"]) == ("staff", True)
        assert claims["roles"] == ["deepdesk.agent"]

    def test_nobody_else_is_admitted(self, tool: RelyingParty, browser: Browser) -> None:
        assert tool.asks(browser, prompt="none").is_refused_as("login_required")
        assert tool.asks(browser).asks_to_sign_in()
        assert tool.asks(browser, account="acme").is_refused_as("invalid_request")

    def test_an_admitted_accounts_people_are(self, op: OpenIdProvider, browser: Browser) -> None:
        shared = RelyingParty.registered_at(op, "Shared", account=None, admitted=("acme",))
        claims = shared.verifies(shared.obtains_tokens_for(browser, nonce=None).id_token)
        assert claims["account"] == "acme"
        assert "staff" not in claims

    def test_the_parameter_account_says_whose_person_is_meant(self, op: OpenIdProvider, browser: Browser) -> None:
        shared = RelyingParty.registered_at(op, "Shared", account=None, admitted=("acme",))
        op.signs_in(browser, CASEY)
        for account in ("acme", "staff"):
            answer = shared.asks(browser, account=account)
            claims = shared.verifies(shared.redeems(answer.code).tokens.id_token, nonce=answer.asked.nonce)
            assert claims["account"] == account
        assert shared.asks(browser, account="beta").is_refused_as("invalid_request")

    def test_an_account_that_is_admitted_no_longer_loses_its_tokens(self, op: OpenIdProvider, browser: Browser) -> None:
        shared = RelyingParty.registered_at(op, "Shared", account=None, admitted=("acme",))
        tokens = shared.obtains_tokens_for(browser)
        with op.app.app_context():
            clients.update(shared.client_id, {}, admitted=[], context=op.context)
        assert shared.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")
        assert shared.asks(browser, prompt="none").is_refused_as("login_required")


class TestPagesForStaff:
    @pytest.mark.parametrize(
        ("until", "words"),
        [
            (datetime(2027, 2, 1, tzinfo=UTC), "the end of January 31, 2027 (UTC)"),
            (datetime(2027, 1, 31, 17, 0, tzinfo=UTC), "January 31, 2027, 17:00 UTC"),
            (None, "No end is set"),
        ],
    )
    def test_the_end_of_a_grant_is_told_as_it_was_given(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser, until: datetime | None, words: str
    ) -> None:
        grants(op, until=until)
        assert words in casey.opens(rp.asks(casey).location).text

    def test_without_a_grant_the_page_names_who_and_where(self, rp: RelyingParty, casey: Browser) -> None:
        page = casey.opens(rp.asks(casey, idp_hint="staff:platform").location).text
        assert "casey.staff@deepdesk.example" in page
        assert "Acme" in page
        assert "Sign in as one of the company" in page
        assert "Ask whoever looks after staff access" in page

    def test_the_way_on_leads_to_the_companys_own_ways_in(
        self, op: OpenIdProvider, rp: RelyingParty, casey: Browser
    ) -> None:
        op.upstream("other")
        page = casey.opens(rp.asks(casey, idp_hint="staff:platform").location).text
        href = page.partition('<a class="button primary" href="')[2].partition('"')[0].replace("&amp;", "&")
        assert 'data-provider="other"' in casey.opens(href).text
