"""Thousands of calls that nobody thought of: never a 5xx, a stack trace or a secret, and none takes a second.

Each run begins with another seed, which the end of the test's output names, so
that what it found can be found again; more calls are made by::

    FUZZ_REQUESTS=50000 .venv/bin/pytest tests/security/test_fuzz.py
    FUZZ_SEED=1234 FUZZ_REQUESTS=2000 .venv/bin/pytest tests/security/test_fuzz.py

A seed repeats a run only with the same number of calls, the same code and the
same version of hypothesis. What it found becomes a plain row of the tables
(``hostile.py``, ``test_hostile_requests.py``), where it is found every time.

**Nothing hangs over a second** is judged by the CPU time of the thread that
answers, which a busy machine does not lengthen: parsing or matching that blows
up costs exactly that. Waiting costs none of it, so an answer has half a minute
of real time besides, more than any lock or timeout of ours; and where nothing
comes at all, the process ends with the stack of what it waits for.
"""

from __future__ import annotations

import faulthandler
import os
import secrets
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.security.arsenal import Arsenal, arsenal
from tests.security.calls import GOOD, GOOD_FOR_STAFF, GOOD_FOR_WHO_ENTERED, PLANS, Call, Live, Plan
from tests.security.fairness import send
from tests.security.fuzzing import CALLS
from tests.support import seeds
from tests.support.platform import RunningPlatform

CALLS_A_RUN = 10
"""From one fresh start: enough for one to meet what another left behind."""
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "2000"))
SEED = int(os.environ.get("FUZZ_SEED") or secrets.randbelow(2**32))
ENDS_AFTER_SECONDS = 300


@pytest.fixture(scope="module")
def attacked(one_platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arsenal]:
    with arsenal(tmp_path_factory.mktemp("fuzz"), one_platform) as running:
        yield running


@pytest.mark.parametrize("plan", GOOD, ids=lambda plan: f"{plan.method} {plan.path}")
def test_what_is_good_is_accepted_before_it_is_spoilt(attacked: Arsenal, plan: Plan) -> None:
    attacked.start_afresh()
    assert send(Call(plan=plan, cookies=Live("cookies")), attacked).status_code < 400


@pytest.mark.parametrize("plan", GOOD_FOR_STAFF, ids=lambda plan: f"{plan.method} {plan.path}")
def test_what_is_good_is_accepted_of_staff(attacked: Arsenal, plan: Plan) -> None:
    attacked.start_afresh()
    assert send(Call(plan=plan, cookies=Live("staff_cookies")), attacked).status_code < 400


@pytest.mark.parametrize("plan", GOOD_FOR_WHO_ENTERED, ids=lambda plan: f"{plan.method} {plan.path}")
def test_what_is_good_is_accepted_of_staff_who_entered(attacked: Arsenal, plan: Plan) -> None:
    attacked.start_afresh()
    assert send(Call(plan=plan, cookies=Live("entered_cookies")), attacked).status_code < 400


def test_every_address_is_attacked(attacked: Arsenal) -> None:
    rules = {
        (rule.rule, method)
        for rule in attacked.op.app.url_map.iter_rules()
        # The management API is called from its own document: tests/api/test_schemathesis.py.
        if not rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert rules == {(plan.path, plan.method) for plan in PLANS}


@seed(SEED)
@given(calls=st.lists(CALLS, min_size=CALLS_A_RUN, max_size=CALLS_A_RUN))
@settings(
    max_examples=max(REQUESTS // CALLS_A_RUN, 1),
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_called_gets_a_fair_answer_in_time(attacked: Arsenal, calls: list[Call]) -> None:
    seeds.used["hostile calls"] = f"FUZZ_SEED={SEED} FUZZ_REQUESTS={REQUESTS} pytest tests/security/test_fuzz.py"
    attacked.start_afresh()
    faulthandler.dump_traceback_later(ENDS_AFTER_SECONDS, exit=True, file=sys.__stderr__)
    try:
        for call in calls:
            send(call, attacked)
    finally:
        faulthandler.cancel_dump_traceback_later()
