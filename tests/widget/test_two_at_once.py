"""Who signs in while somebody else signs out: the sign-out is complete, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from idp.domain.context import Context
from idp.domain.identifiers import UserId
from idp.services.sessions import ending
from idp.store.unit_of_work import unit_of_work
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import OpenIdProvider
from tests.support.widget import ACCESS, Widget
from tests.widget.ways_in import signs_in_by_jwt, unread

T = TypeVar("T")
ROUNDS = range(12)


def ends_everything(op: OpenIdProvider, user: str) -> int:
    with op.app.app_context(), unit_of_work() as session:
        ending.end_all_of_user(session, UserId(user), context=Context.of_operator("a-test", op.clock.now()))
    return 0


def at_once(*acts: Callable[[], T]) -> list[T]:
    """Start all in the same moment; what one raises is raised here."""
    ready = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        ready.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [one.result(30) for one in [pool.submit(run, act) for act in acts]]


def user_of(widget: Widget) -> str:
    value = next(value for (_, name, _), value in widget.jars.kept.items() if name == ACCESS)
    return str(unread(value)["sub"])


def a_link_and_a_sign_out_everywhere(op: OpenIdProvider, agent: str) -> Widget:
    widget, desktop = Widget(op), Widget(op, origin=None)
    widget.signs_in_by_key(agent_id=agent)
    token = widget.exchanges().get_json()["token"]
    user = user_of(widget)
    [opened, _] = at_once(
        lambda: desktop.opens(f"/session/jwt/?jwt={token}").status_code, lambda: ends_everything(op, user)
    )
    assert opened in {303, 410}
    return desktop


@BOTH_DATABASES
def test_no_link_outlives_a_sign_out_everywhere(op: OpenIdProvider) -> None:
    for number in ROUNDS:
        assert a_link_and_a_sign_out_everywhere(op, f"agent-{number}").asks().status_code == 401


def a_platforms_word_and_a_sign_out(op: OpenIdProvider) -> Widget:
    """The word is older than the sign-out: either it came first and what it began ends, or it is refused."""
    op.clock.advance(seconds=120)
    first, again = Widget(op), Widget(op)
    assert signs_in_by_jwt(first).status_code == 200
    user = user_of(first)
    [answered, _] = at_once(lambda: signs_in_by_jwt(again).status_code, lambda: ends_everything(op, user))
    assert answered in {200, 401}
    return again


@BOTH_DATABASES
def test_no_agent_comes_in_unseen_while_they_are_signed_out(op: OpenIdProvider) -> None:
    for _ in ROUNDS:
        assert a_platforms_word_and_a_sign_out(op).asks().status_code == 401


def another_agent_and_the_first_ones_sign_out(op: OpenIdProvider, number: int) -> list[int]:
    widget = Widget(op)
    widget.signs_in_by_key(agent_id=f"first-{number}")
    tab = widget.beside()
    tab.jars = widget.jars.copy()
    answers = at_once(lambda: widget.signs_in_by_key(agent_id=f"second-{number}"), tab.signs_out)
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("database", ["postgresql"])
def test_who_replaces_somebody_and_their_own_sign_out_do_not_block_each_other(op: OpenIdProvider) -> None:
    for number in ROUNDS:
        assert set(another_agent_and_the_first_ones_sign_out(op, number)) <= {200, 401}
