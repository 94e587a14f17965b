"""The guide for Flask with Authlib."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
from tests.support.platform import RunningPlatform
from tests.support.serve import Served, free_port

GUIDE = Guide(name="flask")


def test_the_page_shows_the_programs() -> None:
    shown = GUIDE.blocks("python")
    assert [file.name for file in GUIDE.programs() if file.read_text(encoding="utf-8") not in shown] == []


def command(settings: dict[str, str]) -> list[str]:
    # Warnings are errors: what is deprecated is not to be copied.
    interpreter = [sys.executable, "-W", "error", "-m", "flask"]
    port = settings["SERVICE_URL"].rpartition(":")[2]
    return [*interpreter, "--app", str(GUIDE.folder / "app.py"), "run", "--port", port]


@pytest.fixture(scope="module")
def settings(provider: Served, platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        **register(provider, GUIDE, f"http://localhost:{free_port()}"),
        "COOKIE_SECRET": secrets.token_hex(32),
        "SESSIONS_FILE": str(tmp_path_factory.mktemp("flask") / "sessions.sqlite3"),
    }


@pytest.fixture(scope="module")
def flask(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with serving(command(settings), settings, tmp_path_factory.mktemp("log")) as program:
        yield program


class TestFlask(SigningIn, SigningOutWithAHint, HearingOfSignOuts, Renewing):
    @pytest.fixture
    def program(self, flask: Program) -> Program:
        return flask


@pytest.fixture(scope="module")
def deceived(
    settings: dict[str, str], platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    wrong = lied_to(settings, platform)
    with serving(command(wrong), wrong, tmp_path_factory.mktemp("log")) as program:
        yield program


class TestFlaskWithALyingProvider(NotLiedTo, HearingTheTruthAlone):
    pass


def test_where_the_service_has_https_its_cookie_is_for_https_alone(settings: dict[str, str], tmp_path: Path) -> None:
    behind = f"http://localhost:{free_port()}"
    public = settings | {"SERVICE_URL": "https://service.example.com"}
    with serving(command({"SERVICE_URL": behind}), public, tmp_path, address=behind):
        cookie = set_cookies(f"{behind}/sign-in")
    assert cookie.startswith("__Host-service=")
    assert "; secure" in cookie.lower()
