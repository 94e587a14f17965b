"""Using a mail to sign in: looking at its link, pressing the button, typing the code (CONTRACT §6 rule 10).

The button alone signs in where the mail was asked for, soon after. Anywhere
else the code is wanted besides: programs that open every link of a mailbox,
run its scripts and press its buttons do not read codes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from idp.domain.context import Context
from idp.domain.errors import MailLinkRefused, MailLinkSpent, NotAdmitted, Refusal
from idp.domain.identifiers import AccountCode, UserId
from idp.limits import guesses
from idp.services.parts import Parts
from idp.services.sessions.sso import Begun
from idp.services.sign_in import mail_codes, mail_entry
from idp.services.sign_in.mail_codes import Verdict
from idp.store import access_requests, accounts, mail_proofs, users
from idp.store.mail_proofs import MailProof, Purpose
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens.mail_link import LinkKind

HERE_FOR = timedelta(hours=1)
"""So long the browser that asked counts as such: as long as a request waits in it."""
PRESSED_TWICE = timedelta(seconds=60)
"""A second press of the button follows the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a link's page says.

    :param here: this is the browser that asked; elsewhere the code is wanted besides.
    :param asked_at: when somebody asked in a browser; none where nobody did.
    :param network: from where.
    """

    account: AccountCode
    account_name: str
    email: str
    service_name: str | None
    here: bool
    asked_at: datetime | None
    network: str | None
    parked_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody is let in.

    :param session: none where the same browser pressed twice, and has it from the first press.
    :param parked_id: the authorization request that waits in this browser, or none.
    :param after: the path of ours that wanted them to sign in, or none.
    """

    session: Begun | None
    parked_id: str | None
    after: str | None


def look(token: str, *, browser: str, parts: Parts, context: Context) -> Offered:
    """Say what pressing the button would do, and change nothing.

    :param browser: the browser cookie's value; empty when it brought none.
    :raises MailLinkRefused: not a link of ours.
    :raises MailLinkSpent: it was used, or is too old.
    """
    with reading() as session:
        proof = proof_of_link(session, token, parts)
        account = accounts.find(session, AccountCode(proof.account_code))
        if not proof.is_live(now=context.now) or account is None:
            raise MailLinkSpent(used=proof.used_at is not None, token=token)
        asked_at = _asked_at(session, proof)
    here = _is_here(proof, asked_at, browser, context)
    return Offered(
        account=AccountCode(account.code),
        account_name=account.name,
        email=proof.email,
        service_name=proof.service_name,
        here=here,
        asked_at=asked_at,
        network=proof.network if proof.request_id is None else None,
        parked_id=proof.parked_id if here else None,
    )


def press(
    token: str, typed: str, *, browser: str, cookies: Collection[str], parts: Parts, context: Context
) -> SignedIn | Verdict:
    """Sign in by the link's button; of concurrent presses exactly one begins a session.

    :param typed: the code, where this is not the browser that asked.
    :returns: what is wrong with the code, where that is it.
    :raises MailLinkRefused: not a link of ours.
    :raises MailLinkSpent: it was used, or is too old.
    :raises NotAdmitted: something changed since the mail was sent.
    """
    with unit_of_work() as session:
        proof = proof_of_link(session, token, parts)
        here = _is_here(proof, _asked_at(session, proof), browser, context)
        followed = _second_press(proof, browser, context)
        if followed is not None:
            return followed
        if not proof.is_live(now=context.now):
            raise MailLinkSpent(used=proof.used_at is not None, token=token)
        _keep_addressees(session, [proof.id])
        meant: MailProof | Verdict = proof
        if not here:
            counted_as = guesses.for_link(proof.id)
            meant = mail_codes.judge(
                session, proof, typed, among=[proof.id], counted_as=counted_as, parts=parts, context=context
            )
        outcome = _spent(session, meant, here, not here, cookies, parts, context)
    return _settled(outcome, proof, here, token)


