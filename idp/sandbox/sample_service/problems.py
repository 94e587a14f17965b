"""What went wrong at a sign-in, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MEANINGS: Final[Mapping[str, str]] = {
    "access_denied": (
        "The sign-in was cancelled, or Deepdesk may not let you into this service. Nothing is broken: try again, "
        "perhaps as somebody else, or ask whoever gives access."
    ),
    "login_required": "The provider needs you to sign in, and was asked not to bother you.",
    "invalid_client": "The provider does not know this service, or its secret has changed.",
    "invalid_grant": "The provider no longer accepts the code that it gave: too late, or used before.",
    "invalid_scope": "This service asked for something that it may not have.",
    "temporarily_unavailable": "The provider is busy. A minute later it may work.",
    "server_error": "Something broke at the provider.",
    "state_unknown": "The answer belongs to no sign-in that this browser began here, or to an old one.",
    "issuer_unknown": "The answer does not say that it comes from the provider that this service trusts.",
    "id_token_not_verified": "The ID token did not pass this service's checks, so nobody was signed in.",
    "provider_not_reached": "The provider does not answer. Is it running?",
}
UNKNOWN: Final = "The provider could not complete the sign-in."


def meaning_of(error: str) -> str:
    """Return a sentence for an error code of OAuth, OpenID Connect or this service."""
    return MEANINGS.get(error, UNKNOWN)
