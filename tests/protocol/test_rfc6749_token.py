"""The token endpoint: client authentication, redeeming codes, errors (RFC 6749 §2.3, §3.2, §4.1.3, §5)."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from idp.domain.client_words import AuthMethod, Pkce
from idp.services.registry import clients
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import RelyingParty, TokenAnswer, basic

RACERS = 8


# Redeeming


def test_a_code_gives_tokens(rp: RelyingParty, browser: Browser) -> None:
    answer = rp.redeems(rp.obtains_a_code_for(browser))
    assert answer.succeeds()
    assert answer.body.keys() == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    assert answer.body["token_type"] == "Bearer"
    assert answer.body["expires_in"] == 900
    assert answer.body["scope"] == "openid profile email"
    assert answer.response.headers["Pragma"] == "no-cache"


def test_without_the_scope_openid_there_is_no_id_token(rp: RelyingParty, browser: Browser) -> None:
    answer = rp.redeems(rp.obtains_a_code_for(browser, scope="profile"))
    assert answer.succeeds()
    assert "id_token" not in answer.body
    assert rp.asks_userinfo(answer.body["access_token"]).is_refused_as("insufficient_scope")


def test_scopes_that_are_not_built_are_not_granted(rp: RelyingParty, browser: Browser) -> None:
    answer = rp.redeems(rp.obtains_a_code_for(browser, scope="openid offline_access address phone extra roles"))
    assert answer.body["scope"] == "openid offline_access roles"


@BOTH_DATABASES
def test_a_code_works_once(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser)
    assert rp.redeems(code).succeeds()
    assert rp.redeems(code).is_refused_as("invalid_grant")
    assert rp.redeems(code).is_refused_as("invalid_grant")


@pytest.mark.parametrize("seconds", [0, 30, 61, 3600])
def test_a_code_used_twice_ends_what_it_gave(
    rp: RelyingParty, browser: Browser, clock: FrozenClock, seconds: int
) -> None:
    code = rp.obtains_a_code_for(browser)
    tokens = rp.redeems(code).tokens
    assert rp.asks_userinfo(tokens.access_token).succeeds()
    clock.advance(seconds=min(seconds, 840))
    assert rp.redeems(code).is_refused_as("invalid_grant")
    assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")


def test_a_code_used_twice_leaves_other_tokens_alone(rp: RelyingParty, browser: Browser) -> None:
    others = rp.obtains_tokens_for(browser)
    code = rp.obtains_a_code_for(browser)
    rp.redeems(code)
    rp.redeems(code)
    assert rp.asks_userinfo(others.access_token).succeeds()


def test_a_second_use_counts_whatever_else_is_wrong_with_it(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser)
    tokens = rp.redeems(code).tokens
    assert rp.redeems(code, code_verifier="x" * 43).is_refused_as("invalid_grant")
    assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")


@BOTH_DATABASES
def test_of_eight_racing_redemptions_one_wins(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser)
    answers = racing(lambda: rp.redeems(code))
    assert Counter(_outcome(answer) for answer in answers) == {"ok": 1, "invalid_grant": RACERS - 1}
    (won,) = [answer for answer in answers if answer.succeeds()]
    assert rp.asks_userinfo(won.tokens.access_token).is_refused_as("invalid_token")


def racing(act: Any) -> list[TokenAnswer]:
    """Let ``act`` happen in several threads at the same moment."""
    start = threading.Barrier(RACERS)

    def run(_number: int) -> TokenAnswer:
        start.wait(10)
        answer: TokenAnswer = act()
        return answer

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def _outcome(answer: TokenAnswer) -> str:
    return str(answer.body.get("error", "ok"))


def test_a_code_lives_for_sixty_seconds(rp: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
    first, second = rp.obtains_a_code_for(browser), rp.obtains_a_code_for(browser)
    clock.advance(seconds=59)
    assert rp.redeems(first).succeeds()
    clock.advance(seconds=1)
    assert rp.redeems(second).is_refused_as("invalid_grant")


def test_another_client_cannot_redeem_a_code_and_leaves_it_unspent(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    other = RelyingParty.registered_at(op, "Other")
    code = rp.obtains_a_code_for(browser)
    assert other.redeems(code).is_refused_as("invalid_grant")
    assert rp.redeems(code).succeeds()


def test_another_client_that_presents_a_spent_code_ends_nothing(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    other = RelyingParty.registered_at(op, "Other")
    code = rp.obtains_a_code_for(browser)
    tokens = rp.redeems(code).tokens
    assert other.redeems(code).is_refused_as("invalid_grant")
    assert rp.asks_userinfo(tokens.access_token).succeeds()


def test_the_redirect_uri_must_be_that_of_the_request(op: OpenIdProvider, browser: Browser) -> None:
    uris = ("https://studio.example.com/callback", "https://studio.example.com/other")
    rp = RelyingParty.registered_at(op, redirect_uris=uris)
    code = rp.obtains_a_code_for(browser)
    assert rp.redeems(code, redirect_uri=uris[1]).is_refused_as("invalid_grant")
    assert rp.redeems(code, redirect_uri=f"{uris[0]}/").is_refused_as("invalid_grant")
    assert rp.redeems(code).succeeds()


def test_a_code_of_a_session_that_ended_gives_nothing(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser)
    browser.signs_out()
    assert rp.redeems(code).is_refused_as("invalid_grant")


def test_a_code_of_somebody_disabled_since_gives_nothing(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    sub = rp.verifies(rp.obtains_tokens_for(browser, nonce=None).id_token)["sub"]
    code = rp.obtains_a_code_for(browser)
    op.disables(sub)
    assert rp.redeems(code).is_refused_as("invalid_grant")


def test_a_code_of_an_account_disabled_since_gives_nothing(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    code = rp.obtains_a_code_for(browser)
    op.disables_account("acme")
    assert rp.redeems(code).is_refused_as("invalid_grant")


@pytest.mark.parametrize("value", ["unheard-of", 'quo"ted', "é", "x" * 4096])
def test_an_unknown_code_gives_nothing(rp: RelyingParty, browser: Browser, value: str) -> None:
    assert rp.redeems(rp.obtains_a_code_for(browser), code=value).is_refused_as("invalid_grant")


# Requests


@pytest.mark.parametrize("name", ["code", "redirect_uri", "grant_type"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_parameter_is_invalid_request(
    rp: RelyingParty, browser: Browser, name: str, value: str | None
) -> None:
    code = rp.obtains_a_code_for(browser)
    assert rp.redeems(code, **{name: value}).is_refused_as("invalid_request")
    assert rp.redeems(code).succeeds()


@pytest.mark.parametrize(
    "grant_type",
    [
        "password",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "Authorization_Code",
        'quo"ted',
    ],
)
def test_grants_that_are_not_built_are_refused(rp: RelyingParty, grant_type: str) -> None:
    answer = rp.calls_token(grant_type=grant_type, username="mia", password="mia", refresh_token="x")
    assert answer.is_refused_as("unsupported_grant_type")


def test_parameters_in_the_address_do_not_count(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser)
    query = {"grant_type": "authorization_code", "code": code.value, "redirect_uri": rp.redirect_uri}
    client_id_and_secret = {"client_id": rp.client_id, "client_secret": rp.client_secret or ""}
    answer = browser.posts(
        rp.metadata["token_endpoint"], {"code_verifier": code.asked.verifier}, query_string=query | client_id_and_secret
    )
    assert TokenAnswer(answer).is_refused_as("invalid_request")


def test_unknown_parameters_are_ignored(rp: RelyingParty, browser: Browser) -> None:
    assert rp.redeems(rp.obtains_a_code_for(browser), extra="foobar").succeeds()


@pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri", "code_verifier", "extra"])
def test_a_parameter_that_occurs_twice_is_refused(rp: RelyingParty, browser: Browser, name: str) -> None:
    code = rp.obtains_a_code_for(browser)
    form: dict[str, Any] = {
        "grant_type": "authorization_code",
        "code": code.value,
        "redirect_uri": rp.redirect_uri,
        "code_verifier": code.asked.verifier,
        "extra": "one",
    }
    headers = {"Authorization": basic(rp.client_id, rp.client_secret or "")}
    doubled = form | {name: [form[name], form[name]]}
    answer = browser.posts(rp.metadata["token_endpoint"], doubled, headers=headers)
    assert TokenAnswer(answer).is_refused_as("invalid_request")
    assert rp.redeems(code).succeeds()


def test_get_is_not_allowed(rp: RelyingParty, browser: Browser) -> None:
    answer = browser.opens(rp.metadata["token_endpoint"])
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.get_json()["error"] == "invalid_request"


# Clients


@pytest.mark.parametrize("method", [AuthMethod.BASIC, AuthMethod.POST])
def test_a_client_without_a_registered_method_may_use_either(
    rp: RelyingParty, browser: Browser, method: AuthMethod
) -> None:
    rp.auth = method
    assert rp.redeems(rp.obtains_a_code_for(browser)).succeeds()


@pytest.mark.parametrize(
    ("registered", "used"),
    [
        (AuthMethod.BASIC, AuthMethod.POST),
        (AuthMethod.POST, AuthMethod.BASIC),
        (AuthMethod.BASIC, AuthMethod.NONE),
        (AuthMethod.POST, AuthMethod.NONE),
        (None, AuthMethod.NONE),
    ],
)
def test_a_client_uses_the_method_that_it_registered(
    op: OpenIdProvider, browser: Browser, registered: AuthMethod | None, used: AuthMethod
) -> None:
    rp = RelyingParty.registered_at(op, auth_method=registered)
    right = rp.auth
    code = rp.obtains_a_code_for(browser)
    rp.auth = used
    assert rp.redeems(code).is_refused_as("invalid_client")
    rp.auth = right
    assert rp.redeems(code).succeeds()


def test_a_public_client_needs_no_secret(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, public=True)
    assert rp.redeems(rp.obtains_a_code_for(browser)).succeeds()


@pytest.mark.parametrize(
    ("method", "secret"), [(AuthMethod.BASIC, ""), (AuthMethod.BASIC, "any secret"), (AuthMethod.POST, "any secret")]
)
def test_a_public_client_cannot_have_a_secret(
    op: OpenIdProvider, browser: Browser, method: AuthMethod, secret: str
) -> None:
    rp = RelyingParty.registered_at(op, public=True)
    code = rp.obtains_a_code_for(browser)
    rp.auth, rp.client_secret = method, secret
    assert rp.redeems(code).is_refused_as("invalid_client")


@pytest.mark.parametrize("method", [AuthMethod.BASIC, AuthMethod.POST])
@pytest.mark.parametrize("secret", ["wrong", "", "é", "x" * 3000])
def test_a_wrong_secret_is_refused_and_leaves_the_code_unspent(
    rp: RelyingParty, browser: Browser, method: AuthMethod, secret: str
) -> None:
    rp.auth = method
    code, right = rp.obtains_a_code_for(browser), rp.client_secret
    rp.client_secret = secret
    assert rp.redeems(code).is_refused_as("invalid_client")
    rp.client_secret = right
    assert rp.redeems(code).succeeds()


def test_invalid_client_comes_with_a_challenge(rp: RelyingParty, browser: Browser) -> None:
    rp.client_secret = "wrong"
    answer = rp.redeems(rp.obtains_a_code_for(browser))
    assert answer.is_refused_as("invalid_client")
    assert answer.response.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_an_unknown_client_looks_like_a_wrong_secret(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser)
    known_id, rp.client_secret = rp.client_id, "wrong"
    known = rp.redeems(code)
    rp.client_id = "unheard-of"
    unknown = rp.redeems(code)
    assert known_id not in known.response.text
    assert (known.body, known.response.status_code) == (unknown.body, unknown.response.status_code)


def test_two_ways_of_proving_oneself_at_once_are_refused(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser)
    both = rp.redeems(code, client_id=rp.client_id, client_secret=rp.client_secret)
    assert both.is_refused_as("invalid_request")
    assert rp.redeems(code, client_id=rp.client_id).succeeds()


def test_the_client_id_of_header_and_body_must_agree(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    other = RelyingParty.registered_at(op, "Other")
    answer = rp.redeems(rp.obtains_a_code_for(browser), client_id=other.client_id)
    assert answer.is_refused_as("invalid_request")


def test_basic_credentials_are_form_encoded(op: OpenIdProvider, browser: Browser) -> None:
    secret = "a+secret:with/100%25&more"
    rp = RelyingParty.registered_at(op, client_id="brought-along", client_secret=secret)
    assert rp.redeems(rp.obtains_a_code_for(browser)).succeeds()
    code = rp.obtains_a_code_for(browser)
    raw = "Basic " + base64.b64encode(f"brought-along:{secret}".encode()).decode()
    form = {"grant_type": "authorization_code", "code": code.value, "redirect_uri": rp.redirect_uri}
    answer = browser.posts(rp.metadata["token_endpoint"], form, headers={"Authorization": raw})
    assert TokenAnswer(answer).is_refused_as("invalid_client")


def test_the_scheme_of_the_header_may_be_written_in_any_case(rp: RelyingParty, browser: Browser) -> None:
    code = rp.obtains_a_code_for(browser)
    form = {
        "grant_type": "authorization_code",
        "code": code.value,
        "redirect_uri": rp.redirect_uri,
        "code_verifier": code.asked.verifier,
    }
    header = basic(rp.client_id, rp.client_secret or "").replace("Basic", "bAsIc")
    assert TokenAnswer(browser.posts(rp.metadata["token_endpoint"], form, headers={"Authorization": header})).succeeds()


def test_an_old_secret_works_until_its_time_is_over(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, clock: FrozenClock
) -> None:
    with op.app.app_context():
        issued = clients.rotate_secret(
            rp.client_id, keep_old_for=timedelta(minutes=10), sealer=op.parts.sealer, context=op.context
        )
    old = rp.client_secret
    for secret in (old, issued.client_secret):
        rp.client_secret = secret
        assert rp.redeems(rp.obtains_a_code_for(browser)).succeeds()
    clock.advance(minutes=10)
    assert rp.redeems(rp.obtains_a_code_for(browser)).succeeds()
    rp.client_secret = old
    assert rp.redeems(rp.obtains_a_code_for(browser)).is_refused_as("invalid_client")


def test_an_old_client_without_pkce_redeems_with_code_and_redirect_uri(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, pkce=Pkce.OPTIONAL)
    code = rp.obtains_a_code_for(browser, code_challenge=None, code_challenge_method=None)
    assert rp.redeems(code, code_verifier=None).succeeds()
