"""Addresses: with and without the trailing slash, never redirected; and who only looks spends nothing (CONTRACT §4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from tests.support.app import Browser, OpenIdProvider
from tests.support.rp import RelyingParty, UserinfoAnswer

PATHS = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth/jwks",
    "/oauth/authorize",
    "/oauth/authorize/resume",
    "/oauth/userinfo",
    "/oauth/callback",
    "/oauth/callback/acme.platform",
    "/login",
    "/logout",
    "/healthz",
    "/readyz",
)
LOOKING = {"HEAD": {}, "GET": {"Sec-Purpose": "prefetch"}}
PREFETCHES = ("prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip")


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_answered_alike_with_and_without_its_slash(stranger: Browser, path: str) -> None:
    without, with_slash = stranger.opens(path), stranger.opens(f"{path}/")
    assert _shape(without) == _shape(with_slash)
    assert without.status_code not in {301, 302, 307, 308, 404, 405}


def _shape(answer: TestResponse) -> tuple[int, str, str]:
    return answer.status_code, answer.mimetype, answer.headers.get("Location", "")


def test_the_token_endpoint_takes_a_post_with_and_without_its_slash(rp: RelyingParty, browser: Browser) -> None:
    for endpoint in (rp.metadata["token_endpoint"], rp.metadata["token_endpoint"].rstrip("/")):
        code = rp.obtains_a_code_for(browser)
        rp.metadata["token_endpoint"] = endpoint
        assert rp.redeems(code).succeeds()


def test_the_authorization_endpoint_without_its_slash_gives_a_code(rp: RelyingParty, browser: Browser) -> None:
    rp.metadata["authorization_endpoint"] = rp.metadata["authorization_endpoint"].rstrip("/")
    assert rp.asks(browser).has_a_code()
    assert rp.posts(browser).has_a_code()


@pytest.mark.parametrize(
    "path", ["//oauth/jwks", "/oauth//jwks", "/oauth/JWKS", "/oauth/jwks//", "/oauth/%6Awks/../jwks"]
)
def test_other_spellings_are_not_found(stranger: Browser, path: str) -> None:
    assert stranger.http.get(path, base_url=stranger.issuer).status_code == 404


@pytest.mark.parametrize("purpose", PREFETCHES)
def test_a_prefetched_request_gives_no_code(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, purpose: str
) -> None:
    before = op.rows()
    asked = rp.prepares()
    answer = browser.opens("/oauth/authorize/", query_string=dict(asked.params), headers={"Sec-Purpose": purpose})
    assert answer.status_code == 204
    assert "Location" not in answer.headers
    assert op.rows() == before


def test_a_head_request_gives_no_code(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    before = op.rows()
    answer = browser.http.head(f"{op.issuer}/oauth/authorize/", query_string=dict(rp.prepares().params))
    assert answer.status_code == 204
    assert op.rows() == before


@pytest.mark.parametrize(("method", "headers"), LOOKING.items())
def test_who_only_looks_does_not_answer_a_waiting_request(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser, method: str, headers: dict[str, str]
) -> None:
    waiting = rp.asks(stranger)
    op.signs_in(stranger)
    address = f"{op.issuer}/oauth/authorize/resume/?r={waiting.location.partition('r=')[2]}"
    for spent in (address, f"{address}&cancel=1"):
        assert stranger.http.open(spent, method=method, headers=headers).status_code == 204
    assert replace(waiting, response=stranger.opens(address)).has_a_code()


@pytest.mark.parametrize(("method", "headers"), LOOKING.items())
def test_who_only_looks_does_not_depart_for_an_upstream(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser, method: str, headers: dict[str, str]
) -> None:
    waiting = rp.asks(stranger)
    before = op.rows()
    parked = waiting.location.partition("r=")[2]
    for path in (waiting.location, f"/login/with/platform/?r={parked}"):
        assert stranger.http.open(f"{op.issuer}{path}", method=method, headers=headers).status_code == 204
    assert op.rows() == before


@pytest.mark.parametrize("path", ["/oauth/userinfo/", "/oauth/jwks", "/.well-known/openid-configuration"])
def test_head_is_get_without_the_body(rp: RelyingParty, browser: Browser, path: str) -> None:
    token = rp.obtains_tokens_for(browser).access_token
    answer = browser.http.head(f"{browser.issuer}{path}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.get_data() == b""


@pytest.mark.parametrize("path", ["/oauth/device_authorization/", "/oauth/register/", "/api/v1/"])
def test_what_is_not_built_is_not_there(stranger: Browser, path: str) -> None:
    assert stranger.posts(path, {}).status_code == 404


def test_a_page_that_is_not_there_says_so(stranger: Browser) -> None:
    answer = stranger.opens("/nowhere/")
    assert answer.status_code == 404
    assert 'id="error"' in answer.text


def test_a_wrong_method_on_an_endpoint_is_json(stranger: Browser) -> None:
    answer = stranger.http.delete(f"{stranger.issuer}/oauth/userinfo/")
    assert answer.status_code == 405
    assert UserinfoAnswer(answer).body["error"] == "invalid_request"
