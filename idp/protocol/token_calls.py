"""What revocation and introspection have in common: a client calls about a token (RFC 7009 §2.1, RFC 7662 §2.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Response, request

from idp.browser.runtime import context
from idp.domain.context import Actor, ActorKind, Context
from idp.protocol import parameters
from idp.protocol.client_authentication import authenticate
from idp.protocol.client_request import ClientRequest
from idp.protocol.parameters import Unreadable
from idp.protocol.responses import refusal
from idp.services.registry.clients import RegisteredClient

NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCall:
    """A client that proved itself, and the token it speaks of. ``token_type_hint`` is not needed: tokens tell."""

    client: RegisteredClient
    token: str = field(repr=False)

    @property
    def context(self) -> Context:
        """The client's circumstances."""
        return context(Actor(kind=ActorKind.CLIENT, id=self.client.client_id))


def answer_call(path: str, act: Callable[[TokenCall], Response], *, headers: Mapping[str, str]) -> Response:
    """Read a call, authenticate its client, act, and answer; errors are told by RFC 6749 §5.2.

    :param path: of the endpoint that was called.
    :param act: may raise an ``OAuth2Error``.
    :param headers: of every answer, besides those that forbid to keep it.
    """
    try:
        response = act(_read(path))
    except OAuth2Error as error:
        response = refusal(error)
    response.headers.update({**NOT_KEPT, **headers})
    return response


def _read(path: str) -> TokenCall:
    try:
        sent = parameters.of_form(request)
    except Unreadable as unreadable:
        raise InvalidRequestError(description=str(unreadable)) from None
    if sent.doubled:
        raise InvalidRequestError(description="A parameter occurs more than once.")
    client = authenticate(ClientRequest.of(request, sent, path=path))
    token = sent.get("token")
    if token is None:
        raise InvalidRequestError(description="The parameter token is missing.")
    return TokenCall(client=client, token=token)
