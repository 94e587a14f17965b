"""Platform SSO: the sign-in of an agent whose widget is embedded in the platform (DOMAIN.md; CONTRACT §4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import NotAdmitted, NotFound, Refusal
from idp.domain.identifiers import AccountCode
from idp.domain.jars import Jar
from idp.services.parts import Parts
from idp.services.widget import beginning
from idp.services.widget.beginning import Beginning, Way
from idp.services.widget.given import Cookies
from idp.store import accounts
from idp.store.sso_sessions import LiveSession
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens.cookie_token import CookieToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """The account whose widget asks.

    :param base_url: where its own pages are; none where it has no address of its own.
    """

    code: AccountCode
    name: str
    base_url: str | None


def customer(code: str) -> Customer:
    """Return the account of that code.

    :raises NotFound: there is none; staff have no widget.
    :raises NotAdmitted: it is disabled.
    """
    with reading() as session:
        account = None if code == STAFF_ACCOUNT else accounts.find(session, AccountCode(code))
    if account is None:
        raise NotFound(f"there is no account {code[:64]!r}")
    if not account.enabled:
        raise NotAdmitted(Refusal.ACCOUNT_DISABLED)
    return Customer(code=AccountCode(account.code), name=account.name, base_url=account.base_url)


def begin(person: LiveSession, *, held: Sequence[CookieToken], parts: Parts, context: Context) -> Cookies:
    """Give a browser the session cookies of somebody who is signed in there.

    :param held: the access tokens that the browser brought along, of the same account.
    :raises CookieSessionOver: the SSO session ended a moment ago.
    """
    with unit_of_work() as session:
        wanted = Beginning(
            way=Way.PLATFORM_SSO,
            sid=person.sid,
            jar=Jar.TOP,
            replaced=[one for one in held if one.jar is Jar.TOP],
            until=beginning.end_of_usual(parts, context),
        )
        return beginning.begin(session, wanted, parts=parts, context=context)
