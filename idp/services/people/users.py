"""Looking people up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from idp.domain.addresses import parse_address
from idp.domain.errors import NotFound
from idp.domain.identifiers import AccountCode, UserId
from idp.services.registry import accounts
from idp.store import sign_ins, upstream_identities, users
from idp.store.sign_ins import SignIn
from idp.store.unit_of_work import reading
from idp.store.upstream_identities import UpstreamIdentityLink
from idp.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A user with the links by which they are recognised and how their last sign-in gave them their roles."""

    user: User
    links: Sequence[UpstreamIdentityLink]
    last_sign_in: SignIn | None


def list_all(account: str | None) -> Sequence[User]:
    """Return the users of one account, or all.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        if account is None:
            return users.everyone(session)
        accounts.require(session, account)
        return users.of_account(session, AccountCode(account))


def show(identifier: str, *, account: str | None) -> Shown:
    """Return one user.

    :param identifier: the user's id, or an address when ``account`` is given.
    :raises NotFound: nobody fits, or an address fits several; the sentence says what to do.
    """
    with reading() as session:
        user = users.get(session, UserId(identifier))
        if user is None or (account is not None and user.account_code != account):
            user = _by_address(session, identifier, account)
        user_id = UserId(user.id)
        return Shown(
            user=user,
            links=upstream_identities.of_user(session, user_id),
            last_sign_in=sign_ins.last_of_user(session, user_id),
        )


def _by_address(session: Session, text: str, account: str | None) -> User:
    if account is None:
        mend = "an address needs --account" if "@" in text else "see: idp users list"
        raise NotFound(f"there is no user {text[:254]!r}; {mend}")
    accounts.require(session, account)
    address = parse_address(text)
    found = users.with_address(session, AccountCode(account), address.canonical) if address else ()
    vouched = [user for user in found if user.email_vouched] or list(found)
    if len(vouched) > 1:
        ids = ", ".join(user.id for user in vouched)
        raise NotFound(f"several people of {account!r} have the address {text[:254]!r}; give one of the ids {ids}")
    if not vouched:
        raise NotFound(f"nobody of {account!r} has the address {text[:254]!r}; see: idp users list --account {account}")
    return vouched[0]
