"""One served provider whose two accounts sign in at one foreign upstream, npm ``oidc-provider``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop import foreign
from tests.interop.foreign import Upstream
from tests.interop.service import REDIRECT_URI, Service
from tests.interop.walking import Browser
from tests.support.node import Node
from tests.support.serve import Served, free_port, serving

ACCOUNTS = ("acme", "closed")
"""People sign in to ``acme``; of ``closed`` nobody ever gets in, so it never has a user."""
UPSTREAM_SECRET = "the-secret-that-the-upstream-gave-us"


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """This provider, served by its own command."""
    with serving(tmp_path_factory.mktemp("provider")) as served:
        yield served


@pytest.fixture(scope="session")
def upstream(node: Node, provider: Served) -> Iterator[Upstream]:
    """The foreign upstream, registered as the provider ``npm`` of both accounts."""
    port = free_port()
    registered = [_register_upstream(provider, account, f"http://127.0.0.1:{port}") for account in ACCOUNTS]
    with foreign.upstream(node, port, registered) as running:
        yield running


def _register_upstream(provider: Served, account: str, issuer: str) -> dict[str, str]:
    """Create account and provider; return what the upstream must know of us."""
    client_id = f"deepdesk-{account}"
    provider.command("accounts", "create", account, "--name", account.title(), "--magic-link", "off")
    provider.command(
        *("providers", "create", account, "npm", "--kind", "oidc", "--issuer", issuer),
        *("--client-id", client_id, "--client-secret-file", "-", "--role-based-iam"),
        stdin=UPSTREAM_SECRET,
    )
    redirect_uri = provider.command("providers", "show", account, "npm")["redirect_uri"]
    return {"client_id": client_id, "client_secret": UPSTREAM_SECRET, "redirect_uri": redirect_uri}


@pytest.fixture(scope="session")
def service(provider: Served, upstream: Upstream) -> Service:
    """A service of the account that people sign in to."""
    return Service.register(provider, "Studio", "--account", "acme")


@pytest.fixture(scope="session")
def closed_service(provider: Served, upstream: Upstream) -> Service:
    """A service of the account that nobody gets into."""
    return Service.register(provider, "Closed", "--account", "closed")


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser that has been nowhere yet."""
    opened = Browser(stop=REDIRECT_URI)
    with opened.session:
        yield opened


@pytest.fixture
def other_browser() -> Iterator[Browser]:
    """Somebody else's browser."""
    opened = Browser(stop=REDIRECT_URI)
    with opened.session:
        yield opened
