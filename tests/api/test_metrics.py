"""``/metrics``: who may look, and that it tells how long people wait for access."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from idp.app import create_app
from idp.domain.context import Context
from idp.services.operations.schema import migrate
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from idp.settings import Settings
from idp.store.access_requests import AccessRequest, RequestKind, RequestStatus
from idp.store.db import db
from idp.store.unit_of_work import unit_of_work
from tests.support.clock import FrozenClock

TOKEN = "a-token-of-the-collector"
SECRET_KEY = "k" * 32
PRODUCTION = {"IDP_ENV": "production", "IDP_ISSUER": "https://login.acme.example"}
CLOCK = FrozenClock()


@contextmanager
def provider(directory: Path, **settings: str) -> Iterator[Flask]:
    environ = {
        "IDP_DATABASE_URL": f"sqlite:///{directory / 'idp.db'}",
        "IDP_INSTANCE_DIR": str(directory / "instance"),
        "IDP_SECRET_KEYS": SECRET_KEY,
        "IDP_LOG_LEVEL": "error",
        **settings,
    }
    app = create_app(Settings.load(environ, root=directory), clock=CLOCK)
    with app.app_context():
        migrate()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def open_provider(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    with ExitStack() as opened:
        yield lambda **settings: opened.enter_context(provider(tmp_path, **settings))


def status(app: Flask, peer: str = "127.0.0.1", **headers: str) -> int:
    base = {"REMOTE_ADDR": peer}
    return app.test_client().get("/metrics", headers=headers, environ_overrides=base).status_code


class TestWhoMayLook:
    def test_without_a_token_this_machine_may_in_development(self, open_provider: Callable[..., Flask]) -> None:
        app = open_provider()
        assert status(app) == 200
        assert status(app, "::1") == 200

    @pytest.mark.parametrize("peer", ["10.0.0.7", "203.0.113.7", "", "unix:"])
    def test_nobody_else_may(self, open_provider: Callable[..., Flask], peer: str) -> None:
        assert status(open_provider(), peer) == 404

    @pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP"])
    def test_nor_may_somebody_behind_a_proxy_on_this_machine(
        self, open_provider: Callable[..., Flask], header: str
    ) -> None:
        assert status(open_provider(), **{header: "127.0.0.1"}) == 404

    def test_in_production_nobody_may_without_a_token(self, open_provider: Callable[..., Flask]) -> None:
        assert status(open_provider(**PRODUCTION)) == 404

    @pytest.mark.parametrize("settings", [{}, PRODUCTION], ids=["development", "production"])
    def test_with_a_token_it_is_always_needed(
        self, open_provider: Callable[..., Flask], settings: dict[str, str]
    ) -> None:
        app = open_provider(IDP_METRICS_TOKEN=TOKEN, **settings)
        assert status(app) == 404
        assert status(app, Authorization=f"Bearer {TOKEN}x") == 404
        assert status(app, Authorization=f"Basic {TOKEN}") == 404
        assert status(app, Authorization="Bearer é") == 404
        assert status(app, "203.0.113.7", Authorization=f"Bearer {TOKEN}") == 200


def test_it_tells_how_long_people_wait_for_access(open_provider: Callable[..., Flask]) -> None:
    app = open_provider()
    now = CLOCK.now()
    with app.app_context():
        accounts.create("acme", AccountSettings(name="Acme"), context=Context.of_operator("a-test", now))
        with unit_of_work() as session:
            for number, minutes in enumerate((1, 4, 90)):
                session.add(_request(f"arrived-{number}", now - timedelta(days=1), timedelta(minutes=minutes)))
            session.add(_request("waiting", now - timedelta(hours=2), None))
    told = app.test_client().get("/metrics")
    assert told.content_type.startswith("text/plain")
    samples = {
        (sample.name, sample.labels.get("le")): sample.value
        for family in text_string_to_metric_families(told.get_data(as_text=True))
        for sample in family.samples
        if sample.labels["account"] == "acme"
    }
    assert samples["idp_time_to_access_seconds_bucket", "60.0"] == 1
    assert samples["idp_time_to_access_seconds_bucket", "300.0"] == 2
    assert samples["idp_time_to_access_seconds_bucket", "3600.0"] == 2
    assert samples["idp_time_to_access_seconds_bucket", "+Inf"] == 3
    assert samples["idp_time_to_access_seconds_count", None] == 3
    assert samples["idp_time_to_access_seconds_sum", None] == 95 * 60
    assert samples["idp_access_requests_pending", None] == 1
    assert samples["idp_access_request_oldest_seconds", None] == 7200


def _request(name: str, asked_at: datetime, took: timedelta | None) -> AccessRequest:
    return AccessRequest(
        id=name,
        account_code="acme",
        kind=RequestKind.ACCESS,
        status=RequestStatus.PENDING if took is None else RequestStatus.APPROVED,
        email=f"{name}@acme.example",
        email_canonical=f"{name}@acme.example",
        email_vouched=False,
        attempts=1,
        created_at=asked_at,
        last_attempt_at=asked_at,
        arrived_at=None if took is None else asked_at + took,
    )
