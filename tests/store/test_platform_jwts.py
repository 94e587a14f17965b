"""What a platform signed is new once, in its own account."""

from __future__ import annotations

from idp.domain.identifiers import AccountCode
from idp.store import platform_jwts
from idp.store.platform_jwts import PlatformJwt
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import SOON, new_account
from tests.support.database import RACERS, racing

ACME, GLOBEX = AccountCode("acme"), AccountCode("globex")
TOKEN, NETWORK = "4711\0jti-1", "192.0.2.1"


def noted(token: str = TOKEN, *, account: AccountCode = ACME, network: str | None = NETWORK) -> bool:
    with unit_of_work() as session:
        return platform_jwts.note(session, account, token, network=network, expires_at=SOON)


def network_of(token: str = TOKEN, *, account: AccountCode = ACME) -> str | None:
    with reading() as session:
        return platform_jwts.first_network(session, account, token)


def test_it_is_new_once(acme):
    assert noted()
    assert not noted()
    assert noted("4711\0jti-2")
    assert noted("4712\0jti-1")


def test_each_account_has_its_own(acme):
    with unit_of_work() as session:
        session.add(new_account("globex"))
    assert noted()
    assert noted(account=GLOBEX)


def test_the_first_network_is_remembered(acme):
    noted()
    noted(network="198.51.100.7")
    assert network_of() == NETWORK
    assert network_of("another") is None
    assert network_of(account=GLOBEX) is None


def test_one_without_a_network_is_remembered_too(acme):
    assert noted(network=None)
    assert not noted()
    assert network_of() is None


def test_of_eight_racing_calls_one_is_told_that_it_is_new(acme):
    assert sorted(racing(acme, noted)) == [False] * (RACERS - 1) + [True]


def test_any_text_may_be_remembered(acme):
    for token in ("x" * 16_000, "é🦔", "'; --", ""):
        assert noted(token)
        assert not noted(token)


def test_its_clear_value_is_kept_nowhere(acme):
    noted()
    with reading() as session:
        (row,) = session.query(PlatformJwt).all()
        assert not {"4711", "jti-1", TOKEN} & {row.token_digest, row.network, row.account_code}
