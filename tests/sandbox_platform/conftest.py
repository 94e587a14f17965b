"""An application at a platform of each kind, with every switch off before each test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from idp.sandbox.platform.kinds import ENTRA, GENESYS, GOOGLE, OAUTH2, RINGCENTRAL, SALESFORCE, Kind
from tests.sandbox_platform.application import Application
from tests.support.platform import RunningPlatform, running_platform

At = Callable[[Kind], Application]


@pytest.fixture(scope="session")
def platforms() -> Iterator[Callable[[Kind], RunningPlatform]]:
    """One platform a kind, started when first asked for."""
    started: dict[str, RunningPlatform] = {}
    with contextlib.ExitStack() as running:

        def platform_of_kind(kind: Kind) -> RunningPlatform:
            if kind.code not in started:
                started[kind.code] = running.enter_context(running_platform(kind=kind))
            return started[kind.code]

        yield platform_of_kind


@pytest.fixture
def at(platforms: Callable[[Kind], RunningPlatform]) -> At:
    def application_at(kind: Kind) -> Application:
        platform = platforms(kind)
        platform.all_well()
        return Application(platform)

    return application_at


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> Kind:
    """Given by the test's parameter."""
    found: Kind = request.param
    return found


@pytest.fixture
def anywhere(kind: Kind, at: At) -> Application:
    """At a platform of the kind that the test names."""
    return at(kind)


@pytest.fixture
def google(at: At) -> Application:
    return at(GOOGLE)


@pytest.fixture
def entra(at: At) -> Application:
    return at(ENTRA)


@pytest.fixture
def genesys(at: At) -> Application:
    return at(GENESYS)


@pytest.fixture
def ringcentral(at: At) -> Application:
    return at(RINGCENTRAL)


@pytest.fixture
def salesforce(at: At) -> Application:
    return at(SALESFORCE)


@pytest.fixture
def oauth2(at: At) -> Application:
    return at(OAUTH2)
