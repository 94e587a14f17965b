"""Platform secrets through their lives: made or brought along, replaced, revoked, read back to verify with."""

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
from idp.services.registry import accounts, platform_secrets
from idp.services.registry.accounts import AccountSettings
from idp.services.registry.platform_secrets import NewPlatformSecret
from idp.store.audit_events import AuditEvent
from idp.store.platform_secrets import PlatformSecret
from idp.store.unit_of_work import reading, unit_of_work
from idp.tokens.sealing import CannotOpen
from tests.services.conftest import NOW
from tests.support.database import RACERS, racing

BROUGHT = "a secret of a platform, thirty-two bytes and more"
LATER = NOW + timedelta(hours=1)

Create = Callable[..., NewPlatformSecret]
Rotate = Callable[[str], NewPlatformSecret]


@pytest.fixture(autouse=True)
def customers(provider_app: Flask, context: Context) -> None:
    """The accounts acme and globex beside staff."""
    accounts.ensure_staff(context=context)
    for code in ("acme", "globex"):
        accounts.create(code, AccountSettings(name=code.title()), context=context)


@pytest.fixture
def create(parts: Parts, context: Context) -> Create:
    return lambda account="acme", *, secret=None: platform_secrets.create(
        account, secret=secret, parts=parts, context=context
    )


@pytest.fixture
def rotate(parts: Parts, context: Context) -> Rotate:
    return lambda secret_id: platform_secrets.rotate(secret_id, parts=parts, context=context)


def row(secret_id: str) -> PlatformSecret:
    return next(one for one in platform_secrets.list_all(None) if one.id == secret_id)


def live(account: str | None = "acme") -> set[str]:
    return {one.id for one in platform_secrets.list_all(account) if one.revoked_at is None}


def trail() -> list[tuple[str | None, dict[str, object]]]:
    """Return what the trail tells of platform secrets."""
    with reading() as session:
        told = session.scalars(
            select(AuditEvent).where(AuditEvent.kind == "platform_secret.changed").order_by(AuditEvent.id)
        ).all()
        return [(one.account_code, one.details) for one in told]


class TestMaking:
    def test_a_made_secret_has_256_bits_and_is_read_back_to_verify_with(self, create: Create, parts: Parts) -> None:
        made = create()
        kept = row(made.id)
        assert len(made.secret) == 43
        assert platform_secrets.opened(kept, sealer=parts.sealer) == made.secret
        assert (kept.account_code, kept.secret_digest) == ("acme", digest(made.secret))
        assert (kept.created_at, kept.last_used_at, kept.revoked_at) == (NOW, None, None)

    def test_it_is_nowhere_in_clear(self, create: Create) -> None:
        made = create(secret=BROUGHT)
        kept = row(made.id)
        assert BROUGHT not in f"{made!r} {kept.secret_sealed} {kept.secret_digest} {trail()}"

    def test_a_secret_of_elsewhere_is_kept_to_the_letter(self, create: Create, parts: Parts) -> None:
        made = create(secret=BROUGHT)
        assert made.secret == platform_secrets.opened(row(made.id), sealer=parts.sealer) == BROUGHT

    def test_what_is_sealed_for_one_opens_for_no_other(self, create: Create, parts: Parts) -> None:
        first, second = create(), create()
        with unit_of_work() as session:
            moved = session.get_one(PlatformSecret, second.id)
            moved.secret_sealed = row(first.id).secret_sealed
        with pytest.raises(CannotOpen):
            platform_secrets.opened(row(second.id), sealer=parts.sealer)

    @pytest.mark.parametrize("secret", ["", "s" * 31, "s" * 513])
    def test_what_cannot_be_one_is_refused_and_not_kept(self, create: Create, secret: str) -> None:
        with pytest.raises(Invalid):
            create(secret=secret)
        assert platform_secrets.list_all(None) == []

    def test_an_account_that_does_not_exist_has_none(self, create: Create) -> None:
        with pytest.raises(NotFound, match="idp accounts list"):
            create("nobody")

    def test_staff_have_none(self, create: Create) -> None:
        with pytest.raises(Invalid, match="staff"):
            create("staff")
        assert platform_secrets.list_all("staff") == []

    def test_a_disabled_account_can_be_prepared(self, create: Create, rotate: Rotate, context: Context) -> None:
        accounts.set_enabled("acme", enabled=False, context=context)
        made = create()
        rotate(made.id)
        platform_secrets.revoke(made.id, context=context)
        assert len(platform_secrets.list_all("acme")) == 2


class TestKnownSecrets:
    @pytest.mark.parametrize("revoked", [False, True], ids=["live", "revoked"])
    def test_one_that_the_account_has_or_had_is_refused(self, create: Create, context: Context, revoked: bool) -> None:
        made = create(secret=BROUGHT)
        if revoked:
            platform_secrets.revoke(made.id, context=context)
        with pytest.raises(AlreadyExists, match=made.id) as refused:
            create(secret=BROUGHT)
        assert BROUGHT not in str(refused.value)
        assert len(platform_secrets.list_all("acme")) == 1

    def test_another_accounts_is_neither_told_nor_in_the_way(self, create: Create) -> None:
        create("globex", secret=BROUGHT)
        made = create(secret=BROUGHT)
        assert live() == {made.id}


