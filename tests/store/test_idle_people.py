"""Since when somebody has been idle: the latest of what the rows say, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, update

from idp.audit import trail
from idp.audit.events import CodeIssued, CookiesRenewed, TokensRefreshed
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode
from idp.store import accounts, audit_events, idle_people, outbox
from idp.store.accounts import Account
from idp.store.outbox import OutboxItem, OutboxKind
from idp.store.sso_sessions import SsoSession
from idp.store.token_families import TokenFamily
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User
from tests.store.conftest import NOW, SOON, add_family, new_account, new_user

ACME, GLOBEX = AccountCode("acme"), AccountCode("globex")
DAY = timedelta(days=1)
LONG_AGO, LATELY = NOW - 100 * DAY, NOW - 5 * DAY
BEFORE = NOW - 30 * DAY


def on_user(**moments: datetime) -> Callable[[], None]:
    def done() -> None:
        with unit_of_work() as session:
            session.execute(update(User).where(User.id == "kim").values(moments))

    return done


def seen_in_a_session() -> None:
    with unit_of_work() as session:
        session.execute(update(SsoSession).values(last_seen_at=LATELY))


def renewed_tokens() -> None:
    with unit_of_work() as session:
        add_family(session, "family")
        session.execute(update(TokenFamily).values(rotated_at=LATELY))


def renewed_tokens_that_are_gone(event: type[TokensRefreshed] | type[CookiesRenewed]) -> Callable[[], None]:
    def done() -> None:
        with unit_of_work() as session:
            context = Context.of_operator("test", LATELY)
            trail.record(session, event(account="acme", user="kim", family="gone"), context)

    return done


@pytest.fixture
def idle(acme: Flask) -> Flask:
    """Kim was made, signed in and seen long ago; so was Lee of another account, who never signed in."""
    with unit_of_work() as session:
        session.add(new_account("globex"))
        session.flush()
        session.add(new_user("lee", account="globex"))
        session.flush()
        session.execute(update(User).values(created_at=LONG_AGO))
        session.execute(update(User).where(User.id == "kim").values(last_sign_in_at=LONG_AGO + DAY))
        session.execute(update(SsoSession).values(created_at=LONG_AGO, last_seen_at=LONG_AGO + 2 * DAY))
    return acme


def found(account: AccountCode | None = None, *, before: datetime = BEFORE) -> dict[str, datetime]:
    with reading() as session:
        page = idle_people.page(session, account, before=before, after=None, most=10)
    assert page.last is None
    return {person.user.id: person.since for person in page.people}


def test_somebody_is_idle_since_they_were_there_last(idle: Flask) -> None:
    assert found() == {"kim": LONG_AGO + 2 * DAY, "lee": LONG_AGO}
    assert found(ACME) == {"kim": LONG_AGO + 2 * DAY}
    assert found(GLOBEX) == {"lee": LONG_AGO}


@pytest.mark.parametrize(
    "was_there",
    [
        on_user(created_at=LATELY),
        on_user(last_sign_in_at=LATELY),
        on_user(enabled_at=LATELY),
        seen_in_a_session,
        renewed_tokens,
        renewed_tokens_that_are_gone(TokensRefreshed),
        renewed_tokens_that_are_gone(CookiesRenewed),
    ],
    ids=["made", "signed in", "enabled", "seen", "renewed", "renewed, and gone", "cookies renewed, and gone"],
)
def test_whatever_shows_that_somebody_was_there_counts(idle: Flask, was_there: Callable[[], None]) -> None:
    was_there()
    assert found(ACME) == {}
    assert found(ACME, before=NOW) == {"kim": LATELY}


def test_what_others_did_to_somebody_does_not(idle: Flask) -> None:
    with unit_of_work() as session:
        event = CodeIssued(account="acme", user="kim", client="studio", sid="s", scope="openid")
        trail.record(session, event, Context.of_operator("test", LATELY))
    assert found(ACME) == {"kim": LONG_AGO + 2 * DAY}


def test_the_moment_itself_is_idle(idle: Flask) -> None:
    assert found(ACME, before=LONG_AGO + 2 * DAY) == {"kim": LONG_AGO + 2 * DAY}
    assert found(ACME, before=LONG_AGO + 2 * DAY - timedelta(seconds=1)) == {}


def test_pages_go_through_everybody_once(idle: Flask) -> None:
    with unit_of_work() as session:
        session.add_all([new_user(f"ann{number}") for number in range(4)])
        session.flush()
        session.execute(update(User).values(created_at=LONG_AGO))
    seen: list[str] = []
    after: str | None = None
    with reading() as session:
        while True:
            page = idle_people.page(session, None, before=BEFORE, after=after, most=2)
            seen += [person.user.id for person in page.people]
            after = page.last
            if after is None:
                break
    assert seen == ["ann0", "ann1", "ann2", "ann3", "kim", "lee"]


def test_of_some_people_those_are_taken_who_are_enabled_and_idle(idle: Flask) -> None:
    with unit_of_work() as session:
        session.add_all([new_user("new"), new_user("out")])
        session.flush()
        session.execute(update(User).where(User.id == "out").values(enabled=False, created_at=LONG_AGO))
        ids = ["kim", "new", "out", "nobody"]
        assert [person.user.id for person in idle_people.take(session, ids, before=BEFORE)] == ["kim"]
        assert [person.user.id for person in idle_people.among(session, ids, before=BEFORE)] == ["kim", "out"]


def test_the_accounts_that_disable_the_idle(idle: Flask) -> None:
    with unit_of_work() as session:
        session.add_all([new_account("initech"), new_account("umbrella")])
        session.flush()
        session.execute(update(Account).where(Account.code != "globex").values(disable_idle_after_days=90))
        session.execute(update(Account).where(Account.code == "umbrella").values(enabled=False))
    with reading() as session:
        assert accounts.disabling_idle(session) == [("acme", 90), ("initech", 90)]


def test_whether_staff_entered_is_asked_of_the_account_as_it_is_now(acme: Flask) -> None:
    def entered(account: AccountCode = ACME, *, user: str = "kim", since: datetime = LONG_AGO) -> bool:
        with reading() as session:
            return audit_events.has_entered(session, user, account, since=since)

    assert not entered()
    with unit_of_work() as session:
        renewed_then = Context.of_operator("test", NOW)
        event = CodeIssued(account="acme", user="kim", client="studio", sid="s", scope="openid")
        trail.record(session, event, renewed_then)
    assert not entered()
    for kind in audit_events.STAFF_CAME_IN:
        with unit_of_work() as session:
            session.execute(delete(audit_events.AuditEvent))
            session.add(_event(kind))
        assert entered()
        assert entered(since=NOW)
        assert not entered(since=SOON)
        assert not entered(GLOBEX)
        assert not entered(user="lee")


def _event(kind: str) -> audit_events.AuditEvent:
    return audit_events.AuditEvent(
        at=NOW,
        kind=kind,
        outcome="ok",
        account_code="acme",
        user_id="kim",
        actor_kind="user",
        actor_id="kim",
        request_id="r",
        details={},
    )


def test_what_is_about_something_is_withdrawn_until_it_is_due(database: Flask) -> None:
    def post(about: str, due_at: datetime) -> str:
        with unit_of_work() as session:
            payload = {"about": about}
            return outbox.enqueue(session, OutboxKind.MAIL, payload, account="acme", now=NOW, due_at=due_at)

    waiting, due, other = post("one", SOON), post("one", NOW), post("another", SOON)
    with unit_of_work() as session:
        outbox.withdraw_about(session, "one", now=NOW)
    with reading() as session:
        left = {one for one in (waiting, due, other) if session.get(OutboxItem, one)}
    assert left == {due, other}
