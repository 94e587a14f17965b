"""Requests are found by what they are about, and listed by account."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy.exc import IntegrityError

from idp.domain.identifiers import AccountCode, ProviderId, UserId
from idp.store import access_requests
from idp.store.access_requests import Collision
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import NOW, SOON, new_access_request, new_account, new_link_request, new_provider, new_user
from tests.support.database import RACERS, racing

ACME, GLOBEX = AccountCode("acme"), AccountCode("globex")
ROBIN = "robin@acme.example"
numbers = count()
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


# For access


def ask(*requests):
    with unit_of_work() as session:
        session.add_all(requests)


def asking(**given):
    return new_access_request(f"request-{next(numbers)}", **given)


def write(*requests):
    ask(*requests)
    return "asked"


def arrived(request_id="request", *, now=SOON):
    with unit_of_work() as session:
        return access_requests.note_arrival(session, request_id, now=now)


def test_of_eight_racing_requests_for_an_address_one_waits(acme):
    outcomes = racing(acme, lambda: write(asking()))
    assert outcomes.count("asked") == 1
    assert sum(isinstance(one, IntegrityError) for one in outcomes) == RACERS - 1


def test_a_request_may_wait_beside_settled_ones_and_those_of_others(acme):
    ask(new_account("globex"))
    ask(*(asking(status=status) for status in ("approved", "denied", "expired", "denied")))
    ask(asking(), asking(address="lee@acme.example"), asking(account="globex"))
    with pytest.raises(IntegrityError):
        ask(asking())


def test_collisions_of_an_address_do_not_keep_its_request_from_waiting(acme):
    collisions = [new_link_request(f"link-{number}", subject=f"00u{number}") for number in range(3)]
    for one in collisions:
        one.email_canonical = ROBIN
    ask(*collisions)
    with reading() as session:
        assert access_requests.pending_for(session, ACME, ROBIN) is None
        assert access_requests.latest_for(session, ACME, ROBIN) is None
    assert write(asking()) == "asked"


def test_the_request_that_waits_and_the_latest_are_found_by_address(acme):
    ask(new_account("globex"))
    ask(
        new_access_request("denied", status="denied"),
        new_access_request("waiting", at=NOW + timedelta(hours=1)),
        new_access_request("of lee", address="lee@acme.example", status="approved"),
        new_access_request("theirs", account="globex", at=NOW + timedelta(hours=2)),
    )
    with reading() as session:
        assert access_requests.pending_for(session, ACME, ROBIN).id == "waiting"
        assert access_requests.latest_for(session, ACME, ROBIN).id == "waiting"
        assert access_requests.pending_for(session, ACME, "lee@acme.example") is None
        assert access_requests.latest_for(session, ACME, "lee@acme.example").id == "of lee"
        assert access_requests.pending_for(session, GLOBEX, ROBIN).id == "theirs"
        assert access_requests.latest_for(session, ACME, ROBIN.upper()) is None


def test_those_that_wait_are_listed_the_oldest_first_and_no_collisions(asked):
    ask(
        new_access_request("younger", at=NOW + timedelta(minutes=2)),
        new_access_request("older", address="lee@acme.example"),
        new_access_request("denied", status="denied"),
    )
    with reading() as session:
        assert [row.id for row in access_requests.pending(session)] == ["older", "younger"]
        # A collision is no request for access, whatever its address.
        assert [row.id for row in access_requests.not_approved(session, UserId("kim"))] == ["first", "second"]


def test_a_request_for_access_is_about_no_collision(asked):
    ask(new_access_request("request"))
    with reading() as session:
        assert access_requests.get(session, "second").collision() == Collision(
            user_id=KEY["user_id"], provider_id=KEY["provider"], issuer=KEY["issuer"], subject=KEY["subject"]
        )
        with pytest.raises(ValueError, match="only a request of kind link"):
            access_requests.get(session, "request").collision()


def test_an_arrival_is_noted_once_and_tells_when_access_was_asked_for(acme):
    ask(new_access_request("request", status="approved", at=NOW))
    assert arrived() == NOW
    assert arrived(now=SOON + timedelta(days=1)) is None
    with reading() as session:
        assert access_requests.get(session, "request").arrived_at == SOON


def test_of_eight_racing_arrivals_one_is_noted(acme):
    ask(new_access_request("request", status="approved"))
    outcomes = racing(acme, arrived)
    assert outcomes.count(NOW) == 1
    assert outcomes.count(None) == RACERS - 1


def test_an_arrival_is_that_of_its_own_request(acme):
    ask(new_access_request("request", status="approved"), new_access_request("other", status="approved"))
    arrived()
    with reading() as session:
        assert access_requests.get(session, "other").arrived_at is None


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, "request"),
        ({"status": "pending"}, None),
        ({"status": "denied"}, None),
        ({"user_id": None}, None),
        ({"user_made": False}, None),
        ({"arrived_at": NOW}, None),
    ],
    ids=["approved", "pending", "denied", "made nobody", "found somebody", "arrived"],
)
def test_the_request_whose_approval_made_somebody_is_found_until_they_arrive(acme, changes, found):
    request = new_access_request("request", status="approved", user="kim")
    request.user_made = True
    for name, value in changes.items():
        setattr(request, name, value)
    ask(request)
    with reading() as session:
        assert access_requests.approved_for(session, UserId("kim")) == found
        assert access_requests.approved_for(session, UserId("robin")) is None


def test_a_collision_that_was_approved_made_nobody(asked):
    with unit_of_work() as session:
        access_requests.take(session, "second").status = "approved"
    with reading() as session:
        assert access_requests.approved_for(session, UserId("kim")) is None


def test_an_accounts_requests_are_those_that_wait_and_those_settled_last_first(asked):
    decided = {"denied": NOW + timedelta(hours=3), "approved": NOW + timedelta(hours=1)}
    for status, at in decided.items():
        request = new_access_request(status, status=status)
        request.decided_at = at
        ask(request)
    expired = new_access_request("expired", status="expired")
    expired.expires_at = NOW + timedelta(hours=2)
    ask(expired, new_access_request("waiting", at=NOW + timedelta(minutes=5)))
    with unit_of_work() as session:
        row = access_requests.take(session, "first")
        row.status, row.decided_at = "denied", NOW + timedelta(hours=4)
    with reading() as session:
        assert [row.id for row in access_requests.waiting_of(session, ACME)] == ["second", "waiting"]
        settled = [row.id for row in access_requests.settled_of(session, ACME, most=9)]
        assert settled == ["first", "denied", "expired", "approved"]
        assert len(access_requests.settled_of(session, ACME, most=2)) == 2
        assert [row.id for row in access_requests.waiting_of(session, GLOBEX)] == ["theirs"]
        assert access_requests.settled_of(session, GLOBEX, most=9) == []


def test_who_arrived_lately_is_found_by_account(acme):
    ask(new_account("globex"))
    ask(
        *(new_access_request(name, status="approved") for name in ("early", "late", "never")),
        new_access_request("theirs", status="approved", account="globex"),
    )
    for name, at in (("early", NOW), ("late", SOON), ("theirs", SOON)):
        arrived(name, now=at)
    with reading() as session:
        assert [row.id for row in access_requests.arrived_since(session, SOON, account=ACME)] == ["late"]
        assert len(access_requests.arrived_since(session, NOW, account=ACME)) == 2
        assert {row.id for row in access_requests.for_access(session)} == {"early", "late", "never", "theirs"}
