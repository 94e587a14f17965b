"""The sandbox's addresses and secrets: all addresses follow from host and port, all secrets stay in the instance.

In plain mode everything is http on this machine, and provider and platform
page are one site. With TLS these two are two sites below ``.test``; what is
only ever visited on the way stays as it is.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idp.sandbox.certificates import Certificates

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
"""Where the platforms and the sample service listen."""
_NEIGHBOUR_NAME = "localhost"
"""Another host name than the provider's, so that cookies do not mix as they would between ports."""
SECRETS = 4
PORTS = 4
"""How many the sandbox takes, from its own upwards."""
LOGIN_NAME = "login.deepdesk.test"
PLATFORM_NAME = "platform.test"
SECURE_NAMES = (LOGIN_NAME, PLATFORM_NAME)
"""With TLS: two sites, as the widget has them at customers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where everything is, and the secrets that its parts share.

    :param host: where provider and platform page listen.
    :param issuer: this provider's; the others are absolute, too, and without a trailing slash.
    :param widget_page_url: the platform page's origin.
    :param api_key: which the platform page carries.
    :param shared_secret: with which the platform page's server signs.
    :param certificate: file of the server's certificate; empty without TLS.
    """

    host: str
    issuer: str
    platform_port: int
    sample_port: int
    widget_page_port: int
    widget_page_url: str
    platform_secret: str = field(repr=False)
    sample_secret: str = field(repr=False)
    api_key: str = field(repr=False)
    shared_secret: str = field(repr=False)
    certificate: str = ""
    certificate_key: str = ""

    @property
    def is_secure(self) -> bool:
        """Whether provider and platform page are served over TLS."""
        return bool(self.certificate)

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


def open_world(*, host: str, port: int, instance: Path, certificates: Certificates | None = None) -> World:
    """Return the world at an address, with secrets that are made once an instance.

    :param certificates: for TLS.
    """
    platform_secret, sample_secret, api_key, shared_secret = _kept_secrets(instance / "sandbox.json")
    return World(
        host=host,
        issuer=issuer_at(host, port, tls=certificates is not None),
        platform_port=port + 1,
        sample_port=port + 2,
        widget_page_port=port + 3,
        # In plain mode one host with the issuer, so one site: http cookies do not travel between two.
        widget_page_url=_origin(PLATFORM_NAME if certificates else host, port + 3, tls=certificates is not None),
        platform_secret=platform_secret,
        sample_secret=sample_secret,
        api_key=api_key,
        shared_secret=shared_secret,
        certificate=str(certificates.server) if certificates else "",
        certificate_key=str(certificates.server_key) if certificates else "",
    )


def issuer_at(host: str, port: int, *, tls: bool) -> str:
    """Return this provider's issuer identifier."""
    return _origin(LOGIN_NAME if tls else host, port, tls=tls)


def _origin(name: str, port: int, *, tls: bool) -> str:
    shown = f"[{name}]" if ":" in name else name
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def _kept_secrets(path: Path) -> list[str]:
    """Return the secrets by their order; an instance that kept fewer gets the others now."""
    kept: list[str] = json.loads(path.read_text(encoding="ascii")) if path.exists() else []
    if len(kept) < SECRETS:
        kept += [secrets.token_urlsafe(32) for _ in range(SECRETS - len(kept))]
        unfinished = path.with_suffix(".new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(kept, file)
        unfinished.replace(path)
    return kept
