"""The guide for services that read the session cookies: what Flask-JWT-Extended and PyJWT take, and what not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.guides.answering import Request, answering
from tests.guides.cookie_readers import ACCESS, GUIDE, ORIGIN, TIMEOUT_SECONDS, FlaskApp, Reads, by_pyjwt
from tests.interop.service import REDIRECT_URI, Service
from tests.interop.walking import Browser
from tests.support.platform import RunningPlatform, running_platform
from tests.support.serve import Served, environment, free_port, running, serving, wait_until_listening

SECRET = "the secret that the platform shares with us"
PATIENCE_SECONDS = 40
Made = Callable[..., str]


def test_the_page_shows_the_programs() -> None:
    shown = GUIDE.blocks("python")
    assert [file.name for file in GUIDE.programs() if file.read_text(encoding="utf-8") not in shown] == []


# A provider of ours, with two accounts, and what it gives.


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One of this file's own: its keys are rotated."""
    with serving(tmp_path_factory.mktemp("provider")) as served:
        for account in ("acme", "rival"):
            known = ("--name", account.title(), "--origin", ORIGIN, "--magic-link", "off")
            served.command("accounts", "create", account, *known)
        served.command("platform-secrets", "create", "acme", "--secret-file", "-", stdin=SECRET)
        yield served


@pytest.fixture(scope="module")
def api_keys(provider: Served) -> dict[str, str]:
    return {account: provider.command("api-keys", "create", account)["api_key"] for account in ("acme", "rival")}


@dataclass(frozen=True, kw_only=True)
class Cookies:
    """What a sign-in put into a browser."""

    access: str
    refresh: str
    csrf: str

    @property
    def claims(self) -> dict[str, Any]:
        return jwt.decode(self.access, options={"verify_signature": False})

    @property
    def sub(self) -> str:
        return str(self.claims["sub"])


EntersByKey = Callable[..., Cookies]


@pytest.fixture(scope="module")
def enters(provider: Served, api_keys: dict[str, str]) -> EntersByKey:
    """Return a function that signs an agent in by the API key: on a platform's page, or by a platform's server."""

    def enter(agent_id: str = "1", *, account: str = "acme", origin: str | None = ORIGIN) -> Cookies:
        body = {"account": account, "api_key": api_keys[account], "agent_id": agent_id, "agent_name": "Test"}
        headers = {} if origin is None else {"Origin": origin}
        url = f"{provider.issuer}/session/api-key/"
        answer = requests.post(url, json=body, headers=headers, timeout=TIMEOUT_SECONDS)
        assert answer.ok, answer.text
        return cookies_in(answer.cookies)

    return enter


def cookies_in(jar: Any) -> Cookies:
    return Cookies(access=jar[ACCESS], refresh=jar["refresh_token_cookie"], csrf=jar["csrf_access_token"])


@pytest.fixture(scope="module")
def upstream(provider: Served) -> Iterator[RunningPlatform]:
    with running_platform() as platform:
        provider.command(
            *("providers", "create", "acme", "platform", "--kind", "oidc", "--issuer", platform.issuer),
            *("--client-id", platform.client_id, "--client-secret-file", "-", "--role-based-iam"),
            stdin=platform.client_secret,
        )
        yield platform


@pytest.fixture
def manager(provider: Served, upstream: RunningPlatform) -> Cookies:
    """Somebody who has signed in in a window of their own."""
    browser = Browser(stop="nowhere")
    browser.submit(browser.open(f"{provider.issuer}/platform/sso?account=acme"), person="manager")
    return cookies_in(browser.session.cookies)


# The two programs, as services of account acme.


@contextmanager
def flask_running(issuer: str, directory: Path) -> Iterator[FlaskApp]:
    port = str(free_port())
    # Warnings are errors: what is deprecated is not to be copied.
    interpreter = [sys.executable, "-W", "error", "-m", "flask"]
    command = [*interpreter, "--app", str(GUIDE.folder / "app.py"), "run", "--port", port]
    log_file = directory / "program.log"
    env = environment(settings_for(issuer) | {"PYTHONDONTWRITEBYTECODE": "1"})
    with running(command, log_file, env=env) as process:
        wait_until_listening(f"127.0.0.1:{port}", process, log_file)
        yield FlaskApp(url=f"http://127.0.0.1:{port}")


