"""Whoever an upstream vouches for is let in or refused, and both are recorded, also when they come at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count

import pytest
from sqlalchemy import event, select

from idp.domain.errors import AttemptUnknown, NotAdmitted, Refusal
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import Role
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.services.parts import EXTENSION
from idp.services.registry import accounts, providers
from idp.services.registry.accounts import AccountSettings
from idp.services.sessions import sso
from idp.services.sessions.sso import Begun
from idp.services.sign_in import entry
from idp.store.audit_events import AuditEvent
from idp.store.db import db
from idp.store.sign_ins import SignIn
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink
from idp.store.users import User
from tests.services.conftest import ISSUER, KIM, UNVOUCHED, rows, the
from tests.support.database import RACERS, application, migrate_at, racing


def outcomes() -> list[str]:
    with reading() as session:
        recorded = list(session.scalars(select(SignIn.outcome)))
        audited = list(session.scalars(select(AuditEvent.outcome).where(AuditEvent.kind == "sign_in.finished")))
    assert sorted(recorded) == sorted(audited)
    return sorted(recorded)


def test_somebody_new_gets_a_user_a_link_a_session_and_a_record(connect, enter, parts, context):
    begun = enter(connect(), KIM)
    user, link, sign_in = the(User), the(UpstreamIdentityLink), the(SignIn)
    (session,) = sso.live([begun.cookie], parts=parts, context=context)
    assert (user.email, user.email_canonical, user.email_vouched) == ("Kim@acme.example", "kim@acme.example", True)
    assert user.roles == ["deepdesk.editor"]
    assert (link.issuer, link.subject, link.user_id) == (ISSUER, "00u1", user.id)
    assert (session.sid, session.user_id) == (begun.sid, user.id)
    assert (sign_in.outcome, sign_in.user_id, sign_in.role_values) == ("ok", user.id, ["deepdesk.editor"])
    assert sign_in.role_steps == [{"value": "deepdesk.editor", "rule": "literal", "role": "deepdesk.editor"}]


def test_the_same_identity_is_the_same_person_whatever_else_changed(connect, enter):
    provider = connect()
    enter(provider, KIM)
    enter(provider, replace(KIM, email="kim@elsewhere.example", name="Kim K.", roles=RoleEvidence(claim="roles")))
    user = the(User)
    assert (user.email, user.name, user.roles) == ("kim@elsewhere.example", "Kim K.", ["deepdesk.agent"])


def test_a_name_that_the_upstream_no_longer_gives_stays(connect, enter):
    provider = connect()
    enter(provider, KIM)
    enter(provider, replace(KIM, name=None))
    assert the(User).name == "Kim"


@pytest.mark.parametrize("change", [{"subject": "00U1"}, {"issuer": f"{ISSUER}/"}])
def test_another_subject_or_issuer_is_another_person(connect, enter, change):
    provider = connect()
    enter(provider, UNVOUCHED)
    enter(provider, replace(UNVOUCHED, **change))
    assert rows(User) == 2


@pytest.mark.parametrize("identity", [KIM, UNVOUCHED, replace(UNVOUCHED, email=None)])
def test_somebody_new_who_arrives_eight_times_at_once_is_one_user(provider_app, connect, enter, identity):
    provider = connect()
    arrived = racing(provider_app, lambda: enter(provider, identity))
    assert [one for one in arrived if not isinstance(one, Begun)] == []
    assert (rows(User), rows(UpstreamIdentityLink)) == (1, 1)
    assert len({one.sid for one in arrived}) == RACERS
    assert outcomes() == ["ok"] * RACERS


@pytest.fixture
def overtaken(postgres, tmp_path, context):
    """Lets somebody arrive and, after so many looks into the database, somebody else; returns what became of both.

    Each statement on PostgreSQL sees what was committed before it, so two looks can disagree.
    """
    with application(postgres.fresh_database(prepared_by=migrate_at), tmp_path) as app:
        parts = app.extensions[EXTENSION]
        accounts.create("acme", AccountSettings(name="Acme"), context=context)
        settings = ProviderSettings(kind="oidc", display_name="Okta", client_id="x", issuer=ISSUER)
        provider = providers.create("acme", "okta", settings, client_secret="s", parts=parts, context=context)

        def arrive(identity: UpstreamIdentity) -> Begun | NotAdmitted:
            with app.app_context():
                try:
                    return entry.enter(provider, identity, cookies=(), parts=parts, context=context)
                except NotAdmitted as refused:
                    return refused

        def both(first: UpstreamIdentity, second: UpstreamIdentity, *, after_looks: int):
            thread, looks, overtaking = threading.get_ident(), count(1), []

            def look(_connection, _cursor, statement, *_more) -> None:
                mine = threading.get_ident() == thread and statement.startswith("SELECT")
                if mine and next(looks) == after_looks:
                    with ThreadPoolExecutor(1) as other:
                        overtaking.append(other.submit(arrive, second).result(30))

            event.listen(db.engine, "after_cursor_execute", look)
            arrived = arrive(first)
            event.remove(db.engine, "after_cursor_execute", look)
            return arrived, *overtaking

        yield both


LOOKS = range(1, 8)
"""All that are taken before the first row is written."""


@pytest.mark.parametrize("looks", LOOKS)
def test_somebody_who_is_overtaken_by_themselves_is_one_user(overtaken, looks):
    arrived, overtaking = overtaken(KIM, KIM, after_looks=looks)
    assert isinstance(arrived, Begun)
    assert isinstance(overtaking, Begun)
    assert (rows(User), rows(UpstreamIdentityLink)) == (1, 1)
    assert outcomes() == ["ok", "ok"]


@pytest.mark.parametrize("looks", LOOKS)
def test_somebody_who_is_overtaken_to_their_address_is_refused(overtaken, looks):
    """CONTRACT §6 rule 6: not let in as yet another user without it."""
    arrived, overtaking = overtaken(replace(KIM, subject="another"), KIM, after_looks=looks)
    assert isinstance(overtaking, Begun)
    assert isinstance(arrived, NotAdmitted)
    assert arrived.refusal is Refusal.ADDRESS_TAKEN
    assert rows(User) == 1
    assert outcomes() == ["address_taken", "ok"]


def test_one_new_address_brought_at_once_by_eight_strangers_belongs_to_the_first(provider_app, connect, enter):
    provider, numbers = connect(), count()
    arrived = racing(provider_app, lambda: enter(provider, replace(KIM, subject=f"00u{next(numbers)}")))
    refused = [one for one in arrived if isinstance(one, NotAdmitted)]
    assert {one.refusal for one in refused} == {Refusal.ADDRESS_TAKEN}
    assert (len(refused), rows(User)) == (RACERS - 1, 1)
    assert outcomes() == ["address_taken"] * (RACERS - 1) + ["ok"]


@pytest.mark.parametrize(
    ("settings", "refusal"), [({"require_roles": True}, Refusal.NO_VALID_ROLE), ({}, Refusal.ACCOUNT_DISABLED)]
)
def test_a_refusal_is_recorded_and_makes_no_user(connect, enter, context, settings, refusal):
    provider = connect(**settings)
    if refusal is Refusal.ACCOUNT_DISABLED:
        accounts.set_enabled("acme", enabled=False, context=context)
    with pytest.raises(NotAdmitted) as refused:
        enter(provider, replace(KIM, roles=RoleEvidence(claim="roles", values=("admin",))))
    assert refused.value.refusal is refusal
    assert (rows(User), rows(UpstreamIdentityLink)) == (0, 0)
    assert outcomes() == [refusal.value]


def test_a_disabled_person_is_refused_and_stays_as_they_were(connect, enter):
    provider = connect()
    enter(provider, KIM)
    with unit_of_work() as session:
        session.scalars(select(User)).one().enabled = False
    with pytest.raises(NotAdmitted) as refused:
        enter(provider, replace(KIM, name="Changed"))
    assert refused.value.refusal is Refusal.USER_DISABLED
    assert the(User).name == "Kim"


@pytest.mark.parametrize("vouched", [True, False])
def test_an_address_that_somebody_holds_is_given_to_nobody_new(connect, enter, vouched):
    """CONTRACT §6 rule 6: not even to somebody whose own upstream does not answer for it."""
    enter(connect(), KIM)
    with pytest.raises(NotAdmitted) as refused:
        enter(connect(), replace(KIM, subject="another", email="kim@ACME.example", email_vouched=vouched))
    assert refused.value.refusal is Refusal.ADDRESS_TAKEN
    assert rows(User) == 1


def test_an_address_that_nobody_answers_for_is_free(connect, enter):
    provider = connect()
    enter(provider, UNVOUCHED)
    enter(provider, replace(KIM, subject="another"))
    with reading() as session:
        vouched = session.scalars(select(User.email_vouched).order_by(User.email_vouched)).all()
    assert vouched == [False, True]


def test_somebody_known_who_brings_anothers_address_enters_without_it(connect, enter):
    provider = connect()
    enter(provider, KIM)
    enter(provider, replace(KIM, subject="lee", email="lee@acme.example"))
    enter(provider, replace(KIM, subject="lee", email="kim@acme.example"))
    with reading() as session:
        held = session.scalars(select(User.email_vouched).where(User.email_canonical == "kim@acme.example")).all()
    assert sorted(held) == [False, True]


def test_without_role_based_iam_our_roles_stay(connect, enter):
    provider = connect(role_based_iam=False)
    enter(provider, KIM)
    with unit_of_work() as session:
        session.scalars(select(User)).one().roles = [Role.MANAGER]
    enter(provider, KIM)
    assert the(User).roles == ["deepdesk.manager"]


def test_the_same_person_in_the_same_browser_keeps_their_sid_under_a_new_cookie(connect, enter, parts, context):
    provider = connect()
    first = enter(provider, KIM)
    second = enter(provider, KIM, first.cookie)
    assert second.sid == first.sid
    assert second.cookie != first.cookie
    assert sso.live([first.cookie], parts=parts, context=context) == []


def test_another_person_in_the_same_browser_replaces_the_first(connect, enter, parts, context):
    provider = connect()
    first = enter(provider, KIM)
    second = enter(provider, replace(KIM, subject="lee", email="lee@acme.example"), first.cookie)
    assert second.sid != first.sid
    live = sso.live([first.cookie, second.cookie], parts=parts, context=context)
    assert [one.sid for one in live] == [second.sid]


@pytest.mark.parametrize("field", ["name", "given_name", "family_name", "locale", "session", "subject"])
def test_whatever_a_connector_lets_through_can_be_stored(connect, enter, field):
    enter(connect(), replace(KIM, **{field: "é" * 255}))
    assert rows(User) == 1


def test_a_huge_address_is_left_out(connect, enter):
    enter(connect(), replace(KIM, email="k" * 250 + "@acme.example"))
    assert the(User).email is None


def test_a_provider_that_was_removed_meanwhile_lets_nobody_in(connect, enter, context):
    provider = connect()
    providers.delete("acme", provider.code, context=context)
    with pytest.raises(AttemptUnknown):
        enter(provider, KIM)
    assert rows(User) == 0


def test_a_provider_that_was_changed_meanwhile_decides_as_it_is_now(connect, enter, parts, context):
    provider = connect()
    providers.update(
        "acme", provider.code, {"role_ceiling": Role.AGENT}, client_secret=None, parts=parts, context=context
    )
    enter(provider, KIM)
    assert the(User).roles == ["deepdesk.agent"]
