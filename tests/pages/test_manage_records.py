"""The records of an account as its managers read them: sentences, filters, pages, a file."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest

from idp.audit import events as kinds
from idp.audit import trail
from idp.audit.events import Event, UserChanged
from idp.domain.context import Actor, ActorKind
from idp.pages.manage import sentences
from idp.store.audit_events import AuditEvent
from idp.store.unit_of_work import unit_of_work
from tests.pages.manage import EDITOR, RECORDS, asked, roles_are_ours, signs_in_as
from tests.pages.test_templates import HOSTILE, LARGEST_PAGE, Outline
from tests.support.app import MIA, SAM, Browser, OpenIdProvider

UNTOLD = frozenset(
    {
        *("key.made", "key.promoted", "key.retired", "key.revoked", "outbox.dropped", "outbox.retried"),
        "roles.provisioned",
    }
)
"""Kinds of the machine's own, which belong to no account: they would be told by their names."""


@pytest.fixture
def mia(op: OpenIdProvider) -> Browser:
    return signs_in_as(op)


def told(page: str) -> list[str]:
    """Return the sentences of a page."""
    return re.findall(r"<li[^>]*>\s*(?:<a [^>]*>)?<bdi>(.*?)</bdi>", page)


def happens(op: OpenIdProvider, *events: Event, request: str | None = None, actor: Actor | None = None) -> None:
    """Write events down."""
    context = op.at_this_moment
    with op.app.app_context(), unit_of_work() as session:
        for event in events:
            trail.record(
                session,
                event,
                replace(context, request_id=request or context.request_id, actor=actor or context.actor),
            )


def much(op: OpenIdProvider, many: int) -> None:
    happens(
        op, *(UserChanged(account="acme", user="x" * 22, change=kinds.Change.UPDATED, settings={}) for _ in range(many))
    )


def test_every_kind_of_an_account_has_a_sentence() -> None:
    known = {kind.kind for kind in (getattr(kinds, name) for name in kinds.__all__) if hasattr(kind, "kind")}
    told_of = {key.partition(":")[0] for key in sentences.SENTENCES}
    assert known - told_of == UNTOLD
    assert told_of <= known


@pytest.mark.parametrize("key", sentences.SENTENCES)
def test_every_sentence_can_be_said(op: OpenIdProvider, key: str) -> None:
    kind, _, difference = key.partition(":")
    details = {"change": "updated", "settings": {"roles": ["deepdesk.editor"]}} if difference == "roles" else {}
    outcome = "no_valid_role" if difference == "refused" else "ok"
    if difference not in {"", "roles", "refused"}:
        details = {"change": difference, "decision": difference}
    with op.app.test_request_context("/"):
        said = sentences.of(AuditEvent(kind=kind, outcome=outcome, user_id=None, details=details), None)
    assert said[0].isupper()
    assert said.endswith(".")
    assert "%(" not in said


