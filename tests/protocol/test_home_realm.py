"""Finding the account of somebody whom a service without account sends here (CONTRACT §6 rules 8 and 9)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import Browser, OpenIdProvider
from tests.support.rp import RelyingParty


@pytest.fixture
def op(op: OpenIdProvider) -> OpenIdProvider:
    """Beside acme, which owns acme.example: beta, and staff, who come from deepdesk.example."""
    op.account("beta", email_domains=("beta.example", "beta.test"))
    op.upstream("second", account="beta")
    op.upstream(
        "google",
        account="staff",
        kind="google",
        issuer="https://accounts.google.com",
        hosted_domains=("deepdesk.example",),
        role_based_iam=False,
    )
    return op


@pytest.fixture
def shared(op: OpenIdProvider) -> RelyingParty:
    """A service without account that admits two."""
    return RelyingParty.registered_at(op, "Shared", account=None, admitted=("acme", "beta"))


def types(browser: Browser, address: str, **typed: str) -> TestResponse:
    """Fill in the form and press its button."""
    page = browser.opens(address).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    return browser.posts(address, {"csrf_token": token, **typed}, headers={"Origin": browser.issuer})


def account_in(answer: TestResponse) -> str:
    """Return the account whose sign-in page the browser is sent to."""
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["Location"]).query)["account"][0]


def test_the_page_asks_for_an_address_or_an_account(shared: RelyingParty, stranger: Browser) -> None:
    page = stranger.opens(shared.asks(stranger).location).text
    assert 'name="email"' in page
    assert 'name="account"' in page
    assert "Shared" in page


@pytest.mark.parametrize(
    ("typed", "account"),
    [
        ({"email": "mia@acme.example"}, "acme"),
        ({"email": " Mia@ACME.example "}, "acme"),
        ({"email": "x@beta.test"}, "beta"),
        ({"account": "beta"}, "beta"),
        ({"account": " BETA "}, "beta"),
        ({"email": "mia@acme.example", "account": "beta"}, "beta"),
        ({"email": "casey@deepdesk.example"}, "staff"),
        ({"account": "staff"}, "staff"),
    ],
)
def test_what_is_typed_leads_to_the_account(
    shared: RelyingParty, stranger: Browser, typed: dict[str, str], account: str
) -> None:
    address = shared.asks(stranger).location
    answer = types(stranger, address, **typed)
    assert account_in(answer) == account
    assert answer.headers["Location"].startswith("/login/?r=")


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"email": "", "account": ""},
        {"email": "mia"},
        {"email": "mia@nowhere.example"},
        {"email": "mia@sub.acme.example"},
        {"email": "mia@acme.example.evil.example"},
        {"email": "mia@\u0430cme.example"},
        {"account": "gamma"},
        {"account": "ac me"},
        {"account": "x" * 5000},
        {"email": "mia@acme.example\x00"},
    ],
)
def test_what_leads_nowhere_is_told_and_can_be_corrected(
    shared: RelyingParty, stranger: Browser, typed: dict[str, str]
) -> None:
    answer = types(stranger, shared.asks(stranger).location, **typed)
    assert answer.status_code == 422
    assert 'id="not-found"' in answer.text
    assert 'name="email"' in answer.text


@BOTH_DATABASES
def test_what_no_database_can_hold_is_told_as_well(shared: RelyingParty, stranger: Browser) -> None:
    address = shared.asks(stranger).location
    for typed in ({"account": "ac\0me"}, {"email": "mia@acme.example\0"}):
        assert types(stranger, address, **typed).status_code in {400, 422}


def test_12_discovery_stays_within_the_accounts_that_the_service_admits(op: OpenIdProvider, stranger: Browser) -> None:
    op.account("gamma", email_domains=("gamma.example",))
    shared = RelyingParty.registered_at(op, "Shared", account=None, admitted=("acme",))
    address = shared.asks(stranger).location
    assert types(stranger, address, account="gamma").status_code == 422
    assert types(stranger, address, email="x@gamma.example").status_code == 422
    assert stranger.opens(f"{address}&account=gamma").status_code == 404
    assert stranger.opens(f"{address}&account=beta").status_code == 404


def test_nobody_learns_who_has_an_account(op: OpenIdProvider, shared: RelyingParty, stranger: Browser) -> None:
    op.signs_in(op.browser())
    address = shared.asks(stranger).location
    known, unknown = (types(stranger, address, email=f"{name}@acme.example") for name in ("mia", "nobody"))
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])


def test_the_service_may_say_it_by_a_hint(shared: RelyingParty, stranger: Browser) -> None:
    page = stranger.opens(shared.asks(stranger, login_hint="x@beta.example").location)
    assert 'data-provider="second"' in page.text


def test_the_service_may_say_it_outright(shared: RelyingParty, stranger: Browser) -> None:
    page = stranger.opens(shared.asks(stranger, account="beta").location)
    assert 'data-provider="second"' in page.text


def test_one_possible_account_is_not_asked_for(op: OpenIdProvider, stranger: Browser) -> None:
    tool = RelyingParty.registered_at(op, "Back office", account=None)
    op.upstream("other", account="staff", role_based_iam=False)
    page = stranger.opens(tool.asks(stranger).location)
    assert 'data-provider="google"' in page.text
    assert 'name="email"' not in page.text


def test_without_a_service_the_account_is_asked_for_as_well(stranger: Browser) -> None:
    answer = types(stranger, "/login/", email="x@beta.example")
    assert answer.headers["Location"] == "/login/?account=beta"
    assert 'href="/login/with/second/?account=beta"' in stranger.opens("/login/?account=beta").text


@pytest.mark.parametrize("account", ["nobody", "", "acme/../beta", "staff%20"])
def test_an_unknown_account_in_an_address_is_no_page(stranger: Browser, account: str) -> None:
    assert stranger.opens(f"/login/?account={account}").status_code == 404


class TestTheQuietLinkForStaff:
    def test_is_there_once_staff_have_a_provider(self, op: OpenIdProvider, stranger: Browser) -> None:
        beta = RelyingParty.registered_at(op, "Beta's", account="beta")
        page = stranger.opens(beta.asks(stranger).location).text
        assert "Deepdesk staff" in page
        assert 'data-provider="google"' not in page

    def test_counts_as_no_way_in(self, op: OpenIdProvider, rp: RelyingParty, stranger: Browser) -> None:
        """Acme's only provider is taken at once, whether or not there is a link for staff."""
        departure = stranger.opens(rp.asks(stranger).location)
        assert departure.status_code in {303, 503}
        assert "Deepdesk staff" not in departure.text

    def test_is_not_there_for_a_service_of_staff(self, op: OpenIdProvider, stranger: Browser) -> None:
        op.upstream("other", account="staff", role_based_iam=False)
        tool = RelyingParty.registered_at(op, "Back office", account=None)
        assert 'id="staff"' not in stranger.opens(tool.asks(stranger).location).text

    def test_opens_no_other_accounts_door(self, op: OpenIdProvider, stranger: Browser) -> None:
        beta = RelyingParty.registered_at(op, "Beta's", account="beta")
        address = beta.asks(stranger).location
        assert stranger.opens(f"{address}&account=acme").status_code == 404
        parked = address.partition("?r=")[2]
        assert stranger.opens(f"/login/with/platform/?r={parked}&account=acme").status_code == 404


def test_nothing_typed_is_not_called_wrong(shared: RelyingParty, stranger: Browser) -> None:
    page = types(stranger, shared.asks(stranger).location, email=" ", account="").text
    assert "Please fill in one of the two." in page
    assert "We do not know that company" not in page


def test_a_wrong_company_can_be_left_again(shared: RelyingParty, stranger: Browser) -> None:
    address = shared.asks(stranger).location
    page = stranger.opens(f"{address}&account=beta").text
    assert f'href="{address}">Not your company?</a>' in page
    assert 'name="account"' in stranger.opens(address).text


def test_staff_find_their_way_where_the_company_is_asked_for(shared: RelyingParty, stranger: Browser) -> None:
    address = shared.asks(stranger).location
    assert 'id="staff"' in stranger.opens(address).text
    assert 'id="staff"' in stranger.opens(f"{address}&account=beta").text
