"""How the tests of the bridges come in by each way, and what they look at afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import jwt
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.domain.jars import Jar
from idp.settings import Settings
from idp.store.audit_events import AuditEvent
from idp.store.db import db
from idp.store.unit_of_work import reading
from tests.support.app import SECRET_KEY, OpenIdProvider
from tests.support.rp import s256
from tests.support.widget import ACCESS, PLATFORM_SECRET, Widget

ELSEWHERE = "https://elsewhere.example"
OTHER_ORIGIN = "https://platform.globex.example"
OTHER_KEY = "the-integration-key-of-globex-long-enough-to-be-one"
OTHER_SECRET = "the secret that globex shares with its platform"
JOHN = {"account": "acme", "user_id": "1234", "user_name": "John Doe", "user_email": "john.doe@platform.com"}
"""The agent of the example in DOMAIN.md."""


class Absent(Enum):
    """Stands for a claim that is left out; it has one spelling in the names of tests."""

    MISSING = "missing"


MISSING = Absent.MISSING


def payload(op: OpenIdProvider, **changes: Any) -> dict[str, Any]:
    """Return what a platform says about John, made a minute ago for eight hours; MISSING leaves a claim out."""
    made = op.clock.unix - 60
    said = {"iat": made, "exp": made + 8 * 3600, "type": "access", "identity": JOHN, **changes}
    return {name: value for name, value in said.items() if value is not MISSING}


def platform_jwt(op: OpenIdProvider, *, secret: str = PLATFORM_SECRET, **changes: Any) -> str:
    """Sign that, as a platform does."""
    return jwt.encode(payload(op, **changes), secret, algorithm="HS256")


def about(**changes: Any) -> dict[str, Any]:
    """Return John's identity, changed."""
    return {name: value for name, value in (JOHN | changes).items() if value is not MISSING}


def signs_in_by_jwt(widget: Widget, token: str | None = None, **options: Any) -> TestResponse:
    """Post a platform JWT; John's when none is given."""
    return widget.posts("/session/jwt", {"jwt": token or platform_jwt(widget.op)}, **options)


def redeems(widget: Widget, handoff: str, verifier: str, **options: Any) -> TestResponse:
    """Post a hand-off."""
    return widget.posts("/session/handoff/", {"handoff": handoff, "verifier": verifier}, **options)


def unread(token: str | None) -> dict[str, Any]:
    """Return what a token says, whoever signed it."""
    claims: dict[str, Any] = jwt.decode(token or "", options={"verify_signature": False})
    return claims


def access(widget: Widget, jar: Jar = Jar.PARTITIONED) -> dict[str, Any]:
    """Return what the access cookie of a jar says."""
    return unread(widget.jars.value(ACCESS, jar))


def sets_cookies(response: TestResponse) -> bool:
    """Say whether an answer gives a browser a token, or takes one from it."""
    return any("_token" in header.partition("=")[0] for header in response.headers.getlist("Set-Cookie"))


def is_page(response: TestResponse, status: int) -> bool:
    """Say whether it is a page that explains a refusal, and leaves the browser's cookies alone."""
    return response.status_code == status and 'id="error"' in response.text and not sets_cookies(response)


def allows(response: TestResponse) -> str | None:
    """Return which origin may read an answer."""
    return response.headers.get("Access-Control-Allow-Origin")


def events(op: OpenIdProvider, kind: str) -> list[Mapping[str, Any]]:
    """Return what the trail says of one kind of event."""
    with op.app.app_context(), reading() as session:
        found = session.scalars(select(AuditEvent).where(AuditEvent.kind == kind).order_by(AuditEvent.id)).all()
        return [
            {"account": one.account_code, "user": one.user_id, "outcome": one.outcome, **one.details} for one in found
        ]


@contextmanager
def set_otherwise(op: OpenIdProvider, directory: Path, **settings: str) -> Iterator[OpenIdProvider]:
    """Run the provider on the same database with further settings."""
    environ = {
        "IDP_ISSUER": op.issuer,
        "IDP_DATABASE_URL": op.app.config["SQLALCHEMY_DATABASE_URI"],
        "IDP_INSTANCE_DIR": str(directory / "instance"),
        "IDP_SECRET_KEYS": SECRET_KEY,
        "IDP_LOG_LEVEL": "error",
        **settings,
    }
    app = create_app(Settings.load(environ, root=directory), clock=op.clock)
    try:
        yield OpenIdProvider(app=app, clock=op.clock, issuer=op.issuer)
    finally:
        with app.app_context():
            db.engine.dispose()


def verifier_and_challenge() -> tuple[str, str]:
    """Return what a widget keeps for itself, and what it sends along (RFC 7636 §4)."""
    verifier = secrets.token_urlsafe(32)
    return verifier, s256(verifier)
