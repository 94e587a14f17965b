"""A deletion takes all that hangs on a row with it, and leaves the audit trail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.audit import trail
from idp.audit.events import CodeRedeemed
from idp.domain.authorization import Authorization
from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.bridges import Bridge
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode, ClientId, FamilyId, ProviderId, SessionId, UserId
from idp.domain.roles import Role
from idp.domain.scope import Scope
from idp.store import (
    accounts,
    authorization_codes,
    clients,
    consents,
    counters,
    exchange_tokens,
    handoffs,
    mail_proofs,
    management_entries,
    outbox,
    parked_requests,
    permission_groups,
    platform_jwts,
    provider_checks,
    pushed_requests,
    revoked_tokens,
    sign_in_attempts,
    sign_outs,
    staff_entries,
    used_assertions,
)
from idp.store.api_keys import ApiKey
from idp.store.bridge_people import BridgePerson
from idp.store.clients import ClientAdmittedAccount
from idp.store.leases import Lease
from idp.store.mail_proofs import Purpose
from idp.store.outbox import OutboxKind
from idp.store.platform_secrets import PlatformSecret
from idp.store.providers import Provider
from idp.store.sign_in_attempts import Departed
from idp.store.sign_ins import SignIn
from idp.store.sso_sessions import SsoSession
from idp.store.tables import metadata
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink
from idp.store.users import User
from tests.store.conftest import (
    NOW,
    PROOF,
    add_family,
    new_access_request,
    new_grant,
    new_link_request,
    new_mail,
    new_user,
)

KEPT = {
    **dict.fromkeys(("audit_events", "revoked_tokens", "outbox", "leases", "sign_outs", "counters"), 1),
    **dict.fromkeys(("permission_groups", "group_permissions"), 1),
}
LATER = NOW + timedelta(minutes=1)
REQUEST = AuthorizationRequest(client_id=ClientId("studio"), redirect_uri="https://a.example/", scope=(Scope.OPENID,))


@pytest.fixture
def busy(acme):
    """The account ``acme`` with one row in every table."""
    with unit_of_work() as session:
        account = accounts.find(session, AccountCode("acme"))
        accounts.set_origins(account, ["https://platform.example.com"])
        accounts.set_email_domains(account, ["acme.example"])
        accounts.set_access_domains(account, ["acme.example"])
        accounts.set_deputies(account, [UserId("kim")])
        clients.add_secret(session, ClientId("studio"), "d" * 64, now=NOW)
        session.add(ApiKey(id="key-1", account_code="acme", key_digest="d" * 64, created_at=NOW))
        shared = {"secret_digest": "d" * 64, "secret_sealed": "sealed", "created_at": NOW}
        session.add(PlatformSecret(id="secret-1", account_code="acme", **shared))
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
        session.add(
            SignIn(
                id="sign-in-1",
                at=NOW,
                account_code="acme",
                provider_code="okta",
                user_id="kim",
                subject="00u1",
                email_vouched=False,
                outcome="ok",
                role_claim="roles",
                role_values=[],
                role_rules={},
                roles_before=[],
                role_steps=[],
                roles=[],
                request_id="r",
            )
        )
        departed = Departed(
            provider_id=ProviderId("provider-okta"), parked_id=None, redirect_uri="https://x/", remembered_sealed="s"
        )
        sign_in_attempts.add(session, "state", browser="b", departed=departed, created_at=NOW, expires_at=LATER)
        parked_requests.add(session, "parked-1", REQUEST, browser="b", now=NOW, expires_at=LATER)
        provider_checks.keep(session, ProviderId("provider-okta"), [], now=NOW)
        permission_groups.replace(session, [("Manager", "deepdesk.manager", ["users.view_user"])])
        used_assertions.use(session, ClientId("studio"), "jti-1", expires_at=LATER)
        revoked_tokens.add(session, "family-1.jti-1", expires_at=LATER)
        outbox.enqueue(session, OutboxKind.BACKCHANNEL_LOGOUT, {"sub": "kim"}, account="acme", now=NOW)
        session.add(Lease(name="a-chore", holder="a-worker", held_until=LATER))
        sign_outs.add(session, "reference", [], now=NOW, expires_at=LATER)
        pushed_requests.add(session, "pushed-1", REQUEST, now=NOW, expires_at=LATER)
        consents.keep(session, UserId("kim"), ClientId("studio"), scope=["openid"], claims=[], now=NOW)
        grant = Authorization(
            family_id=FamilyId("family-1"),
            user_id=UserId("kim"),
            sid=SessionId("session-kim"),
            scope=(Scope.OPENID,),
            nonce=None,
            authentication=PROOF,
        )
        authorization_codes.add(
            session,
            "code",
            grant,
            client_id=ClientId("studio"),
            redirect_uri="https://a.example/",
            code_challenge=None,
            expires_at=LATER,
        )
        add_family(session, "family-1")
        session.flush()
        key = {"account_code": "acme", "bridge": Bridge.API_KEY, "platform_id": "4711"}
        session.add(BridgePerson(**key, user_id="kim", made_with="key-1", created_at=NOW))
        platform_jwts.note(session, AccountCode("acme"), "jti-1", network=None, expires_at=LATER)
        exchange_tokens.add(session, "jti-1", FamilyId("family-1"), expires_at=LATER)
        handoffs.add(
            session,
            "token",
            challenge="c" * 43,
            origin="https://platform.example.com",
            account=AccountCode("acme"),
            sid=SessionId("session-kim"),
            expires_at=LATER,
        )
        session.add(ClientAdmittedAccount(client_id="studio", account_code="acme"))
        session.add(new_link_request("request-1"))
        session.add(new_grant("grant-1", account="acme", user="kim"))
        staff_entries.add(session, SessionId("session-kim"), ClientId("studio"), [Role.EDITOR], now=NOW)
        management_entries.add(session, SessionId("session-kim"), AccountCode("acme"), [Role.MANAGER], now=NOW)
        counters.add(session, "magic_link:acme:kim@acme.example", within=timedelta(minutes=15), now=NOW)
        mail_proofs.add(session, new_mail("mail-1", user="kim", sid="session-kim"), now=NOW)
        event = CodeRedeemed(account="acme", user="kim", client="studio", family="family-1")
        trail.record(session, event, Context.of_operator("test", NOW))
    return acme


def rows() -> dict[str, int]:
    """Return how many rows each table has that has any."""
    with reading() as session:
        counts = {
            table.name: session.scalar(select(func.count()).select_from(table)) for table in metadata.sorted_tables
        }
    return {name: number for name, number in counts.items() if number}


def delete(table: type, **where: str) -> None:
    with unit_of_work() as session:
        session.delete(session.scalars(select(table).filter_by(**where)).one())


def test_every_table_but_the_keys_has_a_row_beforehand(busy):
    """So that nothing below passes for want of something to delete."""
    assert set(rows()) == {table.name for table in metadata.sorted_tables} - {"signing_keys"}


def test_an_account_goes_with_all_it_has_except_the_trail(busy):
    with unit_of_work() as session:
        accounts.remove(session, AccountCode("acme"))
    assert rows() == KEPT


def test_a_client_goes_with_its_secrets_and_what_was_issued_to_it(busy):
    before = rows()
    with unit_of_work() as session:
        clients.remove(session, ClientId("studio"))
    gone = {"clients", "client_secrets", "client_admitted_accounts", "parked_requests"}
    gone |= {"pushed_requests", "consents", "used_assertions"}
    gone |= {"authorization_codes", "token_families", "exchange_tokens", "staff_entries"}
    assert rows() == {name: number for name, number in before.items() if name not in gone}


def test_a_provider_goes_with_its_links_open_attempts_and_collisions(busy):
    before = rows()
    delete(Provider, code="okta")
    gone = {"providers", "upstream_identities", "sign_in_attempts", "access_requests", "provider_checks"}
    assert rows() == {name: number for name, number in before.items() if name not in gone}


def test_a_user_goes_with_links_sessions_tokens_sign_ins_and_grants(busy):
    before = rows()
    delete(User, id="kim")
    gone = {"users", "upstream_identities", "sso_sessions", "authorization_codes", "token_families", "sign_ins"}
    gone |= {"access_requests", "staff_grants", "staff_entries", "consents", "user_terms"}
    gone |= {"bridge_people", "exchange_tokens", "handoffs"}
    gone |= {"account_deputies", "mail_proofs", "management_entries"}
    assert rows() == {name: number for name, number in before.items() if name not in gone}


def test_whom_an_approval_made_goes_with_the_request_and_the_mails_that_it_led_to(busy):
    """Whoever asked, and was let in and removed, left nothing of what they wrote."""
    before = rows()
    with unit_of_work() as session:
        session.add(new_user("robin"))
        session.flush()
        session.add(new_access_request("request-2", status="approved", user="robin"))
        session.flush()
        mail_proofs.add(session, new_mail("mail-2", purpose=Purpose.ACCESS, request="request-2"), now=NOW)
        mail_proofs.add(session, new_mail("mail-3", user="robin", request="request-2"), now=NOW)
    delete(User, id="robin")
    assert rows() == before


def test_a_session_goes_with_its_codes_families_and_entries(busy):
    before = rows()
    delete(SsoSession, sid="session-kim")
    gone = {"sso_sessions", "authorization_codes", "token_families", "staff_entries"}
    gone |= {"exchange_tokens", "handoffs", "mail_proofs", "management_entries"}
    assert rows() == {name: number for name, number in before.items() if name not in gone}
