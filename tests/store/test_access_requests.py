"""Requests are found by what they are about, and listed by account."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.domain.identifiers import AccountCode, ProviderId, UserId
from idp.store import access_requests
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, new_account, new_link_request, new_provider, new_user

KEY = {
    "provider": ProviderId("provider-okta"),
    "issuer": "https://okta.example",
    "subject": "00u2",
    "user_id": UserId("kim"),
}


@pytest.fixture
def asked(acme):
    with unit_of_work() as session:
        session.add(new_account("globex"))
        session.flush()
        session.add_all([new_user("lee", account="globex"), new_provider("entra", account="globex")])
        session.flush()
        session.add_all(
            [
                new_link_request("second", at=NOW + timedelta(minutes=1)),
                new_link_request("first", subject="00u3"),
                new_link_request("theirs", user="lee", account="globex", provider="entra"),
            ]
        )


def test_a_collision_is_found_by_identity_and_person(asked):
    others = [
        {"provider": ProviderId("provider-entra")},
        {"issuer": "https://okta.example/"},
        {"subject": "00U2"},
        {"user_id": UserId("lee")},
    ]
    with reading() as session:
        assert access_requests.of_collision(session, **KEY).id == "second"
        assert [access_requests.of_collision(session, **{**KEY, **other}) for other in others] == [None] * 4
        assert access_requests.take(session, "first").subject == "00u3"
        assert access_requests.take(session, "none") is None


@pytest.mark.parametrize(
    ("account", "expected"),
    [("acme", ["first", "second"]), ("globex", ["theirs"]), ("nowhere", []), (None, ["first", "theirs", "second"])],
)
def test_requests_are_listed_the_oldest_first(asked, account, expected):
    with reading() as session:
        found = access_requests.of_account(session, None if account is None else AccountCode(account))
    assert [row.id for row in found] == expected
