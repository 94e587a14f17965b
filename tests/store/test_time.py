"""Moments are aware, in UTC, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from idp.store.accounts import Account
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, new_account

AMSTERDAM_SUMMER = timezone(timedelta(hours=2))


def stored_and_read(moment: datetime) -> datetime:
    account = new_account("acme")
    account.created_at = moment
    with unit_of_work() as session:
        session.add(account)
    with reading() as session:
        return session.scalars(select(Account.created_at)).one()


@pytest.mark.parametrize(
    "moment",
    [
        NOW,
        datetime(2026, 7, 1, 14, 0, 0, 123456, AMSTERDAM_SUMMER),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2037, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_an_aware_moment_comes_back_as_the_same_moment_in_utc(database, moment):
    read = stored_and_read(moment)
    assert read == moment
    assert read.utcoffset() == timedelta(0)


def test_a_moment_without_time_zone_is_not_stored(database):
    with pytest.raises(StatementError, match="without a time zone"):
        stored_and_read(datetime(2026, 11, 26, 12, 0))  # noqa: DTZ001 - that is the point
    with reading() as session:
        assert session.scalars(select(Account)).all() == []


def test_moments_of_different_zones_are_compared_as_moments(database):
    stored_and_read(datetime(2026, 7, 1, 14, 0, tzinfo=AMSTERDAM_SUMMER))
    noon = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    with reading() as session:
        assert session.scalars(select(Account.code).where(Account.created_at == noon)).all() == ["acme"]
        assert session.scalars(select(Account.code).where(Account.created_at > noon)).all() == []
