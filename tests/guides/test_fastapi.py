"""The guide for FastAPI."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.guides.guide import Guide
from tests.guides.program import Program, lied_to, register, serving, set_cookies
from tests.guides.signing_in import (
    HearingOfSignOuts,
    HearingTheTruthAlone,
    NotLiedTo,
    Renewing,
    SigningIn,
    SigningOutWithAHint,
)
from tests.interop.service import REDIRECT_URI, Service
from tests.interop.walking import Browser
from tests.support.platform import RunningPlatform
from tests.support.serve import Served, free_port

GUIDE = Guide(name="fastapi")
AUDIENCE = "https://api.example.com"


def test_the_page_shows_the_programs() -> None:
    shown = GUIDE.blocks("python")
    assert [file.name for file in GUIDE.programs() if file.read_text(encoding="utf-8") not in shown] == []


def command(settings: dict[str, str]) -> list[str]:
    return uvicorn("app:app", settings["SERVICE_URL"])


def uvicorn(app: str, url: str) -> list[str]:
    # Warnings are errors: what is deprecated is not to be copied.
    interpreter = [sys.executable, "-W", "error", "-m", "uvicorn"]
    return [*interpreter, app, "--app-dir", str(GUIDE.folder), "--port", url.rpartition(":")[2]]


@pytest.fixture(scope="module")
def settings(provider: Served, platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        **register(provider, GUIDE, f"http://localhost:{free_port()}"),
        "COOKIE_SECRET": secrets.token_hex(32),
        "SESSIONS_FILE": str(tmp_path_factory.mktemp("fastapi") / "sessions.sqlite3"),
    }


@pytest.fixture(scope="module")
def service(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with serving(command(settings), settings, tmp_path_factory.mktemp("log")) as program:
        yield program


class TestFastAPI(SigningIn, SigningOutWithAHint, HearingOfSignOuts, Renewing):
    @pytest.fixture
    def program(self, service: Program) -> Program:
        return service


@pytest.fixture(scope="module")
def deceived(
    settings: dict[str, str], platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    wrong = lied_to(settings, platform)
    with serving(command(wrong), wrong, tmp_path_factory.mktemp("log")) as program:
        yield program


class TestFastAPIWithALyingProvider(NotLiedTo, HearingTheTruthAlone):
    pass


def test_where_the_service_has_https_its_cookie_is_for_https_alone(settings: dict[str, str], tmp_path: Path) -> None:
    behind = f"http://localhost:{free_port()}"
    public = settings | {"SERVICE_URL": "https://service.example.com"}
    with serving(command({"SERVICE_URL": behind}), public, tmp_path, address=behind):
        cookie = set_cookies(f"{behind}/sign-in")
    assert cookie.startswith("__Host-service=")
    assert "; secure" in cookie.lower()


# The API beside it, which takes access tokens.


@pytest.fixture(scope="module")
def api(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"http://localhost:{free_port()}"
    told = {**settings, "AUDIENCE": AUDIENCE, "SERVICE_URL": url}
    with serving(uvicorn("api:app", url), told, tmp_path_factory.mktemp("api"), ready="/openapi.json"):
        yield url


def tokens_of(person: str, provider: Served, *options: str, **asked: str) -> dict[str, str]:
    service = Service.register(provider, "Caller", "--account", "acme", *options)
    browser = Browser(stop=REDIRECT_URI)
    with browser.session:
        callback = browser.submit(browser.open(service.authorize_url(**asked)), person=person)
    return service.redeem(callback.query["code"])


def called(url: str, token: str) -> requests.Response:
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=15)


def test_the_api_lets_each_call_in_by_its_role(api: str, provider: Served, platform: RunningPlatform) -> None:
    manager = tokens_of("manager", provider, "--audience", AUDIENCE)["access_token"]
    agent = tokens_of("agent", provider, "--audience", AUDIENCE)["access_token"]
    assert called(f"{api}/me", manager).json()["roles"] == ["deepdesk.manager"]
    assert called(f"{api}/manage", manager).status_code == 200
    assert called(f"{api}/me", agent).status_code == 200
    assert called(f"{api}/manage", agent).status_code == 403


def changed(url: str, token: str) -> int:
    address = f"{url}/text-suggestions/7"
    return requests.put(address, headers={"Authorization": f"Bearer {token}"}, timeout=15).status_code


def test_the_api_lets_each_call_in_by_its_permission(api: str, provider: Served, platform: RunningPlatform) -> None:
    tokens = {
        person: tokens_of(person, provider, "--audience", AUDIENCE, scope="openid permissions")["access_token"]
        for person in ("manager", "editor", "agent")
    }
    assert {person: changed(api, token) for person, token in tokens.items()} == {
        "manager": 200,
        "editor": 200,
        "agent": 403,
    }
    unasked = tokens_of("manager", provider, "--audience", AUDIENCE, scope="openid roles")["access_token"]
    assert changed(api, unasked) == 403
    assert changed(api, "a.b.c") == 401


@pytest.mark.parametrize(
    ("said", "is_let_in"),
    [
        ({"permissions": ["text_suggestions.change_textsuggestion"]}, True),
        ({"permissions": ["text_suggestions.*"]}, True),
        ({"permissions": ["text_suggestions.view_textsuggestion", "url_suggestions.*"]}, False),
        ({"permissions": ["*", "text_suggestions", "text_suggestions.", "text_suggestions.change_*"]}, False),
        ({"permissions": []}, False),
        ({"roles": ["deepdesk.manager"]}, False),
    ],
    ids=str,
)
def test_a_wildcard_stands_for_an_app_and_for_nothing_else(said: dict[str, list[str]], is_let_in: bool) -> None:
    program = (
        "import json, sys, fastapi, api\n"
        "try: api.may('text_suggestions.change_textsuggestion')(json.loads(sys.argv[1]))\n"
        "except fastapi.HTTPException as refused: sys.exit(refused.status_code - 400)"
    )
    done = subprocess.run([sys.executable, "-c", program, json.dumps(said)], cwd=GUIDE.folder, timeout=60, check=False)
    assert done.returncode == (0 if is_let_in else 3)


def test_the_api_takes_no_other_token(api: str, provider: Served, platform: RunningPlatform) -> None:
    tokens = tokens_of("manager", provider, "--audience", AUDIENCE)
    for_another = tokens_of("manager", provider, "--audience", "https://another.example.com")["access_token"]
    head, claims, signature = tokens["access_token"].split(".")
    tampered = f"{head}.{claims[:-2]}AA.{signature}"
    for token in (tokens["id_token"], for_another, tampered, "", "a.b.c", "é"):
        refused = requests.get(f"{api}/me", headers={"Authorization": f"Bearer {token}".encode()}, timeout=15)
        assert refused.status_code == 401, token
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert requests.get(f"{api}/me", timeout=15).status_code == 401
