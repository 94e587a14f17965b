"""What somebody types as their address (:func:`idp.domain.addresses.parse_mailable`), by way of the page."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from tests.support.app import Browser, OpenIdProvider
from tests.support.forms import submits
from tests.support.mail import Correspondent, Postbox, contents, lets_in_by_mail

KIM = "kim@acme.example"
LOOK_ALIKES = (
    "kım@acme.example",  # dotless ı
    "\u212aim@acme.example",  # the Kelvin sign
    "\uff4b\uff49\uff4d@acme.example",  # full-width
    "kim@\u0430cme.example",  # Cyrillic а
    "kim@acme\u3002example",  # an ideographic full stop
    "kim\u200b@acme.example",  # nothing, of no width
    "ki\u0307m@acme.example",  # a dot above i
)
REFUSED = (
    "",
    "kim",
    "@acme.example",
    "kim@",
    "kim@acme",
    "kim@@acme.example",
    "kim @acme.example",
    "kim@acme.example\r\nBcc: eve@evil.example",
    "kim@acme.example\nBcc: eve@evil.example",
    "kim\r\n@acme.example",
    "kim@acme.example%0d%0aBcc:eve@evil.example,",
    "kim@acme.example\x00",
    "kim@acme.example,eve@evil.example",
    "kim@acme.example;eve@evil.example",
    "Kim <kim@acme.example>",
    "<kim@acme.example>",
    '"kim"@acme.example',
    '"kim@evil.example"@acme.example',
    "kim(comment)@acme.example",
    "kim@[127.0.0.1]",
    ".kim@acme.example",
    "kim.@acme.example",
    "k..im@acme.example",
    "kim@-acme.example",
    "kim@acme-.example",
    "kim@acme..example",
    "kim@acme.example.",
    "kim@bücher.example",
    f"{'k' * 65}@acme.example",
    f"{'k' * 64}@{'a' * 63}.{'b' * 63}.{'c' * 62}",  # 255
    f"{'k' * 64}@{'.'.join('a' * 63 for _ in range(4))}",  # 320
    f"kim@{'a' * 64}.example",
    "k" * 60000,
)
OF_THEIR_OWN = ("kim+shop@acme.example", "k.im@acme.example", "kim@sub.acme.example", "kim@xn--bcher-kva.example")


@pytest.fixture
def op(op: OpenIdProvider) -> OpenIdProvider:
    """Mail is a way into acme; Kim was made beforehand."""
    lets_in_by_mail(op)
    op.makes(KIM)
    return op


@pytest.fixture
def postbox(op: OpenIdProvider) -> Postbox:
    return Postbox(op)


def types(browser: Browser, address: str) -> TestResponse:
    """Type an address into the sign-in page's field; return the answer, and do not follow it."""
    return submits(browser, browser.opens("/login/?account=acme"), "sign-in-email", email=address)


@pytest.mark.parametrize("address", REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_address_is_said_so_and_changes_nothing(op: OpenIdProvider, stranger: Browser, address: str) -> None:
    stranger.opens("/login/?account=acme")
    before = contents(op)
    page = types(stranger, address)
    assert page.status_code in {413, 422}
    assert 'aria-invalid="true"' in page.text or page.status_code == 413
    assert contents(op) == before


@pytest.mark.parametrize("address", LOOK_ALIKES, ids=range(len(LOOK_ALIKES)))
def test_a_look_alike_is_nobody_and_is_not_mailed(
    op: OpenIdProvider, stranger: Browser, postbox: Postbox, address: str
) -> None:
    assert types(stranger, address).status_code == 422
    assert postbox.brings() == []


@pytest.mark.parametrize(
    "address", ["kim@acme.example", "KIM@ACME.EXAMPLE", " kim@acme.example ", "Kim@acme.example\n"]
)
def test_case_and_spaces_around_do_not_matter(stranger: Browser, postbox: Postbox, address: str) -> None:
    types(stranger, address)
    [letter] = postbox.brings()
    assert letter.to == KIM
    assert letter.codes != []


@pytest.mark.parametrize("address", OF_THEIR_OWN)
def test_what_looks_close_is_an_address_of_its_own(
    op: OpenIdProvider, stranger: Browser, postbox: Postbox, address: str
) -> None:
    types(stranger, address)
    [letter] = postbox.brings()
    assert letter.to == address
    assert "/access-requests/confirm/" in letter.link
    op.makes(address)
    somebody = Correspondent.of(op, address)
    somebody.mails()
    somebody.asks()
    assert somebody.mail().codes != []


def test_the_longest_address_is_mailed(stranger: Browser, postbox: Postbox) -> None:
    longest = f"{'k' * 64}@{'a' * 63}.{'b' * 63}.{'c' * 61}"
    assert len(longest) == 254
    assert types(stranger, longest).status_code == 303
    [letter] = postbox.brings()
    assert letter.to == longest


def test_what_was_typed_is_shown_as_text(stranger: Browser) -> None:
    page = types(stranger, '"><script>alert(1)</script>@acme.example')
    assert page.status_code == 422
    assert "<script>alert" not in page.text


def test_no_field_at_all_is_no_address(stranger: Browser) -> None:
    page = stranger.opens("/login/magic/?account=acme")
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert stranger.posts("/login/magic/?account=acme", {"csrf_token": token}).status_code == 422


def test_people_made_with_an_address_to_which_no_mail_goes_are_not_invited(op: OpenIdProvider) -> None:
    result = op.app.test_cli_runner().invoke(
        args=["users", "create", "k\u0131m@acme.example", "--account", "acme", "--invite"]
    )
    assert result.exit_code == 1
