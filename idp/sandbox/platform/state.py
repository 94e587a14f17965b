"""What the platform remembers while it runs: switches, keys, codes and access tokens, all in memory."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Flask
from joserfc.jwk import RSAKey

from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.kinds import Kind
from idp.sandbox.platform.people import Person

CODE_LIFETIME = timedelta(seconds=60)
TOKEN_LIFETIME = timedelta(minutes=10)
REFRESH_TOKEN_LIFETIME = timedelta(days=1)
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
OTHER_HOST = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformClient:
    """An application registered at the platform.

    :param redirect_uris: besides these, any address on this machine is accepted (of ``.test`` too),
        unless the platform's redirects are strict.
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...] = ()

    def accepts(self, redirect_uri: str, *, registered_only: bool = False) -> bool:
        """Say whether a browser may be sent back to ``redirect_uri``."""
        if redirect_uri in self.redirect_uris or registered_only:
            return redirect_uri in self.redirect_uris
        try:
            parts = urlsplit(redirect_uri)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and _is_here(parts.hostname or "") and not parts.fragment


def _is_here(host: str) -> bool:
    return host in LOOPBACK_HOSTS or host.endswith(".test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one sign-in gave, kept under its code and again under its tokens.

    :param challenge: none where the request came without PKCE.
    """

    client_id: str
    redirect_uri: str
    challenge: str | None
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

    def published(self) -> list[dict[str, Any]]:
        """Return the public keys as JWKs."""
        return [key.as_dict(private=False, use="sig", alg="RS256") for key in self._keys]


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)


@dataclass(kw_only=True)
class Platform:
    """One running platform. The fields below ``keys`` are switches, to be set at any time.

    :param issuer: where it is reached; the issuer, where the platform has but one.
    :param fault: for sign-ins whose page chooses none.
    :param slowness: how long a slow platform takes to answer.
    :param clock_offset: how far its clock is ahead.
    :param thin_id_tokens: whether people are described by userinfo alone.
    :param metadata_changes: what discovery says differently; none leaves a member out.
    :param strict_redirects: whether browsers are sent back to registered addresses only.
    :param secret_expired: whether the clients' secrets have expired.
    :param granted_scopes: which scopes an administrator has granted; none for all.
    :param keys_broken: whether the keys cannot be fetched.
    :param groups_claim: whether Entra puts groups into tokens.
    :param groups_page_size: how many groups Google tells at once, at most.
    :param login_issuer: whether Salesforce names its login host as the issuer.
    :param permissions_as_list: whether Salesforce's custom permissions are a list of
        names, not names with yes or no.
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
    strict_redirects: bool = False
    secret_expired: bool = False
    granted_scopes: Collection[str] | None = None
    keys_broken: bool = False
    groups_claim: bool = True
    groups_page_size: int = 200
    login_issuer: bool = False
    permissions_as_list: bool = False
    closing: threading.Event = field(default_factory=threading.Event, repr=False)
    _codes: dict[str, Grant] = field(default_factory=dict, repr=False)
    _tokens: dict[str, Grant] = field(default_factory=dict, repr=False)
    _refresh_tokens: dict[str, Grant] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def now(self) -> datetime:
        """Return the time by the platform's clock."""
        return datetime.now(UTC) + self.clock_offset

    @property
    def api_base(self) -> str:
        """Where software asks for people: at Genesys another host, elsewhere the same.

        Both hosts of a pair are this machine, under its two names.

        :raises ValueError: Genesys, and the platform is reached by neither name.
        """
        if self.kind.code != "genesys":
            return self.issuer
        parts = urlsplit(self.issuer)
        if parts.hostname not in OTHER_HOST:
            raise ValueError("Genesys Cloud is played on localhost and 127.0.0.1 only.")
        return urlunsplit(parts._replace(netloc=parts.netloc.replace(parts.hostname, OTHER_HOST[parts.hostname])))

    def grants(self, scopes: Collection[str]) -> bool:
        """Say whether an administrator has granted all of these scopes."""
        return self.granted_scopes is None or set(scopes) <= set(self.granted_scopes)

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

    def issue_refresh_token(self, grant: Grant) -> str:
        """Keep ``grant`` and return its refresh token."""
        return self._keep(self._refresh_tokens, grant)

    def redeem_refresh_token(self, refresh_token: str) -> Grant | None:
        """Return what the refresh token stands for, once."""
        with self._lock:
            grant = self._refresh_tokens.pop(refresh_token, None)
        return self._live(grant)

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
