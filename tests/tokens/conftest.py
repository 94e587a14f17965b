"""Two key pairs for all of this folder's tests: making RSA keys takes longer than the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from idp.domain.client_words import SigningAlg
from idp.store.signing_keys import KeyState, KeyUse, SigningKey
from idp.tokens import keys
from idp.tokens.key_ring import KeyRing
from idp.tokens.sealing import Sealer

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
RETENTION = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def sealer() -> Sealer:
    return Sealer(["a sealing secret of the tests, 32+"])


@pytest.fixture(scope="session")
def rsa_row(sealer: Sealer) -> SigningKey:
    return new_row(sealer, SigningAlg.RS256)


@pytest.fixture(scope="session")
def ec_row(sealer: Sealer) -> SigningKey:
    return new_ec_row(sealer)


@pytest.fixture
def ring(rsa_row: SigningKey, ec_row: SigningKey, sealer: Sealer) -> KeyRing:
    return new_ring(lambda: [rsa_row, ec_row], sealer)


def new_ring(load: Callable[[], Sequence[SigningKey]], sealer: Sealer, *, use: KeyUse = KeyUse.OAUTH) -> KeyRing:
    """Return an empty ring of keys that stay published for an hour once they are retired."""
    return KeyRing(load, sealer, use=use, retention=RETENTION)


def new_row(
    sealer: Sealer, alg: SigningAlg, state: KeyState = KeyState.CURRENT, *, use: KeyUse = KeyUse.OAUTH
) -> SigningKey:
    """Return the row of a fresh key."""
    row = keys.row_of(keys.generate(alg), alg, use=use, state=state, sealer=sealer, now=NOW)
    if state is KeyState.RETIRED:
        row.retired_at = NOW
    return row


def new_ec_row(sealer: Sealer, state: KeyState = KeyState.CURRENT, *, use: KeyUse = KeyUse.OAUTH) -> SigningKey:
    """Return the row of a fresh key of the kind that takes no time to make."""
    return new_row(sealer, SigningAlg.ES256, state, use=use)
