"""What nobody needs any more, table by table, and its removal in small portions.

The rows to remove are looked for without a lock and removed by their keys, with the condition asked again:
a long search keeps no writer of SQLite waiting, and a row that came to be needed meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from idp.store.access_requests import AccessRequest, RequestKind, RequestStatus
from idp.store.authorization_codes import AuthorizationCode
from idp.store.clients import ClientSecret
from idp.store.counters import Counter
from idp.store.db import Base
from idp.store.exchange_tokens import ExchangeToken
from idp.store.handoffs import Handoff
from idp.store.mail_proofs import MailProof
from idp.store.outbox import OutboxItem
from idp.store.parked_requests import ParkedRequest
from idp.store.platform_jwts import PlatformJwt
from idp.store.pushed_requests import PushedRequest
from idp.store.revoked_tokens import RevokedToken
from idp.store.sign_in_attempts import SignInAttempt
from idp.store.sign_outs import SignOut
from idp.store.sso_sessions import SsoSession
from idp.store.token_families import TokenFamily
from idp.store.used_assertions import UsedAssertion

DAY = timedelta(days=1)
DELIVERED_KEPT = 7 * DAY
SESSION_KEPT = 30 * DAY
PROOF_KEPT = 30 * DAY
REQUEST_KEPT = 180 * DAY

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """When it is, and how long an access token lives at most."""

    now: datetime
    access_token: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """When the rows of one table can go."""

    table: type[Base]
    gone: Callable[[Horizon], ColumnElement[bool]]

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.table.__tablename__)


def _a_day_after_expiry(table: Any) -> Expiry:
    return Expiry(table=table, gone=lambda at: table.expires_at <= at.now - DAY)


def _families(at: Horizon) -> ColumnElement[bool]:
    """Those that give nothing any more and whose last access token has expired, and a day more.

    Until then a copied refresh token is recognised as one, and a token that was revoked with its family
    is known to have been.
    """
    until = at.now - at.access_token - DAY
    without_refresh = and_(TokenFamily.refresh_expires_at.is_(None), TokenFamily.created_at <= until)
    return or_(TokenFamily.revoked_at <= until, TokenFamily.refresh_expires_at <= until, without_refresh)


def _sessions(at: Horizon) -> ColumnElement[bool]:
    """Those that ended or expired a month ago; with a session its families would go, so it outlives them.

    An offline family does outlive its session, and then keeps the row.
    """
    until = at.now - SESSION_KEPT
    needed = exists().where(TokenFamily.sid == SsoSession.sid)
    return and_(or_(SsoSession.ended_at <= until, SsoSession.expires_at <= until), ~needed)


def _requests(at: Horizon) -> ColumnElement[bool]:
    """Those for access that were settled half a year ago; what was decided about a sign-in counts on."""
    settled = func.coalesce(AccessRequest.decided_at, AccessRequest.expires_at)
    return and_(
        AccessRequest.kind == RequestKind.ACCESS,
        AccessRequest.status != RequestStatus.PENDING,
        settled <= at.now - REQUEST_KEPT,
    )


EXPIRIES: tuple[Expiry, ...] = (
    # A used code is known as used for a day, so that a second use still ends what the first gave.
    _a_day_after_expiry(AuthorizationCode),
    _a_day_after_expiry(ParkedRequest),
    _a_day_after_expiry(SignInAttempt),
    # A pushed request is answered when its person is done, up to an hour after it expired for its client.
    _a_day_after_expiry(PushedRequest),
    # The expiry is that of the assertion or token itself; a day is more than clocks differ.
    _a_day_after_expiry(UsedAssertion),
    _a_day_after_expiry(RevokedToken),
    _a_day_after_expiry(SignOut),
    _a_day_after_expiry(PlatformJwt),
    _a_day_after_expiry(ExchangeToken),
    _a_day_after_expiry(Handoff),
    _a_day_after_expiry(Counter),
    # Until then a link that is too old still says whose it was, so that another one can be sent.
    Expiry(table=MailProof, gone=lambda at: MailProof.expires_at <= at.now - PROOF_KEPT),
    # Those that another replaced; the present one does not expire.
    _a_day_after_expiry(ClientSecret),
    # Dead letters stay until somebody decides.
    Expiry(table=OutboxItem, gone=lambda at: OutboxItem.done_at <= at.now - DELIVERED_KEPT),
    Expiry(table=TokenFamily, gone=_families),
    Expiry(table=AccessRequest, gone=_requests),
    # After the families, which keep them.
    Expiry(table=SsoSession, gone=_sessions),
)


def find(session: Session, expiry: Expiry, at: Horizon, *, most: int) -> Sequence[Key]:
    """Return the keys of rows that can go."""
    query = select(*expiry.table.__table__.primary_key).where(expiry.gone(at)).limit(most)
    return [tuple(row) for row in session.execute(query)]


def remove(session: Session, expiry: Expiry, at: Horizon, keys: Sequence[Key]) -> int:
    """Remove those of the rows that still can go; returns how many."""
    columns = list(expiry.table.__table__.primary_key)
    among = columns[0].in_([key[0] for key in keys]) if len(columns) == 1 else tuple_(*columns).in_(keys)
    removed = delete(expiry.table).where(among, expiry.gone(at)).returning(*columns)
    return len(session.execute(removed.execution_options(synchronize_session=False)).all())
