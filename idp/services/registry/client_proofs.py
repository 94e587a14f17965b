"""What clients prove themselves with: their secrets as they are kept, and keys that can verify at all.

A secret is kept as a digest. Where it has to be read back, to verify a
client_secret_jwt, it is kept sealed besides.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from idp.domain.client_metadata import ClientMetadata, parse_client_secret
from idp.domain.client_words import AuthMethod
from idp.domain.errors import Invalid
from idp.domain.identifiers import ClientId
from idp.domain.secrets import digest, new_secret
from idp.store import clients
from idp.tokens.client_assertion import MIN_SECRET_BYTES
from idp.tokens.client_keys import ALGORITHMS, parse_keys
from idp.tokens.sealing import Sealer

WITHOUT_SECRET = frozenset({AuthMethod.NONE, AuthMethod.PRIVATE_KEY_JWT})


def first_secret(metadata: ClientMetadata, brought: str | None) -> str | None:
    """Return the secret of a new client: the one brought along, or a fresh one, or none where it has none.

    :raises Invalid: it has none and brings one, or brings one that cannot be used.
    """
    if metadata.auth_method in WITHOUT_SECRET:
        if brought:
            raise Invalid(f"{_without(metadata)}: leave out --client-secret-file, or choose another --auth-method")
        return None
    secret = parse_client_secret(brought) if brought else new_secret()
    if metadata.auth_method is AuthMethod.SECRET_JWT and len(secret) < MIN_SECRET_BYTES:
        raise Invalid(f"client_secret_jwt needs a client secret of at least {MIN_SECRET_BYTES} characters")
    return secret


def keep(
    session: Session, client_id: ClientId, secret: str, metadata: ClientMetadata, *, sealer: Sealer, now: datetime
) -> None:
    """Store a secret, sealed besides when the client's method needs it."""
    kept = digest(secret)
    sealed = None
    if metadata.auth_method is AuthMethod.SECRET_JWT:
        sealed = sealer.seal(secret, record=record_of(client_id, kept))
    clients.add_secret(session, client_id, kept, sealed=sealed, now=now)


def require_secret(metadata: ClientMetadata) -> None:
    """Check that the client has a secret at all.

    :raises Invalid: it has none by its method.
    """
    if metadata.auth_method in WITHOUT_SECRET:
        raise Invalid(f"{_without(metadata)}; to give it one: --auth-method client_secret_basic")


def refit(session: Session, client_id: ClientId, metadata: ClientMetadata, *, now: datetime) -> None:
    """Bring the kept secrets in line with a method that was just chosen; none stays readable without need.

    :raises Invalid: the client has no secret that would do.
    """
    if metadata.auth_method in WITHOUT_SECRET:
        clients.end_secrets(session, client_id, at=now)
    elif not _has_fitting_secret(session, client_id, metadata, now=now):
        method = metadata.auth_method or AuthMethod.BASIC
        raise Invalid(
            f"the client has no secret that can be used for {method}: "
            f"idp clients rotate-secret {client_id} --auth-method {method} makes one"
        )
    if metadata.auth_method is not AuthMethod.SECRET_JWT:
        clients.forget_sealed_secrets(session, client_id)


def require_usable_keys(metadata: ClientMetadata) -> None:
    """Check registered keys.

    :raises Invalid: none of them can verify anything.
    """
    if metadata.jwks is not None and not parse_keys(metadata.jwks).keys:
        raise Invalid(
            "none of the keys can verify a signature: give RSA keys of 2048 bits or more, or EC keys on P-256 or "
            f"P-384, for {', '.join(ALGORITHMS)}"
        )


def record_of(client_id: ClientId, kept: str) -> str:
    """Return the identity under which a secret is sealed."""
    return f"client:{client_id}:secret:{kept}"


def _has_fitting_secret(session: Session, client_id: ClientId, metadata: ClientMetadata, *, now: datetime) -> bool:
    kept = clients.live_secrets(session, client_id, now=now)
    return any(one.sealed or metadata.auth_method is not AuthMethod.SECRET_JWT for one in kept)


def _without(metadata: ClientMetadata) -> str:
    if metadata.is_public:
        return "a public client has no secret"
    return "a client with private_key_jwt has no secret"
