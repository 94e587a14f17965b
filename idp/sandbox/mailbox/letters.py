"""Reading the mails that lie in a folder, each a file of its own (RFC 5322), whatever is in them.

A mail comes as far as it can be read: what a header or a part says wrongly is
left out or shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import getaddresses
from functools import lru_cache
from pathlib import Path

SHOWN = 100
"""So many mails are listed, the newest."""
LOOKED_AT = 1000
"""Among so many they are looked for."""
MAX_BYTES = 1_000_000
"""So much of a mail is read."""
_NAME = re.compile(r"[0-9]{13}-[0-9a-f]{1,64}")
_SUFFIX = ".eml"
_LINK = re.compile(r"https?://[^\s<>\"]+", re.ASCII)
_AFTER_A_LINK = ".,;:!?)]'"
_UNREADABLE = (MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError)
"""What the standard library raises about mails of which it cannot make sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A mail in the list.

    :param name: what names it in an address.
    :param to: the bare addresses.
    :param written_at: aware; when it was sent.
    """

    name: str
    to: tuple[str, ...]
    subject: str
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that is open.

    :param headers: all of them, decoded, in their order.
    :param text: the text part; none where there is none, as for ``html``.
    :param source: the message as it lies there.
    """

    envelope: Envelope
    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text.

    :param is_link: it is an address that can be opened.
    """

    text: str
    is_link: bool


def envelopes(folder: Path, *, to: str = "") -> Sequence[Envelope]:
    """Return what lies in a folder, the newest first.

    :param to: only what went to this address; empty for everything.
    """
    try:
        names = sorted((path.stem for path in folder.iterdir() if _is_letter(path)), reverse=True)
    except OSError:
        return []
    found = [one for name in names[:LOOKED_AT] if (one := _envelope(folder / f"{name}{_SUFFIX}")) is not None]
    wanted = to.strip().casefold()
    return [one for one in found if not wanted or wanted in map(str.casefold, one.to)][:SHOWN]


def read(folder: Path, name: str) -> Letter | None:
    """Return one mail; none where no mail of that name lies in the folder.

    :param name: as in :class:`Envelope`; anything else names nothing.
    """
    if not _NAME.fullmatch(name):
        return None
    path = folder / f"{name}{_SUFFIX}"
    content = _content(path)
    envelope = _envelope(path) if content is not None else None
    if content is None or envelope is None:
        return None
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(content)
        text, html = _body(message, "text/plain"), _body(message, "text/html")
        headers = tuple((_sayable(header), _decoded(str(value))) for header, value in message.items())
    except _UNREADABLE:
        text, html, headers = None, None, ()
    source = content.decode("utf-8", "replace")
    return Letter(envelope=envelope, headers=headers, text=text, html=html, source=source)


def pieces(text: str) -> Iterator[Piece]:
    """Yield a text in stretches, so that its links can be opened; none of its characters is lost."""
    position = 0
    for found in _LINK.finditer(text):
        link = found[0].rstrip(_AFTER_A_LINK)
        yield Piece(text[position : found.start()], is_link=False)
        yield Piece(link, is_link=True)
        position = found.start() + len(link)
    yield Piece(text[position:], is_link=False)


def _is_letter(path: Path) -> bool:
    return path.suffix == _SUFFIX and _NAME.fullmatch(path.stem) is not None


@lru_cache(maxsize=2 * LOOKED_AT)  # a file is never written to again, and the list is looked at every few seconds
def _envelope(path: Path) -> Envelope | None:
    content = _content(path)
    if content is None:
        return None
    try:
        message = BytesHeaderParser(policy=policy.compat32).parsebytes(content)
        to = tuple(_sayable(address) for _, address in getaddresses([str(message.get("To", ""))]) if address)
        subject = _decoded(str(message.get("Subject", "")))
    except _UNREADABLE:
        to, subject = (), ""
    milliseconds, _, _ = path.stem.partition("-")
    written_at = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    return Envelope(name=path.stem, to=to, subject=subject, written_at=written_at)


def _content(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except OSError:
        return None


def _decoded(value: str) -> str:
    """Return a header as it is meant (RFC 2047), on one line."""
    try:
        meant = str(make_header(decode_header(value)))
    except _UNREADABLE:
        meant = value
    return _sayable(" ".join(meant.split()))


def _body(message: Message, kind: str) -> str | None:
    """Return the first part of a kind that is no attachment."""
    for part in message.walk():
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            content = part.get_payload(decode=True)
            return _text(content, part.get_content_charset("utf-8")) if isinstance(content, bytes) else None
    return None


def _text(content: bytes, charset: str) -> str:
    try:
        return _sayable(content.decode(charset, "replace"))
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _sayable(text: str) -> str:
    """Replace halves of surrogate pairs, for which raw bytes stand and which no page can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
