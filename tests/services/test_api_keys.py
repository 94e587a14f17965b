"""API keys through their lives: made or brought along, replaced, revoked; whoever else does so at that moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from idp.domain.context import Context
from idp.domain.errors import AlreadyExists, Invalid, NotFound
from idp.domain.secrets import digest
from idp.services.parts import Parts
from idp.services.registry import accounts, api_keys
from idp.services.registry.accounts import AccountSettings
from idp.services.registry.api_keys import NewApiKey
from idp.store.audit_events import AuditEvent
from idp.store.unit_of_work import reading
from tests.services.conftest import NOW
from tests.support.database import RACERS, racing

BROUGHT = "0b7c8a1e-6a55-4b39-9d0c-7d3f6f1f2a10"
LATER = NOW + timedelta(hours=1)

Create = Callable[..., NewApiKey]


@pytest.fixture(autouse=True)
def customers(provider_app: Flask, context: Context) -> None:
    """The accounts acme and globex beside staff."""
    accounts.ensure_staff(context=context)
    for code in ("acme", "globex"):
        accounts.create(code, AccountSettings(name=code.title()), context=context)


@pytest.fixture
def create(parts: Parts, context: Context) -> Create:
    return lambda account="acme", *, key=None: api_keys.create(account, key=key, parts=parts, context=context)


def live(account: str | None = "acme") -> set[str]:
    return {row.id for row in api_keys.list_all(account) if row.revoked_at is None}


def trail() -> list[tuple[str | None, dict[str, object]]]:
    """Return what the trail tells of API keys."""
    with reading() as session:
        told = session.scalars(
            select(AuditEvent).where(AuditEvent.kind == "api_key.changed").order_by(AuditEvent.id)
        ).all()
        return [(one.account_code, one.details) for one in told]


class TestMaking:
    def test_a_made_key_has_256_bits_and_is_kept_as_a_digest(self, create: Create) -> None:
        made = create()
        [row] = api_keys.list_all("acme")
        assert len(made.api_key) == 43
        assert (row.id, row.account_code, row.key_digest) == (made.id, "acme", digest(made.api_key))
        assert (row.created_at, row.last_used_at, row.revoked_at) == (NOW, None, None)
        assert made.api_key not in repr(made)

    def test_a_key_of_elsewhere_is_kept_to_the_letter(self, create: Create) -> None:
        assert create(key=BROUGHT).api_key == BROUGHT
        assert [row.key_digest for row in api_keys.list_all("acme")] == [digest(BROUGHT)]

    def test_an_empty_one_does_not_count_as_none(self, create: Create) -> None:
        with pytest.raises(Invalid):
            create(key="")
        assert api_keys.list_all(None) == []

    def test_an_account_that_does_not_exist_has_none(self, create: Create) -> None:
        with pytest.raises(NotFound, match="idp accounts list"):
            create("nobody")

    def test_staff_have_none(self, create: Create) -> None:
        with pytest.raises(Invalid, match="staff"):
            create("staff")
        assert api_keys.list_all("staff") == []

    def test_a_disabled_account_can_be_prepared(self, create: Create, parts: Parts, context: Context) -> None:
        accounts.set_enabled("acme", enabled=False, context=context)
        made = create()
        api_keys.revoke(api_keys.rotate(made.id, parts=parts, context=context).id, context=context)
        assert len(api_keys.list_all("acme")) == 2


class TestKnownKeys:
    def test_the_accounts_own_is_named(self, create: Create) -> None:
        made = create(key=BROUGHT)
        with pytest.raises(AlreadyExists, match=made.id):
            create(key=BROUGHT)
        assert live() == {made.id}

    def test_whose_it_is_is_told_to_nobody_else(self, create: Create) -> None:
        made = create("globex", key=BROUGHT)
        with pytest.raises(AlreadyExists) as refused:
            create(key=BROUGHT)
        for told in ("globex", made.id, BROUGHT):
            assert told not in str(refused.value)
        assert live() == set()

    @pytest.mark.parametrize("account", ["acme", "globex"])
    def test_a_revoked_one_does_not_come_back(self, create: Create, context: Context, account: str) -> None:
        api_keys.revoke(create(key=BROUGHT).id, context=context)
        with pytest.raises(AlreadyExists):
            create(account, key=BROUGHT)
        assert live(None) == set()


class TestTwoAtMost:
    def test_a_third_is_refused_and_the_two_are_named(self, create: Create) -> None:
        two = {create().id, create().id}
        with pytest.raises(Invalid, match="idp api-keys revoke ID") as refused:
            create()
        assert all(one in str(refused.value) for one in two)
        assert live() == two

    def test_each_account_has_its_own_two(self, create: Create) -> None:
        made = [create(account).id for account in ("acme", "acme", "globex", "globex")]
        assert live(None) == set(made)

    def test_a_revoked_one_makes_room(self, create: Create, context: Context) -> None:
        first, second = create(), create()
        api_keys.revoke(first.id, context=context)
        third = create()
        assert live() == {second.id, third.id}

    def test_of_those_who_come_together_two_find_room(self, provider_app: Flask, create: Create) -> None:
        done = racing(provider_app, create)
        assert sum(isinstance(one, NewApiKey) for one in done) == 2
        assert sum(isinstance(one, Invalid) for one in done) == RACERS - 2
        assert len(live()) == 2


def test_of_two_accounts_that_bring_one_key_together_one_has_it(provider_app: Flask, create: Create) -> None:
    waiting = ["acme", "globex"]
    done = racing(provider_app, lambda: create(waiting.pop(), key=BROUGHT), racers=2)
    assert sorted(type(one) for one in done if not isinstance(one, NewApiKey)) == [AlreadyExists]
    assert len(api_keys.list_all(None)) == 1


class TestRotating:
    def test_the_new_one_takes_the_place_of_the_old_at_once(
        self, create: Create, parts: Parts, context: Context
    ) -> None:
        old = create()
        new = api_keys.rotate(old.id, parts=parts, context=replace(context, now=LATER))
        assert (new.account, len(new.api_key), new.api_key != old.api_key) == ("acme", 43, True)
        assert [(row.id, row.revoked_at) for row in api_keys.list_all("acme")] == [(new.id, None), (old.id, LATER)]

    def test_it_needs_no_room(self, create: Create, parts: Parts, context: Context) -> None:
        first, second = create(), create()
        third = api_keys.rotate(first.id, parts=parts, context=context)
        assert live() == {second.id, third.id}

    def test_one_that_has_ended_is_not_replaced(self, create: Create, parts: Parts, context: Context) -> None:
        made = create()
        api_keys.revoke(made.id, context=context)
        with pytest.raises(Invalid, match="was revoked before"):
            api_keys.rotate(made.id, parts=parts, context=context)
        assert live() == set()

    def test_of_those_who_rotate_one_together_one_succeeds(
        self, provider_app: Flask, create: Create, parts: Parts, context: Context
    ) -> None:
        old = create()
        done = racing(provider_app, lambda: api_keys.rotate(old.id, parts=parts, context=context))
        assert sum(isinstance(one, Invalid) for one in done) == RACERS - 1
        assert live() == {one.id for one in done if isinstance(one, NewApiKey)}


class TestRevoking:
    def test_it_ends_at_once_and_stays_known(self, create: Create, context: Context) -> None:
        first, second = create(), create()
        row = api_keys.revoke(first.id, context=replace(context, now=LATER))
        assert (row.id, row.revoked_at) == (first.id, LATER)
        assert live() == {second.id}
        assert len(api_keys.list_all("acme")) == 2

    def test_again_it_is_told_and_changes_nothing(self, create: Create, context: Context) -> None:
        made = create()
        api_keys.revoke(made.id, context=context)
        with pytest.raises(Invalid, match="was revoked before"):
            api_keys.revoke(made.id, context=replace(context, now=LATER))
        assert [row.revoked_at for row in api_keys.list_all("acme")] == [NOW]

    def test_an_unknown_one_is_not_found(self, parts: Parts, context: Context) -> None:
        with pytest.raises(NotFound, match="idp api-keys list"):
            api_keys.revoke("nothing", context=context)
        with pytest.raises(NotFound, match="idp api-keys list"):
            api_keys.rotate("nothing", parts=parts, context=context)


def test_the_lists_are_by_account_and_of_one_that_exists(create: Create) -> None:
    made = [create(account).id for account in ("globex", "acme")]
    assert [row.id for row in api_keys.list_all(None)] == list(reversed(made))
    assert [row.id for row in api_keys.list_all("globex")] == made[:1]
    with pytest.raises(NotFound):
        api_keys.list_all("nobody")


def test_the_trail_tells_what_happened_without_the_key(create: Create, parts: Parts, context: Context) -> None:
    brought = create(key=BROUGHT)
    rotated = api_keys.rotate(brought.id, parts=parts, context=context)
    api_keys.revoke(rotated.id, context=context)
    assert trail() == [
        ("acme", {"key_id": brought.id, "change": "created"}),
        ("acme", {"key_id": brought.id, "change": "revoked"}),
        ("acme", {"key_id": rotated.id, "change": "created"}),
        ("acme", {"key_id": rotated.id, "change": "revoked"}),
    ]


def test_what_is_refused_leaves_no_event(create: Create) -> None:
    create(key=BROUGHT)
    create()
    for key in (BROUGHT, None):
        with pytest.raises((AlreadyExists, Invalid)):
            create(key=key)
    assert len(trail()) == 2
