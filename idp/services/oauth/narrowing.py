"""Asking for less than was authorized: audience (RFC 8707 §2.2) and scope (RFC 6749 §6)."""

from __future__ import annotations

from collections.abc import Sequence

from idp.domain import scope as scopes
from idp.domain.authorization import Authorization
from idp.domain.errors import ResourceRefused, ScopeRefused
from idp.domain.scope import Scope
from idp.services.registry.clients import RegisteredClient


def allowed_resources(client: RegisteredClient, *, issuer: str) -> tuple[str, ...]:
    """Return all audiences that a client may pick: those it is registered for, and this provider itself."""
    return (*client.metadata.audiences, issuer)


def narrowed_resources(
    wanted: Sequence[str], given: Authorization, client: RegisteredClient, *, issuer: str
) -> tuple[str, ...]:
    """Return the audiences that a token call picks, or those of the authorization where it picks none.

    What an operator took from the client meanwhile is no longer among them.

    :raises ResourceRefused: something is not covered.
    """
    allowed = allowed_resources(client, issuer=issuer)
    covered = [one for one in given.resources if one in allowed] if given.resources else allowed
    if any(one not in covered for one in wanted):
        raise ResourceRefused
    if given.resources and not covered:
        raise ResourceRefused
    return tuple(dict.fromkeys(wanted)) or (tuple(covered) if given.resources else ())


def narrowed_scope(wanted: str | None, given: Authorization, client: RegisteredClient) -> tuple[Scope, ...]:
    """Return the scope of renewed tokens: what was given and the client may still have, or a part of that.

    :param wanted: space-separated; none for all.
    :raises ScopeRefused: it asks for more, or nothing is left.
    """
    covered = tuple(one for one in given.scope if one in client.metadata.scope)
    asked = covered if wanted is None else scopes.subset(wanted, covered)
    if not asked:
        raise ScopeRefused
    return asked
