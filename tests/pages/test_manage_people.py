"""The list of an account's people, with its search; and adding somebody (CONTRACT §6 rule 11)."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest
from sqlalchemy import func, insert, select

from idp.domain.roles import Role
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.user_terms import UserTerm, terms_of
from idp.store.users import User
from tests.pages.manage import EDITOR, PEOPLE, asked, does, follows, page_of, sends, shown, signs_in_as
from tests.pages.test_templates import HOSTILE, LARGEST_PAGE, Outline
from tests.support.app import CASEY, MIA, Browser, OpenIdProvider
from tests.support.clock import NOW
from tests.support.mail import Postbox, lets_in_by_mail

NEW = "/manage/people/new/?account=acme"
ROW = re.compile(r'<th scope="row"><a href="/manage/people/([\w-]+)/\?account=acme"><bdi>(.*?)</bdi>')


@pytest.fixture
def mia(op: OpenIdProvider) -> Browser:
    return signs_in_as(op)


def names(html: str) -> list[str]:
    return [name for _, name in ROW.findall(html)]


def href(html: str, label: str) -> str:
    """Return where a link leads."""
    found = re.search(rf'href="([^"]*)"[^>]*>{re.escape(label)}<', html)
    assert found, f"no link {label!r}"
    return found[1].replace("&amp;", "&")


def crowd(op: OpenIdProvider, many: int) -> None:
    """Make very many people at once."""
    people = [
        User(
            id=f"many-{number:05}",
            account_code="acme",
            email=f"many.{number:05}@acme.example",
            email_canonical=f"many.{number:05}@acme.example",
            email_held=True,
            email_vouched=False,
            email_proved=False,
            name=f"Many {number:05}",
            roles=[Role.AGENT.value],
            enabled=True,
            created_at=NOW,
        )
        for number in range(many)
    ]
    columns = [column.key for column in User.__table__.columns]
    terms = [
        {"user_id": one.id, "account_code": "acme", "term": term} for one in people for term in sorted(terms_of(one))
    ]
    with op.app.app_context(), unit_of_work() as session:
        session.execute(insert(User), [{name: getattr(one, name) for name in columns} for one in people])
        session.execute(insert(UserTerm), terms)


class TestTheFrame:
    def test_leads_to_the_people_where_nobody_waits(self, mia: Browser) -> None:
        assert mia.opens("/manage/?account=acme").headers["Location"] == PEOPLE

    def test_names_what_a_manager_may_see_and_marks_where_they_are(self, mia: Browser) -> None:
        page = mia.opens(PEOPLE).text
        assert [one in page for one in ("Requests</a>", "People</a>", "Records</a>", "Keys and secrets</a>")] == [
            *(True, True, True),
            False,
        ]
        assert f'href="{PEOPLE}" aria-current="page">People' in page

    def test_a_deputy_sees_the_requests_alone(self, op: OpenIdProvider) -> None:
        deputy = signs_in_as(op, EDITOR)
        op.runs("accounts", "update", "acme", "--deputy", str(EDITOR.email))
        assert deputy.opens("/manage/?account=acme").headers["Location"] == "/manage/access-requests/?account=acme"
        page = deputy.opens("/manage/access-requests/?account=acme").text
        assert "Requests</a>" in page
        assert "People</a>" not in page
        assert deputy.opens(PEOPLE).status_code == 403

    @pytest.mark.parametrize("path", [PEOPLE, NEW, "/manage/people/export/?account=acme"])
    def test_an_editor_is_told_that_it_is_not_theirs(self, op: OpenIdProvider, path: str) -> None:
        answer = signs_in_as(op, EDITOR).opens(path)
        assert (answer.status_code, 'id="error"' in answer.text) == (403, True)

    def test_staff_who_entered_are_reminded_that_they_are_seen(self, op: OpenIdProvider) -> None:
        op.staff_sign_in_with_google()
        op.grants(str(CASEY.email), "acme")
        casey = signs_in_as(op, CASEY)
        assert does(casey, PEOPLE, "", decision="").status_code == 303
        page = casey.opens(PEOPLE).text
        assert "You are here as Deepdesk staff" in page

    def test_is_there_in_the_languages_that_pages_speak(self, mia: Browser) -> None:
        assert '<html lang="nl">' in mia.opens(f"{PEOPLE}&lang=nl").text


class TestTheList:
    def test_says_who_somebody_is_what_they_are_and_when_they_came(self, op: OpenIdProvider, mia: Browser) -> None:
        op.makes("sam@acme.example", name="Sam Agent", roles=["deepdesk.assistant_editor", "deepdesk.editor"])
        page = mia.opens(PEOPLE).text
        assert names(page) == ["Mia Manager", "Sam Agent"]
        assert "Studio Editor, Assistants Editor" in page
        assert "sam@acme.example" in page
        assert "not yet" in page
        assert '<span class="mark">This is you</span>' in page

    def test_has_nobody_of_another_account(self, op: OpenIdProvider, mia: Browser) -> None:
        op.account("beta")
        op.makes("bea@beta.example", account="beta", name="Bea Beta")
        assert "Bea" not in mia.opens(PEOPLE).text

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("q=sa", ["Sam Agent"]),
            ("q=SAM+ag", ["Sam Agent"]),
            ("q=acme.example&role=deepdesk.manager", ["Mia Manager"]),
            ("role=deepdesk.agent", ["Olly Other", "Sam Agent"]),
            ("state=disabled", ["Olly Other"]),
            ("state=disabled&q=sam", []),
            ("q=nobody", []),
            ("role=deepdesk.owner", []),
            ("role=deepdesk.manager%20", []),
            ("q=%25", []),
            ("state=everything", ["Mia Manager", "Olly Other", "Sam Agent"]),
            ("q=" + "x" * 3000, []),
        ],
    )
    def test_is_narrowed_by_its_address(self, op: OpenIdProvider, mia: Browser, query: str, found: list[str]) -> None:
        op.makes("sam@acme.example", name="Sam Agent")
        op.disables(op.makes("olly@acme.example", name="Olly Other"))
        page = mia.opens(f"{PEOPLE}&{query}")
        assert page.status_code == 200
        assert names(page.text) == found
        assert ("Nobody is found." in page.text) is (not found)

    def test_goes_on_page_by_page_and_back_to_the_first(self, op: OpenIdProvider, mia: Browser) -> None:
        crowd(op, 30)
        first = mia.opens(PEOPLE).text
        second = mia.opens(href(first, "Next page")).text
        assert names(first) + names(second) == [*(f"Many {number:05}" for number in range(30)), "Mia Manager"]
        assert "Next page" not in second
        assert href(second, "Back to the first") == PEOPLE

    def test_keeps_its_filters_from_page_to_page(self, op: OpenIdProvider, mia: Browser) -> None:
        crowd(op, 30)
        onwards = href(mia.opens(f"{PEOPLE}&q=many&role=deepdesk.agent").text, "Next page")
        assert asked(onwards).items() >= {"q": ["many"], "role": ["deepdesk.agent"]}.items()
        assert len(names(mia.opens(onwards).text)) == 5

    def test_begins_again_where_its_place_is_tampered_with_or_anothers(self, op: OpenIdProvider, mia: Browser) -> None:
        crowd(op, 30)
        onwards = href(mia.opens(PEOPLE).text, "Next page")
        cursor = asked(onwards)["after"][0]
        for after in (cursor[:-2], f"{cursor}x", "x", "../..", "e" * 5000, "%C3%A9"):
            page = mia.opens(f"{PEOPLE}&after={after}").text
            assert "is none of this list" in page
            assert names(page)[0] == "Many 00000"
        assert "is none of this list" in mia.opens(f"{onwards}&q=mia").text

    def test_of_ten_thousand_is_one_light_page_at_a_time(self, op: OpenIdProvider, mia: Browser) -> None:
        crowd(op, 10_000)
        page = mia.opens(PEOPLE)
        assert len(names(page.text)) == 25
        assert len(page.data) < LARGEST_PAGE / 2
        assert names(mia.opens(f"{PEOPLE}&q=09999").text) == ["Many 09999"]

    @pytest.mark.parametrize(
        "name", [HOSTILE, "\u202eecilA\u202c", "Z\u200boe\u200b", "\u200b\u200b", "a" * 250, "مريم"]
    )
    def test_shows_a_name_harmlessly(self, op: OpenIdProvider, mia: Browser, name: str) -> None:
        op.signs_in(op.browser(), replace(EDITOR, name=name))
        page = mia.opens(PEOPLE)
        outline = Outline(page.text)
        assert outline.named("script") == []
        assert not re.search("[\u202e\u200b]", page.text)
        assert all(shown_as.strip() for shown_as in names(page.text))


class TestAddingSomebody:
    def test_makes_them_with_their_role(self, op: OpenIdProvider, mia: Browser) -> None:
        added = does(mia, NEW, "add-person", email=" sam@acme.example ", name="Sam", role="deepdesk.editor")
        page = follows(mia, added)
        assert "Sam is added, and can sign in." in page.text
        made = shown(op, page.request.path.split("/")[3])
        assert (made.email, made.name, made.roles) == ("sam@acme.example", "Sam", ["deepdesk.editor"])
        assert made.roles_set_by is not None

    def test_mails_an_invitation_where_mail_lets_people_in(self, op: OpenIdProvider, mia: Browser) -> None:
        assert 'name="invite"' not in mia.opens(NEW).text
        lets_in_by_mail(op)
        assert 'name="invite" value="1" checked' in mia.opens(NEW).text
        postbox = Postbox(op)
        postbox.brings()
        added = does(mia, NEW, "add-person", email="sam@acme.example", role="deepdesk.agent", invite="1")
        assert "The mail with the link leaves in a moment." in follows(mia, added).text
        assert [letter.to for letter in postbox.brings()] == ["sam@acme.example"]

    def test_mails_nobody_who_is_not_to_be_invited(self, op: OpenIdProvider, mia: Browser) -> None:
        lets_in_by_mail(op)
        postbox = Postbox(op)
        postbox.brings()
        token = {"email": "sam@acme.example", "role": "deepdesk.agent"}
        assert sends(mia, NEW, {**token}).status_code == 303
        assert postbox.brings() == []

    def test_of_more_than_an_agent_wants_a_fresh_proof_and_keeps_what_was_typed(
        self, op: OpenIdProvider, mia: Browser
    ) -> None:
        op.clock.advance(minutes=16)
        agent = does(mia, NEW, "add-person", email="al@acme.example", role="deepdesk.agent")
        assert agent.headers["Location"].startswith("/manage/people/")
        editor = does(mia, NEW, "add-person", email="sam@acme.example", name="Sam", role="deepdesk.editor")
        after = asked(editor.headers["Location"])["after"][0]
        assert editor.headers["Location"].startswith("/manage/proof/?account=acme&after=")
        op.signs_in(mia)
        page = mia.opens(after).text
        assert 'value="sam@acme.example"' in page
        assert 'value="deepdesk.editor" checked' in page

    @pytest.mark.parametrize(
        ("typed", "problem"),
        [
            ({"email": ""}, "That is not an email address."),
            ({"email": "mia@"}, "That is not an email address."),
            ({"email": HOSTILE}, "That is not an email address."),
            ({"email": "a@b.example\r\nBcc: c@d.example"}, "That is not an email address."),
            ({"email": "sam@acme.example", "name": "\u202eSam"}, "none that cannot be seen"),
            ({"email": "sam@acme.example", "name": "x" * 256}, "at most 255 letters"),
        ],
    )
    def test_says_beside_the_field_what_is_wrong_and_keeps_the_rest(
        self, op: OpenIdProvider, mia: Browser, typed: dict[str, str], problem: str
    ) -> None:
        before = op.rows()
        answer = sends(mia, NEW, {"role": "deepdesk.agent", **typed})
        assert answer.status_code == 422
        assert problem in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert Outline(answer.text).named("script") == []
        assert op.rows() == before

    def test_says_so_where_the_address_is_taken_and_leads_to_whoever_has_it(self, mia: Browser) -> None:
        answer = does(mia, NEW, "add-person", email="MIA@acme.example", role="deepdesk.agent")
        assert answer.status_code == 409
        assert "Somebody here has this address already." in answer.text
        assert names(mia.opens(href(answer.text, "Show who that is")).text) == ["Mia Manager"]

    def test_takes_no_address_of_staff(self, op: OpenIdProvider, mia: Browser) -> None:
        op.staff_sign_in_with_google()
        answer = does(mia, NEW, "add-person", email="casey@deepdesk.example", role="deepdesk.agent")
        assert answer.status_code == 422
        assert "belongs to Deepdesk&#39;s own people" in answer.text or "Deepdesk's own people" in answer.text

    @pytest.mark.parametrize("role", ["", "deepdesk.owner", "manager", "deepdesk.agent\0", "Agent"])
    def test_takes_no_role_that_does_not_exist(self, op: OpenIdProvider, mia: Browser, role: str) -> None:
        before = op.rows()
        answer = sends(mia, NEW, {"email": "sam@acme.example", "role": role})
        assert (answer.status_code, op.rows()) == (400, before)


class TestTheFile:
    def test_holds_what_the_list_shows_and_no_formula(self, op: OpenIdProvider, mia: Browser) -> None:
        for number, name in enumerate(("=1+1", "+31", "-2", "@SUM(A1)", "\uff1dcmd", " =x", 'Ann, "A"')):
            op.makes(f"p{number}@acme.example", name=name)
        answer = mia.opens("/manage/people/export/?account=acme&role=deepdesk.agent")
        assert answer.mimetype == "text/csv"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="people-acme.csv"'
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert {row["name"] for row in rows} == {
            *("'=1+1", "'+31", "'-2", "'@SUM(A1)", "'\uff1dcmd", "'=x", 'Ann, "A"'),
        }
        assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]

    def test_has_nobody_of_another_account(self, op: OpenIdProvider, mia: Browser) -> None:
        op.account("beta")
        op.makes("bea@beta.example", account="beta")
        assert "bea@" not in mia.opens("/manage/people/export/?account=acme").text

    def test_has_an_end(self, op: OpenIdProvider, mia: Browser) -> None:
        crowd(op, 5002)
        rows = list(csv.reader(io.StringIO(mia.opens("/manage/people/export/?account=acme").text)))
        assert len(rows) == 1 + 5000


def test_the_crowd_is_really_there(op: OpenIdProvider) -> None:
    crowd(op, 40)
    with op.app.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(User).where(User.id.startswith("many-"))) == 40


def test_a_manager_of_another_account_is_a_stranger(op: OpenIdProvider) -> None:
    op.account("beta")
    browser = signs_in_as(op, replace(MIA, account="beta", subject="beta-1", email="bo@beta.example", name="Bo"))
    assert browser.opens("/manage/people/?account=beta").status_code == 200
    assert "Mia" not in browser.opens("/manage/people/?account=beta").text
    assert browser.opens(PEOPLE).headers["Location"].startswith("/login/")
    own = op.makes("sam@acme.example")
    assert browser.opens(page_of(own, account="beta")).status_code == 404
