"""An assertion is used once, for its own client, whoever comes at the same moment."""

from __future__ import annotations

from idp.domain.identifiers import ClientId
from idp.store import used_assertions
from idp.store.unit_of_work import unit_of_work
from tests.store.conftest import SOON, new_client
from tests.support.database import RACERS, racing


def used(jti: str, client: str = "studio") -> bool:
    with unit_of_work() as session:
        return used_assertions.use(session, ClientId(client), jti, expires_at=SOON)


def test_an_assertion_is_used_once(acme):
    assert used("one")
    assert not used("one")
    assert used("another")


def test_of_eight_racing_uses_one_counts(acme):
    assert sorted(racing(acme, lambda: used("one"))) == [False] * (RACERS - 1) + [True]


def test_two_clients_may_use_one_name(acme):
    with unit_of_work() as session:
        session.add(new_client("dashboard"))
    assert used("one")
    assert used("one", "dashboard")


def test_any_text_may_be_a_name(acme):
    for jti in ("x" * 256, "é🦔", "'; --"):
        assert used(jti)
        assert not used(jti)
