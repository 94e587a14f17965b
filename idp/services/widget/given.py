"""What a browser is given of a cookie session, and what its widget is told (CONTRACT §5, §6 rule 2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from idp.domain.authentication import Authentication
from idp.domain.context import Context
from idp.domain.jars import Jar
from idp.domain.roles import DEFAULT_ROLE, Role, effective
from idp.services.parts import Parts
from idp.store.cookie_families import CookieFamily
from idp.tokens import cookie_token
from idp.tokens.cookie_token import Csrf, Identity, Lifetimes


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoIsThere:
    """A cookie session as its widget sees it.

    :param expires_in_seconds: of the access cookie.
    """

    identity: Identity
    roles: tuple[Role, ...]
    authentication: Authentication
    csrf: Csrf = field(repr=False)
    expires_in_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """What the browser is given.

    :param kept_for_seconds: until the refresh token's end.
    """

    who: WhoIsThere
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    jar: Jar
    kept_for_seconds: int


def cookies_of(family: CookieFamily, generation: int, *, fresh: bool, parts: Parts, context: Context) -> Cookies:
    """Make the cookies of one generation.

    :param fresh: the person proved who they are a moment ago.
    """
    now, ends = context.now, family.standing.expires_at
    access_until = min(now + parts.settings.lifetime("cookie_access_ttl"), ends)
    who = who_of(family, until=access_until, context=context)
    said = cookie_token.Session(
        family_id=family.id,
        user_id=family.person.user_id,
        sid=family.sid,
        identity=who.identity,
        roles=who.roles,
        authentication=family.authentication,
        jar=family.jar,
        csrf=who.csrf,
        fresh=fresh,
    )
    access, refresh = cookie_token.mint(
        said,
        generation,
        Lifetimes(access_until=access_until, refresh_until=ends),
        issuer=parts.settings.issuer,
        keys=parts.session_keys,
        now=now,
    )
    kept_for = int((ends - now).total_seconds())
    return Cookies(who=who, access=access, refresh=refresh, jar=family.jar, kept_for_seconds=kept_for)


def who_of(family: CookieFamily, *, until: datetime, context: Context) -> WhoIsThere:
    """Say who is there.

    :param until: the access cookie's end.
    """
    return WhoIsThere(
        identity=_identity(family),
        roles=_roles(family),
        authentication=family.authentication,
        csrf=Csrf.of(family.seed),
        expires_in_seconds=int((until - context.now).total_seconds()),
    )


def _identity(family: CookieFamily) -> Identity:
    person = family.person
    return Identity(
        account=person.account,
        user_id=family.person.platform_id or person.user_id,
        user_name=person.name,
        user_email=person.email,
    )


def _roles(family: CookieFamily) -> tuple[Role, ...]:
    """Return what the person may be here: over a bridge an agent, whatever our records say (CONTRACT §6 rule 4)."""
    return (DEFAULT_ROLE,) if family.authentication.is_bridged else effective(family.person.roles)
