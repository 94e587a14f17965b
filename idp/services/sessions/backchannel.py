"""Telling services that a session has ended (OpenID Connect Back-Channel Logout 1.0 §2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from idp.domain.client_words import SigningAlg
from idp.domain.context import Context
from idp.domain.errors import DeliveryFailed, DeliveryRefused
from idp.domain.identifiers import ClientId, SessionId, UserId
from idp.outbound.errors import OutboundError
from idp.outbound.http import Answer
from idp.services.parts import Parts
from idp.store import clients
from idp.store.unit_of_work import reading
from idp.tokens import logout_token

MAX_REASON_LENGTH = 100


def deliver(payload: Mapping[str, Any], *, parts: Parts, context: Context) -> None:
    """Tell one service about one session, at the address that it has now, with a token made now.

    :param payload: ``client_id``, ``sub``, ``sid``, as ``services.sessions.ending`` wrote them.
    :raises DeliveryFailed: the service could not be reached, or did not say that it has ended the session.
    :raises DeliveryRefused: there is no such service any more, or it wants to hear no more.
    """
    with reading() as session:
        client = clients.find(session, ClientId(payload["client_id"]))
    if client is None:
        raise DeliveryRefused("the service is no longer registered")
    if client.backchannel_logout_uri is None:
        raise DeliveryRefused("the service has no back-channel logout URI any more")
    token = logout_token.mint(
        issuer=parts.settings.issuer,
        client_id=ClientId(client.client_id),
        subject=UserId(payload["sub"]),
        sid=SessionId(payload["sid"]),
        signer=parts.keys.signer(SigningAlg(client.id_token_alg), now=context.now),
        now=context.now,
    )
    try:
        answer = parts.upstream.http.post_form(client.backchannel_logout_uri, {"logout_token": token})
    except OutboundError as error:
        raise DeliveryFailed(str(error)) from error
    if not 200 <= answer.status < 300:
        raise DeliveryFailed(_why(answer, urlsplit(client.backchannel_logout_uri).hostname or ""))


def _why(answer: Answer, host: str) -> str:
    """Return what a service said, which after a 400 is one word of its own (§2.8)."""
    error = _error_of(answer) if answer.status == 400 else None
    return f"{host} answered {answer.status}" + (f": {error}" if error else "")


def _error_of(answer: Answer) -> str | None:
    try:
        body = answer.json()
    except OutboundError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return error[:MAX_REASON_LENGTH] if isinstance(error, str) and error.isprintable() else None
