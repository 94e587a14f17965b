"""A mail is used once, its code is tried five times, whoever comes at once; nothing in its row opens anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from idp.domain.identifiers import AccountCode, UserId
from idp.domain.secrets import digest
from idp.store import mail_proofs
from idp.store.mail_proofs import MailProof, Purpose, Window
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, SOON, new_access_request, new_account, new_mail
from tests.support.database import RACERS, racing

ACME, KIM = AccountCode("acme"), "kim@acme.example"
MOMENT = timedelta(microseconds=1)
MOST = 5


@pytest.fixture
def mailed(acme: Flask) -> Flask:
    """A mail for Kim that signs in, and is good for a minute."""
    send()
    return acme


def send(proof_id: str = "mail-1", **changes: object) -> None:
    with unit_of_work() as session:
        mail_proofs.add(session, new_mail(proof_id, **changes), now=NOW)


def used(
    proof_id: str = "mail-1", *, purpose: Purpose = Purpose.SIGN_IN, here: bool = True, now: datetime = NOW
) -> str | None:
    with unit_of_work() as session:
        row = mail_proofs.use(session, proof_id, purpose, here=here, now=now)
        return None if row is None else row.id


def tried(*proof_ids: str, now: datetime = NOW) -> dict[str, int]:
    """Try a code that may be any of the mails'; returns how often each was tried, of those that could be."""
    with unit_of_work() as session:
        rows = mail_proofs.take_a_try(session, proof_ids or ("mail-1",), most=MOST, now=now)
        return {row.id: row.tries for row in rows}


def the(proof_id: str = "mail-1") -> MailProof:
    with reading() as session:
        row = mail_proofs.get(session, proof_id)
    assert row is not None
    return row


def live(account: str = "acme", address: str = KIM, *, now: datetime = NOW) -> int:
    with reading() as session:
        return mail_proofs.live(session, AccountCode(account), address, now=now)


# Using


def test_a_mail_is_used_once(mailed: Flask) -> None:
    assert used() == "mail-1"
    assert used() is None
    assert the().used_at == NOW


@pytest.mark.parametrize("here", [True, False])
def test_where_it_was_used_is_noted(mailed: Flask, here: bool) -> None:
    used(here=here)
    used(here=not here)
    assert the().used_here is here


def test_of_eight_racing_presses_one_gets_it(mailed: Flask) -> None:
    outcomes = racing(mailed, used)
    assert outcomes.count("mail-1") == 1
    assert outcomes.count(None) == RACERS - 1


@pytest.mark.parametrize("purpose", Purpose)
def test_what_a_mail_is_for_is_all_that_it_does(acme: Flask, purpose: Purpose) -> None:
    send(purpose=purpose)
    assert [other for other in Purpose if other is not purpose and used(purpose=other)] == []
    assert used(purpose=purpose) == "mail-1"


def test_it_can_be_used_until_the_last_moment(mailed: Flask) -> None:
    assert used(now=SOON) is None
    assert used(now=SOON + timedelta(days=1)) is None
    assert used(now=SOON - MOMENT) == "mail-1"


def test_no_other_mail_is_used(mailed: Flask) -> None:
    send("mail-2")
    assert used("MAIL-1") is None
    assert used("") is None
    assert used("mail-2") == "mail-2"
    assert the().used_at is None


# Trying codes


def test_a_code_is_tried_five_times(mailed: Flask) -> None:
    assert [tried() for _ in range(MOST + 1)] == [*({"mail-1": number} for number in (1, 2, 3, 4, 5)), {}]


def test_of_eight_racing_tries_five_are_taken(mailed: Flask) -> None:
    outcomes = racing(mailed, tried)
    taken = sorted(one["mail-1"] for one in outcomes if isinstance(one, dict) and one)
    assert taken == [1, 2, 3, 4, 5]
    assert outcomes.count({}) == RACERS - MOST
    assert the().tries == MOST


def test_a_mail_that_is_too_old_is_not_tried(mailed: Flask) -> None:
    assert tried(now=SOON) == {}
    assert tried(now=SOON - MOMENT) == {"mail-1": 1}


def test_one_that_was_used_is_tried_like_any_other(mailed: Flask) -> None:
    """Whoever types cannot tell by it that somebody used the mail elsewhere."""
    used()
    assert [tried() for _ in range(MOST)][-1] == {"mail-1": MOST}
    assert tried() == {}


def test_each_mail_has_tries_of_its_own(mailed: Flask) -> None:
    send("mail-2")
    assert [tried() for _ in range(MOST)][-1] == {"mail-1": MOST}
    assert tried("mail-2") == {"mail-2": 1}


def test_a_code_that_may_be_of_several_mails_is_a_try_of_each(mailed: Flask) -> None:
    send("mail-2")
    tried("mail-2")
    assert tried("mail-1", "mail-2", "unknown") == {"mail-1": 1, "mail-2": 2}
    assert [tried() for _ in range(MOST - 1)][-1] == {"mail-1": MOST}
    assert tried("mail-1", "mail-2") == {"mail-2": 3}
    assert (the().tries, the("mail-2").tries) == (MOST, 3)


def test_racing_codes_for_several_mails_are_tried_five_times_each(mailed: Flask) -> None:
    send("mail-2")
    outcomes = racing(mailed, lambda: tried("mail-1", "mail-2"))
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert (the().tries, the("mail-2").tries) == (MOST, MOST)


