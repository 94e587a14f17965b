"""The outbox as operators see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask

from idp.domain.context import Context
from idp.domain.errors import NotFound
from idp.services.operations import audit
from idp.services.operations import outbox as service
from idp.services.operations.outbox import PATIENCE, Standing
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from idp.store import outbox
from idp.store.outbox import Leased, OutboxKind
from idp.store.unit_of_work import unit_of_work
from tests.services.conftest import NOW

KIND = OutboxKind.BACKCHANNEL_LOGOUT
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def item(provider_app: Flask, context: Context) -> str:
    """The id of an item of the account acme."""
    accounts.create("acme", AccountSettings(name="Acme"), context=context)
    with unit_of_work() as session:
        return outbox.enqueue(session, KIND, {}, account="acme", now=NOW)


def leased(at: datetime = NOW) -> Leased:
    until = at + timedelta(seconds=60)
    with unit_of_work() as session:
        (one,) = outbox.lease(session, holder="one", kinds=[KIND], most=1, now=at, until=until)
    return one


def bury(one: Leased) -> None:
    with unit_of_work() as session:
        outbox.bury(session, one, error="e", now=NOW)


def standing(context: Context) -> Standing:
    (one,) = service.list_all(None, context=context)
    return one.standing


def verdicts(context: Context, *, after: timedelta = timedelta(0)) -> list[tuple[str, bool]]:
    found = service.findings(context=replace(context, now=NOW + after))
    return [(one.what, one.deserves_attention) for one in found]


def test_an_item_is_listed_by_where_it_stands(item: str, context: Context) -> None:
    assert standing(context) is Standing.WAITING
    one = leased()
    assert standing(context) is Standing.DELIVERING
    with unit_of_work() as session:
        outbox.settle_failed(session, one, error="e", due_at=NOW)
    assert standing(context) is Standing.RETRYING
    bury(leased())
    assert standing(context) is Standing.DEAD


def test_an_item_whose_worker_died_is_retried(item: str, context: Context) -> None:
    leased()
    assert standing(replace(context, now=NOW + timedelta(seconds=60))) is Standing.RETRYING


def test_the_list_of_an_account_that_is_not_there_is_refused(item: str, context: Context) -> None:
    with pytest.raises(NotFound):
        service.list_all("globex", context=context)
    assert len(service.list_all("acme", context=context)) == 1


def test_a_retry_and_a_drop_stand_in_the_trail_with_who_did_it(item: str, context: Context) -> None:
    before = audit.events(0)[-1].id
    service.retry(item, context=context)
    service.drop(item, context=context)
    told = [(one.kind, one.account_code, one.actor_id, one.details["item"]) for one in audit.events(before)]
    assert told == [("outbox.retried", "acme", "test", item), ("outbox.dropped", "acme", "test", item)]
    assert service.list_all(None, context=context) == []


@pytest.mark.parametrize("act", [service.retry, service.drop])
def test_what_is_not_there_is_refused_and_leaves_no_trace(item: str, context: Context, act) -> None:
    before = audit.events(0)[-1].id
    with pytest.raises(NotFound, match="idp outbox list"):
        act("nothing", context=context)
    assert audit.events(before) == []


def test_a_fresh_item_is_no_finding(item: str, context: Context) -> None:
    assert verdicts(context, after=PATIENCE) == [("Deliveries are made in time; 1 wait.", False)]


def test_an_item_that_is_due_for_a_minute_tells_that_no_worker_runs(item: str, context: Context) -> None:
    ((what, attention),) = verdicts(context, after=PATIENCE + MOMENT)
    assert attention
    assert "idp worker" in what


def test_what_was_given_up_is_a_finding(item: str, context: Context) -> None:
    bury(leased())
    ((what, attention),) = verdicts(context, after=PATIENCE + MOMENT)
    assert attention
    assert "idp outbox list" in what