def type_code(
    proof_id: str, typed: str, *, browser: str, cookies: Collection[str], parts: Parts, context: Context
) -> SignedIn | Verdict:
    """Sign in by the code of a mail that was asked for in this window, the latest or an earlier one.

    :returns: what is wrong with the code, where that is it; the same whether the address is known or not.
    :raises MailLinkRefused: this browser did not ask for it.
    :raises NotAdmitted: something changed since the mail was sent.
    """
    with unit_of_work() as session:
        proof = proof_of_window(session, proof_id, browser)
        followed = _second_press(proof, browser, context)
        if followed is not None:
            return followed
        among = mail_proofs.of_same_window(session, proof)
        _keep_addressees(session, among)
        meant = mail_codes.judge(
            session,
            proof,
            typed,
            among=among,
            counted_as=guesses.for_address(AccountCode(proof.account_code), proof.email_canonical),
            parts=parts,
            context=context,
        )
        outcome = _spent(session, meant, True, True, cookies, parts, context)
    if isinstance(meant, MailProof) and outcome is None:
        # It was right, and was used before: of two that were sent at once, the second follows the first.
        return _second_press(meant, browser, context) or Verdict.NO_MORE_TRIES
    return _settled(outcome, meant if isinstance(meant, MailProof) else proof, True, None)


def proof_of_link(
    session: Session, token: str, parts: Parts, *, among: Collection[Purpose] = (Purpose.SIGN_IN,)
) -> MailProof:
    """Return the mail that a link names.

    :param among: for what it may be.
    :raises MailLinkRefused: not a link of ours, or for something else.
    """
    proof = mail_proofs.get(session, parts.mail_links.read(LinkKind.MAIL, token))
    if proof is None or proof.purpose not in among:
        raise MailLinkRefused("its row is gone, or it is for something else")
    return proof


def proof_of_window(session: Session, proof_id: str, browser: str) -> MailProof:
    """Return a mail that was asked for in this browser.

    :raises MailLinkRefused: it was not.
    """
    proof = mail_proofs.get(session, proof_id)
    if proof is None or proof.purpose == Purpose.STEP_UP or not proof.is_of(browser):
        raise MailLinkRefused("this browser did not ask for it")
    return proof


def _asked_at(session: Session, proof: MailProof) -> datetime | None:
    """Return when somebody asked in a browser: for the mail itself, or for the access that it gives."""
    request = access_requests.get(session, proof.request_id) if proof.request_id else None
    if request is not None:
        return request.asked_at
    return proof.created_at if proof.browser_digest else None


def _is_here(proof: MailProof, asked_at: datetime | None, browser: str, context: Context) -> bool:
    return proof.is_of(browser) and asked_at is not None and context.now < asked_at + HERE_FOR


def _second_press(proof: MailProof, browser: str, context: Context) -> SignedIn | None:
    """Follow a first press in the same browser, whose answer it may have thrown away for this one's."""
    is_followed = proof.is_of(browser) and proof.used_here and proof.used_at is not None
    if is_followed and proof.used_at is not None and context.now < proof.used_at + PRESSED_TWICE:
        return SignedIn(session=None, parked_id=proof.parked_id, after=proof.after)
    return None


def _keep_addressees(session: Session, proof_ids: Collection[str]) -> None:
    """Take the addressees before their mails, in the order of whoever removes a user; nobody is looked for alike."""
    for user_id in mail_proofs.addressees(session, proof_ids) or (UserId(""),):
        users.keep(session, user_id)


def _spent(
    session: Session,
    meant: MailProof | Verdict,
    here: bool,
    by_code: bool,
    cookies: Collection[str],
    parts: Parts,
    context: Context,
) -> Begun | Refusal | Verdict | None:
    if isinstance(meant, Verdict):
        return meant
    if mail_proofs.use(session, meant.id, Purpose.SIGN_IN, here=here, now=context.now) is None:
        return None
    return mail_entry.enter(session, meant, by_code=by_code, cookies=cookies, parts=parts, context=context)


def _settled(
    outcome: Begun | Refusal | Verdict | None, proof: MailProof, here: bool, token: str | None
) -> SignedIn | Verdict:
    match outcome:
        case Begun():
            return SignedIn(
                session=outcome, parked_id=proof.parked_id if here else None, after=proof.after if here else None
            )
        case Verdict():
            return outcome
        case Refusal():
            raise NotAdmitted(outcome, account=proof.account_code)
        case None:
            # Another press was quicker by a moment.
            if here:
                return SignedIn(session=None, parked_id=proof.parked_id, after=proof.after)
            raise MailLinkSpent(used=True, token=token)
