"""What nobody needs any more goes, table by table, and what somebody may need stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from idp.store import expiry, mail_proofs
from idp.store.access_requests import AccessRequest
from idp.store.authorization_codes import AuthorizationCode
from idp.store.clients import ClientSecret
from idp.store.counters import Counter
from idp.store.db import Base
from idp.store.expiry import EXPIRIES, Expiry, Horizon
from idp.store.mail_proofs import MailProof
from idp.store.outbox import OutboxItem
from idp.store.parked_requests import ParkedRequest
from idp.store.pushed_requests import PushedRequest
from idp.store.revoked_tokens import RevokedToken
from idp.store.sign_in_attempts import SignInAttempt
from idp.store.sign_outs import SignOut
from idp.store.sso_sessions import SsoSession
from idp.store.token_families import TokenFamily
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.used_assertions import UsedAssertion
from tests.store.conftest import NOW, new_access_request, new_link_request, new_mail

DAY = timedelta(days=1)
ACCESS_TOKEN = timedelta(minutes=15)
MOMENT = timedelta(microseconds=1)
OF_KIM = {"client_id": "studio", "user_id": "kim", "sid": "session-kim", "scope": "openid"}
PROVEN = {"auth_time": NOW, "acr": "a", "amr": []}

EXPIRING: dict[type[Base], dict[str, Any]] = {
    AuthorizationCode: {
        "code_digest": "d",
        **OF_KIM,
        **PROVEN,
        "family_id": "family-0",
        "redirect_uri": "https://studio.example.com/callback",
        "resources": [],
        "claims": {},
        "used_at": NOW,
    },
    ParkedRequest: {"id": "p", "browser_digest": "b", "client_id": "studio", "request": {}, "created_at": NOW},
    PushedRequest: {"reference_digest": "r", "client_id": "studio", "request": {}, "created_at": NOW},
    SignInAttempt: {
        "state_digest": "s",
        "provider_id": "provider-okta",
        "browser_digest": "b",
        "redirect_uri": "https://x/",
        "remembered_sealed": "s",
        "created_at": NOW,
    },
    UsedAssertion: {"client_id": "studio", "jti_digest": "j"},
    RevokedToken: {"jti": "j"},
    ClientSecret: {"client_id": "studio", "digest": "d", "created_at": NOW},
    SignOut: {"reference_digest": "r", "services": [], "created_at": NOW},
    Counter: {"name_digest": "n", "window_at": NOW - DAY, "count": 5},
}
"""A row of each table whose rows say when they expire."""


def add(table: type[Base], **values: Any) -> None:
    with unit_of_work() as session:
        session.execute(insert(table).values(**values))


def add_family(name: str, **values: Any) -> None:
    given = {"id": name, **OF_KIM, **PROVEN, "resources": [], "claims": {}, "offline": True}
    counted = {"generation": 1, "rotated_at": NOW, "created_at": NOW}
    add(TokenFamily, **{**given, **counted, **values})


def add_item(name: str, **values: Any) -> None:
    given = {"id": name, "kind": "backchannel_logout", "payload": {}, "created_at": NOW, "due_at": NOW, "attempts": 1}
    add(OutboxItem, **given, **values)


def set_session(**values: Any) -> None:
    with unit_of_work() as session:
        kim = session.get_one(SsoSession, "session-kim")
        for name, value in values.items():
            setattr(kim, name, value)


def remains(table: type[Base]) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def tidied(at: datetime, *tables: type[Base]) -> None:
    """Remove what can go at that moment; of all tables unless some are named."""
    horizon = Horizon(now=at, access_token=ACCESS_TOKEN)
    for one in of(*tables):
        with reading() as session:
            keys = expiry.find(session, one, horizon, most=100)
        with unit_of_work() as session:
            assert expiry.remove(session, one, horizon, keys) == len(keys)


def of(*tables: type[Base]) -> Iterable[Expiry]:
    return [one for one in EXPIRIES if not tables or one.table in tables]


@pytest.mark.parametrize("table", EXPIRING, ids=lambda table: table.__tablename__)
def test_a_row_stays_for_a_day_after_it_expired_and_then_goes(acme: Flask, table: type[Base]) -> None:
    """For a day a used code is known as used, and a pushed request waits for its person."""
    add(table, **EXPIRING[table], expires_at=NOW)
    tidied(NOW + DAY - MOMENT)
    assert remains(table) == 1
    tidied(NOW + DAY)
    assert remains(table) == 0


def test_what_was_delivered_is_kept_for_a_week(acme: Flask) -> None:
    add_item("done", done_at=NOW)
    tidied(NOW + 7 * DAY - MOMENT)
    assert remains(OutboxItem) == 1
    tidied(NOW + 7 * DAY)
    assert remains(OutboxItem) == 0


def test_what_waits_or_was_given_up_is_kept_for_ever(acme: Flask) -> None:
    add_item("waiting")
    add_item("dead", dead_at=NOW)
    tidied(NOW + 1000 * DAY)
    assert remains(OutboxItem) == 2


@pytest.mark.parametrize("used_at", [None, NOW - DAY], ids=["too old", "used"])
def test_a_mail_says_for_a_month_whose_it_was(acme: Flask, used_at: datetime | None) -> None:
    """So that whoever finds it then can have a new one sent."""
    with unit_of_work() as session:
        mail_proofs.add(session, new_mail("mail", expires_at=NOW), now=NOW - DAY)
        session.get_one(MailProof, "mail").used_at = used_at
    tidied(NOW + 30 * DAY - MOMENT)
    assert remains(MailProof) == 1
    tidied(NOW + 30 * DAY)
    assert remains(MailProof) == 0


@pytest.mark.parametrize(
    ("status", "settled"),
    [("approved", {"decided_at": NOW}), ("denied", {"decided_at": NOW}), ("expired", {"expires_at": NOW})],
)
def test_a_request_for_access_is_kept_for_half_a_year_after_it_was_settled(
    acme: Flask, status: str, settled: dict[str, datetime]
) -> None:
    request = new_access_request("request", status=status, at=NOW - 7 * DAY)
    for name, value in settled.items():
        setattr(request, name, value)
    with unit_of_work() as session:
        session.add(request)
    tidied(NOW + 180 * DAY - MOMENT)
    assert remains(AccessRequest) == 1
    tidied(NOW + 180 * DAY)
    assert remains(AccessRequest) == 0


@pytest.mark.parametrize("status", ["pending", "approved", "denied"])
def test_what_waits_and_what_was_decided_about_a_sign_in_is_kept(acme: Flask, status: str) -> None:
    """A decision about a collision counts at the next sign-in, whenever that is."""
    collision = new_link_request("collision")
    collision.status, collision.decided_at = status, NOW
    with unit_of_work() as session:
        session.add_all([collision, new_access_request("request")])
    tidied(NOW + 1000 * DAY)
    assert remains(AccessRequest) == 2


def test_a_clients_present_secret_is_kept_for_ever(acme: Flask) -> None:
    add(ClientSecret, client_id="studio", digest="d", created_at=NOW)
    tidied(NOW + 1000 * DAY)
    assert remains(ClientSecret) == 1


@pytest.mark.parametrize(
    "ended",
    [
        {"revoked_at": NOW, "refresh_expires_at": NOW + 90 * DAY, "seed": "s"},
        {"refresh_expires_at": NOW, "seed": "s", "created_at": NOW - 90 * DAY},
        {"created_at": NOW},
    ],
    ids=["revoked", "expired", "without refresh tokens"],
)
def test_a_family_is_kept_until_a_day_after_its_last_access_token(acme: Flask, ended: dict[str, Any]) -> None:
    add_family("family", **ended)
    tidied(NOW + ACCESS_TOKEN + DAY - MOMENT)
    assert remains(TokenFamily) == 1
    tidied(NOW + ACCESS_TOKEN + DAY)
    assert remains(TokenFamily) == 0


def test_a_family_that_can_be_renewed_is_kept(acme: Flask) -> None:
    add_family("family", seed="s", refresh_expires_at=NOW + 90 * DAY)
    tidied(NOW + 90 * DAY)
    assert remains(TokenFamily) == 1


@pytest.mark.parametrize("over", [{"ended_at": NOW}, {"expires_at": NOW}], ids=["ended", "expired"])
def test_a_session_is_kept_for_a_month_after_it_was_over(acme: Flask, over: dict[str, datetime]) -> None:
    set_session(**{"expires_at": NOW + 365 * DAY, **over})
    tidied(NOW + 30 * DAY - MOMENT)
    assert remains(SsoSession) == 1
    tidied(NOW + 30 * DAY)
    assert remains(SsoSession) == 0


def test_a_session_that_goes_on_is_kept(acme: Flask) -> None:
    set_session(expires_at=NOW + 365 * DAY)
    tidied(NOW + 364 * DAY)
    assert remains(SsoSession) == 1


def test_an_offline_family_keeps_its_session(acme: Flask) -> None:
    """With the session's row it would be deleted, too, and with it somebody's refresh token."""
    add_family("family", seed="s", refresh_expires_at=NOW + 90 * DAY)
    set_session(ended_at=NOW)
    tidied(NOW + 89 * DAY)
    assert (remains(SsoSession), remains(TokenFamily)) == (1, 1)
    tidied(NOW + 92 * DAY)
    assert (remains(SsoSession), remains(TokenFamily)) == (0, 0)


def test_a_session_that_came_to_be_needed_between_search_and_removal_is_kept(acme: Flask) -> None:
    set_session(ended_at=NOW)
    horizon = Horizon(now=NOW + 30 * DAY, access_token=ACCESS_TOKEN)
    (sessions,) = of(SsoSession)
    with reading() as session:
        keys = expiry.find(session, sessions, horizon, most=100)
    assert keys
    add_family("family", seed="s", refresh_expires_at=NOW + 90 * DAY)
    with unit_of_work() as session:
        assert expiry.remove(session, sessions, horizon, keys) == 0
    assert (remains(SsoSession), remains(TokenFamily)) == (1, 1)


def test_no_more_is_found_than_was_asked_for(acme: Flask) -> None:
    for number in range(3):
        add(RevokedToken, jti=str(number), expires_at=NOW)
    (tokens,) = of(RevokedToken)
    with reading() as session:
        assert len(expiry.find(session, tokens, Horizon(now=NOW + DAY, access_token=ACCESS_TOKEN), most=2)) == 2


def test_every_table_that_expires_is_tidied() -> None:
    """A new table with a column of that name has to say when its rows go."""
    names = {table.name for table in Base.metadata.sorted_tables if "expires_at" in table.columns}
    assert names - {one.name for one in EXPIRIES} == set()
