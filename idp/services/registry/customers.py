"""The accounts that may have integration secrets."""

from __future__ import annotations

from sqlalchemy.orm import Session

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.errors import Invalid
from idp.domain.identifiers import AccountCode
from idp.services.registry import accounts
from idp.store.account_turns import take_turns


def claim_turn(session: Session, code: str) -> AccountCode:
    """Return a customer's account whose integration secrets nobody else changes until the transaction ends.

    :raises NotFound: there is no such account.
    :raises Invalid: it is the account of staff, for whom there are no bridges (CONTRACT §6 rule 4).
    """
    account = AccountCode(accounts.require(session, code).code)
    if account == STAFF_ACCOUNT:
        raise Invalid("the account staff has no integration secrets: bridges are for a customer's agents")
    take_turns(session, account)
    return account
