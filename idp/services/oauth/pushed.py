"""Authorization requests that a client pushes before it sends the browser (RFC 9126)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.context import Context
from idp.domain.errors import ClientNotProven, PushedRequestUnknown
from idp.domain.identifiers import ClientId
from idp.domain.secrets import digest, new_secret
from idp.store import pushed_requests
from idp.store.unit_of_work import reading, unit_of_work

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=90)
"""How long a client may take to send the browser; the person may take longer."""


def push(request: AuthorizationRequest, *, context: Context) -> tuple[str, int]:
    """Keep a request for its client (RFC 9126 §2.2).

    :param request: has passed the authorization endpoint's checks.
    :returns: the ``request_uri``, of which we keep a digest, and its lifetime in seconds.
    :raises ClientNotProven: the client was removed meanwhile.
    """
    reference = new_secret()
    try:
        with unit_of_work() as session:
            pushed_requests.add(session, reference, request, now=context.now, expires_at=context.now + LIFETIME)
    except IntegrityError:
        raise ClientNotProven("it was removed meanwhile") from None
    return f"{PREFIX}{reference}", int(LIFETIME.total_seconds())


def pushed(request_uri: str, *, client_id: ClientId, context: Context) -> AuthorizationRequest:
    """Return a request that its client pushed. Looking spends nothing: whoever answers it does, by ``pushed``.

    A person who reloads the page before they sign in must get it again.

    :param request_uri: as it arrived.
    :returns: the request, with the digest by which ``pushed_requests.use`` spends it.
    :raises PushedRequestUnknown: never pushed, too old, answered before, or another client's.
    """
    if not request_uri.startswith(PREFIX):
        raise PushedRequestUnknown
    reference = request_uri.removeprefix(PREFIX)
    with reading() as session:
        found = pushed_requests.peek(session, reference, client_id=client_id, now=context.now)
    if found is None:
        raise PushedRequestUnknown
    return replace(found, pushed=digest(reference))
