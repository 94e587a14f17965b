"""What people allowed clients that are not Deepdesk's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import ClientId, UserId
from idp.store.db import Base
from idp.store.inserting import insert_unless_there


class Consent(Base):
    """One person's consent to one client: scope, and claims that were asked for beyond it."""

    __tablename__ = "consents"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True, index=True
    )
    scope: Mapped[str] = mapped_column(String(1000))
    claims: Mapped[list[str]]
    granted_at: Mapped[datetime]


def find(session: Session, user_id: UserId, client_id: ClientId) -> Consent | None:
    """Return what the person allowed the client, if anything."""
    return session.get(Consent, (user_id, client_id))


def of_user(session: Session, user_id: UserId) -> Sequence[Consent]:
    """Return all that a person allowed, the latest first."""
    return session.scalars(
        select(Consent).where(Consent.user_id == user_id).order_by(Consent.granted_at.desc(), Consent.client_id)
    ).all()


def keep(
    session: Session,
    user_id: UserId,
    client_id: ClientId,
    *,
    scope: Iterable[str],
    claims: Iterable[str],
    now: datetime,
) -> None:
    """Remember what is allowed, beside what was allowed before; racing callers all succeed.

    :param scope: words of the scope, at least one.
    """
    words, names = list(dict.fromkeys(scope)), list(dict.fromkeys(claims))
    first = {"user_id": user_id, "client_id": client_id, "scope": " ".join(words), "claims": names, "granted_at": now}
    if insert_unless_there(session, Consent, first):
        return
    row = session.get_one(Consent, (user_id, client_id), with_for_update=True)
    row.scope = " ".join(dict.fromkeys([*row.scope.split(" "), *words]))
    row.claims = list(dict.fromkeys([*row.claims, *names]))
    row.granted_at = now


def withdraw(session: Session, user_id: UserId, client_id: ClientId) -> bool:
    """Forget what was allowed; true when there was something."""
    gone = session.scalar(
        delete(Consent)
        .where(Consent.user_id == user_id, Consent.client_id == client_id)
        .returning(Consent.client_id)
        .execution_options(synchronize_session=False)
    )
    return gone is not None
