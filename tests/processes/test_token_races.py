"""Eight processes present one code, or one refresh token, to two server processes at the same moment.

Of a code one gets tokens, and the reuse ends what it got. Of a refresh token
all get the same successor, so that nobody is locked out.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from tests.interop.service import REDIRECT_URI, Service
from tests.interop.walking import Browser
from tests.processes.racers import PATIENCE_SECONDS, PROCESSES, Outcome, race
from tests.support.platform import RunningPlatform, running_platform
from tests.support.serve import Served, serving

GRACE_SECONDS = 3


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def provider(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The provider as it runs in production, two server processes on one database."""
    settings = {"IDP_REFRESH_GRACE": str(GRACE_SECONDS)}
    if request.param == "postgres":
        settings["IDP_DATABASE_URL"] = request.getfixturevalue("postgres").fresh_database()
    with serving(tmp_path_factory.mktemp("provider"), workers=2, **settings) as served:
        yield served


@pytest.fixture(scope="module")
def platform() -> Iterator[RunningPlatform]:
    """An upstream."""
    with running_platform() as running:
        yield running


@pytest.fixture(scope="module")
def service(provider: Served, platform: RunningPlatform) -> Service:
    """A service of an account whose people sign in at the platform."""
    provider.command("accounts", "create", "acme", "--name", "Acme", "--magic-link", "off")
    provider.command(
        *("providers", "create", "acme", "platform", "--kind", "oidc", "--issuer", platform.issuer),
        *("--client-id", platform.client_id, "--client-secret-file", "-", "--role-based-iam"),
        stdin=platform.client_secret,
    )
    return Service.register(provider, "Studio", "--account", "acme")


def _race(service: Service, form: dict[str, str]) -> list[Outcome]:
    return race(f"{service.issuer}/oauth/token/", form, (service.client_id, service.client_secret))


def _code_form(service: Service, code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": service.verifier,
    }


def _refresh(service: Service, refresh_token: str) -> requests.Response:
    return requests.post(
        f"{service.issuer}/oauth/token/",
        data={"grant_type": "refresh_token", "refresh_token": refresh_token},
        auth=(service.client_id, service.client_secret),
        timeout=PATIENCE_SECONDS,
    )


def _signed_in(service: Service, person: str) -> str:
    """Return a code for somebody who signs in."""
    browser = Browser(stop=REDIRECT_URI)
    with browser.session:
        return browser.submit(browser.open(service.authorize_url()), person=person).query["code"]


def _userinfo(service: Service, access_token: str) -> int:
    headers = {"Authorization": f"Bearer {access_token}"}
    return requests.get(f"{service.issuer}/oauth/userinfo/", headers=headers, timeout=15).status_code


def test_of_eight_processes_one_gets_tokens_and_the_reuse_ends_them(service: Service) -> None:
    outcomes = _race(service, _code_form(service, _signed_in(service, "manager")))

    assert Counter(status for status, _ in outcomes) == {200: 1, 400: PROCESSES - 1}
    assert {body["error"] for status, body in outcomes if status == 400} == {"invalid_grant"}
    won = next(body for status, body in outcomes if status == 200)
    # Seven of the eight were reuses of a spent code, so what the first got has ended already.
    assert _userinfo(service, won["access_token"]) == 401


def test_a_later_reuse_ends_what_the_code_gave(service: Service) -> None:
    code = _signed_in(service, "agent")
    tokens = service.redeem(code)
    assert _userinfo(service, tokens["access_token"]) == 200

    with pytest.raises(AssertionError, match="invalid_grant"):
        service.redeem(code)

    assert _userinfo(service, tokens["access_token"]) == 401
    assert _refresh(service, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_eight_processes_with_one_refresh_token_end_in_one_branch(service: Service) -> None:
    spent = service.redeem(_signed_in(service, "editor"))["refresh_token"]

    outcomes = _race(service, {"grant_type": "refresh_token", "refresh_token": spent})

    assert Counter(status for status, _ in outcomes) == {200: PROCESSES}
    (successor,) = {body["refresh_token"] for _, body in outcomes}
    assert all(_userinfo(service, body["access_token"]) == 200 for _, body in outcomes)
    assert _refresh(service, successor).ok


def test_a_lost_answer_is_healed_and_a_copy_that_comes_later_ends_everything(service: Service) -> None:
    spent = service.redeem(_signed_in(service, "manager"))["refresh_token"]
    lost = _refresh(service, spent).json()
    healed = _refresh(service, spent)
    assert healed.json()["refresh_token"] == lost["refresh_token"]
    renewed = _refresh(service, lost["refresh_token"]).json()

    time.sleep(GRACE_SECONDS)  # the real servers' own clock has to pass the grace

    assert _refresh(service, spent).json()["error"] == "invalid_grant"
    assert _refresh(service, renewed["refresh_token"]).json()["error"] == "invalid_grant"
    assert {_userinfo(service, one["access_token"]) for one in (lost, healed.json(), renewed)} == {401}
