"""A service with sessions of its own, which ends them when the provider says so (Back-Channel Logout 1.0 §2.5 to §2.8).

It reads logout tokens with PyJWT as strictly as the specification allows. It
can be away: its port then refuses connections.
"""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
import requests

from tests.interop.service import REDIRECT_URI, TIMEOUT_SECONDS, Service
from tests.interop.walking import Browser
from tests.support.serve import Served

NOBODY_LISTENS = "http://127.0.0.1:1/"
"""Where the tests' browsers stop: a service's addresses for the way back begin like this."""
GOODBYE_URI = f"{NOBODY_LISTENS}goodbye?from=deepdesk"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
SESSION_BOUND = "openid email roles"
OFFLINE = "openid offline_access"


@dataclass(kw_only=True)
class Held:
    """What a service holds of somebody who signed in.

    :param refresh_token: the newest.
    """

    sid: str
    sub: str
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class Ear:
    """A back-channel logout address on loopback, and the local sessions, by ``sid``, that end there.

    :param open: the ``sub`` of each local session.
    :param refused: why logout tokens were not believed.
    """

    def __init__(self, client_id: str, issuer: str) -> None:
        self.open: dict[str, str] = {}
        self.refused: list[str] = []
        self._client_id = client_id
        self._issuer = issuer
        self._heard_at: dict[str, float] = {}
        self._jtis: set[str] = set()
        self._changed = threading.Condition()
        self._keys = jwt.PyJWKClient(_metadata(issuer)["jwks_uri"])
        self._server: ThreadingHTTPServer | None = None
        # Bound and never listening: the port stays ours, and refuses, while the server is away.
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        self._port = int(self._place.getsockname()[1])

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}/backchannel-logout"

    def opens(self) -> None:
        """Listen, again on the same port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def closes(self) -> None:
        """Be away: whoever calls is refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server = None

    def goes(self) -> None:
        """Let go of the port, too."""
        self.closes()
        self._place.close()

    def has_heard_of(self, sid: str) -> bool:
        with self._changed:
            return sid in self._heard_at

    def heard_after(self, sid: str, *, since: float, within: float) -> float:
        """Wait until the local session of ``sid`` has ended, but not longer than ``within`` seconds.

        :param since: of the monotonic clock.
        :returns: how many seconds after that it was; infinite when it has not.
        """
        with self._changed:
            self._changed.wait_for(lambda: sid in self._heard_at, max(0.0, since + within - time.monotonic()))
            return self._heard_at.get(sid, math.inf) - since

    def takes(self, content_type: str, body: str) -> str | None:
        """Read a logout request and end its session; returns why it is not believed."""
        with self._changed:
            try:
                claims = self._verified(content_type, body)
            except (jwt.PyJWTError, ValueError) as refusal:
                self.refused.append(f"{type(refusal).__name__}: {refusal}")
                return self.refused[-1]
            # It may be told again what it was told already: delivery is at least once.
            self.open.pop(claims["sid"], None)
            self._heard_at.setdefault(claims["sid"], time.monotonic())
            self._changed.notify_all()
            return None

    def _verified(self, content_type: str, body: str) -> dict[str, Any]:
        if content_type != "application/x-www-form-urlencoded":
            raise ValueError(f"a body of type {content_type}")
        sent = parse_qs(body, keep_blank_values=True, strict_parsing=True)
        if sent.keys() != {"logout_token"} or len(sent["logout_token"]) != 1:
            raise ValueError(f"not one logout_token, but {sorted(sent)}")
        (token,) = sent["logout_token"]
        if jwt.get_unverified_header(token).get("typ") != "logout+jwt":
            raise ValueError("another kind of token")
        claims: dict[str, Any] = jwt.decode(
            token,
            self._keys.get_signing_key_from_jwt(token).key,
            algorithms=["RS256"],
            audience=self._client_id,
            issuer=self._issuer,
            options={"require": ["iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"], "strict_aud": True},
        )
        self._judge(claims)
        return claims

    def _judge(self, claims: dict[str, Any]) -> None:
        if claims["events"] != {EVENT: {}}:
            raise ValueError(f"events are {claims['events']}")
        if "nonce" in claims:
            raise ValueError("a nonce, as in an ID token")
        if claims["jti"] in self._jtis:
            raise ValueError("the same token again")
        self._jtis.add(claims["jti"])
        if claims["sid"] not in self._heard_at and self.open.get(claims["sid"]) != claims["sub"]:
            raise ValueError(f"no such session here, or not this person's: {claims['sid']}")


def _metadata(issuer: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=TIMEOUT_SECONDS).json()
    return found


def _handler(ear: Ear) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            refusal = ear.takes(self.headers["Content-Type"], body)
            answer = json.dumps({"error": "invalid_request"}).encode() if refusal else b""
            self.send_response(400 if refusal else 200)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@dataclass(frozen=True, kw_only=True)
class HearingService:
    """A client of the provider, and its ear."""

    client: Service
    ear: Ear

    @property
    def client_id(self) -> str:
        return self.client.client_id

    def redeem(self, code: str) -> Held:
        """Exchange a code, and begin a local session."""
        answer = self._token(
            grant_type="authorization_code",
            code=code,
            redirect_uri=REDIRECT_URI,
            code_verifier=self.client.verifier,
        )
        assert answer.ok, answer.text
        tokens = answer.json()
        claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
        self.ear.open[claims["sid"]] = claims["sub"]
        return Held(
            sid=claims["sid"], sub=claims["sub"], id_token=tokens["id_token"], refresh_token=tokens["refresh_token"]
        )

    def refresh(self, held: Held) -> str:
        """Use a refresh token; returns ``ok``, or the error."""
        answer = self._token(grant_type="refresh_token", refresh_token=held.refresh_token)
        if not answer.ok:
            return str(answer.json()["error"])
        held.refresh_token = answer.json()["refresh_token"]
        return "ok"

    def _token(self, **form: str) -> requests.Response:
        return requests.post(
            f"{self.client.issuer}/oauth/token/",
            data=form,
            auth=(self.client.client_id, self.client.client_secret),
            timeout=TIMEOUT_SECONDS,
        )


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Somebody in one browser, signed in at services.

    :param held: by client, what hangs on the session.
    """

    browser: Browser
    held: dict[str, Held] = field(default_factory=dict)

    @property
    def sid(self) -> str:
        (sid,) = {one.sid for one in self.held.values()}
        return sid

    def visits(self, service: HearingService, person: str, scope: str = SESSION_BOUND) -> Held:
        """Sign in at a service, at the upstream only where the provider wants it."""
        page = self.browser.open(service.client.authorize_url(scope=scope))
        if not page.url.startswith(NOBODY_LISTENS):
            page = self.browser.submit(page, person=person)
        return service.redeem(page.query["code"])

    def asks_silently(self, service: HearingService) -> str:
        """Return the error of ``prompt=none``, or ``code``."""
        return self.browser.open(service.client.authorize_url(prompt="none")).query.get("error", "code")


@contextmanager
def hearing_service(provider: Served, client_id: str) -> Iterator[HearingService]:
    """Register a service of ``acme``, and listen while the block runs."""
    ear = Ear(client_id, provider.issuer)
    client = Service.register(
        provider,
        client_id.title(),
        *("--account", "acme", "--client-id", client_id),
        *("--post-logout-redirect-uri", GOODBYE_URI, "--backchannel-logout-uri", ear.uri),
    )
    ear.opens()
    try:
        yield HearingService(client=client, ear=ear)
    finally:
        ear.goes()
