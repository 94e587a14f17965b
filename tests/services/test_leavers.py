"""Whoever has not been there for long is kept out where their account says so, and one manager always stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from idp.domain.context import ActorKind, Context
from idp.domain.errors import NotFound
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.roles import Role
from idp.domain.secrets import new_identifier
from idp.services.parts import Parts
from idp.services.people import leavers
from idp.services.people import users as people
from idp.services.people.care import Care
from idp.services.registry import accounts
from idp.store.audit_events import AuditEvent
from idp.store.outbox import OutboxItem
from idp.store.sso_sessions import SsoSession
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User
from tests.services.conftest import CASEY, KIM, NOW, Connect, Enter, refused, rows, set_account
from tests.store.conftest import new_user
from tests.support.database import racing

DAYS = 90
MANAGER = ["deepdesk.manager"]
ROUNDS = 10
"""So often two meet, until one of them is likely to come between the other's look and its act."""


def at(days: float) -> Context:
    """Return the worker's circumstances so many days later."""
    return Context.of_worker(NOW + timedelta(days=days))


def kept_out() -> set[str]:
    with reading() as session:
        return set(session.scalars(select(User.email).where(User.enabled.is_(False))))


def events_of(user_id: str) -> list[AuditEvent]:
    with reading() as session:
        query = select(AuditEvent).where(AuditEvent.kind == "user.changed", AuditEvent.user_id == user_id)
        return list(session.scalars(query.order_by(AuditEvent.id)))


@pytest.fixture
def kim(make: Callable[..., str], context: Context) -> str:
    """The id of an agent of acme, which keeps out whoever is idle for 90 days."""
    set_account(context, disable_idle_after=DAYS)
    return make()


class TestKeepingOut:
    def test_whoever_was_not_there_for_so_long_is_kept_out(self, kim: str) -> None:
        assert leavers.look_after(context=at(DAYS - 0.01)) == 0
        assert kept_out() == set()
        assert leavers.look_after(context=at(DAYS)) == 1
        assert kept_out() == {"kim@acme.example"}

    def test_the_trail_says_why(self, kim: str) -> None:
        leavers.look_after(context=at(DAYS))
        event = events_of(kim)[-1]
        assert (event.actor_kind, event.account_code) == (ActorKind.WORKER, "acme")
        assert event.details == {
            "change": "disabled",
            "settings": {"reason": "idle", "idle_since": NOW.isoformat(), "disable_idle_after": DAYS},
        }

    def test_it_is_done_once_and_nobody_is_mailed(self, kim: str) -> None:
        leavers.look_after(context=at(DAYS))
        assert leavers.look_after(context=at(DAYS + 1)) == 0
        assert [event.details["change"] for event in events_of(kim)] == ["created", "disabled"]
        assert rows(OutboxItem) == 0

    def test_what_they_have_open_ends(
        self, kim: str, connect: Connect, enter: Enter, parts: Parts, context: Context
    ) -> None:
        okta = connect(role_based_iam=False)
        begun = enter(okta, KIM)
        with unit_of_work() as session:
            session.execute(update(SsoSession).values(expires_at=NOW + timedelta(days=2 * DAYS)))
        leavers.look_after(context=at(DAYS))
        with reading() as session:
            [ended] = session.scalars(select(SsoSession.ended_at).where(SsoSession.sid == begun.sid))
        assert ended == NOW + timedelta(days=DAYS)
        assert refused(enter, okta, KIM).value == "user_disabled"

    def test_somebody_who_is_let_in_again_is_idle_from_then_on(self, kim: str, context: Context) -> None:
        leavers.look_after(context=at(DAYS))
        people.set_enabled(kim, enabled=True, account=None, context=replace(context, now=at(DAYS + 1).now))
        assert leavers.look_after(context=at(2 * DAYS)) == 0
        assert kept_out() == set()
        assert leavers.look_after(context=at(2 * DAYS + 1)) == 1

    def test_who_signed_in_since_stays(self, kim: str, connect: Connect, enter: Enter) -> None:
        enter(connect(role_based_iam=False), KIM, minutes=60 * 24)
        assert leavers.look_after(context=at(DAYS)) == 0
        assert leavers.look_after(context=at(DAYS + 1)) == 1


