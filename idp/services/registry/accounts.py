"""Accounts: the tenants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import AccountChanged, Change
from idp.domain.addresses import Address
from idp.domain.codes import STAFF_ACCOUNT, parse_code
from idp.domain.context import Context
from idp.domain.errors import AlreadyExists, Invalid, NotFound
from idp.domain.identifiers import AccountCode
from idp.services.sessions import ending
from idp.settings import is_loopback
from idp.store import accounts, clients, providers
from idp.store.accounts import Account
from idp.store.unit_of_work import reading, unit_of_work

MAX_NAME_LENGTH = 200
MAX_URL_LENGTH = 2048
MAX_ORIGIN_LENGTH = 255
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """What an operator sets; ``None`` leaves a value as it is (or at its default).

    :param base_url: where relative redirects lead; empty for none.
    :param origins: web origins of the account's widget.
    :param email_domains: mail domains that the account owns; one account a domain.
    :param trial: only people whom the account knows already may enter.
    :param reverify_after: seconds for which tokens are renewed without the upstream's word; nought for the default.
    :param link_by_email: a sign-in with a vouched address joins the user who has it, other sign-ins or not.
    """

    name: str | None = None
    base_url: str | None = None
    origins: tuple[str, ...] | None = None
    email_domains: tuple[str, ...] | None = None
    trial: bool | None = None
    link_by_email: bool | None = None
    reverify_after: int | None = None

    def flags_and_texts(self) -> dict[str, str | bool | int | None]:
        """Return the single values by the account's columns."""
        return {
            "name": None if self.name is None else self.name.strip(),
            "base_url": self.base_url,
            "trial": self.trial,
            "link_by_email": self.link_by_email,
            "reverify_after": self.reverify_after,
        }

    def given(self) -> dict[str, object]:
        """Return what was set, for the audit trail."""
        lists = {"origin": self.origins, "email_domain": self.email_domains}
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
            created_at=context.now,
            origins=[],
            email_domains=[],
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
    problems = [*_account_problems(account), *_origin_problems(settings.origins or ())]
    problems += _domain_problems(session, account.code, settings.email_domains or ())
    if problems:
        raise Invalid(*problems)
    if settings.origins is not None:
        accounts.set_origins(account, settings.origins)
    if settings.email_domains is not None:
        accounts.set_email_domains(account, settings.email_domains)


def _account_problems(account: Account) -> Iterator[str]:
    if not account.name or len(account.name) > MAX_NAME_LENGTH or not account.name.isprintable():
        yield f"the name must have 1 to {MAX_NAME_LENGTH} printable characters"
    if account.base_url and not _is_web_address(account.base_url):
        yield "the base URL must be https (or http on this machine), without query and fragment"
    if account.link_by_email and account.code == STAFF_ACCOUNT:
        yield "staff are never linked by email: who takes over a lapsed domain has the same addresses"


def _origin_problems(origins: Sequence[str]) -> list[str]:
    return [
        f"origin {origin[:200]!r} must be scheme, host and perhaps a port, as browsers write it: "
        "https://platform.example.com"
        for origin in origins
        if len(origin) > MAX_ORIGIN_LENGTH
        or not _is_web_address(origin)
        or urlsplit(origin).path
        or origin != _as_browsers_write(origin)
    ]


def _as_browsers_write(origin: str) -> str:
    """Return an origin in its one spelling (RFC 6454 §6.2): lower case, without the scheme's usual port."""
    scheme, _, host = origin.lower().partition("://")
    name, colon, port = host.rpartition(":")
    if not colon or "]" in port:
        return f"{scheme}://{host}"
    usual = {"http": "80", "https": "443"}[scheme]
    return f"{scheme}://{name}" if port in {usual, ""} else f"{scheme}://{name}:{port.lstrip('0')}"


def _domain_problems(session: Session, code: str, domains: Sequence[str]) -> list[str]:
    problems = []
    for domain in domains:
        owner = accounts.owner_of_domain(session, domain)
        if not _DOMAIN.fullmatch(domain):
            problems.append(f"email domain {domain[:200]!r} must look like example.com, lower case")
        elif owner not in {None, code}:
            problems.append(f"email domain {domain!r} belongs to account {owner!r} already")
    return problems


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    if (
        len(text) > MAX_URL_LENGTH
        or not text.isascii()
        or not text.isprintable()
        or any(sign in text for sign in " \\?#@*")
        or not parts.hostname
    ):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def _record(
    session: Session, code: str, change: Change, context: Context, settings: AccountSettings | None = None
) -> None:
    given = settings.given() if settings else {}
    trail.record(session, AccountChanged(account=code, change=change, settings=given), context)
