"""What the platform remembers while it runs: switches, keys, codes and access tokens, all in memory."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from joserfc.jwk import RSAKey

from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.kinds import Kind
from idp.sandbox.platform.people import Person

CODE_LIFETIME = timedelta(seconds=60)
TOKEN_LIFETIME = timedelta(minutes=10)
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformClient:
    """An application registered at the platform.

    :param redirect_uris: besides these, any address on this machine is accepted.
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...] = ()

    def accepts(self, redirect_uri: str) -> bool:
        """Say whether a browser may be sent back to ``redirect_uri``."""
        if redirect_uri in self.redirect_uris:
            return True
        try:
            parts = urlsplit(redirect_uri)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK_HOSTS and not parts.fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one sign-in gave, kept under its code and again under its access token."""

    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    scopes: tuple[str, ...]
    person: Person
    fault: Fault
    authenticated_at: datetime
    expires_at: datetime


class SigningKeys:
    """The platform's RSA keys; the newest signs, the one before it stays published."""

    def __init__(self) -> None:
        self._keys = [_new_key()]

    @property
    def current(self) -> RSAKey:
        """The key that signs."""
        return self._keys[-1]

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self._keys = [self.current, _new_key()]

    def published(self) -> list[Mapping[str, Any]]:
        """Return the public keys as JWKs."""
        return [key.as_dict(private=False, use="sig", alg="RS256") for key in self._keys]


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)


@dataclass(kw_only=True)
class Platform:
    """One running platform. The fields below ``keys`` are switches, to be set at any time.

    :param fault: for sign-ins whose page chooses none.
    :param slowness: how long a slow platform takes to answer.
    :param clock_offset: how far its clock is ahead.
    :param thin_id_tokens: whether people are described by userinfo alone.
    :param metadata_changes: what discovery says differently; none leaves a member out.
    """

    issuer: str
    clients: Mapping[str, PlatformClient]
    people: Mapping[str, Person]
    kind: Kind
    keys: SigningKeys = field(default_factory=SigningKeys)
    fault: Fault = Fault.NONE
    slowness: timedelta = timedelta(seconds=8)
    clock_offset: timedelta = timedelta(0)
    thin_id_tokens: bool = False
    metadata_changes: dict[str, Any] = field(default_factory=dict)
    closing: threading.Event = field(default_factory=threading.Event, repr=False)
    _codes: dict[str, Grant] = field(default_factory=dict, repr=False)
    _tokens: dict[str, Grant] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def now(self) -> datetime:
        """Return the time by the platform's clock."""
        return datetime.now(UTC) + self.clock_offset

    def issue_code(self, grant: Grant) -> str:
        """Keep ``grant`` and return its authorization code."""
        return self._keep(self._codes, grant)

    def redeem_code(self, code: str) -> Grant | None:
        """Return what the code stands for, once."""
        with self._lock:
            grant = self._codes.pop(code, None)
        return self._live(grant)

    def issue_access_token(self, grant: Grant) -> str:
        """Keep ``grant`` and return its access token."""
        return self._keep(self._tokens, grant)

    def grant_of(self, access_token: str) -> Grant | None:
        """Return what an access token stands for."""
        with self._lock:
            grant = self._tokens.get(access_token)
        return self._live(grant)

    def wait_slowly(self) -> None:
        """Take as long as a slow platform takes, or until it is closed."""
        self.closing.wait(self.slowness.total_seconds())

    def _keep(self, grants: dict[str, Grant], grant: Grant) -> str:
        name, now = secrets.token_urlsafe(32), self.now()
        with self._lock:
            for expired in [key for key, kept in grants.items() if kept.expires_at <= now]:
                del grants[expired]
            grants[name] = grant
        return name

    def _live(self, grant: Grant | None) -> Grant | None:
        return grant if grant is not None and grant.expires_at > self.now() else None


def platform_of(app: Flask) -> Platform:
    """Return the platform that ``app`` serves."""
    platform: Platform = app.extensions["platform"]
    return platform
