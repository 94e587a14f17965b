"""Signing keys through their lives: made, promoted, retired, revoked; whoever else does the same at that moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select, text

from idp.domain.client_words import SigningAlg
from idp.domain.context import Context
from idp.domain.errors import Invalid, NotFound
from idp.services.operations import keys
from idp.services.operations.keys import ROTATE_EVERY, SLOTS
from idp.services.parts import Parts
from idp.store.audit_events import AuditEvent
from idp.store.db import db
from idp.store.signing_keys import KeyState, KeyUse, SigningKey
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens.keys import private_key
from idp.tokens.sealing import CannotOpen
from tests.services.conftest import NOW
from tests.support.database import RACERS, racing

NEXT, CURRENT, RETIRED, REVOKED = KeyState.NEXT, KeyState.CURRENT, KeyState.RETIRED, KeyState.REVOKED
AHEAD = timedelta(seconds=600)
A_SECOND = timedelta(seconds=1)
OAUTH_ES256 = (KeyUse.OAUTH, SigningAlg.ES256)

Rotate = Callable[..., Sequence[SigningKey]]
Revoke = Callable[..., Sequence[SigningKey]]


@pytest.fixture(autouse=True)
def made(parts: Parts, context: Context) -> None:
    """Keys of every kind, since now."""
    keys.ensure(sealer=parts.sealer, context=context)


@pytest.fixture
def rotate(parts: Parts, context: Context) -> Rotate:
    return lambda at, *, forced=False: keys.rotate(forced=forced, parts=parts, context=replace(context, now=at))


@pytest.fixture
def rotate_if_due(parts: Parts, context: Context) -> Rotate:
    return lambda at: keys.rotate_if_due(parts=parts, context=replace(context, now=at))


@pytest.fixture
def revoke(parts: Parts, context: Context) -> Revoke:
    return lambda kid, at=NOW: keys.revoke(kid, sealer=parts.sealer, context=replace(context, now=at))


def held(state: KeyState) -> dict[tuple[str, str], str]:
    """Return which key of each use and algorithm is in a state; there must be one at most."""
    found = [row for row in keys.list_all() if row.state == state]
    assert len({(row.use, row.alg) for row in found}) == len(found)
    return {(row.use, row.alg): row.kid for row in found}


def row(kid: str) -> SigningKey:
    return next(one for one in keys.list_all() if one.kid == kid)


def everything() -> list[tuple[object, ...]]:
    with reading() as session:
        return [tuple(one) for one in session.execute(text("SELECT * FROM signing_keys ORDER BY kid"))]


def trail() -> list[dict[str, object]]:
    """Return what the trail tells of keys since they were first made."""
    with reading() as session:
        told = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()[2 * len(SLOTS) :]
        return [{"kind": one.kind, **one.details} for one in told]


# Making


def test_every_use_and_algorithm_has_a_key_that_signs_and_the_next_one():
    expected = {("oauth", "RS256"), ("oauth", "ES256"), ("session", "ES256")}
    assert set(held(CURRENT)) == set(held(NEXT)) == expected
    assert len(keys.list_all()) == 6


def test_what_is_there_is_not_made_again(parts, context):
    before = everything()
    assert keys.ensure(sealer=parts.sealer, context=context) == []
    assert everything() == before


def test_where_none_signs_the_one_that_is_published_does(parts, context):
    following = held(NEXT)[OAUTH_ES256]
    with unit_of_work() as session:
        session.execute(text("DELETE FROM signing_keys WHERE use = 'oauth' AND alg = 'ES256' AND state = 'current'"))
    changed = keys.ensure(sealer=parts.sealer, context=context)
    assert held(CURRENT)[OAUTH_ES256] == following
    assert [one.kid for one in changed] == [following, held(NEXT)[OAUTH_ES256]]
    assert trail()[0] == {
        "kind": "key.promoted",
        "kid": following,
        "use": "oauth",
        "alg": "ES256",
        "cause": "missing",
    }


def test_of_racing_hosts_one_makes_the_keys(provider_app: Flask, parts, context):
    with unit_of_work() as session:
        session.execute(text("DELETE FROM signing_keys"))
    made = racing(provider_app, lambda: len(keys.ensure(sealer=parts.sealer, context=context)))
    assert sorted(made) == [0] * (RACERS - 1) + [6]


# Rotating


def test_a_rotation_turns_every_algorithm_of_both_uses(rotate):
    current, following = held(CURRENT), held(NEXT)
    changed = rotate(NOW + AHEAD)
    assert held(RETIRED) == current
    assert held(CURRENT) == following
    assert set(held(NEXT)) == set(following)
    assert not set(held(NEXT).values()) & {*current.values(), *following.values()}
    assert {one.kid for one in changed} == {one.kid for one in keys.list_all()}
    for kid in held(RETIRED).values():
        assert row(kid).retired_at == row(kid).since == NOW + AHEAD
    for kid in held(CURRENT).values():
        assert row(kid).promoted_at == row(kid).since == NOW + AHEAD
    for kid in held(NEXT).values():
        assert row(kid).published_at == row(kid).since == NOW + AHEAD


def test_a_rotation_is_refused_until_the_next_keys_were_public_for_long_enough(rotate):
    before = everything()
    with pytest.raises(Invalid, match="rotate from 2026-11-26 12:10:00 UTC on") as refused:
        rotate(NOW + AHEAD - timedelta(microseconds=1))
    assert "--force" in str(refused.value)
    assert everything() == before
    assert trail() == []
    assert rotate(NOW + AHEAD)


def test_the_time_that_is_named_is_never_too_early(rotate):
    part_of_a_second = timedelta(milliseconds=1)
    rotate(NOW + AHEAD + part_of_a_second)
    with pytest.raises(Invalid, match="rotate from 2026-11-26 12:20:01 UTC on"):
        rotate(NOW + 2 * AHEAD)
    assert rotate(NOW + 2 * AHEAD + A_SECOND)


def test_one_young_key_holds_all_of_them_back(rotate, revoke):
    revoke(held(NEXT)[OAUTH_ES256], NOW + timedelta(seconds=10))
    before = everything()
    with pytest.raises(Invalid, match="rotate from 2026-11-26 12:10:10 UTC on"):
        rotate(NOW + AHEAD)
    assert everything() == before


def test_a_forced_rotation_does_not_wait(rotate):
    following = held(NEXT)
    rotate(NOW + A_SECOND, forced=True)
    assert held(CURRENT) == following
    assert {one["cause"] for one in trail() if one["kind"] == "key.promoted"} == {"forced"}


def test_forcing_what_need_not_be_forced_is_an_ordinary_rotation(rotate):
    rotate(NOW + AHEAD, forced=True)
    assert {one["cause"] for one in trail() if one["kind"] == "key.promoted"} == {"rotated"}


def test_the_private_half_of_a_retired_key_is_gone(rotate, parts):
    rotate(NOW + AHEAD)
    for kid in held(RETIRED).values():
        with pytest.raises(CannotOpen):
            private_key(row(kid), parts.sealer)
    for kid in held(CURRENT).values():
        assert private_key(row(kid), parts.sealer).thumbprint() == kid


def test_a_rotation_is_told_key_by_key(rotate):
    old, new = held(CURRENT)[OAUTH_ES256], held(NEXT)[OAUTH_ES256]
    rotate(NOW + AHEAD)
    told = [one for one in trail() if (one["use"], one["alg"]) == OAUTH_ES256]
    facts = {"use": "oauth", "alg": "ES256"}
    assert told == [
        {"kind": "key.retired", "kid": old, **facts},
        {"kind": "key.promoted", "kid": new, "cause": "rotated", **facts},
        {"kind": "key.made", "kid": held(NEXT)[OAUTH_ES256], "state": "next", **facts},
    ]
    assert len(trail()) == 3 * len(SLOTS)


@pytest.mark.parametrize("state", ["current", "next"])
def test_where_a_key_is_missing_nothing_is_turned(rotate, state):
    with unit_of_work() as session:
        session.execute(text("DELETE FROM signing_keys WHERE alg = 'RS256' AND state = :state"), {"state": state})
    before = everything()
    with pytest.raises(Invalid, match="idp init"):
        rotate(NOW + AHEAD, forced=True)
    assert everything() == before


def test_of_eight_racing_rotations_one_happens(provider_app: Flask, rotate):
    following = held(NEXT)
    outcomes = racing(provider_app, lambda: len(rotate(NOW + AHEAD)))
    assert outcomes.count(9) == 1
    lost = [one for one in outcomes if isinstance(one, Exception)]
    assert [type(one) for one in lost] == [Invalid] * (RACERS - 1)
    assert {"12:20:00" in str(one) for one in lost} == {True}
    assert held(CURRENT) == following
    assert len(keys.list_all()) == 9
    assert len(trail()) == 3 * len(SLOTS)


def test_racing_forced_rotations_and_revocations_all_leave_a_whole_set(provider_app: Flask, rotate, revoke):
    """Each waits for the one before it, on PostgreSQL too, where they could meet in the middle."""
    kids = iter([*held(CURRENT).values(), *held(NEXT).values()])

    def act() -> str:
        kid = next(kids, None)
        if kid is None:
            rotate(NOW + A_SECOND, forced=True)
        else:
            revoke(kid)
        return "done"

    assert racing(provider_app, act) == ["done"] * RACERS
    assert set(held(CURRENT)) == set(held(NEXT)) == set(SLOTS)


# By itself


def test_nothing_is_due_before_a_key_has_signed_for_its_time(rotate_if_due):
    before = everything()
    assert rotate_if_due(NOW + ROTATE_EVERY - A_SECOND) == ()
    assert everything() == before


def test_a_key_that_has_signed_for_its_time_is_turned(rotate_if_due):
    following = held(NEXT)
    assert len(rotate_if_due(NOW + ROTATE_EVERY)) == 9
    assert held(CURRENT) == following
    assert {one["cause"] for one in trail() if one["kind"] == "key.promoted"} == {"rotated"}


def test_it_waits_until_the_next_keys_were_public_for_long_enough(rotate_if_due, revoke):
    due = NOW + ROTATE_EVERY
    revoke(held(NEXT)[OAUTH_ES256], due)
    assert rotate_if_due(due + AHEAD - A_SECOND) == ()
    assert len(rotate_if_due(due + AHEAD)) == 9


def test_one_old_key_takes_the_younger_ones_with_it(rotate_if_due, revoke):
    revoke(held(CURRENT)[OAUTH_ES256], NOW + ROTATE_EVERY / 2)
    rotate_if_due(NOW + ROTATE_EVERY)
    assert {row(kid).promoted_at for kid in held(CURRENT).values()} == {NOW + ROTATE_EVERY}


def test_a_missing_key_is_made_at_once_and_nothing_else_turned(rotate_if_due):
    current = held(CURRENT)
    with unit_of_work() as session:
        session.execute(text("DELETE FROM signing_keys WHERE state = 'next' AND alg = 'RS256'"))
    (one,) = rotate_if_due(NOW + A_SECOND)
    assert (one.alg, one.state, one.published_at) == ("RS256", "next", NOW + A_SECOND)
    assert held(CURRENT) == current


def test_when_nothing_is_due_it_costs_one_query_and_no_lock(rotate_if_due):
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    rotate_if_due(NOW + A_SECOND)
    event.remove(db.engine, "before_cursor_execute", note)
    (only,) = [one for one in statements if not one.startswith("BEGIN")]
    assert only.startswith("SELECT")


def test_of_racing_workers_one_turns_the_keys(provider_app: Flask, rotate_if_due):
    turned = racing(provider_app, lambda: len(rotate_if_due(NOW + ROTATE_EVERY)))
    assert sorted(turned) == [0] * (RACERS - 1) + [9]


# Revoking


def test_in_place_of_a_revoked_current_key_the_next_signs_at_once(revoke):
    current, following = held(CURRENT), held(NEXT)
    at = NOW + A_SECOND
    changed = revoke(current[OAUTH_ES256], at)
    assert held(REVOKED) == {OAUTH_ES256: current[OAUTH_ES256]}
    assert held(CURRENT) == current | {OAUTH_ES256: following[OAUTH_ES256]}
    assert row(held(NEXT)[OAUTH_ES256]).published_at == at
    assert [one.state for one in changed] == [REVOKED, CURRENT, NEXT]
    assert [(one["kind"], one.get("was"), one.get("cause")) for one in trail()] == [
        ("key.revoked", "current", None),
        ("key.promoted", None, "revoked"),
        ("key.made", None, None),
    ]


def test_in_place_of_a_revoked_next_key_another_is_published(revoke):
    current, following = held(CURRENT), held(NEXT)
    changed = revoke(following[OAUTH_ES256])
    assert held(CURRENT) == current
    assert held(NEXT)[OAUTH_ES256] != following[OAUTH_ES256]
    assert [one.state for one in changed] == [REVOKED, NEXT]


def test_revoking_a_retired_key_changes_no_other(rotate, revoke):
    rotate(NOW + AHEAD)
    current, following = held(CURRENT), held(NEXT)
    retired = held(RETIRED)[OAUTH_ES256]
    assert [one.kid for one in revoke(retired, NOW + AHEAD)] == [retired]
    assert (held(CURRENT), held(NEXT)) == (current, following)
    assert row(retired).revoked_at == row(retired).since == NOW + AHEAD


@pytest.mark.parametrize("state", [CURRENT, NEXT])
def test_the_private_half_of_a_revoked_key_is_gone(revoke, parts, state):
    kid = held(state)[OAUTH_ES256]
    revoke(kid)
    with pytest.raises(CannotOpen):
        private_key(row(kid), parts.sealer)


def test_a_key_is_revoked_once(revoke):
    kid = held(NEXT)[OAUTH_ES256]
    revoke(kid)
    before = everything()
    with pytest.raises(Invalid, match=f"{kid} was revoked before \\(2026-11-26 12:00:00 UTC\\)"):
        revoke(kid, NOW + A_SECOND)
    assert everything() == before


@pytest.mark.parametrize("kid", ["", "unheard-of", "x" * 500, "'; DROP TABLE signing_keys; --", "\N{SNOWMAN}"])
def test_an_unknown_key_cannot_be_revoked(revoke, kid):
    before = everything()
    with pytest.raises(NotFound, match="idp keys list"):
        revoke(kid)
    assert everything() == before


def test_of_racing_revocations_of_one_key_one_counts(provider_app: Flask, revoke):
    kid = held(CURRENT)[OAUTH_ES256]
    outcomes = racing(provider_app, lambda: len(revoke(kid)))
    assert outcomes.count(3) == 1
    assert [type(one) for one in outcomes if one != 3] == [Invalid] * (RACERS - 1)
    assert len(keys.list_all()) == 7


def test_a_revoked_key_is_not_promoted_by_the_next_rotation(rotate, revoke):
    kid = held(NEXT)[OAUTH_ES256]
    revoke(kid)
    rotate(NOW + AHEAD)
    assert kid not in held(CURRENT).values()


# What the ring of a process makes of it


def published(parts: Parts, at: datetime) -> bytes:
    return parts.keys.jwks(now=at)


def test_keys_of_cookie_tokens_are_no_keys_of_oauth(parts):
    kids = {kid for state in (CURRENT, NEXT) for (use, _), kid in held(state).items() if use == KeyUse.SESSION}
    assert len(kids) == 2
    for kid in kids:
        assert kid.encode() not in published(parts, NOW)
        assert parts.keys.verifier(kid, now=NOW) is None
        assert parts.keys.any_verifier(kid, now=NOW) is None


def test_a_retired_key_is_published_until_the_last_token_it_signed_has_expired(rotate, parts):
    retired = held(CURRENT)[OAUTH_ES256]
    rotate(NOW + AHEAD)
    last_signature = NOW + AHEAD + timedelta(seconds=30)
    last_end = last_signature + timedelta(seconds=parts.settings.id_token_ttl) + timedelta(seconds=60)
    assert retired.encode() in published(parts, last_end - A_SECOND)
    assert parts.keys.verifier(retired, now=last_end - A_SECOND)
    assert retired.encode() not in published(parts, last_end)
    assert parts.keys.verifier(retired, now=last_end) is None
    assert parts.keys.any_verifier(retired, now=last_end)
