"""A client's own access token (RFC 6749 §4.4): no person, no refresh token. A hot path."""

from __future__ import annotations

from idp.audit import trail
from idp.audit.events import ClientTokenIssued
from idp.domain import scope as scopes
from idp.domain.context import Context
from idp.domain.errors import ClientNotProven, ResourceRefused, ScopeRefused
from idp.domain.resource import audience_of
from idp.domain.scope import OF_CLIENTS, Scope
from idp.services.oauth import claims
from idp.services.oauth.issuing import TokenSet
from idp.services.oauth.narrowing import allowed_resources
from idp.services.parts import Parts
from idp.services.registry.clients import RegisteredClient
from idp.store import clients
from idp.store.unit_of_work import unit_of_work
from idp.tokens import access_token


def issue(
    client: RegisteredClient,
    *,
    scope: str | None,
    resources: tuple[str, ...] = (),
    parts: Parts,
    context: Context,
) -> TokenSet:
    """Give a client a token for itself.

    :param scope: space-separated; none for all that a client can have without a person.
    :raises ClientNotProven: the client or its account was removed or disabled.
    :raises ScopeRefused: it asks for what the client is not registered for, or what only people have.
    :raises ResourceRefused: the same for an audience.
    """
    granted = _scope(scope, client)
    if any(one not in allowed_resources(client, issuer=parts.settings.issuer) for one in resources):
        raise ResourceRefused
    lifetime = parts.settings.lifetime("access_token_ttl")
    token = access_token.mint(
        issuer=parts.settings.issuer,
        client_id=client.client_id,
        person=None,
        audience=audience_of(
            tuple(dict.fromkeys(resources)),
            audiences=client.metadata.audiences,
            issuer=parts.settings.issuer,
            openid=False,
        ),
        scope=granted,
        claims=claims.of_client(client.account, client.metadata.roles),
        signer=parts.keys.signer(access_token.ALG, now=context.now),
        lifetime=lifetime,
        now=context.now,
    )
    with unit_of_work() as session:
        if not clients.counts(session, client.client_id):
            raise ClientNotProven("it, or its account, was removed or disabled")
        event = ClientTokenIssued(account=client.account, client=client.client_id, scope=" ".join(granted))
        trail.record(session, event, context)
    return TokenSet(access_token=token, scope=granted, expires_in_seconds=int(lifetime.total_seconds()))


def _scope(wanted: str | None, client: RegisteredClient) -> tuple[Scope, ...]:
    available = tuple(one for one in OF_CLIENTS if one in client.metadata.scope)
    if wanted is None:
        return available
    asked = scopes.subset(wanted, available)
    if not asked:
        raise ScopeRefused
    return asked
