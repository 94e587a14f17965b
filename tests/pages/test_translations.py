"""Dutch and German: complete, compiled as they stand, and really shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from idp.browser.language import DEFAULT, LANGUAGES
from idp.pages.messages import ERROR_TEXTS
from tests.pages.test_templates import Outline
from tests.support.app import OpenIdProvider, provider_on
from tests.support.gallery import LANGUAGE_SWITCH, SAMPLES

TRANSLATIONS = Path(__file__).parents[2] / "idp" / "translations"
TRANSLATED = sorted(LANGUAGES.keys() - {DEFAULT})
PLACE = re.compile(r"%\(\w+\)s")
MARKUP = re.compile(r"<[^>]+>")

pytestmark = pytest.mark.parametrize("language", TRANSLATED)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIdProvider]:
    """The real application, which knows where translations are; its database stays empty."""
    directory = tmp_path_factory.mktemp("translations")
    with provider_on(f"sqlite:///{directory / 'idp.db'}", directory) as running:
        yield running


@pytest.fixture
def catalogue(language: str) -> Catalog:
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.fixture
def in_language(provider: OpenIdProvider, language: str) -> Iterator[None]:
    """Be inside a request for a page in that language."""
    with provider.app.test_request_context(f"/login/?lang={language}"):
        yield


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def words(catalogue: Catalog) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in messages(catalogue)}


def rendered(name: str) -> str:
    """Return a sample's page without what would keep it English: its own choice of language, and labels as data."""
    sample = SAMPLES[name]
    context = {key: value for key, value in sample.context.items() if key not in {*LANGUAGE_SWITCH, "actions"}}
    return replace(sample, context=context).render()


class TestTheCatalogue:
    def test_has_what_the_template_has(self, catalogue: Catalog) -> None:
        with (TRANSLATIONS / "messages.pot").open("rb") as file:
            template = read_po(file)
        assert words(catalogue).keys() == words(template).keys()
        assert not catalogue.obsolete

    def test_is_translated_and_sure_of_it(self, catalogue: Catalog) -> None:
        assert not catalogue.fuzzy
        assert [message.id for message in messages(catalogue) if not message.string or message.fuzzy] == []

    @pytest.mark.parametrize("kept", [PLACE, MARKUP], ids=["places", "markup"])
    def test_keeps_places_and_markup(self, catalogue: Catalog, kept: re.Pattern[str]) -> None:
        changed = [
            english
            for english, translation in words(catalogue).items()
            if sorted(kept.findall(english)) != sorted(kept.findall(translation))
        ]
        assert changed == []

    def test_is_compiled_as_it_stands(self, catalogue: Catalog, language: str) -> None:
        with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.mo").open("rb") as file:
            assert words(read_mo(file)) == words(catalogue)

    def test_calls_the_link_for_staff_what_the_sign_in_page_calls_it(self, catalogue: Catalog) -> None:
        known = words(catalogue)
        [advice] = [translation for english, translation in known.items() if "“Deepdesk staff”" in english]
        assert re.search(rf"[“„]{known['Deepdesk staff']}[”“]", advice)


@pytest.mark.usefixtures("in_language")
class TestThePages:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_have_no_english_left(self, catalogue: Catalog, language: str, name: str) -> None:
        # Without what forms carry: a random value may hold any short word.
        page = re.sub(r' value="[^"]*"', "", rendered(name))
        # Words of another's console stay as they are read there, and are marked as English.
        page = re.sub(r'<(?!html)(\w+)(?= )[^>]* lang="en"[^>]*>.*?</\1>', "", page, flags=re.DOTALL)
        assert Outline(page).named("html")[0]["lang"] == language
        assert [
            english
            for english, translation in words(catalogue).items()
            if english != translation and _as_pattern(english).search(unescape(page))
        ] == []

    def test_have_titles_of_their_own(self) -> None:
        titles: dict[str, set[str]] = {}
        for name, sample in SAMPLES.items():
            page = sample.template if sample.template != "error.html" else name
            titles.setdefault(Outline(rendered(name)).title, set()).add(page)
        assert {title: pages for title, pages in titles.items() if len(pages) > 1} == {}

    @pytest.mark.parametrize("key", ERROR_TEXTS)
    def test_say_what_went_wrong_in_short_sentences(self, key: str) -> None:
        text = ERROR_TEXTS[key].filled(claim="email")
        assert re.fullmatch(r"[A-Z].{5,60}[^.]", str(text.title))
        for part in (text.sentence, text.advice):
            assert re.fullmatch(r"[A-Z].{20,240}\.", str(part))


@pytest.mark.parametrize(
    ("path", "english"), [("/login/", "Sign in to Deepdesk"), ("/no-page/", "There is no such page")]
)
def test_the_provider_answers_in_the_language(
    provider: OpenIdProvider, catalogue: Catalog, language: str, path: str, english: str
) -> None:
    page = provider.browser().opens(f"{path}?lang={language}").text
    assert f'<html lang="{language}">' in page
    assert f"<h1>{words(catalogue)[english]}</h1>" in page


def _as_pattern(english: str) -> re.Pattern[str]:
    """Return what finds a message in a page, whatever stands in its places; not inside a longer word."""
    return re.compile(r"(?<!\w)" + ".+".join(re.escape(part) for part in PLACE.split(english)) + r"(?!\w)")
