"""Every mail in every language: one link and one code where somebody finds them, the same words as text and as HTML."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from idp.browser.language import DEFAULT, LANGUAGES
from idp.mails import rendering
from idp.mails.kinds import AccessExpired, Asked, MailKind, NoLink, SignInLink
from idp.mails.rendering import Rendered, rendered
from tests.pages.test_templates import Outline
from tests.support.sample_mails import MAILS

EVERY_MAIL = pytest.mark.parametrize("name", MAILS)
EVERY_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)
FETCHING = frozenset({"img", "link", "script", "iframe", "object", "embed", "video", "audio", "source", "base", "form"})
WIDTH, LONGEST_LINE = 76, 998
SIGN_IN = MAILS["sign_in_link"]


def paragraphs(text: str) -> list[str]:
    """Return what stands between empty lines, each without white space."""
    return [squeezed(part) for part in re.split(r"\n\n+", text) if part.strip()]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def of(kind: MailKind, name: str) -> Any:
    return getattr(kind, name, None)


def test_every_kind_has_a_sample() -> None:
    assert {type(kind).__name__ for kind in MAILS.values()} == {kind.__name__ for kind in MailKind.__subclasses__()}
    assert {of(kind, "why") for kind in MAILS.values()} >= set(NoLink)


def test_mails_speak_the_languages_of_the_pages() -> None:
    assert rendering.LANGUAGES.keys() == LANGUAGES.keys()
    assert rendering.DEFAULT == DEFAULT


@EVERY_MAIL
@EVERY_LANGUAGE
class TestEveryMail:
    @pytest.fixture
    def mail(self, name: str, language: str) -> Rendered:
        return rendered(MAILS[name], language=language)

    def test_has_a_subject_that_names_the_account_and_no_secret(self, mail: Rendered, name: str) -> None:
        kind = MAILS[name]
        assert mail.subject == " ".join(mail.subject.split())
        assert mail.subject.isprintable()
        assert kind.account_name in mail.subject
        for secret in ("code", "link"):
            assert of(kind, secret) is None or of(kind, secret) not in mail.subject

    @pytest.mark.parametrize("fact", ["link", "code"])
    def test_has_link_and_code_once_on_a_line_of_its_own(self, mail: Rendered, name: str, fact: str) -> None:
        value = of(MAILS[name], fact)
        if value is None:
            assert fact != "link" or "://" not in mail.text
        else:
            assert mail.text.count(value) == 1
            assert value in mail.text.split("\n")

    def test_has_lines_that_every_program_shows_whole(self, mail: Rendered, name: str) -> None:
        whole = {of(MAILS[name], fact) for fact in ("link", "asker", "address")}
        assert [line for line in mail.text.split("\n") if len(line) > WIDTH and line not in whole] == []

    def test_has_one_button_with_its_address_in_clear(self, mail: Rendered, name: str) -> None:
        page, link, code = Outline(mail.html), of(MAILS[name], "link"), of(MAILS[name], "code")
        addresses = [value for _, attributes in page.tags for key, value in attributes.items() if key == "href"]
        assert addresses == ([] if link is None else [link])
        assert link is None or page.text.count(link) == 1
        assert code is None or page.text.count(code) == 1

    def test_fetches_nothing(self, mail: Rendered, name: str) -> None:
        page = Outline(mail.html)
        assert not FETCHING & {tag for tag, _ in page.tags}
        assert not [key for _, attributes in page.tags for key in attributes if key in {"src", "background", "srcset"}]
        assert "url(" not in mail.html
        assert "@import" not in mail.html

    def test_is_a_document_that_can_be_read_aloud(self, mail: Rendered, name: str, language: str) -> None:
        page = Outline(mail.html)
        assert page.open == []
        assert page.named("html") == [{"lang": language}]
        assert page.title == mail.subject
        assert len(page.named("h1")) == len(page.named("main")) == 1
        assert {table["role"] for table in page.named("table")} == {"presentation"}

    def test_says_the_same_as_text_and_as_html(self, mail: Rendered, name: str) -> None:
        kind = MAILS[name]
        html = squeezed(Outline(mail.html).text.partition("✓")[2])
        for part in paragraphs(re.sub(r"^(> ?|-- $)", "", mail.text, flags=re.MULTILINE)):
            said = part if part in html else part.removesuffix(":")
            assert said in html
            html = html.replace(said, "", 1)
        only_there = squeezed(kind.account_name)
        assert html.startswith(only_there)
        help_with_the_button = html.removeprefix(only_there)
        assert (help_with_the_button == "") == (of(kind, "link") is None)
        assert len(help_with_the_button) < 80


@EVERY_MAIL
@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {DEFAULT}))
def test_no_english_is_left(name: str, language: str) -> None:
    kind = MAILS[name]
    english, foreign = rendered(kind, language=DEFAULT), rendered(kind, language=language)
    facts = {squeezed(str(of(kind, fact))) for fact in ("link", "code", "asker", "address")} | {"--"}
    of_others = {squeezed(f"> {line}") for fact in ("message", "reason") for line in str(of(kind, fact)).split("\n")}
    both = set(paragraphs(english.text)) & set(paragraphs(foreign.text))
    assert [part for part in both - facts if not any(part.startswith(start) for start in of_others)] == []
    assert english.subject != foreign.subject


@EVERY_LANGUAGE
def test_who_asked_can_tell_whether_it_was_them(language: str) -> None:
    text = " ".join(rendered(SIGN_IN, language=language).text.split())
    day = {"en": "27 November 2026", "nl": "27 november 2026", "de": "27. November 2026"}[language]
    assert f"{day}, 09:31 UTC" in text
    assert "203.0.113.7" in text


def test_where_no_network_is_known_none_is_named() -> None:
    text = rendered(MAILS["sign_in_link_to_nothing_that_waits"], language="en").text
    assert "Asked for on 27 November 2026, 09:31 UTC.\n" in text
    assert "network" not in text


def test_a_moment_is_told_in_utc_whatever_zone_it_came_in() -> None:
    at = datetime(2026, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    text = rendered(AccessExpired(account_name="Acme", asked_at=at), language="en").text
    assert "1 January 2027, 04:30 UTC" in text


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=45), {"en": "45 seconds", "nl": "45 seconden", "de": "45 Sekunden"}),
        (timedelta(seconds=600), {"en": "10 minutes", "nl": "10 minuten", "de": "10 Minuten"}),
        (timedelta(seconds=659), {"en": "10 minutes", "nl": "10 minuten", "de": "10 Minuten"}),
        (timedelta(minutes=90), {"en": "90 minutes", "nl": "90 minuten", "de": "90 Minuten"}),
        (timedelta(hours=1), {"en": "1 hour", "nl": "1 uur", "de": "1 Stunde"}),
        (timedelta(hours=36), {"en": "36 hours", "nl": "36 uur", "de": "36 Stunden"}),
        (timedelta(days=7), {"en": "7 days", "nl": "7 dagen", "de": "7 Tage"}),
    ],
    ids=lambda value: value["en"] if isinstance(value, dict) else "",
)
@EVERY_LANGUAGE
def test_a_duration_is_never_promised_longer_than_it_is(
    length: timedelta, words: dict[str, str], language: str
) -> None:
    mail = rendered(replace(SIGN_IN, lives_for=length), language=language)
    assert f" {words[language]}" in mail.text


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("nl", "nl"), ("nl-BE", "nl"), ("DE", "de"), ("fr", "en"), ("", "en"), ("../nl", "en"), ("en-US", "en")],
)
def test_an_unknown_language_is_english(asked: str, spoken: str) -> None:
    assert rendered(SIGN_IN, language=asked) == rendered(SIGN_IN, language=spoken)


def test_where_no_service_waits_it_is_deepdesk() -> None:
    assert rendered(replace(SIGN_IN, service_name=None), language="en").subject == "Sign in to Deepdesk at Acme"


def test_eight_at_once_read_each_in_their_own_language() -> None:
    def ask(number: int) -> tuple[str, str]:
        language = list(LANGUAGES)[number % len(LANGUAGES)]
        return language, rendered(SIGN_IN, language=language).html

    rendering._environment.cache_clear()  # noqa: SLF001 - as in a process that has just begun
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(48)))
    assert len(set(answers)) == len(LANGUAGES)
    assert all(f'<html lang="{language}">' in html for language, html in answers)


def test_secrets_stand_in_no_repr() -> None:
    kind = SignInLink(
        account_name="Acme",
        link="https://id.example/?t=s3cret",
        code="7KQM-2XHD",
        service_name=None,
        asked=Asked(at=datetime(2026, 11, 27, tzinfo=UTC), network=None),
        lives_for=timedelta(minutes=10),
    )
    shown = repr(kind) + repr(rendered(kind, language="en"))
    assert "s3cret" not in shown
    assert "7KQM" not in shown
