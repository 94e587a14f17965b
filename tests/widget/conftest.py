"""The provider with an account whose platform is known: its origin, its API key, its shared secret."""

from __future__ import annotations

import pytest

from idp.services.registry import accounts, api_keys, platform_secrets
from idp.services.registry.accounts import AccountSettings
from tests.protocol.conftest import (
    connected,
    database,
    on_loopback,
    on_sqlite,
    one_platform,
    platform,
)
from tests.protocol.conftest import op as bare
from tests.support.app import OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.widget import API_KEY, ORIGIN, PLATFORM_SECRET, Widget

__all__ = ["bare", "connected", "database", "on_loopback", "on_sqlite", "one_platform", "platform"]


@pytest.fixture
def op(bare: OpenIdProvider) -> OpenIdProvider:
    """The provider whose account acme has a platform with a widget; its neighbour's is elsewhere."""
    context = bare.context
    with bare.app.app_context():
        accounts.update("acme", AccountSettings(origins=(ORIGIN,)), context=context)
        api_keys.create("acme", key=API_KEY, parts=bare.parts, context=context)
        platform_secrets.create("acme", secret=PLATFORM_SECRET, parts=bare.parts, context=context)
    return bare


@pytest.fixture
def clock(op: OpenIdProvider) -> FrozenClock:
    return op.clock


@pytest.fixture
def widget(op: OpenIdProvider) -> Widget:
    """A widget where nobody is signed in."""
    return Widget(op)
