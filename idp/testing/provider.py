"""A running provider, and the factories: each makes one thing, in one line, by the services that operators use."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from flask import Flask

from idp.browser import cookies
from idp.domain.client_metadata import ClientMetadata
from idp.domain.client_words import Party, Pkce, SigningAlg
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import AlreadyExists
from idp.domain.new_user import NewUser
from idp.domain.provider_kinds import GOOGLE_ISSUERS
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import Role
from idp.domain.scope import Scope
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.services.operations import delivery
from idp.services.operations.deliverers import deliverers_of
from idp.services.operations.delivery import Outcome
from idp.services.parts import EXTENSION, Parts
from idp.services.people import staff, users
from idp.services.people.staff import GrantTerms
from idp.services.registry import accounts, clients, providers
from idp.services.registry.accounts import AccountSettings
from idp.services.sign_in import entry
from idp.store.outbox import OutboxKind
from idp.testing import code_flow, tokens
from idp.testing.code_flow import Tokens
from idp.testing.made import Client, User, name_of, roles_of
from idp.testing.people import People
from idp.testing.serving import HOST
from idp.testing.signed_in import SignedIn
from idp.testing.tokens import Claims, Kind
from idp.tokens.signing import sign

REDIRECT_URI = "http://localhost/callback"
"""At the address that test clients give a service."""
PLATFORM = "platform"
"""The upstream provider of every account, by whose word people sign in. Nobody answers at its address."""
STAFF_PROVIDER = "google"
STAFF_DOMAIN = "deepdesk.example"
"""The domain of Deepdesk's own people."""
MOST_DELIVERIES = 100


