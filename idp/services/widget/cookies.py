"""The cookie session: renewed, looked at, ended (CONTRACT §5, §6 rules 1 to 3).

One mechanism with refresh tokens: a family of tokens that counts its
generations. Each jar of a browser has a family of its own, so that the twins
never look like replays, and all of them hang on the ``sid``.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import CookiesRenewed, CookiesReplayed
from idp.domain.context import Context
from idp.domain.errors import CookieExpired, CookieReplayed, CookieSessionOver
from idp.domain.refresh_rotation import FIRST_GENERATION, Verdict, judge
from idp.services.parts import Parts
from idp.services.sessions import ending
from idp.services.widget.given import Cookies, WhoIsThere, cookies_of, who_of
from idp.store import cookie_families, renewals, token_families
from idp.store.cookie_families import CookieFamily
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens.cookie_token import CookieToken, Csrf


def renew(presented: CookieToken, *, parts: Parts, context: Context) -> Cookies:
    """Renew a cookie session by its refresh token: one transaction, one row changed (a hot path).

    Of concurrent callers with one token all get the same successor. A token that comes again later was copied:
    its family ends, thief's and owner's branch alike, and that stands although this call fails.

    :raises CookieSessionOver: it has ended, is too old, or its person must sign in again.
    :raises CookieReplayed: the token was used before.
    """
    with unit_of_work() as session:
        family = cookie_families.take(session, presented.family_id)
        verdict = _judged(presented, family, parts, context)
        if family is not None and verdict is Verdict.REPLAYED:
            _end_copied(session, family, context)
        generation = presented.generation or FIRST_GENERATION
        if family is not None and verdict in {Verdict.ROTATE, Verdict.REPEAT}:
            if verdict is Verdict.ROTATE:
                renewals.rotate(session, family.id, generation=generation + 1, now=context.now)
            _record_renewal(session, family, context)
    if verdict is Verdict.REPLAYED:
        raise CookieReplayed
    if family is None or verdict is Verdict.EXPIRED:
        raise CookieSessionOver
    return cookies_of(family, generation + 1, fresh=False, parts=parts, context=context)


def who_is_there(presented: CookieToken, *, context: Context) -> WhoIsThere:
    """Say whose cookie session an access token stands for.

    :raises CookieSessionOver: it has ended.
    :raises CookieExpired: the token has expired and the session goes on.
    """
    with reading() as session:
        family = alive(session, presented, context=context)
    return who_of(family, until=presented.expires_at, context=context)


def alive(session: Session, presented: CookieToken, *, context: Context) -> CookieFamily:
    """Return the family of an access token, in the caller's transaction.

    :raises CookieSessionOver: its session has ended.
    :raises CookieExpired: the token has expired and the session goes on.
    """
    family = _going_on(session, presented, context)
    if presented.expires_at <= context.now:
        raise CookieExpired(Csrf.of(family.seed).refresh)
    return family


def sign_out(presented: Sequence[CookieToken], *, context: Context) -> None:
    """End the whole sessions of access tokens, expired or not; one that ended before is passed over.

    They end by the ``sid`` that the token says: its own family may have ended before the session, as a copied one.
    """
    with unit_of_work() as session:
        ending.end_sessions(session, sorted({token.sid for token in presented}), context=context)


def _going_on(session: Session, presented: CookieToken, context: Context) -> CookieFamily:
    family = cookie_families.peek(session, presented.family_id)
    if family is None or family.standing.expires_at <= context.now or family.confirmation.is_stale(now=context.now):
        raise CookieSessionOver
    return family


def _judged(presented: CookieToken, family: CookieFamily | None, parts: Parts, context: Context) -> Verdict:
    if family is None or presented.generation is None or presented.expires_at <= context.now:
        return Verdict.EXPIRED
    if family.confirmation.is_stale(now=context.now):
        return Verdict.EXPIRED
    grace = parts.settings.lifetime("refresh_grace")
    return judge(presented.generation, family.standing, now=context.now, grace=grace, idle=None)


def _end_copied(session: Session, family: CookieFamily, context: Context) -> None:
    person = family.person
    token_families.revoke(session, family.id, now=context.now)
    event = CookiesReplayed(account=person.account, user=person.user_id, family=family.id, outcome="replayed")
    trail.record(session, event, context)


def _record_renewal(session: Session, family: CookieFamily, context: Context) -> None:
    person = family.person
    trail.record(session, CookiesRenewed(account=person.account, user=person.user_id, family=family.id), context)