def settings_for(issuer: str) -> dict[str, str]:
    return {"ISSUER": issuer, "ACCOUNT": "acme", "PLATFORMS": f"{ORIGIN} https://desk2.acme.example"}


@pytest.fixture(scope="module")
def flask(provider: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskApp]:
    with flask_running(provider.issuer, tmp_path_factory.mktemp("flask")) as app:
        yield app


@pytest.fixture(scope="module")
def pyjwt(provider: Served) -> Reads:
    return by_pyjwt(settings_for(provider.issuer))


@pytest.fixture(params=["flask", "pyjwt"])
def reads(request: pytest.FixtureRequest) -> Reads:
    reader = request.getfixturevalue(request.param)
    return reader.reads if isinstance(reader, FlaskApp) else reader


# What is taken.


@pytest.mark.parametrize(("origin", "jar"), [(ORIGIN, "partitioned"), (None, "top")])
def test_a_cookie_says_who_calls_whichever_jar_it_comes_from(
    reads: Reads, enters: EntersByKey, origin: str | None, jar: str
) -> None:
    cookies = enters(origin=origin)
    assert cookies.claims["jar"] == jar
    assert reads(cookies.access) == cookies.sub
    assert reads(cookies.access, method="POST", csrf=cookies.csrf) == cookies.sub


def test_the_page_shows_what_a_cookie_says(enters: EntersByKey) -> None:
    (shown,) = (json.loads(block) for block in GUIDE.blocks("json"))
    cookies = enters()
    assert shown.keys() == cookies.claims.keys()
    assert shown["identity"].keys() == cookies.claims["identity"].keys()
    assert jwt.get_unverified_header(cookies.access).keys() == {"alg", "kid", "typ"}


@pytest.mark.parametrize("csrf", [None, "", "another", "ärger"])
def test_what_changes_something_needs_the_csrf_value(reads: Reads, enters: EntersByKey, csrf: str | None) -> None:
    assert reads(enters().access, method="POST", csrf=csrf) is None


def test_the_csrf_value_of_somebody_else_is_none(reads: Reads, enters: EntersByKey) -> None:
    assert reads(enters("1").access, method="POST", csrf=enters("2").csrf) is None


def test_a_renewed_cookie_has_the_same_csrf_value(reads: Reads, enters: EntersByKey, provider: Served) -> None:
    cookies = enters()
    headers = {"Origin": ORIGIN, "X-CSRF-TOKEN": answer_of(provider, cookies.access)["csrf_refresh_token"]}
    jar = {"refresh_token_cookie": cookies.refresh}
    renewed = requests.post(f"{provider.issuer}/auth/refresh", headers=headers, cookies=jar, timeout=TIMEOUT_SECONDS)
    assert reads(renewed.cookies[ACCESS], method="POST", csrf=cookies.csrf) == cookies.sub


def answer_of(provider: Served, access: str) -> dict[str, Any]:
    """Return what the provider says of the session of a cookie."""
    url = f"{provider.issuer}/auth/session/"
    answer = requests.get(url, cookies={ACCESS: access}, timeout=TIMEOUT_SECONDS)
    return dict(answer.json())


def test_a_sign_out_is_seen_at_once_by_who_asks(
    flask: FlaskApp, pyjwt: Reads, manager: Cookies, provider: Served
) -> None:
    assert flask.reads(manager.access, method="DELETE", csrf=manager.csrf) == manager.sub
    signed_out = requests.post(
        f"{provider.issuer}/auth/logout",
        cookies={ACCESS: manager.access},
        headers={"X-CSRF-TOKEN": manager.csrf},
        timeout=TIMEOUT_SECONDS,
    )
    assert signed_out.ok
    assert flask.reads(manager.access, method="DELETE", csrf=manager.csrf) is None
    # As the page says: whoever does not ask believes it until it expires.
    assert flask.reads(manager.access) == pyjwt(manager.access) == manager.sub


