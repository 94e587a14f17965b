"""The one canonical form of addresses: look-alikes never meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.addresses import MAX_LENGTH, parse_address, parse_mailable


def canonical(text: str) -> str:
    address = parse_address(text)
    assert address is not None
    return address.canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kim@Acme.Example", "kim@acme.example"),
        ("KIM@ACME.EXAMPLE", "kim@acme.example"),
        ('"Kim"@acme.example', '"kim"@ACME.example'),
    ],
)
def test_the_case_of_ascii_letters_does_not_matter(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    "look_alike",
    [
        "k\u0131m@acme.example",  # dotless i
        "K\u0130M@acme.example",  # capital I with a dot
        "\u212aim@acme.example",  # Kelvin sign
        "\uff4b\uff49\uff4d@acme.example",  # full-width letters
        "kim@\uff41cme.example",
        "kim\uff20acme.example@acme.example",  # full-width at sign
        "k\u0456m@acme.example",  # Cyrillic
        "ki\u0308m@acme.example",  # combining mark
        "kim@acme\u3002example",  # ideographic full stop
        "kim+work@acme.example",
        "k.im@acme.example",
        "kim@acme.example.",
    ],
)
def test_a_look_alike_is_another_address(look_alike):
    assert canonical(look_alike) != canonical("kim@acme.example")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "kim",
        "kim@",
        "@acme.example",
        "kim@acme.example\r\nBcc: everybody@acme.example",
        "kim@acme.example\n",
        "kim\r@acme.example",
        "kim\x00@acme.example",
        "kim\x7f@acme.example",
        "kim @acme.example",
        "kim@acme.example ",
        " kim@acme.example",
        "kim\u00a0@acme.example",
        "kim\u2028@acme.example",
        "kim\u200b@acme.example",  # zero-width space
        "kim\u202e@acme.example",  # right-to-left override
        "kim\ud800@acme.example",  # half a surrogate pair
        "k" * 307 + "@acme.example",
        "k" * 320,
    ],
)
def test_what_cannot_be_an_address_is_none(text):
    assert parse_address(text) is None


def test_the_longest_address_has_254_characters():
    domain = "@acme.example"
    assert parse_address("k" * (MAX_LENGTH - len(domain)) + domain)
    assert parse_address("k" * (MAX_LENGTH - len(domain) + 1) + domain) is None


def test_an_address_is_shown_as_it_was_given():
    address = parse_address("Kim@Acme.Example")
    assert address is not None
    assert address.given == "Kim@Acme.Example"
    assert address.domain == "acme.example"


def test_the_last_at_sign_divides():
    address = parse_address('"kim@home"@acme.example')
    assert address is not None
    assert address.domain == "acme.example"


@given(text=st.text(max_size=60))
def test_the_canonical_form_of_a_canonical_form_is_itself(text):
    address = parse_address(text + "@acme.example")
    if address is not None:
        assert canonical(address.canonical) == address.canonical
        assert len(address.canonical) == len(address.given)


@given(one=st.text(max_size=12), other=st.text(max_size=12))
def test_equal_canonical_forms_differ_in_ascii_case_only(one, other):
    left, right = parse_address(one + "@a.example"), parse_address(other + "@a.example")
    if left and right and left.canonical == right.canonical:
        for mine, theirs in zip(left.given, right.given, strict=True):
            assert mine == theirs or (mine.isascii() and theirs.isascii() and mine.lower() == theirs.lower())


# Addresses to which we send


MAILABLE = [
    "kim@acme.example",
    "Kim@Acme.Example",
    "k@a.example",
    "kim+deepdesk@acme.example",
    "kim.o'hara@acme.example",
    "first.last_name-2@mail.acme.example",
    "!#$%&'*+/=?^_`{|}~-@acme.example",
    "kim@xn--mnchen-3ya.example",
    "kim@1and1.example",
    f"{'k' * 64}@acme.example",
    f"kim@{'a' * 63}.example",
]


@pytest.mark.parametrize("text", MAILABLE)
def test_an_ordinary_address_can_be_mailed(text):
    address = parse_mailable(text)
    assert address is not None
    assert address == parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kim",
        "kim@",
        "@acme.example",
        "kim@localhost",
        "kim@acme",
        "kim@acme.",
        "kim@.example",
        "kim@acme..example",
        "kim@acme.example.",
        "kim@-acme.example",
        "kim@acme-.example",
        "kim@ac_me.example",
        "kim@[192.0.2.1]",
        "kim@[IPv6:2001:db8::1]",
        f"kim@{'a' * 64}.example",
        ".kim@acme.example",
        "kim.@acme.example",
        "kim..lee@acme.example",
        '"kim"@acme.example',
        '"kim lee"@acme.example',
        '"kim\\@x"@acme.example',
        '""@acme.example',
        "kim(at home)@acme.example",
        "kim@acme.example(comment)",
        "Kim <kim@acme.example>",
        "<kim@acme.example>",
        "kim@acme.example,lee@acme.example",
        "kim@acme.example;lee@acme.example",
        "kim@acme.example lee@acme.example",
        "mallory@evil.example@acme.example",
        "kim@acme.example?bcc=mallory@evil.example",
        "kim@acme.example%0d%0abcc:mallory",
        "kim@acme.example\r\nBcc: mallory@evil.example",
        "kim@acme.example\n",
        "\nkim@acme.example",
        "kim\r@acme.example",
        "kim\x00@acme.example",
        "k\u0131m@acme.example",
        "kim@\uff41cme.example",
        "kim@acme\u3002example",
        "kim@m\u00fcnchen.example",
        "k\u00efm@acme.example",
        "kim\ud800@acme.example",
        f"{'k' * 65}@acme.example",
        f"{'k' * 307}@acme.example",  # 320 characters
    ],
)
def test_what_we_do_not_mail_is_none(text):
    assert parse_mailable(text) is None


def test_the_longest_address_that_is_mailed_has_254_characters():
    labels = ".".join(["a" * 60] * 3)
    longest = f"{'k' * 63}@{labels}.example"
    assert len(longest) == MAX_LENGTH
    assert parse_mailable(longest)
    assert parse_mailable(f"k{longest}") is None


def test_a_plus_address_is_an_address_of_its_own():
    one, other = parse_mailable("kim+a@acme.example"), parse_mailable("kim@acme.example")
    assert one is not None
    assert other is not None
    assert one.canonical != other.canonical


_UNTIDY = st.text(st.sampled_from("akK.@-+\"'<>,; \r\n\t\x00\\()[]%\u0131\u212a\u00a0"), max_size=40)


@given(text=st.one_of(_UNTIDY, _UNTIDY.map(lambda local: f"{local}@acme.example"), st.text(max_size=60)))
def test_whatever_is_mailed_fits_into_a_header_and_a_command_as_it_stands(text):
    address = parse_mailable(text)
    if address is not None:
        assert address.given == text
        assert text.isascii()
        assert text.isprintable()
        assert text.count("@") == 1
        assert not set(text) & set(' "(),:;<>[\\]')
