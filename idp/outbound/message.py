"""A mail as the message that goes out (RFC 5322, MIME), the same whichever way it goes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.charset import QP, Charset
from email.mime.base import MIMEBase
from email.mime.text import MIMEText
from typing import cast

import flask_mail
from flask import Flask

from idp.domain.addresses import parse_mailable
from idp.domain.errors import DeliveryRefused
from idp.domain.mail import Mail

_CARRIER = Flask("idp.outbound", static_folder=None)
FLASK_MAIL = flask_mail.Mail(_CARRIER)
"""With settings of its own for nothing: where a server is, and how it is reached, is not Flask-Mail's matter here."""

_BODY = Charset("utf-8")
# Short ASCII lines, which every server on the way passes on as they are.
_BODY.body_encoding = QP
# Headers are taken as they are: folding them anew may tear a long address or Message-ID apart.
_POLICY = policy.SMTP.clone(refold_source="none")
_MADE_BY_PARTS = frozenset({"content-type", "mime-version"})
_BREAKS_LINES = frozenset({"Cc", "Zl", "Zp"})


class Letter(flask_mail.Message):
    """Flask-Mail's message with the two texts alone at its root (RFC 2046 §5.1.4)."""

    def _mimetext(self, text: str | None, subtype: str = "plain") -> MIMEText:
        return MIMEText(text or "", subtype, _BODY)  # type: ignore[arg-type]

    def _message(self) -> MIMEBase:
        mixed = super()._message()
        [texts] = cast(list[MIMEBase], mixed.get_payload())
        # Raw: read in the usual way, an address that looks like an encoded word would be decoded.
        for name, value in mixed.raw_items():
            if name.lower() not in _MADE_BY_PARTS:
                texts.set_raw(name, value)
        texts.policy = _POLICY
        return texts


@contextmanager
def application() -> Iterator[None]:
    """Let Flask-Mail find its state, which it looks for at an application; this one is there for nothing else."""
    with _CARRIER.app_context():
        yield


def letter(mail: Mail, *, sender: str) -> Letter:
    """Return the message of a mail.

    :param sender: as ``IDP_MAIL_FROM`` has it.
    :raises DeliveryRefused: the address is none that we mail to, or a header would be more than one line.
    """
    if parse_mailable(mail.to) is None:
        raise DeliveryRefused("the address is none that mail is sent to")
    if not all(map(_is_one_line, (mail.subject, mail.message_id, mail.language))):
        raise DeliveryRefused("subject, Message-ID or language is more than one line")
    made = Letter(
        subject=mail.subject,
        # As a pair, so that nothing is taken for a name or a further address.
        recipients=[("", mail.to)],
        body=mail.text,
        html=mail.html,
        sender=sender,
        # Of the headers: what is ASCII stays readable, all else is encoded as UTF-8.
        charset="us-ascii",
        extra_headers={"Auto-Submitted": "auto-generated", "Content-Language": mail.language},
    )
    made.msgId = mail.message_id
    return made


def _is_one_line(text: str) -> bool:
    return not any(unicodedata.category(character) in _BREAKS_LINES for character in text)
