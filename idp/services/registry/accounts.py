"""Accounts: the tenants."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import AccountChanged, Change
from idp.domain.access_requests import ESCALATE_AFTER_HOURS, REQUEST_EXPIRY_DAYS
from idp.domain.addresses import Address, parse_address
from idp.domain.codes import STAFF_ACCOUNT, parse_code
from idp.domain.context import Context
from idp.domain.errors import AlreadyExists, Invalid, NotFound
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.mail_sign_in import MagicLinks
from idp.services.registry import account_checks
from idp.services.sessions import ending
from idp.store import accounts, clients, providers, users
from idp.store.accounts import Account
from idp.store.unit_of_work import reading, unit_of_work


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """What an operator sets; ``None`` leaves a value as it is (or at its default).

    :param base_url: where relative redirects lead; empty for none.
    :param origins: web origins of the account's widget.
    :param email_domains: mail domains that the account owns; one account a domain.
    :param trial: only people whom the account knows already may enter.
    :param reverify_after: seconds for which tokens are renewed without the upstream's word; nought for the default.
    :param magic_link: for whom mail is a way in.
    :param access_domains: mail domains whose people may ask for access; empty for everybody.
    :param request_expiry: days for which an access request waits.
    :param escalate_after: hours after which deputies decide, too; staff after twice that.
    :param deputies: addresses of users who do.
    :param disable_idle_after: days after which idle people are kept out; nought for never.
    :param link_by_email: a sign-in with a vouched address joins the user who has it, other sign-ins or not.
    """

    name: str | None = None
    base_url: str | None = None
    origins: tuple[str, ...] | None = None
    email_domains: tuple[str, ...] | None = None
    trial: bool | None = None
    link_by_email: bool | None = None
    reverify_after: int | None = None
    magic_link: MagicLinks | None = None
    access_domains: tuple[str, ...] | None = None
    request_expiry: int | None = None
    escalate_after: int | None = None
    deputies: tuple[str, ...] | None = None
    disable_idle_after: int | None = None

    def flags_and_texts(self) -> dict[str, str | bool | int | None]:
        """Return the single values by the account's columns."""
        return {
            "name": None if self.name is None else self.name.strip(),
            "base_url": self.base_url,
            "trial": self.trial,
            "link_by_email": self.link_by_email,
            "reverify_after": self.reverify_after,
            "magic_link": self.magic_link,
            "request_expiry_days": self.request_expiry,
            "escalate_after_hours": self.escalate_after,
            "disable_idle_after_days": self.disable_idle_after,
        }

    def given(self) -> dict[str, object]:
        """Return what was set, for the audit trail."""
        lists = {
            "origin": self.origins,
            "email_domain": self.email_domains,
            "access_domain": self.access_domains,
            "deputy": self.deputies,
        }
        return {key: value for key, value in self.flags_and_texts().items() if value is not None} | {
            key: list(items) for key, items in lists.items() if items is not None
        }


def create(code: str, settings: AccountSettings, *, context: Context) -> Account:
    """Make an account.

    :raises Invalid: every problem of code and settings.
    :raises AlreadyExists: the code is taken.
    """
    parse_code(code, what="account")
    with unit_of_work() as session:
        if accounts.find(session, AccountCode(code)):
            raise AlreadyExists(f"account {code!r} exists already; see: idp accounts show {code}")
        account = Account(
            code=code,
            name=settings.name or "",
            enabled=True,
            trial=False,
            link_by_email=False,
            magic_link=MagicLinks.UNLINKED,
            request_expiry_days=REQUEST_EXPIRY_DAYS,
            escalate_after_hours=ESCALATE_AFTER_HOURS,
            created_at=context.now,
            origins=[],
            email_domains=[],
            access_domains=[],
            deputies=[],
        )
        session.add(account)
        _apply(session, account, settings)
        session.flush()
        _record(session, account.code, Change.CREATED, context, settings)
    return account


def update(code: str, settings: AccountSettings, *, context: Context) -> Account:
    """Change an account; what is not given stays.

    :raises NotFound: there is no such account.
    :raises Invalid: every problem of the settings.
    """
    with unit_of_work() as session:
        account = require(session, code)
        _apply(session, account, settings)
        session.flush()
        _record(session, code, Change.UPDATED, context, settings)
    return account


def set_enabled(code: str, *, enabled: bool, context: Context) -> Account:
    """Let the account's people in, or keep them out; what they had open ends.

    :raises NotFound: there is no such account.
    """
    with unit_of_work() as session:
        account = require(session, code)
        account.enabled = enabled
        if not enabled:
            # Enabling it again must not bring back what was open at the time.
            ending.end_all_of_account(session, AccountCode(code), context=context)
        _record(session, code, Change.ENABLED if enabled else Change.DISABLED, context)
    return account


