"""Upstream providers: which platforms an account's people sign in with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import Change, ProviderChanged
from idp.domain.codes import parse_code
from idp.domain.context import Context
from idp.domain.errors import AlreadyExists, Invalid, NotFound
from idp.domain.identifiers import AccountCode, ProviderCode
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import Role
from idp.domain.secrets import new_identifier
from idp.services.parts import Parts
from idp.services.registry import accounts
from idp.store import providers
from idp.store.providers import Provider
from idp.store.unit_of_work import reading, unit_of_work
from idp.upstream import kinds
from idp.upstream.connector import Connector, ProviderConfig

CALLBACK_PATH = "/oauth/callback/"
OWN_PART_SEPARATOR = "."


def create(
    account: str, code: str, settings: ProviderSettings, *, client_secret: str, parts: Parts, context: Context
) -> Provider:
    """Connect an account to an upstream provider.

    :param client_secret: clear, as the upstream gave it; kept sealed.
    :raises NotFound: there is no such account.
    :raises AlreadyExists: the account has a provider of that code.
    :raises Invalid: every problem of code and settings.
    """
    parse_code(code, what="provider")
    settings.check()
    _check_secret(client_secret)
    with unit_of_work() as session:
        accounts.require(session, account)
        if providers.find(session, AccountCode(account), ProviderCode(code)):
            raise AlreadyExists(f"provider {code!r} of {account!r} exists already; see: idp providers list")
        row = Provider(id=new_identifier(), account_code=account, code=code, created_at=context.now)
        _write(row, settings)
        row.client_secret_sealed = parts.sealer.seal(client_secret, record=_record_of(row))
        session.add(row)
        session.flush()
        _audit(session, row, Change.CREATED, context, asdict(settings))
    return row


def update(
    account: str,
    code: str,
    changes: dict[str, Any],
    *,
    client_secret: str | None,
    parts: Parts,
    context: Context,
) -> Provider:
    """Change a provider; what is not given stays.

    :param changes: fields of :class:`ProviderSettings`.
    :raises NotFound: there is no such provider.
    :raises Invalid: every problem of the settings as they would become.
    """
    with unit_of_work() as session:
        row = require(session, account, code)
        settings = ProviderSettings(**{**_fields(settings_of(row)), **changes})
        settings.check()
        _write(row, settings)
        if client_secret is not None:
            _check_secret(client_secret)
            row.client_secret_sealed = parts.sealer.seal(client_secret, record=_record_of(row))
        _audit(session, row, Change.UPDATED, context, changes)
    return row


def delete(account: str, code: str, *, context: Context) -> None:
    """Remove a provider; the links of people who signed in with it go too.

    :raises NotFound: there is no such provider.
    """
    with unit_of_work() as session:
        row = require(session, account, code)
        _audit(session, row, Change.DELETED, context, {})
        session.delete(row)


def show(account: str, code: str) -> Provider:
    """Return a provider.

    :raises NotFound: there is no such provider.
    """
    with reading() as session:
        return require(session, account, code)


def list_all(account: str | None) -> Sequence[Provider]:
    """Return the providers of one account, or all.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        if account is None:
            return providers.everyone(session)
        accounts.require(session, account)
        return providers.of_account(session, AccountCode(account))


def check(account: str, code: str, *, parts: Parts) -> tuple[str, ...]:
    """Look at the upstream from here.

    :returns: one sentence a problem; empty when all is well.
    :raises NotFound: there is no such provider.
    """
    row = show(account, code)
    return connector_of(row, parts).check()


def connector_of(row: Provider, parts: Parts) -> Connector:
    """Build the connector that speaks to a provider."""
    config = ProviderConfig(
        kind=row.kind,
        client_id=row.client_id,
        client_secret=parts.sealer.open(row.client_secret_sealed, record=_record_of(row)),
        issuer=row.issuer,
        authorize_url=row.authorize_url,
        token_url=row.token_url,
        userinfo_url=row.userinfo_url,
        scope=row.scope,
        subject_claim=row.subject_claim,
        email_claim=row.email_claim,
        first_name_claim=row.first_name_claim,
        last_name_claim=row.last_name_claim,
        roles_claim=row.roles_claim,
    )
    return kinds.build(config, parts.upstream)


def redirect_uri(row: Provider, *, issuer: str) -> str:
    """Return the callback to register at the upstream: the provider's own, or the shared one."""
    own = "" if row.generic_callback else f"{row.account_code}{OWN_PART_SEPARATOR}{row.code}/"
    return f"{issuer}{CALLBACK_PATH}{own}"


def settings_of(row: Provider) -> ProviderSettings:
    """Read a provider's settings from its row."""
    stored = {one.name: getattr(row, one.name) for one in fields(ProviderSettings)}
    stored["role_map"] = {theirs: Role(ours) for theirs, ours in row.role_map.items()}
    stored["role_ceiling"] = None if row.role_ceiling is None else Role(row.role_ceiling)
    return ProviderSettings(**stored)


def require(session: Session, account: str, code: str) -> Provider:
    """Return a provider within a transaction.

    :raises NotFound: there is no such account, or no such provider of it.
    """
    accounts.require(session, account)
    row = providers.find(session, AccountCode(account), ProviderCode(code))
    if row is None:
        raise NotFound(f"account {account!r} has no provider {code!r}; see: idp providers list --account {account}")
    return row


def _check_secret(client_secret: str) -> None:
    if not client_secret or not client_secret.isprintable():
        raise Invalid("the client secret is empty or holds unprintable characters; check --client-secret-file")


def _write(row: Provider, settings: ProviderSettings) -> None:
    for name, value in _fields(settings).items():
        setattr(row, name, dict(value) if name == "role_map" else value)


def _fields(settings: ProviderSettings) -> dict[str, Any]:
    return {one.name: getattr(settings, one.name) for one in fields(settings)}


def _record_of(row: Provider) -> str:
    return f"provider:{row.id}:client_secret"


def _audit(session: Session, row: Provider, change: Change, context: Context, settings: dict[str, Any]) -> None:
    event = ProviderChanged(account=row.account_code, provider=row.code, change=change, settings=settings)
    trail.record(session, event, context)
