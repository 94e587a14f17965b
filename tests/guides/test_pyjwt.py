"""The guide for PyJWT: what its two functions take and refuse, and what the provider says when it is asked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import runpy
import shlex
import time
from collections.abc import Callable, Iterator
from queue import Queue
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.guides.answering import Request, answering
from tests.guides.guide import Guide
from tests.interop.service import REDIRECT_URI, Service
from tests.interop.walking import Browser
from tests.support.platform import RunningPlatform, running_platform
from tests.support.serve import Served, serving

GUIDE = Guide(name="pyjwt")
API = "https://reports.example.com"
NONCE = "service-nonce"
PATIENCE_SECONDS = 40
Made = Callable[..., str]


def program(name: str, settings: dict[str, str]) -> SimpleNamespace:
    """Run a file of the guide and return what it defines."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in settings.items():
            patch.setenv(variable, value)
        return SimpleNamespace(**runpy.run_path(str(GUIDE.folder / name)))


def test_the_page_shows_the_programs() -> None:
    shown = GUIDE.blocks("python")
    assert [name for name in ("verify.py", "ask.py") if (GUIDE.folder / name).read_text() not in shown] == []


# What a provider of ours gives.


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One of this file's own: its keys are rotated."""
    with serving(tmp_path_factory.mktemp("provider")) as served:
        served.command("accounts", "create", "acme", "--name", "Acme", "--magic-link", "off")
        yield served


@pytest.fixture(scope="module")
def platform(provider: Served) -> Iterator[RunningPlatform]:
    with running_platform() as running:
        provider.command(
            *("providers", "create", "acme", "platform", "--kind", "oidc", "--issuer", running.issuer),
            *("--client-id", running.client_id, "--client-secret-file", "-", "--role-based-iam"),
            stdin=running.client_secret,
        )
        yield running


@pytest.fixture(scope="module")
def logout_tokens() -> Iterator[tuple[str, Queue[str]]]:
    """Where the service is told of sign-outs, and what it was told."""
    told: Queue[str] = Queue()

    def hear(request: Request) -> Any:
        told.put(parse_qs(request.body)["logout_token"][0])
        return {}

    with answering(hear) as url:
        yield f"{url}/logout", told


@pytest.fixture(scope="module")
def service(provider: Served, logout_tokens: tuple[str, Queue[str]]) -> Service:
    """As the guide registers it, with the tests' addresses besides."""
    made = provider.command(
        *GUIDE.registration("http://localhost:1"),
        *("--redirect-uri", REDIRECT_URI, "--backchannel-logout-uri", logout_tokens[0]),
    )
    return Service(
        issuer=provider.issuer, client_id=made["client_id"], client_secret=made["client_secret"], provider=provider
    )


@pytest.fixture(scope="module")
def settings(provider: Served, service: Service) -> dict[str, str]:
    return {"ISSUER": provider.issuer, "CLIENT_ID": service.client_id, "AUDIENCE": API}


@pytest.fixture
def verify(settings: dict[str, str]) -> SimpleNamespace:
    return program("verify.py", settings)


def sign_in(service: Service, browser: Browser) -> dict[str, Any]:
    callback = browser.submit(browser.open(service.authorize_url()), person="manager")
    return service.redeem(callback.query["code"])


@pytest.fixture(scope="module")
def tokens(service: Service, platform: RunningPlatform) -> dict[str, Any]:
    """What a manager's sign-in gave the service."""
    return sign_in(service, Browser(stop=REDIRECT_URI))


def own_token(provider: Served, *options: str) -> str:
    """The access token of a service for itself."""
    registered = ("clients", "create", "Nightly", "--account", "acme", "--grant-type", "client_credentials")
    client = provider.command(*registered, *options)
    return token_of(provider, (client["client_id"], client["client_secret"]))


