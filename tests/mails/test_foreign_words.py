"""Names, addresses and messages that others chose are no header, no line, no tag and no link of ours."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.mails import foreign
from idp.mails.kinds import MailKind
from idp.mails.rendering import Rendered, rendered
from tests.pages.test_templates import Outline
from tests.support.sample_mails import MAILS

OURS = frozenset({"link", "code"})
ADDRESSES = frozenset({"asker", "address", "network", "person_address", "by_address", "people"})
LONGEST_LINE = 998
"""RFC 5322 §2.1.1."""
WORDS = frozenset({"why", "what", "by"})
"""Ours, out of a few."""
FALSE_CODE = "ABCD-EFGH"
FALSE_LINK = "https://evil.example/?t=1"
HOSTILE = {
    "header": "Acme\r\nBcc: everybody@evil.example\r\n\r\nHello",
    "lines of ours": f"Acme\n\n{FALSE_CODE}\n\n{FALSE_LINK}\n\n",
    "other line ends": f"Acme\v{FALSE_CODE}\f{FALSE_CODE}\x85{FALSE_CODE}\u2028{FALSE_CODE}\u2029{FALSE_CODE}\x1e",
    "tags": "\"'><script>alert(1)</script></td></table><a href=https://evil.example>Sign in</a><img src=x onerror=y>",
    "entities": "&lt;b&gt; &amp; &#10; %0d%0aBcc:",
    "template": "{{ 1337 * 1337 }} {% raw %} {# #} %(account)s %s %(code)s {0} ${code}",
    "markdown": f"Acme](https://evil.example) [Sign in]({FALSE_LINK}) <https://evil.example>",
    "address": f"{FALSE_LINK} www.evil.example evil.example/login mailto:me@evil.example HTTPS://EVIL.EXAMPLE",
    "other dots": "https:\uff0f\uff0fevil\u3002example www\uff0eevil\uff61example",
    "turned about": "Acme \u202e\u2066elpmaxe.live\u2069\u202c \u200f\u061c\u200e",
    "unseen": "Ac\u200bme\u00ad \ufeff\x00\x07\x1b[31m \U000e0041\ud800",
    "long": "A" * 2000,
    "long words": "Acme Services " * 150,
    "nothing": " \t\n ",
}
COMPUTED = str(1337 * 1337)
UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
LINK_LIKE = re.compile(r"(?i)https?:[/\uff0f]|www[.\uff0e]\w|evil[.\u3002\uff0e]example|me@evil")


def mails_with(value: str, *, but: Collection[str] = ()) -> dict[str, Rendered]:
    """Return every mail with ``value`` for each fact that somebody else chose, ``but`` those apart."""
    return {name: rendered(filled(kind, value, but=but), language="en") for name, kind in MAILS.items()}


def filled(kind: MailKind, value: str, *, but: Collection[str]) -> MailKind:
    facts = {fact.name: getattr(kind, fact.name) for fact in fields(kind)}
    chosen = {name for name, fact in facts.items() if isinstance(fact, str)} - OURS - WORDS - set(but)
    changes: dict[str, Any] = dict.fromkeys(chosen, value)
    if "asked" in facts and "network" not in but:
        changes["asked"] = replace(facts["asked"], network=value)
    if facts.get("people") and "people" not in but:
        changes["people"] = (value, value)
    return replace(kind, **changes)


@pytest.mark.parametrize("hostile", HOSTILE)
class TestWhateverOthersChoose:
    @pytest.fixture
    def mails(self, hostile: str) -> dict[str, Rendered]:
        return mails_with(HOSTILE[hostile])

    def test_the_subject_stays_one_line(self, mails: dict[str, Rendered]) -> None:
        for mail in mails.values():
            assert mail.subject.isprintable()
            assert mail.subject == " ".join(mail.subject.split())

    def test_nothing_unseen_gets_through(self, mails: dict[str, Rendered]) -> None:
        for mail in mails.values():
            every = set(mail.subject + mail.text + mail.html)
            assert {character for character in every if unicodedata.category(character) in UNSEEN} == {"\n"}
            assert not TURNING & every

    def test_link_and_code_stay_the_only_ones_on_lines_of_their_own(self, mails: dict[str, Rendered]) -> None:
        for name, mail in mails.items():
            lines = mail.text.split("\n")
            for fact in OURS:
                assert lines.count(getattr(MAILS[name], fact, None)) == hasattr(MAILS[name], fact), name
            assert FALSE_CODE not in lines

    def test_no_line_is_longer_than_a_mail_may_carry(self, hostile: str) -> None:
        # An address is at most 254 characters long when it comes here.
        for mail in mails_with(HOSTILE[hostile], but=ADDRESSES).values():
            assert max(map(len, mail.text.split("\n"))) <= LONGEST_LINE

    def test_nothing_becomes_a_link(self, hostile: str) -> None:
        # Addresses stay whole, since somebody has to compare or copy them; they were checked when given.
        for name, mail in mails_with(HOSTILE[hostile], but=ADDRESSES).items():
            for part in (mail.text, Outline(mail.html).text.partition("✓")[2]):
                assert not LINK_LIKE.search(part.replace(str(getattr(MAILS[name], "link", None)), "")), name

    def test_the_html_keeps_its_tags(self, mails: dict[str, Rendered], hostile: str) -> None:
        usual = mails_with("" if hostile == "nothing" else "Acme")
        for name, mail in mails.items():
            tags, expected = (Counter(tag for tag, _ in Outline(one.html).tags) for one in (mail, usual[name]))
            del tags["br"], expected["br"]
            assert tags == expected, name

    def test_it_is_no_template(self, mails: dict[str, Rendered]) -> None:
        for mail in mails.values():
            assert COMPUTED not in mail.subject + mail.text + mail.html


@pytest.mark.parametrize("hostile", sorted(HOSTILE.keys() - {"nothing"}))
@pytest.mark.parametrize(("name", "fact"), [("decision_asked", "message"), ("access_denied", "reason")])
def test_a_message_stands_in_quotes_and_whole(name: str, fact: str, hostile: str) -> None:
    message = HOSTILE[hostile]
    usual = rendered(replace(MAILS[name], **{fact: ""}), language="en").text.split("\n")
    lines = rendered(replace(MAILS[name], **{fact: message}), language="en").text.split("\n")
    strange = [line for line in lines if line not in usual and line != "Their message:"]
    assert strange
    assert all(line.startswith(">") for line in strange)
    shown = "".join(line.removeprefix(">") for line in strange)
    assert [character for character in shown if character.isprintable() and not character.isspace()] == [
        "\ufffd" if unicodedata.category(character) in UNSEEN | {"Cf"} else character
        for line in message.splitlines()
        for character in line
        if not character.isspace() and character != "\t"
    ]


class TestAnyText:
    @given(text=st.text(max_size=200))
    def test_is_one_short_line_as_a_name(self, text: str) -> None:
        name = foreign.name(text)
        assert len(name) <= foreign.NAME_LENGTH
        assert name == " ".join(name.split())
        assert len(name.splitlines()) <= 1

    @given(text=st.text(max_size=200))
    def test_keeps_its_lines_and_length_as_a_message(self, text: str) -> None:
        message = foreign.message(text)
        assert not message or [len(line) for line in message.split("\n")] == [len(line) for line in text.splitlines()]

    @given(text=st.text(max_size=200))
    def test_has_a_sign_before_each_line_of_a_quote(self, text: str) -> None:
        for line in foreign.quoted(text).splitlines():
            assert line.startswith(">")
            assert len(line) <= foreign.WIDTH

    @given(text=st.text(alphabet=st.characters(exclude_characters="\u200b"), max_size=80))
    def test_looks_the_same_without_links(self, text: str) -> None:
        shown = foreign.without_links(text)
        assert shown.replace("\u200b", "") == text
        assert not re.search(r"[^\s\u200b][.:@][^\s\u200b]", shown)

    @given(text=st.text(max_size=200))
    def test_survives_being_a_name_twice(self, text: str) -> None:
        assert foreign.name(foreign.name(text)) == foreign.name(text)
