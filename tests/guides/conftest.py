"""One provider whose account ``acme`` signs in at a simulated platform; each guide's program is a service of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.interop.service import REDIRECT_URI, Service
from tests.interop.walking import Browser
from tests.support.platform import RunningPlatform, running_platform
from tests.support.serve import Served, serving


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """This provider, served by its own command.

    Its access tokens live a minute, so a program that renews a minute ahead renews at every page.
    """
    with serving(tmp_path_factory.mktemp("provider"), IDP_ACCESS_TOKEN_TTL="60") as served:
        served.command("accounts", "create", "acme", "--name", "Acme", "--magic-link", "off")
        yield served


@pytest.fixture(scope="session")
def platform(provider: Served) -> Iterator[RunningPlatform]:
    """Where Acme's people sign in; roles are theirs to say."""
    with running_platform() as running:
        provider.command(
            *("providers", "create", "acme", "platform", "--kind", "oidc", "--issuer", running.issuer),
            *("--client-id", running.client_id, "--client-secret-file", "-", "--role-based-iam"),
            stdin=running.client_secret,
        )
        yield running


@pytest.fixture
def promotion(provider: Served, platform: RunningPlatform) -> Iterator[Callable[[], None]]:
    """Return a function that makes the agent a manager: at the platform, and by signing in again, elsewhere."""
    people = platform.state.people

    def promote() -> None:
        platform.state.people = {**people, "agent": replace(people["agent"], roles=("deepdesk.manager",))}
        service = Service.register(provider, "Somewhere else", "--account", "acme")
        browser = Browser(stop=REDIRECT_URI)
        with browser.session:
            browser.submit(browser.open(service.authorize_url()), person="agent")

    yield promote
    platform.state.people = people
