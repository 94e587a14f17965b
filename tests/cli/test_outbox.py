"""``idp outbox``: what is to be delivered, and what to do about what could not be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from idp.store import outbox
from idp.store.outbox import OutboxKind
from idp.store.unit_of_work import unit_of_work
from tests.cli.conftest import Operator

KIND = OutboxKind.BACKCHANNEL_LOGOUT


@pytest.fixture
def dead(operator: Operator) -> str:
    """The id of an item of the account acme that was given up."""
    now = datetime.now(UTC)
    with operator.app.app_context(), unit_of_work() as session:
        item_id = outbox.enqueue(session, KIND, {"sub": "of-a-person"}, account="acme", now=now)
        (item,) = outbox.lease(session, holder="w", kinds=[KIND], most=1, now=now, until=now + timedelta(minutes=1))
        outbox.bury(session, item, error="studio.example answered 503", now=now)
    return item_id


def test_what_was_given_up_is_listed_with_its_last_error_and_without_its_payload(operator: Operator, dead: str) -> None:
    (item,) = operator.gets("outbox", "list", "--account", "acme")
    wanted = {"id": dead, "kind": KIND, "account": "acme", "state": "dead", "attempts": 1}
    assert wanted.items() <= item.items()
    assert item["last_error"] == "studio.example answered 503"
    for done in (operator.types("outbox", "list"), operator.types("outbox", "list", "--json")):
        assert dead in done.out
        assert "of-a-person" not in done.out


def test_a_retried_item_waits_again_from_now_on(operator: Operator, dead: str) -> None:
    assert operator.gets("outbox", "retry", dead) == {"id": dead}
    (item,) = operator.gets("outbox", "list")
    assert (item["state"], item["attempts"], item["last_error"]) == ("waiting", 0, "studio.example answered 503")


def test_a_dropped_item_is_gone(operator: Operator, dead: str) -> None:
    assert operator.gets("outbox", "drop", dead) == {"id": dead}
    assert operator.gets("outbox", "list") == []
    assert operator.types("outbox", "drop", dead).exit_code == 1


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_people_are_told_in_words(operator: Operator, dead: str, verb: str) -> None:
    done = operator.types("outbox", verb, dead)
    assert (done.exit_code, done.err) == (0, "")
    assert dead in done.out


def test_nothing_to_deliver_is_said(operator: Operator) -> None:
    done = operator.types("outbox", "list")
    assert (done.exit_code, done.out, done.err) == (0, "", "Nothing to deliver.\n")


@pytest.mark.parametrize("word", ["\udcff", "nul\x00", "a" * 10_000, "é", "", "'; DROP TABLE outbox; --"])
@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_whatever_is_named_ends_in_one_line(operator: Operator, verb: str, word: str) -> None:
    done = operator.types("outbox", verb, "--", word)
    assert (done.exit_code, len(done.problems)) == (1, 1)


def test_the_doctor_points_at_what_was_given_up_and_nothing_breaks(operator: Operator, dead: str) -> None:
    operator.gets("init")
    done = operator.types("doctor", "--json")
    (finding,) = [one for one in done.json if one["part"] == "outbox"]
    assert (done.exit_code, finding["verdict"]) == (0, "look")
    assert "idp outbox list" in finding["finding"]
