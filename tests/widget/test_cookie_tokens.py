"""What the cookie tokens say, who signs them, and that nothing else passes for one (CONTRACT §5, RFC 8725)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from idp.domain.client_words import SigningAlg
from idp.domain.jars import Jar
from idp.services.registry import api_keys
from idp.tokens.key_ring import KeyRing, Signer
from idp.tokens.signing import sign
from tests.support.app import MIA, OpenIdProvider, provider_on_a_file
from tests.support.clock import FrozenClock
from tests.support.rp import RelyingParty
from tests.support.widget import ACCESS, API_KEY, CSRF_ACCESS, CSRF_REFRESH, ORIGIN, REFRESH, Widget

TOP, PARTITIONED = Jar.TOP, Jar.PARTITIONED


def unread(token: str | None) -> dict[str, Any]:
    """Return what a token says, whoever signed it."""
    claims: dict[str, Any] = jwt.decode(token or "", options={"verify_signature": False})
    return claims


def verified(op: OpenIdProvider, token: str | None, **options: Any) -> dict[str, Any]:
    """Read a token as a service does: with the published key, for its account."""
    keys = jwt.PyJWKSet.from_dict(published(op))
    key = keys[jwt.get_unverified_header(token or "")["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token or "",
        key,
        algorithms=["ES256"],
        issuer=op.issuer,
        # The clock of the test stands still somewhere else; what the times are is compared by itself.
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        **{"audience": "urn:deepdesk:account:acme", **options},
    )
    return claims


def published(op: OpenIdProvider, path: str = "/auth/jwks") -> dict[str, Any]:
    keys: dict[str, Any] = op.app.test_client().get(f"{op.issuer}{path}").get_json()
    return keys


@pytest.fixture
def by_key(widget: Widget) -> Widget:
    """A widget whose agent came by the account's API key."""
    assert widget.signs_in_by_key("4711", "Kim Agent").status_code == 200
    return widget


@pytest.fixture
def by_sso(widget: Widget) -> Widget:
    """A browser to which Mia signed in, by the platform's own provider."""
    assert widget.signs_in_in_a_window(MIA).status_code == 303
    return widget


def signer_of(op: OpenIdProvider, ring: KeyRing) -> Signer:
    """Return the key that signs now."""
    with op.app.app_context():
        return ring.signer(SigningAlg.ES256, now=op.clock.now())


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIdProvider]:
    """A provider whose keys turn and whose clock only goes on: those of the common one must stay what they are."""
    with provider_on_a_file(tmp_path_factory.mktemp("turning")) as (op, _):
        op.runs("accounts", "update", "acme", "--origin", ORIGIN)
        with op.app.app_context():
            api_keys.create("acme", key=API_KEY, parts=op.parts, context=op.context)
        yield op


class TestWhatTheySay:
    @pytest.mark.parametrize("kind", ["access", "refresh"])
    def test_over_a_bridge(self, by_key: Widget, clock: FrozenClock, kind: str) -> None:
        name, csrf, lifetime = {
            "access": (ACCESS, CSRF_ACCESS, 900),
            "refresh": (REFRESH, CSRF_REFRESH, 86400),
        }[kind]
        claims = verified(by_key.op, by_key.jars.value(name, PARTITIONED))
        assert claims == {
            "iss": by_key.op.issuer,
            "aud": "urn:deepdesk:account:acme",
            "iat": clock.unix,
            "nbf": clock.unix - 60,
            "exp": clock.unix + lifetime,
            "jti": claims["jti"],
            "sid": claims["sid"],
            "type": kind,
            "fresh": False,
            "csrf": by_key.jars.value(csrf, PARTITIONED),
            "sub": claims["sub"],
            "identity": {"account": "acme", "user_id": "4711", "user_name": "Kim Agent", "user_email": None},
            "roles": ["deepdesk.agent"],
            "role_name": "deepdesk.agent",
            "acr": "urn:deepdesk:acr:bridge",
            "amr": ["api_key"],
            "auth_time": clock.unix,
            "jar": "partitioned",
        }

    @pytest.mark.parametrize("kind", ["access", "refresh"])
    def test_by_the_platforms_own_provider(self, by_sso: Widget, clock: FrozenClock, kind: str) -> None:
        name, csrf, lifetime = {
            "access": (ACCESS, CSRF_ACCESS, 900),
            "refresh": (REFRESH, CSRF_REFRESH, 86400),
        }[kind]
        claims = verified(by_sso.op, by_sso.jars.value(name, TOP))
        assert claims == {
            "iss": by_sso.op.issuer,
            "aud": "urn:deepdesk:account:acme",
            "iat": clock.unix,
            "nbf": clock.unix - 60,
            "exp": clock.unix + lifetime,
            "jti": claims["jti"],
            "sid": claims["sid"],
            "type": kind,
            "fresh": kind == "access",
            "csrf": by_sso.jars.value(csrf, TOP),
            "sub": claims["sub"],
            "identity": {
                "account": "acme",
                "user_id": claims["sub"],
                "user_name": "Mia Manager",
                "user_email": "mia@acme.example",
            },
            "roles": ["deepdesk.manager"],
            "role_name": "deepdesk.manager",
            "acr": "urn:deepdesk:acr:interactive",
            "amr": ["fed", "pwd"],
            "auth_time": clock.unix,
            "jar": "top",
        }

    def test_the_header_names_kind_algorithm_and_a_published_key(self, by_key: Widget) -> None:
        kids = {key["kid"] for key in published(by_key.op)["keys"]}
        for name in (ACCESS, REFRESH):
            header = jwt.get_unverified_header(by_key.jars.value(name, PARTITIONED) or "")
            assert header == {"alg": "ES256", "typ": "session+jwt", "kid": header["kid"]}
            assert header["kid"] in kids

    def test_no_two_tokens_have_one_name(self, by_key: Widget) -> None:
        first = {unread(by_key.jars.value(name, PARTITIONED))["jti"] for name in (ACCESS, REFRESH)}
        by_key.renews()
        second = {unread(by_key.jars.value(name, PARTITIONED))["jti"] for name in (ACCESS, REFRESH)}
        assert len(first | second) == 4

    def test_the_two_csrf_values_differ(self, by_key: Widget) -> None:
        assert by_key.csrf_access
        assert by_key.csrf_access != by_key.csrf_refresh

    def test_freshness_ends_with_the_first_renewal(self, by_sso: Widget) -> None:
        assert by_sso.window().renews().status_code == 200
        assert unread(by_sso.jars.value(ACCESS, TOP))["fresh"] is False

    def test_an_access_token_never_outlives_its_session(self, by_key: Widget, clock: FrozenClock) -> None:
        clock.advance(hours=23, minutes=55)
        assert by_key.renews().get_json()["expires_in"] == 300
        access = unread(by_key.jars.value(ACCESS, PARTITIONED))
        assert access["exp"] == unread(by_key.jars.value(REFRESH, PARTITIONED))["exp"] == clock.unix + 300

    def test_a_service_of_another_account_refuses_it(self, by_key: Widget) -> None:
        with pytest.raises(jwt.InvalidAudienceError):
            verified(by_key.op, by_key.jars.value(ACCESS, PARTITIONED), audience="urn:deepdesk:account:globex")


