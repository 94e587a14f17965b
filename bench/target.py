"""A running server as the load meets it: where it is, who the clients are, and whose browsers are signed in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

REDIRECT_URI = "http://127.0.0.1:1/signed-in"
"""Nobody listens there: the load stops before it."""
SCOPE = "openid profile email"
SIGNING_ALGS = ("ES256", "RS256")
"""One client each; its ID tokens are signed so."""
WIDGET_ORIGIN = "https://platform.example"
"""In whose pages the widget is embedded, for the work that only we do."""
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")
"""What a client is registered for, as far as our provider has it: then both sides do the same work."""
DISCOVERY_PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A confidential client (client_secret_basic, PKCE)."""

    client_id: str
    client_secret: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the load goes.

    :param document: its discovery document.
    :param clients: by the algorithm of their ID tokens.
    :param cookies: a Cookie header for each signed-in browser.
    :param account: whose widget can be embedded; none for a server that knows no widgets.
    """

    port: int
    document: Mapping[str, Any]
    clients: Mapping[str, Client]
    cookies: Sequence[str] = field(repr=False)
    account: str | None = None

    @property
    def issuer(self) -> str:
        """Return what its tokens carry as ``iss``."""
        return str(self.document["issuer"])

    @property
    def host(self) -> str:
        """Return the Host header of requests to it."""
        return urlsplit(self.issuer).netloc

    def path(self, endpoint: str) -> str:
        """Return the path of an endpoint by its name in the discovery document."""
        return urlsplit(str(self.document[endpoint])).path

    def offers(self, *, endpoint: str | None = None, grant: str | None = None) -> bool:
        """Say whether the discovery document names an endpoint, or a grant type."""
        return (endpoint is None or endpoint in self.document) and (
            grant is None or grant in self.document.get("grant_types_supported", ())
        )
