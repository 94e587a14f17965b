"""Deciding a request for access: the person is made and a link is mailed, or a kind sentence is.

Within a caller's transaction. What is mailed waits some seconds, so that a slip can be taken back before anybody
has read of it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import AccessDecided
from idp.domain.addresses import Address
from idp.domain.context import Context
from idp.domain.errors import DecisionTooLate, Invalid
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.mail_sign_in import MagicLinks, may_enter
from idp.domain.new_user import NewUser
from idp.domain.roles import GROUPS, Role
from idp.mails.kinds import AccessApproved, AccessDenied, MailKind
from idp.services.mailing import notices, proofs
from idp.services.mailing.post import post
from idp.services.mailing.proofs import Addressee, Drawn, Terms
from idp.services.parts import Parts
from idp.services.people import users as people
from idp.services.sign_in import magic_link
from idp.store import access_requests, accounts, outbox, upstream_identities, users
from idp.store.access_requests import AccessRequest, RequestStatus
from idp.store.mail_proofs import Purpose, Window
from idp.store.users import User


def approve(
    session: Session, row: AccessRequest, role: Role, *, due_at: datetime, parts: Parts, context: Context
) -> None:
    """Let somebody in: make them a user, unless somebody did meanwhile, and mail them a link.

    A request that was denied or has expired can be approved after all.

    :param role: what they become; somebody who is a user already keeps their roles.
    :raises DecisionTooLate: it was approved before.
    :raises Invalid: mail lets nobody into the account, or not this person, or the address is of a staff domain.
    """
    if row.status == RequestStatus.APPROVED:
        raise DecisionTooLate(f"access request {row.id} was decided already")
    user = users.holder_of_address(session, AccountCode(row.account_code), row.email_canonical or "")
    _refuse_dead_ends(session, row, user, parts)
    row.user_made = user is None
    if user is None:
        user = _made(session, row, role, context)
    row.user_id = user.id
    if row.mail_id is not None:
        # Of an earlier decision, which the asker need not read any more.
        outbox.withdraw(session, row.mail_id, now=context.now)
    row.mail_id = _link(session, row, user, due_at, parts, context)
    if row.user_made:
        _tell_of(session, row, user, due_at, parts, context)
    _decide(session, row, RequestStatus.APPROVED, Role(user.roles[0]), None, context)
    _settle_another(session, row, context)


def deny(
    session: Session, row: AccessRequest, reason: str | None, *, due_at: datetime, parts: Parts, context: Context
) -> None:
    """Say no, kindly.

    :raises DecisionTooLate: it was decided before, or has expired.
    """
    if row.status != RequestStatus.PENDING:
        raise DecisionTooLate(f"access request {row.id} was decided already")
    if users.holder_of_address(session, AccountCode(row.account_code), row.email_canonical or "") is not None:
        raise Invalid(f"{row.email} is a user meanwhile; end their access with: idp users disable")
    mail = AccessDenied(account_name=_account_name(session, row), reason=reason or "")
    row.mail_id = _post(session, row, mail, due_at, parts, context)
    _decide(session, row, RequestStatus.DENIED, None, reason, context)


def take_back(session: Session, row: AccessRequest, *, context: Context) -> None:
    """Undo a decision of which nobody has read yet; a user that it made goes.

    The caller holds the user, who cannot sign in meanwhile.

    :raises DecisionTooLate: its mail is on its way, or that user has signed in already.
    """
    user = users.get(session, UserId(row.user_id)) if row.user_id else None
    if user is not None and row.user_made and _has_come(session, user):
        raise DecisionTooLate(f"whom access request {row.id} made has signed in already")
    if row.mail_id is None or not outbox.withdraw(session, row.mail_id, now=context.now):
        raise DecisionTooLate(f"the mail about access request {row.id} is on its way")
    outbox.withdraw_about(session, row.id, now=context.now)
    row.user_id = row.mail_id = None
    session.flush()  # else the row would go with the user
    if user is not None and row.user_made:
        people.remove(session, user, context=context)
    row.user_made = None
    _decide(session, row, RequestStatus.PENDING, None, None, context)
    row.decided_at = row.decided_by = None


def _refuse_dead_ends(session: Session, row: AccessRequest, user: User | None, parts: Parts) -> None:
    """Refuse what would mail a link that lets nobody in."""
    account = accounts.find(session, AccountCode(row.account_code))
    if account is None or not account.enabled or not magic_link.is_offered(account, parts):
        raise Invalid(
            f"mail lets nobody into account {row.account_code!r}; see: idp accounts show {row.account_code}, "
            "and --magic-link, and: idp doctor"
        )
    if user is None:
        return
    links = upstream_identities.of_user(session, UserId(user.id))
    if not may_enter(MagicLinks(account.magic_link), magic_link.holder_of(user, links)):
        raise Invalid(f"{row.email} is user {user.id} meanwhile, who is disabled or signs in at an upstream")


def _settle_another(session: Session, row: AccessRequest, context: Context) -> None:
    """Let a later request of the same address, made since this one expired, wait for nobody."""
    session.flush()
    other = access_requests.pending_for(session, AccountCode(row.account_code), row.email_canonical or "")
    if other is not None:
        other.user_id, other.user_made = row.user_id, False
        _decide(session, other, RequestStatus.APPROVED, Role(row.role) if row.role else None, None, context)


def _has_come(session: Session, user: User) -> bool:
    return user.last_sign_in_at is not None or bool(upstream_identities.of_user(session, UserId(user.id)))


def _made(session: Session, row: AccessRequest, role: Role, context: Context) -> User:
    address = Address(given=row.email, canonical=row.email_canonical or "")
    new = NewUser(address=address, name=row.name, roles=(role,))
    user = people.add(session, AccountCode(row.account_code), new, context=context)
    user.language = row.language
    session.flush()
    return user


def _tell_of(
    session: Session, row: AccessRequest, user: User, due_at: datetime, parts: Parts, context: Context
) -> None:
    """Tell the managers of somebody above agent, when the decision cannot be taken back any more."""
    notices.tell_of_raised(
        session,
        AccountCode(row.account_code),
        [notices.raised(user, ())],
        parts=parts,
        context=context,
        due_at=due_at,
        about=row.id,
    )


def _link(session: Session, row: AccessRequest, user: User, due_at: datetime, parts: Parts, context: Context) -> str:
    window = Window(
        browser_digest=row.browser_digest,
        parked_id=row.parked_id,
        after=row.after,
        service_name=row.service_name,
        language=row.language or "en",
    )
    addressee = Addressee(
        account=AccountCode(row.account_code),
        email=row.email,
        canonical=row.email_canonical or "",
        user_id=UserId(user.id),
    )
    name, group = _account_name(session, row), GROUPS[Role(user.roles[0])]

    def compose(drawn: Drawn) -> MailKind:
        return AccessApproved(
            account_name=name,
            link=drawn.link,
            code=drawn.code,
            group=group,
            service_name=row.service_name,
            lives_for=drawn.lives_for,
        )

    terms = Terms(purpose=Purpose.SIGN_IN, window=window, request_id=row.id, due_at=due_at)
    return proofs.issue(session, addressee, terms, compose, parts=parts, context=context).mail_id


def _post(
    session: Session, row: AccessRequest, mail: MailKind, due_at: datetime, parts: Parts, context: Context
) -> str:
    return post(
        session,
        mail,
        to=row.email,
        language=row.language or "en",
        account=row.account_code,
        parts=parts,
        context=context,
        due_at=due_at,
    )


def _account_name(session: Session, row: AccessRequest) -> str:
    account = accounts.find(session, AccountCode(row.account_code))
    return account.name if account else row.account_code


def _decide(
    session: Session,
    row: AccessRequest,
    status: RequestStatus,
    role: Role | None,
    reason: str | None,
    context: Context,
) -> None:
    row.status = status
    row.decided_at = context.now
    row.decided_by = context.actor.id
    row.role = role
    row.reason = reason
    event = AccessDecided(
        account=row.account_code, user=row.user_id, request=row.id, decision=status.value, role=role, reason=reason
    )
    trail.record(session, event, context)
