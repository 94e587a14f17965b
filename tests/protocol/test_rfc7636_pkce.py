"""PKCE, narrowed to S256 (RFC 7636; CONTRACT rule 13)."""

from __future__ import annotations

import pytest

from idp.domain.client_metadata import ClientMetadata
from idp.domain.client_words import Pkce
from idp.domain.errors import Invalid
from tests.support.app import Browser, OpenIdProvider
from tests.support.rp import REDIRECT_URI, RelyingParty, s256

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""The example of RFC 7636, appendix B."""


@pytest.fixture
def optional(op: OpenIdProvider) -> RelyingParty:
    """A client registered with ``--no-pkce``."""
    return RelyingParty.registered_at(op, "Old", pkce=Pkce.OPTIONAL)


def test_the_example_of_the_specification_works(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser, code_challenge=CHALLENGE)
    assert rp.redeems(code, code_verifier=VERIFIER).succeeds()


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None},
        {"code_challenge": ""},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": "x" * 42},
        {"code_challenge": "x" * 44},
        {"code_challenge": "x" * 42 + "="},
        {"code_challenge": "x" * 42 + "é"},
    ],
)
def test_a_request_without_a_proper_challenge_is_refused(
    rp: RelyingParty, browser: Browser, changes: dict[str, str | None]
) -> None:
    assert rp.asks(browser, **changes).is_refused_as("invalid_request")


@pytest.mark.parametrize(
    "verifier", [None, "", "x" * 43, "x" * 42, "x" * 129, "x" * 42 + "é", VERIFIER + "=", VERIFIER.lower(), CHALLENGE]
)
def test_a_wrong_verifier_is_refused_and_leaves_the_code_unspent(
    rp: RelyingParty, browser: Browser, verifier: str | None
) -> None:
    code = rp.obtains_a_code_for(browser, code_challenge=CHALLENGE)
    assert rp.redeems(code, code_verifier=verifier).is_refused_as("invalid_grant")
    assert rp.redeems(code, code_verifier=VERIFIER).succeeds()


@pytest.mark.parametrize("length", [43, 128])
def test_a_verifier_has_43_to_128_characters(rp: RelyingParty, browser: Browser, length: int) -> None:
    verifier = ("Az09-._~" * 16)[:length]
    code = rp.obtains_a_code_for(browser, code_challenge=s256(verifier))
    assert rp.redeems(code, code_verifier=verifier).succeeds()


def test_a_public_client_always_needs_a_challenge(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, public=True)
    refused = rp.asks(browser, code_challenge=None, code_challenge_method=None)
    assert refused.is_refused_as("invalid_request")


def test_a_public_client_cannot_be_registered_without_pkce() -> None:
    with pytest.raises(Invalid, match="PKCE"):
        ClientMetadata.parse(client_name="App", redirect_uris=[REDIRECT_URI], auth_method="none", pkce=Pkce.OPTIONAL)


def test_an_old_client_may_go_without(optional: RelyingParty, browser: Browser) -> None:
    code = optional.obtains_a_code_for(browser, code_challenge=None, code_challenge_method=None)
    assert optional.redeems(code, code_verifier=None).succeeds()


def test_a_challenge_once_sent_is_enforced(optional: RelyingParty, browser: Browser) -> None:
    code = optional.obtains_a_code_for(browser)
    assert optional.redeems(code, code_verifier=None).is_refused_as("invalid_grant")
    assert optional.redeems(code).succeeds()


def test_a_verifier_without_a_challenge_is_refused(optional: RelyingParty, browser: Browser) -> None:
    code = optional.obtains_a_code_for(browser, code_challenge=None, code_challenge_method=None)
    assert optional.redeems(code).is_refused_as("invalid_grant")


@pytest.mark.parametrize("method", ["plain", None])
def test_an_old_client_cannot_fall_back_to_plain(optional: RelyingParty, browser: Browser, method: str | None) -> None:
    assert optional.asks(browser, code_challenge_method=method).is_refused_as("invalid_request")


def test_a_method_without_a_challenge_is_refused(optional: RelyingParty, browser: Browser) -> None:
    assert optional.asks(browser, code_challenge=None).is_refused_as("invalid_request")
