"""What looking at an upstream provider can find, by what it is about: pages say each in the reader's language."""

from __future__ import annotations

from enum import StrEnum


class Topic(StrEnum):
    """What a finding is about."""

    REACHABILITY = "reachability"
    """An address of the provider does not answer, or says that it is out of order."""
    DISCOVERY = "discovery"
    """Its discovery document lacks something, or cannot be read."""
    ISSUER = "issuer"
    """It calls itself otherwise than the settings do."""
    KEYS = "keys"
    """Its signatures could not be verified."""
    CLOCK = "clock"
    CLIENT = "client"
    """It does not take our client id or secret."""
    REDIRECT_URI = "redirect_uri"
    SCOPE = "scope"
    SECRET_EXPIRED = "secret_expired"  # noqa: S105 - a topic
    SECRET_EXPIRES = "secret_expires"  # noqa: S105 - a topic
    STRANGERS = "strangers"
    """People came from an organisation that is not pinned."""
    SIGN_IN = "sign_in"
    """The last sign-in came back unusable."""
    SETTINGS = "settings"
    """Something that the kind needs is not set."""
    OTHER = "other"
