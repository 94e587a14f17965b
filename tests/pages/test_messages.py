"""The words of the error pages, and the catalogue that translators start from."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from idp.domain.errors import Refusal
from idp.pages.messages import ERROR_TEXTS, ErrorText

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "idp" / "translations" / "messages.pot"
JARGON = re.compile(
    r"\b(tokens?|oauth2?|clients?|oidc|openid|claims?|csrf|http|https|server|request(s|ed)?|redirect|"
    r"session|cookies?|issuer|upstream|invalid|error|failed|fault)\b",
    re.IGNORECASE,
)


pytestmark = pytest.mark.usefixtures("rendering")


@pytest.mark.parametrize("key", ERROR_TEXTS)
class TestEveryText:
    @pytest.fixture
    def text(self, key: str) -> ErrorText:
        return ERROR_TEXTS[key].filled(claim="email")

    def test_says_what_happened_what_it_means_and_what_to_do(self, text: ErrorText) -> None:
        assert re.fullmatch(r"[A-Z].{5,45}[^.]", str(text.title))
        for part in (text.sentence, text.advice):
            assert re.fullmatch(r"[A-Z].{20,200}\.", str(part))

    def test_has_no_word_that_only_a_developer_knows(self, text: ErrorText) -> None:
        assert [JARGON.findall(str(part)) for part in asdict(text).values()] == [[], [], []]

    def test_has_a_title_of_its_own(self, text: ErrorText) -> None:
        assert [str(other.title) for other in ERROR_TEXTS.values()].count(str(text.title)) == 1


def test_every_refusal_of_the_domain_has_a_text() -> None:
    assert set(Refusal) <= set(ERROR_TEXTS)


def test_the_missing_claim_is_named() -> None:
    text = ERROR_TEXTS["claim_missing"].filled(claim="xms_edov")
    assert "xms_edov" in text.sentence
    assert "xms_edov" in text.advice


def test_a_filled_text_is_plain_so_that_templates_escape_it() -> None:
    text = ERROR_TEXTS["claim_missing"].filled(claim="<b>")
    assert not hasattr(text.sentence, "__html__")


def test_the_catalogue_is_up_to_date() -> None:
    with (ROOT / "babel.cfg").open(encoding="utf-8") as mapping, CATALOGUE.open("rb") as catalogue:
        methods, options = parse_mapping_cfg(mapping)
        found = {
            message for _file, _line, message, *_ in extract_from_dir(ROOT, method_map=methods, options_map=options)
        }
        assert found == {message.id for message in read_po(catalogue) if message.id}
