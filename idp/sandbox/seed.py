"""What the sandbox registers with this provider, brought up to date at every start, since addresses move."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import update

from idp.cli.runtime import context, parts
from idp.domain.client_metadata import ClientMetadata
from idp.domain.errors import AlreadyExists
from idp.domain.provider_settings import ProviderSettings
from idp.sandbox.world import ACCOUNT, PLATFORM_CLIENT_ID, PROVIDER, SAMPLE_CLIENT_ID, World
from idp.services.operations import keys
from idp.services.operations.schema import migrate
from idp.services.registry import accounts, clients, providers
from idp.services.registry.accounts import AccountSettings
from idp.store.unit_of_work import unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink


def seed(app: Flask, world: World) -> None:
    """Do what ``idp init`` does, and make account, upstream provider and client. Idempotent."""
    with app.app_context():
        migrate()
        keys.ensure(sealer=parts().sealer, context=context())
        accounts.ensure_staff(context=context())
        _account()
        _provider(world)
        _client(world)


def _account() -> None:
    settings = AccountSettings(name="Acme Contact Center", email_domains=("acme.example",))
    try:
        accounts.create(ACCOUNT, settings, context=context())
    except AlreadyExists:
        return


def _provider(world: World) -> None:
    settings = ProviderSettings(
        kind="oidc",
        display_name="Acme Contact Center",
        client_id=PLATFORM_CLIENT_ID,
        issuer=world.platform_url,
        role_based_iam=True,
    )
    secret = world.platform_secret
    try:
        providers.create(ACCOUNT, PROVIDER, settings, client_secret=secret, parts=parts(), context=context())
    except AlreadyExists:
        if providers.show(ACCOUNT, PROVIDER).issuer != world.platform_url:
            changes = {"issuer": world.platform_url}
            row = providers.update(ACCOUNT, PROVIDER, changes, client_secret=None, parts=parts(), context=context())
            _move_people(row.id, world.platform_url)


def _move_people(provider_id: str, issuer: str) -> None:
    """Let the made-up people stay who they are although their platform moved to another port."""
    with unit_of_work() as session:
        session.execute(
            update(UpstreamIdentityLink).where(UpstreamIdentityLink.provider_id == provider_id).values(issuer=issuer)
        )


def _client(world: World) -> None:
    callback = (f"{world.sample_url}/callback/",)
    metadata = ClientMetadata.parse(client_name="Sample service", redirect_uris=callback)
    try:
        clients.create(
            metadata,
            account=ACCOUNT,
            client_id=SAMPLE_CLIENT_ID,
            client_secret=world.sample_secret,
            context=context(),
        )
    except AlreadyExists:
        if clients.show(SAMPLE_CLIENT_ID, context=context()).metadata.redirect_uris != callback:
            clients.update(SAMPLE_CLIENT_ID, {"redirect_uris": callback}, context=context())
