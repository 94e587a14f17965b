"""What the load does: one generator a unit of work, which yields requests and is sent the answers.

A unit counts only when every answer is what it must be; :class:`Wrong` says
what came instead. Each mode gives one endless supply of units a connection.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from bench import wire
from bench.target import DISCOVERY_PATH, REDIRECT_URI, SCOPE, WIDGET_ORIGIN, Target
from bench.wire import Answer, Wrong

Unit = Generator[bytes, Answer, Any]
Supply = Callable[[], Unit]
Ask = Callable[[Unit], Any]
"""Runs one unit by itself and returns what it returns; for what a mode needs beforehand."""
REFRESH_COOKIE = "refresh_token_cookie"
ERRANDS = 64
"""Prepared authorization requests a browser; each has its own state, nonce and verifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """A kind of work.

    :param supply: makes the supply of one connection: target, its number among the connections, and how to ask.
    :param endpoint: must stand in the discovery document, or the mode is not built.
    :param grant: the same for a grant type.
    :param of_widgets: only a server that knows widgets does it.
    """

    name: str
    supply: Callable[[Target, int, Ask], Supply]
    endpoint: str | None = None
    grant: str | None = None
    of_widgets: bool = False

    def is_built(self, target: Target) -> bool:
        """Say whether the server claims to do it."""
        if self.of_widgets:
            return target.account is not None
        return target.offers(endpoint=self.endpoint, grant=self.grant)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """One authorization request, with what its answers will be held against."""

    authorize: bytes
    state: str
    nonce: str
    verifier: str


def code_flow(target: Target, alg: str, number: int) -> Supply:
    """Return units of authorize with a session → code → token → ID token with the request's nonce.

    A unit returns the token response.
    """
    errands = cycle([_errand(target, alg, target.cookies[number % len(target.cookies)]) for _ in range(ERRANDS)])
    client = target.clients[alg]
    credentials = wire.basic(client.client_id, client.client_secret)
    path = target.path("token_endpoint")

    def unit() -> Unit:
        errand = next(errands)
        code = _code_in((yield errand.authorize), errand.state)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": errand.verifier,
        }
        tokens = _tokens_in((yield wire.post(target.host, path, form, credentials)))
        if claims_of(tokens.get("id_token")).get("nonce") != errand.nonce:
            raise Wrong("the ID token lacks the request's nonce")
        return tokens

    return unit


def refresh(target: Target, number: int, ask: Ask) -> Supply:
    """Return units of one renewal each, with the refresh token that the last one gave."""
    client = target.clients["ES256"]
    credentials = wire.basic(client.client_id, client.client_secret)
    path = target.path("token_endpoint")
    held = ask(code_flow(target, "ES256", number)()).get("refresh_token")
    if not held:
        raise Wrong("the code flow gives no refresh token")

    def unit() -> Unit:
        nonlocal held
        form = {"grant_type": "refresh_token", "refresh_token": held}
        tokens = _tokens_in((yield wire.post(target.host, path, form, credentials)))
        if tokens.get("refresh_token") in {None, held}:
            raise Wrong("the refresh token was not rotated")
        held = tokens["refresh_token"]
        return tokens

    return unit


def cookie_refresh(target: Target, number: int, ask: Ask) -> Supply:
    """Return units of one renewal each of a widget's session cookies, as a page of the platform asks for it."""
    begin = wire.get(
        target.host, f"/platform/sso?account={target.account}", {"Cookie": target.cookies[number % len(target.cookies)]}
    )
    held = ask(_one(begin, lambda answer: answer.must_be(303).cookies()))
    if REFRESH_COOKIE not in held:
        raise Wrong("the sign-in gives no refresh cookie")

    def unit() -> Unit:
        nonlocal held
        headers = {
            "Cookie": f"{REFRESH_COOKIE}={held[REFRESH_COOKIE]}",
            "X-CSRF-TOKEN": held["csrf_refresh_token"],
            "Origin": WIDGET_ORIGIN,
        }
        answer = yield wire.post(target.host, "/auth/refresh", {}, headers)
        given = answer.must_be(200).cookies()
        if given.get(REFRESH_COOKIE) in {None, held[REFRESH_COOKIE]}:
            raise Wrong("the refresh cookie was not rotated")
        held = given

    return unit


def client_credentials(target: Target, _number: int, _ask: Ask) -> Supply:
    """Return units of one token for the client itself."""
    client = target.clients["ES256"]
    credentials = wire.basic(client.client_id, client.client_secret)
    request = wire.post(target.host, target.path("token_endpoint"), {"grant_type": "client_credentials"}, credentials)
    return lambda: _one(request, _tokens_in)