def token_of(provider: Served, client: tuple[str, str]) -> str:
    form = {"grant_type": "client_credentials"}
    answer = requests.post(f"{provider.issuer}/oauth/token/", data=form, auth=client, timeout=15)
    assert answer.ok, answer.text
    return str(answer.json()["access_token"])


def test_the_role_is_read_from_an_id_token(verify: SimpleNamespace, tokens: dict[str, Any]) -> None:
    data = verify.read_id_token(tokens["id_token"], nonce=NONCE)
    assert data.get("role_name", "deepdesk.agent") == "deepdesk.manager"


def test_an_id_token_for_another_request_is_refused(verify: SimpleNamespace, tokens: dict[str, Any]) -> None:
    with pytest.raises(jwt.InvalidTokenError, match="somebody else's request"):
        verify.read_id_token(tokens["id_token"], nonce="of-another-request")


def test_an_access_token_is_no_id_token(verify: SimpleNamespace, tokens: dict[str, Any]) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        verify.read_id_token(tokens["access_token"], nonce=NONCE)


def test_an_access_token_says_who_calls_and_for_whom(
    verify: SimpleNamespace, tokens: dict[str, Any], service: Service
) -> None:
    claims = verify.check_access_token(tokens["access_token"])
    assert claims["client_id"] == service.client_id
    assert (claims["account"], claims["roles"]) == ("acme", ["deepdesk.manager"])


def test_a_service_calls_for_itself(verify: SimpleNamespace, provider: Served) -> None:
    claims = verify.check_access_token(own_token(provider, "--audience", API, "--role", "deepdesk.agent"))
    assert claims["sub"] == claims["client_id"]
    assert (claims["account"], claims["roles"]) == ("acme", ["deepdesk.agent"])


def test_an_id_token_is_no_access_token(verify: SimpleNamespace, tokens: dict[str, Any]) -> None:
    with pytest.raises(jwt.InvalidTokenError, match="another kind"):
        verify.check_access_token(tokens["id_token"])


def test_a_logout_token_is_neither(
    verify: SimpleNamespace, service: Service, platform: RunningPlatform, logout_tokens: tuple[str, Queue[str]]
) -> None:
    browser = Browser(stop=REDIRECT_URI)
    hint = sign_in(service, browser)["id_token"]
    browser.open(f"{service.issuer}/oauth/logout/?id_token_hint={hint}")
    logout_token = logout_tokens[1].get(timeout=PATIENCE_SECONDS)
    with pytest.raises(jwt.InvalidTokenError, match="another kind"):
        verify.check_access_token(logout_token)
    with pytest.raises(jwt.MissingRequiredClaimError, match="nonce"):
        verify.read_id_token(logout_token, nonce=NONCE)


@pytest.mark.parametrize("options", [("--audience", "https://other.example.com"), ()])
def test_a_token_for_another_service_is_refused(
    verify: SimpleNamespace, provider: Served, options: tuple[str, ...]
) -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        verify.check_access_token(own_token(provider, *options))


def test_a_token_of_another_provider_is_refused(verify: SimpleNamespace, made: Made) -> None:
    with pytest.raises(jwt.PyJWKClientError):
        verify.check_access_token(made(iss=verify.ISSUER))


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

    def answer(request: Request) -> Any:
        if request.path == "/keys":
            return {"keys": published}
        base = f"http://{request.headers['Host']}"
        algorithms = ["RS256", "ES256"]
        return {"issuer": base, "jwks_uri": f"{base}/keys", "id_token_signing_alg_values_supported": algorithms}

    with answering(answer) as url:
        yield url


@pytest.fixture
def claims(elsewhere: str) -> dict[str, Any]:
    now = int(time.time())
    whose = {"iss": elsewhere, "sub": "mia", "aud": API, "client_id": "studio"}
    return {**whose, "exp": now + 60, "iat": now, "jti": "1", "nonce": NONCE}


