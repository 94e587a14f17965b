"""Keeping a user's record up to what their upstream says, at every sign-in."""

from __future__ import annotations

from sqlalchemy.orm import Session

from idp.domain.addresses import Address
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.secrets import new_identifier
from idp.domain.upstream_identity import UpstreamIdentity
from idp.store import upstream_identities, users
from idp.store.providers import Provider
from idp.store.users import MAX_LOCALE_LENGTH, User


def new_user(session: Session, provider: Provider, context: Context) -> User:
    """Make the user for somebody whom nobody knew."""
    user = User(
        id=new_identifier(),
        account_code=provider.account_code,
        roles=[],
        enabled=True,
        email_held=False,
        email_vouched=False,
        created_at=context.now,
    )
    session.add(user)
    session.flush()
    return user


def refresh(
    session: Session,
    user: User,
    identity: UpstreamIdentity,
    address: Address | None,
    holder: User | None,
    context: Context,
) -> None:
    """Bring the user's record up to what the upstream says now.

    :param holder: who held the address when admission was decided. Should somebody have taken it since,
        the unique index refuses, and everything is decided anew.
    """
    user.name = identity.name or user.name
    user.given_name = identity.given_name
    user.family_name = identity.family_name
    user.locale = identity.locale if len(identity.locale or "") <= MAX_LOCALE_LENGTH else None
    user.last_sign_in_at = context.now
    _set_address(user, address, vouched=identity.email_vouched, of_another=holder not in (None, user))
    _set_platform_id(session, user, identity)
    for link in upstream_identities.of_user(session, UserId(user.id)):
        if (link.issuer, link.subject) == (identity.issuer, identity.subject):
            link.last_seen_at = context.now
    session.flush()


def _set_address(user: User, address: Address | None, *, vouched: bool, of_another: bool) -> None:
    """Take the address over: as theirs when it is vouched for and nobody else's, otherwise for display.

    An address that an operator gave, or that our own mail proved, stays until somebody vouches for another. One that
    was only vouched for stays theirs while it is repeated, vouched for or not, and is let go once the upstream says
    another: it may be somebody else's by now.
    """
    if address is None:
        # It stays theirs, but nobody vouches for it any more.
        user.email_vouched = False
        return
    is_ours = user.email_held and (user.email_proved or not user.email_vouched)
    if is_ours and (of_another or not vouched):
        user.email_vouched = user.email_vouched and user.email_canonical != address.canonical
        return
    user.email_proved = user.email_proved and user.email_canonical == address.canonical
    held_before = user.email_held and user.email_canonical == address.canonical
    user.email = address.given
    user.email_canonical = address.canonical
    user.email_vouched = vouched and not of_another
    user.email_held = user.email_vouched or held_before


def _set_platform_id(session: Session, user: User, identity: UpstreamIdentity) -> None:
    """Note the person's id on their platform, unless they have one, or another user does."""
    if identity.platform_user_id is None or user.platform_id is not None:
        return
    if users.with_platform_id(session, AccountCode(user.account_code), identity.platform_user_id) is None:
        user.platform_id = identity.platform_user_id
