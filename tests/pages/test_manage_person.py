"""One person's page for those who look after their account: why they may what they may, sessions, roles, their end."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from idp.services.people import users
from tests.pages.manage import (
    EDITOR,
    PEOPLE,
    asked,
    does,
    follows,
    page_of,
    roles_are_ours,
    sends,
    shown,
    signs_in_as,
)
from tests.pages.test_templates import HOSTILE, Outline
from tests.support.app import CASEY, MIA, SAM, Browser, OpenIdProvider
from tests.support.forms import forms_of, submits
from tests.support.rp import RelyingParty

PARTS = ("", "roles/", "state/", "delete/", "sign-out/")
FORMS = (
    ("roles/", {"role": "deepdesk.manager"}),
    ("state/", {"to": "disabled"}),
    ("delete/", {}),
    ("sign-out/", {}),
    ("sessions/end/", {"sid": "x"}),
)


@pytest.fixture
def op(op: OpenIdProvider) -> OpenIdProvider:
    """Roles are given in acme's own pages."""
    roles_are_ours(op)
    return op


@pytest.fixture
def mia(op: OpenIdProvider) -> Browser:
    return signs_in_as(op)


@pytest.fixture
def sam(op: OpenIdProvider) -> str:
    """An agent who has not signed in yet."""
    return op.makes("sam@acme.example", name="Sam Agent")


def me(op: OpenIdProvider) -> str:
    """Return Mia's id."""
    with op.app.app_context():
        return users.show("mia@acme.example", account="acme").user.id


def found(browser: Browser, text: str) -> str:
    """Return the id of whoever the list finds first."""
    page = browser.opens(f"{PEOPLE}&q={text}").text
    return re.findall(r"/manage/people/([\w-]{22})/", page)[0]


def seen_in(page: str) -> str:
    """Return which version of somebody a page shows."""
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found, page
    return found[1]


def chooses(browser: Browser, user_id: str, *roles: str, seen: str | None = None, **more: str) -> TestResponse:
    """Send the form of roles with these ticked."""
    address = page_of(user_id, "roles/")
    version = seen or seen_in(browser.opens(address).text)
    return sends(browser, address, {"seen": version, "role": list(roles), **more})


class TestWhoMayLook:
    @pytest.mark.parametrize("part", PARTS)
    def test_ids_of_another_account_and_of_nobody_are_not_there(
        self, op: OpenIdProvider, mia: Browser, part: str
    ) -> None:
        op.account("beta")
        theirs = op.makes("bea@beta.example", account="beta")
        for user_id in (theirs, "x" * 22, "bea@beta.example", "mia@acme.example", "x" * 3000):
            assert mia.opens(page_of(user_id, part)).status_code == 404

    @pytest.mark.parametrize(("part", "form"), FORMS)
    def test_nobody_of_another_account_is_changed(
        self, op: OpenIdProvider, mia: Browser, part: str, form: dict[str, object]
    ) -> None:
        op.account("beta")
        theirs = op.makes("bea@beta.example", account="beta")
        op.signs_in(op.browser(), replace(SAM, account="beta", email="bea@beta.example"))
        before = op.rows()
        assert sends(mia, page_of(theirs, part), {"seen": "x", **form}).status_code == 404
        assert op.rows() == before

    @pytest.mark.parametrize("part", PARTS)
    def test_an_editor_may_not(self, op: OpenIdProvider, sam: str, part: str) -> None:
        op.makes("ed@acme.example", roles=["deepdesk.editor"])
        editor = signs_in_as(op, EDITOR)
        assert editor.opens(page_of(sam, part)).status_code == 403

    @pytest.mark.parametrize(("part", "form"), FORMS)
    def test_nor_change_anything(self, op: OpenIdProvider, sam: str, part: str, form: dict[str, object]) -> None:
        op.makes("ed@acme.example", roles=["deepdesk.editor"])
        editor = signs_in_as(op, EDITOR)
        before = shown(op, sam)
        assert sends(editor, page_of(sam, part), form).status_code == 403
        assert (shown(op, sam).roles, shown(op, sam).enabled) == (before.roles, before.enabled)

    @pytest.mark.parametrize("part", ["roles/", "delete/"])
    def test_a_sensitive_act_wants_a_fresh_proof_before_its_form_is_shown(
        self, op: OpenIdProvider, mia: Browser, sam: str, part: str
    ) -> None:
        op.clock.advance(minutes=16)
        assert mia.opens(page_of(sam, part)).headers["Location"].startswith("/manage/proof/?account=acme&after=")
        assert mia.opens(page_of(sam, "state/")).status_code == 200