@pytest.fixture
def made(claims: dict[str, Any], key: ec.EllipticCurvePrivateKey) -> Made:
    """Makes an access token, with other claims where they are named; None leaves one out."""

    def make(*, typ: str | None = "at+jwt", **other: Any) -> str:
        told = {name: value for name, value in (claims | other).items() if value is not None}
        return jwt.encode(told, key, algorithm="ES256", headers={"kid": "ec", "typ": typ})

    return make


@pytest.fixture
def there(elsewhere: str) -> SimpleNamespace:
    """The guide's program, with that provider for its own."""
    return program("verify.py", {"ISSUER": elsewhere, "CLIENT_ID": "studio", "AUDIENCE": API})


def test_what_is_right_is_taken(there: SimpleNamespace, made: Made) -> None:
    assert there.check_access_token(made())["sub"] == "mia"
    assert there.check_access_token(made(aud=[API, there.ISSUER]))["sub"] == "mia"
    assert there.read_id_token(made(typ="JWT", aud="studio"), nonce=NONCE)["sub"] == "mia"


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"iss": "https://other.example.com"}, jwt.InvalidIssuerError),
        ({"aud": "https://other.example.com"}, jwt.InvalidAudienceError),
        ({"aud": f"{API}/"}, jwt.InvalidAudienceError),
        ({"exp": 1_700_000_000}, jwt.ExpiredSignatureError),
        *(({name: None}, jwt.MissingRequiredClaimError) for name in ("iss", "aud", "exp", "iat", "sub", "jti")),
        ({"client_id": None}, jwt.MissingRequiredClaimError),
        *(({"typ": typ}, jwt.InvalidTokenError) for typ in ("JWT", "logout+jwt", "AT+JWT", "application/at+jwt", None)),
    ],
    ids=str,
)
def test_one_thing_wrong_with_an_access_token_is_enough(
    there: SimpleNamespace, made: Made, wrong: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        there.check_access_token(made(**wrong))


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"iss": "https://other.example.com"}, jwt.InvalidIssuerError),
        ({"aud": "another-service"}, jwt.InvalidAudienceError),
        ({"exp": 1_700_000_000}, jwt.ExpiredSignatureError),
        *(({name: None}, jwt.MissingRequiredClaimError) for name in ("iss", "aud", "exp", "iat", "sub", "nonce")),
    ],
    ids=str,
)
def test_one_thing_wrong_with_an_id_token_is_enough(
    there: SimpleNamespace, made: Made, wrong: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        there.read_id_token(made(typ="JWT", **({"aud": "studio"} | wrong)), nonce=NONCE)


def test_an_access_token_is_signed_with_es256_alone(
    there: SimpleNamespace, claims: dict[str, Any], rsa_key: rsa.RSAPrivateKey
) -> None:
    token = jwt.encode(claims, rsa_key, algorithm="RS256", headers={"kid": "rsa", "typ": "at+jwt"})
    with pytest.raises(jwt.InvalidAlgorithmError):
        there.check_access_token(token)


def test_a_token_without_a_signature_is_refused(there: SimpleNamespace, claims: dict[str, Any]) -> None:
    token = jwt.encode(claims, None, algorithm="none", headers={"kid": "ec", "typ": "at+jwt"})
    with pytest.raises(jwt.InvalidAlgorithmError):
        there.check_access_token(token)
    with pytest.raises(jwt.InvalidAlgorithmError):
        there.read_id_token(jwt.encode(claims | {"aud": "studio"}, None, "none", {"kid": "ec"}), nonce=NONCE)


def test_the_public_key_is_no_shared_secret(
    there: SimpleNamespace, claims: dict[str, Any], key: ec.EllipticCurvePrivateKey
) -> None:
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for audience, read in (
        (API, there.check_access_token),
        ("studio", lambda token: there.read_id_token(token, nonce=NONCE)),
    ):
        header = {"alg": "HS256", "kid": "ec", "typ": "at+jwt"}
        signed = f"{encoded(header)}.{encoded(claims | {'aud': audience})}"
        token = f"{signed}.{base64url(hmac.digest(public, signed.encode(), hashlib.sha256))}"
        with pytest.raises(jwt.InvalidAlgorithmError):
            read(token)


def test_the_metadata_must_be_the_issuers_own(elsewhere: str, made: Made) -> None:
    under_another_name = {"ISSUER": f"{elsewhere}/other", "CLIENT_ID": "studio", "AUDIENCE": API}
    with pytest.raises(ValueError, match="somebody else"):
        program("verify.py", under_another_name).check_access_token(made(iss=f"{elsewhere}/other"))


def test_an_altered_token_is_refused(there: SimpleNamespace, made: Made, claims: dict[str, Any]) -> None:
    header, _, signature = made().split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        there.check_access_token(f"{header}.{encoded(claims | {'roles': ['deepdesk.manager']})}.{signature}")


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "ä.ö.ü", "x" * 10_000])
def test_what_is_no_token_is_refused(there: SimpleNamespace, token: str) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        there.check_access_token(token)


