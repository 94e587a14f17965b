"""Two servers on one PostgreSQL behind nginx: whatever one began, the other goes on with.

Commands run elsewhere count at both: what is new at once, changes within ten
seconds, keys within thirty (CONTRACT §6 rule 16).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import jwt
import pytest

from tests.interop.service import REDIRECT_URI, Service
from tests.interop.walking import Browser
from tests.processes.two_servers import BOTH, Deployment, becomes_true, comes_from, deployed, goes_to
from tests.rotation.services import ByPyJWT
from tests.support import nginx as proxy
from tests.support.platform import RunningPlatform, running_platform
from tests.support.postgres import Cluster

CHANGED_WITHIN_SECONDS = 10
KEYS_WITHIN_SECONDS = 30
CLAIMED: dict[str, str | None] = {
    "127.0.0.11": None,
    "127.0.0.12": "203.0.113.7",
    "127.0.0.13": "203.0.113.7, 198.51.100.1",
    "127.0.0.14": "127.0.0.1",
}
"""Addresses from which browsers call, and the ``X-Forwarded-For`` that they send."""


@pytest.fixture(scope="module")
def deployment(postgres: Cluster, nginx: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(postgres.fresh_database(), tmp_path_factory.mktemp("deployment"), nginx_path=nginx) as running:
        yield running


@pytest.fixture(scope="module")
def platform(deployment: Deployment) -> Iterator[RunningPlatform]:
    """The upstream of the account ``acme``."""
    provider = deployment.provider
    with running_platform() as running:
        provider.command("accounts", "create", "acme", "--name", "Acme", "--magic-link", "off")
        provider.command(
            *("providers", "create", "acme", "platform", "--kind", "oidc", "--issuer", running.issuer),
            *("--client-id", running.client_id, "--client-secret-file", "-", "--role-based-iam"),
            stdin=running.client_secret,
        )
        yield running


@pytest.fixture(scope="module")
def service(deployment: Deployment, platform: RunningPlatform) -> Service:
    return Service.register(deployment.provider, "Studio", "--account", "acme")


@pytest.fixture
def browser() -> Iterator[Browser]:
    opened = Browser(stop=REDIRECT_URI)
    with opened.session:
        yield opened


def signs_in(browser: Browser, service: Service, person: str = "manager") -> str:
    """Sign somebody in; returns the code."""
    return browser.submit(browser.open(service.authorize_url()), person=person).query["code"]


def silently(browser: Browser, service: Service) -> dict[str, str]:
    """Ask for a code with no page in between; returns what the service is told."""
    return browser.open(service.authorize_url(prompt="none")).query


def test_a_sign_in_begun_at_one_goes_on_at_the_other_to_the_end(
    deployment: Deployment, service: Service, browser: Browser
) -> None:
    goes_to(browser, 0)
    chooser = browser.open(service.authorize_url())
    goes_to(browser, 1)
    code = browser.submit(chooser, person="manager").query["code"]

    tokens = deployment.redeems(service, code, 0)
    successors = deployment.refreshes(service, tokens, 1).json()
    latest = deployment.refreshes(service, successors, 0).json()
    assert all(deployment.introspects(service, latest, number) for number in BOTH)

    revoked = deployment.called_by(service, 0, "/oauth/revoke/", token=latest["access_token"])
    assert revoked.status_code == 200
    assert not deployment.introspects(service, latest, 1)
    assert not deployment.introspects(service, latest, 0)


def test_a_code_that_one_has_redeemed_is_spent_at_the_other(
    deployment: Deployment, service: Service, browser: Browser
) -> None:
    code = signs_in(browser, service)
    tokens = deployment.redeems(service, code, 0)
    with pytest.raises(AssertionError, match="invalid_grant"):
        deployment.redeems(service, code, 1)
    assert not any(deployment.introspects(service, tokens, number) for number in BOTH)


def test_nginx_shares_one_sign_in_out_among_both(deployment: Deployment, service: Service, browser: Browser) -> None:
    code = signs_in(browser, service)
    wanted, answered, until = {server.address for server in deployment.servers}, set[str](), time.monotonic() + 30
    # nginx leaves a server alone for ten seconds that it found too busy.
    while answered != wanted and time.monotonic() < until:
        answered.add(deployment.called(None, "/healthz").headers[proxy.ANSWERED_BY])
    assert answered == wanted
    assert deployment.redeems(service, code, None)["access_token"]


def is_known(deployment: Deployment, service: Service, number: int) -> bool:
    """Say whether the service's secret is right at that server."""
    answer = deployment.called_by(service, number, "/oauth/introspect/", token="x")
    assert answer.status_code in {200, 401}, answer.text
    return bool(answer.ok)