class TestThePage:
    @pytest.mark.parametrize("name", [HOSTILE, "\u202eecilA", "\u200b\u200b\u200b"])
    def test_shows_a_name_harmlessly_on_every_page(self, op: OpenIdProvider, mia: Browser, name: str) -> None:
        op.signs_in(op.browser(), replace(SAM, name=name))
        user_id = found(mia, "sam")
        for part in PARTS:
            page = mia.opens(page_of(user_id, part))
            outline = Outline(page.text)
            assert page.status_code == 200
            assert outline.named("script") == []
            assert not re.search("[\u202e\u200b]", page.text)
            assert re.search(r"\w", outline.title.partition("–")[0])

    def test_says_who_gave_the_role(self, op: OpenIdProvider, mia: Browser, sam: str) -> None:
        assert "Set by Deepdesk on" in mia.opens(page_of(sam)).text
        chooses(mia, sam, "deepdesk.editor")
        assert "Set by Mia Manager on" in mia.opens(page_of(sam)).text

    def test_says_which_sign_in_gave_it_and_by_which_rule(self, op: OpenIdProvider, mia: Browser) -> None:
        op.runs("providers", "update", "acme", "platform", "--role-based-iam", "--role-map", "Boss=deepdesk.manager")
        op.signs_in(op.browser(), replace(SAM, roles=("Boss", "Evening <b>team</b>")))
        user_id = found(mia, "sam")
        page = Outline(mia.opens(page_of(user_id)).text)
        assert "“Boss” gives Manager" in page.text
        assert "gives no role here (1)" in page.text
        assert "Evening" not in page.text

    def test_shows_staff_what_the_upstream_said(self, op: OpenIdProvider) -> None:
        op.runs("providers", "update", "acme", "platform", "--role-based-iam", "--role-map", "Boss=deepdesk.manager")
        op.signs_in(op.browser(), replace(SAM, roles=("Boss", "Evening <b>team</b>")))
        op.staff_sign_in_with_google()
        op.grants(str(CASEY.email), "acme")
        casey = signs_in_as(op, CASEY)
        assert does(casey, PEOPLE, "").status_code == 303
        user_id = found(casey, "sam")
        page = Outline(casey.opens(page_of(user_id)).text)
        assert "Evening <b>team</b>" in page.text
        assert page.named("b") == []
        assert "role_based_iam" in page.text

    def test_says_of_oneself_that_it_is_oneself(self, op: OpenIdProvider, mia: Browser) -> None:
        assert '<span class="mark">This is you</span>' in mia.opens(page_of(me(op))).text
        assert "This is you." in mia.opens(page_of(me(op), "roles/")).text