def test_an_agent_may_not_do_what_managers_may(flask: FlaskApp, enters: EntersByKey) -> None:
    cookies = enters()
    assert flask.asks(cookies.access, method="DELETE", csrf=cookies.csrf).status_code == 403


def test_without_the_keys_nobody_is_refused(enters: EntersByKey, tmp_path: Path) -> None:
    with flask_running(f"http://127.0.0.1:{free_port()}", tmp_path) as unreachable:
        assert unreachable.asks(enters().access).status_code == 503


def test_it_goes_on_when_keys_turn(flask: FlaskApp, pyjwt: Reads, enters: EntersByKey, provider: Served) -> None:
    before = enters("1")
    assert flask.reads(before.access) == pyjwt(before.access) == before.sub
    provider.command("keys", "rotate", "--force")
    after = signed_anew(enters, before)
    assert flask.reads(after.access) == pyjwt(after.access) == after.sub
    assert flask.reads(before.access) == pyjwt(before.access) == before.sub


def signed_anew(enters: EntersByKey, old: Cookies) -> Cookies:
    """Return cookies by another key than that of the old ones, as soon as the server signs with it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        cookies = enters("2")
        if jwt.get_unverified_header(cookies.access)["kid"] != jwt.get_unverified_header(old.access)["kid"]:
            return cookies
        assert time.monotonic() < deadline, "the server never signed with the new key"
        time.sleep(0.2)


# Two cookies at once.


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_people_the_place_decides(flask: FlaskApp, enters: EntersByKey, manager: Cookies, turned: bool) -> None:
    agent = enters()
    both = [agent.access, manager.access][:: -1 if turned else 1]
    assert flask.reads(*both, origin=ORIGIN) == agent.sub
    assert flask.reads(*both) == manager.sub
    assert flask.reads(*both, method="POST", csrf=agent.csrf, origin=ORIGIN) == agent.sub
    assert flask.reads(*both, method="POST", csrf=agent.csrf) is None


@pytest.mark.parametrize("turned", [False, True])
def test_of_one_person_the_newest_counts_or_the_one_that_the_page_named(
    flask: FlaskApp, enters: EntersByKey, turned: bool
) -> None:
    old = enters(origin=None)
    time.sleep(1.1)  # the tokens say whole seconds
    new = enters()
    both = [old.access, new.access][:: -1 if turned else 1]
    assert old.sub == new.sub
    assert flask.asks(*both).json()["until"] == new.claims["exp"]
    for named in (old, new):
        assert flask.reads(*both, method="POST", csrf=named.csrf) == named.sub


@pytest.mark.parametrize("turned", [False, True])
def test_a_cookie_that_cannot_count_is_passed_over(flask: FlaskApp, enters: EntersByKey, turned: bool) -> None:
    cookies = enters()
    strange = {"aud": cookies.claims["aud"], "sub": ["1"], "iat": "now"}
    unsigned = f"{encoded({'alg': 'none'})}.{encoded(strange)}."
    sent = [enters(account="rival").access, cookies.access, "odd", "a.b.c", unsigned]
    assert flask.reads(*sent[:: -1 if turned else 1], origin=ORIGIN) == cookies.sub


# Pages of other sites.


def test_a_platforms_page_may_call_with_its_cookies(flask: FlaskApp) -> None:
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    answer = requests.options(f"{flask.url}/suggestions/used", headers=headers, timeout=TIMEOUT_SECONDS)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "X-CSRF-TOKEN" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example", "https://desk"])
def test_another_sites_page_may_not(flask: FlaskApp, enters: EntersByKey, origin: str) -> None:
    answer = flask.asks(enters().access, origin=origin)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


# What is refused: every other token that the provider gives, or is given.


@pytest.fixture(scope="module")
def logout_tokens() -> Iterator[tuple[str, Queue[str]]]:
    """Where a service is told of sign-outs, and what it was told."""
    told: Queue[str] = Queue()

    def hear(request: Request) -> Any:
        told.put(parse_qs(request.body)["logout_token"][0])
        return {}

    with answering(hear) as url:
        yield f"{url}/logout", told


@pytest.fixture(scope="module")
def others(
    provider: Served, upstream: RunningPlatform, enters: EntersByKey, logout_tokens: tuple[str, Queue[str]]
) -> dict[str, str]:
    """One token of every other kind."""
    cookies = enters("3")
    exchanged = requests.post(
        f"{provider.issuer}/auth/exchange-token",
        cookies={ACCESS: cookies.access},
        headers={"X-CSRF-TOKEN": cookies.csrf},
        timeout=TIMEOUT_SECONDS,
    ).json()
    service = Service.register(provider, "Studio", *("--account", "acme", "--backchannel-logout-uri", logout_tokens[0]))
    browser = Browser(stop=REDIRECT_URI)
    callback = browser.submit(browser.open(service.authorize_url()), person="manager")
    given = service.redeem(callback.query["code"])
    browser.open(f"{provider.issuer}/oauth/logout/?id_token_hint={given['id_token']}")
    return {
        "refresh cookie": cookies.refresh,
        "exchange token": exchanged["token"],
        "platform JWT": platform_jwt(),
        "ID token": given["id_token"],
        "access token": given["access_token"],
        "refresh token": given["refresh_token"],
        "logout token": logout_tokens[1].get(timeout=PATIENCE_SECONDS),
    }


def platform_jwt() -> str:
    now = int(time.time())
    identity = {"account": "acme", "user_id": "1", "user_name": "Test", "user_email": "test@acme.example"}
    claims = {"iat": now, "exp": now + 600, "type": "access", "identity": identity}
    return jwt.encode(claims, SECRET, algorithm="HS256")


@pytest.mark.parametrize(
    "kind",
    [
        *("refresh cookie", "exchange token", "platform JWT", "ID token", "access token", "refresh token"),
        "logout token",
    ],
)
def test_no_other_token_is_taken_for_an_access_cookie(reads: Reads, others: dict[str, str], kind: str) -> None:
    assert reads(others[kind]) is None


def test_an_access_cookie_is_taken_for_no_refresh_cookie(provider: Served, enters: EntersByKey) -> None:
    cookies = enters()
    answer = requests.post(
        f"{provider.issuer}/auth/refresh",
        cookies={"refresh_token_cookie": cookies.access},
        headers={"X-CSRF-TOKEN": cookies.csrf, "Origin": ORIGIN},
        timeout=TIMEOUT_SECONDS,
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "signed_out")


def test_another_accounts_cookie_is_refused(reads: Reads, enters: EntersByKey) -> None:
    assert reads(enters(account="rival").access) is None


def test_another_providers_cookie_is_refused(reads: Reads, made: Made, provider: Served) -> None:
    assert reads(made(iss=provider.issuer)) is None


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_altered_cookie_is_refused(reads: Reads, enters: EntersByKey, part: int) -> None:
    parts = enters().access.split(".")
    altered = {0: {"alg": "ES256"}, 1: {"roles": ["deepdesk.manager"]}}
    if part == 2:
        parts[2] = parts[2][:40] + ("A" if parts[2][40] != "A" else "B") + parts[2][41:]
    else:
        parts[part] = encoded(json.loads(base64.urlsafe_b64decode(parts[part] + "==")) | altered[part])
    assert reads(".".join(parts)) is None


@pytest.mark.parametrize("token", [".", "..", "a.b.c", "x" * 4000, "e30.e30.", "bnVsbA.bnVsbA.bnVsbA"])
def test_what_is_no_token_is_refused(reads: Reads, token: str) -> None:
    assert reads(token) is None


# What only somebody with the provider's keys could make, one thing wrong with each.


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def elsewhere(key: ec.EllipticCurvePrivateKey, rsa_key: rsa.RSAPrivateKey) -> Iterator[str]:
    """The issuer of a provider whose keys the tests hold."""
    published = [
        json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) | {"kid": "ec", "alg": "ES256", "use": "sig"},
        json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key.public_key())) | {"kid": "rsa", "alg": "RS256"},
    ]
    with answering(lambda request: {"keys": published}) as url:
        yield url


@pytest.fixture
def claims(elsewhere: str, enters: EntersByKey) -> dict[str, Any]:
    """What a cookie of ours says, in the name of that provider."""
    return enters().claims | {"iss": elsewhere}


@pytest.fixture
def made(claims: dict[str, Any], key: ec.EllipticCurvePrivateKey) -> Made:
    """Makes a cookie's token, with other claims where they are named; None leaves one out."""

    def make(*, typ: str | None = "session+jwt", kid: str | None = "ec", **other: Any) -> str:
        told = {name: value for name, value in (claims | other).items() if value is not None}
        headers = {name: value for name, value in {"kid": kid, "typ": typ}.items() if value is not None}
        return jwt.encode(told, key, algorithm="ES256", headers=headers)

    return make


