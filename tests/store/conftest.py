"""Every query runs on both databases, each test on one of its own that the migrations have filled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from idp.domain.authentication import ACR_INTERACTIVE, Authentication
from idp.domain.authorization import Authorization
from idp.domain.identifiers import AccountCode, ClientId, FamilyId, SessionId, UserId
from idp.domain.scope import Scope
from idp.store import sso_sessions, token_families
from idp.store.access_requests import AccessRequest
from idp.store.accounts import Account
from idp.store.clients import Client
from idp.store.mail_proofs import Purpose, Sent, Window
from idp.store.providers import Provider
from idp.store.sso_sessions import Beginning, UpstreamSession
from idp.store.staff_grants import StaffGrant
from idp.store.token_families import Renewable
from idp.store.unit_of_work import unit_of_work
from idp.store.users import User
from tests.support.database import DATABASES, database_alone, fresh_url

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
PROOF = Authentication(at=NOW - timedelta(minutes=5), acr=ACR_INTERACTIVE, amr=("fed",))


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An empty database with its tables, within an application context."""
    with database_alone(fresh_url(request, tmp_path)) as app:
        yield app


@pytest.fixture
def acme(database: Flask) -> Flask:
    """The same, with the account ``acme``: a user ``kim`` signed in (``session-kim``), a provider, a client."""
    with unit_of_work() as session:
        session.add(new_account("acme"))
        session.flush()
        session.add_all([new_user("kim"), new_provider("okta"), new_client("studio")])
        session.flush()
        add_session(session, "kim", cookie="cookie-kim")
    return database


def new_account(code: str) -> Account:
    return Account(
        code=code,
        name=code.title(),
        enabled=True,
        trial=False,
        link_by_email=False,
        created_at=NOW,
        origins=[],
        email_domains=[],
    )


def new_user(
    name: str,
    *,
    account: str = "acme",
    vouched: bool = True,
    held: bool | None = None,
    address: str | None = None,
    platform_id: str | None = None,
) -> User:
    """Return a user whose id is the name.

    :param held: by default, a vouched address is theirs and another is not.
    """
    email = address or f"{name}@acme.example"
    return User(
        id=name,
        account_code=account,
        email=email,
        email_canonical=email,
        email_held=vouched if held is None else held,
        email_vouched=vouched,
        platform_id=platform_id,
        name=name.title(),
        roles=["deepdesk.agent"],
        enabled=True,
        created_at=NOW,
    )


def new_provider(code: str, *, account: str = "acme", hosted_domains: Sequence[str] = ()) -> Provider:
    """Return a provider whose id is ``provider-`` and its code."""
    return Provider(
        id=f"provider-{code}",
        account_code=account,
        code=code,
        kind="oidc",
        display_name=code,
        issuer="https://okta.example",
        client_id="deepdesk",
        client_secret_sealed="sealed",
        scope="openid",
        subject_claim="sub",
        email_claim="email",
        first_name_claim="given_name",
        last_name_claim="family_name",
        roles_claim="roles",
        role_map={},
        role_ceiling=None,
        tenants=[],
        hosted_domains=list(hosted_domains),
        any_google_account=False,
        trust_email=False,
        role_based_iam=False,
        require_roles=False,
        generic_callback=False,
        created_at=NOW,
    )


def new_client(client_id: str, *, account: str | None = "acme") -> Client:
    return Client(
        client_id=client_id,
        account_code=account,
        client_name=client_id,
        redirect_uris=["https://studio.example.com/callback"],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope="openid",
        id_token_alg="RS256",
        pkce="required",
        party="first",
        claims_profile="deepdesk",
        audiences=[],
        serves=[],
        roles=[],
        post_logout_redirect_uris=[],
        created_at=NOW,
    )


def add_family(
    session: Session,
    family: str,
    *,
    client: str = "studio",
    user: str = "kim",
    sid: str = "session-kim",
    offline: bool = False,
) -> FamilyId:
    """Begin a family that can be renewed for a month."""
    authorization = Authorization(
        family_id=FamilyId(family),
        user_id=UserId(user),
        sid=SessionId(sid),
        scope=(Scope.OPENID,),
        nonce=None,
        authentication=PROOF,
    )
    renewable = Renewable(seed="s" * 43, until=NOW + timedelta(days=30), offline=offline)
    token_families.add(session, authorization, client_id=ClientId(client), renewable=renewable, now=NOW)
    return authorization.family_id


def new_grant(
    grant_id: str,
    *,
    account: str | None,
    user: str | None = None,
    address: str = "kim@acme.example",
    revoked: bool = False,
) -> StaffGrant:
    """Return a staff member's grant; without a user it waits for the address."""
    return StaffGrant(
        id=grant_id,
        email=address,
        email_canonical=address,
        user_id=user,
        account_code=account,
        roles=["deepdesk.manager"],
        granted_at=NOW,
        revoked_at=NOW if revoked else None,
    )


def new_link_request(
    request_id: str,
    *,
    subject: str = "00u2",
    user: str = "kim",
    account: str = "acme",
    provider: str = "okta",
    at: datetime = NOW,
) -> AccessRequest:
    """Return a pending collision of an identity with a user."""
    return AccessRequest(
        id=request_id,
        account_code=account,
        kind="link",
        status="pending",
        user_id=user,
        provider_id=f"provider-{provider}",
        issuer="https://okta.example",
        subject=subject,
        email=f"{user}@acme.example",
        email_vouched=True,
        attempts=1,
        created_at=at,
        last_attempt_at=at,
    )


def new_access_request(
    request_id: str,
    *,
    address: str = "robin@acme.example",
    account: str = "acme",
    status: str = "pending",
    user: str | None = None,
    at: datetime = NOW,
) -> AccessRequest:
    """Return a request for access.

    :param user: whom its approval made.
    """
    return AccessRequest(
        id=request_id,
        account_code=account,
        kind="access",
        status=status,
        user_id=user,
        email=address,
        email_canonical=address,
        email_vouched=False,
        attempts=1,
        created_at=at,
        last_attempt_at=at,
        expires_at=at + timedelta(days=7),
    )


def new_mail(
    proof_id: str,
    *,
    purpose: Purpose = Purpose.SIGN_IN,
    address: str = "kim@acme.example",
    account: str = "acme",
    user: str | None = None,
    sid: str | None = None,
    request: str | None = None,
    expires_at: datetime = SOON,
) -> Sent:
    """Return a mail that can be used for a minute, asked for in a browser whose bond is not known here."""
    return Sent(
        id=proof_id,
        purpose=purpose,
        account=AccountCode(account),
        email=address,
        email_canonical=address,
        window=Window(browser_digest="b" * 64),
        network="192.0.2.0/24",
        code_tag="t" * 64,
        expires_at=expires_at,
        user_id=None if user is None else UserId(user),
        sid=None if sid is None else SessionId(sid),
        request_id=request,
    )


def add_session(session: Session, user: str, *, cookie: str, account: str = "acme", sid: str | None = None) -> None:
    """Begin a session of twelve hours whose sid is ``session-`` and the user's name."""
    sso_sessions.add(
        session,
        SessionId(sid or f"session-{user}"),
        beginning(cookie),
        user_id=UserId(user),
        account=AccountCode(account),
    )


def beginning(cookie: str, *, now: datetime = NOW) -> Beginning:
    return Beginning(
        cookie=cookie,
        authentication=PROOF,
        upstream=UpstreamSession(issuer="https://okta.example", subject="00u1", sid=None),
        proven_at=None,
        now=now,
        expires_at=now + timedelta(hours=12),
    )
