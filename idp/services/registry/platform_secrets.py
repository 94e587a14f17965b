"""Platform secrets: shared with a platform that signs JWTs about an account's agents (CONTRACT §6 rule 4).

Two may be valid while one replaces the other. A secret that is revoked is
kept as a digest alone, so that it is known should it come again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import Change, PlatformSecretChanged
from idp.domain.context import Context
from idp.domain.errors import AlreadyExists, Invalid, NotFound
from idp.domain.identifiers import AccountCode
from idp.domain.integration_secrets import MAX_LIVE, parse_platform_secret
from idp.domain.secrets import digest, new_identifier, new_secret
from idp.mails.kinds import Happened
from idp.services.mailing import notices
from idp.services.mailing.notices import Notice
from idp.services.parts import Parts
from idp.services.registry import accounts
from idp.services.registry.customers import claim_turn
from idp.store import platform_secrets
from idp.store.platform_secrets import PlatformSecret
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens.sealing import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlatformSecret:
    """A secret that was just stored, in clear: the only moment at which an operator can read it."""

    id: str
    account: AccountCode
    secret: str = field(repr=False)


def create(account: str, *, secret: str | None, parts: Parts, context: Context) -> NewPlatformSecret:
    """Give an account a platform secret beside the one it may have. Its managers are told.

    :param secret: brought along from elsewhere, clear; made here when none.
    :raises NotFound: there is no such account.
    :raises AlreadyExists: the account has, or had, that secret.
    :raises Invalid: the account of staff, a secret that cannot be used, or two that are live already.
    """
    chosen = new_secret() if secret is None else parse_platform_secret(secret)
    with unit_of_work() as session:
        code = claim_turn(session, account)
        _refuse_known(session, code, chosen)
        _refuse_third(session, code)
        return _add(session, code, chosen, parts, context)


def live(account: str, secret: str) -> NewPlatformSecret:
    """Return an account's live secret that somebody has.

    :raises AlreadyExists: it was revoked.
    """
    with reading() as session:
        known = platform_secrets.find(session, AccountCode(account), secret)
        if known is None or known.revoked_at is not None:
            raise AlreadyExists("this platform secret was revoked; leave --secret-file out and another one is made")
        return NewPlatformSecret(id=known.id, account=AccountCode(account), secret=secret)


def list_all(account: str | None) -> Sequence[PlatformSecret]:
    """Return the secrets of one account, or all, those that were revoked included.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        if account is None:
            return platform_secrets.everyone(session)
        accounts.require(session, account)
        return platform_secrets.of_account(session, AccountCode(account))


def rotate(secret_id: str, *, parts: Parts, context: Context) -> NewPlatformSecret:
    """Make a secret that is to replace one; that one stays valid until it is revoked. The managers are told.

    :raises NotFound: there is no such secret.
    :raises Invalid: it was revoked before, or two are live already.
    """
    with unit_of_work() as session:
        row = _claim(session, secret_id)
        account = AccountCode(row.account_code)
        _refuse_third(session, account)
        return _add(session, account, new_secret(), parts, context, replaces=row.id)


def revoke(secret_id: str, *, context: Context) -> PlatformSecret:
    """End a secret at once; it can be read no more.

    :raises NotFound: there is no such secret.
    :raises Invalid: it was revoked before.
    """
    with unit_of_work() as session:
        row = _claim(session, secret_id)
        row.revoked_at, row.secret_sealed = context.now, ""
        _record(session, row, Change.REVOKED, context)
    return row


def opened(row: PlatformSecret, *, sealer: Sealer) -> str:
    """Return a live secret in clear, to verify a signature with.

    :raises CannotOpen: no configured key opens it, or it was revoked.
    """
    return sealer.open(row.secret_sealed, record=_record_of(row))


def _refuse_known(session: Session, account: AccountCode, secret: str) -> None:
    known = platform_secrets.find(session, account, secret)
    if known is not None:
        raise AlreadyExists(
            f"this platform secret is known as {known.id} of {account!r} already, live or revoked; "
            "leave --secret-file out and another one is made"
        )


def _refuse_third(session: Session, account: AccountCode) -> None:
    live = platform_secrets.live(session, account)
    if len(live) >= MAX_LIVE:
        raise Invalid(
            f"account {account!r} has two live platform secrets already ({', '.join(row.id for row in live)}); "
            "end one of them first: idp platform-secrets revoke ID"
        )


def _claim(session: Session, secret_id: str) -> PlatformSecret:
    """Return a live secret that nobody else changes until the transaction ends."""
    account = platform_secrets.account_of(session, secret_id)
    if account is not None:
        claim_turn(session, account)
    row = platform_secrets.get(session, secret_id)
    if row is None:
        raise NotFound(f"there is no platform secret {secret_id[:64]!r}; see: idp platform-secrets list")
    if row.revoked_at is not None:
        raise Invalid(f"the platform secret {row.id} was revoked before ({row.revoked_at:%Y-%m-%d %H:%M:%S} UTC)")
    return row


def _add(
    session: Session, account: AccountCode, secret: str, parts: Parts, context: Context, *, replaces: str = ""
) -> NewPlatformSecret:
    row = PlatformSecret(
        id=new_identifier(), account_code=account, secret_digest=digest(secret), created_at=context.now
    )
    row.secret_sealed = parts.sealer.seal(secret, record=_record_of(row))
    session.add(row)
    session.flush()
    _record(session, row, Change.CREATED, context)
    notice = Notice(what=Happened.PLATFORM_SECRET, thing=row.id, replaces=replaces)
    notices.tell_managers(session, account, notice, parts=parts, context=context)
    return NewPlatformSecret(id=row.id, account=account, secret=secret)


def _record_of(row: PlatformSecret) -> str:
    return f"platform_secret:{row.id}"


def _record(session: Session, row: PlatformSecret, change: Change, context: Context) -> None:
    trail.record(session, PlatformSecretChanged(account=row.account_code, secret_id=row.id, change=change), context)
