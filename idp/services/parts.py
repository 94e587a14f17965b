"""What the services are built from; made once by the composition root and passed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from idp.domain.clock import Clock
from idp.outbound.mailer import Mailer
from idp.services.registry.client_cache import ClientCache
from idp.services.widget.origins import Origins
from idp.settings import Settings
from idp.tokens.client_keys import PublishedKeys
from idp.tokens.exchange_token import ExchangeTokens
from idp.tokens.key_ring import KeyRing
from idp.tokens.mail_link import MailLinks
from idp.tokens.refresh_token import RefreshTokens
from idp.tokens.sealing import Sealer
from idp.upstream.parts import UpstreamParts


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The long-lived objects of one process.

    :param keys: those of OAuth tokens.
    :param session_keys: those of cookie tokens.
    """

    settings: Settings
    clock: Clock
    sealer: Sealer
    keys: KeyRing
    session_keys: KeyRing
    refresh_tokens: RefreshTokens
    exchange_tokens: ExchangeTokens
    mail_links: MailLinks
    client_keys: PublishedKeys
    upstream: UpstreamParts
    mailer: Mailer
    clients: ClientCache = field(default_factory=ClientCache)
    origins: Origins = field(default_factory=Origins)


EXTENSION = "deepdesk-idp"
"""Under which name an application keeps its parts."""

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
"""The migrations beside the package."""
