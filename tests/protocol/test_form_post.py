"""Answers that the browser posts (OAuth 2.0 Form Post Response Mode)."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape

import pytest

from tests.support.app import Browser
from tests.support.rp import REDIRECT_URI, AuthorizationAnswer, Code, RelyingParty

AWKWARD = "s t/&=é\"'<>\\%23#+?"


def posted(answer: AuthorizationAnswer) -> dict[str, str]:
    """Return what the page's form sends."""
    page = answer.response.text
    assert answer.response.status_code == 200
    assert f'<form method="post" action="{REDIRECT_URI}"' in page
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    assert len({name for name, _ in fields}) == len(fields)
    return {name: unescape(value) for name, value in fields}


def test_a_code_is_posted_with_state_and_issuer(rp: RelyingParty, browser: Browser) -> None:
    answer = rp.asks(browser, response_mode="form_post", state=AWKWARD)
    sent = posted(answer)
    assert sent.keys() == {"code", "state", "iss"}
    assert (sent["state"], sent["iss"]) == (AWKWARD, rp.op.issuer)
    assert rp.redeems(Code(value=sent["code"], asked=answer.asked)).succeeds()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"scope": None}, "invalid_scope"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
    ],
)
def test_errors_are_posted_too(rp: RelyingParty, stranger: Browser, changes: dict[str, str | None], error: str) -> None:
    sent = posted(rp.asks(stranger, response_mode="form_post", **changes))
    assert sent["error"] == error
    assert sent.keys() == {"error", "error_description", "state", "iss"}


def test_giving_up_is_posted_as_it_was_asked(rp: RelyingParty, stranger: Browser) -> None:
    waiting = rp.asks(stranger, response_mode="form_post")
    parked = waiting.location.partition("r=")[2]
    left = stranger.opens(f"/oauth/authorize/resume/?r={parked}&cancel=1")
    assert posted(AuthorizationAnswer(left, waiting.asked))["error"] == "access_denied"


def test_the_page_posts_itself_and_has_a_button_without_scripts(rp: RelyingParty, browser: Browser) -> None:
    response = rp.asks(browser, response_mode="form_post").response
    (script,) = re.findall(r"<script>(.*?)</script>", response.text)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = response.headers["Content-Security-Policy"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert "form-action https://studio.example.com;" in policy
    assert re.search(r"<noscript>.*<button", response.text, re.DOTALL)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("mode", ["fragment", "web_message", "jwt", "FORM_POST", "query form_post"])
def test_other_modes_are_refused_in_the_query(rp: RelyingParty, browser: Browser, mode: str) -> None:
    assert rp.asks(browser, response_mode=mode).is_refused_as("invalid_request")
