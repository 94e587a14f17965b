"""``idp keys rotate`` twice under a running load: nobody's verification fails, and no key leaves before its tokens do.

The one test takes six minutes, nearly all of them waiting: the second rotation
comes when the next keys have really been public for as long as services may
keep the set, and not a second later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.interop import foreign
from tests.interop.service import REDIRECT_URI, Service
from tests.interop.walking import Browser
from tests.rotation.load import Load, now
from tests.rotation.services import ByAuthlib, ByPyJWT, ByTheBook
from tests.support.node import Node
from tests.support.platform import running_platform
from tests.support.serve import Served, run_idp, serving

PUBLISH_AHEAD = 300
"""The least that the setting allows: as long as services may keep the key set."""
TOKEN_TTL = 60
FOLLOWED = timedelta(seconds=30)
"""Within which every process of the provider signs with the new keys (CONTRACT §6 rule 16)."""
A_WHILE = timedelta(seconds=5)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Served]:
    """Two server processes, whose tokens live for a minute."""
    settings = {
        "IDP_KEY_PUBLISH_AHEAD": PUBLISH_AHEAD,
        "IDP_ACCESS_TOKEN_TTL": TOKEN_TTL,
        "IDP_ID_TOKEN_TTL": TOKEN_TTL,
    }
    with serving(tmp_path, workers=2, **{name: str(value) for name, value in settings.items()}) as served:
        yield served


@pytest.fixture
def service(provider: Served) -> Iterator[Service]:
    """A service of an account whose people sign in at a simulated platform."""
    with running_platform() as platform:
        provider.command("accounts", "create", "acme", "--name", "Acme", "--magic-link", "off")
        provider.command(
            *("providers", "create", "acme", "platform", "--kind", "oidc", "--issuer", platform.issuer),
            *("--client-id", platform.client_id, "--client-secret-file", "-", "--role-based-iam"),
            stdin=platform.client_secret,
        )
        yield Service.register(provider, "Studio", "--account", "acme")


@pytest.fixture
def load(node: Node, provider: Served, service: Service) -> Iterator[Load]:
    """Somebody who is signed in, and services that fetch the keys now."""
    browser = Browser(stop=REDIRECT_URI)
    assert browser.submit(browser.open(service.authorize_url()), person="manager").query["code"]
    jwks_uri = f"{provider.issuer}/oauth/jwks"
    with browser.session, foreign.verifier(node, jwks_uri=jwks_uri, issuer=provider.issuer) as jose:
        both = {"PyJWT": ByPyJWT(jwks_uri), "jose": jose, "by the book": ByTheBook(jwks_uri)}
        authlib = ByAuthlib(provider.issuer, service.client_id, nonce="service-nonce")
        yield Load(
            service=service,
            browser=browser,
            id_token_readers={**both, "Authlib": authlib},
            access_token_readers=both,
        )


def rotatable_from(provider: Served) -> datetime:
    """Return the time that a refused rotation names."""
    refused = run_idp("keys", "rotate", env=provider.env)
    assert refused.returncode == 1
    named = re.search(r"from (\S+ \S+) UTC", refused.stderr)
    assert named, refused.stderr
    return datetime.fromisoformat(named[1]).replace(tzinfo=UTC)


def test_no_verification_fails_and_no_key_leaves_too_early_while_keys_turn_twice(load: Load, provider: Served) -> None:
    with load:
        load.goes_well_until(now() + A_WHILE)

        # Nobody has kept a set without the next keys yet, so forcing it costs nothing.
        first = now()
        provider.command("keys", "rotate", "--force")
        load.goes_well_until(now() + A_WHILE)
        load.access_token_readers |= {"by the book, later": ByTheBook(f"{provider.issuer}/oauth/jwks")}
        ready_at = rotatable_from(provider)
        assert ready_at - first >= timedelta(seconds=PUBLISH_AHEAD)

        # No key turns before that: where it is to be seen whether anything fails, the load is as before.
        load.goes_well_until(first + FOLLOWED + A_WHILE)
        load.goes_well_until(ready_at - A_WHILE, calmly=True)
        load.goes_well_until(ready_at)
        second = now()
        provider.command("keys", "rotate")
        followed = now() + FOLLOWED
        load.goes_well_until(followed + A_WHILE)
        end = now()

    generations = [
        load.signed(since=datetime.min.replace(tzinfo=UTC), until=first),
        load.signed(since=first + FOLLOWED, until=second),
        load.signed(since=followed, until=end),
    ]
    for alg in ("RS256", "ES256"):
        (oldest,), (older,), (newest,) = (generation[alg] for generation in generations)
        assert len({oldest, older, newest}) == 3
        assert load.left_at[oldest] > load.last_end(oldest)
        assert not {older, newest} & load.left_at.keys()
    assert len(load.issued) > 100
