"""To which account somebody belongs, by what they type: an address or an account's code.

Only what operators registered is looked at (mail domains, staff's hosted
domains), never who has an account: the answer tells nothing about people.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from idp.domain.addresses import parse_address
from idp.domain.codes import CODE, STAFF_ACCOUNT
from idp.domain.identifiers import AccountCode
from idp.store import accounts, providers
from idp.store.unit_of_work import reading


def account_of(typed_address: str, typed_account: str, *, among: Collection[AccountCode] | None) -> AccountCode | None:
    """Return the account that somebody means, or none when it cannot be told.

    :param typed_account: goes first; upper case and surrounding spaces are forgiven.
    :param among: the accounts that are possible; none for all.
    """
    code = AccountCode(typed_account.strip().lower())
    if code and not CODE.fullmatch(code):
        return None
    with reading() as session:
        if code:
            return code if _is_possible(code, among) and accounts.find(session, code) else None
        return of_address(session, typed_address.strip(), among=among)


def of_address(session: Session, text: str, *, among: Collection[AccountCode] | None) -> AccountCode | None:
    """Return the account that owns an address's domain, or none."""
    address = parse_address(text)
    if address is None:
        return None
    owner = accounts.owner_of_domain(session, address.domain)
    if owner is None and address.domain in providers.hosted_domains_of(session, AccountCode(STAFF_ACCOUNT)):
        owner = AccountCode(STAFF_ACCOUNT)
    return owner if owner is not None and _is_possible(owner, among) else None


def _is_possible(code: AccountCode, among: Collection[AccountCode] | None) -> bool:
    return among is None or code in among
