"""How upstream providers stand: looking at one and remembering what was found, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from idp.domain.context import Context
from idp.domain.errors import TooManyRequests
from idp.domain.identifiers import AccountCode, ProviderCode
from idp.limits import throttles
from idp.services.operations.doctor import RECENT, SECRET_WARNING, examine_provider
from idp.services.operations.readiness import Finding
from idp.services.parts import Parts
from idp.services.registry import accounts
from idp.services.registry import providers as registry
from idp.store import audit_events, provider_checks, providers, upstream_identities
from idp.store.audit_events import AuditEvent
from idp.store.provider_checks import ProviderCheck
from idp.store.providers import Provider
from idp.store.unit_of_work import reading, unit_of_work

LIMIT = "provider_check"
"""Whoever asks from a page to look at a provider waits for their turn; whoever types the command does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One provider with what is known of it.

    :param check: the last look at it; none where nobody looked yet.
    :param failure: the latest sign-in of the last seven days that came back without an identity.
    :param people: how many are known by it.
    :param secret_days: until the upstream takes the secret no more; none where nobody noted the day.
    """

    provider: Provider
    check: ProviderCheck | None
    failure: AuditEvent | None
    people: int
    secret_days: int | None

    @property
    def secret_is_over(self) -> bool:
        """Say whether the upstream takes the secret no more."""
        return self.secret_days is not None and self.secret_days <= 0

    @property
    def secret_ends_soon(self) -> bool:
        """Say whether it is time to make another secret."""
        return self.secret_days is not None and timedelta(self.secret_days) <= SECRET_WARNING


def look(row: Provider, *, parts: Parts, context: Context) -> Sequence[Finding]:
    """Examine a provider and remember what deserves attention; the calls are made outside of any transaction."""
    found = list(examine_provider(row, parts=parts, context=context))
    kept = [
        {"topic": one.topic.value, "what": one.what, "breaks": one.breaks}
        for one in found
        if one.breaks or one.deserves_attention
    ]
    with unit_of_work() as session:
        if providers.get(session, providers.id_of(row)) is not None:  # or it was removed meanwhile
            provider_checks.keep(session, providers.id_of(row), kept, now=context.now)
    return found


def look_in_turn(account: AccountCode, code: str, *, parts: Parts, context: Context) -> Sequence[Finding]:
    """Examine a provider for somebody who asks from a page.

    :raises NotFound: there is no such provider.
    :raises TooManyRequests: somebody did within the last minute.
    """
    with unit_of_work() as session:
        row = registry.require(session, account, code)
        wait = throttles.wait(session, LIMIT, row.id, settings=parts.settings, context=context)
    if wait is not None:
        raise TooManyRequests(wait)
    return look(row, parts=parts, context=context)


def of_account(account: AccountCode, *, context: Context) -> Sequence[Standing]:
    """Return how each provider of an account stands, by code.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        accounts.require(session, account)
        rows = providers.of_account(session, account)
        checks = provider_checks.of_providers(session, [row.id for row in rows])
        people = upstream_identities.people_of(session, [row.id for row in rows])
        failures = {row.id: _failure(session, row, context) for row in rows}
    return [
        Standing(
            provider=row,
            check=checks.get(row.id),
            failure=failures[row.id],
            people=people.get(row.id, 0),
            secret_days=_days_left(row, context),
        )
        for row in rows
    ]


def of_one(account: AccountCode, code: str, *, context: Context) -> Standing:
    """Return how one provider stands.

    :raises NotFound: there is no such provider.
    """
    registry.show(account, code)
    return next(one for one in of_account(account, context=context) if one.provider.code == code)


def _failure(session: Session, row: Provider, context: Context) -> AuditEvent | None:
    since = context.now - RECENT
    return audit_events.latest_failure(session, AccountCode(row.account_code), ProviderCode(row.code), since=since)


def _days_left(row: Provider, context: Context) -> int | None:
    return None if row.client_secret_expires is None else (row.client_secret_expires - context.now.date()).days
