"""What the sandbox registers: again at every start, at whichever port, without undoing what somebody did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from idp.app import create_app
from idp.cli.runtime import context, parts
from idp.domain.identifiers import AccountCode
from idp.domain.new_user import NewUser
from idp.sandbox.connections import connections
from idp.sandbox.seed import seed
from idp.sandbox.world import ACCOUNT, STAFF_ADDRESS, World, open_world
from idp.services.mailing import recipients
from idp.services.people import staff, users
from idp.services.registry import providers
from idp.settings import Settings
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    settings = Settings.load({"IDP_INSTANCE_DIR": str(tmp_path)}, root=tmp_path)
    app = create_app(settings)
    with app.app_context():
        yield app


def world_at(port: int, instance: Path) -> World:
    return open_world(host="127.0.0.1", port=port, instance=instance)


def test_every_connection_follows_the_port(app: Flask, tmp_path: Path) -> None:
    seed(app, world_at(8000, tmp_path))
    moved = world_at(9000, tmp_path)
    seed(app, moved)
    for wanted in connections(moved):
        assert providers.settings_of(providers.show(wanted.account, wanted.code)) == wanted.settings


@pytest.mark.parametrize("provider", ["platform", "entra"])
def test_people_stay_who_they_are_when_the_port_moves(provider: str, app: Flask, tmp_path: Path) -> None:
    seed(app, world_at(8000, tmp_path))
    before = providers.show(ACCOUNT, provider)
    _known_there(before.id, before.issuer)
    seed(app, world_at(9000, tmp_path))
    with reading() as session:
        known_by = session.scalars(select(UpstreamIdentityLink.issuer)).all()
    assert known_by == [providers.show(ACCOUNT, provider).issuer]
    assert known_by != [before.issuer]


def test_only_a_manager_is_made_beforehand_who_can_be_mailed(app: Flask, tmp_path: Path) -> None:
    seed(app, world_at(8000, tmp_path))
    with reading() as session:
        [manager] = recipients.managers(session, AccountCode(ACCOUNT))
    assert manager.email == "manager@acme.example"
    assert [user.id for user in users.list_all(None)] == [manager.id]


def test_a_manager_who_was_disabled_stays_so(app: Flask, tmp_path: Path) -> None:
    seed(app, world_at(8000, tmp_path))
    [manager] = users.list_all(ACCOUNT)
    users.set_enabled(manager.id, enabled=False, account=None, context=context())
    seed(app, world_at(8000, tmp_path))
    assert [(user.id, user.enabled) for user in users.list_all(ACCOUNT)] == [(manager.id, False)]


def test_a_revoked_grant_stays_revoked(app: Flask, tmp_path: Path) -> None:
    seed(app, world_at(8000, tmp_path))
    seed(app, world_at(8000, tmp_path))
    assert [grant.email for grant in staff.list_all()] == [STAFF_ADDRESS]
    staff.revoke(STAFF_ADDRESS, [ACCOUNT], context=context())
    seed(app, world_at(8000, tmp_path))
    assert staff.list_all() == []


def _known_there(provider_id: str, issuer: str) -> None:
    """Let somebody have signed in with a provider."""
    user = users.create(
        ACCOUNT,
        NewUser.parse("mia@acme.example", name="", roles=[], platform_id=""),
        parts=parts(),
        context=context(),
    )
    now = context().now
    link = UpstreamIdentityLink(
        id="a-link",
        provider_id=provider_id,
        issuer=issuer,
        subject="mia",
        user_id=user.id,
        created_at=now,
        last_seen_at=now,
    )
    with unit_of_work() as session:
        session.add(link)
