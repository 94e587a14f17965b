"""A hand-off is spent once, by whom it was made for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from idp.domain.identifiers import AccountCode, SessionId
from idp.store import handoffs
from idp.store.handoffs import HandedOff, Handoff
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, SOON
from tests.support.database import RACERS, racing

TOKEN, CHALLENGE, ORIGIN = "t" * 43, "c" * 43, "https://platform.acme.example"
ACME = AccountCode("acme")
KIMS = HandedOff(account=ACME, sid=SessionId("session-kim"))


@pytest.fixture
def offered(acme) -> None:
    with unit_of_work() as session:
        handoffs.add(session, TOKEN, challenge=CHALLENGE, origin=ORIGIN, account=ACME, sid=KIMS.sid, expires_at=SOON)


def used(token: str = TOKEN, **changes: Any) -> HandedOff | None:
    fitting = {"challenge": CHALLENGE, "origin": ORIGIN, "allowed": {ACME}, "now": NOW}
    with unit_of_work() as session:
        return handoffs.use(session, token, **{**fitting, **changes})


def test_it_is_spent_once(offered):
    assert used() == KIMS
    assert used() is None


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "x" * 43},
        {"token": ""},
        {"challenge": "x" * 43},
        {"origin": "https://platform.globex.example"},
        {"origin": ORIGIN.upper()},
        {"allowed": {AccountCode("globex")}},
        {"allowed": set()},
        {"now": SOON},
        {"now": SOON + timedelta(days=1)},
    ],
    ids=str,
)
def test_what_does_not_fit_gets_nothing_and_spends_nothing(offered, changes):
    assert used(**changes) is None
    assert used() == KIMS


def test_an_account_among_several_is_enough(offered):
    assert used(allowed={AccountCode("globex"), ACME}) == KIMS


def test_it_counts_until_the_last_moment(offered):
    assert used(now=SOON - timedelta(microseconds=1)) == KIMS


def test_of_eight_racing_windows_one_gets_it(acme, offered):
    answers = racing(acme, used)
    assert answers.count(KIMS) == 1
    assert answers.count(None) == RACERS - 1


def test_its_clear_value_is_kept_nowhere(offered):
    with reading() as session:
        (row,) = session.scalars(select(Handoff)).all()
        assert TOKEN not in {getattr(row, column.name) for column in Handoff.__table__.columns}
