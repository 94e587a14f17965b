"""Every authorization response names its issuer, so that a client of several providers is not mixed up (RFC 9207)."""

from __future__ import annotations

import pytest

from tests.support.app import ISSUER, Browser
from tests.support.rp import RelyingParty


@pytest.mark.parametrize("changes", [{}, {"response_type": None}, {"scope": None}, {"prompt": "none login"}])
def test_a_code_and_an_error_name_the_issuer(
    rp: RelyingParty, browser: Browser, changes: dict[str, str | None]
) -> None:
    assert rp.asks(browser, **changes).params["iss"] == ISSUER


def test_login_required_and_access_denied_name_the_issuer(rp: RelyingParty, stranger: Browser) -> None:
    assert rp.asks(stranger, prompt="none").params["iss"] == ISSUER
    parked = rp.asks(stranger).location.partition("r=")[2]
    denied = stranger.opens(f"/oauth/authorize/resume/?r={parked}&cancel=1")
    assert denied.headers["Location"].endswith("&iss=https%3A%2F%2Flogin.deepdesk.example")


def test_the_issuer_comes_from_the_settings_whatever_host_is_asked(rp: RelyingParty, browser: Browser) -> None:
    asked = rp.prepares()
    answer = browser.http.get(
        f"{ISSUER}/oauth/authorize/", query_string=dict(asked.params), headers={"X-Forwarded-Host": "evil.example"}
    )
    assert "evil.example" not in answer.headers["Location"]
    elsewhere = rp.op.app.test_client().get("https://evil.example/.well-known/openid-configuration")
    assert "evil.example" not in elsewhere.text


def test_the_metadata_promises_it(rp: RelyingParty) -> None:
    assert rp.metadata["authorization_response_iss_parameter_supported"] is True


def test_a_client_that_sends_iss_itself_cannot_change_it(rp: RelyingParty, browser: Browser) -> None:
    assert rp.asks(browser, iss="https://evil.example").params["iss"] == ISSUER
