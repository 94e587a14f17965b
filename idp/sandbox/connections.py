"""Which simulated platforms are connected to which account: the demo customer's three, and the one of staff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.provider_settings import ProviderSettings
from idp.sandbox.platform.kinds import ENTRA, GENESYS, GOOGLE
from idp.sandbox.platform.people import ENTRA_TENANT, GENESYS_ORGANISATION, GOOGLE_DOMAIN
from idp.sandbox.world import (
    ACCOUNT,
    ENTRA_PROVIDER,
    GENESYS_PROVIDER,
    PLATFORM_CLIENT_ID,
    PROVIDER,
    STAFF_PROVIDER,
    World,
)

ADDRESSES = ("issuer", "authorize_url", "token_url", "api_url")
"""The settings that follow from where the platforms are served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A provider of an account, as it should be."""

    account: str
    code: str
    settings: ProviderSettings


def connections(world: World) -> Iterator[Connection]:
    """Yield every connection; all addresses are on this machine."""
    yield Connection(account=ACCOUNT, code=PROVIDER, settings=_platform(world))
    yield Connection(account=ACCOUNT, code=GENESYS_PROVIDER, settings=_genesys(world))
    yield Connection(account=ACCOUNT, code=ENTRA_PROVIDER, settings=_entra(world))
    yield Connection(account=STAFF_ACCOUNT, code=STAFF_PROVIDER, settings=_google(world))


def _platform(world: World) -> ProviderSettings:
    return ProviderSettings.of(
        "oidc",
        display_name="Acme Contact Center",
        client_id=PLATFORM_CLIENT_ID,
        issuer=world.platform_url,
        role_based_iam=True,
    )


def _genesys(world: World) -> ProviderSettings:
    login = world.platform_of(GENESYS.code)
    return ProviderSettings.of(
        "genesys",
        display_name="Genesys Cloud",
        client_id=PLATFORM_CLIENT_ID,
        authorize_url=f"{login}/oauth/authorize",
        token_url=f"{login}/oauth/token",
        api_url=world.genesys_api_url,
        tenants=(GENESYS_ORGANISATION,),
        role_based_iam=True,
    )


def _entra(world: World) -> ProviderSettings:
    authority = world.platform_of(ENTRA.code)
    return ProviderSettings.of(
        "entra",
        display_name="Microsoft Entra ID",
        client_id=PLATFORM_CLIENT_ID,
        issuer=f"{authority}/{ENTRA_TENANT}/v2.0",
        api_url=f"{authority}/graph",
        tenants=(ENTRA_TENANT,),
        role_based_iam=True,
    )


def _google(world: World) -> ProviderSettings:
    google = world.platform_of(GOOGLE.code)
    return ProviderSettings.of(
        "google",
        display_name="Google Workspace",
        client_id=PLATFORM_CLIENT_ID,
        issuer=google,
        api_url=google,
        hosted_domains=(GOOGLE_DOMAIN,),
    )
