"""Asking for access: an address that nobody knows, proved by a mail, put before the account's managers.

Nothing is asked of anybody before the mail's button is pressed, and pressing it twice asks once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import AccessRequested
from idp.domain.access_requests import MAX_MESSAGE_LENGTH, UNDO_WITHIN, Patience, Stage, stage_of
from idp.domain.context import Context
from idp.domain.errors import MailLinkRefused, MailLinkSpent
from idp.domain.identifiers import AccountCode
from idp.domain.secrets import new_identifier
from idp.mails.kinds import DecisionAsked
from idp.services.mailing import links, recipients
from idp.services.mailing.post import post
from idp.services.parts import Parts
from idp.services.sign_in import magic_link
from idp.store import access_requests, accounts, mail_proofs, users
from idp.store.access_requests import AccessRequest, RequestKind, RequestStatus
from idp.store.accounts import Account
from idp.store.mail_proofs import MailProof, Purpose
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User
from idp.tokens.mail_link import LinkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the page behind an access mail asks.

    :param pending: the request that waits already, by the token of its status page; none where none does.
    """

    account_name: str
    email: str
    service_name: str | None
    pending: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a request stands, for whoever asked.

    :param told: how many people it was put before.
    :param stage: who can decide by now.
    """

    account: AccountCode
    account_name: str
    email: str
    status: RequestStatus
    asked_at: datetime
    decided_at: datetime | None
    expires_at: datetime | None
    reason: str | None
    told: int
    stage: Stage


def question(token: str, *, parts: Parts, context: Context) -> Question:
    """Say what pressing the button would do, and change nothing.

    :raises MailLinkRefused: not a link of ours.
    :raises MailLinkSpent: it is too old, or led to a request that is settled.
    """
    with reading() as session:
        proof = _proof(session, token, parts)
        account = accounts.find(session, AccountCode(proof.account_code))
        pending = access_requests.pending_for(session, AccountCode(proof.account_code), proof.email_canonical)
        if account is None or (pending is None and not proof.is_live(now=context.now)):
            raise MailLinkSpent(used=proof.used_at is not None, token=token)
    return Question(
        account_name=account.name,
        email=proof.email,
        service_name=proof.service_name,
        pending=None if pending is None else parts.mail_links.make(LinkKind.REQUEST, pending.id),
    )


def confirm(token: str, message: str, *, parts: Parts, context: Context) -> str:
    """Put the request before the account's managers, unless it is already.

    :param message: what they are to read; cut to its most, control characters apart from line ends become spaces.
    :returns: the token of the status page.
    :raises MailLinkRefused: not a link of ours.
    :raises MailLinkSpent: it is too old, or led to a request that is settled.
    """
    try:
        return _confirm(token, message, parts, context)
    except IntegrityError:
        # Another press of the same button was quicker: its request stands.
        return _confirm(token, message, parts, context)


def status(token: str, *, parts: Parts, context: Context) -> Standing:
    """Say how a request stands.

    :raises MailLinkRefused: not a link of ours, or the request is gone.
    """
    with reading() as session:
        row = access_requests.get(session, parts.mail_links.read(LinkKind.REQUEST, token))
        account = accounts.find(session, AccountCode(row.account_code)) if row else None
        if row is None or account is None:
            raise MailLinkRefused("its request is gone")
        stage = stage_of(row.created_at, patience_of(account), now=context.now)
        told = len(_told(session, row, stage, context))
        settled = row.decided_at is None or row.decided_at + UNDO_WITHIN <= context.now
    return Standing(
        account=AccountCode(row.account_code),
        account_name=account.name,
        email=row.email,
        # Whoever decided may still take it back.
        status=RequestStatus(row.status) if settled else RequestStatus.PENDING,
        asked_at=row.created_at,
        decided_at=row.decided_at,
        expires_at=row.expires_at,
        reason=row.reason,
        told=told,
        stage=stage,
    )


def patience_of(account: Account) -> Patience:
    """Return how long an account's requests wait."""
    return Patience(
        escalate_after=timedelta(hours=account.escalate_after_hours), expiry=timedelta(days=account.request_expiry_days)
    )


