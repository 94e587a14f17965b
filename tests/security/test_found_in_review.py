"""Defects that a review found, each small enough to come back unseen."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs
from structlog.typing import EventDict

from idp.browser.runtime import context
from idp.domain.redirect_uri import matching
from idp.domain.secrets import new_identifier
from idp.protocol.authorization_checks import nothing_unbuilt
from idp.protocol.errors import OAuthError
from idp.protocol.parameters import parse
from idp.tokens.verifying import MAX_LENGTH
from tests.support.app import Browser, OpenIdProvider
from tests.support.rp import RelyingParty


@pytest.fixture
def lines() -> Iterator[list[EventDict]]:
    """Every line of the log, whatever the provider's level."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    with capture_logs() as captured:
        yield captured
    structlog.configure(**before)


def refusal() -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        nothing_unbuilt(parse(b"registration={}"), None)  # type: ignore[arg-type]
    return refused.value


def test_a_refusal_does_not_outlive_its_request() -> None:
    """One object raised again and again would keep every request's frames in its traceback."""
    assert refusal() is not refusal()


@pytest.mark.parametrize("port", ["0" * 2100 + "8080", "08080", "+8080", "8_080"])
def test_a_loopback_port_is_written_in_one_way(port: str) -> None:
    assert not matching(f"http://127.0.0.1:{port}/cb", ["http://127.0.0.1/cb"])


def test_a_loopback_port_may_differ() -> None:
    assert matching("http://127.0.0.1:8080/cb", ["http://127.0.0.1/cb"])


def test_no_identifier_looks_like_an_option() -> None:
    assert not any(new_identifier().startswith("-") for _ in range(2000))


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:54321", "192.0.2.7"),
        ("[2001:db8::7]:54321", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7"),
        ("x" * 100, None),
        ("", None),
    ],
)
def test_a_network_is_an_address_or_nothing(op: OpenIdProvider, written: str, network: str | None) -> None:
    with op.app.test_request_context(environ_base={"REMOTE_ADDR": written}):
        assert context().network == network


@pytest.mark.parametrize("uri", ["com.example.app:///callback", "https://s.example/cb?a=[1]&b=%20"])
def test_a_redirect_uri_is_answered_as_registered(op: OpenIdProvider, browser: Browser, uri: str) -> None:
    rp = RelyingParty.registered_at(op, redirect_uris=(uri,))
    assert rp.asks(browser, redirect_uri=uri).response.headers["Location"].startswith(uri)


def test_a_deeply_nested_header_is_a_refused_token(op: OpenIdProvider, rp: RelyingParty) -> None:
    nested = b'{"alg":"ES256","kid":"x","typ":"at+jwt","x":' + b"[" * 2500 + b"]" * 2500 + b"}"
    token = base64.urlsafe_b64encode(nested).rstrip(b"=").decode() + ".e30.AA"
    assert len(token) < MAX_LENGTH
    assert rp.asks_userinfo(token).is_refused_as("invalid_token")


def test_what_a_row_holds_does_not_reach_the_log(op: OpenIdProvider, lines: list[EventDict]) -> None:
    """PostgreSQL quotes the value in the detail of a unique violation."""
    error = IntegrityError("INSERT", {}, Exception("DETAIL:  Key (email)=(kim@acme.example) already exists."))
    with op.app.test_request_context("/login/"):
        answer = op.app.make_response(op.app.handle_user_exception(error))
    assert answer.status_code == 500
    assert [line["error"] for line in lines] == ["IntegrityError"]
    assert "kim@acme.example" not in str(lines)


def test_a_client_that_fails_to_prove_itself_is_named_in_the_log(rp: RelyingParty, lines: list[EventDict]) -> None:
    wrong = replace(rp, client_secret="a secret of somebody else's")
    assert wrong.calls_token(grant_type="authorization_code", code="x").is_refused_as("invalid_client")
    assert [line["client_id"] for line in lines if line["event"] == "client_not_authenticated"] == [rp.client_id]
    assert "somebody else" not in str(lines)