@pytest.fixture(scope="module")
def flask_there(elsewhere: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskApp]:
    with flask_running(elsewhere, tmp_path_factory.mktemp("flask")) as app:
        yield app


@pytest.fixture(scope="module")
def pyjwt_there(elsewhere: str) -> Reads:
    return by_pyjwt(settings_for(elsewhere))


@pytest.fixture(params=["flask_there", "pyjwt_there"])
def there(request: pytest.FixtureRequest) -> Reads:
    """The programs, with that provider for their own."""
    reader = request.getfixturevalue(request.param)
    return reader.reads if isinstance(reader, FlaskApp) else reader


def test_what_is_right_is_taken(there: Reads, made: Made, claims: dict[str, Any]) -> None:
    assert there(made()) == claims["sub"]
    assert there(made(), method="POST", csrf=claims["csrf"]) == claims["sub"]


def test_clocks_may_differ_by_half_a_minute(there: Reads, made: Made, claims: dict[str, Any]) -> None:
    now = int(time.time())
    assert there(made(iat=now + 20, nbf=now - 40)) == claims["sub"]
    assert there(made(exp=now - 20)) == claims["sub"]
    assert there(made(exp=now - 32)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://other.example.com"},
        {"aud": "urn:deepdesk:account:rival"},
        {"aud": "urn:deepdesk:account:acme2"},
        {"aud": "acme"},
        {"exp": 1_700_000_000},
        {"type": "refresh"},
        {"kid": "another"},
        {"kid": None},
        *({name: None} for name in ("iss", "aud", "sub")),
        *({"typ": typ} for typ in ("JWT", "at+jwt", "logout+jwt", "exchange+jwt", "SESSION+JWT", None)),
    ],
    ids=str,
)
def test_one_thing_wrong_is_enough(there: Reads, made: Made, wrong: dict[str, Any]) -> None:
    assert there(made(**wrong)) is None


def test_a_token_without_a_signature_is_refused(there: Reads, claims: dict[str, Any]) -> None:
    assert there(jwt.encode(claims, None, algorithm="none", headers={"kid": "ec", "typ": "session+jwt"})) is None


def test_the_public_key_is_no_shared_secret(
    there: Reads, claims: dict[str, Any], key: ec.EllipticCurvePrivateKey
) -> None:
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{encoded({'alg': 'HS256', 'kid': 'ec', 'typ': 'session+jwt'})}.{encoded(claims)}"
    assert there(f"{signed}.{base64url(hmac.digest(public, signed.encode(), hashlib.sha256))}") is None


def test_a_cookie_is_signed_with_es256_alone(there: Reads, claims: dict[str, Any], rsa_key: rsa.RSAPrivateKey) -> None:
    assert there(jwt.encode(claims, rsa_key, algorithm="RS256", headers={"kid": "rsa", "typ": "session+jwt"})) is None


def encoded(part: dict[str, Any]) -> str:
    return base64url(json.dumps(part).encode())


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