def introspect(target: Target, number: int, ask: Ask) -> Supply:
    """Return units of one question about a live access token."""
    client = target.clients["ES256"]
    form = {"token": ask(code_flow(target, "ES256", number)())["access_token"]}
    credentials = wire.basic(client.client_id, client.client_secret)
    request = wire.post(target.host, target.path("introspection_endpoint"), form, credentials)
    return lambda: _one(request, _active_in)


def userinfo(target: Target, number: int, ask: Ask) -> Supply:
    """Return units of one look at the person of an access token."""
    token = ask(code_flow(target, "ES256", number)())["access_token"]
    request = wire.get(target.host, target.path("userinfo_endpoint"), {"Authorization": f"Bearer {token}"})
    return lambda: _one(request, _person_in)


def document(target: Target, path: str, member: str) -> Supply:
    """Return units of one look at a document that has a member."""
    request, expected = wire.get(target.host, path), f'"{member}"'.encode()

    def checked(answer: Answer) -> None:
        if answer.status != 200 or expected not in answer.body:
            raise Wrong(f"{path} lacks {member}: status {answer.status}")

    return lambda: _one(request, checked)


MODES: dict[str, Mode] = {
    mode.name: mode
    for mode in (
        Mode(name="flow-ES256", supply=lambda target, number, _: code_flow(target, "ES256", number)),
        Mode(name="flow-RS256", supply=lambda target, number, _: code_flow(target, "RS256", number)),
        Mode(name="refresh", supply=refresh, grant="refresh_token"),
        Mode(name="cookie-refresh", supply=cookie_refresh, of_widgets=True),
        Mode(name="introspect", supply=introspect, endpoint="introspection_endpoint"),
        Mode(name="userinfo", supply=userinfo, endpoint="userinfo_endpoint"),
        Mode(name="client_credentials", supply=client_credentials, grant="client_credentials"),
        Mode(name="discovery", supply=lambda target, *_: document(target, DISCOVERY_PATH, "issuer")),
        Mode(name="jwks", supply=lambda target, *_: document(target, target.path("jwks_uri"), "keys")),
    )
}
"""A further kind of work is one more entry."""


def claims_of(token: object) -> dict[str, Any]:
    """Return the payload of a JWT, unverified.

    :raises Wrong: it is none.
    """
    try:
        payload = str(token).split(".")[1]
        return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    except (IndexError, binascii.Error, ValueError) as problem:
        raise Wrong(f"no JWT: {str(token)[:80]!r}") from problem


def _one(request: bytes, checked: Callable[[Answer], Any]) -> Unit:
    return checked((yield request))


def _errand(target: Target, alg: str, cookie: str) -> _Errand:
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    query = {
        "response_type": "code",
        "client_id": target.clients[alg].client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": SCOPE,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    path = f"{target.path('authorization_endpoint')}?{urlencode(query)}"
    return _Errand(
        authorize=wire.get(target.host, path, {"Cookie": cookie}), state=state, nonce=nonce, verifier=verifier
    )


def _code_in(answer: Answer, state: str) -> str:
    location = answer.must_be(303, 302).location
    if not location.startswith(f"{REDIRECT_URI}?"):
        raise Wrong(f"authorize leads to {location[:200]!r}")
    sent = parse_qs(urlsplit(location).query)
    if sent.get("state") != [state]:
        raise Wrong("the state is not the request's")
    if len(sent.get("code", ())) != 1:
        raise Wrong(f"authorize gives no code: {location[:200]!r}")
    return sent["code"][0]


def _tokens_in(answer: Answer) -> dict[str, Any]:
    tokens = _object_in(answer)
    if not tokens.get("access_token"):
        raise Wrong("no access token")
    return tokens


def _active_in(answer: Answer) -> dict[str, Any]:
    said = _object_in(answer)
    if said.get("active") is not True:
        raise Wrong("the access token is not active")
    return said


def _person_in(answer: Answer) -> dict[str, Any]:
    said = _object_in(answer)
    if not said.get("sub"):
        raise Wrong("userinfo names nobody")
    return said


def _object_in(answer: Answer) -> dict[str, Any]:
    try:
        return dict(json.loads(answer.must_be(200).body))
    except ValueError as problem:
        raise Wrong("no JSON object") from problem


def supplies(mode: Mode, target: Target, connections: int, ask: Ask) -> Iterator[Supply]:
    """Return the mode's supply for each connection."""
    return (mode.supply(target, number, ask) for number in range(connections))
