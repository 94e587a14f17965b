"""One provider for all tests here, as a downstream test suite has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from idp.testing import Client, Provider, running


@pytest.fixture(scope="session")
def idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running(tmp_path_factory.mktemp("provider")) as provider:
        provider.account("acme")
        yield provider


@pytest.fixture(scope="session")
def client(idp: Provider) -> Client:
    return idp.client(audiences=["https://reports.example.com"])
