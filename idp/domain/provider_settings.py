"""What an operator says about one upstream provider, and what its kind fills in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self

from idp.domain.errors import Invalid
from idp.domain.provider_kinds import (
    ENTRA_API,
    ENTRA_AUTHORITY,
    GOOGLE_API,
    GOOGLE_ISSUERS,
    PRESETS,
    RINGCENTRAL_API,
    Kind,
    genesys_hosts,
    tenant_of_issuer,
)
from idp.domain.role_mapping import RoleRules
from idp.domain.roles import Role, parse_role


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One provider's configuration as it was typed, without its secret; :meth:`resolved` adds what its kind knows.

    :param issuer: the exact issuer identifier of the upstream; empty where the kind has its own, or none.
    :param authorize_url: overrides discovery or preset, like the other URLs; none to follow it.
    :param api_url: base of the platform's API.
    :param scope: space-separated; may be empty where no ID token is asked for.
    :param tenants: organisations at the upstream whose people may come; a pin, like ``hosted_domains``.
    :param any_google_account: everybody with a Google account may come, as an agent at most.
    :param trust_email: the provider's addresses count as vouched for although it says nothing about them.
    :param client_secret_expires: the day on which the upstream stops taking the secret.
    :param generic_callback: registered at the upstream with the callback that all providers once shared.
    """

    kind: str
    display_name: str
    client_id: str
    issuer: str = ""
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
    role_map: Mapping[str, Role] = field(default_factory=dict)
    role_ceiling: Role | None = None
    tenants: tuple[str, ...] = ()
    hosted_domains: tuple[str, ...] = ()
    any_google_account: bool = False
    trust_email: bool = False
    role_based_iam: bool = False
    require_roles: bool = False
    generic_callback: bool = False
    client_secret_expires: date | None = None

    @classmethod
    def of(cls, kind: str, **given: Any) -> Self:
        """Return settings in which the kind has filled in scope and claim names that were not given."""
        preset = PRESETS[Kind(kind)] if kind in set(Kind) else PRESETS[Kind.OIDC]
        return cls(**{"kind": kind, "scope": preset.scope, **preset.claims, **given})

    def rules(self) -> RoleRules:
        """Return how this provider's values become roles."""
        return RoleRules(
            role_map=self.role_map,
            ceiling=Role.AGENT if self.any_google_account else self.role_ceiling,
            role_based_iam=self.role_based_iam,
            require_roles=self.require_roles,
            caps_ours=self.any_google_account,
        )

    def resolved(self) -> Self:
        """Return the settings with the addresses and pins that the kind adds to what was typed."""
        if self.kind not in set(_FILLING):
            return self
        fill = _FILLING[Kind(self.kind)]
        added = {name: value for name, value in fill(self).items() if not getattr(self, name)}
        return replace(self, **added)


def parse_role_map(pairs: Iterable[str]) -> dict[str, Role]:
    """Read ``theirs=ours`` pairs; ours is a role identifier. The last ``=`` divides.

    :raises Invalid: every pair that cannot be read.
    """
    mapping: dict[str, Role] = {}
    problems = []
    for pair in pairs:
        theirs, _, ours = pair.rpartition("=")
        role = parse_role(ours)
        if not theirs or role is None:
            problems.append(f"--role-map {pair[:100]!r} must look like THEIRS=ROLE with a role of: {', '.join(Role)}")
        else:
            mapping[theirs] = role
    if problems:
        raise Invalid(*problems)
    return mapping


def parse_role_option(text: str, *, option: str) -> Role:
    """Return the role that an option names.

    :raises Invalid: it names none.
    """
    role = parse_role(text)
    if role is None:
        raise Invalid(f"{option} {text[:60]!r} is not a role; choose from: {', '.join(Role)}")
    return role


def _google(_settings: ProviderSettings) -> Mapping[str, Any]:
    return {"issuer": GOOGLE_ISSUERS[0], "api_url": GOOGLE_API}


def _entra(settings: ProviderSettings) -> Mapping[str, Any]:
    named = tenant_of_issuer(settings.issuer)
    tenants = settings.tenants or ((named,) if named else ())
    authority = tenants[0] if len(tenants) == 1 else "organizations"
    return {"issuer": f"{ENTRA_AUTHORITY}/{authority}/v2.0", "api_url": ENTRA_API, "tenants": tenants}


def _genesys(settings: ProviderSettings) -> Mapping[str, Any]:
    hosts = genesys_hosts(settings.api_url or "")
    return {} if hosts is None else {"authorize_url": hosts[0], "token_url": hosts[1]}


def _ringcentral(settings: ProviderSettings) -> Mapping[str, Any]:
    api = (settings.api_url or RINGCENTRAL_API).removesuffix("/")
    return {
        "api_url": api,
        "authorize_url": f"{api}/restapi/oauth/authorize",
        "token_url": f"{api}/restapi/oauth/token",
    }


_FILLING = {Kind.GOOGLE: _google, Kind.ENTRA: _entra, Kind.GENESYS: _genesys, Kind.RINGCENTRAL: _ringcentral}
