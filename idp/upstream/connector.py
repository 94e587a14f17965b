"""The interface between a sign-in and the kinds of upstream provider.

A connector is built from one provider's configuration, is cheap to build and
opens no connection before ``start`` or ``finish`` needs one, so a sleeping
upstream never keeps this provider from starting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from idp.domain.upstream_identity import UpstreamIdentity
from idp.upstream.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """What a connector must know of one configured provider.

    :param issuer: the exact issuer identifier that discovery and tokens must carry; empty for kinds without one.
    :param authorize_url: overrides what discovery says; the same for the other URLs.
    :param api_url: base of the platform's API, without a trailing slash; none for kinds that ask none.
    :param scope: space separated; contains ``openid`` for kinds with ID tokens; may be empty for others.
    :param subject_claim: name of the claim with the immutable id (``sub``).
    :param tenants: identifiers of the organisations whose people may come; pins, as ``hosted_domains`` are.
    :param trust_email: an operator declared that this provider's addresses can be relied on.
    """

    kind: str
    client_id: str
    client_secret: str = field(repr=False)
    issuer: str
    authorize_url: str | None = None
    token_url: str | None = None
    api_url: str | None = None
    userinfo_url: str | None = None
    scope: str = "openid profile email"
    subject_claim: str = "sub"
    email_claim: str = "email"
    first_name_claim: str = "given_name"
    last_name_claim: str = "family_name"
    roles_claim: str = "roles"
    tenants: tuple[str, ...] = ()
    hosted_domains: tuple[str, ...] = ()
    any_google_account: bool = False
    trust_email: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the waiting authorization request suggests to the upstream; none of it is proof.

    :param new_proof: the person is to prove anew who they are.
    :param max_age: seconds since the last proof that will do, where that is asked.
    :param choose: the person wants to choose among their accounts at the upstream.
    """

    login_hint: str | None = None
    ui_locales: str | None = None
    new_proof: bool = False
    max_age: int | None = None
    choose: bool = False

    @property
    def prompt(self) -> str | None:
        """The ``prompt`` of OpenID Connect Core §3.1.2.1 that says the same."""
        if self.new_proof:
            return "login"
        return "select_account" if self.choose else None

    @property
    def oldest_proof(self) -> str | None:
        """The ``max_age`` that says the same. Asked for, it obliges the upstream to date its proof (Core §2)."""
        if self.new_proof:
            return "0"
        return None if self.max_age is None else str(self.max_age)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """Where to send the browser, and what must be remembered until it returns.

    :param url: absolute URL at the upstream provider.
    :param remember: JSON-able secrets (nonce, verifier); kept sealed, handed back in :class:`Callback`.
    """

    url: str
    remember: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What came back, and what we remembered of the departure.

    :param params: the callback's query parameters, each once; the caller has checked ``state``.
    :param redirect_uri: the one that ``start`` was given.
    """

    params: Mapping[str, str]
    redirect_uri: str
    remembered: Mapping[str, str] = field(repr=False)


class Start(Protocol):
    """A connector's ``start``, passed on."""

    def __call__(self, *, redirect_uri: str, state: str, hints: Hints) -> Handoff:
        """Say where to send the browser."""


class Connector(Protocol):
    """Speaks to one kind of upstream provider."""

    def start(self, *, redirect_uri: str, state: str, hints: Hints) -> Handoff:
        """Say where to send the browser.

        :param state: our opaque value, to be returned unchanged in the callback.
        :raises UpstreamUnavailable: discovery cannot be reached.
        :raises UpstreamUntrusted: discovery contradicts the configuration.
        """

    def finish(self, callback: Callback, *, now: datetime) -> UpstreamIdentity:
        """Verify the return and say who it was.

        :raises UpstreamRefused: the person or the provider said no.
        :raises UpstreamUntrusted: a check failed; never retried, always audited.
        :raises ClaimMissing: genuine, but without a claim that the connection needs.
        :raises WrongOrganisation: genuine, but the person's organisation is not pinned; compared first of all.
        :raises UpstreamUnavailable: network or 5xx; worth trying again.
        """

    def check(self, *, redirect_uri: str) -> tuple[Finding, ...]:
        """Look at the upstream from here, without signing anybody in.

        :param redirect_uri: the one that has to be registered there.
        :returns: one finding a problem, saying what to do; empty when all is well.
        """
