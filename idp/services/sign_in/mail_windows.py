"""The window that asked for a mail: what it says while it waits for the code, and asking for another mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from idp.domain.addresses import parse_mailable
from idp.domain.context import Context
from idp.domain.errors import AddressRefused
from idp.domain.identifiers import AccountCode
from idp.domain.mail_sign_in import AGAIN_AFTER
from idp.domain.secrets import digest
from idp.services.parts import Parts
from idp.services.sign_in import magic_link
from idp.services.sign_in.mail_use import proof_of_link, proof_of_window
from idp.store import accounts
from idp.store.mail_proofs import ASKED, MailProof, Window
from idp.store.unit_of_work import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The window that asked, waiting for the code.

    :param email: as it was typed.
    :param is_used: in this browser.
    :param again_at: from when on another mail is offered.
    """

    account: AccountCode
    account_name: str
    email: str
    service_name: str | None
    parked_id: str | None
    after: str | None
    is_used: bool
    again_at: datetime


def waiting(proof_id: str, *, browser: str) -> Waiting:
    """Return what the window that asked says while it waits.

    :raises MailLinkRefused: this browser did not ask for it.
    """
    with reading() as session:
        proof = proof_of_window(session, proof_id, browser)
        account = accounts.find(session, AccountCode(proof.account_code))
    return Waiting(
        account=AccountCode(proof.account_code),
        account_name=account.name if account else "",
        email=proof.email,
        service_name=proof.service_name,
        parked_id=proof.parked_id,
        after=proof.after,
        is_used=bool(proof.used_here),
        again_at=proof.created_at + AGAIN_AFTER,
    )


def again(proof_id: str, *, browser: str, parts: Parts, context: Context) -> str:
    """Send another mail for the window that asked, unless it asked a moment ago.

    :raises MailLinkRefused: this browser did not ask for one.
    :raises TooManyRequests: too many were asked for.
    """
    with reading() as session:
        proof = proof_of_window(session, proof_id, browser)
    if context.now < proof.created_at + AGAIN_AFTER:
        return proof_id
    return _asked_anew(proof, _window(proof), parts, context)


def afresh(token: str, typed: str, *, browser: str, language: str, parts: Parts, context: Context) -> str:
    """Send another mail to the addressee of one that is too old; this browser is the one that asks now.

    What waits in the browser that asked before goes on waiting there alone. The address has to be typed: a program
    that opens links and presses buttons would become the browser that asked, and would ask again for ever.

    :param typed: the address.
    :param browser: the browser cookie's value.
    :raises AddressRefused: the mail did not go to that address.
    :raises MailLinkRefused: not a link of ours.
    :raises TooManyRequests: too many were asked for.
    """
    with reading() as session:
        proof = proof_of_link(session, token, parts, among=ASKED)
    address = parse_mailable(typed.strip())
    if address is None or address.canonical != proof.email_canonical:
        raise AddressRefused
    window = Window(browser_digest=digest(browser), service_name=proof.service_name, language=language)
    return _asked_anew(proof, _window(proof) if proof.is_of(browser) else window, parts, context)


def _asked_anew(proof: MailProof, window: Window, parts: Parts, context: Context) -> str:
    return magic_link.ask(proof.email, AccountCode(proof.account_code), window=window, parts=parts, context=context)


def _window(proof: MailProof) -> Window:
    return Window(
        browser_digest=proof.browser_digest,
        parked_id=proof.parked_id,
        after=proof.after,
        service_name=proof.service_name,
        language=proof.language,
    )
