"""API keys and platform secrets under ``/manage/keys/``: staff's alone, each shown once (CONTRACT §6 rules 4, 11)."""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.services.registry import api_keys, platform_secrets
from tests.pages.manage import EDITOR, follows, sends, signs_in_as
from tests.pages.test_templates import HOSTILE, Outline
from tests.pages.things import KEYS, fills_in, staff_who_entered
from tests.support.app import Browser, OpenIdProvider
from tests.support.widget import Widget

OWN = "a key of their own, from elsewhere".replace(" ", "-")


@dataclass(frozen=True, kw_only=True)
class Sort:
    """One of the two sorts, as a test speaks of it."""

    path: str
    command: str
    service: Any
    rotation_keeps: bool

    def new(self, account: str = "acme") -> str:
        return f"/manage/keys/{self.path}/new/?account={account}"

    def act(self, key_id: str, act: str) -> str:
        return f"/manage/keys/{self.path}/{key_id}/{act}/?account=acme"

    def live(self, op: OpenIdProvider, account: str = "acme") -> list[str]:
        with op.app.app_context():
            return [row.id for row in self.service.list_all(account) if row.revoked_at is None]

    def makes(self, op: OpenIdProvider, account: str = "acme") -> str:
        """Make one as an operator does; returns its id."""
        name = "key" if self.service is api_keys else "secret"
        with op.app.app_context():
            made = self.service.create(account, **{name: None}, parts=op.parts, context=op.at_this_moment)
        return str(made.id)


API_KEY = Sort(path="api-keys", command="api-keys", service=api_keys, rotation_keeps=False)
PLATFORM_SECRET = Sort(
    path="platform-secrets", command="platform-secrets", service=platform_secrets, rotation_keeps=True
)
BOTH = pytest.mark.parametrize("sort", [API_KEY, PLATFORM_SECRET], ids=lambda sort: sort.path)


@pytest.fixture
def casey(op: OpenIdProvider) -> Browser:
    return staff_who_entered(op)


def clear_in(page: TestResponse) -> str:
    """Return what the page shows to be copied."""
    assert page.status_code == 200, page.text
    return unescape(page.text.partition('<textarea id="made"')[2].partition(">")[2].partition("</textarea>")[0].strip())


def error_of(page: TestResponse) -> str:
    return " ".join(unescape(page.text.partition('id="error"')[2].partition("</p>")[0]).split())


