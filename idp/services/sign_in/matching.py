"""Finding out whom an upstream identity meets in its account: the facts for ``domain.linking``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from idp.domain.addresses import Address
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import Refusal
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.linking import Holder, Match, Meeting, match
from idp.domain.roles import DEFAULT_ROLE, Role, outranks
from idp.domain.upstream_identity import UpstreamIdentity
from idp.services.parts import Parts
from idp.store import access_requests, accounts, providers, sso_sessions, upstream_identities, users
from idp.store.access_requests import RequestStatus
from idp.store.accounts import Account
from idp.store.providers import Provider
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """Whom an upstream identity met.

    :param match: how they were recognised, or why that cannot be told.
    :param user: the user that they are; none for somebody new and where it cannot be told.
    :param holder: who holds the address that came along; possibly the user, possibly nobody.
    :param staff_address: the address is of a staff domain, and the account is a customer's.
    """

    account: Account | None
    match: Match | Refusal
    user: User | None
    holder: User | None
    staff_address: bool


def meet(
    session: Session,
    provider: Provider,
    identity: UpstreamIdentity,
    address: Address | None,
    *,
    cookies: Collection[str],
    parts: Parts,
    context: Context,
) -> Met:
    """Look up whom the identity meets, and decide who it is.

    :param cookies: the SSO cookies that the browser brought: who is signed in there already.
    """
    code = AccountCode(provider.account_code)
    account = accounts.find(session, code)
    # The address first: should the same person arrive elsewhere between the two looks, the second finds
    # them known, and not their own address taken by a stranger.
    holder = users.holder_of_address(session, code, address.canonical) if address else None
    known = _known_user(session, provider, identity)
    awaited = None if known else _awaited_user(session, code, identity)
    meeting = Meeting(
        known=known is not None,
        awaited=awaited is not None,
        holder=None if holder is None else _holder(session, holder, cookies, parts, context),
        vouched=identity.email_vouched,
        denied=holder is not None and _was_denied(session, provider, identity, holder),
        link_by_email=account is not None and account.link_by_email,
    )
    found = match(meeting)
    return Met(
        account=account,
        match=found,
        user=known or awaited or (holder if found in {Match.CLAIMED, Match.LINKED} else None),
        holder=holder,
        staff_address=_is_staff_address(session, code, address),
    )


def is_still_awaited(session: Session, met: Met) -> bool:
    """Say whether a user made beforehand is still nobody's, and keep it so until the transaction is over.

    Of two people who arrive as the same user at the same moment, one is let in; the other meets a user with
    other sign-ins, and everything is decided anew.
    """
    if met.user is None or met.match not in {Match.AWAITED, Match.CLAIMED}:
        return True
    users.hold(session, met.user)
    return not _has_signed_in(session, met.user)


def _known_user(session: Session, provider: Provider, identity: UpstreamIdentity) -> User | None:
    link = upstream_identities.find(
        session, providers.id_of(provider), issuer=identity.issuer, subject=identity.subject
    )
    return None if link is None else users.get(session, UserId(link.user_id))


def _awaited_user(session: Session, account: AccountCode, identity: UpstreamIdentity) -> User | None:
    """Return the user whom an operator made with this id of the platform, as long as nobody signed in as them."""
    if identity.platform_user_id is None:
        return None
    user = users.with_platform_id(session, account, identity.platform_user_id)
    return None if user is None or _has_signed_in(session, user) else user


def _has_signed_in(session: Session, user: User) -> bool:
    return user.last_sign_in_at is not None or bool(upstream_identities.of_user(session, UserId(user.id)))


def _holder(session: Session, holder: User, cookies: Collection[str], parts: Parts, context: Context) -> Holder:
    idle = parts.settings.lifetime("session_idle")
    present = sso_sessions.live(session, cookies, now=context.now, idle=idle) if cookies else []
    return Holder(
        has_signed_in=_has_signed_in(session, holder),
        above_agent=any(outranks(Role(role), DEFAULT_ROLE) for role in holder.roles),
        is_here=any(one.user_id == holder.id for one in present),
    )


def _was_denied(session: Session, provider: Provider, identity: UpstreamIdentity, holder: User) -> bool:
    found = access_requests.of_collision(
        session,
        providers.id_of(provider),
        issuer=identity.issuer,
        subject=identity.subject,
        user_id=UserId(holder.id),
    )
    return found is not None and found.status == RequestStatus.DENIED


def _is_staff_address(session: Session, account: AccountCode, address: Address | None) -> bool:
    if address is None or account == STAFF_ACCOUNT:
        return False
    return address.domain in providers.hosted_domains_of(session, AccountCode(STAFF_ACCOUNT))
