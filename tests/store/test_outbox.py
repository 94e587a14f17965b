"""Each item is one worker's at a time, and what a worker says of an item that is no longer its own counts nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from idp.store import outbox
from idp.store.outbox import Backlog, Leased, OutboxItem, OutboxKind, State
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW
from tests.support.database import RACERS, racing

KIND = OutboxKind.BACKCHANNEL_LOGOUT
LEASE = timedelta(seconds=60)
LATER = NOW + LEASE


def enqueued(number: int = 1, *, at: datetime = NOW, account: str = "acme") -> list[str]:
    with unit_of_work() as session:
        return [outbox.enqueue(session, KIND, {"number": n}, account=account, now=at) for n in range(number)]


def leased(holder: str = "one", *, most: int = 10, at: datetime = NOW) -> Sequence[Leased]:
    with unit_of_work() as session:
        return outbox.lease(session, holder=holder, kinds=[KIND], most=most, now=at, until=at + LEASE)


def row(item_id: str) -> OutboxItem:
    with reading() as session:
        return session.scalars(select(OutboxItem).where(OutboxItem.id == item_id)).one()


def settled(settle, item: Leased, **values) -> bool:
    with unit_of_work() as session:
        return settle(session, item, **values)


def revived(item_id: str, *, at: datetime = NOW) -> OutboxItem | None:
    with unit_of_work() as session:
        return outbox.revive(session, item_id, now=at)


def test_eight_racing_workers_lease_each_of_two_hundred_items_once(database: Flask) -> None:
    items = enqueued(200)

    def work() -> list[str]:
        mine: list[str] = []
        while len(mine) <= len(items) and (portion := leased("a worker", most=7)):
            mine += [one.id for one in portion]
        return mine

    taken = racing(database, work)
    assert not [one for one in taken if isinstance(one, Exception)]
    assert Counter(one for each in taken if not isinstance(each, Exception) for one in each) == Counter(items)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_worker_passes_over_what_another_is_taking(database: Flask) -> None:
    """On SQLite it waits for the other's transaction instead, so there is nothing to pass over."""
    first, second = enqueued(1) + enqueued(1, at=NOW + timedelta(microseconds=1))
    with unit_of_work() as session:
        outbox.lease(session, holder="one", kinds=[KIND], most=1, now=LATER, until=LATER + LEASE)
        with unit_of_work() as other:
            other.execute(text("SET LOCAL lock_timeout = '2s'"))
            passed = outbox.lease(other, holder="two", kinds=[KIND], most=9, now=LATER, until=LATER + LEASE)
        assert [one.id for one in passed] == [second]
    assert row(first).leased_by == "one"


def test_what_is_leased_carries_what_was_asked_for(database: Flask) -> None:
    (item_id,) = enqueued()
    (item,) = leased("one")
    assert item == Leased(id=item_id, kind=KIND, account="acme", payload={"number": 0}, attempts=1, holder="one")


def test_what_is_longest_due_goes_first_and_no_more_than_asked_for(database: Flask) -> None:
    late = enqueued(at=NOW - timedelta(seconds=1))
    early = enqueued(at=NOW - timedelta(seconds=2))
    assert [one.id for one in leased(most=1)] == early
    assert [one.id for one in leased(most=1)] == late


def test_what_is_not_due_waits(database: Flask) -> None:
    items = enqueued(at=NOW + timedelta(microseconds=1))
    assert leased() == []
    assert [one.id for one in leased(at=LATER)] == items


def test_what_nobody_here_can_deliver_waits(database: Flask) -> None:
    enqueued()
    with unit_of_work() as session:
        assert outbox.lease(session, holder="old", kinds=[], most=9, now=NOW, until=LATER) == []
    assert leased()


def test_a_lease_keeps_others_away_until_its_end(database: Flask) -> None:
    enqueued()
    leased("one")
    assert leased("two", at=LATER - timedelta(microseconds=1)) == []
    assert [one.attempts for one in leased("two", at=LATER)] == [2]


