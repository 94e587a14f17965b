"""Keys are parsed once, and what changed in the database is seen in time without flooding it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from idp.domain.client_metadata import SigningAlg
from idp.store.signing_keys import KeyState, SigningKey
from idp.tokens.key_ring import RELOAD_AFTER, KeyRing, NoSigningKey
from idp.tokens.sealing import Sealer
from tests.tokens.conftest import NOW, new_ec_row

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


def test_a_private_key_is_parsed_once_however_often_the_table_is_read(ec_row, counting):
    rows = Rows(ec_row)
    ring = KeyRing(rows, counting)
    signers = [ring.signer(ES256, now=NOW + number * RELOAD_AFTER).key for number in range(5)]
    assert rows.reads == 5
    assert counting.opened == 1
    assert all(signer is signers[0] for signer in signers)


def test_the_table_is_read_once_while_what_was_read_is_fresh(ec_row, sealer):
    rows = Rows(ec_row)
    ring = KeyRing(rows, sealer)
    for number in range(15):
        ring.signer(ES256, now=NOW + seconds(number * 0.99))
        ring.verifier(ec_row.kid, now=NOW + seconds(number * 0.99))
        ring.jwks(now=NOW + seconds(number * 0.99))
    assert rows.reads == 1


def test_only_a_current_key_signs(rsa_row, sealer):
    current, following = new_ec_row(sealer), new_ec_row(sealer, KeyState.NEXT)
    retired = new_ec_row(sealer, KeyState.RETIRED)
    ring = KeyRing(Rows(following, retired, current), sealer)
    assert ring.signer(ES256, now=NOW).kid == current.kid
    with pytest.raises(NoSigningKey):
        ring.signer(RS256, now=NOW)


def test_next_current_and_retired_keys_verify_and_are_published(sealer):
    published = [new_ec_row(sealer, state) for state in (KeyState.NEXT, KeyState.CURRENT, KeyState.RETIRED)]
    ring = KeyRing(Rows(*published), sealer)
    for row in published:
        found = ring.verifier(row.kid, now=NOW)
        assert found is not None
        assert (found[0], found[1].thumbprint()) == (ES256, row.kid)
    assert [key["kid"] for key in json.loads(ring.jwks(now=NOW))["keys"]] == [row.kid for row in published]


def test_the_published_set_holds_public_keys_only(ring, now):
    for key in json.loads(ring.jwks(now=now))["keys"]:
        assert not set(key) & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def test_a_key_made_elsewhere_signs_and_is_published_within_15_seconds(sealer):
    old, new = new_ec_row(sealer), new_ec_row(sealer)
    rows = Rows(old)
    ring = KeyRing(rows, sealer)
    ring.signer(ES256, now=NOW)
    rows.rows = [new]
    assert ring.signer(ES256, now=NOW + seconds(14.9)).kid == old.kid
    assert ring.signer(ES256, now=NOW + seconds(15)).kid == new.kid
    assert [key["kid"] for key in json.loads(ring.jwks(now=NOW + seconds(15)))["keys"]] == [new.kid]


def test_a_key_that_is_gone_verifies_nothing_after_15_seconds(sealer):
    old = new_ec_row(sealer)
    rows = Rows(old)
    ring = KeyRing(rows, sealer)
    assert ring.verifier(old.kid, now=NOW)
    rows.rows = []
    assert ring.verifier(old.kid, now=NOW + seconds(15)) is None


def test_an_unknown_kid_is_looked_up_at_once(sealer):
    old, new = new_ec_row(sealer), new_ec_row(sealer)
    rows = Rows(old)
    ring = KeyRing(rows, sealer)
    ring.signer(ES256, now=NOW)
    rows.rows = [old, new]
    assert ring.verifier(new.kid, now=NOW + seconds(1))


def test_unknown_kids_cause_one_look_up_a_second_however_many_there_are(ec_row, sealer):
    rows = Rows(ec_row)
    ring = KeyRing(rows, sealer)
    ring.signer(ES256, now=NOW)
    for number in range(1000):
        assert ring.verifier(f"forged-{number}", now=NOW + seconds(number / 100)) is None
    assert rows.reads <= 1 + 10


def test_a_known_kid_needs_no_look_up(ec_row, sealer):
    rows = Rows(ec_row)
    ring = KeyRing(rows, sealer)
    for number in range(10):
        ring.verifier(ec_row.kid, now=NOW + seconds(number))
    assert rows.reads == 1


def test_racing_threads_read_the_table_once_and_parse_each_key_once(ec_row, counting):
    racers = 8
    start = threading.Barrier(racers)
    rows = Rows(ec_row, before_answering=lambda: threading.Event().wait(0.05))
    ring = KeyRing(rows, counting)

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
    ring = KeyRing(rows, sealer)
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

    ring = KeyRing(load, sealer)
    with pytest.raises(ConnectionError):
        ring.signer(ES256, now=NOW)
    assert ring.signer(ES256, now=NOW).kid == ec_row.kid
