"""What an account may be set to, each problem as a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.mail_sign_in import MagicLinks
from idp.settings import is_loopback
from idp.store import accounts
from idp.store.accounts import Account

MAX_NAME_LENGTH = 200
MAX_URL_LENGTH = 2048
MAX_ORIGIN_LENGTH = 255
MAX_EXPIRY_DAYS = 365
MAX_ESCALATION_HOURS = 8760
MAX_IDLE_DAYS = 3650
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")


def of_account(account: Account) -> Iterator[str]:
    """Return what is wrong with an account's own values."""
    if not account.name or len(account.name) > MAX_NAME_LENGTH or not account.name.isprintable():
        yield f"the name must have 1 to {MAX_NAME_LENGTH} printable characters"
    if account.base_url and not _is_web_address(account.base_url):
        yield "the base URL must be https (or http on this machine), without query and fragment"
    if not 1 <= account.request_expiry_days <= MAX_EXPIRY_DAYS:
        yield f"an access request waits 1 to {MAX_EXPIRY_DAYS} days"
    if not 1 <= account.escalate_after_hours <= MAX_ESCALATION_HOURS:
        yield f"deputies decide after 1 to {MAX_ESCALATION_HOURS} hours"
    if account.disable_idle_after_days is not None and not 1 <= account.disable_idle_after_days <= MAX_IDLE_DAYS:
        yield f"idle people are kept out after 1 to {MAX_IDLE_DAYS} days; 0 or an empty value turns it off"
    if account.magic_link == MagicLinks.ALL and account.code == STAFF_ACCOUNT:
        yield "staff never sign in by mail; --magic-link all is for customers' accounts"
    if account.link_by_email and account.code == STAFF_ACCOUNT:
        yield "staff are never linked by email: who takes over a lapsed domain has the same addresses"


def of_origins(origins: Sequence[str]) -> list[str]:
    """Return what is wrong with web origins."""
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


def of_email_domains(session: Session, code: str, domains: Sequence[str]) -> list[str]:
    """Return what is wrong with the mail domains that an account is to own."""
    problems = []
    for domain in domains:
        owner = accounts.owner_of_domain(session, domain)
        if not _is_domain(domain):
            problems.append(_no_domain("email", domain))
        elif owner not in {None, code}:
            problems.append(f"email domain {domain!r} belongs to account {owner!r} already")
    return problems


def of_access_domains(domains: Sequence[str]) -> list[str]:
    """Return what is wrong with the mail domains whose people may ask for access."""
    return [_no_domain("access", domain) for domain in domains if not _is_domain(domain)]


def _is_domain(text: str) -> bool:
    return _DOMAIN.fullmatch(text) is not None


def _no_domain(what: str, text: str) -> str:
    return f"{what} domain {text[:200]!r} must look like example.com, lower case"


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
