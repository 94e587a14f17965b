"""A choice to enter a customer's management counts for one session and account, as what was chosen last."""

from __future__ import annotations

import pytest
from flask import Flask

from idp.domain.identifiers import AccountCode, SessionId, UserId
from idp.domain.roles import Role
from idp.store import management_entries
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, SOON, add_session, new_account, new_user
from tests.support.database import RACERS, racing

ACME, GLOBEX = AccountCode("acme"), AccountCode("globex")
KIMS, ROBINS = SessionId("session-kim"), SessionId("session-robin")
MANAGER, EDITOR = (Role.MANAGER,), (Role.EDITOR, Role.AGENT)


@pytest.fixture
def two_customers(acme: Flask) -> Flask:
    with unit_of_work() as session:
        session.add_all([new_account("globex"), new_user("robin")])
        session.flush()
        add_session(session, "robin", cookie="cookie-robin")
    return acme


def enter(sid: SessionId = KIMS, account: AccountCode = ACME, roles: tuple[Role, ...] = MANAGER) -> str:
    with unit_of_work() as session:
        management_entries.add(session, sid, account, roles, now=NOW)
    return "entered"


def entered_as(sid: SessionId = KIMS, account: AccountCode = ACME) -> tuple[Role, ...]:
    with reading() as session:
        return management_entries.entered_as(session, sid, account)


def forget(user: str, account: AccountCode | None) -> None:
    with unit_of_work() as session:
        management_entries.forget(session, UserId(user), account)


def test_nobody_has_entered_who_did_not_choose_to(two_customers: Flask) -> None:
    assert entered_as() == ()


def test_a_choice_counts_for_its_session_and_account(two_customers: Flask) -> None:
    enter()
    assert entered_as() == MANAGER
    assert entered_as(account=GLOBEX) == ()
    assert entered_as(ROBINS) == ()


def test_the_latest_choice_counts(two_customers: Flask) -> None:
    enter()
    with unit_of_work() as session:
        management_entries.add(session, KIMS, ACME, EDITOR, now=SOON)
    assert entered_as() == EDITOR


def test_several_choices_at_once_are_one(two_customers: Flask) -> None:
    assert racing(two_customers, enter) == ["entered"] * RACERS
    assert entered_as() == MANAGER


def test_what_else_the_transaction_did_stands_beside_a_second_choice(two_customers: Flask) -> None:
    """The insert that fails takes nothing with it."""
    enter()
    with unit_of_work() as session:
        session.add(new_user("lee"))
        management_entries.add(session, KIMS, ACME, EDITOR, now=NOW)
    with reading() as session:
        assert session.get(type(new_user("lee")), "lee") is not None


@pytest.mark.parametrize(
    ("account", "left"), [(ACME, {GLOBEX}), (GLOBEX, {ACME}), (None, set())], ids=["one", "the other", "every"]
)
def test_a_staff_members_choices_can_be_forgotten(
    two_customers: Flask, account: AccountCode | None, left: set[AccountCode]
) -> None:
    for sid in (KIMS, ROBINS):
        for one in (ACME, GLOBEX):
            enter(sid, one)
    forget("kim", account)
    assert {one for one in (ACME, GLOBEX) if entered_as(account=one)} == left
    assert entered_as(ROBINS) == entered_as(ROBINS, GLOBEX) == MANAGER
