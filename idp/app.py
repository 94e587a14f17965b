"""Composition root: settings → parts → application. Nothing else builds anything."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from idp import logs
from idp.api import metrics, probes
from idp.api.v1 import document as management_api
from idp.api.v1.operations import blueprint as management_operations
from idp.browser import cookies, form_session, headers, language, sso, wellformed
from idp.cli import COMMANDS
from idp.domain.clock import Clock, SystemClock
from idp.outbound.http import HttpClient
from idp.outbound.mailer import mailer_of
from idp.outbound.policy import OutboundPolicy
from idp.pages import access_requests, account, consent, errors, fresh_proof, magic_link, sign_in, sign_out, staff
from idp.pages import blueprint as pages
from idp.pages.manage import access_requests as manage_access_requests
from idp.pages.manage import keys as manage_keys
from idp.pages.manage import people as manage_people
from idp.pages.manage import person as manage_person
from idp.pages.manage import person_changes as manage_person_changes
from idp.pages.manage import proof as manage_proof
from idp.pages.manage import provider_changes as manage_provider_changes
from idp.pages.manage import providers as manage_providers
from idp.pages.manage import records as manage_records
from idp.pages.manage import services as manage_services
from idp.protocol import (
    metadata,
    oidc_rp_initiated_logout,
    oidc_userinfo,
    rfc6749_authorize,
    rfc6749_token,
    rfc7009_revocation,
    rfc7662_introspection,
    rfc9126_par,
)
from idp.protocol.metadata import Described
from idp.services.parts import EXTENSION, MIGRATIONS, Parts
from idp.settings import Settings, SettingsError
from idp.store import signing_keys, tables
from idp.store.db import db, prepare
from idp.store.signing_keys import KeyUse
from idp.store.unit_of_work import reading
from idp.tokens.client_keys import PublishedKeys
from idp.tokens.exchange_token import ExchangeTokens
from idp.tokens.key_ring import KeyRing
from idp.tokens.keys import retention
from idp.tokens.mail_link import MailLinks
from idp.tokens.refresh_token import RefreshTokens
from idp.tokens.sealing import Sealer, derive
from idp.upstream.parts import UpstreamParts
from idp.widget import auth, bridges, exchange_link, platform_sso, sdk

MAX_REQUEST_BYTES = 65536
PROTOCOL: tuple[Described, ...] = (
    metadata,
    rfc6749_authorize,
    rfc6749_token,
    oidc_userinfo,
    rfc7009_revocation,
    rfc7662_introspection,
    rfc9126_par,
    oidc_rp_initiated_logout,
)
"""What is answered by a specification; the metadata says so."""


class _Application(Flask):
    """Flask, told that no view is a coroutine; else it looks at each again in every request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is."""
        return func


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> Flask:
    """Build the application.

    :param settings: read from the environment when none.
    :param clock: the machine's own when none.
    :raises SettingsError: the environment's settings cannot be used.
    """
    settings = settings or Settings.load(os.environ, root=Path.cwd())  # noqa: TID251 - the one reader's one caller
    logs.configure(settings)
    app = _Application("idp", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config.from_mapping(_extension_config(settings))
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    _init_database(app)
    app.extensions[EXTENSION] = _parts(settings, clock or SystemClock())
    app.extensions["metadata"] = metadata.init_app(settings.issuer, PROTOCOL)
    _init_edges(app, settings)
    for command in COMMANDS:
        app.cli.add_command(command)
    return app


def _extension_config(settings: Settings) -> dict[str, object]:
    """Return what extensions insist on finding in ``app.config``; nothing of ours reads it."""
    current, *older = [derive(key.get_secret_value(), label="forms").hex() for key in settings.secret_keys]
    return {
        "SECRET_KEY": current,
        "SECRET_KEY_FALLBACKS": older,
        "MAX_CONTENT_LENGTH": MAX_REQUEST_BYTES,
        "SQLALCHEMY_DATABASE_URI": settings.database_url.get_secret_value(),
        # Errors end in the log: digests and addresses do not belong there.
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "hide_parameters": True,
            # A connection that the database closed (restart, failover, idle cut) is replaced, not handed out.
            "pool_pre_ping": not settings.uses_sqlite,
        },
        "WTF_CSRF_TIME_LIMIT": settings.session_ttl,
        # The form's own token is the check; we send no referrer that could be compared.
        "WTF_CSRF_SSL_STRICT": False,
        **cookies.flask_session_config(settings),
    }


def _init_database(app: Flask) -> None:
    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    with app.app_context():
        prepare(db.engine)


def _parts(settings: Settings, clock: Clock) -> Parts:
    sealer = Sealer([key.get_secret_value() for key in (*settings.key_encryption_keys, *settings.secret_keys)])
    http = _http(settings)
    return Parts(
        settings=settings,
        clock=clock,
        sealer=sealer,
        keys=KeyRing(_load_keys, sealer, use=KeyUse.OAUTH, retention=retention(KeyUse.OAUTH, settings)),
        session_keys=KeyRing(_load_keys, sealer, use=KeyUse.SESSION, retention=retention(KeyUse.SESSION, settings)),
        refresh_tokens=RefreshTokens([key.get_secret_value() for key in settings.secret_keys]),
        exchange_tokens=ExchangeTokens(
            [key.get_secret_value() for key in settings.secret_keys], issuer=settings.issuer
        ),
        mail_links=MailLinks([key.get_secret_value() for key in settings.secret_keys]),
        client_keys=PublishedKeys(http),
        upstream=UpstreamParts.of(http, clock),
        mailer=mailer_of(settings),
    )


def _http(settings: Settings) -> HttpClient:
    try:
        policy = OutboundPolicy.parse(",".join(settings.outbound_allow))
    except ValueError as refused:
        raise SettingsError((f"IDP_OUTBOUND_ALLOW: {refused}",)) from None
    try:
        return HttpClient(policy, ca_file=settings.outbound_ca_file)
    except ValueError as refused:
        raise SettingsError((str(refused),)) from None


def _load_keys() -> list[signing_keys.SigningKey]:
    with reading() as session:
        return list(signing_keys.everyone(session))


def _init_edges(app: Flask, settings: Settings) -> None:
    form_session.init_app(app)
    language.init_app(app)
    csrf = CSRFProtect(app)
    # Checked by its own door, for a browser's calls alone.
    csrf.exempt(management_operations)
    sso.init_app(app)
    headers.init_app(app, settings)
    logs.init_app(app)
    management_api.init_app(app, issuer=settings.issuer)
    wellformed.init_app(app, settings)
    errors.init_app(app)
    for protocol in PROTOCOL:
        # No cookie of ours is trusted there without a check of the request's own.
        csrf.exempt(protocol.blueprint)
        app.register_blueprint(protocol.blueprint)
    for called_by_widgets in (auth.blueprint, bridges.blueprint):
        # They have a check of their own: the CSRF value of the token, and JSON from a listed origin.
        csrf.exempt(called_by_widgets)
        app.register_blueprint(called_by_widgets)
    for of_the_widget in (auth.keys, platform_sso.blueprint, exchange_link.blueprint, sdk.blueprint):
        app.register_blueprint(of_the_widget)
    app.register_blueprint(pages)
    app.register_blueprint(probes.blueprint)
    app.register_blueprint(metrics.blueprint)


__all__ = [
    "access_requests",
    "account",
    "consent",
    "create_app",
    "fresh_proof",
    "magic_link",
    "manage_access_requests",
    "manage_keys",
    "manage_people",
    "manage_person",
    "manage_person_changes",
    "manage_proof",
    "manage_provider_changes",
    "manage_providers",
    "manage_records",
    "manage_services",
    "sign_in",
    "sign_out",
    "staff",
    "tables",
]
