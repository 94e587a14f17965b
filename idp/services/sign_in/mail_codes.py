"""Codes that somebody typed: counted before they are compared (CONTRACT §6 rule 10)."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import MailCodeWrong, MailGuessingAlarmed
from idp.domain import mail_code
from idp.domain.context import Context
from idp.domain.mail_sign_in import MOST_TRIES, MOST_WRONG_A_DAY
from idp.limits import guesses
from idp.services.parts import Parts
from idp.store import mail_proofs
from idp.store.mail_proofs import MailProof


class Verdict(Enum):
    """What became of a code that somebody typed, where it was not right."""

    NO_CODE = auto()
    """It cannot be one; that costs no try."""
    WRONG = auto()
    NO_MORE_TRIES = auto()
    """The mail has had its five, was used, or is too old."""
    NO_MORE_TODAY = auto()
    """The address has had its ten."""


def judge(
    session: Session,
    proof: MailProof,
    typed: str,
    *,
    among: Collection[str],
    counted_as: str,
    parts: Parts,
    context: Context,
) -> MailProof | Verdict:
    """Compare what somebody typed with the codes of mails, in the caller's transaction, which must stand.

    :param proof: for the trail: the mail that the page speaks of.
    :param among: the mails that may be meant, by their ids; one of them is returned where its code was typed.
    :param counted_as: one of the names of :mod:`idp.limits.guesses`.
    """
    code = mail_code.typed(typed)
    if code is None:
        return Verdict.NO_CODE
    counted = guesses.take(session, counted_as, context=context)
    if counted > MOST_WRONG_A_DAY:
        if counted == MOST_WRONG_A_DAY + 1:
            event = MailGuessingAlarmed(
                account=proof.account_code, user=proof.user_id, mail=proof.id, outcome="too_many"
            )
            trail.record(session, event, context)
        return Verdict.NO_MORE_TODAY
    taken = mail_proofs.take_a_try(session, among, most=MOST_TRIES, now=context.now)
    if not taken:
        guesses.was_none(session, counted_as, context=context)
        return Verdict.NO_MORE_TRIES
    right = [one for one in taken if parts.mail_links.fits(one.id, code, one.code_tag)]
    if right:
        # Also where the mail was used: whoever knows its code guesses nothing.
        guesses.was_none(session, counted_as, context=context)
        return right[0]
    wrong = MailCodeWrong(account=proof.account_code, user=proof.user_id, mail=proof.id, outcome="wrong")
    trail.record(session, wrong, context)
    return Verdict.WRONG
