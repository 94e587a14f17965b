"""A simulated platform for this folder's tests, one a module, with every switch off before each test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from idp.domain.clock import SystemClock
from idp.outbound.http import HttpClient, OutboundPolicy
from idp.sandbox.platform import Fault
from idp.upstream.parts import UpstreamParts
from tests.contract.connector import HASTY_SECONDS
from tests.support.platform import RunningPlatform, running_platform

LOOPBACK = OutboundPolicy.parse("127.0.0.1/32,::1/128")


@pytest.fixture(scope="module")
def one_platform() -> Iterator[RunningPlatform]:
    with running_platform() as running:
        yield running


@pytest.fixture
def platform(one_platform: RunningPlatform) -> RunningPlatform:
    """The platform, all well."""
    one_platform.fault = Fault.NONE
    one_platform.requests.clear()
    one_platform.state.slowness = timedelta(seconds=8)
    one_platform.state.thin_id_tokens = False
    one_platform.state.clock_offset = timedelta(0)
    one_platform.state.metadata_changes = {}
    return one_platform


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
