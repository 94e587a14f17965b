"""API keys: by which a platform without single sign-on vouches for an account's agents (CONTRACT §6 rule 4).

Whoever manages them changes what comes later; sessions that a key began go
on until they end by themselves or are ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import ApiKeyChanged, Change
from idp.domain.context import Context
from idp.domain.errors import AlreadyExists, Invalid, NotFound
from idp.domain.identifiers import AccountCode
from idp.domain.integration_secrets import MAX_LIVE, parse_api_key
from idp.domain.secrets import digest, new_identifier, new_secret
from idp.mails.kinds import Happened
from idp.services.mailing import notices
from idp.services.mailing.notices import Notice
from idp.services.parts import Parts
from idp.services.registry import accounts
from idp.services.registry.customers import claim_turn
from idp.store import api_keys
from idp.store.api_keys import ApiKey
from idp.store.unit_of_work import reading, unit_of_work


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key that was just stored, in clear: the only moment at which it can be read."""

    id: str
    account: AccountCode
    api_key: str = field(repr=False)


def create(account: str, *, key: str | None, parts: Parts, context: Context) -> NewApiKey:
    """Give an account an API key beside the one it may have. Its managers are told.

    :param key: brought along from elsewhere, clear; made here when none.
    :raises NotFound: there is no such account.
    :raises AlreadyExists: some account has, or had, that key.
    :raises Invalid: the account of staff, a key that cannot be used, or two that are live already.
    """
    chosen = new_secret() if key is None else parse_api_key(key)
    try:
        return _create(account, chosen, parts, context)
    except IntegrityError:
        # Another account was quicker with the same key: now it can be told that it is known.
        return _create(account, chosen, parts, context)


def live(account: str, key: str) -> NewApiKey:
    """Return an account's live key that somebody has.

    :raises AlreadyExists: the key is another account's, or was revoked.
    """
    with reading() as session:
        known = api_keys.find(session, key)
        if known is None or known.account_code != account or known.revoked_at is not None:
            raise AlreadyExists("this API key was revoked, or is another account's; leave --key-file out")
        return NewApiKey(id=known.id, account=AccountCode(account), api_key=key)


def list_all(account: str | None) -> Sequence[ApiKey]:
    """Return the keys of one account, or all, those that were revoked included.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        if account is None:
            return api_keys.everyone(session)
        accounts.require(session, account)
        return api_keys.of_account(session, AccountCode(account))


def rotate(key_id: str, *, parts: Parts, context: Context) -> NewApiKey:
    """Put a new key in the place of one, which ends at once. The account's managers are told.

    :raises NotFound: there is no such key.
    :raises Invalid: it was revoked before.
    """
    with unit_of_work() as session:
        row = _claim(session, key_id)
        _end(session, row, context)
        return _add(session, AccountCode(row.account_code), new_secret(), parts, context, replaces=row.id)


def revoke(key_id: str, *, context: Context) -> ApiKey:
    """End a key at once.

    :raises NotFound: there is no such key.
    :raises Invalid: it was revoked before.
    """
    with unit_of_work() as session:
        row = _claim(session, key_id)
        _end(session, row, context)
    return row


def _create(account: str, key: str, parts: Parts, context: Context) -> NewApiKey:
    with unit_of_work() as session:
        code = claim_turn(session, account)
        _refuse_known(session, code, key)
        _refuse_third(session, code)
        return _add(session, code, key, parts, context)


def _refuse_known(session: Session, account: AccountCode, key: str) -> None:
    known = api_keys.find(session, key)
    if known is None:
        return
    where = f"as {known.id} of {account!r}" if known.account_code == account else "here"
    raise AlreadyExists(
        f"this API key is known {where} already, live or revoked; leave --key-file out and another one is made"
    )


def _refuse_third(session: Session, account: AccountCode) -> None:
    live = api_keys.live(session, account)
    if len(live) >= MAX_LIVE:
        raise Invalid(
            f"account {account!r} has two live API keys already ({', '.join(row.id for row in live)}); "
            "end one of them first: idp api-keys revoke ID"
        )


def _claim(session: Session, key_id: str) -> ApiKey:
    """Return a live key that nobody else changes until the transaction ends."""
    account = api_keys.account_of(session, key_id)
    if account is not None:
        claim_turn(session, account)
    row = api_keys.get(session, key_id)
    if row is None:
        raise NotFound(f"there is no API key {key_id[:64]!r}; see: idp api-keys list")
    if row.revoked_at is not None:
        raise Invalid(f"the API key {row.id} was revoked before ({row.revoked_at:%Y-%m-%d %H:%M:%S} UTC)")
    return row


def _add(
    session: Session, account: AccountCode, key: str, parts: Parts, context: Context, *, replaces: str = ""
) -> NewApiKey:
    row = ApiKey(id=new_identifier(), account_code=account, key_digest=digest(key), created_at=context.now)
    session.add(row)
    session.flush()
    _record(session, row, Change.CREATED, context)
    notice = Notice(what=Happened.API_KEY, thing=row.id, replaces=replaces)
    notices.tell_managers(session, account, notice, parts=parts, context=context)
    return NewApiKey(id=row.id, account=account, api_key=key)


def _end(session: Session, row: ApiKey, context: Context) -> None:
    row.revoked_at = context.now
    _record(session, row, Change.REVOKED, context)


def _record(session: Session, row: ApiKey, change: Change, context: Context) -> None:
    trail.record(session, ApiKeyChanged(account=row.account_code, key_id=row.id, change=change), context)
