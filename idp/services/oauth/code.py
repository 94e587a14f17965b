"""Redeeming an authorization code (RFC 6749 §4.1.3, OpenID Connect Core §3.1.3). A hot path."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import CodeRedeemed, CodeReplayed
from idp.domain import pkce
from idp.domain.authorization import Authorization
from idp.domain.client_words import GrantType
from idp.domain.context import Context
from idp.domain.errors import CodeAlreadySpent, CodeUnknown
from idp.domain.refresh_rotation import FIRST_GENERATION
from idp.domain.secrets import new_secret
from idp.services.oauth.issuing import TokenSet, token_set
from idp.services.oauth.narrowing import narrowed_resources
from idp.services.oauth.standing import standing_in
from idp.services.parts import Parts
from idp.services.registry.clients import RegisteredClient
from idp.store import authorization_codes, subjects, token_families
from idp.store.subjects import Subject
from idp.store.token_families import Renewable
from idp.store.unit_of_work import unit_of_work


def redeem(
    code: str,
    client: RegisteredClient,
    *,
    redirect_uri: str,
    code_verifier: str | None,
    resources: tuple[str, ...] = (),
    parts: Parts,
    context: Context,
) -> TokenSet:
    """Exchange a code for tokens; of concurrent callers exactly one succeeds.

    One transaction: the code is spent, the family begun and the act recorded,
    or none of it. A code that comes a second time ends what the first gave,
    and that stands although this call fails.

    :param redirect_uri: must be the authorization request's.
    :param code_verifier: as presented; well-formed or none.
    :param resources: narrow the audience of this access token (RFC 8707 §2.2).
    :raises CodeUnknown: nothing fits, or the session in which the code was given has ended.
    :raises CodeAlreadySpent: it was used before.
    :raises ResourceRefused: the authorization does not cover one of ``resources``; the code stays unspent.
    """
    challenge = None if code_verifier is None else pkce.challenge_of(code_verifier)
    with unit_of_work() as session:
        given = authorization_codes.consume(
            session,
            code,
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            code_challenge=challenge,
            now=context.now,
        )
        narrow = () if given is None else narrowed_resources(resources, given, client, issuer=parts.settings.issuer)
        # A sign-out in another tab either is seen here, or waits and then ends this family too.
        present = None if given is None else subjects.in_session(session, given.sid)
        subject = None
        if present is not None:
            subject = standing_in(
                session,
                present[0],
                client_account=client.account,
                admitted=client.admitted,
                now=context.now,
            )
        replayed = given is None and _end_what_it_gave(session, code, client, context)
        renewable = None
        if given is not None and present is not None and subject is not None:
            renewable = _renewable(given, client, present[1], parts, context)
            _begin_family(session, given, subject, client, renewable, context)
    if replayed:
        raise CodeAlreadySpent
    if given is None or subject is None:
        raise CodeUnknown
    first = parts.refresh_tokens.make(given.family_id, FIRST_GENERATION, seed=renewable.seed) if renewable else None
    return token_set(
        replace(given, resources=narrow), subject, client, refresh_token=first, parts=parts, context=context
    )


def _end_what_it_gave(session: Session, code: str, client: RegisteredClient, context: Context) -> bool:
    family = authorization_codes.family_of_spent(session, code, client_id=client.client_id)
    if family is None:
        return False
    token_families.revoke(session, family, now=context.now)
    event = CodeReplayed(account=client.account, client=client.client_id, family=family, outcome="replayed")
    trail.record(session, event, context)
    return True


def _renewable(
    given: Authorization, client: RegisteredClient, session_ends: datetime, parts: Parts, context: Context
) -> Renewable | None:
    """Say whether and how long the client may renew (CONTRACT §6 rule 3).

    Within the session for our own clients; beyond it where ``offline_access`` was granted.
    """
    if GrantType.REFRESH_TOKEN not in client.metadata.grant_types:
        return None
    if client.metadata.is_third_party and not given.is_offline:
        return None
    until = context.now + parts.settings.lifetime("refresh_token_max")
    if not given.is_offline:
        until = min(until, session_ends)
    return Renewable(seed=new_secret(), until=until, offline=given.is_offline)


def _begin_family(
    session: Session,
    given: Authorization,
    subject: Subject,
    client: RegisteredClient,
    renewable: Renewable | None,
    context: Context,
) -> None:
    token_families.add(session, given, client_id=client.client_id, renewable=renewable, now=context.now)
    event = CodeRedeemed(account=subject.account, user=given.user_id, client=client.client_id, family=given.family_id)
    trail.record(session, event, context)
