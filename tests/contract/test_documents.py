"""The cache of upstream documents, with racing threads."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from idp.domain.errors import UpstreamError, UpstreamUnavailable
from idp.upstream.documents import Documents

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


class Upstream:
    """Counts fetches; waits for ``gate``; fails while ``failing``."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.failing = False
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Event()

    def fetch(self, address: str) -> object:
        self.fetched.append(address)
        self.asked.set()
        self.gate.wait(10)
        if self.failing:
            raise UpstreamUnavailable("asleep")
        return object()


@pytest.fixture
def upstream():
    return Upstream()


@pytest.fixture
def documents(upstream):
    return Documents(upstream.fetch)


def test_a_document_is_kept_for_an_hour(documents, upstream):
    first = documents.get("a", now=NOW)
    assert documents.get("a", now=NOW + timedelta(minutes=59, seconds=59)) is first
    assert documents.get("a", now=NOW + timedelta(hours=1)) is not first
    assert upstream.fetched == ["a", "a"]


def test_a_clock_that_was_set_back_keeps_nothing(documents):
    first = documents.get("a", now=NOW)
    assert documents.get("a", now=NOW - timedelta(days=1)) is not first


def test_addresses_are_kept_apart(documents):
    assert documents.get("a", now=NOW) is not documents.get("b", now=NOW)


def test_a_failure_is_not_kept(documents, upstream):
    upstream.failing = True
    with pytest.raises(UpstreamUnavailable):
        documents.get("a", now=NOW)
    upstream.failing = False
    assert documents.get("a", now=NOW)


def test_a_renewal_happens_at_most_every_thirty_seconds(documents, upstream):
    kept = documents.get("a", now=NOW)
    for second in (0, 1, 29):
        kept = documents.renewed("a", kept, now=NOW + timedelta(seconds=second))
    assert len(upstream.fetched) == 2
    assert documents.renewed("a", kept, now=NOW + timedelta(seconds=30)) is not kept


def test_a_renewal_that_somebody_else_made_is_shared(documents, upstream):
    old = documents.get("a", now=NOW)
    new = documents.renewed("a", old, now=NOW)
    assert documents.renewed("a", old, now=NOW) is new
    assert len(upstream.fetched) == 2


def test_a_failed_renewal_stays_a_failure_until_the_next_try(documents, upstream):
    kept = documents.get("a", now=NOW)
    upstream.failing = True
    for second in (0, 10):
        with pytest.raises(UpstreamUnavailable):
            documents.renewed("a", kept, now=NOW + timedelta(seconds=second))
    assert len(upstream.fetched) == 2
    assert documents.get("a", now=NOW) is kept


def _race(count, work):
    outcomes: list[object] = []

    def run() -> None:
        try:
            outcomes.append(work())
        except UpstreamError as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, outcomes


@pytest.mark.parametrize("failing", [False, True])
def test_eight_who_ask_at_once_share_one_fetch_and_its_outcome(documents, upstream, failing):
    upstream.failing = failing
    upstream.gate.clear()
    about_to_ask = threading.Barrier(9)

    def ask() -> object:
        about_to_ask.wait(10)
        return documents.get("a", now=NOW)

    threads, outcomes = _race(8, ask)
    about_to_ask.wait(10)
    assert upstream.asked.wait(10)
    time.sleep(0.2)  # for the other seven to reach the lock, which nothing shows from outside
    upstream.gate.set()
    for thread in threads:
        thread.join(10)
    assert len(outcomes) == 8
    assert len(set(outcomes)) == 1
    assert upstream.fetched == ["a"]


def test_readers_do_not_wait_for_a_renewal(documents, upstream):
    kept = documents.get("a", now=NOW)
    upstream.asked.clear()
    upstream.gate.clear()
    threads, _ = _race(1, lambda: documents.renewed("a", kept, now=NOW))
    assert upstream.asked.wait(10)
    assert documents.get("a", now=NOW) is kept
    upstream.gate.set()
    threads[0].join(10)


def test_upstreams_do_not_wait_for_each_other(documents, upstream):
    upstream.gate.clear()
    threads, outcomes = _race(1, lambda: documents.get("a", now=NOW))
    assert upstream.asked.wait(10)
    other, _ = _race(1, lambda: documents.get("b", now=NOW))
    try:
        for _ in range(200):
            if upstream.fetched == ["a", "b"]:
                break
            threading.Event().wait(0.01)
        assert upstream.fetched == ["a", "b"]
    finally:
        upstream.gate.set()
        for thread in (*threads, *other):
            thread.join(10)
    assert len(outcomes) == 1