class TestWhoStays:
    def test_everybody_where_the_account_does_not_say_so(
        self, make: Callable[..., str], kim: str, context: Context
    ) -> None:
        accounts.create("globex", accounts.AccountSettings(name="Globex"), context=context)
        make("gus@globex.example", account="globex")
        leavers.look_after(context=at(10 * DAYS))
        assert kept_out() == {"kim@acme.example"}
        set_account(context, disable_idle_after=0)
        people.set_enabled(kim, enabled=True, account=None, context=context)
        assert leavers.look_after(context=at(10 * DAYS)) == 0

    def test_everybody_of_an_account_that_is_disabled_itself(self, kim: str, context: Context) -> None:
        accounts.set_enabled("acme", enabled=False, context=context)
        assert leavers.look_after(context=at(DAYS)) == 0

    def test_staff_unless_their_account_says_so(self, kim: str, context: Context, make: Callable[..., str]) -> None:
        accounts.ensure_staff(context=context)
        make(str(CASEY.email), account="staff")
        leavers.look_after(context=at(DAYS))
        assert kept_out() == {"kim@acme.example"}
        set_account(context, "staff", disable_idle_after=DAYS)
        leavers.look_after(context=at(DAYS))
        assert kept_out() == {"kim@acme.example", CASEY.email}

    def test_a_manager_who_is_there_lets_the_idle_ones_go(
        self, kim: str, make: Callable[..., str], context: Context
    ) -> None:
        for email in ("mia@acme.example", "eve@acme.example"):
            make(email, roles=MANAGER)
        sign_in_of("eve@acme.example", days=1)
        leavers.look_after(context=at(DAYS))
        assert kept_out() == {"kim@acme.example", "mia@acme.example"}

    @pytest.mark.parametrize("last", ["ann@acme.example", "mia@acme.example", "zoe@acme.example"])
    def test_where_all_managers_are_idle_the_one_who_was_there_last(
        self, kim: str, make: Callable[..., str], last: str
    ) -> None:
        everybody = {"ann@acme.example", "mia@acme.example", "zoe@acme.example"}
        for email in sorted(everybody):
            make(email, roles=MANAGER)
        sign_in_of(last, days=1)
        for _ in range(2):
            leavers.look_after(context=at(2 * DAYS))
            assert kept_out() == everybody - {last} | {"kim@acme.example"}

    def test_a_manager_whom_nobody_could_replace_any_more(
        self, kim: str, make: Callable[..., str], context: Context
    ) -> None:
        """The other manager is there, and disabled."""
        make("mia@acme.example", roles=MANAGER)
        eve = make("eve@acme.example", roles=MANAGER)
        sign_in_of("eve@acme.example", days=DAYS)
        people.set_enabled(eve, enabled=False, account=None, context=context)
        leavers.look_after(context=at(DAYS))
        assert kept_out() == {"kim@acme.example", "eve@acme.example"}


class TestWhatChangedSinceItWasLookedAt:
    """Between looking for the idle and keeping them out others act, too; here they have, already."""

    def keeps_out(self, *ids: str) -> int:
        context = at(DAYS)
        return leavers._keep_out(AccountCode("acme"), ids, DAYS, NOW, context)  # noqa: SLF001 - after the others acted

    def test_a_manager_who_is_the_only_one_by_now_stays(self, kim: str, make: Callable[..., str]) -> None:
        mia = make("mia@acme.example", roles=MANAGER)
        assert self.keeps_out(mia, kim) == 1
        assert kept_out() == {"kim@acme.example"}

    def test_who_signed_in_or_is_kept_out_by_now_is_passed_over(
        self, kim: str, make: Callable[..., str], context: Context
    ) -> None:
        lee = make("lee@acme.example")
        sign_in_of("lee@acme.example", days=1)
        people.set_enabled(kim, enabled=False, account=None, context=context)
        assert self.keeps_out(kim, lee) == 0

    @pytest.mark.parametrize("days", [0, DAYS + 1])
    def test_an_account_that_says_otherwise_by_now(self, kim: str, context: Context, days: int) -> None:
        set_account(context, disable_idle_after=days)
        assert self.keeps_out(kim) == 0

    def test_an_account_that_is_disabled_or_gone_by_now(self, kim: str, context: Context) -> None:
        accounts.set_enabled("acme", enabled=False, context=context)
        assert self.keeps_out(kim) == 0
        accounts.delete("acme", context=context)
        assert self.keeps_out(kim) == 0


