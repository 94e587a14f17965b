"""Posting mails and delivering them: what lies in the outbox meanwhile, and afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idp.domain.clock import Clock
from idp.domain.context import Context
from idp.domain.errors import DeliveryFailed, DeliveryRefused
from idp.domain.mail import Mail
from idp.mails.kinds import Asked, SignInLink
from idp.mails.rendering import rendered
from idp.outbound.mailer import NoMailer
from idp.services.mailing.post import post
from idp.services.operations import delivery
from idp.services.operations.deliverers import deliverers_of
from idp.services.operations.delivery import Outcome
from idp.services.parts import Parts
from idp.store.outbox import OutboxItem, OutboxKind
from idp.store.unit_of_work import unit_of_work
from idp.tokens.sealing import Sealer
from tests.services.conftest import NOW, rows, the
from tests.support.clock import FrozenClock

TO = "mia@acme.example"
CODE = "ABCD-EFGH"
LINK = "https://login.example/login/magic/confirm/?t=secret-of-a-link"
KIND = SignInLink(
    account_name="Acme",
    link=LINK,
    code=CODE,
    service_name="Studio",
    asked=Asked(at=NOW, network="203.0.113.7"),
    lives_for=timedelta(minutes=10),
)


class Postbox:
    """A mailer of the test's own, which keeps what it is handed or refuses it."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.refuses: Exception | None = None

    def send(self, mail: Mail) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.sent.append(mail)

    def probe(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def with_postbox(parts: Parts, postbox: Postbox, clock: Clock) -> Parts:
    return replace(parts, mailer=postbox, clock=clock)


@pytest.fixture
def posted(with_postbox: Parts, context: Context) -> Callable[..., str]:
    """Post the mail in a transaction of its own."""

    def done(**options: Any) -> str:
        with unit_of_work() as session:
            given = {"to": TO, "language": "de", "account": "acme", "parts": with_postbox, "context": context}
            return post(session, KIND, **given | options)

    return done


def work(parts: Parts) -> list[Outcome]:
    """Deliver all that is due."""
    deliverers = deliverers_of(parts)
    due = delivery.lease(tuple(deliverers), holder="w", most=10, clock=parts.clock)
    return [delivery.attempt(item, deliverers[item.kind], clock=parts.clock) for item in due]


def kept() -> str:
    """All that the row holds of the mail."""
    return json.dumps(the(OutboxItem).payload)


def test_what_was_posted_is_sent_as_it_was_rendered(
    posted: Callable[..., str], with_postbox: Parts, postbox: Postbox
) -> None:
    posted()
    assert work(with_postbox) == [Outcome.DELIVERED]
    [mail] = postbox.sent
    words = rendered(KIND, language="de")
    assert (mail.to, mail.subject, mail.text, mail.html) == (TO, words.subject, words.text, words.html)
    assert mail.language == "de"
    assert mail.message_id.endswith("@[127.0.0.1]>")


def test_a_mail_goes_with_its_transaction(with_postbox: Parts, context: Context) -> None:
    def posts_and_fails() -> None:
        with unit_of_work() as session:
            post(session, KIND, to=TO, language="en", account=None, parts=with_postbox, context=context)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        posts_and_fails()
    assert rows(OutboxItem) == 0


def test_link_and_code_lie_sealed_until_they_are_sent(posted: Callable[..., str]) -> None:
    item_id = posted()
    item = the(OutboxItem)
    assert (item.id, item.kind, item.account_code) == (item_id, OutboxKind.MAIL, "acme")
    assert set(item.payload) == {"to", "subject", "message_id", "sealed"}
    assert item.payload["to"] == TO
    for secret in (CODE, "ABCD", "secret-of-a-link", "203.0.113.7"):
        assert secret not in kept()


def test_of_a_mail_that_was_sent_nothing_stays(posted: Callable[..., str], with_postbox: Parts) -> None:
    posted()
    work(with_postbox)
    assert (the(OutboxItem).payload, the(OutboxItem).done_at) == ({}, NOW)


def test_a_mail_has_its_message_id_over_all_attempts(
    posted: Callable[..., str], with_postbox: Parts, postbox: Postbox, clock: FrozenClock
) -> None:
    posted()
    before = the(OutboxItem).payload["message_id"]
    postbox.refuses = DeliveryFailed("mail.example did not answer in time")
    assert work(with_postbox) == [Outcome.FAILED]
    postbox.refuses = None
    clock.advance(minutes=1)
    assert work(with_postbox) == [Outcome.DELIVERED]
    assert [mail.message_id for mail in postbox.sent] == [before]


def test_two_mails_have_two_message_ids(posted: Callable[..., str], with_postbox: Parts, postbox: Postbox) -> None:
    posted()
    posted()
    work(with_postbox)
    assert len({mail.message_id for mail in postbox.sent}) == 2


def test_a_bounce_ends_a_mail_and_stays_with_its_reason(
    posted: Callable[..., str], with_postbox: Parts, postbox: Postbox, clock: FrozenClock
) -> None:
    posted()
    postbox.refuses = DeliveryRefused("mail.example answered 550 5.1.1 about the recipient")
    assert work(with_postbox) == [Outcome.BURIED]
    clock.advance(days=2)
    assert work(with_postbox) == []
    item = the(OutboxItem)
    assert (item.dead_at, item.last_error) == (NOW, "mail.example answered 550 5.1.1 about the recipient")


def test_a_mail_is_not_sent_before_it_is_due(
    posted: Callable[..., str], with_postbox: Parts, postbox: Postbox, clock: FrozenClock
) -> None:
    posted(due_at=NOW + timedelta(hours=24))
    clock.advance(hours=23, minutes=59)
    assert work(with_postbox) == []
    clock.advance(minutes=1)
    assert work(with_postbox) == [Outcome.DELIVERED]


class TestASilentMail:
    def test_reaches_nobody(self, posted: Callable[..., str], with_postbox: Parts, postbox: Postbox) -> None:
        posted(silent=True)
        assert work(with_postbox) == []
        assert postbox.sent == []

    def test_is_as_much_to_write_as_any_other(self, posted: Callable[..., str]) -> None:
        posted(silent=True)
        silent = kept()
        with unit_of_work() as session:
            session.delete(the(OutboxItem))
        posted()
        assert len(silent) == len(kept())

    def test_leaves_nothing_that_was_said_or_to_whom(self, posted: Callable[..., str], parts: Parts) -> None:
        posted(silent=True)
        assert set("".join(the(OutboxItem).payload.values())) == {"-"}
        assert the(OutboxItem).done_at == NOW


def test_without_its_key_a_mail_waits_for_somebody_to_put_it_back(
    posted: Callable[..., str], with_postbox: Parts, postbox: Postbox, clock: FrozenClock
) -> None:
    posted()
    assert work(replace(with_postbox, sealer=Sealer(["another key, made in a hurry ......"]))) == [Outcome.FAILED]
    assert "IDP_SECRET_KEYS" in the(OutboxItem).last_error
    clock.advance(minutes=1)
    assert work(with_postbox) == [Outcome.DELIVERED]


def test_a_mail_cannot_be_moved_to_another_address(
    posted: Callable[..., str], with_postbox: Parts, postbox: Postbox
) -> None:
    """Sealed texts open with the Message-ID under which they were posted, and with no other."""
    posted()
    with unit_of_work() as session:
        item = the(OutboxItem)
        item.payload = item.payload | {"message_id": "<another@login.example>"}
        session.merge(item)
    assert work(with_postbox) == [Outcome.FAILED]
    assert postbox.sent == []


def test_production_without_a_server_keeps_its_mail(
    posted: Callable[..., str], with_postbox: Parts, clock: FrozenClock
) -> None:
    posted()
    assert work(replace(with_postbox, mailer=NoMailer())) == [Outcome.FAILED]
    assert the(OutboxItem).last_error == "IDP_MAIL_URL is not set"
    clock.advance(minutes=1)
    assert work(with_postbox) == [Outcome.DELIVERED]


def test_in_development_it_lies_in_the_mailbox(posted: Callable[..., str], parts: Parts, clock: FrozenClock) -> None:
    folder: Path = parts.settings.instance_dir / "mailbox"
    before = set(folder.glob("*.eml"))
    posted()
    assert work(replace(parts, clock=clock)) == [Outcome.DELIVERED]
    [added] = set(folder.glob("*.eml")) - before
    assert CODE.encode() in added.read_bytes()
