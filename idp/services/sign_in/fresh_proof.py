"""Proving anew who one is, by a code that is mailed (CONTRACT §6 rule 9).

For a request that wants a fresh proof from somebody whose upstream dates none.
The address has to be one that our own mail proved or an upstream vouched for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import MailAsked, ProvenAnew
from idp.domain.addresses import parse_mailable
from idp.domain.context import Context
from idp.domain.errors import MailLinkRefused, TooManyRequests
from idp.domain.identifiers import AccountCode
from idp.domain.mail_sign_in import AGAIN_AFTER, MOST_LIVE
from idp.limits import guesses, throttles
from idp.mails.kinds import Asked, MailKind, ProofCode
from idp.services.mailing import proofs
from idp.services.mailing.proofs import Addressee, Drawn, Terms
from idp.services.parts import Parts
from idp.services.sessions import sso
from idp.services.sessions.sso import Begun
from idp.services.sign_in import mail_codes
from idp.services.sign_in.mail_codes import Verdict
from idp.services.sign_in.mail_entry import is_theirs
from idp.store import accounts, mail_proofs, users
from idp.store.mail_proofs import MailProof, Purpose, Window
from idp.store.sso_sessions import LiveSession
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the page that waits for the code says."""

    email: str
    account_name: str
    again_at: datetime


def is_possible(person: LiveSession, parts: Parts) -> bool:
    """Say whether somebody can be mailed a code at all."""
    if not parts.settings.can_mail:
        return False
    with reading() as session:
        user = users.get(session, person.user_id)
    return user is not None and _address(user) is not None


def send(person: LiveSession, window: Window, *, parts: Parts, context: Context) -> str:
    """Mail the person of a session a code.

    :returns: what names the mail in the page that waits for its code.
    :raises MailLinkRefused: there is no address to which it could go.
    :raises TooManyRequests: too many were asked for.
    """
    with unit_of_work() as session:
        users.keep(session, person.user_id)
        user = users.get(session, person.user_id)
        address = None if user is None else _address(user)
        if user is None or address is None:
            raise MailLinkRefused("nobody vouched for the address")
        addressee = Addressee(
            account=person.account_code, email=address[0], canonical=address[1], user_id=person.user_id
        )
        # Counted by the person, who is signed in: what strangers ask for keeps nobody from proving themselves.
        name = f"step_up:{person.user_id}"
        wait = throttles.wait(session, "magic_link", name, settings=parts.settings, context=context)
        live = mail_proofs.live(
            session, addressee.account, addressee.canonical, now=context.now, among=(Purpose.STEP_UP,)
        )
        if wait is None and live >= MOST_LIVE:
            wait = AGAIN_AFTER
        issued = None
        if wait is None:
            terms = Terms(purpose=Purpose.STEP_UP, window=window, sid=person.sid)
            issued = proofs.issue(
                session,
                addressee,
                terms,
                lambda drawn: _mail(person.account_name, window, drawn, context),
                parts=parts,
                context=context,
            )
            event = MailAsked(account=addressee.account, user=person.user_id, mail=issued.id, answer="step_up")
            trail.record(session, event, context)
    if issued is None:
        raise TooManyRequests(wait or AGAIN_AFTER)
    return issued.id


def asking(proof_id: str, *, person: LiveSession, browser: str) -> Asking:
    """Return what the page says while it waits.

    :raises MailLinkRefused: it was not asked for here, by this person.
    """
    with reading() as session:
        proof = _of(session, proof_id, person, browser)
        account = accounts.find(session, AccountCode(proof.account_code))
    return Asking(
        email=proof.email,
        account_name=account.name if account else "",
        again_at=proof.created_at + AGAIN_AFTER,
    )


def prove(
    proof_id: str,
    typed: str,
    *,
    person: LiveSession,
    browser: str,
    parts: Parts,
    context: Context,
) -> Begun | Verdict:
    """Take the code: the session goes on under a new cookie, freshly proven.

    :returns: what is wrong with the code, where that is it.
    :raises MailLinkRefused: it was not asked for here, by this person.
    """
    with unit_of_work() as session:
        proof = _of(session, proof_id, person, browser)
        users.keep(session, person.user_id)
        meant = mail_codes.judge(
            session,
            proof,
            typed,
            among=mail_proofs.of_same_window(session, proof),
            counted_as=guesses.for_person(person.user_id),
            parts=parts,
            context=context,
        )
        if isinstance(meant, Verdict):
            return meant
        if meant.sid != person.sid or not mail_proofs.use(
            session, meant.id, Purpose.STEP_UP, here=True, now=context.now
        ):
            return Verdict.NO_MORE_TRIES
        begun = _go_on(session, person, meant, context)
        event = ProvenAnew(account=person.account_code, user=person.user_id, sid=begun.sid)
        trail.record(session, event, context)
    return begun


def _go_on(session: Session, person: LiveSession, proof: MailProof, context: Context) -> Begun:
    """Note the proof, of the address to which the mail went: the person may have another one by now.

    :raises MailLinkRefused: they have, or may not come in any more.
    """
    user = users.get(session, person.user_id)
    if user is None or not user.enabled or not is_theirs(user, proof):
        raise MailLinkRefused("the person has another address by now, or is disabled")
    user.email_proved = True
    session.flush()
    return sso.prove(
        session,
        person.sid,
        account=person.account_code,
        authentication=person.authentication.proven_by_mail(context.now),
        context=context,
    )


def _of(session: Session, proof_id: str, person: LiveSession, browser: str) -> MailProof:
    proof = mail_proofs.get(session, proof_id)
    if proof is None or proof.purpose != Purpose.STEP_UP or not proof.is_of(browser) or proof.sid != person.sid:
        raise MailLinkRefused("it was not asked for here, by this person")
    return proof


def _address(user: User) -> tuple[str, str] | None:
    is_good = user.email_held and (user.email_proved or user.email_vouched)
    address = parse_mailable(user.email or "")
    return (address.given, address.canonical) if is_good and address is not None else None


def _mail(account_name: str, window: Window, drawn: Drawn, context: Context) -> MailKind:
    return ProofCode(
        account_name=account_name,
        code=drawn.code,
        service_name=window.service_name,
        asked=Asked(at=context.now, network=context.network),
        lives_for=drawn.lives_for,
    )
