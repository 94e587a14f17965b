"""A provider at its beginning, on SQLite unless the test asks for both databases; a service; two browsers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from idp.sandbox.platform import Fault
from idp.sandbox.platform.kinds import OIDC
from tests.support.app import Browser, OpenIdProvider, initialise, provider_on, provider_on_a_file
from tests.support.clock import FrozenClock
from tests.support.platform import RunningPlatform, running_platform
from tests.support.rp import RelyingParty

BOTH_DATABASES = pytest.mark.parametrize("database", ["sqlite", "postgresql"])


def initialise_at(url: str) -> None:
    """Fill an empty database for tests to copy."""
    with tempfile.TemporaryDirectory() as directory:
        initialise(url, Path(directory))


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OpenIdProvider, Callable[[], None]]]:
    """The one of this process, and what takes it back to the beginning."""
    with provider_on_a_file(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture
def database() -> str:
    """Tests marked with BOTH_DATABASES run on each."""
    return "sqlite"


@pytest.fixture
def op(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenIdProvider]:
    """The provider with the account acme, where nothing has happened yet."""
    if database == "sqlite":
        running, start_afresh = request.getfixturevalue("on_sqlite")
        start_afresh()
        yield running
    else:
        url = request.getfixturevalue("postgres").fresh_database(prepared_by=initialise_at)
        with provider_on(url, tmp_path) as running:
            yield running


@pytest.fixture
def clock(op: OpenIdProvider) -> FrozenClock:
    return op.clock


@pytest.fixture
def rp(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(op)


@pytest.fixture
def stranger(op: OpenIdProvider) -> Browser:
    """A browser that has been nowhere yet."""
    return op.browser()


@pytest.fixture
def browser(op: OpenIdProvider) -> Browser:
    """A browser to which Mia, a manager, is signed in."""
    opened = op.browser()
    op.signs_in(opened)
    return opened


# Whole sign-ins, through a platform that speaks HTTP and knows the real time.


@pytest.fixture(scope="session")
def one_platform() -> Iterator[RunningPlatform]:
    with running_platform() as running:
        yield running


@pytest.fixture
def platform(one_platform: RunningPlatform) -> RunningPlatform:
    """The simulated platform, all well."""
    one_platform.fault = Fault.NONE
    one_platform.state.kind = OIDC
    one_platform.state.clock_offset = timedelta(0)
    one_platform.requests.clear()
    return one_platform


@pytest.fixture(scope="session")
def on_loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OpenIdProvider, Callable[[], None]]]:
    with provider_on_a_file(tmp_path_factory.mktemp("loopback"), issuer="http://127.0.0.1:8000") as running:
        yield running


@pytest.fixture
def connected(on_loopback: tuple[OpenIdProvider, Callable[[], None]], platform: RunningPlatform) -> OpenIdProvider:
    """A provider with an http issuer, as in development, whose account acme signs in at the platform."""
    running, start_afresh = on_loopback
    start_afresh()
    running.clock.set(datetime.now(UTC))
    running.connects("platform", platform)
    return running