def test_after_a_takeover_the_first_holder_settles_nothing(database: Flask) -> None:
    enqueued()
    (first,) = leased("one")
    (second,) = leased("two", at=LATER)
    assert not settled(outbox.settle_done, first, now=LATER)
    assert not settled(outbox.settle_failed, first, error="late", due_at=LATER)
    assert not settled(outbox.bury, first, error="late", now=LATER)
    present = row(first.id)
    assert (present.leased_by, present.done_at, present.dead_at, present.last_error) == ("two", None, None, None)
    assert settled(outbox.settle_done, second, now=LATER)


def test_a_worker_that_took_its_own_item_over_settles_the_later_attempt_only(database: Flask) -> None:
    enqueued()
    (first,) = leased("one")
    (again,) = leased("one", at=LATER)
    assert not settled(outbox.settle_done, first, now=LATER)
    assert settled(outbox.settle_done, again, now=LATER)


def test_after_a_retry_has_begun_to_count_anew_the_first_holder_settles_nothing(database: Flask) -> None:
    enqueued()
    (first,) = leased("one")
    (second,) = leased("two", at=LATER)
    settled(outbox.bury, second, error="gone", now=LATER)
    revived(first.id, at=LATER)
    (third,) = leased("three", at=LATER)
    assert third.attempts == first.attempts
    assert not settled(outbox.settle_done, first, now=LATER)
    assert settled(outbox.settle_done, third, now=LATER)


def test_a_lease_that_ran_out_still_counts_while_nobody_took_over(database: Flask) -> None:
    enqueued()
    (item,) = leased()
    assert settled(outbox.settle_done, item, now=LATER + LEASE)


def test_what_is_done_is_never_leased_again(database: Flask) -> None:
    enqueued()
    (item,) = leased()
    assert settled(outbox.settle_done, item, now=NOW)
    assert leased(at=LATER + LEASE) == []
    assert not settled(outbox.settle_done, item, now=NOW)


def test_what_failed_comes_back_when_it_is_due(database: Flask) -> None:
    enqueued()
    (item,) = leased()
    due = NOW + timedelta(seconds=1)
    assert settled(outbox.settle_failed, item, error="e" * 600, due_at=due)
    assert leased(at=due - timedelta(microseconds=1)) == []
    assert [one.attempts for one in leased(at=due)] == [2]
    assert row(item.id).last_error == "e" * 500


def test_what_is_dead_is_listed_and_never_leased(database: Flask) -> None:
    enqueued()
    (item,) = leased()
    assert settled(outbox.bury, item, error="gone", now=NOW)
    assert leased(at=LATER) == []
    with reading() as session:
        assert [(one.id, one.last_error) for one in outbox.unsettled(session, account=None)] == [(item.id, "gone")]


def test_what_is_dead_and_retried_has_all_its_attempts_again(database: Flask) -> None:
    enqueued()
    (item,) = leased()
    settled(outbox.bury, item, error="gone", now=NOW)
    assert revived(item.id, at=LATER)
    assert [one.attempts for one in leased(at=LATER)] == [1]


def test_what_waits_and_is_retried_is_due_now_and_keeps_its_attempts(database: Flask) -> None:
    enqueued()
    (item,) = leased()
    settled(outbox.settle_failed, item, error="e", due_at=LATER)
    assert revived(item.id)
    assert [one.attempts for one in leased()] == [2]


def test_what_is_being_delivered_and_retried_stays_its_workers(database: Flask) -> None:
    enqueued()
    (item,) = leased("one")
    assert revived(item.id)
    assert leased("two") == []
    assert settled(outbox.settle_done, item, now=NOW)


def test_what_was_delivered_is_neither_retried_nor_dropped(database: Flask) -> None:
    enqueued()
    (item,) = leased()
    settled(outbox.settle_done, item, now=NOW)
    assert revived(item.id) is None
    with unit_of_work() as session:
        assert outbox.remove(session, item.id) is None
    assert row(item.id).done_at == NOW


def test_what_is_dropped_is_gone(database: Flask) -> None:
    (item_id,) = enqueued()
    with unit_of_work() as session:
        removed = outbox.remove(session, item_id)
        assert removed is not None
        assert removed.account_code == "acme"
        assert outbox.remove(session, item_id) is None
    assert leased() == []


def test_the_list_is_one_accounts_where_asked(database: Flask) -> None:
    enqueued()
    (other,) = enqueued(account="globex")
    with reading() as session:
        assert [one.id for one in outbox.unsettled(session, account="globex")] == [other]


