"""The code in a mail: drawn evenly, shown in two groups, and read as people type and paste it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.mail_code import ALPHABET, LENGTH, new_code, shown, typed

CODES = st.text(st.sampled_from(ALPHABET), min_size=LENGTH, max_size=LENGTH)
DRAWN = 2000


def test_the_alphabet_has_31_characters_and_none_that_is_taken_for_another():
    assert len(set(ALPHABET)) == len(ALPHABET) == 31
    assert not set(ALPHABET) & set("01ILO")
    assert ALPHABET.isupper()


def test_a_fresh_code_is_eight_of_them_and_never_the_same():
    codes = {new_code() for _ in range(DRAWN)}
    assert len(codes) == DRAWN
    assert {len(code) for code in codes} == {LENGTH}


def test_every_character_may_stand_in_every_place():
    """Of 2,000 draws a place lacks one of 31 characters once in 10²⁷ runs."""
    codes = [new_code() for _ in range(DRAWN)]
    assert all({code[place] for code in codes} == set(ALPHABET) for place in range(LENGTH))


def test_a_code_is_shown_in_two_groups():
    assert shown("ABCDEFGH") == "ABCD-EFGH"


@given(code=CODES)
def test_what_is_shown_is_read_back(code):
    assert typed(shown(code)) == code
    assert typed(code.lower()) == code


@pytest.mark.parametrize(
    "text",
    [
        "ABCD-EFGH",
        "abcd-efgh",
        "AbCdEfGh",
        "  ABCD EFGH\n",
        "\tABCD\t-\tEFGH\r\n",
        "A B C D E F G H",
        "ABCD\u00a0EFGH",
        "\u2028ABCD-EFGH",
        *(f"ABCD{dash}EFGH" for dash in "\u2010\u2011\u2012\u2013\u2014"),
        "--ABCDEFGH--",
    ],
)
def test_case_spaces_and_hyphens_are_forgiven(text):
    assert typed(text) == "ABCDEFGH"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "ABCD-EFG",
        "ABCD-EFGHJ",
        "ABCD-EFGHABCD-EFGH",
        "ABCD-EFG0",
        "ABCD-EFG1",
        "ABCD-EFGI",
        "ABCD-EFGL",
        "ABCD-EFGO",
        "ABCD-EFG!",
        "ABCD_EFGH",
        "ABCD\x00EFGH",
        "ABCDEFG\u0131",  # dotless i
        "\u017fABCDEFG",  # long s, whose capital is S
        "ABCDEF\ufb00",  # a ligature, whose capital is two letters
        "\uff21BCDEFGH",  # full width
        "\u0410BCDEFGH",  # Cyrillic
        "ABCDEFG\u0662",  # an Arabic digit
        "ABCD\u200bEFGH",  # zero-width space
        "\u202eABCDEFGH",  # right-to-left override
        "ABCDEFG\ud800",
        "x" * 100_000,
    ],
)
def test_what_cannot_be_a_code_is_none(text):
    assert typed(text) is None


@given(text=st.text(max_size=20))
def test_whatever_is_read_is_a_code(text):
    code = typed(text)
    assert code is None or (len(code) == LENGTH and set(code) <= set(ALPHABET))
