"""The templates by themselves, with the gallery's sample data."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask import render_template
from flask.testing import FlaskClient

from idp.pages.messages import ERROR_TEXTS
from tests.support.gallery import PAGES, SAMPLES, WIDGET, WITH_A_SCRIPT

HOSTILE = "\"'><script>alert(1)</script>{{ 7*7 }}"
LARGEST_PAGE = 30 * 1024
VOID = frozenset({"meta", "link", "img", "input", "br", "wbr"})
OWN_TITLES = {template.name for room in (PAGES, WIDGET) for template in (room / "templates").glob("[!_]*.html")} - {
    "base.html",
    "manage.html",
}


class Outline(HTMLParser):
    """The tags of a page, its title and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.title = ""
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] == "title":
            self.title += data

    def by_id(self, name: str) -> dict[str, str | None]:
        return next(attributes for _, attributes in self.tags if attributes.get("id") == name)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def shown(template: str, **context: object) -> Outline:
    return Outline(render_template(template, **context))


@pytest.mark.parametrize("name", [*(f"/gallery/{name}" for name in SAMPLES), "/"])
class TestEveryPage:
    def test_is_complete(self, gallery: FlaskClient, name: str) -> None:
        answer = gallery.get(name)
        page = Outline(answer.text)
        assert answer.status_code == 200
        assert page.open == []
        assert len(page.named("h1")) == len(page.named("main")) == 1
        assert page.named("html")[0]["lang"] == "en"
        assert {"name": "robots", "content": "noindex"} in page.named("meta")

    def test_needs_nothing_that_the_policy_forbids(self, gallery: FlaskClient, name: str) -> None:
        page = Outline(gallery.get(name).text)
        for tag, attributes in page.tags:
            assert tag not in {"style", "iframe", "base", "object"}
            assert tag != "script" or (name == WITH_A_SCRIPT and attributes["src"])
            assert not [attribute for attribute in attributes if attribute == "style" or attribute.startswith("on")]
        for attributes in page.named("link") + page.named("img") + page.named("script"):
            assert (attributes.get("href") or attributes.get("src") or "").startswith("/")

    def test_weighs_less_than_30_kb_with_its_stylesheets(self, gallery: FlaskClient, name: str) -> None:
        page = gallery.get(name)
        sheets = [link["href"] for link in Outline(page.text).named("link") if link.get("rel") == "stylesheet"]
        assert sheets
        weight = len(page.data)
        for sheet in sheets:
            with gallery.get(str(sheet)) as answer:
                assert answer.status_code == 200
                weight += len(answer.data)
        assert weight < LARGEST_PAGE

    def test_leaves_no_place_unfilled(self, gallery: FlaskClient, name: str) -> None:
        text = Outline(gallery.get(name).text).text
        assert not re.search(r"%\(|%%|\{\{|None|LazyString", text)


def test_titles_are_unique(gallery: FlaskClient) -> None:
    titles: dict[str, set[str]] = {}
    for name, sample in SAMPLES.items():
        page = sample.template if sample.template != "error.html" else name
        titles.setdefault(Outline(gallery.get(f"/gallery/{name}").text).title, set()).add(page)
    assert {title: pages for title, pages in titles.items() if len(pages) > 1} == {}


def test_every_template_is_in_the_gallery() -> None:
    assert {sample.template for sample in SAMPLES.values()} == OWN_TITLES


def test_the_sample_pages_carry_the_promised_names(gallery: FlaskClient) -> None:
    def page(name: str) -> Outline:
        return Outline(gallery.get(f"/gallery/{name}").text)

    links = [link for link in page("sign_in_several").named("a") if link.get("class") == "provider"]
    assert [link["data-provider"] for link in links] == ["entra", "genesys", "partner"]
    assert "disabled" not in page("logout").by_id("logout-confirm")
    assert page("logout").named("form") == [{"method": "post"}]
    assert page("logout").named("input")[0]["name"] == "csrf_token"
    assert page("signed_out").by_id("signed-out")
    assert page("error_csrf").by_id("error")["data-code"] == "7KQ-M2X"
    assert page("request_error").by_id("request-error")["data-error"] == "invalid_request"


