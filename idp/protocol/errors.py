"""The one map from the domain's refusals to OAuth errors, and how errors are written.

Descriptions are constant: no request data, no hint about what exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from idp.domain.errors import (
    AccessTokenRefused,
    ClientNotProven,
    CodeAlreadySpent,
    CodeUnknown,
    DomainError,
    HintRefused,
    PushedRequestUnknown,
    RefreshTokenReplayed,
    RefreshTokenUnknown,
    ResourceRefused,
    ScopeInsufficient,
    ScopeRefused,
)


@dataclass(frozen=True, slots=True)
class OAuthError(Exception):
    """An error in the words of a specification.

    :param error: a registered error code.
    :param description: constant ASCII without ``"`` and ``\\`` (RFC 6749 §5.2).
    """

    error: str
    description: str
    status: int = HTTPStatus.BAD_REQUEST

    def as_json(self) -> dict[str, str]:
        """Return the body of RFC 6749 §5.2."""
        return {"error": self.error, "error_description": self.description}


def invalid_request(description: str) -> OAuthError:
    """Return an ``invalid_request``."""
    return OAuthError("invalid_request", description)


_REFRESH_REFUSED = OAuthError("invalid_grant", "The refresh token is not valid.")
CLIENT_REFUSED = OAuthError("invalid_client", "Client authentication failed.", HTTPStatus.UNAUTHORIZED)
"""Whatever was wrong with a client's proof."""
_CODE_REFUSED = OAuthError("invalid_grant", "The authorization code is not valid.")

OAUTH_ERRORS: Mapping[type[DomainError], OAuthError] = {
    CodeUnknown: _CODE_REFUSED,
    CodeAlreadySpent: _CODE_REFUSED,
    RefreshTokenUnknown: _REFRESH_REFUSED,
    RefreshTokenReplayed: _REFRESH_REFUSED,
    ScopeRefused: OAuthError("invalid_scope", "The scope holds something that cannot be granted."),
    ResourceRefused: OAuthError("invalid_target", "The resource is not one that this client may ask for."),
    ClientNotProven: CLIENT_REFUSED,
    HintRefused: invalid_request("The id_token_hint is not an ID token of this provider."),
    AccessTokenRefused: OAuthError("invalid_token", "The access token is not valid.", HTTPStatus.UNAUTHORIZED),
    PushedRequestUnknown: OAuthError("invalid_request_uri", "The request_uri is not valid: push the request again."),
    ScopeInsufficient: OAuthError("insufficient_scope", "The scope openid is needed.", HTTPStatus.FORBIDDEN),
}


def to_oauth(error: DomainError) -> OAuthError:
    """Return what a refusal of the domain is called outside."""
    return OAUTH_ERRORS[type(error)]