class TestManyAtOnce:
    @pytest.fixture
    def crowd(self, kim: str) -> int:
        """As many people as several transactions take, two of them managers."""
        number = leavers.LOOKED_AT + leavers.PORTION + 1
        with unit_of_work() as session:
            for one in range(number):
                user = new_user(f"{one:05}-{new_identifier()[:8]}", address=f"u{one}@acme.example")
                user.created_at = NOW
                user.roles = MANAGER if one in {0, number - 1} else user.roles
                session.add(user)
        return number

    def test_all_are_kept_out_but_one_manager(self, crowd: int) -> None:
        assert leavers.look_after(context=at(DAYS)) == crowd  # with kim, without a manager
        assert leavers.look_after(context=at(DAYS)) == 0

    def test_of_several_workers_each_person_is_kept_out_by_one(self, provider_app: Flask, crowd: int) -> None:
        done = racing(provider_app, lambda: leavers.look_after(context=at(DAYS)), racers=3)
        assert sum(int(one) for one in done if isinstance(one, int)) == crowd
        with reading() as session:
            told = session.scalars(select(AuditEvent.user_id).where(AuditEvent.actor_kind == ActorKind.WORKER)).all()
            managers = session.scalars(select(User).where(User.enabled.is_(True))).all()
        changed = [UserId(user_id) for user_id in told if user_id]
        assert len(changed) == 2 * crowd  # each has two events: disabled, and signed out
        assert [user.roles for user in managers] == [MANAGER]

    def test_a_worker_and_a_page_together_leave_a_manager(
        self, provider_app: Flask, kim: str, make: Callable[..., str], context: Context
    ) -> None:
        idle = make("mia@acme.example", roles=MANAGER)
        there = make("eve@acme.example", roles=MANAGER)
        sign_in_of("eve@acme.example", days=DAYS)
        by_another = Care(seen=None, highest=Role.MANAGER)

        def by_the_worker() -> object:
            return leavers.look_after(context=at(DAYS))

        def in_a_page() -> object:
            return people.set_enabled(there, enabled=False, account=None, care=by_another, context=context)

        for _ in range(ROUNDS):
            for one in (idle, there):
                with unit_of_work() as session:
                    session.get_one(User, one).enabled = True
            acts = [by_the_worker, in_a_page]
            racing(provider_app, lambda acts=acts: acts.pop()(), racers=2)
            assert kept_out() & {"mia@acme.example", "eve@acme.example"} != {"mia@acme.example", "eve@acme.example"}


class TestListing:
    def test_the_longest_idle_first_who_is_kept_out_too(
        self, kim: str, make: Callable[..., str], context: Context
    ) -> None:
        lee = make("lee@acme.example")
        sign_in_of("kim@acme.example", days=10)
        people.set_enabled(kim, enabled=False, account=None, context=context)
        listed = leavers.list_idle("acme", days=30, context=at(40))
        assert [(person.user.id, person.since) for person in listed] == [
            (lee, NOW),
            (kim, NOW + timedelta(days=10)),
        ]
        assert [person.user.id for person in leavers.list_idle(None, days=31, context=at(40))] == [lee]

    def test_of_an_account_that_exists(self, kim: str) -> None:
        with pytest.raises(NotFound, match="idp accounts list"):
            leavers.list_idle("nowhere", days=30, context=at(40))


def sign_in_of(email: str, *, days: float) -> None:
    with unit_of_work() as session:
        moment = NOW + timedelta(days=days)
        session.execute(update(User).where(User.email == email).values(last_sign_in_at=moment))
