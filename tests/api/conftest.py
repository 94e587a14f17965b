"""The provider with a service that may manage acme, and those who do so through it or in a browser."""

from __future__ import annotations

import pytest

from tests.protocol.conftest import database, on_sqlite, op
from tests.support.app import Browser, OpenIdProvider
from tests.support.management import Caller, by_token, in_browser, staff_with_a_grant, tool
from tests.support.rp import RelyingParty

__all__ = ["database", "on_sqlite", "op"]


@pytest.fixture
def rp(op: OpenIdProvider) -> RelyingParty:
    return tool(op)


@pytest.fixture
def mia(op: OpenIdProvider, rp: RelyingParty) -> Caller:
    """A service with the token of a manager."""
    return by_token(op, rp)


@pytest.fixture
def casey(op: OpenIdProvider, rp: RelyingParty) -> Caller:
    """A service with the token of a staff member who entered acme as its manager."""
    return staff_with_a_grant(op, rp)


@pytest.fixture
def browser(op: OpenIdProvider) -> Browser:
    """A browser to which Mia is signed in."""
    opened = op.browser()
    op.signs_in(opened)
    return opened


@pytest.fixture
def page(op: OpenIdProvider, browser: Browser) -> Caller:
    """A page of the provider in Mia's browser."""
    return in_browser(op, browser)
