"""Taking turns at what belongs to an account, where a rule speaks of all its records of a kind."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.domain.identifiers import AccountCode
from idp.store.accounts import Account


def take_turns(session: Session, account: AccountCode) -> None:
    """Wait until no other transaction has the account's turn, and keep it until this one ends.

    Call it before the records are read. Readers, and records that refer to
    the account, are not held up. SQLite needs nothing: of its writing
    transactions there is one at a time anyhow.
    """
    session.execute(select(Account.code).where(Account.code == account).with_for_update(key_share=True))
