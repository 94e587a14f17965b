"""Signing keys: made when there are none, turned, revoked, listed.

Of every use and algorithm one key signs and the next one is published already
(``idp.store.signing_keys``). Whatever ends a key, :func:`_fill` closes the gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import KeyMade, KeyPromoted, KeyRetired, KeyRevoked
from idp.domain.client_words import SigningAlg
from idp.domain.context import Context
from idp.domain.errors import Invalid, NotFound
from idp.services.parts import Parts
from idp.settings import Settings
from idp.store import signing_keys
from idp.store.signing_keys import KeyState, KeyUse, SigningKey
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens import keys
from idp.tokens.sealing import Sealer

ROTATE_EVERY = timedelta(days=90)
"""After which time the worker turns the keys: what leaks unseen is worth something for a quarter at most, and a service
that cannot follow a rotation is found while somebody still remembers building it."""

Slot = tuple[KeyUse, SigningAlg]

SLOTS: tuple[Slot, ...] = tuple((use, alg) for use, algorithms in keys.ALGORITHMS.items() for alg in algorithms)
"""Where a current and a next key belong."""


class Cause(StrEnum):
    """Why a key began to sign."""

    ROTATED = "rotated"
    FORCED = "forced"
    """Rotated although the key had not been public for long enough."""
    REVOKED = "revoked"
    """The one before it was revoked."""
    MISSING = "missing"
    """There was none before it."""


def ensure(*, sealer: Sealer, context: Context) -> Sequence[SigningKey]:
    """Make the keys that are missing: for every use and algorithm one that signs and one that is published as next.

    Idempotent; concurrent callers take turns. Where no key signs but the next
    one is there, that one signs from now on.

    :returns: the keys that were made or promoted.
    """
    with unit_of_work() as session:
        signing_keys.take_turns(session)
        return _fill_all(session, sealer, context)


def list_all() -> Sequence[SigningKey]:
    """Return all keys, grouped by use and algorithm, the newest first."""
    with reading() as session:
        return signing_keys.everyone(session)


def rotate(*, forced: bool, parts: Parts, context: Context) -> Sequence[SigningKey]:
    """Turn every algorithm of both uses: the next key signs, the one before retires, another next is published.

    All of them or none, in one transaction. Concurrent callers take turns, and
    who comes second finds next keys that are too young.

    :param forced: do not wait until the next keys have been public for long enough. Services that keep our keys
        refuse tokens until they fetch again.
    :returns: the keys that changed or were made.
    :raises Invalid: keys are missing, or a next one has not been public for ``key_publish_ahead``; nothing changed.
    """
    with unit_of_work() as session:
        signing_keys.take_turns(session)
        rows = signing_keys.everyone(session)
        if any(_held(rows, slot, state) is None for slot in SLOTS for state in (KeyState.CURRENT, KeyState.NEXT)):
            raise Invalid("a signing key is missing; make it with: idp init")
        ready_at = _ready_at(rows, parts.settings)
        if context.now < ready_at and not forced:
            raise Invalid(_too_early(ready_at, parts.settings))
        cause = Cause.FORCED if context.now < ready_at else Cause.ROTATED
        return _turn(session, rows, parts.sealer, context, cause)


def rotate_if_due(*, parts: Parts, context: Context) -> Sequence[SigningKey]:
    """Do what is due: make keys that are missing, and rotate when a key has signed for :data:`ROTATE_EVERY`.

    Waits until the next keys have been public for long enough. Costs one query
    when nothing is due. Safe from several processes: who comes second finds
    nothing to do.

    :returns: the keys that changed or were made.
    """
    if not _is_something_due(list_all(), parts.settings, context.now):
        return ()
    with unit_of_work() as session:
        signing_keys.take_turns(session)
        changed = _fill_all(session, parts.sealer, context)
        rows = signing_keys.everyone(session)
        if _is_rotation_due(rows, parts.settings, context.now):
            changed += _turn(session, rows, parts.sealer, context, Cause.ROTATED)
        return changed


def revoke(kid: str, *, sealer: Sealer, context: Context) -> Sequence[SigningKey]:
    """Trust a key no longer: it leaves the JWK Set, and what it signed is refused.

    In place of a current one the next signs at once, in place of a next one
    another is published.

    :returns: the keys that changed or were made.
    :raises NotFound: there is no such key.
    :raises Invalid: it was revoked before.
    """
    with unit_of_work() as session:
        signing_keys.take_turns(session)
        row = signing_keys.get(session, kid)
        if row is None:
            raise NotFound(f"there is no signing key {kid!r}; see: idp keys list")
        if row.state == KeyState.REVOKED:
            raise Invalid(f"the signing key {kid} was revoked before ({row.since:%Y-%m-%d %H:%M:%S} UTC)")
        was = row.state
        row.state, row.revoked_at, row.private_jwk_sealed = KeyState.REVOKED, context.now, ""
        trail.record(session, KeyRevoked(kid=kid, use=row.use, alg=row.alg, was=was), context)
        session.flush()
        slot = (KeyUse(row.use), SigningAlg(row.alg))
        return [row, *(_fill(session, slot, sealer, context, Cause.REVOKED) if was != KeyState.RETIRED else ())]


def _is_something_due(rows: Sequence[SigningKey], settings: Settings, now: datetime) -> bool:
    held = {(row.use, row.alg, row.state) for row in rows}
    wanted = {(*slot, state) for slot in SLOTS for state in (KeyState.CURRENT, KeyState.NEXT)}
    return not wanted <= held or _is_rotation_due(rows, settings, now)


def _is_rotation_due(rows: Sequence[SigningKey], settings: Settings, now: datetime) -> bool:
    current = [row for row in rows if row.state == KeyState.CURRENT]
    is_old = any(row.since + ROTATE_EVERY <= now for row in current)
    return is_old and _ready_at(rows, settings) <= now


def _ready_at(rows: Sequence[SigningKey], settings: Settings) -> datetime:
    """Return when the youngest of the next keys, of which there is one at least, has been public for long enough."""
    youngest = max(row.published_at for row in rows if row.state == KeyState.NEXT)
    return youngest + timedelta(seconds=settings.key_publish_ahead)


def _too_early(ready_at: datetime, settings: Settings) -> str:
    # In whole seconds, none too early: who comes at the time that is named is not refused again.
    named = ready_at if ready_at.microsecond == 0 else ready_at.replace(microsecond=0) + timedelta(seconds=1)
    return (
        f"services may not know the next keys yet; rotate from {named:%Y-%m-%d %H:%M:%S} UTC on, when they have "
        f"been public for {settings.key_publish_ahead} seconds (IDP_KEY_PUBLISH_AHEAD), or use --force"
    )


def _turn(
    session: Session, rows: Sequence[SigningKey], sealer: Sealer, context: Context, cause: Cause
) -> list[SigningKey]:
    changed: list[SigningKey] = []
    for row in [row for row in rows if row.state == KeyState.CURRENT]:
        # Its private half is needed by nobody from here on.
        row.state, row.retired_at, row.private_jwk_sealed = KeyState.RETIRED, context.now, ""
        trail.record(session, KeyRetired(kid=row.kid, use=row.use, alg=row.alg), context)
        session.flush()
        slot = (KeyUse(row.use), SigningAlg(row.alg))
        changed += [row, *_fill(session, slot, sealer, context, cause)]
    return changed


def _fill_all(session: Session, sealer: Sealer, context: Context) -> list[SigningKey]:
    return [row for slot in SLOTS for row in _fill(session, slot, sealer, context, Cause.MISSING)]


def _fill(session: Session, slot: Slot, sealer: Sealer, context: Context, cause: Cause) -> list[SigningKey]:
    """Let the next key sign where none does, and make what is missing then."""
    rows = signing_keys.everyone(session)
    current, following = (_held(rows, slot, state) for state in (KeyState.CURRENT, KeyState.NEXT))
    changed: list[SigningKey] = []
    if current is None and following is not None:
        changed.append(_promote(session, following, context, cause))
        following = None
    elif current is None:
        changed.append(_make(session, slot, KeyState.CURRENT, sealer, context))
    if following is None:
        changed.append(_make(session, slot, KeyState.NEXT, sealer, context))
    return changed


def _promote(session: Session, row: SigningKey, context: Context, cause: Cause) -> SigningKey:
    row.state, row.promoted_at = KeyState.CURRENT, context.now
    trail.record(session, KeyPromoted(kid=row.kid, use=row.use, alg=row.alg, cause=cause), context)
    session.flush()
    return row


def _make(session: Session, slot: Slot, state: KeyState, sealer: Sealer, context: Context) -> SigningKey:
    use, alg = slot
    row = keys.row_of(keys.generate(alg), alg, use=use, state=state, sealer=sealer, now=context.now)
    session.add(row)
    session.flush()
    trail.record(session, KeyMade(kid=row.kid, use=use, alg=alg, state=state), context)
    return row


def _held(rows: Sequence[SigningKey], slot: Slot, state: KeyState) -> SigningKey | None:
    return next((row for row in rows if (row.use, row.alg) == slot and row.state == state), None)
