"""How an outgoing call can fail. Messages name the host at most, never a path, query, body or header.

The tree::

    OutboundError
    ├── AddressRefused      not an address that we may call; nothing was sent
    ├── TimedOut            the deadline passed before the answer was complete
    ├── Unreachable         no such name, no connection, or no trustworthy TLS
    ├── AnswerTooLarge      more bytes than the cap, after decoding
    └── AnswerUnreadable    not HTTP, broken off, or not the JSON it should be
"""

from __future__ import annotations


class OutboundError(Exception):
    """An outgoing call brought no usable answer; the message is one clause for a person."""


class AddressRefused(OutboundError):
    """The address is not one that this provider may call; nothing was sent."""


class TimedOut(OutboundError):
    """The answer was not complete in time."""


class Unreachable(OutboundError):
    """No such name, no connection, or no trustworthy TLS."""


class AnswerTooLarge(OutboundError):
    """The answer has more bytes than we read."""


class AnswerUnreadable(OutboundError):
    """The answer is not HTTP, broke off, or is not the JSON it should be."""
