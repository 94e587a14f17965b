"""Clients: the downstream services that rely on this provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import Change, ClientChanged
from idp.domain.client_metadata import ClientMetadata, parse_client_id
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import AlreadyExists, Invalid, NotFound
from idp.domain.identifiers import AccountCode, ClientId
from idp.domain.secrets import digest, equal, new_identifier, new_secret
from idp.services.registry import accounts, client_changes, client_proofs, client_rows
from idp.store import clients
from idp.store.clients import Client, ClientAdmittedAccount, KeptSecret
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens.sealing import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredClient:
    """A client as the protocol sees it.

    :param account: whose people sign in; none for a client of staff and of the accounts ``admitted``.
    """

    client_id: ClientId
    account: AccountCode | None
    admitted: tuple[AccountCode, ...]
    metadata: ClientMetadata
    secrets: tuple[KeptSecret, ...] = field(repr=False)
    created_at: datetime

    @property
    def accounts(self) -> tuple[AccountCode, ...]:
        """The accounts whose own people may sign in; staff enter a customer's client by grant (CONTRACT §6 rule 8)."""
        return (AccountCode(STAFF_ACCOUNT), *self.admitted) if self.account is None else (self.account,)

    @property
    def is_entered_by_staff(self) -> bool:
        """Whether staff come as guests of a customer's account."""
        return self.account not in {None, STAFF_ACCOUNT}

    def knows_secret(self, secret: str) -> bool:
        """Compare a presented secret with every valid one, in constant time."""
        presented = digest(secret)
        return any([equal(presented, kept.digest) for kept in self.secrets])  # noqa: C419 - compare all

    def readable_secrets(self, sealer: Sealer) -> tuple[str, ...]:
        """Open the secrets that are kept for client_secret_jwt."""
        return tuple(
            sealer.open(kept.sealed, record=client_proofs.record_of(self.client_id, kept.digest))
            for kept in self.secrets
            if kept.sealed
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A client with its secret in clear: the only moment at which it can be read.

    :param client_secret: none for a client that has none, and where the caller brought the secret.
    """

    client: RegisteredClient
    client_secret: str | None = field(repr=False)


def create(
    metadata: ClientMetadata,
    *,
    account: str | None,
    admitted: Sequence[str] = (),
    client_id: str | None = None,
    client_secret: str | None = None,
    sealer: Sealer,
    context: Context,
) -> Issued:
    """Register a client.

    :param account: whose people sign in; none for a client of staff.
    :param admitted: further accounts whose people may sign in to a client without account.
    :param client_id: brought along from elsewhere; made here when none.
    :param client_secret: the same; a public client and one with private_key_jwt have none.
    :raises NotFound: there is no such account.
    :raises AlreadyExists: the client_id is taken.
    :raises Invalid: a client_id or secret that cannot be used, or a client of an account that admits others.
    """
    chosen = ClientId(parse_client_id(client_id) if client_id else new_identifier())
    secret = client_proofs.first_secret(metadata, client_secret)
    client_proofs.require_usable_keys(metadata)
    with unit_of_work() as session:
        if account is not None:
            accounts.require(session, account)
        if clients.find(session, chosen):
            raise AlreadyExists(f"client {chosen!r} exists already; see: idp clients show {chosen}")
        row = Client(client_id=chosen, account_code=account, created_at=context.now)
        client_rows.write(row, metadata)
        _admit(session, row, admitted)
        session.add(row)
        session.flush()
        if secret is not None:
            client_proofs.keep(session, chosen, secret, metadata, sealer=sealer, now=context.now)
        session.flush()
        _record(session, row, Change.CREATED, context, {**_described(metadata), **_admitting(row)})
        registered = _registered(session, row, context)
    return Issued(client=registered, client_secret=None if client_secret else secret)


def update(
    client_id: str, changes: dict[str, Any], *, admitted: Sequence[str] | None = None, context: Context
) -> RegisteredClient:
    """Change a client; what is not given stays.

    :param changes: arguments of :meth:`ClientMetadata.parse`.
    :param admitted: replaces the accounts that a client without account admits.
    :raises NotFound: there is no such client.
    :raises Invalid: every problem of the registration as it would become.
    """
    with unit_of_work() as session:
        row = _require(session, client_id)
        before = client_rows.read(row)
        metadata = _changed(before, changes)
        client_rows.write(row, metadata)
        if metadata.auth_method is not before.auth_method:
            client_proofs.refit(session, ClientId(client_id), metadata, now=context.now)
        described = {key: _described(metadata)[key] for key in sorted(changes)}
        if admitted is not None:
            _admit(session, row, admitted)
            described |= _admitting(row)
        _record(session, row, Change.UPDATED, context, described)
        session.flush()
        return _registered(session, row, context)


def rotate_secret(
    client_id: str, *, keep_old_for: timedelta, auth_method: str | None = None, sealer: Sealer, context: Context
) -> Issued:
    """Give a client a new secret; the old ones stay valid for a while.

    :param keep_old_for: zero ends them at once.
    :param auth_method: for what the client uses its secret from now on; its keys, if any, are given up.
    :raises NotFound: there is no such client.
    :raises Invalid: a client that has no secret, or a method that it cannot have.
    """
    with unit_of_work() as session:
        row = _require(session, client_id)
        chosen = {} if auth_method is None else {"auth_method": auth_method}
        metadata = _changed(client_rows.read(row), {**chosen, "jwks": None, "jwks_uri": None} if chosen else {})
        client_proofs.require_secret(metadata)
        client_rows.write(row, metadata)
        clients.end_secrets(session, ClientId(client_id), at=context.now + keep_old_for)
        secret = new_secret()
        client_proofs.keep(session, ClientId(client_id), secret, metadata, sealer=sealer, now=context.now)
        session.flush()
        client_proofs.refit(session, ClientId(client_id), metadata, now=context.now)
        _record(session, row, Change.SECRET_ROTATED, context, chosen)
        return Issued(client=_registered(session, row, context), client_secret=secret)


def delete(client_id: str, *, context: Context) -> None:
    """Remove a client and what was issued to it.

    :raises NotFound: there is no such client.
    """
    with unit_of_work() as session:
        row = _require(session, client_id)
        _record(session, row, Change.DELETED, context, {})
        clients.remove(session, ClientId(client_id))


def find(client_id: str, *, context: Context) -> RegisteredClient | None:
    """Return the client as the protocol sees it, or none."""
    with reading() as session:
        row = clients.find(session, ClientId(client_id))
        return None if row is None else _registered(session, row, context)


def show(client_id: str, *, context: Context) -> RegisteredClient:
    """Return a client.

    :raises NotFound: there is no such client.
    """
    found = find(client_id, context=context)
    if found is None:
        raise _unknown(client_id)
    return found


def list_all(account: str | None, *, context: Context) -> Sequence[RegisteredClient]:
    """Return the clients of one account, or all.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        if account is not None:
            accounts.require(session, account)
        rows = clients.everyone(session, None if account is None else AccountCode(account))
        return [_registered(session, row, context) for row in rows]


def _changed(before: ClientMetadata, changes: dict[str, Any]) -> ClientMetadata:
    metadata = ClientMetadata.parse(**{**_parseable(before), **changes})
    if metadata.is_public != before.is_public:
        raise Invalid("a client cannot change between public and confidential; register another one")
    client_proofs.require_usable_keys(metadata)
    return metadata


def _require(session: Session, client_id: str) -> Client:
    row = clients.find(session, ClientId(client_id))
    if row is None:
        raise _unknown(client_id)
    return row


def _unknown(client_id: str) -> NotFound:
    return NotFound(f"there is no client {client_id[:128]!r}; see: idp clients list")


def _admit(session: Session, row: Client, admitted: Sequence[str]) -> None:
    codes = list(dict.fromkeys(admitted))
    if codes and row.account_code is not None:
        raise Invalid("--admit-account is for clients without --account; this one is its account's alone")
    if STAFF_ACCOUNT in codes:
        raise Invalid("staff are admitted to every client without account; leave --admit-account staff out")
    for code in codes:
        accounts.require(session, code)
    kept = {one.account_code: one for one in row.admitted}
    row.admitted = [kept.get(code) or ClientAdmittedAccount(account_code=code) for code in codes]


def _admitting(row: Client) -> dict[str, Any]:
    return {"admit_account": [one.account_code for one in row.admitted]} if row.account_code is None else {}


def _registered(session: Session, row: Client, context: Context) -> RegisteredClient:
    client_id = ClientId(row.client_id)
    return RegisteredClient(
        client_id=client_id,
        account=None if row.account_code is None else AccountCode(row.account_code),
        admitted=tuple(AccountCode(one.account_code) for one in row.admitted),
        metadata=client_rows.read(row),
        secrets=clients.live_secrets(session, client_id, now=context.now),
        created_at=row.created_at,
    )


def _parseable(metadata: ClientMetadata) -> dict[str, Any]:
    values = {one.name: getattr(metadata, one.name) for one in fields(metadata)}
    return values | {"scope": " ".join(metadata.scope)}


def _described(metadata: ClientMetadata) -> dict[str, Any]:
    described = _parseable(metadata)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in described.items()}


def _record(session: Session, row: Client, change: Change, context: Context, settings: dict[str, Any]) -> None:
    event = ClientChanged(account=row.account_code, client=row.client_id, change=change, settings=settings)
    trail.record(session, event, context)
    client_changes.note()
