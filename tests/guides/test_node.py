"""The guide for Node.js with openid-client."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.guides.answering import Request, answering
from tests.guides.guide import Guide
from tests.guides.program import Person, Program, lied_to, register, serving, set_cookies, text
from tests.guides.signing_in import EVENT, HearingOfSignOuts, NotLiedTo, Renewing, SigningIn
from tests.interop.walking import Page
from tests.support.node import PEERS, Node
from tests.support.platform import RunningPlatform
from tests.support.serve import Served, free_port

GUIDE = Guide(name="node")


def test_the_page_shows_the_program() -> None:
    shown = GUIDE.blocks("js")
    assert [file.name for file in GUIDE.programs() if file.read_text(encoding="utf-8") not in shown] == []


@pytest.fixture(scope="module")
def command(node: Node, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What starts the program, from a folder where its packages are installed."""
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(GUIDE.folder / "server.mjs", folder)
    (folder / "node_modules").symlink_to(PEERS / "node_modules")
    # What is deprecated is not to be copied.
    return [node.executable, "--throw-deprecation", str(folder / "server.mjs")]


@pytest.fixture(scope="module")
def settings(provider: Served, platform: RunningPlatform) -> dict[str, str]:
    return register(provider, GUIDE, f"http://localhost:{free_port()}")


@pytest.fixture(scope="module")
def service(
    command: list[str], settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    with serving(command, settings, tmp_path_factory.mktemp("log")) as program:
        yield program


class TestNode(SigningIn, HearingOfSignOuts, Renewing):
    @pytest.fixture
    def program(self, service: Program) -> Program:
        return service

    def test_signing_out_ends_the_session_here_and_at_the_provider(
        self, person: Person, provider: Served, platform: RunningPlatform
    ) -> None:
        home = person.signs_in()
        old = person.browser.session.cookies.copy()
        back = person.browser.submit(home)
        assert any("id_token_hint=" in url for url in person.sent_to if url.startswith(f"{provider.issuer}/oauth/"))
        assert (back.url, back.has("sign-in")) == (f"{person.program.url}/", True)
        # A copy of the cookie is worth nothing, and the next sign-in asks who it is.
        assert 'id="role"' not in requests.get(person.program.url, cookies=old, timeout=15).text
        assert person.opens("/sign-in").url.startswith((platform.issuer, f"{provider.issuer}/login/"))


@pytest.fixture(scope="module")
def deceived(
    command: list[str],
    settings: dict[str, str],
    platform: RunningPlatform,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Program]:
    with serving(command, lied_to(settings, platform), tmp_path_factory.mktemp("log")) as program:
        yield program


class TestNodeWithALyingProvider(NotLiedTo):
    """What openid-client is relied upon for."""


def test_where_the_service_has_https_its_cookie_is_for_https_alone(
    command: list[str], settings: dict[str, str], tmp_path: Path
) -> None:
    behind = f"http://localhost:{free_port()}"
    public = settings | {"SERVICE_URL": "https://service.example.com", "PORT": behind.rpartition(":")[2]}
    with serving(command, public, tmp_path, address=behind):
        cookie = set_cookies(f"{behind}/sign-in")
    assert cookie.startswith("__Host-service=")
    assert "; secure" in cookie.lower()


# Logout tokens, claim by claim.


@dataclass(kw_only=True)
class Signer:
    """A provider that signs whatever a test says."""

    issuer: str = ""
    token_endpoint: str = ""
    nonce: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))

    def answer(self, request: Request) -> Any:
        if request.path.startswith("/.well-known/"):
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": self.token_endpoint or f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if request.path == "/jwks":
            return {"keys": [self.key.as_dict(private=False, use="sig", alg="RS256")]}
        id_token = self.sign("JWT", self.said(sub="1", nonce=self.nonce, role_name="deepdesk.agent"))
        return {"access_token": "a", "token_type": "Bearer", "expires_in": 900, "id_token": id_token}

    def said(self, **claims: Any) -> dict[str, Any]:
        """Claims of the service's session ``s``; those given as None are left out."""
        now = int(time.time())
        said = {"iss": self.issuer, "aud": "service", "iat": now, "exp": now + 120, "sid": "s", **claims}
        return {name: value for name, value in said.items() if value is not None}

    def sign(self, typ: str, claims: dict[str, Any], key: RSAKey | None = None) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, "typ": typ}, claims, key or self.key)

    def logout_token(self, **claims: Any) -> str:
        return self.sign("logout+jwt", self.said(**{"sub": "1", "jti": "j", "events": {EVENT: {}}} | claims))


