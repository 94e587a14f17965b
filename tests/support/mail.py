"""Mails as those read them to whom they go, and people who come by mail.

What was posted is read where it waits for the worker, and opened with the provider's own key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.domain.mail_sign_in import MagicLinks
from idp.services.mailing.post import record_of
from idp.services.parts import EXTENSION
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from idp.store import tables
from idp.store.outbox import OutboxItem, OutboxKind
from idp.store.unit_of_work import reading
from tests.support.app import Browser, OpenIdProvider
from tests.support.forms import submits
from tests.support.rp import AuthorizationAnswer

LINK = re.compile(r"https?://\S+")
CODE = re.compile(r"^[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$", re.MULTILINE)
WRONG = "22222222"
"""A code that nobody is ever given, but for one in 31⁸."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail.

    :param due_at: not before that it leaves.
    """

    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str
    due_at: datetime

    @property
    def links(self) -> list[str]:
        """The addresses in its text part."""
        return LINK.findall(self.text)

    @property
    def link(self) -> str:
        """The one address in its text part, which its button has as well."""
        [link] = self.links
        assert link.replace("&", "&amp;") in self.html
        return link

    @property
    def codes(self) -> list[str]:
        """The codes in its text part; each stands on a line of its own."""
        return CODE.findall(self.text)

    @property
    def code(self) -> str:
        """The one code."""
        [code] = self.codes
        assert code in self.html
        return code

    @property
    def words(self) -> str:
        """Its text, in single spaces."""
        return " ".join(self.text.split())


class Postbox:
    """All that a provider posts.

    :param op: whose it is.
    """

    def __init__(self, op: OpenIdProvider) -> None:
        self.op = op
        self._seen: set[str] = set()

    def brings(self, to: str | None = None) -> list[Letter]:
        """Return what was posted since it was last looked for.

        :param to: for whom; what others get stays. None for everybody.
        """
        with self.op.app.app_context(), reading() as session:
            waiting = session.scalars(
                select(OutboxItem)
                .where(OutboxItem.kind == OutboxKind.MAIL, OutboxItem.done_at.is_(None))
                .order_by(OutboxItem.created_at)
            ).all()
        found = [one for one in waiting if one.id not in self._seen and to in {None, one.payload["to"]}]
        self._seen |= {one.id for one in found}
        return [self._opened(one) for one in found]

    def _opened(self, item: OutboxItem) -> Letter:
        said = dict(item.payload)
        texts = json.loads(self.op.parts.sealer.open(said["sealed"], record=record_of(said["message_id"])))
        return Letter(to=said["to"], subject=said["subject"], due_at=item.due_at, **texts)


@dataclass(frozen=True, kw_only=True)
class Correspondent:
    """Somebody with an address, who reads their mails, and a browser."""

    op: OpenIdProvider
    postbox: Postbox
    address: str
    browser: Browser

    @classmethod
    def of(cls, op: OpenIdProvider, address: str, *, browser: Browser | None = None) -> Correspondent:
        """Meet somebody.

        :param browser: theirs; one that has been nowhere yet, unless it is given.
        """
        return cls(op=op, postbox=Postbox(op), address=address, browser=browser or op.browser())

    def elsewhere(self) -> Correspondent:
        """The same person at another device, which has been nowhere yet."""
        return replace(self, browser=self.op.browser())

    def asks(self, waiting: AuthorizationAnswer | None = None, *, address: str | None = None) -> TestResponse:
        """Ask for a mail on the sign-in page, a second later; return the page that waits for its code.

        :param waiting: the authorization request that led there; none for somebody who came by themselves.
        :param address: what they type, if not their own address.
        """
        self.op.clock.advance(seconds=1)
        page = self.browser.opens("/login/?account=acme" if waiting is None else waiting.location)
        assert page.status_code == 200, page.headers.get("Location")
        return self.browser.follows(submits(self.browser, page, "sign-in-email", email=address or self.address))

    def mails(self) -> list[Letter]:
        """Return the mails to them that are new."""
        return self.postbox.brings(to=self.address)

    def mail(self) -> Letter:
        """Return the one mail to them that is new."""
        [letter] = self.mails()
        return letter

    def presses(self, letter: Letter, **typed: str) -> TestResponse:
        """Open a mail's link and press the button behind it; return the answer, and do not follow it."""
        page = self.browser.opens(letter.link)
        assert page.status_code == 200, page.text
        return submits(self.browser, page, "magic-confirm", **typed)

    def types(self, code: str, page: TestResponse) -> TestResponse:
        """Type a code into the page that waits for it; return the answer, and do not follow it."""
        return submits(self.browser, page, "magic-code", code=code)

    def signs_in(self, waiting: AuthorizationAnswer | None = None) -> TestResponse:
        """Ask, read, press; return where that ends."""
        self.asks(waiting)
        return self.browser.follows(self.presses(self.mail()))

    def arrives(self, waiting: AuthorizationAnswer) -> AuthorizationAnswer:
        """The same, as the answer to the service that waits."""
        return AuthorizationAnswer(self.signs_in(waiting), waiting.asked)

    @property
    def is_in(self) -> bool:
        """Whether they, and nobody else, are signed in to acme in this browser."""
        page = self.browser.opens("/account/")
        return page.status_code == 200 and self.address in page.text


def lets_in_by_mail(op: OpenIdProvider, whom: MagicLinks = MagicLinks.UNLINKED, **settings: Any) -> None:
    """Make mail a way into acme.

    :param settings: further ones of the account.
    """
    with op.app.app_context():
        accounts.update("acme", AccountSettings(magic_link=whom, **settings), context=op.at_this_moment)


@contextmanager
def started_with(op: OpenIdProvider, **settings: Any) -> Iterator[None]:
    """Run the provider with other settings for the block; they are named as in :class:`idp.settings.Settings`."""
    usual = op.parts
    changed = usual.settings.model_copy(update=settings)
    op.app.extensions[EXTENSION] = replace(usual, settings=changed)
    try:
        yield
    finally:
        op.app.extensions[EXTENSION] = usual


def contents(op: OpenIdProvider) -> dict[str, list[str]]:
    """Return all that the database holds, table by table, so that the least change shows."""
    with op.app.app_context(), reading() as session:
        return {
            name: sorted(repr(tuple(row)) for row in session.execute(select(table)))
            for name, table in tables.metadata.tables.items()
        }
