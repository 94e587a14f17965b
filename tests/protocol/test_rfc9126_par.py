"""Pushed authorization requests (RFC 9126): checked at once, brought by reference, answered once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.store.pushed_requests import PushedRequest
from idp.store.unit_of_work import reading
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import MIA, Browser, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.rp import DESCRIPTION, Asked, AuthorizationAnswer, RelyingParty, basic

PATH = "/oauth/par/"
REQUEST_URI = re.compile(r"urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}")


def pushes(rp: RelyingParty, asked: Asked, **changes: str | None) -> TestResponse:
    """Push a prepared request, authenticated by HTTP Basic where the client has a secret."""
    form = {key: value for key, value in {**asked.params, **changes}.items() if value is not None}
    headers = {"Authorization": basic(rp.client_id, rp.client_secret)} if rp.client_secret else {}
    http = rp.op.app.test_client(use_cookies=False)
    return http.post(f"{rp.op.issuer}{PATH}", data=form, headers=headers)


def refused_as(answer: TestResponse, error: str, status: int = 400) -> bool:
    """Whether it is exactly this error, as RFC 9126 §2.3 wants it, for no cache and no page of another origin."""
    body = answer.get_json()
    return (
        answer.status_code == status
        and answer.mimetype == "application/json"
        and body["error"] == error
        and DESCRIPTION.fullmatch(body["error_description"]) is not None
        and answer.headers["Cache-Control"] == "no-store"
        and "Access-Control-Allow-Origin" not in answer.headers
    )


def pushed_by(rp: RelyingParty, **changes: str | None) -> tuple[Asked, str]:
    asked = rp.prepares(**changes)
    answer = pushes(rp, asked)
    assert answer.status_code == 201, answer.text
    return asked, answer.get_json()["request_uri"]


def brings(rp: RelyingParty, browser: Browser, asked: Asked, request_uri: str, **more: Any) -> AuthorizationAnswer:
    """Send the browser with the reference, and with nothing that would not be needed."""
    params = {"client_id": rp.client_id, "request_uri": request_uri, **more}
    response = browser.opens(rp.metadata["authorization_endpoint"], query_string=params)
    return AuthorizationAnswer(response, asked)


# Pushing


def test_a_pushed_request_gets_a_reference_that_nobody_can_guess(rp: RelyingParty) -> None:
    answers = [pushes(rp, rp.prepares()) for _ in range(2)]
    for answer in answers:
        assert answer.status_code == 201
        assert answer.mimetype == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.get_json().keys() == {"request_uri", "expires_in"}
        assert answer.get_json()["expires_in"] == 90
        assert REQUEST_URI.fullmatch(answer.get_json()["request_uri"])
    assert len({answer.get_json()["request_uri"] for answer in answers}) == 2


def test_the_slash_at_the_end_does_not_matter(rp: RelyingParty) -> None:
    http = rp.op.app.test_client(use_cookies=False)
    headers = {"Authorization": basic(rp.client_id, rp.client_secret or "")}
    answer = http.post(f"{rp.op.issuer}/oauth/par", data=dict(rp.prepares().params), headers=headers)
    assert answer.status_code == 201


def test_a_public_client_pushes_without_a_secret(op: OpenIdProvider, browser: Browser) -> None:
    rp = RelyingParty.registered_at(op, "Browser app", public=True)
    asked, request_uri = pushed_by(rp)
    assert brings(rp, browser, asked, request_uri).has_a_code()


def test_a_client_may_prove_itself_in_the_body(rp: RelyingParty) -> None:
    http = rp.op.app.test_client(use_cookies=False)
    form = {**rp.prepares().params, "client_secret": rp.client_secret}
    assert http.post(f"{rp.op.issuer}{PATH}", data=form).status_code == 201


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_a_client_that_does_not_prove_itself_pushes_nothing(rp: RelyingParty, secret: str) -> None:
    before = rp.op.rows()
    http = rp.op.app.test_client(use_cookies=False)
    answer = http.post(
        f"{rp.op.issuer}{PATH}", data=dict(rp.prepares().params), headers={"Authorization": basic(rp.client_id, secret)}
    )
    assert refused_as(answer, "invalid_client", 401)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert rp.op.rows() == before


def test_a_confidential_client_cannot_pose_as_a_public_one(rp: RelyingParty) -> None:
    http = rp.op.app.test_client(use_cookies=False)
    assert refused_as(http.post(f"{rp.op.issuer}{PATH}", data=dict(rp.prepares().params)), "invalid_client", 401)


def test_a_client_cannot_push_for_another(op: OpenIdProvider, rp: RelyingParty) -> None:
    other = RelyingParty.registered_at(op, "Other")
    assert refused_as(pushes(rp, other.prepares()), "invalid_request")


def test_the_credentials_name_the_client_where_the_body_does_not(rp: RelyingParty, browser: Browser) -> None:
    asked = rp.prepares()
    answer = pushes(rp, asked, client_id=None)
    assert answer.status_code == 201
    assert brings(rp, browser, asked, answer.get_json()["request_uri"]).has_a_code()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"redirect_uri": "https://studio.example.com/callback/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "nothing"}, "invalid_scope"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"account": "umbrella"}, "invalid_request"),
        ({"state": "x" * 3000}, "invalid_request"),
    ],
)
def test_a_request_that_would_be_refused_later_is_refused_at_once(
    rp: RelyingParty, changes: dict[str, str | None], error: str
) -> None:
    before = rp.op.rows()
    assert refused_as(pushes(rp, rp.prepares(), **changes), error)
    assert rp.op.rows() == before


def test_a_doubled_parameter_is_refused(rp: RelyingParty) -> None:
    http = rp.op.app.test_client(use_cookies=False)
    headers = {"Authorization": basic(rp.client_id, rp.client_secret or "")}
    for name in ("scope", "request_uri", "redirect_uri"):
        form = [*rp.prepares().params.items(), (name, "a"), (name, "b")]
        answer = http.post(
            f"{rp.op.issuer}{PATH}", data={key: [v for k, v in form if k == key] for key, _ in form}, headers=headers
        )
        assert refused_as(answer, "invalid_request"), name


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_taken(rp: RelyingParty, method: str) -> None:
    answer = rp.op.app.test_client(use_cookies=False).open(f"{rp.op.issuer}{PATH}", method=method)
    assert answer.status_code == 405
    assert answer.mimetype == "application/json"
    assert answer.headers["Allow"] == "POST"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_what_is_no_form_is_refused(rp: RelyingParty) -> None:
    http = rp.op.app.test_client(use_cookies=False)
    headers = {"Authorization": basic(rp.client_id, rp.client_secret or "")}
    answer = http.post(f"{rp.op.issuer}{PATH}", json=dict(rp.prepares().params), headers=headers)
    assert refused_as(answer, "invalid_request")


# Bringing the reference


def test_client_and_reference_are_enough(rp: RelyingParty, browser: Browser) -> None:
    asked, request_uri = pushed_by(rp)
    answer = brings(rp, browser, asked, request_uri)
    assert answer.goes_to(rp.redirect_uri)
    assert answer.params["state"] == asked.params["state"]
    tokens = rp.redeems(answer.code).tokens
    rp.verifies(tokens.id_token, nonce=asked.nonce)


def test_parameters_beside_the_reference_count_for_nothing(rp: RelyingParty, browser: Browser) -> None:
    asked, request_uri = pushed_by(rp)
    others = {
        "redirect_uri": "https://evil.example/",
        "state": "another",
        "nonce": "another",
        "scope": "openid roles",
        "response_type": "token",
        "prompt": "login",
        "code_challenge_method": "plain",
    }
    answer = brings(rp, browser, asked, request_uri, **others)
    assert answer.goes_to(rp.redirect_uri)
    assert answer.params["state"] == asked.params["state"]
    tokens = rp.redeems(answer.code)
    assert tokens.body["scope"] == "openid profile email"
    rp.verifies(tokens.tokens.id_token, nonce=asked.nonce)


def test_a_request_may_be_looked_at_twice_before_its_person_signs_in(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser
) -> None:
    asked, request_uri = pushed_by(rp)
    assert brings(rp, stranger, asked, request_uri).asks_to_sign_in()
    assert brings(rp, stranger, asked, request_uri).asks_to_sign_in()
    op.signs_in(stranger)
    assert brings(rp, stranger, asked, request_uri).has_a_code()


@BOTH_DATABASES
def test_a_request_is_answered_once(rp: RelyingParty, browser: Browser) -> None:
    asked, request_uri = pushed_by(rp)
    assert brings(rp, browser, asked, request_uri).has_a_code()
    assert brings(rp, browser, asked, request_uri).is_a_page_about("invalid_request_uri")


def test_of_two_that_wait_for_the_same_request_one_is_answered(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser
) -> None:
    asked, request_uri = pushed_by(rp)
    waiting = [brings(rp, stranger, asked, request_uri).location for _ in range(2)]
    op.signs_in(stranger)
    first, second = (stranger.opens(one.replace("/login/", "/oauth/authorize/resume/")) for one in waiting)
    assert AuthorizationAnswer(first, asked).has_a_code()
    assert second.status_code == 400
    assert "code=" not in second.headers.get("Location", "")


def test_a_reference_is_dead_after_ninety_seconds(rp: RelyingParty, browser: Browser, clock: FrozenClock) -> None:
    asked, request_uri = pushed_by(rp)
    clock.advance(seconds=90)
    assert brings(rp, browser, asked, request_uri).is_a_page_about("invalid_request_uri")


def test_a_person_may_take_longer_than_the_reference_lives(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser, clock: FrozenClock
) -> None:
    asked, request_uri = pushed_by(rp)
    waiting = brings(rp, stranger, asked, request_uri).location
    clock.advance(seconds=600)
    op.signs_in(stranger)
    answer = stranger.opens(waiting.replace("/login/", "/oauth/authorize/resume/"))
    assert AuthorizationAnswer(answer, asked).has_a_code()


def test_a_reference_of_another_client_stands_for_nothing(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser
) -> None:
    other = RelyingParty.registered_at(op, "Other")
    asked, request_uri = pushed_by(rp)
    assert brings(other, browser, asked, request_uri).is_a_page_about("invalid_request_uri")
    assert brings(rp, browser, asked, request_uri).has_a_code()


@pytest.mark.parametrize(
    "request_uri",
    [
        "urn:ietf:params:oauth:request_uri:" + "x" * 43,
        "urn:ietf:params:oauth:request_uri:",
        "urn:ietf:params:oauth:request_uri:%00",
    ],
)
def test_an_invented_reference_stands_for_nothing(rp: RelyingParty, browser: Browser, request_uri: str) -> None:
    assert brings(rp, browser, rp.prepares(), request_uri).is_a_page_about("invalid_request_uri")


def test_a_reference_without_its_prefix_stands_for_nothing(rp: RelyingParty, browser: Browser) -> None:
    asked, request_uri = pushed_by(rp)
    answer = brings(rp, browser, asked, request_uri.rpartition(":")[2])
    assert answer.response.status_code == 400
    assert not answer.location


@pytest.mark.parametrize("request_uri", ["https://evil.example/request.jwt", "x"])
def test_what_is_no_reference_of_ours_is_not_fetched(rp: RelyingParty, browser: Browser, request_uri: str) -> None:
    answer = brings(rp, browser, rp.prepares(), request_uri)
    assert answer.response.status_code == 400
    assert not answer.location


def test_the_clear_reference_is_not_stored(rp: RelyingParty) -> None:
    _, request_uri = pushed_by(rp)
    secret = request_uri.rpartition(":")[2]
    with rp.op.app.app_context(), reading() as session:
        row = session.scalars(select(PushedRequest)).one()
    assert secret not in f"{row.reference_digest}{row.request}"
    assert str(rp.client_secret) not in str(row.request)


def test_somebody_who_signs_in_for_a_pushed_request_gets_through(
    op: OpenIdProvider, rp: RelyingParty, stranger: Browser
) -> None:
    asked, request_uri = pushed_by(rp)
    waiting = brings(rp, stranger, asked, request_uri)
    assert waiting.asks_to_sign_in()
    op.signs_in(stranger, MIA)
    answer = stranger.opens(waiting.location.replace("/login/", "/oauth/authorize/resume/"))
    assert rp.redeems(AuthorizationAnswer(answer, asked).code).succeeds()
