"""Groups and permissions are written down as the code says, and what the database says gives nobody anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from idp.domain.roles import PROVISIONED, Role, expanded, permissions_of
from idp.domain.upstream_identity import RoleEvidence
from idp.services.operations import roles
from idp.services.people import management
from idp.services.people.management import Managing
from idp.store import audit_events, permission_groups, sso_sessions
from idp.store.audit_events import AuditEvent
from idp.store.permission_groups import GroupPermission, PermissionGroup
from idp.store.unit_of_work import reading, unit_of_work
from tests.services.conftest import KIM


def written() -> dict[str, frozenset[str]]:
    with reading() as session:
        return dict(permission_groups.everything(session))


def events() -> list[AuditEvent]:
    with reading() as session:
        return [event for event in audit_events.after(session, 0) if event.kind == "roles.provisioned"]


def test_an_empty_database_is_filled_with_what_the_code_says(provider_app, context):
    foreseen = roles.difference()
    assert roles.provision(context=context) == foreseen
    assert written() == {group.name: frozenset(expanded(group.grants)) for group in PROVISIONED}
    with reading() as session:
        assert permission_groups.roles(session)["Manager"] == "deepdesk.manager"
        assert permission_groups.roles(session)["Deputy"] is None
    assert "Agent (deepdesk.agent): –" in foreseen.added
    assert "Manager: users.view_user" in foreseen.added
    assert foreseen.removed == ()


def test_a_second_time_changes_nothing_and_leaves_no_event(provider_app, context):
    roles.provision(context=context)
    assert len(events()) == 1
    assert roles.difference().is_none
    assert roles.provision(context=context).is_none
    assert len(events()) == 1


def test_what_somebody_edited_is_put_right_and_on_record(provider_app, context):
    roles.provision(context=context)
    before = written()
    with unit_of_work() as session:
        session.execute(
            delete(GroupPermission).where(
                GroupPermission.group_name == "Manager", GroupPermission.permission == "users.view_user"
            )
        )
        session.execute(insert(GroupPermission).values(group_name="Agent", permission="users.delete_user"))
        session.execute(insert(PermissionGroup).values(name="Boss", role="deepdesk.boss", position=9))
        session.execute(insert(GroupPermission).values(group_name="Boss", permission="users.*"))
        session.execute(update(PermissionGroup).where(PermissionGroup.name == "Deputy").values(role="deepdesk.agent"))
    found = roles.provision(context=context)
    assert set(found.added) == {"Manager: users.view_user", "Deputy: –"}
    assert set(found.removed) == {
        *("Agent: users.delete_user", "Boss (deepdesk.boss): –", "Boss: users.*", "Deputy (deepdesk.agent): –")
    }
    assert written() == before
    assert (events()[-1].details["added"], events()[-1].details["removed"]) == (list(found.added), list(found.removed))
    assert events()[-1].account_code is None


def test_an_edited_table_gives_nobody_a_permission_and_takes_none(connect, enter, context):
    roles.provision(context=context)
    begun = enter(connect(), replace(KIM, roles=RoleEvidence(claim="roles", values=("deepdesk.manager",))))
    with unit_of_work() as session:
        session.execute(delete(GroupPermission).where(GroupPermission.permission == "users.view_user"))
        session.execute(insert(GroupPermission).values(group_name="Manager", permission="accounts.change_account"))
    with reading() as session:
        live = sso_sessions.live(session, [begun.cookie], now=context.now, idle=timedelta(hours=1))
    who = management.of(live, None, context=context)
    assert isinstance(who, Managing)
    assert who.permissions == frozenset(permissions_of((Role.MANAGER,)))


def test_the_doctor_says_when_a_deployment_forgot(provider_app, context):
    [before] = roles.findings()
    assert before.deserves_attention
    assert not before.breaks
    assert "run: idp init" in before.what
    roles.provision(context=context)
    [after] = roles.findings()
    assert not after.deserves_attention


def test_groups_stand_in_the_order_of_the_code(provider_app, context):
    roles.provision(context=context)
    with reading() as session:
        found = session.scalars(select(PermissionGroup.name).order_by(PermissionGroup.position)).all()
    assert list(found) == [group.name for group in PROVISIONED]
