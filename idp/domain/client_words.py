"""The words of a client's registration, each a closed list (RFC 7591 §2)."""

from __future__ import annotations

from enum import StrEnum


class AuthMethod(StrEnum):
    """How a client proves itself at the token endpoint (RFC 7591 §2)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    SECRET_JWT = "client_secret_jwt"  # noqa: S105 - the name of a method
    PRIVATE_KEY_JWT = "private_key_jwt"
    NONE = "none"


class GrantType(StrEnum):
    """Grants that a client can be registered for (RFC 7591 §2)."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant
    CLIENT_CREDENTIALS = "client_credentials"


DEFAULT_GRANT_TYPES = (GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN)


class ResponseType(StrEnum):
    """Response types that are built."""

    CODE = "code"


class SigningAlg(StrEnum):
    """Algorithms with which ID tokens can be signed."""

    RS256 = "RS256"
    ES256 = "ES256"


class Pkce(StrEnum):
    """Whether a client's requests must carry a challenge (CONTRACT §6 rule 13)."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Party(StrEnum):
    """Whose a client is."""

    FIRST = "first"
    """Deepdesk's own, or the account's: the account consents at registration."""
    THIRD = "third"
    """Somebody else's: each person consents for themselves."""


class ClaimsProfile(StrEnum):
    """How claims about a person are handed out (CONTRACT §5)."""

    DEEPDESK = "deepdesk"
    """All of them in every ID token and userinfo answer."""
    STANDARD = "standard"
    """What scope and ``claims`` asked for, where OpenID Connect Core §5.4 puts it."""
