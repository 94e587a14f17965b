"""Identity collisions: asked once, decided once, and the next sign-in knows (PITFALLS 1, 8, 10)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from idp.domain.errors import DecisionTooLate, Invalid, NotAdmitted, NotFound, Refusal
from idp.domain.roles import Role
from idp.domain.upstream_identity import RoleEvidence
from idp.services.people import deciding
from idp.services.people import users as people
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from idp.store import subjects
from idp.store.access_requests import AccessRequest
from idp.store.audit_events import AuditEvent
from idp.store.unit_of_work import reading
from idp.store.upstream_identities import UpstreamIdentityLink
from idp.store.users import User
from tests.services.conftest import KIM, NOW, refused, rows, the, user_of
from tests.support.database import RACERS, racing

STRANGER = replace(KIM, subject="stranger", name="Kim K.")


@pytest.fixture
def elsewhere(connect, enter):
    """A second provider of acme, at which a stranger brings Kim's address."""
    enter(connect(role_based_iam=False), KIM)
    provider = connect(role_based_iam=False)
    assert refused(enter, provider, STRANGER) is Refusal.ADDRESS_TAKEN
    return provider


@pytest.fixture
def approve(parts, context):
    """Approve a request as the operator on the command line does."""
    return lambda request_id: deciding.approve(request_id, None, by=None, parts=parts, context=context)


@pytest.fixture
def deny(parts, context):
    return lambda request_id, reason=None: deciding.deny(request_id, reason, by=None, parts=parts, context=context)


@pytest.fixture
def request_id(elsewhere) -> str:
    return the(AccessRequest).id


def events(kind: str) -> list[AuditEvent]:
    with reading() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.kind == kind)))


def test_a_collision_asks_who_it_is(elsewhere):
    row = the(AccessRequest)
    assert (row.kind, row.status, row.account_code, row.provider_id) == ("link", "pending", "acme", elsewhere.id)
    assert (row.subject, row.user_id, row.email, row.email_vouched) == (
        "stranger",
        the(User).id,
        "Kim@acme.example",
        True,
    )
    assert (row.name, row.attempts, row.created_at) == ("Kim K.", 1, NOW)
    assert [one.details["request"] for one in events("link.requested")] == [row.id]


def test_however_often_it_comes_it_asks_once(elsewhere, enter):
    for minutes in (1, 2, 3):
        refused(enter, elsewhere, STRANGER, minutes=minutes)
    row = the(AccessRequest)
    assert (row.attempts, row.status) == (4, "pending")
    assert row.last_attempt_at > row.created_at
    assert len(events("link.requested")) == 1


def test_collisions_at_the_same_moment_ask_once(provider_app, connect, enter):
    enter(connect(), KIM)
    provider = connect()
    arrived = racing(provider_app, lambda: enter(provider, STRANGER))
    assert {one.refusal for one in arrived if isinstance(one, NotAdmitted)} == {Refusal.ADDRESS_TAKEN}
    assert [type(one) for one in arrived] == [NotAdmitted] * RACERS
    assert rows(AccessRequest) == 1


def test_once_approved_the_next_sign_in_works_and_roles_stay(elsewhere, enter, request_id, context, approve, parts):
    """PITFALLS 10: the identifier is what was tied, not only a name beside it."""
    people.set_roles(the(User).id, [Role.MANAGER], account=None, parts=parts, context=context)
    approved = approve(request_id)
    assert (approved.status, approved.decided_at, approved.decided_by) == ("approved", NOW, context.actor.id)
    user = user_of(enter(elsewhere, STRANGER, minutes=1))
    assert (user.id, user.roles) == (the(User).id, ["deepdesk.manager"])
    assert [one.details["match"] for one in events("identity.linked")] == ["decided"]
    assert [one.details["decision"] for one in events("link.decided")] == ["approved"]


def test_an_approval_is_for_that_identity_alone(elsewhere, enter, request_id, approve):
    approve(request_id)
    for other in (replace(STRANGER, subject="third"), replace(STRANGER, issuer="https://other.example")):
        assert refused(enter, elsewhere, other, minutes=1) is Refusal.ADDRESS_TAKEN


def test_once_denied_it_is_refused_from_then_on_and_asks_nobody(elsewhere, enter, request_id, context, deny, parts):
    denied = deny(request_id, "not our Kim")
    assert (denied.status, denied.reason) == ("denied", "not our Kim")
    accounts.update("acme", AccountSettings(link_by_email=True), context=context)
    people.set_roles(the(User).id, [], account=None, parts=parts, context=context)
    for identity in (STRANGER, replace(STRANGER, email_vouched=False)):
        assert refused(enter, elsewhere, identity, minutes=1) is Refusal.LINK_DENIED
    assert (the(AccessRequest).status, the(AccessRequest).attempts) == ("denied", 1)
    assert rows(UpstreamIdentityLink) == 1


