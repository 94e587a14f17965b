"""Whose a thing is: what is not the caller's account's does not exist for them."""

from __future__ import annotations

from idp.domain.errors import NotFound
from idp.domain.identifiers import AccountCode, ClientId
from idp.store import access_requests, api_keys, clients, platform_secrets, staff_grants
from idp.store.unit_of_work import reading


def client(account: AccountCode, client_id: str) -> None:
    """Require a client of the account.

    :raises NotFound: it has none of that id.
    """
    with reading() as session:
        row = clients.find(session, ClientId(client_id))
    _same(account, None if row is None else row.account_code)


def api_key(account: AccountCode, key_id: str) -> None:
    """Require an API key of the account, as :func:`client` does."""
    with reading() as session:
        _same(account, api_keys.account_of(session, key_id))


def platform_secret(account: AccountCode, secret_id: str) -> None:
    """Require a platform secret of the account, as :func:`client` does."""
    with reading() as session:
        _same(account, platform_secrets.account_of(session, secret_id))


def access_request(account: AccountCode, request_id: str) -> None:
    """Require an access request of the account, as :func:`client` does."""
    with reading() as session:
        row = access_requests.get(session, request_id)
    _same(account, None if row is None else row.account_code)


def staff_grant(account: AccountCode, grant_id: str) -> None:
    """Require a staff grant for this very account, as :func:`client` does; one for all accounts is nobody's here."""
    with reading() as session:
        row = staff_grants.get(session, grant_id)
    _same(account, None if row is None else row.account_code)


def _same(account: AccountCode, owner: str | None) -> None:
    if owner != account:
        raise NotFound("there is no such thing in this account")
