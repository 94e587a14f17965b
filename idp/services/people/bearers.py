"""Who looks after an account through a service: what the bearer token at the management API stands for.

The token is for this provider alone, with the scope ``manage`` (CONTRACT §6
rules 11 and 12). What its person may do, the records of this moment say.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from idp.domain.access_requests import decider
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import AccessTokenRefused, NotFound, ScopeInsufficient
from idp.domain.identifiers import AccountCode, FamilyId, UserId
from idp.domain.roles import Role
from idp.domain.scope import Scope
from idp.services.oauth.standing import standing_in
from idp.services.parts import Parts
from idp.services.people import management
from idp.services.people.management import Managing
from idp.store import accounts, clients, subjects, token_families
from idp.store.subjects import Subject
from idp.store.unit_of_work import reading
from idp.tokens import access_token
from idp.tokens.access_token import AccessToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Bystander:
    """Whom a token stands for, where they look after nothing in the account in which they are met."""

    user_id: UserId
    account: AccountCode


def of_token(token: str, account: str | None, *, parts: Parts, context: Context) -> Managing | Bystander:
    """Return whom a token lets look after an account.

    :param account: which; none for that in which the token's person is met.
    :raises AccessTokenRefused: not a genuine, unexpired access token for this provider alone, or it was revoked.
    :raises ScopeInsufficient: it was granted without ``manage``.
    :raises NotFound: it speaks of another account.
    """
    verified = access_token.verify(token, issuer=parts.settings.issuer, keys=parts.keys, now=context.now)
    if verified.audience != (parts.settings.issuer,):
        raise AccessTokenRefused("meant for another audience")
    if verified.family_id is None:
        raise AccessTokenRefused("a client's own, which speaks of nobody")
    if Scope.MANAGE not in verified.scope:
        raise ScopeInsufficient
    with reading() as session:
        subject = _subject(session, verified, verified.family_id, context)
        if account not in {None, subject.account}:
            raise NotFound("there is no such account")
        found = _managing(session, subject, verified.family_id)
    return found or Bystander(user_id=subject.user_id, account=subject.account)


def _subject(session: Session, verified: AccessToken, family_id: FamilyId, context: Context) -> Subject:
    member = subjects.of_live_family(session, family_id, jti=verified.jti)
    if member is None or Scope.MANAGE not in member.registered:
        raise AccessTokenRefused("revoked, or the client may no longer manage")
    subject = standing_in(
        session,
        member.subject,
        client_account=member.client_account,
        admitted=clients.admitted_by(session, member.client_id) if member.client_account is None else (),
        now=context.now,
    )
    if subject is None or subject.user_id != verified.subject:
        raise AccessTokenRefused("the person may no longer enter")
    return subject


def _managing(session: Session, subject: Subject, family_id: FamilyId) -> Managing | None:
    account = accounts.find(session, subject.account)
    auth_time = token_families.auth_time(session, family_id)
    if account is None or auth_time is None:
        raise AccessTokenRefused("the account or the family is gone")
    if subject.staff and (account.code == STAFF_ACCOUNT or Role.MANAGER not in subject.roles):
        return None
    is_deputy = any(row.user_id == subject.user_id for row in account.deputies)
    deciding = decider(subject.roles, is_deputy=is_deputy and not subject.staff)
    return management.managing(account, subject.user_id, deciding, None, auth_time=auth_time, staff=subject.staff)
