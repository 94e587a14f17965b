"""The made-up platform's page with the widget: what its server says and signs, what the sandbox registers for it."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.app import create_app
from idp.cli.runtime import context, parts
from idp.sandbox.seed import seed
from idp.sandbox.widget_page import AGENTS, Agent, create_widget_page
from idp.sandbox.world import ACCOUNT, World, open_world
from idp.services.registry import accounts, api_keys, platform_secrets
from idp.services.registry.accounts import AccountSettings
from idp.settings import Settings
from tests.support.clock import FrozenClock

ISSUER = "https://login.deepdesk.test:8000"
SECRET = "thirty-two bytes and a few more of them"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def page(clock: FrozenClock) -> FlaskClient:
    app = create_widget_page(
        issuer=ISSUER, account="acme", provider="genesys", api_key="the-key", platform_secret=SECRET, clock=clock
    )
    return app.test_client()


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.key)
def test_its_server_signs_who_works_there_for_a_working_day(
    agent: Agent, page: FlaskClient, clock: FrozenClock
) -> None:
    signed = page.post(f"/platform-jwt/{agent.key}/").get_json()["jwt"]
    assert jwt.get_unverified_header(signed)["alg"] == "HS256"
    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(signed, SECRET, algorithms=["HS256"], audience=ISSUER, options=options)
    assert claims.pop("jti")
    assert claims == {
        "aud": ISSUER,
        "iat": clock.unix,
        "exp": clock.unix + 8 * 3600,
        "type": "access",
        "identity": {
            "account": "acme",
            "user_id": agent.bridge_id,
            "user_name": agent.name,
            "user_email": agent.email,
        },
    }


def test_it_signs_for_nobody_else(page: FlaskClient) -> None:
    assert page.post("/platform-jwt/manager/").status_code == 404


def test_no_agent_is_known_to_a_bridge_by_the_id_of_a_sign_in() -> None:
    """Else the provider would refuse the bridge as soon as that person had signed in."""
    assert not {agent.bridge_id for agent in AGENTS} & {agent.sign_in_id for agent in AGENTS}


def test_its_policy_lets_in_the_providers_script_and_calls_and_nothing_else(page: FlaskClient) -> None:
    policy = page.get("/").headers["Content-Security-Policy"]
    assert f"script-src 'self' {ISSUER};" in policy
    assert f"connect-src 'self' {ISSUER};" in policy
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none';")


def test_it_cuts_no_pop_up_from_its_opener(page: FlaskClient) -> None:
    assert "Cross-Origin-Opener-Policy" not in page.get("/").headers


# What the sandbox makes of it.


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = create_app(Settings.load({"IDP_INSTANCE_DIR": str(tmp_path)}, root=tmp_path))
    with app.app_context():
        yield app


def world_at(port: int, instance: Path) -> World:
    return open_world(host="127.0.0.1", port=port, instance=instance)


def origins() -> list[str]:
    return [row.origin for row in accounts.show(ACCOUNT).origins]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_without_tls_the_page_is_on_the_providers_own_site(host: str, tmp_path: Path) -> None:
    world = open_world(host=host, port=8000, instance=tmp_path)
    assert urlsplit(world.widget_page_url).hostname == urlsplit(world.issuer).hostname == host
    assert urlsplit(world.widget_page_url).port == 8003


def test_the_widget_may_run_on_the_page_wherever_it_moves(app: Flask, tmp_path: Path) -> None:
    seed(app, world_at(8000, tmp_path))
    assert origins() == ["http://127.0.0.1:8003"]
    seed(app, world_at(9000, tmp_path))
    assert "http://127.0.0.1:9003" in origins()


def test_an_origin_that_somebody_added_stays(app: Flask, tmp_path: Path) -> None:
    seed(app, world_at(8000, tmp_path))
    accounts.update(ACCOUNT, AccountSettings(origins=("https://desk.example",)), context=context())
    seed(app, world_at(8000, tmp_path))
    assert origins() == ["http://127.0.0.1:8003", "https://desk.example"]


def test_key_and_secret_are_registered_once(app: Flask, tmp_path: Path) -> None:
    seed(app, world_at(8000, tmp_path))
    seed(app, world_at(9000, tmp_path))
    assert len(api_keys.list_all(ACCOUNT)) == 1
    assert len(platform_secrets.list_all(ACCOUNT)) == 1


def test_what_was_revoked_stays_revoked(app: Flask, tmp_path: Path) -> None:
    seed(app, world_at(8000, tmp_path))
    api_keys.revoke(api_keys.list_all(ACCOUNT)[0].id, context=context())
    platform_secrets.revoke(platform_secrets.list_all(ACCOUNT)[0].id, context=context())
    seed(app, world_at(8000, tmp_path))
    assert [row.revoked_at is not None for row in api_keys.list_all(ACCOUNT)] == [True]
    assert [row.revoked_at is not None for row in platform_secrets.list_all(ACCOUNT)] == [True]


def test_two_others_in_their_places_do_not_stop_the_sandbox(app: Flask, tmp_path: Path) -> None:
    world = world_at(8000, tmp_path)
    seed(app, world)
    api_keys.create(ACCOUNT, key=None, parts=parts(), context=context())
    seed(app, replace(world, api_key="another-key-of-another-instance"))
    assert len(api_keys.list_all(ACCOUNT)) == 2


def test_an_instance_that_kept_fewer_secrets_keeps_them_and_gets_the_others(tmp_path: Path) -> None:
    kept = tmp_path / "sandbox.json"
    kept.write_text(json.dumps(["of the platform", "of the sample service"]), encoding="ascii")
    world = world_at(8000, tmp_path)
    assert (world.platform_secret, world.sample_secret) == ("of the platform", "of the sample service")
    assert len({world.api_key, world.shared_secret}) == 2
    assert world_at(8000, tmp_path) == world
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
