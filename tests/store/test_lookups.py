"""Finding users, clients, accounts and events."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from idp.audit import trail
from idp.audit.events import CodeIssued
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode, ClientId, ProviderId, UserId
from idp.store import accounts, audit_events, clients, providers, sign_ins, upstream_identities, users
from idp.store.clients import ClientAdmittedAccount
from idp.store.sign_ins import SignIn
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink
from idp.store.users import User
from tests.store.conftest import NOW, new_account, new_client, new_provider, new_user

ACME, GLOBEX = AccountCode("acme"), AccountCode("globex")


@pytest.fixture
def two_accounts(acme):
    with unit_of_work() as session:
        session.add(new_account("globex"))
        session.flush()
        session.add_all([new_user("lee", account="globex"), new_client("backend", account="globex")])
        session.add(new_provider("entra", account="globex"))
    return acme


def test_lists_are_narrowed_to_an_account(two_accounts):
    with reading() as session:
        assert [row.code for row in accounts.everyone(session)] == ["acme", "globex"]
        assert [row.id for row in users.everyone(session)] == ["kim", "lee"]
        assert [row.id for row in users.of_account(session, GLOBEX)] == ["lee"]
        assert [row.client_id for row in clients.everyone(session)] == ["backend", "studio"]
        assert [row.client_id for row in clients.everyone(session, ACME)] == ["studio"]
        assert [row.code for row in providers.everyone(session)] == ["okta", "entra"]
        assert [row.code for row in providers.of_account(session, GLOBEX)] == ["entra"]


def test_another_accounts_provider_is_not_found(two_accounts):
    with reading() as session:
        assert providers.find(session, ACME, "okta") is not None
        assert providers.find(session, GLOBEX, "okta") is None
        assert providers.get(session, ProviderId("provider-okta")).account_code == "acme"


def test_whoever_holds_an_address_comes_first_under_it(acme):
    with unit_of_work() as session:
        session.add(new_user("early", vouched=False, address="robin@acme.example"))
        session.add(new_user("late", address="robin@acme.example"))
    with reading() as session:
        assert [row.id for row in users.with_address(session, ACME, "robin@acme.example")] == ["late", "early"]
        assert users.holder_of_address(session, ACME, "robin@acme.example").id == "late"
        assert users.holder_of_address(session, GLOBEX, "robin@acme.example") is None


@pytest.mark.parametrize(("held", "vouched"), [(True, False), (True, True), (False, True), (False, False)])
def test_an_address_is_somebodys_when_it_is_held_whoever_vouches_for_it(acme, held, vouched):
    with unit_of_work() as session:
        session.execute(update(User).values(email_held=held, email_vouched=vouched))
    with reading() as session:
        assert (users.holder_of_address(session, ACME, "kim@acme.example") is not None) is held


def test_a_platform_id_is_found_in_its_account_to_the_letter(two_accounts):
    with unit_of_work() as session:
        session.execute(update(User).where(User.id == "kim").values(platform_id="gen-1"))
    with reading() as session:
        assert users.with_platform_id(session, ACME, "gen-1").id == "kim"
        assert users.with_platform_id(session, GLOBEX, "gen-1") is None
        assert users.with_platform_id(session, ACME, "GEN-1") is None


def test_the_hosted_domains_of_an_account_are_those_of_all_its_providers(two_accounts):
    with unit_of_work() as session:
        session.add(new_provider("google", hosted_domains=["acme.example", "acme.net"]))
        session.add(new_provider("google-2", hosted_domains=["acme.org", "acme.net"]))
        session.add(new_provider("elsewhere", account="globex", hosted_domains=["globex.example"]))
    with reading() as session:
        assert providers.hosted_domains_of(session, ACME) == {"acme.example", "acme.net", "acme.org"}
        assert providers.hosted_domains_of(session, AccountCode("nowhere")) == frozenset()


def test_the_owners_of_domains_are_told_once(two_accounts):
    with unit_of_work() as session:
        for code, domains in ((ACME, ["acme.example", "acme.net"]), (GLOBEX, ["globex.example"])):
            accounts.set_email_domains(accounts.find(session, code), domains)
    with reading() as session:
        assert list(accounts.owners_of_domains(session, ["acme.example", "acme.net", "x.example"])) == [ACME]
        assert accounts.owners_of_domains(session, []) == []


def test_a_client_without_account_admits_the_accounts_it_names(two_accounts):
    with unit_of_work() as session:
        row = new_client("tools", account=None)
        row.admitted = [ClientAdmittedAccount(account_code="globex"), ClientAdmittedAccount(account_code="acme")]
        session.add(row)
    with reading() as session:
        assert sorted(clients.admitted_by(session, ClientId("tools"))) == ["acme", "globex"]
        assert clients.admitted_by(session, ClientId("studio")) == ()
        found = clients.find(session, ClientId("tools"))
        assert [one.account_code for one in found.admitted] == ["acme", "globex"]


def test_an_upstream_identity_is_found_by_all_of_its_key(acme):
    with unit_of_work() as session:
        session.add(
            UpstreamIdentityLink(
                id="link-1",
                provider_id="provider-okta",
                issuer="https://okta.example",
                subject="00u1",
                user_id="kim",
                created_at=NOW,
                last_seen_at=NOW,
            )
        )
    key = {"provider": ProviderId("provider-okta"), "issuer": "https://okta.example", "subject": "00u1"}
    others = [{"provider": ProviderId("x")}, {"issuer": "https://okta.example/"}, {"subject": "00U1"}]
    with reading() as session:
        assert upstream_identities.find(session, **key).user_id == "kim"
        assert [upstream_identities.find(session, **{**key, **other}) for other in others] == [None] * 3
        assert [link.id for link in upstream_identities.of_user(session, UserId("kim"))] == ["link-1"]


def test_the_latest_sign_in_of_a_user(acme):
    with unit_of_work() as session:
        for number, hours in enumerate((1, 3, 2)):
            session.add(
                SignIn(
                    id=str(number),
                    at=NOW + timedelta(hours=hours),
                    account_code="acme",
                    provider_code="okta",
                    user_id="kim",
                    subject="00u1",
                    email_vouched=False,
                    outcome="ok",
                    role_claim="roles",
                    role_values=["é"],
                    role_rules={},
                    roles_before=[],
                    role_steps=[{"value": "é", "rule": "unknown_value", "role": None}],
                    roles=["deepdesk.agent"],
                    request_id="r",
                )
            )
    with reading() as session:
        last = sign_ins.last_of_user(session, UserId("kim"))
        assert last.id == "1"
        assert last.role_steps == [{"value": "é", "rule": "unknown_value", "role": None}]
        assert sign_ins.last_of_user(session, UserId("lee")) is None


def digests(now=NOW) -> set[str]:
    with reading() as session:
        return {one.digest for one in clients.live_secrets(session, ClientId("studio"), now=now)}


def test_a_secret_counts_until_its_end_and_an_earlier_end_is_not_moved(acme):
    with unit_of_work() as session:
        clients.add_secret(session, ClientId("studio"), "old", now=NOW)
        session.flush()
        clients.end_secrets(session, ClientId("studio"), at=NOW + timedelta(minutes=1))
        clients.add_secret(session, ClientId("studio"), "new", now=NOW)
    assert digests() == {"old", "new"}
    with unit_of_work() as session:
        clients.end_secrets(session, ClientId("studio"), at=NOW + timedelta(hours=1))
    assert digests(NOW + timedelta(seconds=59)) == {"old", "new"}
    assert digests(NOW + timedelta(minutes=1)) == {"new"}
    assert digests(NOW + timedelta(hours=1)) == set()


def test_replacing_a_list_keeps_what_stays(acme):
    def stored() -> tuple[list[str], list[str]]:
        with reading() as session:
            account = accounts.find(session, ACME)
            return [row.origin for row in account.origins], [row.domain for row in account.email_domains]

    for origins, domains in ((["https://b", "https://a", "https://b"], ["b.example"]), (["https://b"], []), ([], [])):
        with unit_of_work() as session:
            account = accounts.find(session, ACME)
            accounts.set_origins(account, origins)
            accounts.set_email_domains(account, domains)
        assert stored() == (sorted(set(origins)), domains)
    with reading() as session:
        assert accounts.owner_of_domain(session, "b.example") is None


@pytest.fixture
def events(acme):
    with unit_of_work() as session:
        for hours, account, user in ((0, "acme", "kim"), (1, "globex", "lee"), (2, "acme", "robin")):
            event = CodeIssued(account=account, user=user, client="studio", sid="s", scope="openid")
            trail.record(session, event, Context.of_operator("test", NOW + timedelta(hours=hours)))


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({}, ["kim", "lee", "robin"]),
        ({"account": ACME}, ["kim", "robin"]),
        ({"user": UserId("lee")}, ["lee"]),
        ({"since": NOW + timedelta(hours=1)}, ["lee", "robin"]),
        ({"account": ACME, "since": NOW + timedelta(hours=1)}, ["robin"]),
        ({"account": AccountCode("nowhere")}, []),
    ],
)
def test_events_are_read_oldest_first_and_narrowed(events, narrowed, expected):
    with reading() as session:
        assert [event.user_id for event in audit_events.after(session, 0, **narrowed)] == expected


def test_events_are_read_from_where_one_stopped(events):
    with reading() as session:
        first, *rest = audit_events.after(session, 0)
        assert audit_events.after(session, first.id) == rest
        assert audit_events.after(session, rest[-1].id) == []


def test_an_event_holds_who_did_what_to_whom(events):
    with reading() as session:
        event = audit_events.after(session, 0)[0]
    assert (event.kind, event.outcome, event.account_code, event.client_id) == ("code.issued", "ok", "acme", "studio")
    assert (event.actor_kind, event.actor_id, event.network) == ("operator", "test", None)
    assert event.details == {"sid": "s", "scope": "openid"}
    assert event.at == NOW
