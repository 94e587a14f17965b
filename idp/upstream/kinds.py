"""Which connector speaks to which kind of provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from idp.domain.errors import NotBuilt
from idp.upstream.connector import Connector, ProviderConfig
from idp.upstream.oidc import OidcConnector
from idp.upstream.parts import UpstreamParts

_CONNECTORS: Mapping[str, Callable[[ProviderConfig, UpstreamParts], Connector]] = {"oidc": OidcConnector}


def build(config: ProviderConfig, parts: UpstreamParts) -> Connector:
    """Return the connector for one provider; cheap, and opens no connection.

    :raises NotBuilt: no connector speaks this kind.
    """
    connector = _CONNECTORS.get(config.kind)
    if connector is None:
        raise NotBuilt(f"A connector for providers of kind {config.kind} is not built yet; use --kind oidc.")
    return connector(config, parts)