class TestTheRecords:
    def test_say_who_did_what_to_whom(self, op: OpenIdProvider) -> None:
        roles_are_ours(op)
        mia = signs_in_as(op)
        sam = op.makes("sam@acme.example", name="Sam Agent")
        mia_id = re.findall(r"/manage/people/([\w-]{22})/", mia.opens("/manage/people/?account=acme&q=mia").text)[0]
        changed = UserChanged(
            account="acme", user=sam, change=kinds.Change.UPDATED, settings={"roles": ["deepdesk.editor"]}
        )
        happens(op, changed, actor=Actor(kind=ActorKind.USER, id=mia_id))
        page = mia.opens(RECORDS).text
        assert told(page)[0] == "Sam Agent became Studio Editor."
        assert "By Mia Manager" in page
        assert f'href="/manage/people/{sam}/?account=acme"' in page

    def test_are_the_accounts_own(self, op: OpenIdProvider, mia: Browser) -> None:
        op.account("beta")
        op.makes("bea@beta.example", account="beta", name="Bea Beta")
        assert "Bea" not in mia.opens(RECORDS).text

    def test_name_no_person_of_another_account(self, op: OpenIdProvider, mia: Browser) -> None:
        op.account("beta")
        theirs = op.makes("bea@beta.example", account="beta", name="Bea Beta")
        happens(op, UserChanged(account="acme", user=theirs, change=kinds.Change.UPDATED, settings={}))
        page = mia.opens(f"{RECORDS}&user={theirs}").text
        assert "Bea" not in page
        assert told(page) == ["Somebody who is not here any more was changed."]

    def test_name_nobody_of_deepdesk_who_typed_a_command(self, op: OpenIdProvider, mia: Browser) -> None:
        assert "By Deepdesk" in mia.opens(RECORDS).text
        assert "a-test" not in mia.opens(RECORDS).text
        assert "a-test" not in mia.opens("/manage/audit/export/?account=acme").text

    def test_tell_a_kind_without_a_sentence_by_its_name(self, op: OpenIdProvider, mia: Browser) -> None:
        happens(op, kinds.OutboxDropped(account="acme", item="1", delivers="mail", attempts=3))
        assert told(mia.opens(RECORDS).text)[0] == "outbox.dropped"

    def test_show_what_others_chose_harmlessly(self, op: OpenIdProvider, mia: Browser) -> None:
        op.signs_in(op.browser(), replace(SAM, name=HOSTILE))
        happens(op, kinds.SignInFailed(account="acme", provider=f"\u202e{HOSTILE}", reason="x"))
        page = mia.opens(RECORDS).text
        assert Outline(page).named("script") == []
        assert "\u202e" not in page

    def test_are_narrowed_to_a_person_or_to_a_code(self, op: OpenIdProvider, mia: Browser) -> None:
        sam = op.makes("sam@acme.example", name="Sam Agent")
        happens(op, UserChanged(account="acme", user=sam, change=kinds.Change.DISABLED, settings={}), request="CODE-1")
        page = mia.opens(f"{RECORDS}&user={sam}").text
        assert told(page) == ["Sam Agent is kept out from now on.", "Sam Agent was added."]
        assert "Only what is about Sam Agent." in page
        assert told(mia.opens(f"{RECORDS}&request=CODE-1").text) == ["Sam Agent is kept out from now on."]
        assert "Nothing is found." in mia.opens(f"{RECORDS}&request=CODE-2").text
        assert "Nothing is found." in mia.opens(f"{RECORDS}&user={'x' * 5000}").text

    def test_go_on_page_by_page(self, op: OpenIdProvider, mia: Browser) -> None:
        much(op, 60)
        address, seen = RECORDS, 0
        for _ in range(10):
            page = mia.opens(address)
            seen += len(told(page.text))
            assert len(page.data) < LARGEST_PAGE / 2
            following = re.search(r'href="([^"]*)" rel="next"', page.text)
            if following is None:
                break
            address = following[1].replace("&amp;", "&")
        assert seen == 60 + 3
        assert "Back to the first" in page.text

    def test_begin_again_where_their_place_is_tampered_with_or_anothers(self, op: OpenIdProvider, mia: Browser) -> None:
        much(op, 60)
        following = re.search(r'href="([^"]*)" rel="next"', mia.opens(RECORDS).text)
        assert following is not None
        address = following[1].replace("&amp;", "&")
        cursor = asked(address)["before"][0]
        for before in (cursor[:-1], "1", "-1", "x" * 5000):
            assert "is none of this list" in mia.opens(f"{RECORDS}&before={before}").text
        assert "is none of this list" in mia.opens(f"{address}&user=x").text
        op.account("beta")
        bo = signs_in_as(op, replace(MIA, account="beta", subject="b-1", email="bo@beta.example"))
        assert "is none of this list" in bo.opens(f"/manage/audit/?account=beta&before={cursor}").text

    def test_come_as_a_file_without_formulas(self, op: OpenIdProvider, mia: Browser) -> None:
        happens(op, UserChanged(account="acme", change=kinds.Change.UPDATED, settings={}, user="x"), request="=1+1")
        answer = mia.opens("/manage/audit/export/?account=acme")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert answer.mimetype == "text/csv"
        assert (rows[0]["kind"], rows[0]["code"]) == ("user.changed", "'=1+1")

    @pytest.mark.parametrize("path", [RECORDS, "/manage/audit/export/?account=acme"])
    def test_are_not_an_editors(self, op: OpenIdProvider, path: str) -> None:
        assert signs_in_as(op, EDITOR).opens(path).status_code == 403