def tell(
    session: Session, row: AccessRequest, people: Sequence[User], stage: Stage, *, parts: Parts, context: Context
) -> None:
    """Mail a request to those who may decide it; the mail leads to a page and decides nothing.

    :param stage: managers read of a new request, or of a reminder; others that it is their turn.
    """
    account = accounts.find(session, AccountCode(row.account_code))
    for person in people:
        mail = DecisionAsked(
            account_name=account.name if account else row.account_code,
            link=links.to_decide(row.account_code, parts=parts),
            asker=row.email,
            message=row.message or "",
            asked_at=row.created_at,
            expires_at=row.expires_at or row.created_at,
            again=row.reminded_at is not None,
            as_deputy=stage is not Stage.MANAGERS,
        )
        post(
            session,
            mail,
            to=person.email or "",
            language=recipients.language_of(person),
            account=row.account_code,
            parts=parts,
            context=context,
        )


def _confirm(token: str, message: str, parts: Parts, context: Context) -> str:
    with unit_of_work() as session:
        proof = _proof(session, token, parts)
        code = AccountCode(proof.account_code)
        row = access_requests.pending_for(session, code, proof.email_canonical)
        if row is None:
            row = _open(session, proof, token, message, parts, context)
        mail_proofs.use(session, proof.id, Purpose.ACCESS, here=False, now=context.now)
        mail_proofs.note_request(session, proof.id, row.id)
        request_id = row.id
    return parts.mail_links.make(LinkKind.REQUEST, request_id)


def _open(
    session: Session, proof: MailProof, token: str, message: str, parts: Parts, context: Context
) -> AccessRequest:
    code = AccountCode(proof.account_code)
    account = accounts.find(session, code)
    known = users.holder_of_address(session, code, proof.email_canonical)
    if account is None or known is not None or not _stands(session, proof, account, parts, context):
        raise MailLinkSpent(used=proof.used_at is not None, token=token)
    row = AccessRequest(
        id=new_identifier(),
        account_code=code,
        kind=RequestKind.ACCESS,
        status=RequestStatus.PENDING,
        email=proof.email,
        email_canonical=proof.email_canonical,
        email_vouched=False,
        message=_cleaned(message) or None,
        language=proof.language,
        browser_digest=proof.browser_digest,
        parked_id=proof.parked_id,
        after=proof.after,
        service_name=proof.service_name,
        asked_at=proof.created_at,
        attempts=1,
        created_at=context.now,
        last_attempt_at=context.now,
        expires_at=context.now + patience_of(account).expiry,
    )
    session.add(row)
    session.flush()
    people, stage = recipients.managers(session, code), Stage.MANAGERS
    if not people:
        people, stage = recipients.staff(session, code, context=context), Stage.STAFF
    tell(session, row, people, stage, parts=parts, context=context)
    trail.record(session, AccessRequested(account=code, request=row.id, told=len(people)), context)
    return row


def _stands(session: Session, proof: MailProof, account: Account, parts: Parts, context: Context) -> bool:
    """Say whether the question that was mailed would be mailed now: much may have changed since."""
    domain = proof.email_canonical.rpartition("@")[2]
    latest = access_requests.latest_for(session, AccountCode(account.code), proof.email_canonical)
    return (
        account.enabled
        and proof.is_live(now=context.now)
        and magic_link.is_offered(account, parts)
        and magic_link.may_ask(account, domain)
        and not magic_link.is_of_staff(session, domain)
        and not magic_link.was_denied(latest, account, context=context)
    )


def _told(session: Session, row: AccessRequest, stage: Stage, context: Context) -> set[str]:
    code = AccountCode(row.account_code)
    people = list(recipients.managers(session, code)) or list(recipients.staff(session, code, context=context))
    if stage >= Stage.DEPUTIES:
        people += recipients.deputies(session, code)
    if stage is Stage.STAFF:
        people += recipients.staff(session, code, context=context)
    return {person.id for person in people}


def _proof(session: Session, token: str, parts: Parts) -> MailProof:
    proof = mail_proofs.get(session, parts.mail_links.read(LinkKind.MAIL, token))
    if proof is None or proof.purpose != Purpose.ACCESS:
        raise MailLinkRefused("its row is gone, or it is for something else")
    return proof


def _cleaned(message: str) -> str:
    """Keep what can be read: characters that print, and the ends of lines."""
    lines = message.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    readable = ("".join(sign if sign.isprintable() else " " for sign in line).rstrip() for line in lines)
    return "\n".join(readable).strip()[:MAX_MESSAGE_LENGTH].rstrip()
