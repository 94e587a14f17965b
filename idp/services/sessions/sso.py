"""The SSO session: that a browser need not sign in again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from idp.domain.authentication import Authentication
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode, SessionId, UserId
from idp.domain.secrets import new_identifier, new_secret
from idp.services.parts import Parts
from idp.services.sessions import ending
from idp.store import sso_sessions
from idp.store.sso_sessions import TOUCH_EVERY, LiveSession, UpstreamSession
from idp.store.unit_of_work import reading, unit_of_work


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A session that has just begun, or gone on under a new cookie.

    :param cookie: clear, for the browser; we keep its digest only.
    """

    sid: SessionId
    account: AccountCode
    cookie: str = field(repr=False)


def live(cookies: Collection[str], *, parts: Parts, context: Context) -> Sequence[LiveSession]:
    """Return the sessions that a browser's cookies stand for, the latest sign-in first.

    Notes their use, at most once a minute each.
    """
    if not cookies:
        return ()
    with reading() as session:
        found = sso_sessions.live(session, cookies, now=context.now, idle=parts.settings.lifetime("session_idle"))
    stale = [one.sid for one in found if context.now - one.last_seen_at >= TOUCH_EVERY]
    if stale:
        with unit_of_work() as session:
            for sid in stale:
                sso_sessions.touch(session, sid, now=context.now)
    return found


def begin(
    session: Session,
    *,
    user_id: UserId,
    account: AccountCode,
    authentication: Authentication,
    upstream: UpstreamSession | None = None,
    proven_at: datetime | None = None,
    cookies: Collection[str],
    parts: Parts,
    context: Context,
) -> Begun:
    """Sign somebody in within the caller's transaction.

    The same person in the same browser goes on with their ``sid`` (what hangs
    on it stays) under a new cookie; another person of the account is replaced,
    and what hung on their session ends.

    :param upstream: by which upstream session; none where we proved it ourselves.
    :param proven_at: when they demonstrably proved who they are; none where nobody says.
    :param cookies: the SSO cookies that the browser brought.
    """
    present = sso_sessions.unended(session, cookies)
    of_account = [one for one in present if one.account_code == account]
    same = next((one.sid for one in of_account if one.user_id == user_id), None)
    ending.end_sessions(session, [one.sid for one in of_account if one.sid != same], context=context)
    begun = Begun(sid=same or SessionId(new_identifier()), account=account, cookie=new_secret())
    values = sso_sessions.Beginning(
        cookie=begun.cookie,
        authentication=authentication,
        upstream=upstream,
        proven_at=proven_at,
        now=context.now,
        expires_at=context.now + parts.settings.lifetime("session_ttl"),
    )
    if same:
        sso_sessions.renew(session, same, values)
    else:
        sso_sessions.add(session, begun.sid, values, user_id=user_id, account=account)
    return begun


def prove(
    session: Session, sid: SessionId, *, account: AccountCode, authentication: Authentication, context: Context
) -> Begun:
    """Let a session go on after its person proved anew who they are, within the caller's transaction.

    The ``sid`` and all else about it stay; its cookie is another one (CONTRACT §6 rule 1).
    """
    begun = Begun(sid=sid, account=account, cookie=new_secret())
    sso_sessions.prove(session, sid, cookie=begun.cookie, authentication=authentication, now=context.now)
    return begun


def was_ended(cookies: Collection[str]) -> bool:
    """Say whether somebody ended the session of one of these cookies."""
    if not cookies:
        return False
    with reading() as session:
        return sso_sessions.any_ended(session, cookies)


def unended(cookies: Collection[str], sids: Collection[SessionId] = ()) -> Sequence[LiveSession]:
    """Return what signing out would end: also sessions that no longer sign anybody in.

    :param sids: of the browser's sessions that have token cookies alone.
    """
    if not cookies and not sids:
        return ()
    with reading() as session:
        return sso_sessions.unended(session, cookies, sids)
