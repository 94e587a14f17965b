"""The bridges: how a platform without single sign-on vouches for its agents (CONTRACT §6 rule 4)."""

from __future__ import annotations

from enum import StrEnum


class Bridge(StrEnum):
    """One way for a platform to say who its agent is; the value stands in ``amr``."""

    API_KEY = "api_key"
    PLATFORM_JWT = "platform_jwt"
