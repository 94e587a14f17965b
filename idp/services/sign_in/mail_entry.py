"""Letting in whoever used a mail of ours: by its button, or by its code."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import OK, MailSignInFinished
from idp.domain.authentication import Authentication
from idp.domain.context import Context
from idp.domain.errors import Refusal
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.mail_sign_in import MagicLinks, may_enter
from idp.services.parts import Parts
from idp.services.sessions import sso
from idp.services.sessions.sso import Begun
from idp.services.sign_in import arrivals, magic_link
from idp.store import accounts, upstream_identities, users
from idp.store.accounts import Account
from idp.store.mail_proofs import MailProof
from idp.store.users import User


def enter(
    session: Session, proof: MailProof, *, by_code: bool, cookies: Collection[str], parts: Parts, context: Context
) -> Begun | Refusal:
    """Let the addressee of a mail in, in the transaction that spent it; what changed since it was sent counts.

    :param cookies: the SSO cookies that the browser brought.
    """
    user = users.get(session, UserId(proof.user_id or ""))
    if user is not None:
        users.hold(session, user)
    refusal = _refusal(session, user, proof)
    if refusal is not None or user is None:
        refusal = refusal or Refusal.USER_DISABLED
        _record(session, proof, None, refusal.value, by_code, context)
        return refusal
    user.email_proved = True
    user.last_sign_in_at = context.now
    arrivals.note_first(session, user, context=context)
    session.flush()
    begun = sso.begin(
        session,
        user_id=UserId(user.id),
        account=AccountCode(user.account_code),
        authentication=Authentication.by_mail(context.now),
        proven_at=context.now,
        cookies=cookies,
        parts=parts,
        context=context,
    )
    _record(session, proof, begun, OK, by_code, context)
    return begun


def _refusal(session: Session, user: User | None, proof: MailProof) -> Refusal | None:
    account = accounts.find(session, AccountCode(proof.account_code))
    if account is None or not account.enabled:
        return Refusal.ACCOUNT_DISABLED
    if user is None or not user.enabled or not is_theirs(user, proof):
        return Refusal.USER_DISABLED
    return None if _may_enter(session, account, user) else Refusal.SINGLE_SIGN_ON_ONLY


def is_theirs(user: User, proof: MailProof) -> bool:
    """Say whether the address to which the mail went is still the person's."""
    return user.email_held and user.email_canonical == proof.email_canonical


def _may_enter(session: Session, account: Account, user: User) -> bool:
    links = upstream_identities.of_user(session, UserId(user.id))
    return may_enter(MagicLinks(account.magic_link), magic_link.holder_of(user, links))


def _record(
    session: Session, proof: MailProof, begun: Begun | None, outcome: str, by_code: bool, context: Context
) -> None:
    event = MailSignInFinished(
        account=proof.account_code,
        user=proof.user_id,
        mail=proof.id,
        sid=None if begun is None else begun.sid,
        by_code=by_code,
        outcome=outcome,
    )
    trail.record(session, event, context)
