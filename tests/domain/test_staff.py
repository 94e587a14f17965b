"""CONTRACT §6 rule 8: what grants make of a staff member in a customer's account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.identifiers import AccountCode
from idp.domain.roles import Role, highest_first
from idp.domain.staff import Entry, Grant, entry_into

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(days=1)
ACME, GLOBEX = AccountCode("acme"), AccountCode("globex")
AGENT, EDITOR, MANAGER = Role.AGENT, Role.EDITOR, Role.MANAGER


def grant(name: str = "g", *, account: AccountCode | None = ACME, roles=(MANAGER,), until=None) -> Grant:
    return Grant(id=name, account=account, roles=roles, until=until)


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        ([], None),
        ([grant()], Entry(roles=(MANAGER,), grants=("g",), until=None)),
        ([grant(account=None)], Entry(roles=(MANAGER,), grants=("g",), until=None)),
        ([grant(account=GLOBEX)], None),
        ([grant(until=LATER)], Entry(roles=(MANAGER,), grants=("g",), until=LATER)),
        ([grant(until=NOW)], None),
        ([grant(until=NOW - timedelta(microseconds=1))], None),
        (
            [grant(until=NOW + timedelta(microseconds=1))],
            Entry(roles=(MANAGER,), grants=("g",), until=NOW + timedelta(microseconds=1)),
        ),
        (
            [grant("one", roles=(AGENT,)), grant("all", account=None, roles=(EDITOR,))],
            Entry(roles=(EDITOR, AGENT), grants=("one", "all"), until=None),
        ),
        (
            [grant("over", until=NOW), grant("counts", roles=(EDITOR,), until=SOON)],
            Entry(roles=(EDITOR,), grants=("counts",), until=SOON),
        ),
        (
            [grant("a", until=LATER), grant("b", roles=(EDITOR,), until=SOON), grant("c", roles=(AGENT,))],
            Entry(roles=(MANAGER, EDITOR, AGENT), grants=("a", "b", "c"), until=SOON),
        ),
    ],
)
def test_entry(grants, expected):
    assert entry_into(ACME, grants, now=NOW) == expected


GRANTS = st.lists(
    st.builds(
        Grant,
        id=st.uuids().map(str),
        account=st.sampled_from([None, ACME, GLOBEX]),
        roles=st.sets(st.sampled_from(Role), min_size=1).map(highest_first),
        until=st.sampled_from([None, NOW - timedelta(hours=1), NOW, SOON, LATER]),
    )
)


@given(GRANTS)
def test_nobody_enters_as_more_than_what_grants_for_that_account_say(grants):
    entry = entry_into(ACME, grants, now=NOW)
    counting = {one.id: one for one in grants if one.account != GLOBEX and (one.until or LATER) > NOW}
    assert (entry is None) is not bool(counting)
    if entry is not None:
        assert set(entry.grants) == set(counting)
        assert set(entry.roles) == {role for one in counting.values() for role in one.roles}
        assert entry.until is None or entry.until > NOW