@dataclass(kw_only=True)
class Provider:
    """The provider under test.

    :param app: for what stands here not: any service can be called within ``app.app_context()``.
    :param people: whom the plugin made; none elsewhere.
    """

    app: Flask = field(repr=False)
    issuer: str
    people: People = field(init=False, repr=False)
    _numbers: count[int] = field(default_factory=lambda: count(1), repr=False)

    @property
    def parts(self) -> Parts:
        """What its services are built from."""
        parts: Parts = self.app.extensions[EXTENSION]
        return parts

    @property
    def context(self) -> Context:
        """An operator's context of this moment."""
        return Context.of_operator("a-test", self.parts.clock.now())

    @property
    def jwks_uri(self) -> str:
        """Where the keys of ID tokens and access tokens are."""
        return f"{self.issuer}/oauth/jwks"

    @property
    def session_jwks_uri(self) -> str:
        """Where the keys of session cookies are."""
        return f"{self.issuer}/auth/jwks"

    # Accounts, ways in, services.

    def account(self, code: str, **settings: Any) -> str:
        """Make an account that owns the mail domain ``CODE.example``; returns its code.

        :param settings: fields of ``AccountSettings``, such as ``origins=("https://platform.example",)``.
        """
        given = {"name": code.title(), "email_domains": (f"{code}.example",), **settings}
        with self.app.app_context():
            accounts.create(code, AccountSettings(**given), context=self.context)
        self.provider(PLATFORM, account=code, issuer=_platform_of(code), role_based_iam=True)
        return code

    def provider(self, code: str, *, account: str = "acme", kind: str = "oidc", **settings: Any) -> str:
        """Give an account another upstream provider; returns its code.

        :param settings: fields of ``ProviderSettings``, such as ``issuer`` or ``tenants``.
        """
        given = {"display_name": code.title(), "client_id": "deepdesk", **settings}
        if kind == "oidc":
            given.setdefault("issuer", f"https://{code}.{account}.example")
        with self.app.app_context():
            providers.create(
                account,
                code,
                ProviderSettings.of(kind, **given),
                client_secret="of the upstream",  # noqa: S106 - nobody checks it
                parts=self.parts,
                context=self.context,
            )
        return code

    def client(
        self,
        redirect_uri: str = REDIRECT_URI,
        *,
        account: str | None = "acme",
        name: str = "A service",
        client_id: str | None = None,
        client_secret: str | None = None,
        party: str = Party.FIRST,
        pkce: str = Pkce.REQUIRED,
        **metadata: Any,
    ) -> Client:
        """Register a service.

        :param account: whose people sign in; none for a service of staff.
        :param client_id: made here when none, and so is the secret.
        :param party: people have to allow what a third party learns of them.
        :param metadata: of ``ClientMetadata.parse``, such as ``scope``, ``audiences``, ``auth_method="none"``.
        """
        parsed = ClientMetadata.parse(
            client_name=name, redirect_uris=(redirect_uri,), party=Party(party), pkce=Pkce(pkce), **metadata
        )
        with self.app.app_context():
            issued = clients.create(
                parsed,
                account=account,
                client_id=client_id,
                client_secret=client_secret,
                sealer=self.parts.sealer,
                context=self.context,
            )
        return Client(
            client_id=issued.client.client_id,
            client_secret=client_secret or issued.client_secret,
            redirect_uri=redirect_uri,
            account=account,
            auth_method=parsed.auth_method,
            scope=" ".join(scope for scope in parsed.scope if scope is not Scope.MANAGE),
        )

    # People.

    def user(
        self,
        email: str | None = None,
        *,
        role: str | Iterable[str] = Role.AGENT,
        account: str = "acme",
        name: str | None = None,
        locale: str = "en-GB",
        platform_id: str | None = None,
    ) -> User:
        """Make somebody who signs in by the account's platform.

        :param email: one that nobody has, when none.
        :param role: one role, or several.
        :param platform_id: their id on the platform in which they work; it stands in cookie sessions.
        """
        address = email or f"somebody.{next(self._numbers)}@{account}.example"
        called, roles = name or name_of(address), roles_of(role)
        new = NewUser.parse(address, name=called, roles=roles, platform_id=platform_id or "")
        with self.app.app_context():
            made = users.create(account, new, parts=self.parts, context=self.context)
        return User(id=made.id, account=account, email=address, name=called, roles=roles, locale=locale)

    def staff_member(
        self,
        email: str | None = None,
        *,
        may_enter: Iterable[str] = (),
        role: str | Iterable[str] = Role.MANAGER,
        name: str | None = None,
    ) -> User:
        """Make one of Deepdesk's own people, who may enter accounts by grant.

        :param may_enter: codes of accounts; without one they may enter none.
        :param role: as what they enter.
        """
        address = email or f"somebody.{next(self._numbers)}@{STAFF_DOMAIN}"
        into, terms = tuple(may_enter), GrantTerms(roles=roles_of(role))
        self._let_staff_sign_in()
        made = self.user(address, account=STAFF_ACCOUNT, name=name)
        if into:
            with self.app.app_context():
                staff.grant(address, into, terms, context=self.context)
        return made

    def disable(self, user: User) -> None:
        """Keep somebody out from now on, as an administrator does."""
        with self.app.app_context():
            users.set_enabled(user.id, enabled=False, account=None, context=self.context)

    def sign_out(self, user: User) -> None:
        """End all that somebody has open, at every service; those that want to be told are, by :meth:`deliver`."""
        with self.app.app_context():
            users.sign_out(user.id, account=None, context=self.context)

    def deliver(self) -> int:
        """Tell services of sign-outs (Back-Channel Logout), as the worker does; returns how many were told."""
        clock, kind = self.parts.clock, OutboxKind.BACKCHANNEL_LOGOUT
        with self.app.app_context():
            tell = deliverers_of(self.parts)[kind]
            due = delivery.lease([kind], holder="a-test", most=MOST_DELIVERIES, clock=clock)
            outcomes = [delivery.attempt(item, tell, clock=clock) for item in due]
        return outcomes.count(Outcome.DELIVERED)

    # Signing in.

    def sign_in(self, user: User) -> SignedIn:
        """Sign somebody in, in a browser of its own, as if they had just come back from their platform.

        With other roles than before it is ``dataclasses.replace(user, roles=(…,))`` who comes back.

        :raises NotAdmitted: they are disabled, or their account is.
        """
        code = STAFF_PROVIDER if user.account == STAFF_ACCOUNT else PLATFORM
        with self.app.app_context():
            begun = entry.enter(
                providers.show(user.account, code),
                _word_about(user, self.parts.clock.now()),
                cookies=(),
                parts=self.parts,
                context=self.context,
            )
        name = cookies.name(f"{cookies.SSO}{user.account}", self.parts.settings)
        browser = code_flow.session()
        browser.cookies.set(name, begun.cookie, domain=HOST, path="/")
        return SignedIn(provider=self, user=user, sid=begun.sid, browser=browser, cookies={name: begun.cookie})

    def tokens_for(self, user: User, client: Client, *, scope: str | None = None, **params: str) -> Tokens:
        """Return the tokens that a service gets for somebody who signs in anew; see :meth:`SignedIn.tokens`."""
        return self.sign_in(user).tokens(client, scope=scope, **params)

    def signed_token(self, claims: Claims | None = None, *, kind: Kind = Kind.ID_TOKEN) -> str:
        """Return a token with any claims under a genuine key of this provider: what nobody would be given.

        :param claims: as for :func:`idp.testing.tokens.signed_token`.
        """
        ring = self.parts.session_keys if kind is Kind.SESSION else self.parts.keys
        with self.app.app_context():
            signer = ring.signer(SigningAlg(kind.alg), now=self.parts.clock.now())
        return sign(tokens.complete(claims, kind, issuer=self.issuer), signer, typ=kind.value)

    def _let_staff_sign_in(self) -> None:
        with suppress(AlreadyExists):
            self.provider(STAFF_PROVIDER, account=STAFF_ACCOUNT, kind="google", hosted_domains=(STAFF_DOMAIN,))
            with self.app.app_context():
                accounts.update(STAFF_ACCOUNT, AccountSettings(email_domains=(STAFF_DOMAIN,)), context=self.context)


def _word_about(user: User, now: datetime) -> UpstreamIdentity:
    """Return what their platform says of somebody who has just signed in there."""
    given_name, _, family_name = user.name.partition(" ")
    return UpstreamIdentity(
        issuer=GOOGLE_ISSUERS[0] if user.account == STAFF_ACCOUNT else _platform_of(user.account),
        subject=user.id,
        authenticated_at=now,
        proven_at=now,
        email=user.email,
        email_vouched=True,
        name=user.name,
        given_name=given_name,
        family_name=family_name or None,
        locale=user.locale,
        roles=RoleEvidence(claim="roles", values=user.roles),
        amr=("pwd",),
    )


def _platform_of(account: str) -> str:
    return f"https://{PLATFORM}.{account}.example"