def test_a_denial_can_be_turned_into_an_approval(elsewhere, enter, request_id, approve, deny):
    deny(request_id, "a mistake")
    approved = approve(request_id)
    assert (approved.status, approved.reason) == ("approved", None)
    assert user_of(enter(elsewhere, STRANGER, minutes=1)).id == the(User).id


def test_what_was_approved_is_not_approved_again(request_id, approve):
    approve(request_id)
    with pytest.raises(DecisionTooLate, match="approved already"):
        approve(request_id)


def test_denying_what_was_approved_takes_the_tie_and_what_is_open(elsewhere, enter, request_id, approve, deny):
    approve(request_id)
    begun = enter(elsewhere, STRANGER, minutes=1)
    deny(request_id)
    with reading() as session:
        assert not subjects.in_session(session, begun.sid)
    assert refused(enter, elsewhere, STRANGER, minutes=2) is Refusal.LINK_DENIED


def test_a_denial_stands_against_another(request_id, deny):
    deny(request_id)
    with pytest.raises(DecisionTooLate, match="denied already"):
        deny(request_id)


def test_an_identity_that_became_somebody_meanwhile_is_not_tied_twice(elsewhere, enter, request_id, approve):
    enter(elsewhere, replace(STRANGER, email=None), minutes=1)
    with pytest.raises(Invalid, match="has become user"):
        approve(request_id)
    assert the(AccessRequest).status == "pending"


@pytest.mark.parametrize("reason", ["x" * 501, "a\nb"])
def test_a_reason_is_short_and_printable(request_id, reason, deny):
    with pytest.raises(Invalid, match="--reason"):
        deny(request_id, reason)
    assert the(AccessRequest).status == "pending"


def test_an_unknown_request_is_not_found(connect, approve, deny):
    for decide in (approve, deny):
        with pytest.raises(NotFound):
            decide("no-such-request")


def test_of_racing_approvals_one_counts_and_the_others_say_so(provider_app, request_id, approve):
    decided = racing(provider_app, lambda: approve(request_id))
    assert sorted(type(one).__name__ for one in decided) == ["AccessRequest"] + ["DecisionTooLate"] * (RACERS - 1)
    assert rows(UpstreamIdentityLink) == 2


def test_approval_and_denial_at_the_same_moment_leave_what_the_request_says(provider_app, request_id, approve, deny):
    acts = iter([approve, deny] * (RACERS // 2))
    racing(provider_app, lambda: next(acts)(request_id))
    tied = rows(UpstreamIdentityLink) == 2
    assert tied is (the(AccessRequest).status == "approved")


def test_requests_are_listed_by_account_the_oldest_first(elsewhere, enter, context):
    refused(enter, elsewhere, replace(STRANGER, subject="later"), minutes=1)
    accounts.create("globex", AccountSettings(name="Globex"), context=context)
    listed = deciding.list_all("acme", context=context)
    assert {one.meets.id for one in listed} == {the(User).id}
    assert [(one.request.subject, one.provider.code) for one in listed] == [
        ("stranger", elsewhere.code),
        ("later", elsewhere.code),
    ]
    assert len(deciding.list_all(None, context=context)) == 2
    assert list(deciding.list_all("globex", context=context)) == []
    with pytest.raises(NotFound):
        deciding.list_all("nowhere", context=context)


def test_denying_what_was_approved_gives_the_roles_of_before_back(connect, enter, approve, deny):
    enter(connect(), KIM)
    provider = connect()
    manager = replace(STRANGER, roles=RoleEvidence(claim="roles", values=("deepdesk.manager",)))
    refused(enter, provider, manager)
    approve(the(AccessRequest).id)
    for minutes in (1, 2):
        assert user_of(enter(provider, manager, minutes=minutes)).roles == ["deepdesk.manager"]
    deny(the(AccessRequest).id)
    assert the(User).roles == ["deepdesk.editor"]


def test_roles_follow_the_upstream_where_role_based_iam_says_so(connect, enter, approve):
    enter(connect(), KIM)
    provider = connect()
    agent = replace(STRANGER, roles=RoleEvidence(claim="roles", values=("deepdesk.agent",)))
    refused(enter, provider, agent)
    approve(the(AccessRequest).id)
    assert the(User).roles == ["deepdesk.editor"]
    assert user_of(enter(provider, agent, minutes=1)).roles == ["deepdesk.agent"]
