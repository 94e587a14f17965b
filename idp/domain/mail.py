"""One mail, as whoever delivers it needs it."""

from __future__ import annotations

from dataclasses import dataclass, field

MESSAGE_ID_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to one address, with the same said twice: as text and as HTML.

    :param message_id: with its angle brackets; the same over all attempts, so that a receiver knows a mail that
        came twice (RFC 5322 §3.6.4).
    :param to: one address, checked by :func:`idp.domain.addresses.parse_mailable`.
    :param subject: one line.
    :param language: in which it speaks, as a language tag.
    """

    message_id: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str
