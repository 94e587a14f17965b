"""Redeeming an authorization code (RFC 6749 §4.1.3, OpenID Connect Core §3.1.3). A hot path."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import CodeRedeemed, CodeReplayed
from idp.domain import pkce
from idp.domain.context import Context
from idp.domain.errors import CodeAlreadySpent, CodeUnknown
from idp.domain.scope import Scope
from idp.services.oauth import claims
from idp.services.oauth.standing import standing_in
from idp.services.parts import Parts
from idp.services.registry.clients import RegisteredClient
from idp.store import authorization_codes, sso_sessions, subjects, token_families
from idp.store.authorization_codes import CodeGrant
from idp.store.subjects import Subject
from idp.store.unit_of_work import unit_of_work
from idp.tokens import access_token, id_token


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """What a client gets.

    :param id_token: none where the scope lacks ``openid``.
    :param expires_in_seconds: of the access token.
    """

    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False)
    scope: tuple[Scope, ...]
    expires_in_seconds: int


def redeem(
    code: str,
    client: RegisteredClient,
    *,
    redirect_uri: str,
    code_verifier: str | None,
    parts: Parts,
    context: Context,
) -> TokenSet:
    """Exchange a code for tokens; of concurrent callers exactly one succeeds.

    One transaction: the code is spent, the family begun and the act recorded,
    or none of it. A code that comes a second time ends what the first gave,
    and that stands although this call fails.

    :param redirect_uri: must be the authorization request's.
    :param code_verifier: as presented; well-formed or none.
    :raises CodeUnknown: nothing fits, or the session in which the code was given has ended.
    :raises CodeAlreadySpent: it was used before.
    """
    challenge = None if code_verifier is None else pkce.challenge_of(code_verifier)
    with unit_of_work() as session:
        grant = authorization_codes.consume(
            session,
            code,
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            code_challenge=challenge,
            now=context.now,
        )
        # A sign-out in another tab either is seen here, or waits and then ends this family too.
        holds = grant is not None and sso_sessions.hold(session, grant.sid)
        subject = None
        if grant is not None and holds:
            subject = standing_in(
                session,
                subjects.find(session, grant.user_id),
                client_account=client.account,
                admitted=client.admitted,
                now=context.now,
            )
        replayed = grant is None and _end_what_it_gave(session, code, client, context)
        if grant is not None and subject is not None:
            _begin_family(session, grant, subject, client, context)
    if replayed:
        raise CodeAlreadySpent
    if grant is None or subject is None:
        raise CodeUnknown
    return _token_set(grant, subject, client, parts, context)


def _end_what_it_gave(session: Session, code: str, client: RegisteredClient, context: Context) -> bool:
    family = authorization_codes.family_of_spent(session, code, client_id=client.client_id)
    if family is None:
        return False
    token_families.revoke(session, family, now=context.now)
    event = CodeReplayed(account=client.account, client=client.client_id, family=family, outcome="replayed")
    trail.record(session, event, context)
    return True


def _begin_family(
    session: Session, grant: CodeGrant, subject: Subject, client: RegisteredClient, context: Context
) -> None:
    token_families.add(
        session,
        grant.family_id,
        client_id=client.client_id,
        user_id=grant.user_id,
        sid=grant.sid,
        scope=" ".join(grant.scope),
        now=context.now,
    )
    event = CodeRedeemed(account=subject.account, user=grant.user_id, client=client.client_id, family=grant.family_id)
    trail.record(session, event, context)


def _token_set(
    grant: CodeGrant, subject: Subject, client: RegisteredClient, parts: Parts, context: Context
) -> TokenSet:
    settings = parts.settings
    access_lifetime = _lifetime(settings.lifetime("access_token_ttl"), subject, context)
    access = access_token.mint(
        issuer=settings.issuer,
        client_id=client.client_id,
        subject=grant.user_id,
        sid=grant.sid,
        family_id=grant.family_id,
        scope=grant.scope,
        claims=claims.of_access_token(subject),
        signer=parts.keys.signer(access_token.ALG, now=context.now),
        lifetime=access_lifetime,
        now=context.now,
    )
    identity = None
    if Scope.OPENID in grant.scope:
        identity = id_token.mint(
            issuer=settings.issuer,
            client_id=client.client_id,
            subject=grant.user_id,
            sid=grant.sid,
            authentication=grant.authentication,
            nonce=grant.nonce,
            access_token=access,
            claims=claims.of_person(subject),
            signer=parts.keys.signer(client.metadata.id_token_alg, now=context.now),
            lifetime=_lifetime(settings.lifetime("id_token_ttl"), subject, context),
            now=context.now,
        )
    return TokenSet(
        access_token=access,
        id_token=identity,
        scope=grant.scope,
        expires_in_seconds=int(access_lifetime.total_seconds()),
    )


def _lifetime(usual: timedelta, subject: Subject, context: Context) -> timedelta:
    """Let no token outlive the grant by which a staff member is what it says."""
    return usual if subject.until is None else min(usual, subject.until - context.now)
