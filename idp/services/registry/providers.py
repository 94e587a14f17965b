"""Upstream providers: which platforms an account's people sign in with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import Change, ProviderChanged
from idp.domain.codes import STAFF_ACCOUNT, parse_code
from idp.domain.context import Context
from idp.domain.errors import AlreadyExists, ChangedMeanwhile, Invalid, NotFound
from idp.domain.identifiers import AccountCode, ProviderCode
from idp.domain.provider_checks import check as check_settings
from idp.domain.provider_kinds import Kind
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import Role
from idp.domain.secrets import digest, new_identifier
from idp.mails.kinds import Happened
from idp.services.mailing import notices
from idp.services.mailing.notices import Notice
from idp.services.parts import Parts
from idp.services.registry import accounts
from idp.store import providers, upstream_identities
from idp.store.providers import Provider
from idp.store.unit_of_work import reading, unit_of_work
from idp.upstream import kinds
from idp.upstream.connector import Connector, ProviderConfig

CALLBACK_PATH = "/oauth/callback/"
OWN_PART_SEPARATOR = "."


def create(
    account: str, code: str, settings: ProviderSettings, *, client_secret: str, parts: Parts, context: Context
) -> Provider:
    """Connect an account to an upstream provider. Its managers are told.

    :param client_secret: clear, as the upstream gave it; kept sealed.
    :raises NotFound: there is no such account.
    :raises AlreadyExists: the account has a provider of that code.
    :raises Invalid: every problem of code and settings.
    """
    parse_code(code, what="provider")
    check_settings(settings)
    _check_secret(client_secret)
    _check_for_account(account, settings)
    with unit_of_work() as session:
        accounts.require(session, account)
        if providers.find(session, AccountCode(account), ProviderCode(code)):
            raise AlreadyExists(f"provider {code!r} of {account!r} exists already; see: idp providers list")
        row = Provider(id=new_identifier(), account_code=account, code=code, created_at=context.now)
        _write(row, settings)
        row.client_secret_sealed = parts.sealer.seal(client_secret, record=_record_of(row))
        session.add(row)
        session.flush()
        _audit(session, row, Change.CREATED, context, _fields(settings))
        notice = Notice(what=Happened.PROVIDER, thing=f"{row.display_name} ({row.code})")
        notices.tell_managers(session, AccountCode(account), notice, parts=parts, context=context)
    return row


def update(
    account: str,
    code: str,
    changes: dict[str, Any],
    *,
    client_secret: str | None,
    seen: str | None = None,
    parts: Parts,
    context: Context,
) -> Provider:
    """Change a provider; what is not given stays.

    :param changes: fields of :class:`ProviderSettings`.
    :param seen: the :func:`version_of` what the caller saw; none to change whatever is there.
    :raises NotFound: there is no such provider.
    :raises Invalid: every problem of the settings as they would become.
    :raises ChangedMeanwhile: it is not any more what the caller saw.
    """
    with unit_of_work() as session:
        row = require(session, account, code)
        if seen is not None and seen != version_of(row):
            raise ChangedMeanwhile("somebody changed the provider meanwhile")
        settings = ProviderSettings(**{**_fields(settings_of(row)), **changes})
        check_settings(settings)
        _check_for_account(account, settings)
        if settings.subject_claim != row.subject_claim and upstream_identities.has_any(session, providers.id_of(row)):
            raise Invalid(
                f"people are known by {row.subject_claim} already, and another claim could make them somebody else; "
                "make another provider for --subject-claim"
            )
        _write(row, settings)
        if client_secret is not None:
            _check_secret(client_secret)
            row.client_secret_sealed = parts.sealer.seal(client_secret, record=_record_of(row))
            _audit(session, row, Change.SECRET_ROTATED, context, {})
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


def connector_of(row: Provider, parts: Parts) -> Connector:
    """Build the connector that speaks to a provider."""
    settings = settings_of(row).resolved()
    told = {one.name for one in fields(ProviderSettings)}
    config = ProviderConfig(
        client_secret=parts.sealer.open(row.client_secret_sealed, record=_record_of(row)),
        **{one.name: getattr(settings, one.name) for one in fields(ProviderConfig) if one.name in told},
    )
    return kinds.build(config, parts.upstream)


def redirect_uri(row: Provider, *, issuer: str) -> str:
    """Return the callback to register at the upstream: the provider's own, or the shared one."""
    own = "" if row.generic_callback else f"{row.account_code}{OWN_PART_SEPARATOR}{row.code}/"
    return f"{issuer}{CALLBACK_PATH}{own}"


def names_people_by(row: Provider) -> str:
    """Return what, beside a person's own id, makes them the same person at this provider.

    Entra and the platforms name the organisation in each answer, whatever is configured.
    """
    settings = settings_of(row).resolved()
    match settings.kind:
        case Kind.OIDC | Kind.GOOGLE:
            return settings.issuer
        case Kind.OAUTH2:
            parts = urlsplit(settings.userinfo_url or "")
            return settings.issuer or f"{parts.scheme}://{parts.netloc}"
        case _:
            return ""


def settings_of(row: Provider) -> ProviderSettings:
    """Read a provider's settings from its row."""
    stored = {one.name: getattr(row, one.name) for one in fields(ProviderSettings)}
    stored["tenants"], stored["hosted_domains"] = tuple(row.tenants), tuple(row.hosted_domains)
    stored["role_map"] = {theirs: Role(ours) for theirs, ours in row.role_map.items()}
    stored["role_ceiling"] = None if row.role_ceiling is None else Role(row.role_ceiling)
    return ProviderSettings(**stored)


def version_of(row: Provider) -> str:
    """Return a text that is another after every change of a provider; it tells nothing of what it is made from."""
    described = {name: _describable(value) for name, value in _fields(settings_of(row)).items()}
    return digest(json.dumps([row.id, described, digest(row.client_secret_sealed)], sort_keys=True))


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


def _check_for_account(account: str, settings: ProviderSettings) -> None:
    """Keep from the account of staff what would let in strangers (CONTRACT §6 rule 8)."""
    if account == STAFF_ACCOUNT and settings.any_google_account:
        raise Invalid("--any-google-account would make everybody staff; pin the Workspace with --hosted-domain")


def _write(row: Provider, settings: ProviderSettings) -> None:
    for name, value in _fields(settings).items():
        setattr(row, name, _storable(value))


def _storable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _fields(settings: ProviderSettings) -> dict[str, Any]:
    return {one.name: getattr(settings, one.name) for one in fields(settings)}


def _record_of(row: Provider) -> str:
    return f"provider:{row.id}:client_secret"


def _audit(session: Session, row: Provider, change: Change, context: Context, settings: dict[str, Any]) -> None:
    described = {name: _describable(value) for name, value in settings.items()}
    event = ProviderChanged(account=row.account_code, provider=row.code, change=change, settings=described)
    trail.record(session, event, context)


def _describable(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else _storable(value)
