"""Arriving over a bridge: who it is, whether they may, and the session they get (CONTRACT §6 rule 4).

The identity is account, bridge and the platform's id. It never meets anybody
who signs in another way, and a platform's word never makes more than an agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import BridgeAlarmed, BridgeCrossed
from idp.domain.authentication import Authentication
from idp.domain.bridges import Bridge
from idp.domain.context import Context
from idp.domain.errors import BridgeRefused
from idp.domain.identifiers import AccountCode, SessionId, UserId
from idp.domain.jars import Jar
from idp.domain.roles import DEFAULT_ROLE
from idp.domain.secrets import new_identifier
from idp.services.parts import Parts
from idp.services.widget import beginning
from idp.services.widget.beginning import Beginning, Way
from idp.services.widget.given import Cookies
from idp.store import accounts, bridge_people, cookie_families, providers, sso_sessions, users
from idp.store.bridge_people import BridgePerson
from idp.store.sso_sessions import WithoutSso
from idp.store.users import User
from idp.tokens.cookie_token import CookieToken

PEOPLE_CAP = "bridge_people"
"""The cap's name in ``IDP_RATE_LIMITS``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """From where a bridge is called.

    :param jar: where the cookies go: the partitioned one for a page, the ordinary one for a server.
    :param held: the access tokens that the browser brought along, of the same account.
    """

    jar: Jar
    held: Sequence[CookieToken] = ()

    @property
    def held_there(self) -> Sequence[CookieToken]:
        """Those in the jar itself; what somebody else holds in the other one is left alone."""
        return [one for one in self.held if one.jar is self.jar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What a platform says about its agent.

    :param secret_id: of the key or secret by which it is believed.
    :param name: for display; the address, too, which is nobody's proof of anything.
    :param until: from then on the word counts no more; none for as long as any session.
    :param capped: the secret may make only so many new people an hour.
    """

    account: AccountCode
    bridge: Bridge
    secret_id: str
    platform_id: str
    name: str | None
    email: str | None = None
    until: datetime | None = None
    capped: bool = False


def check_account(session: Session, account: AccountCode) -> None:
    """Refuse an account whose people are kept out.

    :raises BridgeRefused: it is disabled, or there is none.
    """
    if not accounts.is_open(session, account):
        raise BridgeRefused("The account is unknown or disabled.")


def claim(session: Session, account: AccountCode, bridge: Bridge, platform_id: str) -> BridgePerson | None:
    """Return who came before, as the records say now, and let nobody sign them out or disable them meanwhile.

    Those who arrive as the same person wait for each other, and whoever ends all of theirs waits as well.
    """
    bridge_people.take_turns(session, account, bridge, platform_id)
    known = bridge_people.find(session, account, bridge, platform_id)
    if known is None:
        return None
    users.keep(session, UserId(known.user_id))
    # They may have been signed out or deleted while this waited.
    return bridge_people.again(session, account, bridge, platform_id)


def let_in(session: Session, vouched: Vouched, caller: Caller, *, parts: Parts, context: Context) -> Cookies:
    """Let an agent in, in the caller's transaction; whoever came before is recognised.

    The person has been claimed by :func:`claim`.

    :raises BridgeRefused: they are disabled, or sign in another way.
    """
    if _signs_in_otherwise(session, vouched):
        raise BridgeRefused("This agent signs in another way.")
    known = bridge_people.find(session, vouched.account, vouched.bridge, vouched.platform_id)
    user = _known_user(session, known) if known else _new_user(session, vouched, context)
    user.name, user.email = vouched.name or user.name, vouched.email or user.email
    user.last_sign_in_at = context.now
    session.flush()
    until = min(beginning.end_of_usual(parts, context), vouched.until or beginning.end_of_usual(parts, context))
    authentication = Authentication.bridged(vouched.bridge, context.now)
    wanted = Beginning(
        way=Way(vouched.bridge.value),
        sid=_session_of(session, user, caller, WithoutSso(authentication, context.now, until)),
        jar=caller.jar,
        replaced=caller.held_there,
        until=until,
    )
    event = BridgeCrossed(
        account=vouched.account,
        user=user.id,
        bridge=vouched.bridge,
        secret=vouched.secret_id,
        new_user=known is None,
    )
    trail.record(session, event, context)
    return beginning.begin(session, wanted, parts=parts, context=context)


def alarm(session: Session, account: AccountCode, bridge: Bridge, secret_id: str, what: str, context: Context) -> None:
    """Record that a bridge is used as nobody would who means well."""
    event = BridgeAlarmed(account=account, bridge=bridge, secret=secret_id, alarm=what, outcome="alarm")
    trail.record(session, event, context)


def is_over_cap(session: Session, vouched: Vouched, *, parts: Parts, context: Context) -> bool:
    """Say whether somebody new would be one too many for the key within the hour."""
    if not vouched.capped or bridge_people.find(session, vouched.account, vouched.bridge, vouched.platform_id):
        return False
    cap = parts.settings.cap(PEOPLE_CAP)
    return bridge_people.made_since(session, vouched.secret_id, since=context.now - cap.within) >= cap.most


def _known_user(session: Session, known: BridgePerson) -> User:
    user = users.get(session, UserId(known.user_id))
    if user is None or not user.enabled:
        raise BridgeRefused("This agent may not sign in. Their manager can say why.")
    return user


def _new_user(session: Session, vouched: Vouched, context: Context) -> User:
    account = accounts.find(session, vouched.account)
    if account is None or account.trial:
        raise BridgeRefused("The account is on trial and does not know this agent.")
    user = User(
        id=new_identifier(),
        account_code=vouched.account,
        roles=[DEFAULT_ROLE],
        enabled=True,
        email_held=False,
        email_vouched=False,
        created_at=context.now,
    )
    session.add(user)
    session.flush()
    person = BridgePerson(
        account_code=vouched.account,
        bridge=vouched.bridge,
        platform_id=vouched.platform_id,
        user_id=user.id,
        made_with=vouched.secret_id,
        created_at=context.now,
    )
    session.add(person)
    session.flush()
    return user


def _signs_in_otherwise(session: Session, vouched: Vouched) -> bool:
    """Say whether a person outside the bridges holds the id, be it since after the agent came first."""
    return users.with_platform_id(
        session, vouched.account, vouched.platform_id
    ) is not None or providers.has_platform_user(session, vouched.account, vouched.platform_id)


def _session_of(session: Session, user: User, caller: Caller, beginning: WithoutSso) -> SessionId:
    """Return the session that goes on in this browser, or a new one. It has no SSO cookie, so it opens nothing else."""
    for one in caller.held_there:
        family = cookie_families.peek(session, one.family_id)
        if family is not None and family.person.user_id == user.id:
            sso_sessions.prolong(session, family.sid, beginning)
            return family.sid
    sid = SessionId(new_identifier())
    sso_sessions.add_without_sso(
        session, sid, beginning, user_id=UserId(user.id), account=AccountCode(user.account_code)
    )
    return sid