def test_the_backlog_counts_what_waits_and_what_died_and_since_when_something_is_due(database: Flask) -> None:
    def backlog(at: datetime) -> Backlog:
        with reading() as session:
            return outbox.backlog(session, now=at)

    assert backlog(NOW) == Backlog(waiting=0, dead=0, due_since=None)
    enqueued(2)
    assert backlog(LATER) == Backlog(waiting=2, dead=0, due_since=NOW)
    dead, done = leased()
    assert backlog(NOW) == Backlog(waiting=2, dead=0, due_since=None)
    settled(outbox.bury, dead, error="e", now=NOW)
    assert backlog(LATER) == Backlog(waiting=1, dead=1, due_since=NOW)
    settled(outbox.settle_done, done, now=NOW)
    assert backlog(LATER) == Backlog(waiting=0, dead=1, due_since=None)


# Taking back what has not left yet


def withdrawn(item_id: str, *, at: datetime = NOW) -> bool:
    with unit_of_work() as session:
        return outbox.withdraw(session, item_id, now=at)


def test_what_is_not_due_yet_can_be_withdrawn_once(database: Flask) -> None:
    (item,) = enqueued(at=LATER)
    (other,) = enqueued(at=LATER)
    assert withdrawn(item)
    assert not withdrawn(item)
    assert [one.id for one in leased(at=LATER)] == [other]


def test_what_is_due_or_unknown_cannot(database: Flask) -> None:
    (item,) = enqueued(at=LATER)
    assert not withdrawn(item, at=LATER)
    assert not withdrawn(item, at=LATER + LEASE)
    assert not withdrawn("x" * 22)
    assert [one.id for one in leased(at=LATER)] == [item]


def test_what_somebody_had_cannot_although_it_is_due_later_again(database: Flask) -> None:
    """It may have arrived: a mail server that said nothing may have taken it."""
    (item,) = enqueued()
    (held,) = leased()
    assert not withdrawn(item, at=NOW - LEASE)
    assert settled(outbox.settle_failed, held, error="no answer", due_at=LATER)
    assert not withdrawn(item)
    (again,) = leased(at=LATER)
    settled(outbox.settle_done, again, now=LATER)
    assert not withdrawn(item, at=NOW - LEASE)


def test_of_racing_withdrawals_and_leases_of_an_item_one_succeeds(database: Flask) -> None:
    """Where the hosts' clocks differ, one may lease what another still takes for waiting."""
    for _ in range(5):
        (item,) = enqueued(at=LATER)
        turns = iter(range(RACERS))

        def act(item: str = item, turns: Iterator[int] = turns) -> str:
            if next(turns) % 2:
                return "leased" if leased(at=LATER) else "nothing"
            return "withdrawn" if withdrawn(item) else "nothing"

        outcomes = racing(database, act)
        assert sorted(str(one) for one in outcomes) in (
            ["leased", *["nothing"] * (RACERS - 1)],
            [*["nothing"] * (RACERS - 1), "withdrawn"],
        )


# How deliveries stand


def test_deliveries_are_open_done_or_dead(database: Flask) -> None:
    waiting, _, _, gone = items = enqueued(3) + enqueued(at=LATER)
    first, second = (one for one in leased() if one.id != waiting)
    settled(outbox.settle_done, first, now=NOW)
    settled(outbox.bury, second, error="refused", now=NOW)
    withdrawn(gone)
    with reading() as session:
        assert outbox.states(session, items) == {
            waiting: State.OPEN,
            first.id: State.DONE,
            second.id: State.DEAD,
        }
        assert outbox.states(session, []) == {}


def test_what_is_written_for_its_time_alone_is_never_delivered(database: Flask) -> None:
    with unit_of_work() as session:
        item = outbox.enqueue(session, KIND, {"x": "-"}, account="acme", now=NOW, done_at=NOW)
    assert leased(at=LATER) == []
    assert revived(item) is None
    with reading() as session:
        assert outbox.backlog(session, now=LATER) == Backlog(waiting=0, dead=0, due_since=None)
        assert outbox.unsettled(session, account=None) == []
