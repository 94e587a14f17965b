"""An instance of this provider with an account, clients, and people whose browsers are signed in.

Made through the command line, as an operator would; only the people enter by
what an upstream would have said of them, since no upstream is measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask

from bench.target import DISCOVERY_PATH, GRANT_TYPES, REDIRECT_URI, SCOPE, SIGNING_ALGS, WIDGET_ORIGIN, Client
from idp.app import create_app
from idp.domain.context import Context
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.services.parts import EXTENSION, Parts
from idp.services.registry import providers
from idp.services.sign_in import entry
from idp.settings import Settings
from idp.store.db import db

ACCOUNT = "acme"
PROVIDER = "platform"
UPSTREAM_ISSUER = "https://platform.acme.example"
PEOPLE = 8
"""One a connection: each browser has its own person and session."""
NAME = "Mia Manager"
ROLE = "deepdesk.manager"


@dataclass(frozen=True, kw_only=True)
class Instance:
    """Where it lives and what it is set to."""

    folder: Path
    port: int

    @property
    def settings(self) -> Mapping[str, str]:
        """Its settings; all others are the defaults."""
        return {"IDP_ISSUER": f"http://127.0.0.1:{self.port}", "IDP_INSTANCE_DIR": str(self.folder / "instance")}


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """What was made.

    :param grant_types: those of :data:`~bench.target.GRANT_TYPES` that the provider has by now.
    """

    grant_types: Sequence[str]
    clients: Mapping[str, Client]
    cookies: Sequence[str] = field(repr=False)


def email(number: int) -> str:
    """Return a person's address."""
    return f"mia.{number}@acme.example"


def seed(instance: Instance) -> Seeded:
    """Make the instance; nothing serves it yet."""
    instance.folder.mkdir(parents=True)
    quietly = {**instance.settings, "IDP_LOG_LEVEL": "warning"}
    app = create_app(Settings.load(quietly, root=instance.folder))
    secret_file = instance.folder / "upstream-secret"
    secret_file.write_text("nobody is asked")
    idp(app, "init")
    idp(app, "accounts", "create", ACCOUNT, "--name", "Acme", "--origin", WIDGET_ORIGIN)
    idp(
        app,
        *("providers", "create", ACCOUNT, PROVIDER, "--kind", "oidc", "--issuer", UPSTREAM_ISSUER),
        *("--client-id", "deepdesk", "--client-secret-file", str(secret_file), "--role-based-iam"),
    )
    offered = app.test_client().get(DISCOVERY_PATH).get_json()["grant_types_supported"]
    grant_types = [grant for grant in GRANT_TYPES if grant in offered]
    seeded = Seeded(
        grant_types=grant_types,
        clients={alg: _client(app, alg, grant_types) for alg in SIGNING_ALGS},
        cookies=[signed_in(app, number) for number in range(PEOPLE)],
    )
    with app.app_context():
        db.engine.dispose()
    return seeded


def _client(app: Flask, alg: str, grant_types: Sequence[str]) -> Client:
    made = idp(
        app,
        *("clients", "create", f"Load {alg}", "--account", ACCOUNT, "--redirect-uri", REDIRECT_URI),
        *("--id-token-alg", alg, "--auth-method", "client_secret_basic", "--scope", f"{SCOPE} roles"),
        *(word for grant in grant_types for word in ("--grant-type", grant)),
    )
    return Client(client_id=made["client_id"], client_secret=made["client_secret"])


def signed_in(app: Flask, number: int, *, account: str = ACCOUNT) -> str:
    """Let somebody in; returns the cookie of their session."""
    parts: Parts = app.extensions[EXTENSION]
    now = parts.clock.now()
    given_name, family_name = NAME.split()
    identity = UpstreamIdentity(
        issuer=UPSTREAM_ISSUER,
        subject=f"acme-{number}",
        authenticated_at=now,
        email=email(number),
        email_vouched=True,
        name=NAME,
        given_name=given_name,
        family_name=family_name,
        locale="en-GB",
        roles=RoleEvidence(claim="roles", values=(ROLE,)),
        amr=("pwd",),
    )
    with app.app_context():
        begun = entry.enter(
            providers.show(account, PROVIDER),
            identity,
            cookies=[],
            parts=parts,
            context=Context.of_operator("bench", now),
        )
    return f"idp_sso.{account}={begun.cookie}"


def idp(app: Flask, *words: str) -> Any:
    """Type a command; returns the JSON that it prints."""
    done = app.test_cli_runner().invoke(args=[*words, "--json"])
    if done.exit_code:
        raise RuntimeError(f"idp {' '.join(words)}: {done.stderr or done.exception!r}")
    return json.loads(done.stdout)
