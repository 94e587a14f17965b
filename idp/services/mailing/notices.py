"""What an account's managers are told of, so that nobody does it unseen (CONTRACT §6 rule 11, its last sentence).

Within the transaction of what was done: the one stands if and only if the other does. Whoever did it is told as well
where they are a manager, since it may have been somebody else in their name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from idp.domain.addresses import parse_mailable
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import ActorKind, Context
from idp.domain.identifiers import AccountCode, ClientId, UserId
from idp.domain.roles import GROUPS, Role, highest_first, permissions_of
from idp.mails.kinds import Asked, By, Happened, ManagersTold
from idp.services.mailing import recipients
from idp.services.mailing.post import post
from idp.services.parts import Parts
from idp.store import accounts, audit_events, clients, users
from idp.store.users import User

MOST_NAMED: Final = 20
"""So many people one mail names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What happened; a mail of it says besides who did it, when and from where.

    :param thing: what is new, by its name or id; never a secret.
    :param replaces: the id of what it takes the place of.
    :param raised: who may do more than before.
    :param group: as what staff came in.
    :param service_name: where staff came in; none for the management pages.
    """

    what: Happened
    thing: str = ""
    replaces: str = ""
    raised: Sequence[Raised] = ()
    group: str = ""
    service_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """Somebody who may do more than before.

    :param role: the highest that they were given.
    :param manages_newly: they were no manager until then: the account's managers are told about them.
    """

    user: User = field(repr=False)
    role: Role
    manages_newly: bool


def tell_managers(
    session: Session,
    account: AccountCode,
    notice: Notice,
    *,
    parts: Parts,
    context: Context,
    due_at: datetime | None = None,
    about: str | None = None,
) -> None:
    """Mail an account's managers, each in their language; nobody where the provider sends no mail.

    :param due_at: not before; none for at once.
    :param about: by which :func:`idp.store.outbox.withdraw_about` finds the mails until they are due.
    """
    if not parts.settings.can_mail:
        return
    newly = {raised.user.id for raised in notice.raised if raised.manages_newly}
    told = [user for user in recipients.managers(session, account) if user.id not in newly]
    mailable = [user for user in told if parse_mailable(user.email or "")]
    if not mailable:
        return
    mail = _mail(session, account, notice, context)
    for manager in mailable:
        post(
            session,
            mail,
            to=manager.email or "",
            language=recipients.language_of(manager),
            account=account,
            parts=parts,
            context=context,
            due_at=due_at,
            about=about,
        )


def raised(user: User, before: Sequence[str]) -> Raised | None:
    """Say whether somebody has a role by which they may do more than with those they had; agents never do.

    :param before: the roles until then; none for somebody new.
    """
    could = set(permissions_of(highest_first(Role(role) for role in before)))
    gained = [
        role
        for role in highest_first(Role(role) for role in user.roles)
        if role not in before and not could.issuperset(permissions_of((role,)))
    ]
    if not gained:
        return None
    manages_newly = Role.MANAGER in user.roles and Role.MANAGER not in before
    return Raised(user=user, role=gained[0], manages_newly=manages_newly)


def tell_of_raised(
    session: Session,
    account: AccountCode,
    people: Sequence[Raised | None],
    *,
    parts: Parts,
    context: Context,
    due_at: datetime | None = None,
    about: str | None = None,
) -> None:
    """Tell the managers who may do more; of several in one mail, of nobody in none.

    :param people: none for those who may not.
    """
    found = [one for one in people if one is not None]
    if not found:
        return
    session.flush()  # who manages is asked of the database
    what = Happened.ROLE if len(found) == 1 else Happened.ROLES
    notice = Notice(what=what, raised=found)
    tell_managers(session, account, notice, parts=parts, context=context, due_at=due_at, about=about)


def tell_of_staff(
    session: Session,
    account: AccountCode,
    staff: UserId,
    roles: Sequence[Role],
    service_name: str | None,
    *,
    parts: Parts,
    context: Context,
) -> None:
    """Tell the managers that a staff member came in, unless they were there before; to be asked before it is on record.

    The trail says whether they were: it outlives their sessions and the entries that hang on those. Of several
    entries at once one is the first, since each waits for the staff member's row.

    :param service_name: at which they came in; none for the management pages.
    """
    users.keep(session, staff)
    found = accounts.find(session, account)
    if found is None or audit_events.has_entered(session, staff, account, since=found.created_at):
        return
    notice = Notice(what=Happened.STAFF_ENTRY, group=_group(roles[0]), service_name=service_name)
    tell_managers(session, account, notice, parts=parts, context=context)


def _mail(session: Session, account: AccountCode, notice: Notice, context: Context) -> ManagersTold:
    found = accounts.find(session, account)
    by, name, address = _who_did_it(session, context)
    one = notice.raised[0] if len(notice.raised) == 1 else None
    named = [] if one else notice.raised[:MOST_NAMED]
    return ManagersTold(
        account_name=found.name if found else account,
        what=notice.what,
        thing=notice.thing,
        replaces=notice.replaces,
        person=_named(one.user) if one else "",
        person_address=_address_of(one.user) if one else "",
        group=_group(one.role) if one else notice.group,
        people=tuple(f"{_address_of(each.user) or each.user.id} ({_group(each.role)})" for each in named),
        more=0 if one else len(notice.raised) - len(named),
        service_name=notice.service_name,
        by=by,
        by_name=name,
        by_address=address,
        asked=Asked(at=context.now, network=context.network),
    )


def _who_did_it(session: Session, context: Context) -> tuple[By, str, str]:
    """Return what kind of somebody acts, with name and address as far as they are to be told."""
    actor = context.actor
    if actor.kind is ActorKind.OPERATOR:
        return By.OPERATORS, "", ""
    if actor.kind is ActorKind.CLIENT and actor.id:
        client = clients.find(session, ClientId(actor.id))
        return By.SERVICE, client.client_name if client else actor.id, ""
    user = users.get(session, UserId(actor.id)) if actor.kind is ActorKind.USER and actor.id else None
    if user is None:
        return By.NOBODY, "", ""
    if user.account_code == STAFF_ACCOUNT:
        return By.STAFF, _named(user), "" if user.name else _address_of(user)
    return By.PERSON, _named(user), _address_of(user)


def _named(user: User) -> str:
    """Return somebody's name; where neither that nor their address is known, their id."""
    return user.name or ("" if _address_of(user) else user.id)


def _address_of(user: User) -> str:
    """Return somebody's address, unless it is for display only: it may be another's."""
    return (user.email or "") if user.email_held else ""


def _group(role: Role) -> str:
    return GROUPS[role]