class TestSessions:
    def test_are_listed_with_the_services_and_ended_one_by_one(
        self, op: OpenIdProvider, mia: Browser, rp: RelyingParty
    ) -> None:
        theirs, other = op.browser(), op.browser()
        op.signs_in(theirs, SAM)
        op.signs_in(other, SAM)
        rp.obtains_tokens_for(theirs)
        user_id = found(mia, "sam")
        page = mia.opens(page_of(user_id))
        ends = [
            form for form in forms_of(page.text) if form.action.startswith(f"/manage/people/{user_id}/sessions/end/")
        ]
        assert len(ends) == 2
        assert page.text.count("\n            For ") == 1
        for form in ends:
            done = mia.posts(form.action, form.fields, headers={"Origin": mia.issuer})
            assert "That session has ended." in follows(mia, done).text
        assert "Nowhere at the moment." in mia.opens(page_of(user_id)).text
        assert theirs.opens("/account/").status_code == other.opens("/account/").status_code == 303

    def test_of_somebody_else_are_not_there(self, op: OpenIdProvider, mia: Browser, sam: str) -> None:
        own = re.findall(r'name="sid" value="([^"]+)"', mia.opens(page_of(me(op))).text)[0]
        assert sends(mia, page_of(sam, "sessions/end/"), {"sid": own}).status_code == 404
        assert mia.opens(PEOPLE).status_code == 200

    def test_end_everywhere_after_a_question(self, op: OpenIdProvider, mia: Browser) -> None:
        theirs = signs_in_as(op, SAM)
        user_id = found(mia, "sam")
        done = does(mia, page_of(user_id, "sign-out/"), "confirm")
        assert "Sam Agent is signed out everywhere." in follows(mia, done).text
        assert theirs.opens("/account/").status_code == 303


