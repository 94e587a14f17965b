"""The person a token speaks of, as the records say now."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from idp.domain.identifiers import AccountCode, UserId
from idp.domain.roles import Role
from idp.store import accounts, subjects
from idp.store.accounts import Account
from idp.store.subjects import Subject
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User
from tests.store.conftest import new_account


def found() -> Subject | None:
    with reading() as session:
        return subjects.find(session, UserId("kim"))


def own(*domains: str, account: str = "acme") -> None:
    with unit_of_work() as session:
        owner = accounts.find(session, AccountCode(account))
        accounts.set_email_domains(owner, domains)


def change(**values: object) -> None:
    with unit_of_work() as session:
        session.execute(update(User).values(**values))


def test_a_subject_is_what_the_records_say(acme):
    assert found() == Subject(
        user_id=UserId("kim"),
        account=AccountCode("acme"),
        roles=(Role.AGENT,),
        email="kim@acme.example",
        email_verified=False,
        name="Kim",
        given_name=None,
        family_name=None,
        locale=None,
    )


def test_an_unknown_person_is_none(acme):
    with reading() as session:
        assert subjects.find(session, UserId("lee")) is None


@pytest.mark.parametrize("table", [User, Account])
def test_a_disabled_person_or_account_is_none(acme, table):
    with unit_of_work() as session:
        session.execute(update(table).values(enabled=False))
    assert found() is None


@pytest.mark.parametrize(
    ("address", "domains", "verified"),
    [
        ("kim@acme.example", ["acme.example"], True),
        ("kim@acme.example", ["globex.example", "acme.example"], True),
        ("kim@acme.example", [], False),
        ("kim@acme.example", ["example"], False),
        ("kim@acme.example", ["me.example"], False),
        ("kim@notacme.example", ["acme.example"], False),
        ("kim@mail.acme.example", ["acme.example"], False),
        ("kim@acme.example@evil.example", ["acme.example"], False),
        ("kim@acmeXexample", ["acme.example"], False),
        (None, ["acme.example"], False),
    ],
)
def test_an_address_is_verified_when_the_account_owns_its_very_domain(acme, address, domains, verified):
    change(email=address, email_canonical=address)
    own(*domains)
    assert found().email_verified is verified


def test_an_address_for_which_nobody_answers_is_not_verified(acme):
    own("acme.example")
    change(email_vouched=False)
    assert not found().email_verified


def test_a_domain_that_another_account_owns_does_not_count(acme):
    with unit_of_work() as session:
        session.add(new_account("globex"))
    own("acme.example", account="globex")
    assert not found().email_verified
