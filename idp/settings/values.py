"""The words that settings may have, and the one error about them."""

from __future__ import annotations

from enum import StrEnum

PREFIX = "IDP_"
MIN_SECRET_BYTES = 32


class Environment(StrEnum):
    """Where this runs; ``production`` refuses what is only safe on a developer's machine."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Registration(StrEnum):
    """Who may register clients dynamically."""

    OFF = "off"
    TOKEN = "token"  # noqa: S105 - a mode, not a secret
    OPEN = "open"


class LogFormat(StrEnum):
    """How log lines look."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least severe log line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SettingsError(Exception):
    """The settings cannot be used.

    :param problems: every problem, one line each, each naming its setting.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
