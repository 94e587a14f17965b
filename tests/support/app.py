"""The provider in this process: on a database of its own, under a clock that stands still, spoken to over WSGI.

Operators' work (accounts, clients, upstreams) is done through the services.
A person is signed in either by a whole walk over HTTP or, where the way in is
not the point, by what an upstream's connector would have said of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.domain.clock import Clock
from idp.domain.context import Context
from idp.domain.identifiers import UserId
from idp.domain.mail_sign_in import MagicLinks
from idp.domain.new_user import NewUser
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import Role
from idp.domain.secrets import new_identifier
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.services.operations import keys
from idp.services.operations.schema import migrate
from idp.services.parts import EXTENSION, Parts
from idp.services.people import staff
from idp.services.people import users as people
from idp.services.people.staff import GrantTerms
from idp.services.registry import accounts, providers
from idp.services.registry.accounts import AccountSettings
from idp.services.sessions.sso import Begun
from idp.services.sign_in import entry
from idp.settings import Settings
from idp.store import tables, users
from idp.store.audit_events import AuditEvent
from idp.store.db import db
from idp.store.unit_of_work import reading, unit_of_work
from tests.support.clock import NOW, FrozenClock
from tests.support.platform import RunningPlatform

ISSUER = "https://login.deepdesk.example"
UPSTREAM_ISSUER = "https://platform.acme.example"
SECRET_KEY = "the one key of every provider under test"
CALLBACK = "/oauth/callback/acme.platform/"
MOST_REDIRECTS = 10


class Browser:
    """Somebody's browser: keeps cookies, follows nothing unless told to."""

    def __init__(self, app: Flask, issuer: str) -> None:
        self.http: FlaskClient = app.test_client()
        self.issuer = issuer

    def opens(self, url: str, **options: Any) -> TestResponse:
        """Get an address of the provider, absolute or a path."""
        return self.http.get(urljoin(self.issuer, url), **options)

    def posts(self, url: str, form: Mapping[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form to the provider."""
        return self.http.post(urljoin(self.issuer, url), data=form, **options)

    def follows(self, answer: TestResponse) -> TestResponse:
        """Follow redirects for as long as they stay at the provider."""
        for _ in range(MOST_REDIRECTS):
            target = urljoin(self.issuer, answer.headers.get("Location", ""))
            if "Location" not in answer.headers or urlsplit(target).netloc != urlsplit(self.issuer).netloc:
                return answer
            answer = self.opens(target)
        raise AssertionError(f"more than {MOST_REDIRECTS} redirects, at last to {target}")

    def returns_from(
        self, platform: RunningPlatform, waiting: TestResponse, person: str = "manager", *, to: str = CALLBACK
    ) -> TestResponse:
        """Go where a waiting request leads, sign in at the platform as that person, and come back.

        :param to: the callback's path.
        """
        departure = self.follows(waiting).headers["Location"]
        assert departure.startswith(platform.issuer), departure
        return self.opens(to, query_string=platform.approve(departure, person))

    def signs_out(self) -> None:
        """Press the button of the sign-out page."""
        page = self.opens("/logout/").text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        done = self.posts("/logout/", {"csrf_token": token}, headers={"Origin": self.issuer})
        assert done.status_code == 303, done.text

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie that the provider set."""
        found = self.http.get_cookie(name, domain=str(urlsplit(self.issuer).hostname))
        return None if found is None else found.value

    def is_given(self, name: str, value: str) -> None:
        """Put a cookie into the browser, as the provider's answer would have done."""
        self.http.set_cookie(name, value, domain=str(urlsplit(self.issuer).hostname), secure=True)


@dataclass(frozen=True, kw_only=True)
class Person:
    """What the upstream of an account says about somebody.

    :param subject: the upstream's immutable id.
    :param platform_user_id: their id on the platform in which they work, where the kind has one.
    :param provider: code of the account's provider that speaks.
    :param dated: whether it states when they proved who they are (``auth_time``).
    """

    issuer: str = UPSTREAM_ISSUER
    subject: str = "acme-0001"
    email: str | None = "mia@acme.example"
    email_vouched: bool = True
    name: str | None = "Mia Manager"
    given_name: str | None = "Mia"
    family_name: str | None = "Manager"
    locale: str | None = "en-GB"
    roles: tuple[str, ...] = ("deepdesk.manager",)
    amr: tuple[str, ...] = ("pwd",)
    account: str = "acme"
    platform_user_id: str | None = None
    provider: str = "platform"
    dated: bool = True

    def identity(self, clock: Clock) -> UpstreamIdentity:
        """Return the connector's statement at this moment."""
        return UpstreamIdentity(
            issuer=self.issuer,
            subject=self.subject,
            authenticated_at=clock.now(),
            proven_at=clock.now() if self.dated else None,
            email=self.email,
            email_vouched=self.email_vouched,
            name=self.name,
            given_name=self.given_name,
            family_name=self.family_name,
            locale=self.locale,
            roles=RoleEvidence(claim="roles", values=self.roles),
            amr=self.amr,
            platform_user_id=self.platform_user_id,
        )


MIA = Person()
SAM = replace(
    MIA,
    subject="acme-0002",
    email="sam@acme.example",
    name="Sam Agent",
    given_name="Sam",
    family_name="Agent",
    roles=("deepdesk.agent",),
)
CASEY = replace(
    MIA,
    issuer="https://accounts.google.com",
    subject="104857600000000000001",
    email="casey.staff@deepdesk.example",
    name="Casey Staff",
    given_name="Casey",
    family_name="Staff",
    roles=(),
    account="staff",
    provider="google",
)
"""One of Deepdesk's own people, once staff sign in with :meth:`OpenIdProvider.staff_sign_in_with_google`."""
STAFF_DOMAIN = "deepdesk.example"


@dataclass(frozen=True, kw_only=True)
class OpenIdProvider:
    """The provider under test."""

    app: Flask
    clock: FrozenClock
    issuer: str = ISSUER
    context: Context = field(default_factory=lambda: Context.of_operator("a-test", NOW))

    @property
    def parts(self) -> Parts:
        """What its services are built from."""
        parts: Parts = self.app.extensions[EXTENSION]
        return parts

    def browser(self) -> Browser:
        """Open a browser that has been nowhere yet."""
        return Browser(self.app, self.issuer)

    def account(self, code: str, **settings: Any) -> None:
        """Make an account with one upstream provider, ``platform``, whose roles count; mail is no way in."""
        given = {"name": code.title(), "magic_link": MagicLinks.OFF, **settings}
        with self.app.app_context():
            accounts.create(code, AccountSettings(**given), context=self.context)
        self.upstream("platform", account=code)

    def upstream(self, code: str, *, account: str = "acme", kind: str = "oidc", **settings: Any) -> None:
        """Connect an account to a further upstream provider."""
        given: dict[str, Any] = {"display_name": code.title(), "client_id": "deepdesk", "role_based_iam": True}
        if kind == "oidc":
            given["issuer"] = UPSTREAM_ISSUER
        with self.app.app_context():
            providers.create(
                account,
                code,
                ProviderSettings.of(kind, **{**given, **settings}),
                client_secret="of the upstream",
                parts=self.parts,
                context=self.context,
            )

    def staff_sign_in_with_google(self, **settings: Any) -> None:
        """Connect the account of staff to Google, pinned to the staff's domain."""
        given = {"hosted_domains": (STAFF_DOMAIN,), "role_based_iam": False}
        self.upstream("google", account="staff", kind="google", **{**given, **settings})

    def makes(self, email: str, *, account: str = "acme", **given: Any) -> str:
        """Make a user beforehand, as an operator does; returns their id."""
        with self.app.app_context():
            new = NewUser.parse(email, **given)
            return people.create(account, new, parts=self.parts, context=self.at_this_moment).id

    def grants(
        self, email: str, *accounts: str, roles: tuple[Role, ...] = (Role.MANAGER,), until: datetime | None = None
    ) -> None:
        """Let a staff member enter accounts; none means all of them."""
        with self.app.app_context():
            terms = GrantTerms(roles=roles, until=until)
            staff.grant(email, accounts or None, terms, context=self.at_this_moment)

    def revokes(self, email: str, *accounts: str) -> None:
        """End a staff member's grants for accounts; none means all of them."""
        with self.app.app_context():
            staff.revoke(email, accounts or None, context=self.at_this_moment)

    @property
    def at_this_moment(self) -> Context:
        """The operator's context, by the provider's clock."""
        return replace(self.context, now=self.clock.now())

    def connects(self, code: str, upstream: RunningPlatform, *, account: str = "acme", **changes: Any) -> None:
        """Let a provider lead to a platform that can be reached.

        :param changes: further fields of the provider's settings.
        """
        with self.app.app_context():
            providers.update(
                account,
                code,
                {"issuer": upstream.issuer, "client_id": upstream.client_id, **changes},
                client_secret=upstream.client_secret,
                parts=self.parts,
                context=self.context,
            )

    def signs_in(self, browser: Browser, person: Person = MIA, **said: Any) -> Begun:
        """Sign somebody in, as the callback does once the connector has spoken.

        :param said: what the connector says otherwise.
        """
        prefix = "__Host-idp_sso." if self.issuer.startswith("https:") else "idp_sso."
        present = browser.cookie(f"{prefix}{person.account}")
        with self.app.app_context():
            begun = entry.enter(
                providers.show(person.account, person.provider),
                replace(person.identity(self.clock), **said),
                cookies=[present] if present else [],
                parts=self.parts,
                context=self.at_this_moment,
            )
        browser.is_given(f"{prefix}{person.account}", begun.cookie)
        return begun

    def somebody(self, role: Role = Role.AGENT, *, account: str = "acme") -> Person:
        """Return what a platform would say about somebody of a role whom nobody knows yet."""
        subject = f"{account}-{new_identifier()}"
        email = f"{subject.lower()}@{account}.example"
        return replace(MIA, subject=subject, email=email, roles=(role,), account=account)

    def browser_of(self, person: Person = MIA) -> Browser:
        """Open a browser in which somebody is signed in."""
        browser = self.browser()
        self.signs_in(browser, person)
        return browser

    def disables(self, user_id: str) -> None:
        """Keep somebody out from now on."""
        with self.app.app_context(), unit_of_work() as session:
            user = users.get(session, UserId(user_id))
            assert user is not None
            user.enabled = False

    def disables_account(self, code: str) -> None:
        """Keep an account's people out from now on."""
        with self.app.app_context():
            accounts.set_enabled(code, enabled=False, context=self.context)

    def runs(self, *words: str) -> str:
        """Type an ``idp`` command that succeeds; returns what it prints."""
        result = self.app.test_cli_runner().invoke(args=list(words))
        assert result.exit_code == 0, result.output
        return result.output

    def audited(self) -> list[str]:
        """Return the kinds of the audit events so far."""
        with self.app.app_context(), reading() as session:
            return list(session.scalars(select(AuditEvent.kind)))

    def stores(self, text: str) -> bool:
        """Say whether any row of the database holds a text."""
        with self.app.app_context(), reading() as session:
            return any(
                text in str(value)
                for table in tables.metadata.tables.values()
                for row in session.execute(select(table))
                for value in row
            )

    def hangs_up(self) -> None:
        """Close all connections to the database, so that SQLite writes everything into its one file."""
        with self.app.app_context():
            db.engine.dispose()

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""
        with self.app.app_context(), reading() as session:
            return {
                name: session.scalar(select(func.count()).select_from(table)) or 0
                for name, table in tables.metadata.tables.items()
            }


def initialise(url: str, directory: Path) -> None:
    """Do on an empty database what ``idp init`` does, and make the account ``acme``, which owns acme.example."""
    with provider_on(url, directory) as running:
        with running.app.app_context():
            migrate()
            keys.ensure(sealer=running.parts.sealer, context=running.context)
            accounts.ensure_staff(context=running.context)
        running.account("acme", email_domains=("acme.example",))


@contextmanager
def provider_on(url: str, directory: Path, *, issuer: str = ISSUER) -> Iterator[OpenIdProvider]:
    """Run the provider on a database.

    :param directory: for the instance's own files.
    """
    clock = FrozenClock()
    app = create_app(_settings(url, directory, issuer), clock=clock)
    running = OpenIdProvider(app=app, clock=clock, issuer=issuer)
    if url.startswith("sqlite:"):
        with app.app_context():
            event.listen(db.engine, "connect", _without_waiting_for_the_disk)
    try:
        yield running
    finally:
        running.hangs_up()


@contextmanager
def provider_on_a_file(directory: Path, *, issuer: str = ISSUER) -> Iterator[tuple[OpenIdProvider, Callable[[], None]]]:
    """Run the provider on an initialised SQLite file.

    :returns: the provider, and what takes file and clock back to the beginning, which is quicker than
        another provider.
    """
    file, kept = directory / "idp.db", directory / "initialised.db"
    url = f"sqlite:///{file}"
    initialise(url, directory)
    shutil.copy(file, kept)
    with provider_on(url, directory, issuer=issuer) as running:

        def start_afresh() -> None:
            running.hangs_up()
            shutil.copy(kept, file)
            running.clock.set(NOW)
            running.parts.origins.forget()

        yield running, start_afresh


def _without_waiting_for_the_disk(connection: Any, _record: object) -> None:
    """Give up what survives a power failure; nothing of a test has to."""
    connection.execute("PRAGMA synchronous=OFF").close()


def _settings(url: str, directory: Path, issuer: str = ISSUER) -> Settings:
    environ = {
        "IDP_ISSUER": issuer,
        "IDP_DATABASE_URL": url,
        "IDP_INSTANCE_DIR": str(directory / "instance"),
        "IDP_SECRET_KEYS": SECRET_KEY,
        "IDP_LOG_LEVEL": "error",
    }
    return Settings.load(environ, root=directory)
