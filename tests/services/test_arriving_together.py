"""Two who arrive as the same user at the same moment: one is let in, the other's case is decided by people."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idp.domain.errors import NotAdmitted, Refusal
from idp.services.people import deciding
from tests.services.conftest import KIM, user_of
from tests.support.database import racing

ROUNDS = 3


def both(provider_app: Any, enter: Callable[..., Any], arrivals: list[tuple[Any, Any]]) -> list[Any]:
    """Let two people arrive at once; returns what became of each."""
    turns, lock = iter(arrivals), threading.Lock()

    def arrive() -> Any:
        with lock:
            provider, identity = next(turns)
        return enter(provider, identity)

    return racing(provider_app, arrive, racers=len(arrivals))


@pytest.mark.parametrize("platform_id", [None, "17"], ids=["by address", "by platform id and by address"])
def test_of_two_who_become_a_user_made_beforehand_one_is_let_in(
    provider_app, connect, make, enter, context, platform_id
):
    one, other = connect(role_based_iam=False), connect(role_based_iam=False)
    for turn in range(ROUNDS):
        email = f"kim{turn}@acme.example"
        extra = {} if platform_id is None else {"platform_id": f"{platform_id}{turn}"}
        make(email, roles=["deepdesk.manager"], **extra)
        first = replace(KIM, email=email, subject=f"a{turn}")
        if platform_id is not None:
            first = replace(first, email=None, email_vouched=False, platform_user_id=f"{platform_id}{turn}")
        outcomes = both(provider_app, enter, [(one, first), (other, replace(KIM, email=email, subject=f"b{turn}"))])
        let_in = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
        refused = [outcome.refusal for outcome in outcomes if isinstance(outcome, NotAdmitted)]
        managers = [outcome for outcome in let_in if user_of(outcome).roles == ["deepdesk.manager"]]
        assert len(managers) == 1
        assert len(let_in) == 1 or platform_id is not None
        assert refused in ([Refusal.ADDRESS_TAKEN], [])
    if platform_id is None:
        assert len(deciding.list_all("acme", context=context)) == ROUNDS