@pytest.fixture(scope="module")
def signer() -> Iterator[Signer]:
    signer = Signer()
    with answering(signer.answer) as signer.issuer:
        yield signer


@pytest.fixture(scope="module")
def listening(command: list[str], signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with serving(command, trusting(signer), tmp_path_factory.mktemp("log")) as program:
        yield program


def trusting(signer: Signer) -> dict[str, str]:
    url = f"http://localhost:{free_port()}"
    return {"ISSUER": signer.issuer, "SERVICE_URL": url, "CLIENT_ID": "service", "CLIENT_SECRET": "of-the-service"}


@pytest.fixture
def person(listening: Program, signer: Signer) -> Person:
    """Somebody who is signed in."""
    somebody = Person(program=listening)
    assert text(signs_in(somebody, signer), "role") == "deepdesk.agent"
    return somebody


def signs_in(person: Person, signer: Signer) -> Page:
    start = person.browser.session.get(f"{person.program.url}/sign-in", allow_redirects=False, timeout=15)
    asked = dict(parse_qsl(urlsplit(start.headers["Location"]).query))
    signer.nonce = asked["nonce"]
    return person.opens(f"/callback?code=c&state={asked['state']}&iss={signer.issuer}")


def hears(program: Program, token: str) -> int:
    return requests.post(f"{program.url}/backchannel-logout", data={"logout_token": token}, timeout=15).status_code


WRONG: dict[str, dict[str, Any]] = {
    "of-another-issuer": {"iss": "https://another.example"},
    "for-another-service": {"aud": "another"},
    "of-another-event": {"events": {"https://example.com/event": {}}},
    "of-an-event-that-is-text": {"events": EVENT},
    "with-a-nonce": {"nonce": "n"},
    "from-long-ago": {"iat": 1, "exp": 121},
    **{f"without-{claim}": {claim: None} for claim in ("iss", "aud", "iat", "exp", "jti", "sid", "events")},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
def test_a_logout_token_that_is_not_in_order_signs_nobody_out(
    person: Person, signer: Signer, claims: dict[str, Any]
) -> None:
    assert hears(person.program, signer.logout_token(**claims)) == 400
    assert text(person.opens(), "role")


def test_neither_another_kind_of_token_nor_another_key_signs_anybody_out(person: Person, signer: Signer) -> None:
    claims = signer.said(sub="1", jti="j", events={EVENT: {}})
    for token in (
        signer.sign("JWT", claims),
        signer.sign("logout+jwt", claims, RSAKey.generate_key(2048)),
    ):
        assert hears(person.program, token) == 400
    assert text(person.opens(), "role")


def test_a_logout_token_ends_its_session_and_counts_once(person: Person, signer: Signer) -> None:
    token = signer.logout_token(jti="once")
    assert hears(person.program, signer.logout_token(jti="other", sid="another")) == 200
    assert text(person.opens(), "role")
    assert hears(person.program, token) == 200
    assert not text(person.opens(), "role")
    signs_in(person, signer)
    assert hears(person.program, token) == 200
    assert text(person.opens(), "role")


def test_a_provider_out_of_reach_is_nobodys_mistake(command: list[str], tmp_path: Path) -> None:
    signer = Signer(token_endpoint=f"http://127.0.0.1:{free_port()}/token")
    with answering(signer.answer) as signer.issuer, serving(command, trusting(signer), tmp_path) as program:
        assert signs_in(Person(program=program), signer).status == 503
