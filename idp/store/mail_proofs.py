"""Mails by which somebody proves that they read an address: links and codes, each good for one use.

The link is signed and names the row; the code is kept as a tag (HMAC) under a key that is not in the database.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import AccountCode, SessionId, UserId
from idp.domain.secrets import digest
from idp.store.db import Base

MAX_SERVICE_NAME = 200


class Purpose(StrEnum):
    """What using it does."""

    SIGN_IN = "sign_in"
    ACCESS = "access"
    """It asks the account's managers for access."""
    STEP_UP = "step_up"
    """It proves anew who the person of a session is."""
    NOTHING = "nothing"
    """Nobody was mailed anything that could be used: the window that asked cannot tell."""


ASKED = (Purpose.SIGN_IN, Purpose.ACCESS)
"""What a mail is for that anybody can ask for."""


class MailProof(Base):
    """One mail. ``browser_digest`` is the browser that asked, by its bond; none where nobody asked in a browser.

    ``email`` is what was typed. ``used_here`` says that it was used in the browser that asked, where no other use may
    show.
    """

    __tablename__ = "mail_proofs"
    __table_args__ = (Index("ix_mail_proofs_account_code_email_canonical", "account_code", "email_canonical"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.code", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    email_canonical: Mapped[str] = mapped_column(String(254))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    sid: Mapped[str | None] = mapped_column(ForeignKey("sso_sessions.sid", ondelete="CASCADE"), index=True)
    request_id: Mapped[str | None] = mapped_column(ForeignKey("access_requests.id", ondelete="CASCADE"), index=True)
    browser_digest: Mapped[str | None] = mapped_column(String(64))
    parked_id: Mapped[str | None] = mapped_column(String(32))
    after: Mapped[str | None] = mapped_column(String(2048))
    service_name: Mapped[str | None] = mapped_column(String(MAX_SERVICE_NAME))
    language: Mapped[str] = mapped_column(String(35))
    network: Mapped[str | None] = mapped_column(String(64))
    code_tag: Mapped[str] = mapped_column(String(64))
    tries: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    used_here: Mapped[bool | None]

    def is_of(self, browser: str) -> bool:
        """Say whether a browser, by its bond, is the one that asked."""
        return bool(browser) and self.browser_digest == digest(browser)

    def is_live(self, *, now: datetime) -> bool:
        """Say whether it can still be used."""
        return self.used_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where a mail was asked for, and what waits there.

    :param browser_digest: of its bond; none where nobody asked in a browser.
    :param parked_id: the authorization request that waits, or none.
    :param after: the path of ours that wanted somebody to sign in, or none.
    :param service_name: of the waiting service.
    :param language: which that window speaks.
    """

    browser_digest: str | None = None
    parked_id: str | None = None
    after: str | None = None
    service_name: str | None = None
    language: str = "en"

    def columns(self) -> dict[str, Any]:
        """Return the values by column."""
        return {
            "browser_digest": self.browser_digest,
            "parked_id": self.parked_id,
            "after": self.after,
            "service_name": self.service_name,
            "language": self.language,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A mail that is about to be sent."""

    id: str
    purpose: Purpose
    account: AccountCode
    email: str
    email_canonical: str
    window: Window
    network: str | None
    code_tag: str = field(repr=False)
    expires_at: datetime
    user_id: UserId | None = None
    sid: SessionId | None = None
    request_id: str | None = None


def add(session: Session, sent: Sent, *, now: datetime) -> None:
    """Remember a mail."""
    session.execute(
        insert(MailProof).values(
            id=sent.id,
            purpose=sent.purpose,
            account_code=sent.account,
            email=sent.email,
            email_canonical=sent.email_canonical,
            user_id=sent.user_id,
            sid=sent.sid,
            request_id=sent.request_id,
            network=sent.network,
            code_tag=sent.code_tag,
            tries=0,
            created_at=now,
            expires_at=sent.expires_at,
            **sent.window.columns(),
        )
    )


def get(session: Session, proof_id: str) -> MailProof | None:
    """Return a mail's row, whatever became of it."""
    return session.get(MailProof, proof_id)


def live(
    session: Session, account: AccountCode, canonical: str, *, now: datetime, among: Collection[Purpose] = ASKED
) -> int:
    """Return how many mails for an address can be used at the moment.

    :param among: for what; unless it is said, what anybody can ask for.
    """
    query = select(func.count()).where(
        MailProof.account_code == account,
        MailProof.email_canonical == canonical,
        MailProof.purpose.in_(among),
        MailProof.used_at.is_(None),
        MailProof.expires_at > now,
    )
    return session.scalar(query) or 0


def use(session: Session, proof_id: str, purpose: Purpose, *, here: bool, now: datetime) -> MailProof | None:
    """Spend a mail; of concurrent callers exactly one gets it.

    :param here: in the browser that asked.
    """
    return session.scalar(
        update(MailProof)
        .where(
            MailProof.id == proof_id,
            MailProof.purpose == purpose,
            MailProof.used_at.is_(None),
            MailProof.expires_at > now,
        )
        .values(used_at=now, used_here=here)
        .returning(MailProof)
        .execution_options(populate_existing=True, synchronize_session=False)
    )


def of_same_window(session: Session, proof: MailProof) -> Sequence[str]:
    """Return the mails for one address and purpose that were asked for in one window, by their ids, in their order."""
    asked = (Purpose.STEP_UP,) if proof.purpose == Purpose.STEP_UP else (*ASKED, Purpose.NOTHING)
    query = select(MailProof.id).where(
        MailProof.account_code == proof.account_code,
        MailProof.email_canonical == proof.email_canonical,
        MailProof.browser_digest == proof.browser_digest,
        MailProof.purpose.in_(asked),
    )
    return session.scalars(query.order_by(MailProof.id)).all()


def addressees(session: Session, proof_ids: Collection[str]) -> Sequence[UserId]:
    """Return the users to whom mails went, each once, in their order."""
    query = select(MailProof.user_id).where(MailProof.id.in_(proof_ids), MailProof.user_id.is_not(None))
    return [UserId(user_id) for user_id in session.scalars(query.distinct().order_by(MailProof.user_id)) if user_id]


def take_a_try(session: Session, proof_ids: Collection[str], *, most: int, now: datetime) -> Sequence[MailProof]:
    """Count a code that was typed, for each mail that may be meant.

    One that was used is counted like any other: whoever types cannot tell by that whether it was.

    :returns: those of which there were not as many as may be, until they are too old; none where none is left.
    """
    taken = session.scalars(
        update(MailProof)
        .where(
            MailProof.id.in_(proof_ids),
            MailProof.tries < most,
            MailProof.expires_at > now,
        )
        .values(tries=MailProof.tries + 1)
        .returning(MailProof)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return taken.all()


def void(session: Session, user_id: UserId, *, now: datetime) -> None:
    """Let no mail that a person has got be used any more; whoever asked for one cannot tell."""
    session.execute(
        update(MailProof)
        .where(MailProof.user_id == user_id, MailProof.used_at.is_(None), MailProof.expires_at > now)
        .values(used_at=now, used_here=False)
        .execution_options(synchronize_session=False)
    )


def note_request(session: Session, proof_id: str, request_id: str) -> None:
    """Note which access request came of a mail."""
    session.execute(
        update(MailProof)
        .where(MailProof.id == proof_id)
        .values(request_id=request_id)
        .execution_options(synchronize_session=False)
    )
