"""The people of an account: making them, changing what they may, ending what they have open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import Change, UserChanged
from idp.domain.context import Context
from idp.domain.errors import AlreadyExists, Invalid, NotFound
from idp.domain.identifiers import AccountCode, SessionId, UserId
from idp.domain.new_user import NewUser, parse_name
from idp.domain.roles import Role, effective
from idp.domain.secrets import new_identifier
from idp.services.mailing import notices
from idp.services.parts import Parts
from idp.services.people import care as careful
from idp.services.people import invitations
from idp.services.people.care import Care
from idp.services.people.lookup import require
from idp.services.registry import accounts
from idp.services.sessions import ending
from idp.store import providers, sessions_of_people, upstream_identities, users
from idp.store.providers import Provider
from idp.store.sessions_of_people import SessionOfUser
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A user with the links by which they are recognised, each with its provider."""

    user: User
    links: Sequence[tuple[Provider | None, UpstreamIdentityLink]]


def create(account: str, new: NewUser, *, invite: bool = False, parts: Parts, context: Context) -> User:
    """Make a user beforehand; their first sign-in claims the record. Managers are told of one above agent.

    :param invite: mail them a link that signs them in.
    :raises NotFound: there is no such account.
    :raises AlreadyExists: somebody of the account holds the address.
    :raises Invalid: the platform id is another user's, or the address is of a staff domain; or they cannot be invited.
    """
    try:
        return _create(account, new, parts, context, invite=invite)
    except IntegrityError:
        # Another operator was quicker: now it can be told what is taken.
        return _create(account, new, parts, context, invite=invite)


def _create(account: str, new: NewUser, parts: Parts, context: Context, *, invite: bool) -> User:
    with unit_of_work() as session:
        accounts.require(session, account)
        user = add(session, AccountCode(account), new, context=context)
        session.flush()
        notices.tell_of_raised(session, AccountCode(account), [notices.raised(user, ())], parts=parts, context=context)
        if invite:
            invitations.invite(session, user, parts=parts, context=context)
    return user


def add(session: Session, account: AccountCode, new: NewUser, *, context: Context) -> User:
    """Make a user within the caller's transaction.

    :raises AlreadyExists: somebody of the account holds the address.
    :raises Invalid: the platform id is another user's, or the address is of a staff domain.
    """
    if users.holder_of_address(session, account, new.address.canonical):
        raise _taken(account, new)
    if new.platform_id and users.with_platform_id(session, account, new.platform_id):
        raise Invalid(f"the platform id {new.platform_id!r} belongs to another user of {account!r}")
    accounts.refuse_staff_address(session, account, new.address)
    user = User(
        id=new_identifier(),
        account_code=account,
        email=new.address.given,
        email_canonical=new.address.canonical,
        email_held=True,
        email_vouched=False,
        platform_id=new.platform_id,
        name=new.name,
        roles=list(effective(new.roles)),
        roles_set_at=context.now,
        roles_set_by=context.actor.id,
        enabled=True,
        created_at=context.now,
    )
    session.add(user)
    settings = {"roles": user.roles, "platform_id": new.platform_id}
    _record(session, user, Change.CREATED, context, {key: value for key, value in settings.items() if value})
    return user


