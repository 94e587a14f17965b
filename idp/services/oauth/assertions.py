"""Clients that prove themselves by a signed assertion: private_key_jwt and client_secret_jwt (RFC 7523 §3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from joserfc.jwk import OctKey
from sqlalchemy.exc import IntegrityError

from idp.domain.client_words import AuthMethod
from idp.domain.context import Context
from idp.domain.errors import ClientNotProven
from idp.services.parts import Parts
from idp.services.registry.clients import RegisteredClient
from idp.store import used_assertions
from idp.store.unit_of_work import unit_of_work
from idp.tokens import client_assertion
from idp.tokens.client_assertion import Proven, Unproven, VerifyingKey
from idp.tokens.client_keys import PublicKey, parse_keys


def authenticate(
    assertion: str, *, client_id: str | None, audiences: Collection[str], parts: Parts, context: Context
) -> RegisteredClient:
    """Return the client that an assertion proves; of concurrent callers with the same one, exactly one succeeds.

    A client's published keys are fetched outside any transaction; that the assertion is used is
    committed before anything is done for the client.

    :param client_id: what the request says besides, or none.
    :param audiences: how this server may be named.
    :raises ClientNotProven: it proves nobody, or was used before.
    """
    unproven = client_assertion.read(assertion)
    if client_id is not None and client_id != unproven.client_id:
        raise ClientNotProven("the client_id of assertion and request differ")
    client = parts.clients.find(unproven.client_id, context=context)
    if client is None:
        raise ClientNotProven("there is no such client")
    try:
        proven = _proven(unproven, client, audiences, parts, context)
    except ClientNotProven:
        # It may have a new key or secret, which counts at once.
        latest = parts.clients.again(client.client_id, context=context)
        if latest is None or latest == client:
            raise
        client, proven = latest, _proven(unproven, latest, audiences, parts, context)
    _spend(proven, client)
    return client


def _proven(
    unproven: Unproven, client: RegisteredClient, audiences: Collection[str], parts: Parts, context: Context
) -> Proven:
    keys = _keys_of(client, unproven, parts, context)
    return client_assertion.prove(unproven, keys, audiences=audiences, now=context.now)


def _spend(proven: Proven, client: RegisteredClient) -> None:
    try:
        with unit_of_work() as session:
            unused = used_assertions.use(session, client.client_id, proven.jti, expires_at=proven.usable_until)
    except IntegrityError:
        raise ClientNotProven("the client was removed a moment ago") from None
    if not unused:
        raise ClientNotProven("it was used before")


def _keys_of(client: RegisteredClient, unproven: Unproven, parts: Parts, context: Context) -> Sequence[VerifyingKey]:
    """Return the keys that may have signed, by the method that the client is registered for and no other."""
    if client.metadata.accepts(AuthMethod.PRIVATE_KEY_JWT):
        return _public_keys(client, unproven, parts, context)
    if client.metadata.accepts(AuthMethod.SECRET_JWT) and unproven.alg == client_assertion.SECRET_ALG:
        return [OctKey.import_key(secret.encode()) for secret in client.readable_secrets(parts.sealer)]
    raise ClientNotProven("the client is not registered for this")


def _public_keys(client: RegisteredClient, unproven: Unproven, parts: Parts, context: Context) -> Sequence[PublicKey]:
    uri = client.metadata.jwks_uri
    if uri is None:
        return parse_keys(client.metadata.jwks or {}).candidates(kid=unproven.kid, alg=unproven.alg)
    kept = parts.client_keys.get(uri, now=context.now)
    found = kept.candidates(kid=unproven.kid, alg=unproven.alg)
    if found or unproven.kid is None:
        return found
    return parts.client_keys.renewed(uri, now=context.now).candidates(kid=unproven.kid, alg=unproven.alg)
