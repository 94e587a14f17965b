"""Exchange links: a session of the widget, opened in another browser (DOMAIN.md; CONTRACT §6 rule 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import ExchangeMinted, ExchangeUsed
from idp.domain.context import Context
from idp.domain.errors import CookieSessionOver, ExchangeNotAllowed, ExchangeTokenRefused
from idp.domain.identifiers import AccountCode, SessionId, UserId
from idp.domain.jars import Jar
from idp.domain.secrets import new_identifier
from idp.services.parts import Parts
from idp.services.sessions import ending
from idp.services.widget import beginning, cookies
from idp.services.widget.beginning import Beginning, Way
from idp.services.widget.given import Cookies
from idp.store import accounts, cookie_families, exchange_tokens, sso_sessions
from idp.store.cookie_families import CookieFamily
from idp.store.sso_sessions import WithoutSso
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens.cookie_token import CookieToken
from idp.tokens.exchange_token import ExchangeTokenRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """What a widget builds its link from."""

    token: str = field(repr=False)
    expires_in_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a link is about to open.

    :param is_used: somebody opened it before.
    :param base_url: where the account's pages are; none where the account has no address of its own.
    """

    account: AccountCode
    account_name: str
    base_url: str | None
    user_id: UserId
    name: str | None
    email: str | None
    is_used: bool


def mint(presented: CookieToken, *, parts: Parts, context: Context) -> Minted:
    """Make an exchange token for a session.

    :raises CookieSessionOver: it has ended.
    :raises CookieExpired: its access token has expired.
    :raises ExchangeNotAllowed: it began with an exchange token itself.
    """
    with unit_of_work() as session:
        family = cookies.alive(session, presented, context=context)
        if family.exchanged:
            raise ExchangeNotAllowed
        until = min(context.now + parts.settings.lifetime("exchange_token_ttl"), family.standing.expires_at)
        jti = new_identifier()
        exchange_tokens.add(session, jti, family.id, expires_at=until)
        person = family.person
        trail.record(session, ExchangeMinted(account=person.account, user=person.user_id, family=family.id), context)
    token = parts.exchange_tokens.make(jti, expires_at=until, now=context.now)
    return Minted(token=token, expires_in_seconds=int((until - context.now).total_seconds()))


def look(token: str, *, parts: Parts, context: Context) -> Offered:
    """Say whose session a link opens, without using it.

    :raises ExchangeTokenRefused: it opens nothing.
    """
    read = parts.exchange_tokens.read(token, now=context.now)
    with reading() as session:
        family, is_used = _found(session, read, context)
        person = family.person
        account = accounts.find(session, person.account)
    return Offered(
        account=person.account,
        account_name=person.account if account is None else account.name,
        base_url=None if account is None else account.base_url,
        user_id=person.user_id,
        name=person.name,
        email=person.email,
        is_used=is_used,
    )


def use(
    token: str,
    *,
    held: Sequence[CookieToken],
    replaced: Sequence[SessionId] = (),
    parts: Parts,
    context: Context,
) -> Cookies:
    """Open a link's session in this browser; of concurrent callers exactly one does.

    The session is its own, so that signing out in one browser leaves the other. It inherits the person, how and
    when they signed in, and the end.

    :param held: the access tokens that the browser brought along.
    :param replaced: other people's sessions of the account in this browser, which end: one person a browser.
    :raises ExchangeTokenRefused: it opens nothing, or was used.
    """
    read = parts.exchange_tokens.read(token, now=context.now)
    with unit_of_work() as session:
        family, _ = _found(session, read, context)
        # A sign-out elsewhere either is seen here, or waits and then ends the new session, too.
        if cookie_families.in_session(session, family.sid) is None:
            raise ExchangeTokenRefused("its session has ended")
        if not exchange_tokens.use(session, read.jti, now=context.now):
            raise ExchangeTokenRefused("it was used before")
        ending.end_sessions(session, replaced, context=context)
        until = family.standing.expires_at
        sid = _session(session, family, until, context)
        person = family.person
        trail.record(session, ExchangeUsed(account=person.account, user=person.user_id, family=family.id), context)
        wanted = Beginning(
            way=Way.EXCHANGE,
            sid=sid,
            jar=Jar.TOP,
            replaced=[one for one in held if (one.account, one.jar) == (person.account, Jar.TOP)],
            until=until,
        )
        try:
            return beginning.begin(session, wanted, parts=parts, context=context)
        except CookieSessionOver:
            raise ExchangeTokenRefused("its person must sign in again") from None


def _found(session: Session, read: ExchangeTokenRead, context: Context) -> tuple[CookieFamily, bool]:
    known = exchange_tokens.find(session, read.jti, now=context.now)
    family = None if known is None else cookie_families.peek(session, known.family_id)
    if known is None or family is None or family.standing.expires_at <= context.now:
        raise ExchangeTokenRefused("unknown, too old, or its session has ended")
    return family, known.is_used


def _session(session: Session, family: CookieFamily, until: datetime, context: Context) -> SessionId:
    sid = SessionId(new_identifier())
    person = family.person
    beginning = WithoutSso(family.authentication, context.now, until)
    sso_sessions.add_without_sso(session, sid, beginning, user_id=person.user_id, account=person.account)
    return sid
