"""Keys are parsed once, and what changed in the database is seen in time without flooding it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from idp.domain.client_words import SigningAlg
from idp.store.signing_keys import KeyState, KeyUse, SigningKey
from idp.tokens.key_ring import RELOAD_AFTER, NoSigningKey
from idp.tokens.sealing import Sealer
from tests.tokens.conftest import NOW, RETENTION, new_ec_row, new_ring

ES256, RS256 = SigningAlg.ES256, SigningAlg.RS256


class CountingSealer(Sealer):
    """Counts how often a private key is opened, which each parsing of one needs."""

    opened = 0

    def open(self, sealed: str, *, record: str) -> str:
        self.opened += 1
        return super().open(sealed, record=record)


class Rows:
    """The table of keys, counting how often it is read."""

    def __init__(self, *rows: SigningKey, before_answering: Callable[[], object] = lambda: None) -> None:
        self.rows = list(rows)
        self.reads = 0
        self._before_answering = before_answering

    def __call__(self) -> list[SigningKey]:
        self.reads += 1
        self._before_answering()
        return list(self.rows)


@pytest.fixture
def counting() -> CountingSealer:
    return CountingSealer(["a sealing secret of the tests, 32+"])


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def kids(jwks: bytes) -> list[str]:
    return [key["kid"] for key in json.loads(jwks)["keys"]]


def in_state(row: SigningKey, state: KeyState) -> SigningKey:
    """Return the row as another process reads it once the key has come into another state."""
    columns = {column.key: getattr(row, column.key) for column in SigningKey.__table__.columns}
    return SigningKey(**columns | {"state": state})


def test_a_private_key_is_parsed_once_however_often_the_table_is_read(ec_row, counting):
    rows = Rows(ec_row)
    ring = new_ring(rows, counting)
    signers = [ring.signer(ES256, now=NOW + number * RELOAD_AFTER).key for number in range(5)]
    assert rows.reads == 5
    assert counting.opened == 1
    assert all(signer is signers[0] for signer in signers)


def test_the_table_is_read_once_while_what_was_read_is_fresh(ec_row, sealer):
    rows = Rows(ec_row)
    ring = new_ring(rows, sealer)
    for number in range(15):
        ring.signer(ES256, now=NOW + seconds(number * 0.99))
        ring.verifier(ec_row.kid, now=NOW + seconds(number * 0.99))
        ring.any_verifier(ec_row.kid, now=NOW + seconds(number * 0.99))
    assert rows.reads == 1


def test_the_published_set_is_made_once_a_second_however_often_it_is_asked_for(ec_row, sealer):
    rows = Rows(ec_row)
    ring = new_ring(rows, sealer)
    for number in range(1000):
        ring.jwks(now=NOW + seconds(number / 100))
    assert rows.reads == 10


def test_only_a_current_key_signs(rsa_row, sealer):
    current, following = new_ec_row(sealer), new_ec_row(sealer, KeyState.NEXT)
    retired = new_ec_row(sealer, KeyState.RETIRED)
    ring = new_ring(Rows(following, retired, current), sealer)
    assert ring.signer(ES256, now=NOW).kid == current.kid
    with pytest.raises(NoSigningKey):
        ring.signer(RS256, now=NOW)


def test_next_current_and_retired_keys_verify_and_are_published(sealer):
    published = [new_ec_row(sealer, state) for state in (KeyState.NEXT, KeyState.CURRENT, KeyState.RETIRED)]
    ring = new_ring(Rows(*published), sealer)
    for row in published:
        found = ring.verifier(row.kid, now=NOW)
        assert found is not None
        assert (found[0], found[1].thumbprint()) == (ES256, row.kid)
    assert [key["kid"] for key in json.loads(ring.jwks(now=NOW))["keys"]] == [row.kid for row in published]


def test_the_published_set_holds_public_keys_only(ring, now):
    for key in json.loads(ring.jwks(now=now))["keys"]:
        assert not set(key) & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def test_a_key_made_elsewhere_signs_within_15_seconds(sealer):
    old, new = new_ec_row(sealer), new_ec_row(sealer)
    rows = Rows(old)
    ring = new_ring(rows, sealer)
    ring.signer(ES256, now=NOW)
    rows.rows = [new]
    assert ring.signer(ES256, now=NOW + seconds(14.9)).kid == old.kid
    assert ring.signer(ES256, now=NOW + seconds(15)).kid == new.kid


def test_a_key_made_elsewhere_is_published_after_a_second(sealer):
    """Services keep the set for 300 s, and the key may sign when it has been public for as long."""
    current, following = new_ec_row(sealer), new_ec_row(sealer, KeyState.NEXT)
    rows = Rows(current)
    ring = new_ring(rows, sealer)
    ring.signer(ES256, now=NOW)
    rows.rows = [current, following]
    assert kids(ring.jwks(now=NOW + seconds(1))) == [current.kid, following.kid]


def test_a_retired_key_leaves_the_set_when_its_time_has_come_although_no_row_changed(sealer):
    current, retired = new_ec_row(sealer), new_ec_row(sealer, KeyState.RETIRED)
    ring = new_ring(Rows(current, retired), sealer)
    last_moment = NOW + RETENTION - seconds(1)
    assert kids(ring.jwks(now=last_moment)) == [current.kid, retired.kid]
    assert ring.verifier(retired.kid, now=last_moment)
    assert kids(ring.jwks(now=NOW + RETENTION)) == [current.kid]
    assert ring.verifier(retired.kid, now=NOW + RETENTION) is None


def test_what_a_retired_key_signed_can_be_recognised_for_ever(sealer):
    current, retired = new_ec_row(sealer), new_ec_row(sealer, KeyState.RETIRED)
    ring = new_ring(Rows(current, retired), sealer)
    long_after = NOW + timedelta(days=1000)
    for row in (current, retired):
        found = ring.any_verifier(row.kid, now=long_after)
        assert found is not None
        assert (found[0], found[1].thumbprint()) == (ES256, row.kid)


def test_a_key_that_is_published_no_more_floods_nothing(sealer):
    rows = Rows(new_ec_row(sealer), retired := new_ec_row(sealer, KeyState.RETIRED))
    ring = new_ring(rows, sealer)
    for number in range(1000):
        ring.verifier(retired.kid, now=NOW + RETENTION + seconds(number / 100))
    assert rows.reads == 1


@pytest.mark.parametrize("ended", ["promoted_at", "retired_at"])
def test_a_revoked_key_is_neither_published_nor_asked(sealer, ended):
    current, revoked = new_ec_row(sealer), new_ec_row(sealer, KeyState.REVOKED)
    setattr(revoked, ended, NOW)
    revoked.revoked_at = NOW
    ring = new_ring(Rows(current, revoked), sealer)
    assert kids(ring.jwks(now=NOW)) == [current.kid]
    assert ring.verifier(revoked.kid, now=NOW) is None
    assert ring.any_verifier(revoked.kid, now=NOW) is None


def test_a_key_that_was_revoked_elsewhere_is_asked_no_more_after_15_seconds(sealer):
    current, revoked = new_ec_row(sealer), new_ec_row(sealer, KeyState.RETIRED)
    rows = Rows(current, revoked)
    ring = new_ring(rows, sealer)
    assert ring.verifier(revoked.kid, now=NOW)
    rows.rows = [current, in_state(revoked, KeyState.REVOKED)]
    assert ring.verifier(revoked.kid, now=NOW + seconds(15)) is None
    assert ring.any_verifier(revoked.kid, now=NOW + seconds(15)) is None
    assert kids(ring.jwks(now=NOW + seconds(15))) == [current.kid]


@pytest.mark.parametrize(("use", "other"), [(KeyUse.OAUTH, KeyUse.SESSION), (KeyUse.SESSION, KeyUse.OAUTH)])
def test_keys_of_another_use_are_no_keys(sealer, use, other):
    ours, theirs = new_ec_row(sealer, use=use), new_ec_row(sealer, use=other)
    for rows in ([ours, theirs], [theirs, ours]):
        ring = new_ring(Rows(*rows), sealer, use=use)
        assert ring.signer(ES256, now=NOW).kid == ours.kid
        assert kids(ring.jwks(now=NOW)) == [ours.kid]
        assert ring.verifier(theirs.kid, now=NOW) is None
        assert ring.any_verifier(theirs.kid, now=NOW) is None


def test_a_private_half_is_opened_while_its_key_signs_only(sealer, counting):
    kept = [new_ec_row(sealer, state) for state in (KeyState.NEXT, KeyState.RETIRED, KeyState.REVOKED)]
    for row in kept[1:]:
        row.private_jwk_sealed = ""
    ring = new_ring(Rows(new_ec_row(sealer), *kept), counting)
    ring.jwks(now=NOW)
    assert counting.opened == 1


def test_a_key_that_is_gone_verifies_nothing_after_15_seconds(sealer):
    old = new_ec_row(sealer)
    rows = Rows(old)
    ring = new_ring(rows, sealer)
    assert ring.verifier(old.kid, now=NOW)
    rows.rows = []
    assert ring.verifier(old.kid, now=NOW + seconds(15)) is None


def test_an_unknown_kid_is_looked_up_at_once(sealer):
    old, new = new_ec_row(sealer), new_ec_row(sealer)
    rows = Rows(old)
    ring = new_ring(rows, sealer)
    ring.signer(ES256, now=NOW)
    rows.rows = [old, new]
    assert ring.verifier(new.kid, now=NOW + seconds(1))


def test_unknown_kids_cause_one_look_up_a_second_however_many_there_are(ec_row, sealer):
    rows = Rows(ec_row)
    ring = new_ring(rows, sealer)
    ring.signer(ES256, now=NOW)
    for number in range(1000):
        assert ring.verifier(f"forged-{number}", now=NOW + seconds(number / 100)) is None
    assert rows.reads <= 1 + 10


def test_a_known_kid_needs_no_look_up(ec_row, sealer):
    rows = Rows(ec_row)
    ring = new_ring(rows, sealer)
    for number in range(10):
        ring.verifier(ec_row.kid, now=NOW + seconds(number))
    assert rows.reads == 1


def test_racing_threads_read_the_table_once_and_parse_each_key_once(ec_row, counting):
    racers = 8
    start = threading.Barrier(racers)
    rows = Rows(ec_row, before_answering=lambda: threading.Event().wait(0.05))
    ring = new_ring(rows, counting)

    def sign(_number: int) -> str:
        start.wait(10)
        return ring.signer(ES256, now=NOW).kid

    with ThreadPoolExecutor(racers) as pool:
        assert set(pool.map(sign, range(racers))) == {ec_row.kid}
    assert rows.reads == 1
    assert counting.opened == 1


def test_racing_threads_with_an_old_ring_all_see_the_new_key(sealer):
    racers = 8
    old, new = new_ec_row(sealer), new_ec_row(sealer)
    rows = Rows(old)
    ring = new_ring(rows, sealer)
    ring.signer(ES256, now=NOW)
    rows.rows = [new]
    start = threading.Barrier(racers)

    def sign(_number: int) -> str:
        start.wait(10)
        return ring.signer(ES256, now=NOW + RELOAD_AFTER).kid

    with ThreadPoolExecutor(racers) as pool:
        assert set(pool.map(sign, range(racers))) == {new.kid}
    assert rows.reads == 2


def test_a_failing_database_is_asked_again(ec_row, sealer):
    answers: list[Exception] = [ConnectionError("the database is away")]

    def load() -> list[SigningKey]:
        if answers:
            raise answers.pop()
        return [ec_row]

    ring = new_ring(load, sealer)
    with pytest.raises(ConnectionError):
        ring.signer(ES256, now=NOW)
    assert ring.signer(ES256, now=NOW).kid == ec_row.kid
