"""The platform JWT bridge: a platform signs who its agent is with a shared secret (DOMAIN.md; CONTRACT §6 rule 4)."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.domain.bridges import Bridge
from idp.domain.clock import unix
from idp.domain.context import Context
from idp.domain.errors import PlatformJwtRefused
from idp.domain.identifiers import AccountCode
from idp.services.parts import Parts
from idp.services.registry.platform_secrets import opened
from idp.services.widget import arrival
from idp.services.widget.arrival import Caller, Vouched
from idp.services.widget.given import Cookies
from idp.store import platform_jwts, platform_secrets
from idp.store.bridge_people import BridgePerson
from idp.store.platform_secrets import PlatformSecret
from idp.store.unit_of_work import unit_of_work
from idp.tokens import platform_jwt
from idp.tokens.platform_jwt import PlatformJwt

ELSEWHERE = "second_network"
"""The alarm for a token that came from another network than before."""


def enter(token: PlatformJwt, *, caller: Caller, parts: Parts, context: Context) -> Cookies:
    """Let an agent in by a platform JWT; the session ends with the token at the latest. One transaction.

    A token with a ``jti`` counts once, of concurrent callers for exactly one. One without may come again until
    it expires, unless its person signed out since. One that comes from a second network is an alarm, whether it
    is refused or not.

    :param token: read, and not yet shown to be genuine.
    :raises PlatformJwtRefused: no secret of the account signed it, it was used, or it is too old for the person.
    :raises BridgeRefused: the agent may not enter.
    """
    elsewhere: set[str] = set()
    try:
        return _enter(token, caller, elsewhere, parts, context)
    except IntegrityError:
        # The same agent arrived twice at once for the first time: now they are known.
        return _enter(token, caller, elsewhere, parts, context)
    finally:
        if elsewhere:
            # The call was refused, and with it what it wrote; the alarm stands.
            with unit_of_work() as session:
                _alarm(session, token, elsewhere, context)


def _enter(token: PlatformJwt, caller: Caller, elsewhere: set[str], parts: Parts, context: Context) -> Cookies:
    account = AccountCode(token.account)
    with unit_of_work() as session:
        secret = _signing_secret(session, account, token, parts)
        if secret is None:
            raise PlatformJwtRefused("No secret of the account signed it.")
        arrival.check_account(session, account)
        known = arrival.claim(session, account, Bridge.PLATFORM_JWT, token.platform_id)
        is_new = _note(session, account, token, context)
        if not is_new and platform_jwts.first_network(session, account, _name(token)) != context.network:
            elsewhere.add(secret.id)
        if known is not None:
            _refuse_older(known, token)
        if token.jti and not is_new:
            raise PlatformJwtRefused("It was used before.")
        platform_secrets.note_use(session, secret.id, now=context.now)
        vouched = Vouched(
            account=account,
            bridge=Bridge.PLATFORM_JWT,
            secret_id=secret.id,
            platform_id=token.platform_id,
            name=token.name,
            email=token.email,
            until=token.expires_at,
        )
        entered = arrival.let_in(session, vouched, caller, parts=parts, context=context)
        _alarm(session, token, elsewhere, context)
    elsewhere.clear()
    return entered


def _alarm(session: Session, token: PlatformJwt, elsewhere: set[str], context: Context) -> None:
    for secret_id in elsewhere:
        arrival.alarm(session, AccountCode(token.account), Bridge.PLATFORM_JWT, secret_id, ELSEWHERE, context)


def _signing_secret(session: Session, account: AccountCode, token: PlatformJwt, parts: Parts) -> PlatformSecret | None:
    """Return the secret that signed the token; two may be live while one replaces the other."""
    for row in platform_secrets.live(session, account):
        if platform_jwt.is_signed_with(token, opened(row, sealer=parts.sealer)):
            return row
    return None


def _refuse_older(known: BridgePerson, token: PlatformJwt) -> None:
    """Refuse what was signed before the person signed out or was disabled, in the same second included."""
    if known.refused_before and unix(token.issued_at) <= unix(known.refused_before):
        raise PlatformJwtRefused("The agent signed out after it was made; a new one is needed.")


def _note(session: Session, account: AccountCode, token: PlatformJwt, context: Context) -> bool:
    """Remember the token; true when it is new."""
    return platform_jwts.note(session, account, _name(token), network=context.network, expires_at=token.expires_at)


def _name(token: PlatformJwt) -> str:
    """Return by what a token is remembered: its number where the platform numbers them, else itself."""
    return f"{token.platform_id}\0{token.jti}" if token.jti else token.compact
