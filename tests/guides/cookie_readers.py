"""The programs of the guide about reading cookies, asked alike: whom do they take the sender of a cookie for?"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from tests.guides.guide import Guide

GUIDE = Guide(name="reading-cookies")
ACCESS = "access_token_cookie"
ORIGIN = "https://desk.acme.example"
"""Of the platform's page that embeds the widget."""
PATHS = {"GET": "/suggestions", "POST": "/suggestions/used", "DELETE": "/suggestions"}
TIMEOUT_SECONDS = 15

Reads = Callable[..., str | None]
"""Takes a token, and ``method`` and ``csrf`` where they matter; gives the ``sub`` it believes, or None."""


@dataclass(frozen=True, kw_only=True)
class FlaskApp:
    """The running Flask application.

    :param url: where it answers, without a slash at the end.
    """

    url: str

    def asks(
        self, *tokens: str, method: str = "GET", csrf: str | None = None, origin: str | None = None
    ) -> requests.Response:
        """Call it with so many access cookies, as a browser with several jars does."""
        headers = {"Cookie": "; ".join(f"{ACCESS}={token}" for token in tokens)}
        headers |= {} if csrf is None else {"X-CSRF-TOKEN": csrf}
        headers |= {} if origin is None else {"Origin": origin}
        return requests.request(method, f"{self.url}{PATHS[method]}", headers=headers, timeout=TIMEOUT_SECONDS)

    def reads(self, *tokens: str, **options: Any) -> str | None:
        """Return whom it takes the caller for; every refusal is a 401."""
        answer = self.asks(*tokens, **options)
        assert answer.status_code in {200, 401}, f"{answer.status_code} {answer.text}"
        return str(answer.json()["sub"]) if answer.ok else None


def by_pyjwt(settings: Mapping[str, str]) -> Reads:
    """Run the program for PyJWT and return its reader."""
    read = run("verify.py", settings)["who_calls"]

    def reads(token: str, *, method: str = "GET", csrf: str | None = None) -> str | None:
        try:
            return str(read(token, method, csrf)["sub"])
        except jwt.PyJWKClientConnectionError:
            raise
        except (jwt.InvalidTokenError, jwt.PyJWKClientError):
            return None

    return reads


def run(name: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """Run a file of the guide and return what it defines."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in settings.items():
            patch.setenv(variable, value)
        return runpy.run_path(str(Path(GUIDE.folder / name)))