def list_all(account: str | None) -> Sequence[User]:
    """Return the users of one account, or all.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        if account is None:
            return users.everyone(session)
        accounts.require(session, account)
        return users.of_account(session, AccountCode(account))


def show(identifier: str, *, account: str | None) -> Shown:
    """Return one user.

    :param identifier: the user's id, or an address when ``account`` is given.
    :raises NotFound: nobody fits, or an address fits several; the sentence says what to do.
    """
    with reading() as session:
        user = require(session, identifier, account=account)
        links = upstream_identities.of_user(session, UserId(user.id))
        return Shown(user=user, links=[(providers.of_link(session, link), link) for link in links])


def set_roles(
    identifier: str,
    roles: Sequence[Role],
    *,
    account: str | None,
    care: Care | None = None,
    parts: Parts,
    context: Context,
) -> User:
    """Give a user other roles; none means agent. Tokens say so from their next renewal on.

    Whoever may do more than before is mailed, and the account's managers are told.

    :param care: what is looked at first; what that raises, :func:`idp.services.people.care.take` says.
    :raises NotFound: as for :func:`show`.
    :raises Invalid: the user's roles follow their upstream provider (CONTRACT §6 rule 7).
    """
    with unit_of_work() as session:
        user = require(session, identifier, account=account)
        careful.take(session, user, care, roles=effective(roles))
        for link in upstream_identities.of_user(session, UserId(user.id)):
            provider = providers.of_link(session, link)
            if provider is not None and provider.role_based_iam:
                raise Invalid(
                    f"the roles of this user follow {provider.display_name!r} (Role based IAM): give the role there, "
                    f"or run: idp providers update {provider.account_code} {provider.code} --no-role-based-iam"
                )
        before = user.roles
        user.roles = list(effective(roles))
        user.roles_sign_in_id = None
        user.roles_set_at = context.now
        user.roles_set_by = context.actor.id
        _record(session, user, Change.UPDATED, context, {"roles": user.roles})
        invitations.tell_of_more(session, user, before, parts=parts, context=context)
        more = notices.raised(user, before)
        notices.tell_of_raised(session, AccountCode(user.account_code), [more], parts=parts, context=context)
    return user


def set_enabled(
    identifier: str, *, enabled: bool, account: str | None, care: Care | None = None, context: Context
) -> User:
    """Let a user in, or keep them out; what they had open ends.

    :param care: as for :func:`set_roles`.
    :raises NotFound: as for :func:`show`.
    """
    with unit_of_work() as session:
        user = require(session, identifier, account=account)
        careful.take(session, user, care, roles=tuple(Role(role) for role in user.roles) if enabled else None)
        user.enabled = enabled
        if enabled:
            # From now on, not from their last sign-in, they are idle again.
            user.enabled_at = context.now
        else:
            # Enabling them again must not bring back what was open at the time.
            ending.end_all_of_user(session, UserId(user.id), context=context)
        _record(session, user, Change.ENABLED if enabled else Change.DISABLED, context, {})
    return user


def rename(identifier: str, name: str, *, account: str | None, care: Care | None = None, context: Context) -> User:
    """Give a user another name, until an upstream says one; an empty text for no name.

    :param care: as for :func:`set_roles`.
    :raises NotFound: as for :func:`show`.
    :raises Invalid: it cannot be a name.
    """
    chosen = parse_name(name)
    with unit_of_work() as session:
        user = require(session, identifier, account=account)
        careful.take(session, user, care, roles=tuple(Role(role) for role in user.roles))
        user.name = chosen
        _record(session, user, Change.UPDATED, context, {"name": chosen})
    return user


def change(
    identifier: str, *, name: str | None, enabled: bool | None, account: str, care: Care, context: Context
) -> User:
    """Rename a user, let them in or keep them out, or both at once, as :func:`rename` and :func:`set_enabled` do.

    :param name: none leaves it, an empty text takes it away.
    :param enabled: none leaves it.
    :raises NotFound: as for :func:`show`.
    :raises Invalid: it cannot be a name.
    """
    with unit_of_work() as session:
        user = require(session, identifier, account=account)
        stays = user.enabled if enabled is None else enabled
        careful.take(session, user, care, roles=tuple(Role(role) for role in user.roles) if stays else None)
        if name is not None:
            user.name = parse_name(name)
            _record(session, user, Change.UPDATED, context, {"name": user.name})
        if enabled is not None and enabled != user.enabled:
            user.enabled = enabled
            if enabled:
                user.enabled_at = context.now
            else:
                ending.end_all_of_user(session, UserId(user.id), context=context)
            _record(session, user, Change.ENABLED if enabled else Change.DISABLED, context, {})
    return user


def delete(identifier: str, *, account: str | None, care: Care | None = None, context: Context) -> User:
    """Remove a user with their links and all they have open; the audit trail stays.

    :param care: as for :func:`set_roles`.
    :raises NotFound: as for :func:`show`.
    """
    with unit_of_work() as session:
        user = require(session, identifier, account=account)
        careful.take(session, user, care, roles=None)
        remove(session, user, context=context)
    return user


def remove(session: Session, user: User, *, context: Context) -> None:
    """Remove a user within the caller's transaction, as :func:`delete` does."""
    # While it is known where they are signed in.
    ending.end_all_of_user(session, UserId(user.id), context=context)
    _record(session, user, Change.DELETED, context, {})
    users.remove(session, UserId(user.id))


def sessions(identifier: str, *, account: str | None, context: Context) -> Sequence[SessionOfUser]:
    """Return a user's sessions that nobody ended and that are not too old, the latest first.

    :raises NotFound: as for :func:`show`.
    """
    with reading() as session:
        user = require(session, identifier, account=account)
        return sessions_of_people.of_user(session, UserId(user.id), now=context.now)


def end_session(identifier: str, sid: str, *, account: str | None, context: Context) -> None:
    """End one session of a user, and all that hangs on it.

    :raises NotFound: as for :func:`show`; or it is not theirs, or ended before.
    """
    with unit_of_work() as session:
        user = require(session, identifier, account=account)
        own = {one.sid for one in sessions_of_people.of_user(session, UserId(user.id), now=context.now)}
        if sid not in own:
            raise NotFound("there is no such session")
        ending.end_sessions(session, [SessionId(sid)], context=context)


def sign_out(identifier: str, *, account: str | None, context: Context) -> int:
    """End everything that a user has open, in every browser and at every service.

    :returns: how many sessions ended.
    :raises NotFound: as for :func:`show`.
    """
    with unit_of_work() as session:
        user = require(session, identifier, account=account)
        return len(ending.end_all_of_user(session, UserId(user.id), context=context).sessions)


def _taken(account: str, new: NewUser) -> AlreadyExists:
    return AlreadyExists(
        f"somebody of {account!r} has the address {new.address.given!r} already; "
        f"see: idp users show {new.address.given} --account {account}"
    )


def _record(session: Session, user: User, change: Change, context: Context, settings: dict[str, object]) -> None:
    event = UserChanged(account=user.account_code, user=user.id, change=change, settings=settings)
    trail.record(session, event, context)
