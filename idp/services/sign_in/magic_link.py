"""Asking to be signed in by mail: what is mailed to whom, and an answer that tells nobody (CONTRACT §6 rule 10).

Whoever asks gets the same page at the same time, whether the address is known or not: all of them are looked up,
counted and written alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import MailAsked
from idp.domain.access_requests import UNDO_WITHIN
from idp.domain.addresses import Address, parse_mailable
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import AddressRefused, MailNotOffered, TooManyRequests
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.mail_sign_in import Answer, Asker, Holder, MagicLinks, answer
from idp.limits import throttles
from idp.limits.networks import network_of
from idp.mails.kinds import AccessQuestion, Asked, MailKind, NoLink, NoLinkForYou, SignInLink
from idp.services.mailing import proofs
from idp.services.mailing.proofs import Addressee, Drawn, Terms
from idp.services.parts import Parts
from idp.store import access_requests, accounts, mail_proofs, providers, upstream_identities, users
from idp.store.access_requests import AccessRequest, RequestStatus
from idp.store.accounts import Account
from idp.store.mail_proofs import Purpose, Window
from idp.store.unit_of_work import unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink
from idp.store.users import User

NOBODY = UserId("")
_PURPOSES = {Answer.LINK: Purpose.SIGN_IN, Answer.QUESTION: Purpose.ACCESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """Who was asked for, and what follows."""

    account: Account
    user: User | None
    answer: Answer


def is_offered(account: Account, parts: Parts) -> bool:
    """Say whether mail is a way into an account at all (CONTRACT §6 rule 9)."""
    is_on = account.code != STAFF_ACCOUNT and MagicLinks(account.magic_link) is not MagicLinks.OFF
    return is_on and parts.settings.can_mail


def ask(typed: str, account: AccountCode, *, window: Window, parts: Parts, context: Context) -> str:
    """Mail whoever holds an address what lets them in, or lets them ask for access; the answer never says which.

    :param typed: what somebody typed as their address.
    :param window: where it was asked for.
    :returns: what names the mail in the page that waits for its code.
    :raises AddressRefused: it is not an address to which we send mail.
    :raises MailNotOffered: mail is no way into the account, or there is no such account.
    :raises TooManyRequests: too many were asked for from this network, or in this account.
    """
    address = parse_mailable(typed.strip())
    if address is None:
        raise AddressRefused
    with unit_of_work() as session:
        found = accounts.find(session, account)
        if found is None or not is_offered(found, parts):
            raise MailNotOffered
        wait = _wait(session, account, parts, context)
        proof_id = None
        if wait is None:
            proof_id = _ask(session, address, found, window, parts, context)
    if wait is not None or proof_id is None:
        raise TooManyRequests(wait or timedelta(0))
    return proof_id


def _wait(session: Session, account: AccountCode, parts: Parts, context: Context) -> timedelta | None:
    """Count for the network and the account, before anything is known of the address."""
    network = network_of(context.network)
    for limit, subject in (("magic_link_network", network), ("magic_link_account", account)):
        wait = throttles.wait(session, limit, subject, settings=parts.settings, context=context)
        if wait is not None:
            return wait
    return None


def _ask(session: Session, address: Address, account: Account, window: Window, parts: Parts, context: Context) -> str:
    # Where an address has had enough, its reader is spared, and whoever asked learns nothing.
    name = f"{account.code}:{address.canonical}"
    is_spared = throttles.wait(session, "magic_link", name, settings=parts.settings, context=context) is not None
    facts = _facts(session, address, account, is_spared, context)
    addressee = Addressee(
        account=AccountCode(account.code),
        # The page shows what was typed, whoever has it; the mail goes to the address as its holder spells it.
        email=address.given,
        to=facts.user.email if facts.user is not None and facts.user.email else address.given,
        canonical=address.canonical,
        user_id=UserId(facts.user.id) if facts.user is not None and facts.answer is Answer.LINK else None,
    )
    issued = proofs.issue(
        session,
        addressee,
        Terms(
            purpose=_PURPOSES.get(facts.answer, Purpose.NOTHING),
            window=window,
            silent=facts.answer is Answer.NOTHING,
        ),
        lambda drawn: _composed(facts, drawn, window, context),
        parts=parts,
        context=context,
    )
    user = None if facts.user is None else facts.user.id
    event = MailAsked(account=account.code, user=user, mail=issued.id, answer=facts.answer.value)
    trail.record(session, event, context)
    return issued.id


def _facts(session: Session, address: Address, account: Account, is_spared: bool, context: Context) -> _Facts:
    """Look everything up, whatever the first looks say: the time of an answer tells nothing."""
    code = AccountCode(account.code)
    user = users.holder_of_address(session, code, address.canonical)
    links = upstream_identities.of_user(session, UserId(user.id) if user else NOBODY)
    latest = access_requests.latest_for(session, code, address.canonical)
    asker = Asker(
        policy=MagicLinks.OFF if is_spared or not account.enabled else MagicLinks(account.magic_link),
        staff_address=is_of_staff(session, address.domain),
        holder=None if user is None else holder_of(user, links),
        may_ask=may_ask(account, address.domain),
        denied=was_denied(latest, account, context=context) and not _may_be_undone(latest, context),
        live=mail_proofs.live(session, code, address.canonical, now=context.now),
    )
    return _Facts(account=account, user=user, answer=answer(asker))


def holder_of(user: User, links: Sequence[UpstreamIdentityLink]) -> Holder:
    """Return what matters of somebody who holds an address.

    Whoever an upstream once spoke for goes on counting as linked although their provider was removed since: it may
    have disabled them.
    """
    return Holder(enabled=user.enabled, is_linked=bool(links) or user.confirmed_at is not None)


def _may_be_undone(request: AccessRequest | None, context: Context) -> bool:
    """Say whether whoever decided may still take it back; until then the asker learns nothing."""
    return request is not None and request.decided_at is not None and context.now < request.decided_at + UNDO_WITHIN


def is_of_staff(session: Session, domain: str) -> bool:
    """Say whether a mail domain is one of staff."""
    return domain in providers.hosted_domains_of(session, AccountCode(STAFF_ACCOUNT))


def may_ask(account: Account, domain: str) -> bool:
    """Say whether people of a mail domain may ask for access."""
    domains = [row.domain for row in account.access_domains]
    return not domains or domain in domains


def was_denied(latest: AccessRequest | None, account: Account, *, context: Context) -> bool:
    """Say whether the latest request of an address was denied, and not long ago."""
    if latest is None or latest.status != RequestStatus.DENIED or latest.decided_at is None:
        return False
    return context.now < latest.decided_at + timedelta(days=account.request_expiry_days)


def _composed(facts: _Facts, drawn: Drawn, window: Window, context: Context) -> MailKind:
    asked = Asked(at=context.now, network=context.network)
    name, service, lives_for = facts.account.name, window.service_name, drawn.lives_for
    match facts.answer:
        case Answer.QUESTION | Answer.NOTHING:
            return AccessQuestion(
                account_name=name, service_name=service, link=drawn.link, asked=asked, lives_for=lives_for
            )
        case Answer.LINK:
            return SignInLink(
                account_name=name,
                service_name=service,
                link=drawn.link,
                code=drawn.code,
                asked=asked,
                lives_for=lives_for,
            )
        case _:
            return NoLinkForYou(account_name=name, service_name=service, why=NoLink(facts.answer.value), asked=asked)
