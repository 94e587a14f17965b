"""Housekeeping: what nobody needs any more is removed, in small transactions and so much a run.

When a row can go, :mod:`idp.store.expiry` says, table by table. Whoever was
made by a process of an older release is made findable.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from idp.domain.context import Context
from idp.services.parts import Parts
from idp.store import expiry, user_terms
from idp.store.expiry import Expiry, Horizon
from idp.store.unit_of_work import reading, unit_of_work

PORTION = 500
"""So many rows go in one transaction: on SQLite everybody else waits for it to end."""
MOST_PORTIONS = 40
"""So many portions of one table go in one run; the rest goes in the next."""

log = structlog.get_logger()


def tidy(*, parts: Parts, context: Context) -> Mapping[str, int]:
    """Remove what can go.

    :returns: how many rows of which table, where any.
    """
    at = Horizon(now=context.now, access_token=parts.settings.lifetime("access_token_ttl"))
    removed = {one.name: _remove(one, at) for one in expiry.EXPIRIES}
    told = {name: number for name, number in removed.items() if number}
    if told:
        log.info("tidied", **told)
    _enlist()
    return told


def _enlist() -> None:
    for _ in range(MOST_PORTIONS):
        with reading() as session:
            if not user_terms.unlisted(session, most=1):
                break
        with unit_of_work() as session:
            for user in user_terms.unlisted(session, most=PORTION):
                user_terms.enlist(session, user)


def _remove(one: Expiry, at: Horizon) -> int:
    removed = 0
    for _ in range(MOST_PORTIONS):
        with reading() as session:
            keys = expiry.find(session, one, at, most=PORTION)
        if keys:
            with unit_of_work() as session:
                removed += expiry.remove(session, one, at, keys)
        if len(keys) < PORTION:
            break
    return removed