class TestThePlatformsId:
    def test_is_the_one_that_an_operator_gave(self, op: OpenIdProvider, widget: Widget) -> None:
        op.makes("mia@acme.example", platform_id="agent-7")
        widget.signs_in_in_a_window(MIA)
        assert unread(widget.jars.value(ACCESS, TOP))["identity"]["user_id"] == "agent-7"

    def test_never_becomes_the_subject(self, by_key: Widget) -> None:
        claims = unread(by_key.jars.value(ACCESS, PARTITIONED))
        assert claims["sub"] != claims["identity"]["user_id"]


class TestTheirKeys:
    @pytest.mark.parametrize("path", ["/auth/jwks", "/auth/jwks/"])
    def test_are_public_and_may_be_kept_for_five_minutes(self, op: OpenIdProvider, path: str) -> None:
        answer = op.app.test_client().get(f"{op.issuer}{path}", headers={"Origin": "https://anywhere.example"})
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        for key in answer.get_json()["keys"]:
            assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
            assert "d" not in key

    def test_are_none_of_the_keys_of_oauth_tokens(self, op: OpenIdProvider) -> None:
        ours, oauth = (
            {json.dumps([key.get("x"), key.get("n"), key["kid"]]) for key in published(op, path)["keys"]}
            for path in ("/auth/jwks", "/oauth/jwks")
        )
        assert len(ours) == 2
        assert not ours & oauth

    def test_oauth_tokens_are_not_signed_with_them(self, op: OpenIdProvider) -> None:
        browser = op.browser()
        op.signs_in(browser)
        tokens = RelyingParty.registered_at(op).obtains_tokens_for(browser)
        kids = {key["kid"] for key in published(op)["keys"]}
        for token in (tokens.access_token, tokens.id_token):
            assert jwt.get_unverified_header(token)["kid"] not in kids

    def test_sign_no_access_token_that_userinfo_would_take(self, op: OpenIdProvider) -> None:
        browser, rp = op.browser(), RelyingParty.registered_at(op)
        op.signs_in(browser)
        genuine = rp.obtains_tokens_for(browser).access_token
        forged = sign(unread(genuine), signer_of(op, op.parts.session_keys), typ="at+jwt")
        assert rp.asks_userinfo(genuine).succeeds()
        assert rp.asks_userinfo(forged).is_refused_as("invalid_token")

    def test_turn_and_what_they_signed_goes_on(self, turning: OpenIdProvider) -> None:
        widget = Widget(turning)
        widget.signs_in_by_key()
        before = jwt.get_unverified_header(widget.jars.value(REFRESH, PARTITIONED) or "")["kid"]
        turning.runs("keys", "rotate", "--force")
        turning.clock.advance(seconds=30)
        assert widget.asks().status_code == 200
        assert verified(turning, widget.jars.value(ACCESS, PARTITIONED))
        assert widget.renews().status_code == 200
        assert jwt.get_unverified_header(widget.jars.value(REFRESH, PARTITIONED) or "")["kid"] != before

    def test_stay_public_until_the_last_token_has_expired(self, turning: OpenIdProvider) -> None:
        widget = Widget(turning)
        widget.signs_in_by_key()
        turning.runs("keys", "rotate", "--force")
        turning.clock.advance(hours=23, minutes=59)
        assert widget.renews().status_code == 200

    def test_that_somebody_else_may_know_end_every_session_that_they_signed(self, turning: OpenIdProvider) -> None:
        widget = Widget(turning)
        widget.signs_in_by_key()
        turning.runs("keys", "revoke", jwt.get_unverified_header(widget.jars.value(ACCESS, PARTITIONED) or "")["kid"])
        turning.clock.advance(seconds=30)
        for answer in (widget.asks(), widget.renews()):
            assert (answer.status_code, answer.get_json().get("error")) == (401, "signed_out"), answer.text