@pytest.mark.usefixtures("rendering")
class TestHostileValues:
    """Whatever stands in a request, a provider's answer or a name stays text."""

    def test_in_a_request_error(self) -> None:
        page = shown(
            "request_error.html",
            error=HOSTILE,
            parameter=HOSTILE,
            sent=HOSTILE,
            registered=[HOSTILE],
            sentence=HOSTILE,
            advice=HOSTILE,
            command=HOSTILE,
            code=HOSTILE,
            client_name=HOSTILE,
            account_name=HOSTILE,
        )
        assert page.named("script") == []
        assert page.by_id("request-error")["data-error"] == HOSTILE
        assert page.text.count(HOSTILE) == 11

    def test_in_an_error(self) -> None:
        action = {"href": f"/?next={HOSTILE}", "label": HOSTILE}
        text = ERROR_TEXTS["claim_missing"].filled(claim=HOSTILE)
        page = shown(
            "error.html",
            title=text.title,
            sentence=text.sentence,
            advice=text.advice,
            code=HOSTILE,
            actions=[action],
            account_name=HOSTILE,
        )
        assert page.named("script") == []
        assert page.text.count(HOSTILE) == 6

    def test_in_a_sign_in(self) -> None:
        provider = {"code": HOSTILE, "display_name": HOSTILE, "href": HOSTILE}
        page = shown(
            "sign_in.html", account_name=HOSTILE, service_name=HOSTILE, login_hint=HOSTILE, providers=[provider]
        )
        assert page.named("script") == []
        assert page.text.count(HOSTILE) == 5
        [link] = page.named("a")
        assert link["data-provider"] == link["href"] == HOSTILE

    def test_in_a_person(self) -> None:
        person = {"name": HOSTILE, "email": HOSTILE, "account_name": HOSTILE}
        for page in (
            shown("logout.html", people=[person]),
            shown("already_signed_in.html", person=person, account_name=HOSTILE),
        ):
            assert page.named("script") == []
            assert page.text.count(HOSTILE) >= 3


@pytest.mark.usefixtures("rendering")
class TestWhatWasSent:
    def shown(self, sent: str | None) -> Outline:
        return shown(
            "request_error.html", error="invalid_request", parameter="scope", sent=sent, sentence="", advice="", code=""
        )

    def test_a_missing_parameter_is_called_nothing(self) -> None:
        assert re.search(r"Sent\s+nothing\s", self.shown(None).text)

    @pytest.mark.parametrize("sent", ["", " \t"])
    def test_an_empty_one_is_called_empty(self, sent: str) -> None:
        assert re.search(r"Sent\s+an empty value\s", self.shown(sent).text)

    def test_a_long_one_is_cut(self) -> None:
        text = self.shown("x" * 5000).text
        assert "x" * 299 + "…" in text
        assert "x" * 300 not in text

    def test_nothing_is_called_registered_where_nothing_is(self) -> None:
        assert "Registered" not in self.shown("x").text


@pytest.mark.usefixtures("rendering")
class TestTheSignInPage:
    def test_one_way_in_is_the_obvious_one(self) -> None:
        one = [{"code": "a", "display_name": "A", "href": "/a/"}]
        assert {"class": "only"} in shown("sign_in.html", account_name="Acme", providers=one).named("li")
        assert {"class": "only"} not in shown("sign_in.html", account_name="Acme", providers=one * 2).named("li")

    @pytest.mark.parametrize("account_name", ["Acme", None])
    def test_without_any_it_says_whom_to_ask(self, account_name: str | None) -> None:
        page = shown("sign_in.html", account_name=account_name, providers=[])
        assert "not set up" in page.text
        assert "ask the person who manages Deepdesk" in page.text
        assert page.named("a") == []

    def test_the_service_is_named_only_when_known(self) -> None:
        assert "to continue to" not in shown("sign_in.html", account_name="Acme", providers=[]).text


@pytest.mark.usefixtures("rendering")
@pytest.mark.parametrize(
    ("person", "first_line"),
    [
        ({"name": "Mia", "email": "m@acme.example"}, "Mia"),
        ({"name": None, "email": "m@acme.example"}, "m@acme.example"),
        ({"name": "", "email": None}, "Somebody without a name"),
    ],
)
def test_somebody_is_shown_by_what_is_known(person: dict[str, str | None], first_line: str) -> None:
    page = shown("already_signed_in.html", person=person, account_name="Acme")
    assert first_line in page.text
    assert "None" not in page.text