def test_the_mails_that_a_window_asked_for_are_those_of_its_browser_address_and_account(mailed: Flask) -> None:
    with unit_of_work() as session:
        session.add(new_account("globex"))
    send("again", purpose=Purpose.NOTHING)
    send("asks", purpose=Purpose.ACCESS)
    send("proves", purpose=Purpose.STEP_UP, sid="session-kim")
    send("another", address="robin@acme.example")
    send("theirs", account="globex")
    with unit_of_work() as session:
        elsewhere = replace(new_mail("elsewhere"), window=Window(browser_digest=digest("another")))
        mail_proofs.add(session, elsewhere, now=NOW)
    with reading() as session:
        assert mail_proofs.of_same_window(session, the()) == ["again", "asks", "mail-1"]
        assert mail_proofs.of_same_window(session, the("again")) == ["again", "asks", "mail-1"]
        # A code that proves somebody anew is none that signs in, and the other way round.
        assert mail_proofs.of_same_window(session, the("proves")) == ["proves"]


# Nobody's any more


def test_what_a_person_has_got_can_be_voided(mailed: Flask) -> None:
    send("theirs", user="kim", expires_at=SOON)
    send("used", user="kim")
    used("used")
    with unit_of_work() as session:
        mail_proofs.void(session, UserId("kim"), now=NOW)
    assert used("theirs") is None
    assert tried("theirs") == {"theirs": 1}
    assert (the("theirs").used_at, the("theirs").used_here) == (NOW, False)
    assert the("used").used_here is True
    assert used() == "mail-1"


def test_what_is_too_old_is_not_voided(mailed: Flask) -> None:
    send("theirs", user="kim")
    with unit_of_work() as session:
        mail_proofs.void(session, UserId("kim"), now=SOON)
    assert the("theirs").used_at is None


# Those that can be used


def test_what_can_be_used_is_counted(mailed: Flask) -> None:
    send("mail-2", purpose=Purpose.ACCESS)
    assert live() == 2
    used("mail-2", purpose=Purpose.ACCESS)
    assert live() == 1
    assert live(now=SOON - MOMENT) == 1
    assert live(now=SOON) == 0


def test_codes_for_somebody_who_is_signed_in_are_counted_by_themselves(mailed: Flask) -> None:
    """Strangers who ask for an address keep nobody from proving who they are."""
    send("mail-2", purpose=Purpose.STEP_UP, sid="session-kim")
    assert live() == 1
    with reading() as session:
        assert mail_proofs.live(session, ACME, KIM, now=NOW, among=[Purpose.STEP_UP]) == 1


def test_what_was_sent_to_nobody_or_for_somebody_else_is_not(mailed: Flask) -> None:
    with unit_of_work() as session:
        session.add(new_account("globex"))
    send("nothing", purpose=Purpose.NOTHING)
    send("theirs", account="globex")
    send("another", address="robin@acme.example")
    assert live() == 1
    assert live("globex") == 1
    assert live(address=KIM.upper()) == 0


# What a row holds


def test_the_window_that_asked_is_kept(acme: Flask) -> None:
    window = Window(
        browser_digest=digest("a bond"), parked_id="parked", after="/account/", service_name="Studio", language="nl"
    )
    with unit_of_work() as session:
        mail_proofs.add(session, replace(new_mail("mail-1"), window=window), now=NOW)
    row = the()
    assert {name: getattr(row, name) for name in window.columns()} == window.columns()
    assert (row.tries, row.created_at, row.used_at, row.used_here) == (0, NOW, None, None)


def test_only_the_browser_that_asked_is_taken_for_it(acme: Flask) -> None:
    with unit_of_work() as session:
        for name, browser_digest in (("asked", digest("a bond")), ("nobody", None), ("empty", digest(""))):
            sent = replace(new_mail(name), window=Window(browser_digest=browser_digest))
            mail_proofs.add(session, sent, now=NOW)
    assert the("asked").is_of("a bond")
    assert not any(the("asked").is_of(other) for other in ("", "another bond", digest("a bond")))
    assert not any(the(name).is_of("") for name in ("asked", "nobody", "empty"))


def test_a_row_is_live_until_it_is_used_or_too_old(mailed: Flask) -> None:
    assert the().is_live(now=SOON - MOMENT)
    assert not the().is_live(now=SOON)
    used()
    assert not the().is_live(now=NOW)


def test_which_request_came_of_a_mail_is_noted(mailed: Flask) -> None:
    send("mail-2")
    with unit_of_work() as session:
        session.add(new_access_request("request-1"))
        session.flush()
        mail_proofs.note_request(session, "mail-1", "request-1")
    assert (the().request_id, the("mail-2").request_id) == ("request-1", None)


def test_a_mail_that_is_about_to_be_sent_does_not_show_its_tag() -> None:
    """It would stand in a log beside the row's id."""
    assert "t" * 64 not in repr(new_mail("mail-1"))


def test_an_old_row_is_returned_whatever_became_of_it(mailed: Flask) -> None:
    used()
    with reading() as session:
        assert session.scalars(select(MailProof.id)).all() == ["mail-1"]
        assert mail_proofs.get(session, "mail-2") is None
    assert the().id == "mail-1"
