"""The one place that ends what people have open: sessions, tokens, and what services keep of their own.

Each function runs in the caller's transaction: the rows end, and the outbox
holds what the services are told, or neither. To delete a person, end all of
theirs first: afterwards nobody knows any more who has to be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import SignedOut, UserSignedOut
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode, ClientId, SessionId, UserId
from idp.store import authorization_codes, bridge_people, endings, mail_proofs, outbox, users
from idp.store.endings import OpenSession, Reach, Reached
from idp.store.outbox import OutboxKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A service that was reached, and how it is told.

    :param item: of the outbox; none where the service has no address at which it could hear.
    """

    client_id: ClientId
    client_name: str
    item: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What an ending ended.

    :param told: once a service and session, by the service's name.
    """

    sessions: Sequence[OpenSession]
    told: Sequence[Told]


def end_sessions(session: Session, sids: Sequence[SessionId], *, context: Context) -> Ended:
    """End sessions and what hangs on them; tokens that outlive a session stay (CONTRACT §6 rule 14).

    Those that ended before are passed over.
    """
    ended = _end(session, endings.of_sessions(sids), context) if sids else Ended(sessions=(), told=())
    for one in ended.sessions:
        trail.record(session, SignedOut(account=one.account, user=one.user_id, sid=one.sid), context)
    return ended


def end_all_of_user(session: Session, user_id: UserId, *, context: Context) -> Ended:
    """End all that a person has open in every browser and at every service, also what outlives a session.

    What they were mailed can be used no more.

    Whoever lets the person in at the moment (a bridge) holds their row: they are waited for, and what they began ends.
    """
    users.keep(session, user_id)
    ended = _end(session, endings.of_user(user_id), context)
    mail_proofs.void(session, user_id, now=context.now)
    # Also where nothing was open: what the platform signed before is not to open it again.
    bridge_people.refuse_older(session, [user_id], now=context.now)
    user = users.get(session, user_id)
    if user is not None:
        event = UserSignedOut(account=user.account_code, user=user_id, sessions=len(ended.sessions))
        trail.record(session, event, context)
    return ended


def end_all_of_account(session: Session, account: AccountCode, *, context: Context) -> Ended:
    """End all that an account's people have open, and what staff have at its clients."""
    ended = _end(session, endings.of_account(account), context)
    bridge_people.refuse_older_of_account(session, account, now=context.now)
    return ended


def end_user_at(session: Session, user_id: UserId, account: AccountCode | None, *, context: Context) -> Ended:
    """End what a staff member has at the clients of one account, or of every account but staff's own.

    Their session stays.
    """
    return _end(session, endings.at_account(user_id, account), context)


def end_at_client(session: Session, user_id: UserId, client_id: ClientId, *, context: Context) -> Ended:
    """End what a person has at one client, codes on their way included. Their session stays."""
    # First: whoever redeems a code at the moment is waited for, and what they began is then seen.
    authorization_codes.forget_unspent(session, user_id, client_id)
    return _end(session, endings.at_client(user_id, client_id), context)


def _end(session: Session, reach: Reach, context: Context) -> Ended:
    taken = endings.take(session, reach)
    reached = endings.reached(session, reach)
    endings.end(session, reach, now=context.now)
    bridge_people.refuse_older(session, [one.user_id for one in taken], now=context.now)
    return Ended(sessions=taken, told=_tell(session, reached, context))


def _tell(session: Session, reached: Sequence[Reached], context: Context) -> Sequence[Told]:
    hearing = [one for one in reached if one.hears]
    items = outbox.enqueue_all(
        session,
        OutboxKind.BACKCHANNEL_LOGOUT,
        [({"client_id": one.client_id, "sub": one.user_id, "sid": one.sid}, one.account) for one in hearing],
        now=context.now,
    )
    item_of = dict(zip(((one.client_id, one.sid) for one in hearing), items, strict=True))
    return [
        Told(client_id=one.client_id, client_name=one.client_name, item=item_of.get((one.client_id, one.sid)))
        for one in reached
    ]