@BOTH
class TestANewOne:
    def test_is_shown_once(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        made = fills_in(casey, casey.opens(sort.new()), "new-key")
        clear = clear_in(made)
        assert len(clear) == 43
        assert made.headers["Cache-Control"] == "no-store"
        assert "This is the only time that you see it." in made.text
        (key_id,) = sort.live(op)
        for address in (KEYS, sort.new(), sort.act(key_id, "rotate"), sort.act(key_id, "revoke")):
            assert clear not in casey.opens(address).text
        assert not op.stores(clear)

    def test_tells_the_managers(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        signs_in_as(op)
        before = op.rows()["outbox"]
        fills_in(casey, casey.opens(sort.new()), "new-key")
        assert op.rows()["outbox"] == before + 1

    def test_may_come_along_from_elsewhere(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        own = OWN.ljust(40, "x")
        made = fills_in(casey, casey.opens(sort.new()), "new-key", own_secret=own)
        assert clear_in(made) == own
        assert len(sort.live(op)) == 1

    @pytest.mark.parametrize("own", ["short", "x" * 600, HOSTILE[:10]])
    def test_has_to_be_usable(self, op: OpenIdProvider, casey: Browser, sort: Sort, own: str) -> None:
        told = fills_in(casey, casey.opens(sort.new()), "new-key", own_secret=own)
        assert told.status_code == 422
        assert Outline(told.text).by_id("own_secret")["aria-invalid"] == "true"
        assert own not in told.text
        assert sort.live(op) == []

    def test_is_not_one_that_is_known(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        own = OWN.ljust(40, "x")
        fills_in(casey, casey.opens(sort.new()), "new-key", own_secret=own)
        told = fills_in(casey, casey.opens(sort.new()), "new-key", own_secret=own)
        assert told.status_code == 409
        assert "It is known already" in told.text
        assert own not in told.text

    def test_pressed_twice_makes_one(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        page = casey.opens(sort.new())
        clear = clear_in(fills_in(casey, page, "new-key"))
        again = fills_in(casey, page, "new-key")
        assert again.status_code == 409
        (key_id,) = sort.live(op)
        assert key_id in error_of(again)
        assert clear not in again.text

    def test_is_not_the_third(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        sort.makes(op), sort.makes(op)
        assert "Two are in use" in casey.opens(KEYS).text
        assert sort.new() not in unescape(casey.opens(KEYS).text)
        assert 'id="new-key"' not in casey.opens(sort.new()).text
        told = sends(casey, sort.new(), {"seen": " ".join(sort.live(op))})
        assert (told.status_code, "Two are in use" in error_of(told)) == (409, True)
        assert len(sort.live(op)) == 2

    def test_wants_a_fresh_proof_that_no_secret_travels_with(
        self, op: OpenIdProvider, casey: Browser, sort: Sort
    ) -> None:
        page = casey.opens(sort.new())
        op.clock.advance(minutes=16)
        assert casey.opens(sort.new()).headers["Location"].startswith("/manage/proof/?account=acme&after=")
        sent_away = fills_in(casey, page, "new-key", own_secret=OWN)
        after = parse_qs(urlsplit(sent_away.headers["Location"]).query)["after"][0]
        assert after.startswith(sort.new())
        assert "own_secret" not in after
        assert sort.live(op) == []


@BOTH
class TestReplacing:
    def test_shows_the_new_one_once(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        old = sort.makes(op)
        made = fills_in(casey, casey.opens(sort.act(old, "rotate")), "confirm")
        assert len(clear_in(made)) == 43
        assert made.headers["Cache-Control"] == "no-store"
        assert (old in sort.live(op)) is sort.rotation_keeps
        assert clear_in(made) not in casey.opens(KEYS).text

    def test_pressed_twice_makes_one(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        page = casey.opens(sort.act(sort.makes(op), "rotate"))
        assert fills_in(casey, page, "confirm").status_code == 200
        live = sort.live(op)
        assert fills_in(casey, page, "confirm").status_code == 409
        assert sort.live(op) == live

    def test_says_what_becomes_of_the_old_one(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        page = casey.opens(sort.act(sort.makes(op), "rotate")).text
        words = "still counts until you end it" if sort.rotation_keeps else "ends in the same moment"
        assert words in page


@BOTH
class TestEnding:
    def test_says_what_stops_and_ends_it(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        key_id = sort.makes(op)
        page = casey.opens(sort.act(key_id, "revoke"))
        assert "refused at once" in page.text
        assert "It is the only one in use." in page.text
        done = follows(casey, fills_in(casey, page, "confirm"))
        assert f"{key_id} has ended." in done.text
        assert sort.live(op) == []

    def test_twice_says_that_it_has_ended(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        page = casey.opens(sort.act(sort.makes(op), "revoke"))
        fills_in(casey, page, "confirm")
        told = fills_in(casey, page, "confirm")
        assert (told.status_code, "It has ended already" in error_of(told)) == (409, True)


@BOTH
class TestWhoMayWhat:
    @pytest.mark.parametrize("act", ["rotate", "revoke"])
    def test_nothing_of_another_account_exists_here(
        self, op: OpenIdProvider, casey: Browser, sort: Sort, act: str
    ) -> None:
        op.account("beta")
        theirs = sort.makes(op, "beta")
        assert theirs not in casey.opens(KEYS).text
        assert casey.opens(sort.act(theirs, act)).status_code == 404
        assert sends(casey, sort.act(theirs, act), {"seen": ""}).status_code == 404
        assert sort.live(op, "beta") == [theirs]

    @pytest.mark.parametrize("key_id", ["x", "x" * 200, "%00", "%F0%9F%A6%94"])
    def test_nor_does_what_nobody_made(self, casey: Browser, sort: Sort, key_id: str) -> None:
        for act in ("rotate", "revoke"):
            assert casey.opens(sort.act(key_id, act)).status_code in {400, 404}

    def test_they_are_no_managers_or_editors(self, op: OpenIdProvider, sort: Sort) -> None:
        key_id = sort.makes(op)
        for person in (signs_in_as(op), signs_in_as(op, EDITOR)):
            for address in (KEYS, sort.new(), sort.act(key_id, "rotate"), sort.act(key_id, "revoke")):
                assert person.opens(address).status_code == 403
                if address != KEYS:
                    assert sends(person, address, {"seen": key_id}).status_code == 403
        assert sort.live(op) == [key_id]

    def test_another_site_presses_nothing(self, op: OpenIdProvider, casey: Browser, sort: Sort) -> None:
        key_id = sort.makes(op)
        assert casey.posts(sort.act(key_id, "revoke"), {}).status_code == 400
        assert sort.live(op) == [key_id]


def test_the_list_says_what_is_used_and_what_has_ended(op: OpenIdProvider, casey: Browser) -> None:
    clear = clear_in(fills_in(casey, casey.opens(API_KEY.new()), "new-key"))
    assert "not used yet" in casey.opens(KEYS).text
    op.runs("accounts", "update", "acme", "--origin", "https://desk.acme.example")
    answer = Widget(op, origin="https://desk.acme.example").signs_in_by_key(key=clear)
    assert answer.status_code == 200, answer.text
    page = casey.opens(KEYS).text
    assert 'data-label="Last used"><time' in page
    assert "in use" in page


def test_a_short_key_from_elsewhere_is_called_weak(casey: Browser) -> None:
    made = fills_in(casey, casey.opens(API_KEY.new()), "new-key", own_secret="only-16-letters!")
    assert "It is short, and could be guessed." in made.text


def test_the_list_says_so_where_there_is_none(casey: Browser) -> None:
    assert casey.opens(KEYS).text.count("There is none yet.") == 2
