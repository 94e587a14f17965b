"""A plugin of pytest that gives a test suite this provider: ``deepdesk_idp``, with people to sign in as.

pytest imports it at every start, whether a test asks for the provider or not:
nothing of the provider is imported before one does.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from idp.testing.made import User
    from idp.testing.provider import Provider


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Have the provider imported as it is.

    pytest rewrites the assertions of whatever a plugin's distribution holds. The provider has none, and compiling it
    anew takes a second of every start where bytecode is not written. There is no public way to say so.
    """
    getattr(early_config.pluginmanager.rewrite_hook, "_must_rewrite", set()).discard("idp")


@pytest.fixture(scope="session")
def deepdesk_idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Deepdesk's identity provider, running, with the account ``acme`` and ``deepdesk_idp.people``."""
    with ExitStack() as until_the_end:
        with _without_collecting():
            from idp.testing.people import People
            from idp.testing.starting import running

            provider = until_the_end.enter_context(running(tmp_path_factory.mktemp("deepdesk_idp")))
            provider.account("acme")
            provider.people = People.of(provider, "acme")
        yield provider


@pytest.fixture
def deepdesk_user(deepdesk_idp: Provider) -> User:
    """An agent of ``acme`` whom no other test knows, and whom this one may disable or sign out."""
    return deepdesk_idp.user()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Look for no garbage meanwhile: next to nothing is any yet, and looking takes a seventh of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
