"""The hand-off: how the window that signed in gives the session to the widget that opened it (CONTRACT §6 rule 4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from idp.domain import pkce
from idp.domain.context import Context
from idp.domain.errors import CookieSessionOver, HandoffRefused
from idp.domain.identifiers import AccountCode
from idp.domain.jars import Jar
from idp.domain.secrets import new_secret
from idp.services.parts import Parts
from idp.services.widget import beginning
from idp.services.widget.beginning import Beginning, Way
from idp.services.widget.given import Cookies
from idp.store import handoffs
from idp.store.sso_sessions import LiveSession
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens.cookie_token import CookieToken

LIFETIME = timedelta(seconds=60)


def offer(session: LiveSession, *, challenge: str, origin: str, context: Context) -> str:
    """Make the token that the last page posts to the widget's origin.

    :param challenge: S256, of the widget's verifier.
    :param origin: in the list of the session's account.
    :returns: 43 base64url characters, good once, for :data:`LIFETIME`.
    """
    token = new_secret()
    with unit_of_work() as transaction:
        handoffs.add(
            transaction,
            token,
            challenge=challenge,
            origin=origin,
            account=session.account_code,
            sid=session.sid,
            expires_at=context.now + LIFETIME,
        )
    return token


def account_of(token: str) -> AccountCode | None:
    """Return whose session a hand-off carries; none when it is unknown."""
    with reading() as session:
        return handoffs.account_of(session, token)


def redeem(
    token: str,
    verifier: str,
    *,
    origin: str,
    allowed: Collection[AccountCode],
    held: Sequence[CookieToken],
    parts: Parts,
    context: Context,
) -> Cookies:
    """Give a widget the session that was handed to it; of concurrent callers exactly one gets it.

    :param verifier: well-formed.
    :param origin: from which the call comes.
    :param allowed: the accounts whose list names it.
    :param held: the access tokens that the browser brought along.
    :raises HandoffRefused: unknown, too old, used, for another origin or verifier, or the session has ended.
    """
    challenge = pkce.challenge_of(verifier)
    with unit_of_work() as session:
        given = handoffs.use(session, token, challenge=challenge, origin=origin, allowed=allowed, now=context.now)
        if given is None:
            raise HandoffRefused
        wanted = Beginning(
            way=Way.HANDOFF,
            sid=given.sid,
            jar=Jar.PARTITIONED,
            replaced=[one for one in held if (one.account, one.jar) == (given.account, Jar.PARTITIONED)],
            until=beginning.end_of_usual(parts, context),
        )
        try:
            return beginning.begin(session, wanted, parts=parts, context=context)
        except CookieSessionOver:
            raise HandoffRefused from None