def test_a_new_secret_counts_at_both_at_once(deployment: Deployment, platform: RunningPlatform) -> None:
    service = Service.register(deployment.provider, "Rotating", "--account", "acme")
    assert all(is_known(deployment, service, number) for number in BOTH)
    new = deployment.provider.command("clients", "rotate-secret", service.client_id)["client_secret"]
    assert all(is_known(deployment, replace(service, client_secret=new), number) for number in BOTH)


def test_an_old_secret_is_soon_refused_by_both(deployment: Deployment, platform: RunningPlatform) -> None:
    service = Service.register(deployment.provider, "Rotated", "--account", "acme")
    assert all(is_known(deployment, service, number) for number in BOTH)
    deployment.provider.command("clients", "rotate-secret", service.client_id)
    # Nobody presents the new one, which would make a server look again.
    becomes_true(
        lambda: not any(is_known(deployment, service, number) for number in BOTH),
        within_seconds=CHANGED_WITHIN_SECONDS,
    )


def test_somebody_who_is_disabled_is_soon_refused_by_both(
    deployment: Deployment, service: Service, browser: Browser
) -> None:
    tokens = deployment.redeems(service, signs_in(browser, service, "editor"), 0)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}

    def counts_at(number: int) -> bool:
        userinfo = deployment.called(number, "/oauth/userinfo/", headers=bearer)
        assert userinfo.status_code in {200, 401}, userinfo.text
        return bool(userinfo.ok) or deployment.introspects(service, tokens, number)

    assert all(counts_at(number) for number in BOTH)

    deployment.provider.command("users", "disable", "editor@acme.example", "--account", "acme")
    becomes_true(lambda: not any(counts_at(number) for number in BOTH), within_seconds=CHANGED_WITHIN_SECONDS)
    for number in BOTH:
        assert deployment.refreshes(service, tokens, number).json()["error"] == "invalid_grant"
        goes_to(browser, number)
        assert silently(browser, service)["error"] == "login_required"


def test_both_soon_sign_with_new_keys_and_every_token_verifies_all_the_while(
    deployment: Deployment, service: Service, browser: Browser
) -> None:
    reader = ByPyJWT(f"{deployment.provider.issuer}/oauth/jwks")

    def kids_at(number: int) -> set[str]:
        """Obtain tokens and verify them; returns by which keys they are signed."""
        goes_to(browser, number)
        tokens = deployment.redeems(service, silently(browser, service)["code"], number)
        reader.verify(tokens["id_token"], audience=service.client_id)
        reader.verify(tokens["access_token"], audience=service.issuer)
        return {jwt.get_unverified_header(tokens[name])["kid"] for name in ("id_token", "access_token")}

    signs_in(browser, service)
    before = kids_at(0)
    assert before == kids_at(1)

    deployment.provider.command("keys", "rotate", "--force")
    rotated_at = time.monotonic()
    becomes_true(lambda: not any(before & kids_at(number) for number in BOTH), within_seconds=KEYS_WITHIN_SECONDS)
    assert time.monotonic() < rotated_at + KEYS_WITHIN_SECONDS
    assert kids_at(0) == kids_at(1)
    for number in BOTH:
        published = {key["kid"] for key in deployment.called(number, "/oauth/jwks").json()["keys"]}
        assert before < published


def test_the_network_in_the_audit_trail_is_the_peers_whatever_a_caller_claims(
    deployment: Deployment, service: Service
) -> None:
    for peer, claimed in CLAIMED.items():
        browser = Browser(stop=REDIRECT_URI)
        with browser.session:
            comes_from(browser, peer)
            browser.session.headers["X-Forwarded-For"] = claimed
            signs_in(browser, service)

    events = deployment.provider.command("audit", "list", "--account", "acme")
    assert {event["network"] for event in events if event["kind"] == "sign_in.finished"} >= CLAIMED.keys()
    assert not {event["network"] for event in events} & {"203.0.113.7", "198.51.100.1"}


def test_one_is_killed_and_nobody_notices(deployment: Deployment, service: Service, browser: Browser) -> None:
    goes_to(browser, 0)
    tokens = deployment.redeems(service, signs_in(browser, service), 0)
    another = Browser(stop=REDIRECT_URI)
    goes_to(another, 0)
    chooser = another.open(service.authorize_url())
    for one in (browser, another):
        del one.session.headers[proxy.CHOICE]

    killed = deployment.servers[0]
    killed.is_killed()
    try:
        code = another.submit(chooser, person="agent").query["code"]
        assert deployment.redeems(service, code, None)["id_token"]
        for _ in range(4):
            assert deployment.redeems(service, silently(browser, service)["code"], None)["id_token"]
            renewed = deployment.refreshes(service, tokens, None)
            assert renewed.ok, renewed.text
            tokens = renewed.json()
    finally:
        killed.start()
        another.session.close()
    goes_to(browser, 0)
    assert deployment.redeems(service, silently(browser, service)["code"], 0)["id_token"]
