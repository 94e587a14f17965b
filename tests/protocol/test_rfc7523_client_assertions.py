"""Clients that prove themselves by a signed assertion (RFC 7523 §3, OpenID Connect Core §9)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from idp.domain.client_words import AuthMethod
from idp.domain.errors import ClientNotProven, Invalid
from idp.domain.identifiers import ClientId
from idp.outbound.http import HttpClient
from idp.outbound.policy import OutboundPolicy
from idp.services.registry import clients
from idp.store import clients as client_rows
from idp.store.clients import Client, ClientSecret
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens.client_keys import PublishedKeys
from tests.outbound.servers import serving
from tests.protocol.conftest import BOTH_DATABASES
from tests.support import assertions
from tests.support.app import ISSUER, Browser, OpenIdProvider
from tests.support.assertions import ClientKey, key
from tests.support.clock import NOW, FrozenClock
from tests.support.database import racing
from tests.support.rp import RelyingParty, basic

ENDPOINTS = ("/oauth/token/", "/oauth/introspect/", "/oauth/revoke/", "/oauth/par/")


@pytest.fixture
def signer(op: OpenIdProvider) -> RelyingParty:
    """A service with a key of its own."""
    return RelyingParty.registered_at(op, key=key("ES256"))


@pytest.fixture
def sharer(op: OpenIdProvider) -> RelyingParty:
    """A service that signs with its secret."""
    return RelyingParty.registered_at(op, auth_method=AuthMethod.SECRET_JWT)


def proves(rp: RelyingParty, assertion: str, **form: str | None) -> bool:
    """Say whether an assertion is taken; if not, it must be for the one reason that everybody is told."""
    answer = rp.introspects("x", client_assertion=assertion, **form)
    assert answer.succeeds() or answer.is_refused_as("invalid_client"), answer
    if not answer.succeeds():
        assert answer.body == {"error": "invalid_client", "error_description": "Client authentication failed."}
        assert answer.response.headers["WWW-Authenticate"].startswith("Basic ")
    return answer.succeeds()


# What is taken


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "ES384"])
def test_a_client_proves_itself_with_its_key(op: OpenIdProvider, browser: Browser, alg: str) -> None:
    rp = RelyingParty.registered_at(op, key=key(alg))
    assert rp.client_secret is None
    assert rp.redeems(rp.obtains_a_code_for(browser)).succeeds()


def test_a_client_proves_itself_with_its_secret(sharer: RelyingParty, browser: Browser) -> None:
    assert sharer.redeems(sharer.obtains_a_code_for(browser)).succeeds()


@pytest.mark.parametrize("called", ENDPOINTS)
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("named", ["issuer", "token endpoint", "endpoint called"])
def test_the_audience_may_be_each_name_of_this_server(
    signer: RelyingParty, called: str, slash: str, named: str
) -> None:
    address = {"issuer": "", "token endpoint": "/oauth/token", "endpoint called": called.rstrip("/")}[named]
    audience = f"{ISSUER}{address}{slash}"
    for one in (audience, [audience], [audience, ISSUER]):
        sent = {"client_assertion_type": assertions.TYPE, "client_assertion": signer.asserts(aud=one)}
        answer = signer.op.app.test_client().post(called, data=sent, base_url=ISSUER)
        assert answer.get_json(silent=True) is None or answer.get_json().get("error") != "invalid_client"


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "client-authentication+jwt"])
def test_the_type_may_be_left_out_or_say_what_it_is(signer: RelyingParty, typ: str | None) -> None:
    said = assertions.claims(signer.client_id, ISSUER, signer.op.clock.unix)
    assert proves(signer, assertions.signed(said, key("ES256"), typ=typ))


def test_times_may_differ_by_a_minute(signer: RelyingParty, clock: FrozenClock) -> None:
    now = clock.unix
    assert proves(signer, signer.asserts(exp=now - 59))
    assert proves(signer, signer.asserts(iat=now + 60, nbf=now + 8, exp=now + 660))
    assert proves(signer, signer.asserts(exp=now + 30.5, iat=None))


def test_the_client_id_may_be_said_besides(signer: RelyingParty) -> None:
    assert proves(signer, signer.asserts(), client_id=signer.client_id)


def test_members_of_the_header_that_we_do_not_know_are_no_harm(signer: RelyingParty) -> None:
    said = assertions.claims(signer.client_id, ISSUER, signer.op.clock.unix)
    assert proves(signer, assertions.signed(said, key("ES256"), x5t="abc", anything="1"))


# Claims that are not


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody-else"},
        {"iss": None},
        {"sub": None},
        {"sub": 1},
        {"sub": ""},
        {"sub": "a\0b"},
        {"sub": "\ud800"},
        {"sub": "x" * 1000},
        {"aud": None},
        {"aud": "https://elsewhere.example"},
        {"aud": f"{ISSUER}/oauth/userinfo/"},
        {"aud": f"{ISSUER}//"},
        {"aud": ISSUER.upper()},
        {"aud": [ISSUER, "https://elsewhere.example"]},
        {"aud": []},
        {"aud": [[ISSUER]]},
        {"aud": {ISSUER: 1}},
        {"jti": None},
        {"jti": ""},
        {"jti": 1},
        {"jti": "x" * 257},
        {"jti": "\ud800"},
        {"jti": "a\0b"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**400},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": -1},
        {"iat": "now"},
        {"iat": True},
        {"nbf": []},
    ],
    ids=lambda change: repr(change)[:40],
)
def test_a_claim_that_is_wrong_or_missing_proves_nothing(signer: RelyingParty, change: dict[str, Any]) -> None:
    assert proves(signer, signer.asserts())
    said = assertions.claims(signer.client_id, ISSUER, signer.op.clock.unix, **change)
    # Written by hand: PyJWT refuses to sign some of these.
    assert not proves(signer, by_hand({"alg": "ES256"}, said, key("ES256")))


@pytest.mark.parametrize(
    ("claim", "seconds"),
    [("exp", -60), ("exp", -300), ("exp", 661), ("exp", 30 * 365 * 86400), ("iat", 61), ("nbf", 61)],
)
def test_an_assertion_is_for_now(signer: RelyingParty, clock: FrozenClock, claim: str, seconds: int) -> None:
    assert not proves(signer, signer.asserts(**{claim: clock.unix + seconds}))


def test_issuer_and_subject_are_the_client_that_the_request_names(op: OpenIdProvider, signer: RelyingParty) -> None:
    other = RelyingParty.registered_at(op, "Other", key=key("ES256", number=1))
    assert not proves(signer, signer.asserts(iss=other.client_id, sub=other.client_id))
    assert not proves(signer, signer.asserts(sub=other.client_id))
    assert not proves(signer, signer.asserts(), client_id=other.client_id)
    assert not proves(signer, signer.asserts(iss="nobody", sub="nobody"))


# Once


@BOTH_DATABASES
def test_an_assertion_is_used_once_while_it_lives(signer: RelyingParty, clock: FrozenClock) -> None:
    first = signer.asserts()
    assert proves(signer, first)
    for _ in range(12):
        assert not proves(signer, first)
        clock.advance(seconds=10)
    same_name = signer.asserts(jti=jwt.decode(first, options={"verify_signature": False})["jti"])
    assert not proves(signer, same_name)


def test_two_clients_may_use_one_name(op: OpenIdProvider, signer: RelyingParty) -> None:
    other = RelyingParty.registered_at(op, "Other", key=key("ES256", number=1))
    assert proves(signer, signer.asserts(jti="1"))
    assert proves(other, other.asserts(jti="1"))


def test_an_assertion_that_failed_is_not_spent(signer: RelyingParty) -> None:
    assert not proves(signer, signer.asserts(jti="1", aud="https://elsewhere.example"))
    assert proves(signer, signer.asserts(jti="1"))


@BOTH_DATABASES
def test_of_eight_racing_uses_of_one_assertion_one_counts(signer: RelyingParty) -> None:
    assertion = signer.asserts()
    outcomes = racing(signer.op.app, lambda: proves(signer, assertion))
    assert Counter(outcomes) == {True: 1, False: 7}


# Signatures and methods


def test_another_key_proves_nothing(signer: RelyingParty) -> None:
    said = assertions.claims(signer.client_id, ISSUER, signer.op.clock.unix)
    for stranger in (key("ES256", number=1), key("ES384"), key("RS256"), key("PS256")):
        assert not proves(signer, assertions.signed(said, stranger))
        embedded = assertions.signed(said, stranger, jwk=stranger.public_jwk, kid="x")
        assert not proves(signer, embedded)


@pytest.mark.parametrize("alg", ["none", "None", "", "HS256", "RS512", "ES256K", "EdDSA", "A128KW"])
def test_an_algorithm_that_is_not_offered_proves_nothing(signer: RelyingParty, alg: str) -> None:
    said = assertions.claims(signer.client_id, ISSUER, signer.op.clock.unix)
    for signature in ("", "eA", signer.asserts().rpartition(".")[2]):
        assert not proves(signer, f"{unsigned({'alg': alg}, said)}.{signature}")


@pytest.mark.parametrize("form", ["PEM", "JWK"])
@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_hs256_with_the_public_key_as_secret_proves_nothing(op: OpenIdProvider, alg: str, form: str) -> None:
    rp = RelyingParty.registered_at(op, key=key(alg))
    pem = (
        key(alg)
        .private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    secret = pem if form == "PEM" else json.dumps(key(alg).public_jwk).encode()
    body = unsigned({"alg": "HS256"}, assertions.claims(rp.client_id, ISSUER, op.clock.unix))
    assert not proves(rp, f"{body}.{b64(hmac.digest(secret, body.encode(), hashlib.sha256))}")


def test_each_method_is_for_the_clients_that_registered_it(op: OpenIdProvider, sharer: RelyingParty) -> None:
    said = assertions.claims(sharer.client_id, ISSUER, op.clock.unix)
    assert not proves(sharer, assertions.signed(said, key("ES256")))
    plain = RelyingParty.registered_at(op, "Plain")
    public = RelyingParty.registered_at(op, "Public", public=True)
    for client_id, secret in ((plain.client_id, plain.client_secret), (public.client_id, "x" * 32)):
        assertion = assertions.signed(said | {"iss": client_id, "sub": client_id}, secret or "")
        assert not proves(sharer, assertion)


@pytest.mark.parametrize("alg", ["HS384", "HS512"])
def test_a_secret_signs_with_hs256_alone(op: OpenIdProvider, alg: str) -> None:
    secret = "x" * 64
    rp = RelyingParty.registered_at(op, auth_method=AuthMethod.SECRET_JWT, client_secret=secret)
    said = assertions.claims(rp.client_id, ISSUER, op.clock.unix)
    assert proves(rp, assertions.signed(said, secret))
    assert not proves(rp, jwt.encode(said | {"jti": "another"}, secret, algorithm=alg))


def test_a_client_with_assertions_cannot_come_with_its_secret_or_with_nothing(
    signer: RelyingParty, sharer: RelyingParty, browser: Browser
) -> None:
    code = sharer.obtains_a_code_for(browser)
    for method in (AuthMethod.BASIC, AuthMethod.POST, AuthMethod.NONE):
        sharer.auth = signer.auth = method
        assert sharer.redeems(code).is_refused_as("invalid_client")
        assert signer.introspects("x").is_refused_as("invalid_client")


def test_a_key_is_for_the_algorithm_and_the_use_that_it_names(op: OpenIdProvider) -> None:
    mine = key("RS256", kid="one")
    for said, taken in (
        ({"alg": "RS256"}, True),
        ({"use": "sig"}, True),
        ({"alg": "PS256"}, False),
        ({"use": "enc"}, False),
    ):
        rp = RelyingParty.registered_at(op, key=mine, jwks={"keys": [key().public_jwk, mine.public_jwk | said]})
        assert proves(rp, rp.asserts()) is taken, said


def test_a_key_may_go_without_a_name_while_it_is_the_only_one_that_fits(op: OpenIdProvider) -> None:
    one, other, third = key("ES256"), key("ES256", number=1), key("RS256")
    alone = RelyingParty.registered_at(op, key=one, jwks={"keys": [one.public_jwk, third.public_jwk]})
    assert proves(alone, alone.asserts())
    both = RelyingParty.registered_at(op, key=one, jwks={"keys": [one.public_jwk, other.public_jwk]})
    assert not proves(both, both.asserts())


def test_a_named_key_is_found_among_many(op: OpenIdProvider) -> None:
    keys = [key("ES256", kid=f"key-{number}", number=number) for number in range(3)]
    rp = RelyingParty.registered_at(op, key=keys[1], jwks={"keys": [one.public_jwk for one in keys]})
    assert proves(rp, rp.asserts())
    said = assertions.claims(rp.client_id, ISSUER, op.clock.unix)
    assert not proves(rp, assertions.signed(said, keys[1], kid="key-2"))


# What another process changed


@BOTH_DATABASES
def test_a_key_that_was_just_registered_counts_at_once(signer: RelyingParty) -> None:
    assert proves(signer, signer.asserts())
    signer.key = key("ES256", number=1)
    with signer.op.app.app_context(), unit_of_work() as session:
        row = session.get(Client, signer.client_id)
        assert row is not None
        row.jwks = signer.key.jwks
    assert proves(signer, signer.asserts())


@BOTH_DATABASES
def test_a_client_that_was_just_removed_proves_nothing(signer: RelyingParty) -> None:
    assert proves(signer, signer.asserts())
    with signer.op.app.app_context(), unit_of_work() as session:
        client_rows.remove(session, ClientId(signer.client_id))
    assert not proves(signer, signer.asserts())


# The form of the request


@pytest.mark.parametrize(
    "assertion",
    ["x", "..", "a.b.c", "e30.e30.", "x" * 4097, "é.é.é", "{}", "e30.W10.eA", "W10.e30.eA", f"{'W' * 1000}.e30.eA"],
)
def test_what_is_no_assertion_proves_nothing(signer: RelyingParty, assertion: str) -> None:
    answer = signer.introspects("x", client_assertion=assertion)
    assert answer.is_refused_as("invalid_client") or answer.is_refused_as("invalid_request")


@pytest.mark.parametrize("payload", [b"[]", b"1", b'"x"', b"null", b"{", b"\xff", b"[" * 2000, b'{"sub": {}}'])
def test_a_payload_that_is_no_claims_proves_nothing(signer: RelyingParty, payload: bytes) -> None:
    assert not proves(signer, f"{b64(json.dumps({'alg': 'ES256'}).encode())}.{b64(payload)}.eA")


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "at+jwt"},
        {"typ": 1},
        {"kid": 1},
        {"kid": ["x"]},
        {"alg": 1},
        {"alg": ["ES256"]},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
    ],
    ids=repr,
)
def test_a_header_that_is_not_understood_proves_nothing(signer: RelyingParty, header: dict[str, Any]) -> None:
    said = assertions.claims(signer.client_id, ISSUER, signer.op.clock.unix)
    assert not proves(signer, by_hand({"alg": "ES256", **header}, said, key("ES256")))


@pytest.mark.parametrize("kind", ["", "x", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", None])
def test_the_type_of_the_assertion_is_said(signer: RelyingParty, kind: str | None) -> None:
    sent = {"token": "x", "client_assertion": signer.asserts()} | (
        {} if kind is None else {"client_assertion_type": kind}
    )
    answer = signer.op.app.test_client().post("/oauth/introspect/", data=sent, base_url=ISSUER)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")
    only_the_type = {"token": "x", "client_assertion_type": assertions.TYPE, "client_id": signer.client_id}
    answer = signer.op.app.test_client().post("/oauth/introspect/", data=only_the_type, base_url=ISSUER)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


def test_several_methods_at_once_are_refused(op: OpenIdProvider, signer: RelyingParty, rp: RelyingParty) -> None:
    assert signer.introspects("x", client_secret="y").is_refused_as("invalid_request")
    by_header = {"Authorization": basic(rp.client_id, rp.client_secret or "")}
    sent = {"token": "x", "client_assertion_type": assertions.TYPE, "client_assertion": signer.asserts()}
    for endpoint in ENDPOINTS:
        answer = op.app.test_client().post(
            endpoint, data=sent | {"grant_type": "client_credentials"}, headers=by_header, base_url=ISSUER
        )
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request"), endpoint


def test_an_assertion_that_comes_twice_in_one_request_is_refused(signer: RelyingParty) -> None:
    twice = {"token": "x", "client_assertion_type": assertions.TYPE, "client_assertion": [signer.asserts()] * 2}
    answer = signer.op.app.test_client().post("/oauth/introspect/", data=twice, base_url=ISSUER)
    assert answer.status_code in {400, 401}


# Keys that the client publishes


@dataclass
class Publisher:
    """The ``jwks_uri`` of a service."""

    url: str = ""
    keys: list[ClientKey] = field(default_factory=list)
    body: bytes | None = None
    status: str = "200 OK"
    fetched: int = 0

    def answer(self, connection: socket.socket, _request: bytes) -> None:
        self.fetched += 1
        body = (
            self.body if self.body is not None else json.dumps({"keys": [one.public_jwk for one in self.keys]}).encode()
        )
        connection.sendall(f"HTTP/1.1 {self.status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    published = Publisher(keys=[key("ES256", kid="first")])
    with serving(published.answer) as server:
        published.url = server.url(f"/{secrets.token_hex(8)}")
        yield published


@pytest.fixture
def publishing(op: OpenIdProvider, publisher: Publisher) -> RelyingParty:
    return RelyingParty.registered_at(op, key=publisher.keys[0], jwks_uri=publisher.url)


def test_published_keys_are_fetched_and_kept_for_a_while(publishing: RelyingParty, publisher: Publisher) -> None:
    for _ in range(3):
        assert proves(publishing, publishing.asserts())
    assert publisher.fetched == 1


def test_a_published_key_that_is_withdrawn_counts_for_less_than_a_minute(
    publishing: RelyingParty, publisher: Publisher
) -> None:
    assert proves(publishing, publishing.asserts())
    publisher.keys = [key("ES256", kid="second", number=1)]
    publishing.op.clock.advance(seconds=59)
    assert not proves(publishing, publishing.asserts())


def test_a_key_that_was_just_published_counts_at_once(publishing: RelyingParty, publisher: Publisher) -> None:
    assert proves(publishing, publishing.asserts())
    publishing.key = key("ES256", kid="second", number=1)
    publisher.keys.append(publishing.key)
    publishing.op.clock.advance(seconds=6)
    assert proves(publishing, publishing.asserts())
    assert publisher.fetched == 2


def test_made_up_key_names_do_not_flood_the_client(publishing: RelyingParty, publisher: Publisher) -> None:
    assert proves(publishing, publishing.asserts())
    for number in range(20):
        publishing.key = key("ES256", kid=f"made-up-{number}", number=1)
        assert not proves(publishing, publishing.asserts())
    assert publisher.fetched == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("500 Oops", b"{}"),
        ("302 Found", b""),
        ("200 OK", b"<html>"),
        ("200 OK", b"[]"),
        ("200 OK", b"{}"),
        ("200 OK", b'{"keys": 1}'),
        (
            "200 OK",
            b'{"keys": [1, null, {}, {"kty": []}, {"kty": "EC", "crv": {}, "x": 1, "y": []}, {"kty": "RSA", "n": 1}]}',
        ),
        ("200 OK", b"[" * 100_000),
        ("200 OK", b'{"keys": [{"kty": "oct", "k": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg"}]}'),
    ],
    ids=repr,
)
def test_a_jwks_uri_that_gives_no_key_proves_nothing(
    publishing: RelyingParty, publisher: Publisher, status: str, body: bytes
) -> None:
    publisher.status, publisher.body = status, body
    assert not proves(publishing, publishing.asserts())
    assert not proves(publishing, publishing.asserts())
    assert publisher.fetched == 1


def test_a_jwks_uri_that_failed_is_asked_again_soon(publishing: RelyingParty, publisher: Publisher) -> None:
    publisher.status = "503 Later"
    assert not proves(publishing, publishing.asserts())
    publisher.status = "200 OK"
    publishing.op.clock.advance(seconds=5)
    assert proves(publishing, publishing.asserts())


def test_a_fetch_that_fails_leaves_the_keys_that_are_there(publishing: RelyingParty, publisher: Publisher) -> None:
    assert proves(publishing, publishing.asserts())
    mine, publisher.status = publishing.key, "503 Later"
    publishing.op.clock.advance(seconds=6)
    publishing.key = key("ES256", kid="made-up", number=1)
    assert not proves(publishing, publishing.asserts())
    publishing.key = mine
    assert proves(publishing, publishing.asserts())
    assert publisher.fetched == 2


def test_a_jwks_uri_within_our_own_network_is_not_called(publisher: Publisher) -> None:
    guarded = PublishedKeys(HttpClient(OutboundPolicy.parse("")))
    with pytest.raises(ClientNotProven):
        guarded.get(publisher.url, now=NOW)
    assert publisher.fetched == 0


# Registration


def test_a_client_with_keys_has_no_secret(op: OpenIdProvider) -> None:
    with pytest.raises(Invalid, match="private_key_jwt has no secret"):
        RelyingParty.registered_at(op, key=key(), client_secret="x" * 40)
    rp = RelyingParty.registered_at(op, key=key())
    with op.app.app_context(), pytest.raises(Invalid, match="private_key_jwt has no secret"):
        clients.rotate_secret(rp.client_id, keep_old_for=timedelta(0), sealer=op.parts.sealer, context=op.context)


def test_keys_that_can_verify_nothing_are_refused(op: OpenIdProvider) -> None:
    short = ClientKey(alg="RS256", private=rsa.generate_private_key(65537, 1024)).public_jwk  # noqa: S505
    for useless in (short, {"kty": "EC", "crv": "secp256k1", "x": "a", "y": "b"}, key().public_jwk | {"use": "enc"}):
        with pytest.raises(Invalid, match="none of the keys can verify"):
            RelyingParty.registered_at(op, key=key(), jwks={"keys": [useless]})


def test_a_secret_that_signs_has_32_characters(op: OpenIdProvider) -> None:
    with pytest.raises(Invalid, match="at least 32"):
        RelyingParty.registered_at(op, auth_method=AuthMethod.SECRET_JWT, client_secret="x" * 31)
    rp = RelyingParty.registered_at(op, auth_method=AuthMethod.SECRET_JWT, client_secret="x" * 32)
    assert proves(rp, rp.asserts())


def secrets_of(rp: RelyingParty) -> list[ClientSecret]:
    with rp.op.app.app_context(), reading() as session:
        return [one for one in session.query(ClientSecret) if one.client_id == rp.client_id]


def test_a_secret_that_signs_is_kept_sealed_and_any_other_as_digest_alone(
    sharer: RelyingParty, rp: RelyingParty
) -> None:
    (kept,) = secrets_of(sharer)
    assert kept.sealed is not None
    assert (sharer.client_secret or "-") not in kept.sealed
    assert [one.sealed for one in secrets_of(rp)] == [None]


def test_a_secret_kept_as_digest_cannot_sign_and_the_error_says_what_to_do(
    op: OpenIdProvider, rp: RelyingParty
) -> None:
    with op.app.app_context():
        with pytest.raises(Invalid, match=f"rotate-secret {rp.client_id} --auth-method client_secret_jwt"):
            clients.update(rp.client_id, {"auth_method": "client_secret_jwt"}, context=op.context)
        assert clients.show(rp.client_id, context=op.context).metadata.auth_method is None
    rotates(rp, auth_method="client_secret_jwt")
    assert proves(rp, rp.asserts())


def test_a_secret_that_no_longer_signs_is_not_kept_readable(op: OpenIdProvider, sharer: RelyingParty) -> None:
    with op.app.app_context():
        clients.update(sharer.client_id, {"auth_method": "client_secret_basic"}, context=op.context)
    assert [one.sealed for one in secrets_of(sharer)] == [None]
    sharer.auth = AuthMethod.BASIC
    assert sharer.introspects("x").succeeds()


def test_a_client_changes_from_secret_to_keys_and_back(op: OpenIdProvider, rp: RelyingParty) -> None:
    old = rp.client_secret
    to_keys = {"auth_method": "private_key_jwt", "jwks": key().jwks}
    with op.app.app_context():
        clients.update(rp.client_id, to_keys, context=op.context)
        back = {"auth_method": "client_secret_basic", "jwks": None}
        with pytest.raises(Invalid, match="rotate-secret"):
            clients.update(rp.client_id, back, context=op.context)
    assert rp.introspects("x").is_refused_as("invalid_client")
    rotates(rp, auth_method="client_secret_basic")
    rp.auth = AuthMethod.BASIC
    assert rp.introspects("x").succeeds()
    rp.client_secret = old
    assert rp.introspects("x").is_refused_as("invalid_client")


def test_old_and_new_secret_sign_side_by_side_for_a_while(sharer: RelyingParty, clock: FrozenClock) -> None:
    old = sharer.client_secret or ""
    rotates(sharer, keep_old_for=timedelta(minutes=1))
    assert proves(sharer, sharer.asserts())
    assert proves(sharer, assertions.signed(assertions.claims(sharer.client_id, ISSUER, clock.unix), old))
    clock.advance(minutes=1)
    assert not proves(sharer, assertions.signed(assertions.claims(sharer.client_id, ISSUER, clock.unix), old))
    assert proves(sharer, sharer.asserts())


def rotates(rp: RelyingParty, *, auth_method: str | None = None, keep_old_for: timedelta = timedelta(0)) -> None:
    """Give the service a new secret, which it uses from now on."""
    with rp.op.app.app_context():
        issued = clients.rotate_secret(
            rp.client_id,
            keep_old_for=keep_old_for,
            auth_method=auth_method,
            sealer=rp.op.parts.sealer,
            context=rp.op.at_this_moment,
        )
    rp.client_secret = issued.client_secret
    rp.auth = issued.client.metadata.auth_method or AuthMethod.BASIC
    rp.key = None


# The log


def test_the_log_says_who_failed_and_why_and_holds_no_assertion(signer: RelyingParty) -> None:
    refused = signer.asserts(aud="https://elsewhere.example")
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    with structlog.testing.capture_logs() as logged:
        assert not proves(signer, refused)
    structlog.configure(**before)
    (entry,) = [one for one in logged if one["event"] == "client_not_authenticated"]
    assert (entry["client_id"], entry["reason"]) == (signer.client_id, "meant for another audience")
    for part in refused.split("."):
        assert part not in repr(logged)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(header: dict[str, Any], said: dict[str, Any]) -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(said).encode())}"


def by_hand(header: dict[str, Any], said: dict[str, Any], by: ClientKey) -> str:
    """Sign whatever it is."""
    body = unsigned(header, said)
    algorithm = jwt.get_algorithm_by_name(by.alg)
    return f"{body}.{b64(algorithm.sign(body.encode(), by.private))}"
