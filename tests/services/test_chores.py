"""Of several workers one does a chore, and one that fails keeps nobody from the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from idp.domain.context import ActorKind, Context
from idp.domain.identifiers import AccountCode
from idp.services.operations import housekeeping, keys
from idp.services.operations.chores import Chore, all_chores, do_due
from idp.services.parts import Parts
from idp.services.people import roster
from idp.store import revoked_tokens
from idp.store.revoked_tokens import RevokedToken
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User
from tests.store.conftest import new_account, new_user
from tests.support.clock import NOW, FrozenClock
from tests.support.database import DATABASES, RACERS, database_alone, fresh_url, racing

DAY = timedelta(days=1)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    with database_alone(fresh_url(request, tmp_path)) as app:
        yield app


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


def chore(do: Callable[[Context], object], name: str = "a chore") -> Chore:
    return Chore(name=name, every=timedelta(minutes=10), within=timedelta(minutes=5), do=do)


def failing(_context: Context) -> None:
    raise RuntimeError("out of order")


def test_of_eight_racing_workers_one_does_a_chore(database: Flask, clock: FrozenClock) -> None:
    done: list[Context] = []
    racing(database, lambda: do_due([chore(done.append)], holder="a worker", clock=clock))
    assert len(done) == 1
    assert RACERS > 1


def test_a_chore_is_done_by_the_worker_at_its_time(database: Flask, clock: FrozenClock) -> None:
    done: list[Context] = []
    for _ in range(3):
        do_due([chore(done.append)], holder="one", clock=clock)
        clock.advance(minutes=5)
    assert [context.now for context in done] == [NOW, NOW + timedelta(minutes=10)]
    assert {context.actor.kind for context in done} == {ActorKind.WORKER}


def test_a_chore_that_fails_keeps_nobody_from_the_next(database: Flask, clock: FrozenClock) -> None:
    done: list[Context] = []
    assert do_due([chore(failing, "broken"), chore(done.append)], holder="one", clock=clock) == ["a chore"]
    assert len(done) == 1


def test_a_chore_that_failed_comes_again_when_its_lease_has_run_out(database: Flask, clock: FrozenClock) -> None:
    done: list[Context] = []
    do_due([chore(failing)], holder="one", clock=clock)
    assert do_due([chore(done.append)], holder="two", clock=clock) == []
    clock.advance(minutes=5)
    assert do_due([chore(done.append)], holder="two", clock=clock) == ["a chore"]


def test_a_worker_looks_after_the_keys_and_tidies(parts: Parts, clock: FrozenClock) -> None:
    done = do_due(all_chores(parts), holder="one", clock=clock)
    assert done == ["key rotation", "access requests", "leavers", "housekeeping"]
    assert keys.list_all()


def test_housekeeping_goes_on_until_a_table_is_tidy(parts: Parts) -> None:
    rows = housekeeping.PORTION + 1
    with unit_of_work() as session:
        for number in range(rows):
            revoked_tokens.add(session, str(number), expires_at=NOW - DAY)
        revoked_tokens.add(session, "of today", expires_at=NOW)
    context = Context.of_worker(NOW)
    assert housekeeping.tidy(parts=parts, context=context) == {"revoked_tokens": rows}
    assert housekeeping.tidy(parts=parts, context=context) == {}
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(RevokedToken)) == 1


def test_housekeeping_makes_those_findable_whom_the_release_before_made(parts: Parts) -> None:
    user = new_user("u-77", address="kim@acme.example")
    row = {name: value for name, value in vars(user).items() if name in User.__table__.columns}
    with unit_of_work() as session:
        session.add(new_account("acme"))
        session.flush()
        # Its process knows no terms.
        session.execute(insert(User), [row])
    assert not roster.page(AccountCode("acme"), text="kim", most=5).people
    housekeeping.tidy(parts=parts, context=Context.of_worker(NOW))
    assert [one.id for one in roster.page(AccountCode("acme"), text="kim", most=5).people] == ["u-77"]
