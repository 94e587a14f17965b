"""Signing keys: made when there are none, listed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import KeyMade
from idp.domain.client_metadata import SigningAlg
from idp.domain.context import Context
from idp.store import signing_keys
from idp.store.signing_keys import KeyState, SigningKey
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens import keys
from idp.tokens.sealing import Sealer


def ensure(*, sealer: Sealer, context: Context) -> Sequence[SigningKey]:
    """Make the keys that are missing: for every algorithm one that signs and one that is published as next.

    Idempotent. Of concurrent callers one wins; the other's keys fail the
    unique index and nothing of them stays.

    :returns: the keys that were made.
    """
    try:
        return _make_missing(sealer, context)
    except IntegrityError:
        # Another process made them at the same moment; its keys stand, and nothing of ours does.
        return ()


def list_all() -> Sequence[SigningKey]:
    """Return all keys, grouped by algorithm, the newest first."""
    with reading() as session:
        return signing_keys.everyone(session)


def _make_missing(sealer: Sealer, context: Context) -> Sequence[SigningKey]:
    with unit_of_work() as session:
        held = {(row.alg, row.state) for row in signing_keys.everyone(session)}
        wanted = [(alg, state) for alg in SigningAlg for state in (KeyState.CURRENT, KeyState.NEXT)]
        return [_make(session, alg, state, sealer, context) for alg, state in wanted if (alg, state) not in held]


def _make(session: Session, alg: SigningAlg, state: KeyState, sealer: Sealer, context: Context) -> SigningKey:
    row = keys.row_of(keys.generate(alg), alg, state=state, sealer=sealer, now=context.now)
    session.add(row)
    session.flush()
    trail.record(session, KeyMade(kid=row.kid, alg=alg, state=state), context)
    return row
