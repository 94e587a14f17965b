"""A simulated platform for this folder's tests, one a module, with every switch off before each test.

A module's ``KIND`` says which platform is played.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from idp.domain.clock import SystemClock
from idp.outbound.http import HttpClient, OutboundPolicy
from idp.sandbox.platform import Fault
from idp.sandbox.platform.kinds import OIDC
from idp.upstream.parts import UpstreamParts
from tests.contract.connector import HASTY_SECONDS
from tests.support.platform import RunningPlatform, running_platform

LOOPBACK = OutboundPolicy.parse("127.0.0.1/32,::1/128")


@pytest.fixture(scope="module")
def one_platform(request: pytest.FixtureRequest) -> Iterator[RunningPlatform]:
    with running_platform(kind=getattr(request.module, "KIND", OIDC)) as running:
        yield running


@pytest.fixture
def platform(one_platform: RunningPlatform) -> RunningPlatform:
    """The platform, all well."""
    one_platform.fault = Fault.NONE
    one_platform.requests.clear()
    state = one_platform.state
    state.slowness = timedelta(seconds=8)
    state.clock_offset = timedelta(0)
    state.metadata_changes = {}
    state.granted_scopes = None
    state.groups_page_size = 200
    state.groups_claim = True
    state.thin_id_tokens = state.login_issuer = state.permissions_as_list = False
    state.keys_broken = state.secret_expired = state.strict_redirects = False
    return one_platform


@pytest.fixture
def upstream(platform: RunningPlatform) -> RunningPlatform:
    return platform


@pytest.fixture(scope="session")
def http() -> HttpClient:
    return HttpClient(LOOPBACK)


@pytest.fixture(scope="session")
def hasty_http() -> HttpClient:
    return HttpClient(LOOPBACK, timeout=timedelta(seconds=HASTY_SECONDS))


@pytest.fixture
def parts(http: HttpClient) -> UpstreamParts:
    """Parts with empty caches."""
    return UpstreamParts.of(http, SystemClock())


@pytest.fixture
def hasty_parts(hasty_http: HttpClient) -> UpstreamParts:
    return UpstreamParts.of(hasty_http, SystemClock())