class TestTwoAtMost:
    def test_a_third_is_refused_and_the_two_are_named(self, create: Create) -> None:
        two = {create().id, create().id}
        with pytest.raises(Invalid, match="idp platform-secrets revoke ID") as refused:
            create()
        assert all(one in str(refused.value) for one in two)
        assert live() == two

    def test_a_revoked_one_makes_room(self, create: Create, context: Context) -> None:
        first, second = create(), create()
        platform_secrets.revoke(first.id, context=context)
        third = create()
        assert live() == {second.id, third.id}

    def test_of_those_who_come_together_two_find_room(self, provider_app: Flask, create: Create) -> None:
        done = racing(provider_app, create)
        assert sum(isinstance(one, NewPlatformSecret) for one in done) == 2
        assert sum(isinstance(one, Invalid) for one in done) == RACERS - 2
        assert len(live()) == 2

    def test_of_those_who_bring_one_secret_together_one_has_it(self, provider_app: Flask, create: Create) -> None:
        done = racing(provider_app, lambda: create(secret=BROUGHT))
        assert sum(isinstance(one, AlreadyExists) for one in done) == RACERS - 1
        assert len(live()) == 1


class TestRotating:
    def test_the_old_one_stays_valid_beside_the_new(
        self, create: Create, rotate: Rotate, parts: Parts, context: Context
    ) -> None:
        old = create()
        new = rotate(old.id)
        assert live() == {old.id, new.id}
        assert platform_secrets.opened(row(old.id), sealer=parts.sealer) == old.secret
        assert platform_secrets.opened(row(new.id), sealer=parts.sealer) == new.secret != old.secret
        platform_secrets.revoke(old.id, context=context)
        assert live() == {new.id}

    def test_it_needs_room(self, create: Create, rotate: Rotate) -> None:
        two = [create().id, create().id]
        with pytest.raises(Invalid, match="idp platform-secrets revoke ID"):
            rotate(two[0])
        assert live() == set(two)

    def test_one_that_has_ended_is_not_replaced(self, create: Create, rotate: Rotate, context: Context) -> None:
        made = create()
        platform_secrets.revoke(made.id, context=context)
        with pytest.raises(Invalid, match="was revoked before"):
            rotate(made.id)
        assert live() == set()

    def test_of_those_who_rotate_one_together_one_succeeds(
        self, provider_app: Flask, create: Create, rotate: Rotate
    ) -> None:
        old = create()
        done = racing(provider_app, lambda: rotate(old.id))
        assert sum(isinstance(one, Invalid) for one in done) == RACERS - 1
        assert len(live()) == 2


class TestRevoking:
    def test_it_ends_at_once_and_can_be_read_no_more(self, create: Create, parts: Parts, context: Context) -> None:
        made = create()
        ended = platform_secrets.revoke(made.id, context=replace(context, now=LATER))
        assert (ended.id, ended.revoked_at) == (made.id, LATER)
        with pytest.raises(CannotOpen):
            platform_secrets.opened(row(made.id), sealer=parts.sealer)

    def test_again_it_is_told_and_changes_nothing(self, create: Create, context: Context) -> None:
        made = create()
        platform_secrets.revoke(made.id, context=context)
        with pytest.raises(Invalid, match="was revoked before"):
            platform_secrets.revoke(made.id, context=replace(context, now=LATER))
        assert row(made.id).revoked_at == NOW

    def test_an_unknown_one_is_not_found(self, rotate: Rotate, context: Context) -> None:
        with pytest.raises(NotFound, match="idp platform-secrets list"):
            platform_secrets.revoke("nothing", context=context)
        with pytest.raises(NotFound, match="idp platform-secrets list"):
            rotate("nothing")


def test_the_lists_are_by_account_and_of_one_that_exists(create: Create) -> None:
    made = [create(account).id for account in ("globex", "acme")]
    assert [one.id for one in platform_secrets.list_all(None)] == list(reversed(made))
    assert [one.id for one in platform_secrets.list_all("globex")] == made[:1]
    with pytest.raises(NotFound):
        platform_secrets.list_all("nobody")


def test_the_trail_tells_what_happened_without_the_secret(create: Create, rotate: Rotate, context: Context) -> None:
    brought = create(secret=BROUGHT)
    rotated = rotate(brought.id)
    platform_secrets.revoke(brought.id, context=context)
    assert trail() == [
        ("acme", {"secret_id": brought.id, "change": "created"}),
        ("acme", {"secret_id": rotated.id, "change": "created"}),
        ("acme", {"secret_id": brought.id, "change": "revoked"}),
    ]


def test_what_is_refused_leaves_no_event(create: Create) -> None:
    create(secret=BROUGHT)
    create()
    for secret in (BROUGHT, None):
        with pytest.raises((AlreadyExists, Invalid)):
            create(secret=secret)
    assert len(trail()) == 2
