"""What the sandbox registers with this provider, brought up to date at every start, since addresses move."""

from __future__ import annotations

import contextlib

from flask import Flask
from sqlalchemy import select, update

from idp.cli.runtime import context, parts
from idp.domain.client_metadata import ClientMetadata
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.errors import AlreadyExists, Invalid
from idp.domain.new_user import NewUser
from idp.domain.roles import Role
from idp.sandbox.connections import ADDRESSES, Connection, connections
from idp.sandbox.platform.people import GOOGLE_DOMAIN, PEOPLE
from idp.sandbox.world import ACCOUNT, SAMPLE_CLIENT_ID, STAFF_ADDRESS, World
from idp.services.operations import keys
from idp.services.operations.schema import migrate
from idp.services.people import staff, users
from idp.services.people.staff import GrantTerms
from idp.services.registry import accounts, api_keys, clients, platform_secrets, providers
from idp.services.registry.accounts import AccountSettings
from idp.store.staff_grants import StaffGrant
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink


def seed(app: Flask, world: World) -> None:
    """Do what ``idp init`` does, and make account, manager, upstream providers, client and staff grant. Idempotent.

    Nobody else is made: whoever signs in is new, as a customer's people are.
    """
    with app.app_context():
        migrate()
        keys.ensure(sealer=parts().sealer, context=context())
        accounts.ensure_staff(context=context())
        _account(world.widget_page_url)
        _platform_page(world)
        _staff_domain()
        for connection in connections(world):
            _provider(connection, world.platform_secret)
        _manager()  # by now: a manager is mailed about each provider, key and secret that is new
        _staff_grant()
        _client(world)


def _account(origin: str) -> None:
    """Make the account, and let the widget run at an origin; an origin that somebody added stays."""
    settings = AccountSettings(name="Acme Contact Center", email_domains=("acme.example",), origins=(origin,))
    try:
        accounts.create(ACCOUNT, settings, context=context())
    except AlreadyExists:
        present = tuple(row.origin for row in accounts.show(ACCOUNT).origins)
        if origin not in present:
            accounts.update(ACCOUNT, AccountSettings(origins=(*present, origin)), context=context())


def _manager() -> None:
    """Let there be somebody to whom requests for access are mailed, and who decides them once signed in.

    Made beforehand, as an operator would: the platform's manager claims the record by the address. Once, so that
    whoever was disabled or given another role stays so.
    """
    if users.list_all(ACCOUNT):
        return
    manager = next(person for person in PEOPLE if person.key == "manager")
    new = NewUser.parse(manager.email or "", name=manager.name, roles=[Role.MANAGER.value], platform_id="")
    users.create(ACCOUNT, new, parts=parts(), context=context())


def _platform_page(world: World) -> None:
    """Let the platform page use the two bridges, once: what was revoked, or replaced by two others, stays so."""
    with contextlib.suppress(AlreadyExists, Invalid):
        api_keys.create(ACCOUNT, key=world.api_key, parts=parts(), context=context())
    with contextlib.suppress(AlreadyExists, Invalid):
        platform_secrets.create(ACCOUNT, secret=world.shared_secret, parts=parts(), context=context())


def _staff_domain() -> None:
    """Let the account of staff own their domain, unless an operator gave it another."""
    if not accounts.show(STAFF_ACCOUNT).email_domains:
        accounts.update(STAFF_ACCOUNT, AccountSettings(email_domains=(GOOGLE_DOMAIN,)), context=context())


def _provider(wanted: Connection, secret: str) -> None:
    account, code = wanted.account, wanted.code
    try:
        providers.create(account, code, wanted.settings, client_secret=secret, parts=parts(), context=context())
    except AlreadyExists:
        present = providers.settings_of(providers.show(account, code))
        if present.kind != wanted.settings.kind:
            return  # somebody made another of that name
        addresses = {name: getattr(wanted.settings, name) for name in ADDRESSES}
        if any(getattr(present, name) != address for name, address in addresses.items()):
            row = providers.update(account, code, addresses, client_secret=None, parts=parts(), context=context())
            _move_people(row.id, present.issuer, row.issuer)


def _move_people(provider_id: str, before: str, now: str) -> None:
    """Let the made-up people stay who they are although their platform moved to another port."""
    moved = update(UpstreamIdentityLink).where(
        UpstreamIdentityLink.provider_id == provider_id, UpstreamIdentityLink.issuer == before
    )
    with unit_of_work() as session:
        session.execute(moved.values(issuer=now))


def _staff_grant() -> None:
    """Let one staff member enter the demo account; once, so that a grant that was revoked stays so."""
    with reading() as session:
        if session.scalar(select(StaffGrant.id).where(StaffGrant.email == STAFF_ADDRESS).limit(1)):
            return
    terms = GrantTerms(roles=(Role.MANAGER,), reason="the sandbox's demonstration")
    staff.grant(STAFF_ADDRESS, [ACCOUNT], terms, context=context())


def _client(world: World) -> None:
    callback = (f"{world.sample_url}/callback/",)
    metadata = ClientMetadata.parse(client_name="Sample service", redirect_uris=callback)
    try:
        clients.create(
            metadata,
            account=ACCOUNT,
            client_id=SAMPLE_CLIENT_ID,
            client_secret=world.sample_secret,
            sealer=parts().sealer,
            context=context(),
        )
    except AlreadyExists:
        if clients.show(SAMPLE_CLIENT_ID, context=context()).metadata.redirect_uris != callback:
            clients.update(SAMPLE_CLIENT_ID, {"redirect_uris": callback}, context=context())