def encoded(part: dict[str, Any]) -> str:
    return base64url(json.dumps(part).encode())


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# Asking instead, and what comes with time.


@pytest.fixture(scope="module")
def ask(settings: dict[str, str], provider: Served) -> SimpleNamespace:
    """The program that asks, registered as the page says."""
    (command,) = (text for text in GUIDE.blocks("text") if text.startswith("idp clients create"))
    made = provider.command(*shlex.split(command.replace("\\\n", " "))[1:])
    itself = {"API_CLIENT_ID": made["client_id"], "API_CLIENT_SECRET": made["client_secret"]}
    return program("ask.py", settings | itself)


def test_the_provider_knows_at_once_that_a_token_was_given_back(
    ask: SimpleNamespace, verify: SimpleNamespace, service: Service, platform: RunningPlatform
) -> None:
    token = sign_in(service, Browser(stop=REDIRECT_URI))["access_token"]
    assert ask.ask_about(token)["roles"] == ["deepdesk.manager"]
    itself = (service.client_id, service.client_secret)
    assert requests.post(f"{service.issuer}/oauth/revoke/", data={"token": token}, auth=itself, timeout=15).ok
    assert ask.ask_about(token) is None
    assert verify.check_access_token(token)  # as the page warns


def test_the_provider_says_nothing_of_a_token_for_another_service(ask: SimpleNamespace, provider: Served) -> None:
    assert ask.ask_about(own_token(provider, "--audience", "https://other.example.com")) is None


def test_asking_takes_no_token_that_is_not_for_this_api(ask: SimpleNamespace, provider: Served) -> None:
    # About its own tokens a client is told, too, whatever they are for.
    assert ask.ask_about(token_of(provider, ask.ITSELF)) is None


def test_a_rotation_of_keys_is_followed(verify: SimpleNamespace, provider: Served, tokens: dict[str, Any]) -> None:
    verify.check_access_token(tokens["access_token"])
    # Once, and the next key signs, which was fetched already. Twice, and it is one that nobody has seen.
    provider.command("keys", "rotate", "--force")
    provider.command("keys", "rotate", "--force")
    token = signed_anew(provider, tokens["access_token"])
    with pytest.raises(jwt.PyJWKClientError):
        verify.check_access_token(token)
    verify.keys().cooldown_duration = 0  # as if half a minute had passed
    assert verify.check_access_token(token)
    assert verify.check_access_token(tokens["access_token"])


def signed_anew(provider: Served, old: str) -> str:
    """Return a token by another key than that of the old one, as soon as the server signs with it."""
    client = provider.command(
        *("clients", "create", "Hourly", "--account", "acme", "--grant-type", "client_credentials", "--audience", API)
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        token = token_of(provider, (client["client_id"], client["client_secret"]))
        if jwt.get_unverified_header(token)["kid"] != jwt.get_unverified_header(old)["kid"]:
            return token
        assert time.monotonic() < deadline, "the server never signed with the new key"
        time.sleep(0.2)
