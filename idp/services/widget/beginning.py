"""Beginning a cookie session, after any sign-in: who goes on, and who is replaced (CONTRACT §6 rule 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import CookiesBegun
from idp.domain.context import Context
from idp.domain.errors import CookieSessionOver
from idp.domain.identifiers import FamilyId, SessionId
from idp.domain.jars import Jar
from idp.domain.refresh_rotation import FIRST_GENERATION, Standing
from idp.domain.secrets import new_identifier, new_secret
from idp.services.parts import Parts
from idp.services.sessions import ending
from idp.services.widget.given import Cookies, cookies_of
from idp.store import cookie_families, token_families
from idp.store.cookie_families import CookieFamily, Holder
from idp.tokens.cookie_token import CookieToken

FRESH_FOR = timedelta(minutes=15)
"""How long after a proof cookies count as fresh, which is what sensitive acts ask for (CONTRACT §6 rule 11)."""


class Way(StrEnum):
    """By which way a cookie session began."""

    PLATFORM_SSO = "platform_sso"
    HANDOFF = "handoff"
    API_KEY = "api_key"
    PLATFORM_JWT = "platform_jwt"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a new cookie session is to be.

    :param replaced: the tokens that the browser holds in this jar, of the same account.
    :param until: from then on the person has to sign in again.
    """

    way: Way
    sid: SessionId
    jar: Jar
    replaced: Sequence[CookieToken] = ()
    until: datetime


def end_of_usual(parts: Parts, context: Context) -> datetime:
    """Return when a cookie session that begins now ends, unless what it rests on ends before."""
    return context.now + parts.settings.lifetime("cookie_refresh_ttl")


def begin(session: Session, beginning: Beginning, *, parts: Parts, context: Context) -> Cookies:
    """Begin a cookie session in the caller's transaction.

    The same person in the same jar and session goes on, so that the CSRF values that other tabs hold stay right.
    Another person of the account is replaced, and what hung on their session ends.

    :raises CookieSessionOver: the session of ``sid`` has ended, or its person must sign in again.
    """
    holder = cookie_families.in_session(session, beginning.sid)
    if holder is None or holder.confirmation.is_stale(now=context.now):
        raise CookieSessionOver
    person = holder.person
    family = _wanted(beginning, holder, context)
    present = _present(session, family, beginning, context)
    if present is None:
        cookie_families.add(session, family, now=context.now)
    else:
        family = replace(
            family,
            id=present.id,
            seed=present.seed,
            standing=_standing(present.standing, beginning, parts, context),
        )
        cookie_families.go_on(session, family)
    event = CookiesBegun(
        account=person.account,
        user=person.user_id,
        sid=family.sid,
        family=family.id,
        jar=family.jar,
        way=beginning.way,
    )
    trail.record(session, event, context)
    signed_in_here = beginning.way in {Way.PLATFORM_SSO, Way.HANDOFF}
    fresh = signed_in_here and context.now < holder.authentication.at + FRESH_FOR
    return cookies_of(family, family.standing.generation, fresh=fresh, parts=parts, context=context)


def _standing(before: Standing, beginning: Beginning, parts: Parts, context: Context) -> Standing:
    """Return where a family stands that goes on: the next generation begins, so that an older copy shows.

    Not right after the last one: of two answers that come at once either may be the one that the browser keeps.
    """
    if context.now < before.rotated_at + parts.settings.lifetime("refresh_grace"):
        return replace(before, expires_at=beginning.until)
    return Standing(generation=before.generation + 1, rotated_at=context.now, expires_at=beginning.until)


def _wanted(beginning: Beginning, holder: Holder, context: Context) -> CookieFamily:
    return CookieFamily(
        id=FamilyId(new_identifier()),
        sid=beginning.sid,
        person=holder.person,
        authentication=holder.authentication,
        jar=beginning.jar,
        exchanged=beginning.way is Way.EXCHANGE,
        seed=new_secret(),
        standing=Standing(generation=FIRST_GENERATION, rotated_at=context.now, expires_at=beginning.until),
        confirmation=holder.confirmation,
    )


def _present(session: Session, wanted: CookieFamily, beginning: Beginning, context: Context) -> CookieFamily | None:
    """Return the family that goes on, and end what is replaced in this jar: another person, an older session."""
    going_on = None
    for one in beginning.replaced:
        family = cookie_families.peek(session, one.family_id)
        if family is None or family.person.account != wanted.person.account:
            continue
        if family.person.user_id != wanted.person.user_id:
            ending.end_sessions(session, [family.sid], context=context)
        elif _is_one(family, wanted) and context.now < family.standing.expires_at:
            # Its session is held already; in this order, as whoever ends a session takes them.
            going_on = cookie_families.take(session, family.id)
        else:
            token_families.revoke(session, family.id, now=context.now)
    return going_on


def _is_one(family: CookieFamily, wanted: CookieFamily) -> bool:
    return (family.sid, family.jar, family.exchanged) == (wanted.sid, wanted.jar, wanted.exchanged)
