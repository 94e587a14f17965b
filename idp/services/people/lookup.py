"""Finding the one person whom an operator means."""

from __future__ import annotations

from sqlalchemy.orm import Session

from idp.domain.addresses import parse_address
from idp.domain.errors import NotFound
from idp.domain.identifiers import AccountCode, UserId
from idp.services.registry import accounts
from idp.store import users
from idp.store.users import User


def require(session: Session, identifier: str, *, account: str | None) -> User:
    """Return one user within a transaction.

    :param identifier: the user's id, or an address when ``account`` is given.
    :raises NotFound: nobody fits, or an address fits several; the sentence says what to do.
    """
    user = users.get(session, UserId(identifier))
    if user is not None and account in {None, user.account_code}:
        return user
    return _by_address(session, identifier, account)


def _by_address(session: Session, text: str, account: str | None) -> User:
    if account is None:
        mend = "an address needs --account" if "@" in text else "see: idp users list"
        raise NotFound(f"there is no user {text[:254]!r}; {mend}")
    accounts.require(session, account)
    address = parse_address(text)
    found = users.with_address(session, AccountCode(account), address.canonical) if address else ()
    held = [user for user in found if user.email_held] or list(found)
    if len(held) > 1:
        ids = ", ".join(user.id for user in held)
        sentence = f"several people of {account!r} have the address {text[:254]!r}; give one of the ids {ids}"
        raise NotFound(sentence, several=len(held))
    if not held:
        raise NotFound(f"nobody of {account!r} has the address {text[:254]!r}; see: idp users list --account {account}")
    return held[0]