def delete(code: str, *, context: Context) -> None:
    """Remove an account and all it has, except its audit trail.

    :raises NotFound: there is no such account.
    :raises Invalid: the account ``staff`` stays.
    """
    if code == STAFF_ACCOUNT:
        raise Invalid("the account staff belongs to the provider and cannot be deleted")
    with unit_of_work() as session:
        require(session, code)
        # Its own services go first: nobody could tell them anything any more.
        clients.remove_of_account(session, AccountCode(code))
        ending.end_all_of_account(session, AccountCode(code), context=context)
        accounts.remove(session, AccountCode(code))
        _record(session, code, Change.DELETED, context)


def show(code: str) -> Account:
    """Return an account.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        return require(session, code)


def list_all() -> Sequence[Account]:
    """Return all accounts by code."""
    with reading() as session:
        return accounts.everyone(session)


def addresses_of_deputies(account: Account) -> list[str]:
    """Return the addresses of an account's deputies, in order; of one who has none any more, the id."""
    if not account.deputies:
        return []
    with reading() as session:
        found = [(row.user_id, users.get(session, UserId(row.user_id))) for row in account.deputies]
    return sorted(user.email if user is not None and user.email else user_id for user_id, user in found)


def ensure_staff(*, context: Context) -> None:
    """Make the account ``staff`` unless it is there."""
    with reading() as session:
        if accounts.find(session, AccountCode(STAFF_ACCOUNT)):
            return
    with suppress(AlreadyExists, IntegrityError):  # another process makes it at the same moment
        create(STAFF_ACCOUNT, AccountSettings(name="Deepdesk staff"), context=context)


def require(session: Session, code: str) -> Account:
    """Return the account within a transaction.

    :raises NotFound: there is no such account.
    """
    account = accounts.find(session, AccountCode(code))
    if account is None:
        raise NotFound(f"there is no account {code!r}; see: idp accounts list")
    return account


def refuse_staff_address(session: Session, code: AccountCode, address: Address) -> None:
    """Keep addresses of a staff domain out of every account but that of staff (CONTRACT §6 rule 6).

    :raises Invalid: the address is such a one.
    """
    if code != STAFF_ACCOUNT and address.domain in providers.hosted_domains_of(session, AccountCode(STAFF_ACCOUNT)):
        raise Invalid(f"{address.given} is a staff address; staff enter by grant, see: idp staff grant --help")


def _apply(session: Session, account: Account, settings: AccountSettings) -> None:
    for name, value in settings.flags_and_texts().items():
        if value is not None:
            setattr(account, name, value)
    account.base_url = account.base_url or None
    account.reverify_after = account.reverify_after or None
    account.disable_idle_after_days = account.disable_idle_after_days or None
    problems = [*account_checks.of_account(account), *account_checks.of_origins(settings.origins or ())]
    # What is wrong must not reach the database with the first query.
    with session.no_autoflush:
        problems += account_checks.of_email_domains(session, account.code, settings.email_domains or ())
        problems += account_checks.of_access_domains(settings.access_domains or ())
        deputies = _deputies(session, account, settings.deputies or (), problems)
    if problems:
        raise Invalid(*problems)
    if settings.origins is not None:
        accounts.set_origins(account, settings.origins)
    if settings.email_domains is not None:
        accounts.set_email_domains(account, settings.email_domains)
    if settings.access_domains is not None:
        accounts.set_access_domains(account, settings.access_domains)
    if settings.deputies is not None:
        accounts.set_deputies(account, deputies)


def _deputies(session: Session, account: Account, addresses: Sequence[str], problems: list[str]) -> list[UserId]:
    """Return the users of these addresses; what is none is added to the problems."""
    found = []
    for text in addresses:
        address = parse_address(text)
        user = users.holder_of_address(session, AccountCode(account.code), address.canonical) if address else None
        if user is None:
            problems.append(
                f"deputy {text[:254]!r} is no user of the account yet; make them one first: idp users create "
                f"{text[:254]} --account {account.code}, then: idp accounts update {account.code} --deputy {text[:254]}"
            )
        else:
            found.append(UserId(user.id))
    return found


def _record(
    session: Session, code: str, change: Change, context: Context, settings: AccountSettings | None = None
) -> None:
    given = settings.given() if settings else {}
    trail.record(session, AccountChanged(account=code, change=change, settings=given), context)
