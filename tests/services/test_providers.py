"""Changing a provider under the people who came by it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from idp.domain.errors import Invalid
from idp.services.registry import providers
from idp.store.audit_events import AuditEvent
from idp.store.unit_of_work import reading
from tests.services.conftest import KIM


def test_people_stay_known_by_the_claim_by_which_they_came(connect, enter, parts, context):
    provider = connect()
    change = {"subject_claim": "employee_number"}
    enter(provider, KIM)
    with pytest.raises(Invalid, match="make another provider"):
        providers.update("acme", provider.code, change, client_secret=None, parts=parts, context=context)


def test_before_anybody_came_the_claim_may_change(connect, parts, context):
    provider = connect()
    change = {"subject_claim": "employee_number"}
    changed = providers.update("acme", provider.code, change, client_secret=None, parts=parts, context=context)
    assert changed.subject_claim == "employee_number"


def test_a_new_secret_is_in_the_trail_and_its_value_is_not(connect, parts, context):
    provider = connect()
    providers.update("acme", provider.code, {}, client_secret="the new secret", parts=parts, context=context)
    with reading() as session:
        events = list(session.scalars(select(AuditEvent).where(AuditEvent.kind == "provider.changed")))
    assert "secret_rotated" in [event.details["change"] for event in events]
    assert "the new secret" not in str([event.details for event in events])