class TestRoles:
    def test_are_changed_said_and_undone(self, op: OpenIdProvider, mia: Browser, sam: str) -> None:
        done = chooses(mia, sam, "deepdesk.editor", "deepdesk.assistant_editor")
        page = follows(mia, done)
        assert "Sam Agent is Studio Editor, Assistants Editor from now on." in page.text
        assert shown(op, sam).roles == ["deepdesk.editor", "deepdesk.assistant_editor"]
        again = follows(mia, submits(mia, page, "undo-roles"))
        assert "Sam Agent is Agent from now on." in again.text
        assert shown(op, sam).roles == ["deepdesk.agent"]

    def test_offer_no_undo_after_ten_seconds_and_say_nothing_after_minutes(
        self, op: OpenIdProvider, mia: Browser, sam: str
    ) -> None:
        done = chooses(mia, sam, "deepdesk.editor")
        address = done.headers["Location"]
        op.clock.advance(seconds=9)
        assert "undo-roles" in mia.opens(address).text
        op.clock.advance(seconds=1)
        assert "undo-roles" not in mia.opens(address).text
        op.clock.advance(minutes=2)
        assert "from now on" not in mia.opens(address).text

    def test_no_link_can_make_the_page_offer_an_undo(self, op: OpenIdProvider, mia: Browser, sam: str) -> None:
        done = chooses(mia, sam, "deepdesk.editor")
        receipt = asked(done.headers["Location"])["done"][0]
        other = op.makes("lee@acme.example")
        assert "undo-roles" not in mia.opens(f"{page_of(other)}&done={receipt}").text
        assert "undo-roles" not in mia.opens(f"{page_of(sam)}&done={receipt[:-1]}").text
        assert "undo-roles" not in mia.opens(f"{page_of(sam)}&done=roles").text
        op.makes("max@acme.example", roles=["deepdesk.manager"])
        max_ = signs_in_as(op, replace(MIA, subject="acme-9", email="max@acme.example", name="Max"))
        assert "undo-roles" not in max_.opens(f"{page_of(sam)}&done={receipt}").text

    def test_an_undo_does_not_undo_what_somebody_else_did_since(
        self, op: OpenIdProvider, mia: Browser, sam: str
    ) -> None:
        page = follows(mia, chooses(mia, sam, "deepdesk.editor"))
        op.runs("users", "set-roles", "sam@acme.example", "--account", "acme", "--role", "deepdesk.assistant_editor")
        assert submits(mia, page, "undo-roles").status_code == 409
        assert shown(op, sam).roles == ["deepdesk.assistant_editor"]

    def test_of_two_managers_the_second_sees_what_the_first_did_and_loses_nothing(
        self, op: OpenIdProvider, mia: Browser, sam: str
    ) -> None:
        seen = seen_in(mia.opens(page_of(sam, "roles/")).text)
        op.runs("users", "set-roles", "sam@acme.example", "--account", "acme", "--role", "deepdesk.assistant_editor")
        answer = chooses(mia, sam, "deepdesk.editor", seen=seen)
        assert answer.status_code == 409
        page = answer.text
        assert "They are now Assistants Editor." in page
        assert 'value="deepdesk.editor" checked' in page
        assert shown(op, sam).roles == ["deepdesk.assistant_editor"]
        assert chooses(mia, sam, "deepdesk.editor", seen=seen_in(page)).status_code == 303

    @pytest.mark.parametrize("seen", ["", "x", "0123456789abcdef", "\0", "y" * 5000])
    def test_nobody_is_changed_by_a_form_that_does_not_say_whom_it_showed(
        self, op: OpenIdProvider, mia: Browser, sam: str, seen: str
    ) -> None:
        answer = sends(mia, page_of(sam, "roles/"), {"seen": seen, "role": "deepdesk.manager"})
        assert answer.status_code == 409
        assert shown(op, sam).roles == ["deepdesk.agent"]

    @pytest.mark.parametrize("role", ["deepdesk.owner", "Manager", "", "deepdesk.editor "])
    def test_no_role_that_does_not_exist(self, op: OpenIdProvider, mia: Browser, sam: str, role: str) -> None:
        seen = seen_in(mia.opens(page_of(sam, "roles/")).text)
        answer = sends(mia, page_of(sam, "roles/"), {"seen": seen, "role": ["deepdesk.editor", role]})
        assert answer.status_code == 400
        assert shown(op, sam).roles == ["deepdesk.agent"]

    def test_none_ticked_is_an_agent(self, op: OpenIdProvider, mia: Browser, sam: str) -> None:
        chooses(mia, sam, "deepdesk.editor")
        assert chooses(mia, sam).status_code == 303
        assert shown(op, sam).roles == ["deepdesk.agent"]

    def test_what_was_chosen_survives_the_proof(self, op: OpenIdProvider, mia: Browser, sam: str) -> None:
        seen = seen_in(mia.opens(page_of(sam, "roles/")).text)
        op.clock.advance(minutes=16)
        sent = chooses(mia, sam, "deepdesk.editor", seen=seen)
        after = asked(sent.headers["Location"])["after"][0]
        op.signs_in(mia)
        page = mia.opens(after)
        assert 'value="deepdesk.editor" checked' in page.text
        assert seen_in(page.text) == seen
        assert shown(op, sam).roles == ["deepdesk.agent"]

    def test_the_last_manager_stays(self, op: OpenIdProvider, mia: Browser) -> None:
        answer = chooses(mia, me(op), "deepdesk.agent", own="1")
        assert answer.status_code == 409
        assert "nobody else is Manager here" in answer.text
        assert shown(op, me(op)).roles == ["deepdesk.manager"]

    def test_ones_own_is_taken_away_only_after_a_plain_word(self, op: OpenIdProvider, mia: Browser) -> None:
        op.makes("max@acme.example", roles=["deepdesk.manager"])
        own = me(op)
        first = chooses(mia, own, "deepdesk.editor")
        assert first.status_code == 422
        assert "This takes your own role away" in first.text
        assert shown(op, own).roles == ["deepdesk.manager"]
        done = chooses(mia, own, "deepdesk.editor", own="1")
        assert done.headers["Location"] == "/account/"
        assert shown(op, own).roles == ["deepdesk.editor"]
        assert mia.opens(PEOPLE).status_code == 403

    def test_that_follow_the_upstream_have_no_form_and_say_who_decides(self, op: OpenIdProvider, mia: Browser) -> None:
        op.signs_in(op.browser(), SAM)
        op.runs("providers", "update", "acme", "platform", "--role-based-iam")
        user_id = found(mia, "sam")
        page = mia.opens(page_of(user_id, "roles/"))
        assert "Roles are given at Platform" in page.text
        assert "change-roles" not in page.text
        version = seen_in(mia.opens(page_of(user_id, "state/")).text)
        answer = chooses(mia, user_id, "deepdesk.manager", seen=version)
        assert answer.status_code == 409
        assert "Roles are given at Platform" in answer.text
        assert shown(op, user_id).roles == ["deepdesk.agent"]


