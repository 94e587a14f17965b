"""The sandbox's addresses and secrets: all addresses follow from host and port, all secrets stay in the instance."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

ACCOUNT = "acme"
PROVIDER = "platform"
GENESYS_PROVIDER = "genesys"
ENTRA_PROVIDER = "entra"
STAFF_PROVIDER = "google"
STAFF_ADDRESS = "casey.staff@deepdesk.example"
"""Who may enter the demo account from the start."""
PLATFORM_CLIENT_ID = "deepdesk"
SAMPLE_CLIENT_ID = "sample-service"
WORLD_VARIABLE = "SANDBOX_WORLD"
"""In which environment variable the world is handed to the processes of the sandbox."""
ADDRESS = "127.0.0.1"
"""Where the neighbours listen."""
_NEIGHBOUR_NAME = "localhost"
"""Another host name than the provider's, so that cookies do not mix as they would between ports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where everything is, and the two secrets that its parts share.

    :param issuer: this provider's; the others are absolute, too, and without a trailing slash.
    """

    issuer: str
    platform_port: int
    sample_port: int
    platform_secret: str = field(repr=False)
    sample_secret: str = field(repr=False)

    @property
    def platform_url(self) -> str:
        """The address of the platform by the book, which is its issuer identifier."""
        return f"http://{_NEIGHBOUR_NAME}:{self.platform_port}"

    def platform_of(self, kind: str) -> str:
        """Return the address of one of the other platforms, which are mounted beside it."""
        return f"{self.platform_url}/{kind}"

    @property
    def genesys_api_url(self) -> str:
        """The address of Genesys Cloud's API: there it is another host than the login's."""
        return f"http://{ADDRESS}:{self.platform_port}/{GENESYS_PROVIDER}"

    @property
    def sample_url(self) -> str:
        """The sample service's address."""
        return f"http://{_NEIGHBOUR_NAME}:{self.sample_port}"

    def as_json(self) -> str:
        """Return the world for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> World:
        """Read back what :meth:`as_json` wrote."""
        return cls(**json.loads(text))


def open_world(*, host: str, port: int, instance: Path) -> World:
    """Return the world at an address, with secrets that are made once an instance."""
    platform_secret, sample_secret = _kept_secrets(instance / "sandbox.json")
    shown_host = f"[{host}]" if ":" in host else host
    return World(
        issuer=f"http://{shown_host}:{port}",
        platform_port=port + 1,
        sample_port=port + 2,
        platform_secret=platform_secret,
        sample_secret=sample_secret,
    )


def _kept_secrets(path: Path) -> tuple[str, str]:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump([secrets.token_urlsafe(32), secrets.token_urlsafe(32)], file)
    platform_secret, sample_secret = json.loads(path.read_text(encoding="ascii"))
    return platform_secret, sample_secret
