"""Two key pairs for all of this folder's tests: making RSA keys takes longer than the tests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from idp.domain.client_metadata import SigningAlg
from idp.store.signing_keys import KeyState, SigningKey
from idp.tokens import keys
from idp.tokens.key_ring import KeyRing
from idp.tokens.sealing import Sealer

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def sealer() -> Sealer:
    return Sealer(["a sealing secret of the tests, 32+"])


@pytest.fixture(scope="session")
def rsa_row(sealer: Sealer) -> SigningKey:
    return keys.row_of(
        keys.generate(SigningAlg.RS256), SigningAlg.RS256, state=KeyState.CURRENT, sealer=sealer, now=NOW
    )


@pytest.fixture(scope="session")
def ec_row(sealer: Sealer) -> SigningKey:
    return new_ec_row(sealer)


@pytest.fixture
def ring(rsa_row: SigningKey, ec_row: SigningKey, sealer: Sealer) -> KeyRing:
    return KeyRing(lambda: [rsa_row, ec_row], sealer)


def new_ec_row(sealer: Sealer, state: KeyState = KeyState.CURRENT) -> SigningKey:
    """Return the row of a fresh key, which for EC takes no time."""
    return keys.row_of(keys.generate(SigningAlg.ES256), SigningAlg.ES256, state=state, sealer=sealer, now=NOW)
