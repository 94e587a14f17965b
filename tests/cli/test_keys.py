"""``idp keys``: what an operator sees and may do; the rules are tested with the service."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from idp.domain.client_words import SigningAlg
from idp.store.signing_keys import KeyState, KeyUse
from idp.store.unit_of_work import unit_of_work
from idp.tokens import keys
from tests.cli.conftest import Operator
from tests.support.clock import NOW

AHEAD = timedelta(seconds=600)


@pytest.fixture
def prepared(operator: Operator) -> Operator:
    """At a provider with keys."""
    operator.gets("init")
    return operator


def in_state(operator: Operator, state: str) -> dict[str, str]:
    """Return the keys of OAuth in a state, by algorithm."""
    return {
        key["alg"]: key["kid"]
        for key in operator.gets("keys", "list")
        if (key["use"], key["state"]) == ("oauth", state)
    }


def moment(shown: str) -> datetime:
    return datetime.fromisoformat(shown)


def test_the_list_says_since_when_and_until_when(prepared: Operator) -> None:
    prepared.gets("keys", "rotate", "--force")
    found = prepared.gets("keys", "list")
    assert len(found) == 9
    for key in found:
        began = {"retired": "retired_at", "current": "promoted_at", "next": "published_at"}[key["state"]]
        assert key["since"] == key[began]
        if key["state"] != "retired":
            assert key["published_until"] is None
            continue
        longest = {"oauth": 3600, "session": 86400}[key["use"]]
        published_for = moment(key["published_until"]) - moment(key["retired_at"])
        assert published_for == timedelta(seconds=longest + 30 + 60)


def test_a_retired_key_of_short_tokens_stays_for_the_logout_tokens(
    at_database: Callable[..., Operator], migrated_url: str
) -> None:
    operator = at_database(migrated_url, IDP_ACCESS_TOKEN_TTL="60", IDP_ID_TOKEN_TTL="30")
    operator.gets("init")
    operator.gets("keys", "rotate", "--force")
    (key, *_) = [one for one in operator.gets("keys", "list") if (one["use"], one["state"]) == ("oauth", "retired")]
    assert moment(key["published_until"]) - moment(key["retired_at"]) == timedelta(seconds=120 + 30 + 60)


def test_no_list_shows_a_private_half(prepared: Operator) -> None:
    assert all("private" not in name and "jwk" not in name for key in prepared.gets("keys", "list") for name in key)


def test_a_rotation_right_away_is_refused_and_says_when(prepared: Operator) -> None:
    published = max(moment(key["published_at"]) for key in prepared.gets("keys", "list"))
    before = prepared.gets("keys", "list")
    done = prepared.types("keys", "rotate")
    assert (done.exit_code, len(done.problems), done.out) == (1, 1, "")
    named = re.search(r"from (\S+ \S+) UTC", done.err)
    assert named
    wait = moment(f"{named[1]}+00:00") - published
    assert AHEAD <= wait < AHEAD + timedelta(seconds=1)
    assert prepared.gets("keys", "list") == before


def test_once_the_next_keys_were_public_for_long_enough_they_sign(prepared: Operator) -> None:
    following = in_state(prepared, "next")
    with prepared.app.app_context(), unit_of_work() as session:
        published = "UPDATE signing_keys SET published_at = :at"
        session.execute(text(published), {"at": str((NOW - timedelta(days=400)).replace(tzinfo=None))})
    changed = prepared.gets("keys", "rotate")
    assert in_state(prepared, "current") == following
    assert sorted(key["kid"] for key in changed) == sorted(key["kid"] for key in prepared.gets("keys", "list"))
    assert {key["state"] for key in changed} == {"retired", "current", "next"}


def test_the_wait_is_the_setting_s(at_database: Callable[..., Operator], migrated_url: str) -> None:
    operator = at_database(migrated_url, IDP_KEY_PUBLISH_AHEAD="86400")
    operator.gets("init")
    assert "86400 seconds (IDP_KEY_PUBLISH_AHEAD)" in operator.types("keys", "rotate").err


def test_force_says_what_it_costs(prepared: Operator) -> None:
    said = " ".join(prepared.types("keys", "rotate", "--help").out.split())
    assert "refuse new tokens until they fetch the keys again" in said


def test_a_revoked_key_is_replaced_and_stays_in_the_list(prepared: Operator) -> None:
    current, following = in_state(prepared, "current"), in_state(prepared, "next")
    changed = prepared.gets("keys", "revoke", current["RS256"])
    assert [key["state"] for key in changed] == ["revoked", "current", "next"]
    assert in_state(prepared, "revoked") == {"RS256": current["RS256"]}
    assert in_state(prepared, "current") == current | {"RS256": following["RS256"]}
    (revoked,) = [key for key in prepared.gets("keys", "list") if key["state"] == "revoked"]
    assert revoked["since"] == revoked["revoked_at"]


def test_a_retired_key_that_is_revoked_is_published_no_more(prepared: Operator) -> None:
    kid = in_state(prepared, "current")["ES256"]
    prepared.gets("keys", "rotate", "--force")
    (revoked,) = prepared.gets("keys", "revoke", kid)
    assert revoked["retired_at"]
    assert revoked["published_until"] is None


def test_a_key_that_was_revoked_before_is_said_to_be(prepared: Operator) -> None:
    kid = in_state(prepared, "next")["ES256"]
    prepared.gets("keys", "revoke", kid)
    done = prepared.types("keys", "revoke", kid)
    assert (done.exit_code, len(done.problems), done.out) == (1, 1, "")
    assert f"{kid} was revoked before" in done.err


@pytest.mark.parametrize("kid", ["unheard-of", "-json", "--unheard-of"])
def test_an_unknown_key_is_one_line_that_says_where_to_look(prepared: Operator, kid: str) -> None:
    done = prepared.types("keys", "revoke", kid)
    assert (done.exit_code, len(done.problems), done.out) == (1, 1, "")
    assert kid in done.err
    assert "idp keys list" in done.err


@pytest.mark.parametrize("beginning", ["-", "--"])
def test_a_kid_that_looks_like_an_option_can_be_revoked(prepared: Operator, beginning: str) -> None:
    """One kid in 64 begins with a hyphen."""
    kid = f"{beginning}{'x' * 40}"
    with prepared.app.app_context(), unit_of_work() as session:
        key = keys.generate(SigningAlg.ES256)
        sealer = prepared.app.extensions["deepdesk-idp"].sealer
        row: Any = keys.row_of(key, SigningAlg.ES256, use=KeyUse.OAUTH, state=KeyState.RETIRED, sealer=sealer, now=NOW)
        row.kid, row.retired_at = kid, NOW
        session.add(row)
    (revoked,) = prepared.gets("keys", "revoke", kid)
    assert (revoked["kid"], revoked["state"]) == (kid, "revoked")


def test_before_there_are_keys_a_rotation_points_at_init(operator: Operator) -> None:
    done = operator.types("keys", "rotate", "--force")
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert "idp init" in done.err
