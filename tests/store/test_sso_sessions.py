"""Sessions: begun, renewed, ended; and which of a browser's cookies count now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from idp.domain.authentication import Authentication
from idp.domain.identifiers import SessionId
from idp.store import endings, sso_sessions
from idp.store.accounts import Account
from idp.store.sso_sessions import SsoSession
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User
from tests.store.conftest import NOW, PROOF, add_session, beginning, new_account, new_user
from tests.support.database import RACERS, racing

IDLE = timedelta(hours=1)
KIM = SessionId("session-kim")


def live(*cookies: str, now=NOW) -> list[str]:
    with reading() as session:
        return [one.sid for one in sso_sessions.live(session, cookies, now=now, idle=IDLE)]


def test_a_session_is_found_by_its_cookie_with_what_pages_and_tokens_need(acme):
    with reading() as session:
        (found,) = sso_sessions.live(session, ["cookie-kim"], now=NOW, idle=IDLE)
    assert found == sso_sessions.LiveSession(
        sid=KIM,
        user_id="kim",
        account_code="acme",
        account_name="Acme",
        name="Kim",
        email="kim@acme.example",
        authentication=PROOF,
        last_seen_at=NOW,
        signed_in_at=NOW,
    )


@pytest.mark.parametrize("cookie", ["", "another", "session-kim", "COOKIE-KIM", "\ud800"])
def test_no_other_cookie_opens_it(acme, cookie):
    assert live(cookie) == []


def test_without_cookies_nobody_is_signed_in(acme):
    assert live() == []


def test_the_clear_cookie_is_not_stored(acme):
    with reading() as session:
        assert "cookie-kim" not in session.scalars(select(SsoSession.cookie_digest)).one()


def test_two_sessions_never_share_a_cookie(acme):
    with pytest.raises(IntegrityError), unit_of_work() as session:
        add_session(session, "kim", cookie="cookie-kim", sid="session-2")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(0), ["session-kim"]),
        (IDLE - timedelta(seconds=1), ["session-kim"]),
        (IDLE, []),
        (timedelta(days=1), []),
    ],
)
def test_a_session_ends_when_it_idles_for_an_hour(acme, after, expected):
    assert live("cookie-kim", now=NOW + after) == expected


def test_use_keeps_a_session_alive_but_not_beyond_its_end(acme):
    last = NOW + timedelta(hours=12) - timedelta(seconds=1)
    with unit_of_work() as session:
        sso_sessions.touch(session, KIM, now=last)
    assert live("cookie-kim", now=last) == ["session-kim"]
    assert live("cookie-kim", now=last + timedelta(seconds=1)) == []


def test_the_latest_sign_in_comes_first(acme):
    with unit_of_work() as session:
        session.add(new_account("globex"))
        session.flush()
        session.add(new_user("lee", account="globex"))
        session.flush()
        sso_sessions.add(
            session,
            SessionId("session-lee"),
            beginning("cookie-lee", now=NOW + timedelta(seconds=1)),
            user_id="lee",
            account="globex",
        )
    assert live("cookie-kim", "cookie-lee") == ["session-lee", "session-kim"]


def test_a_renewed_session_keeps_its_sid_and_opens_with_the_new_cookie_only(acme):
    proof = Authentication(at=NOW + timedelta(minutes=10), acr="urn:deepdesk:acr:interactive", amr=("fed", "mfa"))
    with unit_of_work() as session:
        sso_sessions.renew(
            session, KIM, replace(beginning("a new cookie", now=NOW + timedelta(hours=2)), authentication=proof)
        )
    assert live("cookie-kim", now=NOW + timedelta(hours=2)) == []
    with reading() as session:
        (found,) = sso_sessions.live(session, ["a new cookie"], now=NOW + timedelta(hours=2), idle=IDLE)
    assert (found.sid, found.authentication) == (KIM, proof)
    assert live("a new cookie", now=NOW + timedelta(hours=2, minutes=59)) == ["session-kim"]


def test_of_eight_racing_renewals_one_cookie_opens_the_session(acme):
    cookies = [f"cookie-{number}" for number in range(RACERS)]
    waiting = iter(cookies)

    def renew() -> None:
        with unit_of_work() as session:
            sso_sessions.renew(session, KIM, beginning(next(waiting)))

    assert racing(acme, renew) == [None] * RACERS
    assert sum(bool(live(cookie)) for cookie in [*cookies, "cookie-kim"]) == 1


def test_of_eight_racing_sessions_with_one_cookie_one_begins(acme):
    """Cookies are random; this is what the constraint does if they were not."""
    numbers = iter(range(RACERS))

    def begin() -> str:
        with unit_of_work() as session:
            add_session(session, "kim", cookie="one cookie", sid=f"session-{next(numbers)}")
        return "begun"

    outcomes = racing(acme, begin)
    assert outcomes.count("begun") == 1
    assert sum(isinstance(one, IntegrityError) for one in outcomes) == RACERS - 1


def test_an_ended_session_opens_for_nobody_and_its_end_stays(acme):
    with unit_of_work() as session:
        endings.end(session, endings.of_sessions([KIM]), now=NOW)
    with unit_of_work() as session:
        endings.end(session, endings.of_sessions([KIM]), now=NOW + timedelta(hours=1))
    assert live("cookie-kim") == []
    with reading() as session:
        assert session.scalars(select(SsoSession.ended_at)).one() == NOW


@pytest.mark.parametrize("table", [User, Account])
def test_the_session_of_a_disabled_person_or_account_does_not_count(acme, table):
    with unit_of_work() as session:
        session.execute(update(table).values(enabled=False))
    assert live("cookie-kim") == []
    with unit_of_work() as session:
        session.execute(update(table).values(enabled=True))
    assert live("cookie-kim") == ["session-kim"]
