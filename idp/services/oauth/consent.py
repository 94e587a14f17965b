"""Consent: whether a person has to be asked before a service learns who they are, and what they said.

The account consents for its own services when they are registered. A person is
asked about services of others, once, and about what runs on their device, each
time: anybody can name such an application as theirs (CONTRACT §6 rule 13, RFC 8252 §8.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idp.audit import trail
from idp.audit.events import ConsentGiven
from idp.domain.authorization_request import AuthorizationRequest, Prompt
from idp.domain.client_words import ClaimsProfile
from idp.domain.consent import OF_EVERY_TOKEN, Disclosure, covers, disclosures
from idp.domain.context import Context
from idp.domain.errors import RequestNotParked
from idp.domain.identifiers import UserId
from idp.domain.redirect_uri import is_native
from idp.domain.scope import Scope
from idp.services.oauth import authorize, claims, presence
from idp.services.oauth.presence import Ready
from idp.services.registry import clients
from idp.services.registry.clients import RegisteredClient
from idp.store import accounts, consents, parked_requests
from idp.store.consents import Consent
from idp.store.sso_sessions import LiveSession
from idp.store.unit_of_work import reading, unit_of_work


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person is asked.

    :param account_name: of the account in which the service meets the person.
    :param on_device: the answer goes to an application on the person's device, whose maker nobody can check.
    :param redirect_uri: the client's address, to which the answer leads.
    """

    service_name: str
    account_name: str
    person: LiveSession
    disclosures: tuple[Disclosure, ...]
    third_party: bool
    on_device: bool
    redirect_uri: str


def needs_consent(
    request: AuthorizationRequest,
    client: RegisteredClient,
    user_id: UserId,
    *,
    context: Context,  # noqa: ARG001 - what was allowed does not age
) -> bool:
    """Say whether a person has to be asked before the client is answered.

    What they said about this very request is not looked at: see :func:`is_allowed`.
    """
    if Prompt.CONSENT in request.prompts or _is_on_device(request, client):
        return True
    if not client.metadata.is_third_party:
        return False
    with reading() as session:
        before = consents.find(session, user_id, client.client_id)
    return before is None or not covers(allowed(before), _disclosures(request, client))


def is_allowed(parked_id: str, *, browser: str, user_id: UserId, context: Context) -> bool:
    """Say whether that very person allowed a waiting request, which counts until it is answered."""
    with reading() as session:
        return parked_requests.consented_by(session, parked_id, browser=browser, now=context.now) == user_id


def question(parked_id: str, *, browser: str, sessions: Sequence[LiveSession], context: Context) -> Question | None:
    """Return what is to be asked about a waiting request; none while nobody is there who could answer.

    :param sessions: the browser's live ones.
    :raises RequestNotParked: nothing waits for this browser.
    """
    request, client = _waiting(parked_id, browser, context)
    here = presence.of(request, client, sessions, context=context)
    if not isinstance(here, Ready):
        return None
    account_name = here.session.account_name
    if client.account not in {None, here.session.account_code}:
        with reading() as session:
            met_in = accounts.find(session, client.account)
            account_name = account_name if met_in is None else met_in.name
    return Question(
        service_name=client.metadata.client_name,
        account_name=account_name,
        person=here.session,
        disclosures=_disclosures(request, client),
        third_party=client.metadata.is_third_party,
        on_device=_is_on_device(request, client),
        redirect_uri=request.redirect_uri,
    )


def allow(parked_id: str, *, browser: str, session: LiveSession, context: Context) -> None:
    """Let the client of a waiting request have what it asked for, in one transaction.

    For services of others that is remembered; for the account's own it counts for this request.

    :param session: of the person who answers.
    :raises RequestNotParked: nothing waits for this browser.
    """
    request, client = _waiting(parked_id, browser, context)
    scope, names = _scope(request, client), _claims(request, client)
    with unit_of_work() as transaction:
        waits = parked_requests.consent(
            transaction, parked_id, browser=browser, user_id=session.user_id, now=context.now
        )
        if not waits:
            raise RequestNotParked
        if client.metadata.is_third_party:
            consents.keep(transaction, session.user_id, client.client_id, scope=scope, claims=names, now=context.now)
        event = ConsentGiven(
            account=client.account or session.account_code,
            user=session.user_id,
            client=client.client_id,
            scope=" ".join(scope),
            claims=list(names),
        )
        trail.record(transaction, event, context)


def allowed(remembered: Consent) -> tuple[Disclosure, ...]:
    """Return what a person allowed a service, in steps that they can tell apart."""
    return disclosures([Scope(word) for word in remembered.scope.split(" ")], remembered.claims)


def _waiting(parked_id: str, browser: str, context: Context) -> tuple[AuthorizationRequest, RegisteredClient]:
    request = authorize.waiting(parked_id, browser=browser, context=context)
    client = clients.find(request.client_id, context=context)
    if client is None:
        raise RequestNotParked
    return request, client


def _is_on_device(request: AuthorizationRequest, client: RegisteredClient) -> bool:
    return client.metadata.is_public and is_native(request.redirect_uri)


def _scope(request: AuthorizationRequest, client: RegisteredClient) -> tuple[Scope, ...]:
    """Return what the client may still be granted: it may have been changed while the request waited."""
    return tuple(word for word in request.scope if word in client.metadata.scope)


def _claims(request: AuthorizationRequest, client: RegisteredClient) -> tuple[str, ...]:
    """Return the single claims that the client gets; what it is not registered for cannot be asked for singly."""
    may = {name for word in client.metadata.scope for name in claims.OF_SCOPE.get(word, ())}
    return tuple(name for name in request.claims.names if name in may)


def _disclosures(request: AuthorizationRequest, client: RegisteredClient) -> tuple[Disclosure, ...]:
    always = OF_EVERY_TOKEN if client.metadata.claims_profile is ClaimsProfile.DEEPDESK else ()
    return disclosures(_scope(request, client), _claims(request, client), besides=always)
