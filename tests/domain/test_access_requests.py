"""Access requests: whose turn it is when, and what each of them may give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from idp.domain.access_requests import Decider, Patience, Stage, Standing, decider, stage_of
from idp.domain.roles import Role, outranks

ASKED = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
A_DAY = Patience(escalate_after=timedelta(hours=24), expiry=timedelta(days=7))
MOMENT = timedelta(microseconds=1)
MANAGER, EDITOR, ASSISTANT, AGENT = Role


@pytest.mark.parametrize(
    ("waited", "stage"),
    [
        (timedelta(0), Stage.MANAGERS),
        (-timedelta(minutes=1), Stage.MANAGERS),  # of another host, whose clock is ahead
        (timedelta(hours=24) - MOMENT, Stage.MANAGERS),
        (timedelta(hours=24), Stage.DEPUTIES),
        (timedelta(hours=48) - MOMENT, Stage.DEPUTIES),
        (timedelta(hours=48), Stage.STAFF),
        (timedelta(days=365), Stage.STAFF),
    ],
)
def test_a_request_goes_to_deputies_and_then_to_staff(waited, stage):
    assert stage_of(ASKED, A_DAY, now=ASKED + waited) is stage


@pytest.mark.parametrize(
    ("standing", "decides"),
    [
        (Standing.NOBODY, []),
        (Standing.DEPUTY, [Stage.DEPUTIES, Stage.STAFF]),
        (Standing.MANAGER, [Stage.MANAGERS, Stage.DEPUTIES, Stage.STAFF]),
    ],
)
def test_a_deputy_decides_only_what_no_manager_decided_in_time(standing, decides):
    one = Decider(standing=standing, roles=(MANAGER,))
    assert [stage for stage in Stage if one.may_decide(stage)] == decides


@pytest.mark.parametrize(
    ("roles", "is_deputy", "standing"),
    [
        ([MANAGER], False, Standing.MANAGER),
        ([MANAGER], True, Standing.MANAGER),
        ([AGENT, MANAGER], False, Standing.MANAGER),
        ([EDITOR, AGENT], False, Standing.NOBODY),
        ([EDITOR, AGENT], True, Standing.DEPUTY),
        ([AGENT], True, Standing.DEPUTY),
        ([], True, Standing.DEPUTY),
        ([], False, Standing.NOBODY),
    ],
)
def test_managers_decide_by_their_role_and_deputies_by_being_named(roles, is_deputy, standing):
    assert decider(roles, is_deputy=is_deputy).standing is standing


@pytest.mark.parametrize(
    ("roles", "grantable"),
    [
        ([MANAGER], (MANAGER, EDITOR, ASSISTANT, AGENT)),
        ([AGENT, MANAGER], (MANAGER, EDITOR, ASSISTANT, AGENT)),
        ([EDITOR], (EDITOR, ASSISTANT, AGENT)),
        ([AGENT, ASSISTANT], (ASSISTANT, AGENT)),
        ([AGENT], (AGENT,)),
        ([], (AGENT,)),
    ],
)
def test_nobody_gives_a_role_above_their_own_highest(roles, grantable):
    one = decider(roles, is_deputy=True)
    assert one.grantable() == grantable
    assert not any(outranks(role, one.roles[0]) for role in one.grantable())
