"""What may serve as an API key or a platform secret that was made elsewhere."""

from __future__ import annotations

import pytest

from idp.domain.errors import Invalid
from idp.domain.integration_secrets import is_weak_api_key, parse_api_key, parse_platform_secret
from idp.domain.secrets import new_secret

UUID = "0b7c8a1e-6a55-4b39-9d0c-7d3f6f1f2a10"


@pytest.mark.parametrize("key", ["k" * 16, "k" * 256, UUID, "!~" * 8, "Zk8wq1T0b7H2nD5xR4uYpA-sE9cV3mJ6gL1fQ8tX0oI"])
def test_an_api_key_of_elsewhere_is_taken_as_it_is(key: str) -> None:
    assert parse_api_key(key) == key


@pytest.mark.parametrize("key", ["", "k" * 15, "k" * 257, f"{UUID} x", f"{UUID}\n", f"{UUID}\x7f", f"{UUID}é"])
def test_what_cannot_be_an_api_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_api_key(key)
    assert UUID not in str(refused.value)


def test_an_api_key_below_32_characters_is_weak() -> None:
    assert is_weak_api_key("k" * 31)
    assert not is_weak_api_key("k" * 32)
    assert not is_weak_api_key(new_secret())


@pytest.mark.parametrize(
    "secret",
    [
        "s" * 32,
        "s" * 512,
        "é" * 16,
        "with spaces, which nobody would mind",
        "Zk8wq1T0b7H2nD5xR4uYpA-sE9cV3mJ6gL1fQ8tX0oI",
    ],
)
def test_a_platform_secret_is_measured_in_bytes(secret: str) -> None:
    assert parse_platform_secret(secret) == secret


@pytest.mark.parametrize(
    "secret", ["", "s" * 31, "é" * 15, "s" * 513, "é" * 257, f"{'s' * 32}\n{'s' * 32}", "\ufeff" + "s" * 32, "\0" * 32]
)
def test_what_cannot_be_a_platform_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_platform_secret(secret)
    assert "sss" not in str(refused.value)
