"""An exchange token is spent once, whoever looks at it before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from idp.domain.identifiers import FamilyId
from idp.store import exchange_tokens
from idp.store.exchange_tokens import ExchangeToken, Known
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, SOON, add_family
from tests.support.database import RACERS, racing

JTI, FAMILY = "jti-of-a-link", FamilyId("family-1")


@pytest.fixture
def minted(acme) -> None:
    with unit_of_work() as session:
        add_family(session, FAMILY)
        session.flush()
        exchange_tokens.add(session, JTI, FAMILY, expires_at=SOON)


def found(jti: str = JTI, *, now=NOW) -> Known | None:
    with reading() as session:
        return exchange_tokens.find(session, jti, now=now)


def used(jti: str = JTI, *, now=NOW) -> bool:
    with unit_of_work() as session:
        return exchange_tokens.use(session, jti, now=now)


def test_it_is_spent_once(minted):
    assert used()
    assert not used()


def test_a_look_spends_nothing(minted):
    for _ in range(2):
        assert found() == Known(family_id=FAMILY, is_used=False)
    assert used()
    assert found() == Known(family_id=FAMILY, is_used=True)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=1)], ids=str)
def test_it_is_nothing_once_it_is_too_old(minted, late):
    assert not used(now=SOON + late)
    assert found(now=SOON + late) is None
    assert used(now=SOON - timedelta(microseconds=1))


def test_another_name_spends_nothing(minted):
    for jti in ("", "another", JTI.upper()):
        assert not used(jti)
        assert found(jti) is None
    assert used()


def test_of_eight_racing_browsers_one_opens_it(acme, minted):
    assert sorted(racing(acme, used)) == [False] * (RACERS - 1) + [True]


def test_its_name_is_kept_nowhere(minted):
    with reading() as session:
        (row,) = session.scalars(select(ExchangeToken)).all()
        assert JTI not in {getattr(row, column.name) for column in ExchangeToken.__table__.columns}
