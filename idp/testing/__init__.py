"""For tests, ours and those of downstream services: this provider in a thread, people, clients, tokens.

Imports anything of the provider except the sandbox; nothing of the provider
imports it. What stands here is loaded when it is first used, since pytest
loads the plugin beside it at every start (docs/guides/testing.md).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idp.testing.code_flow import Tokens
    from idp.testing.made import Client, User
    from idp.testing.people import People
    from idp.testing.provider import Provider
    from idp.testing.signed_in import SessionCookies, SignedIn
    from idp.testing.starting import running
    from idp.testing.tokens import Kind, jwks, signed_token

__all__ = [
    "Client",
    "Kind",
    "People",
    "Provider",
    "SessionCookies",
    "SignedIn",
    "Tokens",
    "User",
    "jwks",
    "running",
    "signed_token",
]

_MODULES = {
    "Client": "made",
    "Kind": "tokens",
    "People": "people",
    "Provider": "provider",
    "SessionCookies": "signed_in",
    "SignedIn": "signed_in",
    "Tokens": "code_flow",
    "User": "made",
    "jwks": "tokens",
    "running": "starting",
    "signed_token": "tokens",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
