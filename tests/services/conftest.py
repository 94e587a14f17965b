"""Use cases on both databases, each test on one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from idp.domain.context import Context
from idp.domain.errors import NotAdmitted, Refusal
from idp.domain.new_user import NewUser
from idp.domain.provider_settings import ProviderSettings
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.services.parts import EXTENSION, Parts
from idp.services.people import users as people
from idp.services.registry import accounts, providers
from idp.services.registry.accounts import AccountSettings
from idp.services.sessions.sso import Begun
from idp.services.sign_in import entry
from idp.store.db import db
from idp.store.providers import Provider
from idp.store.sso_sessions import SsoSession
from idp.store.unit_of_work import reading
from idp.store.users import User
from tests.support.database import DATABASES, application, fresh_sqlite, fresh_url

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ISSUER = "https://okta.example"
KIM = UpstreamIdentity(
    issuer=ISSUER,
    subject="00u1",
    authenticated_at=NOW,
    email="Kim@acme.example",
    email_vouched=True,
    name="Kim",
    roles=RoleEvidence(claim="roles", values=("deepdesk.editor",)),
)
UNVOUCHED = replace(KIM, email_vouched=False)
STAFF_DOMAIN = "deepdesk.example"
CASEY = replace(KIM, issuer="https://accounts.google.com", subject="g-1", email=f"casey@{STAFF_DOMAIN}", name="Casey")

Enter = Callable[..., Begun]
Connect = Callable[..., Provider]


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> tuple[Flask, Path]:
    """One provider for all tests of this process, and the folder of its database: to build one takes longer."""
    directory = tmp_path_factory.mktemp("services")
    with application(fresh_sqlite(directory), directory) as app:
        return app, directory


@pytest.fixture(params=DATABASES)
def provider_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The whole provider on an empty database, within its application context."""
    if request.param != "sqlite":
        with application(fresh_url(request, tmp_path), tmp_path) as app:
            yield app
        return
    app, directory = request.getfixturevalue("on_sqlite")
    fresh_sqlite(directory)
    with app.app_context():
        yield app
        db.engine.dispose()


@pytest.fixture
def parts(provider_app: Flask) -> Parts:
    return provider_app.extensions[EXTENSION]


@pytest.fixture
def context() -> Context:
    return Context.of_operator("test", NOW)


@pytest.fixture
def connect(provider_app: Flask, parts: Parts, context: Context) -> Connect:
    """Connect an account, by default ``acme``, to one more provider."""
    accounts.create("acme", AccountSettings(name="Acme"), context=context)
    codes = (f"okta-{number}" for number in count())

    def connected(*, account: str = "acme", **changes: Any) -> Provider:
        given = {"kind": "oidc", "display_name": "Okta", "client_id": "x", "role_based_iam": True} | changes
        if given["kind"] == "oidc":
            given.setdefault("issuer", ISSUER)
        settings = ProviderSettings.of(**given)
        return providers.create(account, next(codes), settings, client_secret="secret", parts=parts, context=context)

    return connected


@pytest.fixture
def enter(parts: Parts, context: Context) -> Enter:
    def entered(provider: Provider, identity: UpstreamIdentity, *cookies: str, minutes: int = 0) -> Begun:
        now = context.now + timedelta(minutes=minutes)
        return entry.enter(provider, identity, cookies=cookies, parts=parts, context=replace(context, now=now))

    return entered


@pytest.fixture
def staff_provider(connect: Connect, context: Context) -> Provider:
    """Google, at which staff sign in, beside the customer ``acme``."""
    accounts.ensure_staff(context=context)
    return connect(account="staff", kind="google", hosted_domains=(STAFF_DOMAIN,), role_based_iam=False)


@pytest.fixture
def make(connect: Connect, parts: Parts, context: Context) -> Callable[..., str]:
    """Make a user of acme beforehand; returns their id."""

    def made(email: str = "kim@acme.example", *, account: str = "acme", **given: Any) -> str:
        return people.create(account, NewUser.parse(email, **given), parts=parts, context=context).id

    return made


def refused(enter: Enter, provider: Provider, identity: UpstreamIdentity, *cookies: str, minutes: int = 0) -> Refusal:
    """Try to enter, and return why not."""
    with pytest.raises(NotAdmitted) as caught:
        enter(provider, identity, *cookies, minutes=minutes)
    return caught.value.refusal


def set_account(context: Context, code: str = "acme", **settings: Any) -> None:
    """Change an account's settings."""
    accounts.update(code, AccountSettings(**settings), context=context)


def rows(table: type) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def the(table: type) -> Any:
    with reading() as session:
        return session.scalars(select(table)).one()


def user_of(begun: Begun) -> User:
    """Return the user whose session has begun."""
    with reading() as session:
        found = session.get(SsoSession, begun.sid)
        assert found is not None
        user = session.get(User, found.user_id)
    assert user is not None
    return user
