"""The connectors by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from idp.domain.errors import NotBuilt
from idp.domain.provider_kinds import Kind
from idp.upstream.connector import Connector, ProviderConfig
from idp.upstream.entra import EntraConnector
from idp.upstream.genesys import GenesysConnector
from idp.upstream.google import GoogleConnector
from idp.upstream.oauth2 import OAuth2Connector
from idp.upstream.oidc import OidcConnector
from idp.upstream.parts import UpstreamParts
from idp.upstream.ringcentral import RingCentralConnector
from idp.upstream.salesforce import SalesforceConnector

_CONNECTORS: Mapping[str, Callable[[ProviderConfig, UpstreamParts], Connector]] = {
    Kind.OIDC: OidcConnector,
    Kind.OAUTH2: OAuth2Connector,
    Kind.GOOGLE: GoogleConnector,
    Kind.ENTRA: EntraConnector,
    Kind.GENESYS: GenesysConnector,
    Kind.RINGCENTRAL: RingCentralConnector,
    Kind.SALESFORCE: SalesforceConnector,
}


def build(config: ProviderConfig, parts: UpstreamParts) -> Connector:
    """Return the connector for one provider; cheap, and opens no connection.

    :raises NotBuilt: no connector speaks this kind.
    """
    connector = _CONNECTORS.get(config.kind)
    if connector is None:
        raise NotBuilt(f"No connector speaks the kind {config.kind}; use one of: {', '.join(Kind)}.")
    return connector(config, parts)
