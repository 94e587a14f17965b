"""Answering an authorization request (RFC 6749 §4.1.2, OpenID Connect Core §3.1.2)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from idp.audit import trail
from idp.audit.events import CodeIssued
from idp.domain.authorization import Authorization
from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.context import Context
from idp.domain.errors import PushedRequestUnknown, RequestNotParked
from idp.domain.identifiers import FamilyId
from idp.domain.secrets import new_identifier, new_secret
from idp.services.registry.clients import RegisteredClient
from idp.store import authorization_codes, parked_requests, pushed_requests
from idp.store.sso_sessions import LiveSession
from idp.store.unit_of_work import reading, unit_of_work

CODE_LIFETIME = timedelta(seconds=60)
PARKED_FOR = timedelta(hours=1)
"""How long a request waits for its person to sign in."""


def issue_code(
    request: AuthorizationRequest,
    client: RegisteredClient,
    session: LiveSession,
    *,
    parked: tuple[str, str] | None = None,
    context: Context,
) -> str:
    """Give the client a code for the person of the session.

    :param parked: where the request had waited: its id and the browser cookie's value. It is marked as
        answered in the same transaction.
    :returns: the code, 43 base64url characters, valid for :data:`CODE_LIFETIME`.
    :raises RequestNotParked: the request was answered in the meantime, or began in another browser; or its
        client was removed meanwhile.
    :raises PushedRequestUnknown: it was pushed, and was answered before, in this browser or another.
    """
    try:
        return _issued(request, client, session, parked, context)
    except IntegrityError:
        # The client was removed meanwhile, elsewhere: what is kept of it in memory outlives it by seconds.
        raise RequestNotParked from None


def _issued(
    request: AuthorizationRequest,
    client: RegisteredClient,
    session: LiveSession,
    parked: tuple[str, str] | None,
    context: Context,
) -> str:
    code = new_secret()
    authorization = Authorization(
        family_id=FamilyId(new_identifier()),
        user_id=session.user_id,
        sid=session.sid,
        scope=request.scope,
        nonce=request.nonce,
        authentication=session.authentication,
        resources=request.resources,
        claims=request.claims,
    )
    with unit_of_work() as transaction:
        if parked and not parked_requests.answer(transaction, parked[0], browser=parked[1], now=context.now):
            raise RequestNotParked
        if request.pushed and not pushed_requests.use(transaction, request.pushed, now=context.now):
            raise PushedRequestUnknown
        authorization_codes.add(
            transaction,
            code,
            authorization,
            client_id=client.client_id,
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            expires_at=context.now + CODE_LIFETIME,
        )
        event = CodeIssued(
            account=client.account or session.account_code,
            user=session.user_id,
            client=client.client_id,
            sid=session.sid,
            scope=" ".join(request.scope),
        )
        trail.record(transaction, event, context)
    return code


def park(request: AuthorizationRequest, *, browser: str, context: Context) -> str:
    """Let a request wait while its person signs in.

    :param browser: the browser cookie's value; only that browser can resume.
    :returns: the parked request's id, for the address of the pages between.
    :raises RequestNotParked: its client was removed meanwhile.
    """
    parked_id = new_identifier()
    try:
        with unit_of_work() as session:
            parked_requests.add(
                session, parked_id, request, browser=browser, now=context.now, expires_at=context.now + PARKED_FOR
            )
    except IntegrityError:
        raise RequestNotParked from None
    return parked_id


def waiting(parked_id: str, *, browser: str, context: Context) -> AuthorizationRequest:
    """Return a request that still waits for this browser.

    :raises RequestNotParked: it expired, was answered, or began in another browser.
    """
    with reading() as session:
        request = parked_requests.peek(session, parked_id, browser=browser, now=context.now)
    if request is None:
        raise RequestNotParked
    return request


def give_up(parked_id: str, *, browser: str, context: Context) -> None:
    """Take a waiting request out, because its person goes back without signing in.

    :raises RequestNotParked: as for :func:`waiting`.
    """
    with unit_of_work() as session:
        if not parked_requests.answer(session, parked_id, browser=browser, now=context.now):
            raise RequestNotParked
