"""A prepared statement does what SQLAlchemy does with the same one, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from idp.store.db import table_of
from idp.store.prepared import Prepared
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User
from tests.store.conftest import NOW, new_user

USERS = table_of(User)
COLUMNS = [USERS.c.id, USERS.c.roles, USERS.c.enabled, USERS.c.created_at, USERS.c.last_sign_in_at]
EVERYBODY = (
    select(*COLUMNS, USERS.c.email_canonical.endswith("@acme.example").label("ours"), literal("100 %").label("sure"))
    .where(USERS.c.account_code == bindparam("account"), USERS.c.created_at <= bindparam("now"))
    .order_by(USERS.c.id)
)
ADD = Prepared(insert(USERS), columns=[column.name for column in USERS.c])
AMSTERDAM_SUMMER = timezone(timedelta(hours=2))


@pytest.fixture
def people(acme):
    with unit_of_work() as session:
        session.add(new_user("lee", address="lee@elsewhere.example", vouched=False))


def values(name: str, **changes):
    user = new_user(name)
    return {column.name: getattr(user, column.name) for column in USERS.c} | {
        "roles": ["deepdesk.user"],
        "email_proved": False,
        "enabled": True,
        **changes,
    }


def test_it_reads_the_same_values(people):
    asked = {"account": "acme", "now": NOW}
    with reading() as session:
        rows = Prepared(EVERYBODY).rows(session, asked)
        assert [tuple(row) for row in rows] == [tuple(row) for row in session.execute(EVERYBODY, asked)]
    assert [(row.id, row.ours, row.sure) for row in rows] == [("kim", True, "100 %"), ("lee", False, "100 %")]


def test_it_writes_the_same_values(acme):
    with unit_of_work() as session:
        ADD.run(session, values("mo", created_at=datetime(2026, 7, 1, 14, 0, 0, 123456, AMSTERDAM_SUMMER)))
    with reading() as session:
        mo = session.get_one(User, "mo")
    assert (mo.roles, mo.enabled, mo.last_sign_in_at) == (["deepdesk.user"], True, None)
    assert mo.created_at.isoformat() == "2026-07-01T12:00:00.123456+00:00"


def test_what_an_update_returns_is_one_row_or_none(people):
    end = Prepared(
        update(USERS)
        .where(USERS.c.id == bindparam("user"), USERS.c.last_sign_in_at.is_(None))
        .values(last_sign_in_at=bindparam("now"))
        .returning(USERS.c.roles, USERS.c.last_sign_in_at)
    )
    with unit_of_work() as session:
        row = end.row(session, {"user": "kim", "now": NOW})
        assert row.last_sign_in_at == NOW
        assert isinstance(row.roles, list)
        assert end.row(session, {"user": "kim", "now": NOW}) is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"created_at": NOW.replace(tzinfo=None)}, ValueError), ({"account_code": "nowhere"}, IntegrityError)],
)
def test_what_cannot_be_stored_is_refused_as_elsewhere(acme, changes, error):
    with pytest.raises(error), unit_of_work() as session:
        ADD.run(session, values("mo", **changes))
    with reading() as session:
        assert session.get(User, "mo") is None


def test_a_parameter_that_is_missing_is_refused(acme):
    short = {name: value for name, value in values("mo").items() if name != "roles"}
    with pytest.raises(KeyError), unit_of_work() as session:
        ADD.run(session, short)


def test_several_rows_are_not_one(people):
    with reading() as session, pytest.raises(ValueError, match="too many values"):
        Prepared(EVERYBODY).row(session, {"account": "acme", "now": NOW})
