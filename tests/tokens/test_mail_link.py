"""A mail's link names its row under its own key and kind, whole or not at all; a code is kept as a tag."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from idp.domain.errors import MailLinkRefused
from idp.tokens import mail_link
from idp.tokens.mail_link import MAX_LENGTH, LinkKind, MailLinks
from idp.tokens.sealing import derive

OLD, NEW, OTHER = (f"a secret of the tests, the {name} one" for name in ("older", "newer", "other"))
LINKS = MailLinks([OLD])
ROW, CODE = "aXw0vP8hRbqk2mYV5nZsTg", "ABCDEFGH"
URL_SAFE = set(string.ascii_letters + string.digits + "-_.")


def refuses(links: MailLinks, kind: LinkKind, token: str) -> bool:
    try:
        links.read(kind, token)
    except MailLinkRefused:
        return True
    return False


# Links


@pytest.mark.parametrize("kind", LinkKind)
def test_a_link_names_its_row(kind):
    assert LINKS.read(kind, LINKS.make(kind, ROW)) == ROW


@pytest.mark.parametrize("kind", LinkKind)
def test_a_link_stands_in_an_address_as_it_is_and_is_short_enough_to_be_read(kind):
    token = LINKS.make(kind, ROW)
    assert set(token) <= URL_SAFE
    assert len(token) <= MAX_LENGTH


@pytest.mark.parametrize("kind", LinkKind)
def test_no_kind_passes_for_another(kind):
    token = LINKS.make(kind, ROW)
    assert [other for other in LinkKind if not refuses(LINKS, other, token)] == [kind]


def test_a_link_that_was_altered_anywhere_names_nothing():
    token = LINKS.make(LinkKind.MAIL, ROW)
    for place, sign in enumerate(token):
        for other in "A" if sign != "A" else "B", "", sign * 2, ".":
            altered = token[:place] + other + token[place + 1 :]
            # The last character of base64 has bits that mean nothing; those alone may differ.
            assert altered == token or refuses(LINKS, LinkKind.MAIL, altered) or place == len(token) - 1


def test_a_link_that_was_cut_off_or_goes_on_names_nothing():
    token = LINKS.make(LinkKind.MAIL, ROW)
    cut = [token[:end] for end in range(len(token))] + [token[begin:] for begin in range(1, len(token))]
    longer = [f"{token}A", f"{token}.", f"{token}={token}", f" {token}", f"{token}\n", f"{token}>", token * 2]
    assert [one for one in (*cut, *longer) if not refuses(LINKS, LinkKind.MAIL, one)] == []


@pytest.mark.parametrize(
    "token", ["", ".", "..", "x", "x.y", "\u00e9.x", "\ud800", "IngiLg", "x" * 10_000, ".eJyrVkrOSM.x", "null.x"]
)
def test_what_is_no_link_of_ours_is_refused(token):
    assert all(refuses(LINKS, kind, token) for kind in LinkKind)


@given(token=st.text(max_size=80))
def test_whatever_somebody_makes_up_is_refused(token):
    assert refuses(LINKS, LinkKind.MAIL, token)


def test_what_is_longer_than_any_link_is_not_looked_at():
    """However well it is signed: a compressed one could unfold to anything."""
    token = LINKS.make(LinkKind.MAIL, secrets.token_hex(200))
    assert len(token) > MAX_LENGTH
    assert refuses(LINKS, LinkKind.MAIL, token)


def test_a_link_under_another_server_key_names_nothing():
    assert refuses(MailLinks([OTHER]), LinkKind.MAIL, LINKS.make(LinkKind.MAIL, ROW))
    assert refuses(MailLinks([NEW, OLD]), LinkKind.MAIL, MailLinks([OTHER]).make(LinkKind.MAIL, ROW))


def test_links_are_not_signed_with_the_server_key_itself_nor_with_that_of_another_purpose():
    for key in (OLD.encode(), derive(OLD, label="forms"), derive(OLD, label="mail codes"), b""):
        for salt in (f"deepdesk-idp:{LinkKind.MAIL}", "itsdangerous"):
            signing = URLSafeSerializer(key, salt=salt, signer_kwargs={"digest_method": hashlib.sha256})
            assert refuses(LINKS, LinkKind.MAIL, signing.dumps(ROW))


def test_after_a_rotation_older_links_are_read_and_the_newest_key_signs():
    before, after = MailLinks([OLD]), MailLinks([NEW, OLD])
    assert after.read(LinkKind.MAIL, before.make(LinkKind.MAIL, ROW)) == ROW
    assert MailLinks([NEW]).read(LinkKind.MAIL, after.make(LinkKind.MAIL, ROW)) == ROW
    assert refuses(before, LinkKind.MAIL, after.make(LinkKind.MAIL, ROW))


# Codes


def test_a_tag_fits_its_code_and_row():
    tag = LINKS.tag(ROW, CODE)
    assert len(tag) == 64
    assert CODE not in tag
    assert LINKS.fits(ROW, CODE, tag)


@pytest.mark.parametrize(
    ("row", "code"),
    [(ROW, "ABCDEFGJ"), (ROW, "abcdefgh"), (ROW, ""), (ROW[:-1], CODE), ("", CODE), (f"{ROW}:A", "BCDEFGH")],
)
def test_no_other_code_and_no_other_row_fits(row, code):
    assert not LINKS.fits(row, code, LINKS.tag(ROW, CODE))


def test_the_same_code_has_another_tag_in_another_row_and_under_another_key():
    assert len({LINKS.tag(ROW, CODE), LINKS.tag("another", CODE), MailLinks([OTHER]).tag(ROW, CODE)}) == 3


def test_a_tag_cannot_be_made_without_the_server_key():
    """The database alone must not let anybody try all 31⁸ codes."""
    guesses = [hmac.digest(key, f"{ROW}:{CODE}".encode(), "sha256").hex() for key in (b"", ROW.encode(), OLD.encode())]
    assert LINKS.tag(ROW, CODE) not in guesses
    assert not MailLinks([OTHER]).fits(ROW, CODE, LINKS.tag(ROW, CODE))


def test_after_a_rotation_older_tags_fit_and_the_newest_key_tags():
    before, after = MailLinks([OLD]), MailLinks([NEW, OLD])
    assert after.fits(ROW, CODE, before.tag(ROW, CODE))
    assert MailLinks([NEW]).fits(ROW, CODE, after.tag(ROW, CODE))
    assert not before.fits(ROW, CODE, after.tag(ROW, CODE))


@pytest.mark.parametrize("signed_by", [NEW, OLD, OTHER])
def test_every_key_is_tried_whichever_fits(signed_by, monkeypatch):
    """So that the time tells neither whether a code was right nor which key is in use."""
    compared: list[tuple[str, str]] = []

    def counting(mine: str, theirs: str) -> bool:
        compared.append((mine, theirs))
        return mine == theirs

    tag = MailLinks([signed_by]).tag(ROW, CODE)
    monkeypatch.setattr(mail_link.hmac, "compare_digest", counting)
    assert MailLinks([NEW, OLD]).fits(ROW, CODE, tag) is (signed_by != OTHER)
    assert len(compared) == 2
