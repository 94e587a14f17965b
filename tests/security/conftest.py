"""The same providers, services and browsers as the protocol's tests, and one provider for hostile callers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.domain.mail_sign_in import MagicLinks
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from tests.protocol.conftest import (
    browser,
    clock,
    connected,
    database,
    initialise_at,
    on_loopback,
    on_sqlite,
    one_platform,
    op,
    platform,
    rp,
    stranger,
)
from tests.security.hostile import CLIENT_ID, CLIENT_SECRET
from tests.support.app import Browser, OpenIdProvider, provider_on
from tests.support.rp import RelyingParty

__all__ = [
    "browser",
    "clock",
    "connected",
    "database",
    "on_loopback",
    "on_sqlite",
    "one_platform",
    "op",
    "platform",
    "rp",
    "stranger",
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def attacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIdProvider]:
    """One provider for a whole file of bad requests: none of them may change it."""
    directory: Path = tmp_path_factory.mktemp("attacked")
    if request.param == "sqlite":
        url = f"sqlite:///{directory / 'idp.db'}"
        initialise_at(url)
    else:
        url = request.getfixturevalue("postgres").fresh_database(prepared_by=initialise_at)
    with provider_on(url, directory) as running:
        RelyingParty.registered_at(running, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        with running.app.app_context():
            accounts.update("acme", AccountSettings(magic_link=MagicLinks.ALL), context=running.context)
        yield running


@pytest.fixture(scope="module")
def somebody(attacked: OpenIdProvider) -> Browser:
    """A browser to which somebody is signed in."""
    signed_in = attacked.browser()
    attacked.signs_in(signed_in)
    return signed_in