class TestKeepingOut:
    def test_asks_first_then_says_so_and_can_be_undone(self, op: OpenIdProvider, mia: Browser) -> None:
        theirs = signs_in_as(op, SAM)
        user_id = found(mia, "sam")
        question = mia.opens(page_of(user_id, "state/"))
        assert "Keep Sam Agent out?" in question.text
        page = follows(mia, submits(mia, question, "confirm"))
        assert "kept out from now on, and signed out everywhere" in page.text
        assert theirs.opens("/account/").status_code == 303
        assert shown(op, user_id).enabled is False
        again = follows(mia, submits(mia, page, "undo-state"))
        assert "Sam Agent can sign in again." in again.text
        assert shown(op, user_id).enabled is True

    def test_and_letting_in_again_can_be_undone_too(self, op: OpenIdProvider, mia: Browser, sam: str) -> None:
        op.disables(sam)
        page = follows(mia, does(mia, page_of(sam, "state/"), "confirm"))
        follows(mia, submits(mia, page, "undo-state"))
        assert shown(op, sam).enabled is False

    def test_shows_somebody_as_they_are_now_where_they_changed_meanwhile(
        self, op: OpenIdProvider, mia: Browser, sam: str
    ) -> None:
        question = mia.opens(page_of(sam, "state/"))
        op.disables(sam)
        answer = submits(mia, question, "confirm")
        assert answer.status_code == 409
        assert "Let Sam Agent in again?" in answer.text

    @pytest.mark.parametrize("to", ["", "on", "ENABLED", "deleted"])
    def test_takes_no_other_word(self, op: OpenIdProvider, mia: Browser, sam: str, to: str) -> None:
        assert sends(mia, page_of(sam, "state/"), {"to": to, "seen": "x"}).status_code == 400

    def test_the_last_manager_stays(self, op: OpenIdProvider, mia: Browser) -> None:
        question = mia.opens(page_of(me(op), "state/"))
        assert "This is you." in question.text
        answer = submits(mia, question, "confirm")
        assert answer.status_code == 409
        assert "nobody else is Manager here" in answer.text
        assert shown(op, me(op)).enabled is True


class TestDeleting:
    def test_says_what_goes_and_what_stays_and_then_does_it(self, op: OpenIdProvider, mia: Browser, sam: str) -> None:
        question = mia.opens(page_of(sam, "delete/"))
        assert [word in question.text for word in ("What goes", "What stays", "cannot be undone")] == [True] * 3
        page = follows(mia, submits(mia, question, "confirm"))
        assert "Sam Agent is deleted, and signed out everywhere." in page.text
        assert mia.opens(page_of(sam)).status_code == 404

    def test_changes_nobody_who_is_not_as_they_were_seen(self, op: OpenIdProvider, mia: Browser, sam: str) -> None:
        question = mia.opens(page_of(sam, "delete/"))
        op.disables(sam)
        answer = submits(mia, question, "confirm")
        assert answer.status_code == 409
        assert "Below is how they are now." in answer.text
        assert mia.opens(page_of(sam)).status_code == 200

    def test_the_last_manager_stays(self, op: OpenIdProvider, mia: Browser) -> None:
        assert does(mia, page_of(me(op), "delete/"), "confirm").status_code == 409
        assert mia.opens(PEOPLE).status_code == 200


def test_forms_of_other_sites_are_not_taken(op: OpenIdProvider, mia: Browser, sam: str) -> None:
    for part, form in FORMS:
        answer = mia.posts(page_of(sam, part), form, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 400
    assert shown(op, sam).enabled is True
