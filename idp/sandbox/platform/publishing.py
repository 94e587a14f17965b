"""What platforms with ID tokens publish about themselves: metadata and keys."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from idp.sandbox.platform.exchange import current_platform, error
from idp.sandbox.platform.state import Platform


def metadata(platform: Platform, genuine: dict[str, Any]) -> ResponseReturnValue:
    """Say what this provider can do (OpenID Connect Discovery 1.0 §3), with the changes that are switched on."""
    changed = genuine | platform.metadata_changes
    return jsonify({name: value for name, value in changed.items() if value is not None})


def keys(**_address: str) -> ResponseReturnValue:
    """Publish the public keys (RFC 7517 §5)."""
    platform = current_platform()
    return error("server_error", 500) if platform.keys_broken else jsonify(keys=platform.keys.published())
