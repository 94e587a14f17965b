"""Every setting, typed, checked whole at start and frozen afterwards (CONTRACT §3).

:meth:`Settings.load` is the only reader of the environment. All names of the
contract are known and checked from the first version on; those whose feature
is not built yet have no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from idp.settings import mail, rates, sources
from idp.settings.mail import MailServer
from idp.settings.rates import Rate
from idp.settings.safety import insecure, is_loopback
from idp.settings.values import (
    MIN_SECRET_BYTES,
    PREFIX,
    Environment,
    LogFormat,
    LogLevel,
    Registration,
    SettingsError,
)

__all__ = [
    "JWKS_MAX_AGE_SECONDS",
    "PREFIX",
    "Environment",
    "LogFormat",
    "LogLevel",
    "Registration",
    "Settings",
    "SettingsError",
    "is_loopback",
]

JWKS_MAX_AGE_SECONDS = 300

Seconds = Annotated[int, Field(ge=1, le=10 * 365 * 86400)]


class Settings(BaseModel):
    """The settings by the contract's names, lower case and without ``IDP_``; times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    env: Environment = Environment.DEVELOPMENT
    issuer: str = "http://127.0.0.1:8000"
    """Scheme and host, no path, no trailing slash; what tokens carry as ``iss``."""
    instance_dir: Path
    """Absolute; exists after loading."""
    secret_keys: tuple[SecretStr, ...] = ()
    """Newest first: the first seals and signs, all open and verify."""
    key_encryption_keys: tuple[SecretStr, ...] = ()
    """Newest first; empty means that sealing keys derive from ``secret_keys``."""
    database_url: SecretStr = SecretStr("")
    redis_url: SecretStr | None = None
    mail_url: SecretStr | None = None
    mail_from: str = ""
    magic_link_ttl: Seconds = 600
    access_token_ttl: Seconds = 900
    id_token_ttl: Seconds = 3600
    refresh_token_ttl: Seconds = 30 * 86400
    refresh_token_max: Seconds = 90 * 86400
    session_idle: Seconds = 3600
    session_ttl: Seconds = 12 * 3600
    cookie_access_ttl: Seconds = 900
    cookie_refresh_ttl: Seconds = 86400
    exchange_token_ttl: Seconds = 3600
    key_publish_ahead: Annotated[int, Field(ge=JWKS_MAX_AGE_SECONDS, le=30 * 86400)] = 600
    refresh_grace: Annotated[int, Field(ge=0, le=300)] = 10
    registration: Registration = Registration.TOKEN
    rate_limits: str = "on"
    outbound_ca_file: Path | None = None
    outbound_allow: tuple[str, ...] = ()
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    cookie_domain: str | None = None
    log_format: LogFormat = LogFormat.CONSOLE
    log_level: LogLevel = LogLevel.INFO
    metrics_token: SecretStr | None = None

    @classmethod
    def load(cls, environ: Mapping[str, str], *, root: Path) -> Self:
        """Read, complete and check the settings.

        In development a ``.env`` file in ``root`` is read too (the environment
        wins), and secret keys are made and kept in the instance directory.

        :param root: what relative paths are relative to.
        :raises SettingsError: one line per problem, unknown ``IDP_`` names included.
        """
        problems: list[str] = []
        values = sources.from_files(sources.named(environ, root), cls.model_fields, problems)
        known = set(cls.model_fields)
        problems += [
            f"{PREFIX}{name.upper()}: unknown setting; see the list in docs/settings.md"
            for name in sorted(values.keys() - known)
        ]
        given = {name: sources.split(name, value) for name, value in values.items() if name in known}
        complete = sources.with_defaults(given, root)
        problems += _problems(cls, complete)
        if problems:
            raise SettingsError(tuple(problems))
        settings = cls.model_validate(complete)
        try:
            settings.instance_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            kept = () if settings.secret_keys else (SecretStr(sources.kept_secret(settings.instance_dir)),)
        except OSError as error:
            problem = f"IDP_INSTANCE_DIR: {settings.instance_dir} cannot be made or written to ({error.strerror})"
            raise SettingsError((problem,)) from None
        return settings.model_copy(update={"secret_keys": settings.secret_keys or kept})

    @property
    def is_production(self) -> bool:
        """Whether insecure settings were refused."""
        return self.env is Environment.PRODUCTION

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us by TLS, so that cookies can be ``Secure`` and host-bound."""
        return self.issuer.startswith("https://")

    @property
    def uses_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.get_secret_value().startswith("sqlite:")

    @property
    def mail_server(self) -> MailServer | None:
        """Where mail is handed in; none without ``IDP_MAIL_URL``."""
        return MailServer.parse(self.mail_url.get_secret_value()) if self.mail_url else None

    @property
    def can_mail(self) -> bool:
        """Whether mail goes anywhere: to a server, or in development to the mailbox."""
        return self.mail_url is not None or not self.is_production

    def lifetime(self, name: str) -> timedelta:
        """Return one of the ``…_ttl`` or ``…_idle`` settings as a duration."""
        return timedelta(seconds=getattr(self, name))

    def cap(self, name: str) -> Rate:
        """Return one of :data:`idp.settings.rates.CAPS`, as overridden."""
        return rates.cap(name, self.rate_limits)

    def limit(self, name: str) -> Rate | None:
        """Return one of :data:`idp.settings.rates.LIMITS`, as overridden; none where limits are off."""
        return rates.limit(name, self.rate_limits)

    def warnings(self) -> tuple[str, ...]:
        """Return what is allowed but deserves a second thought, one sentence each."""
        if self.is_production and self.uses_sqlite:
            return ("IDP_DATABASE_URL: SQLite serves one host only; use postgresql+psycopg://… to run several.",)
        return ()

    @field_validator("issuer")
    @classmethod
    def _issuer_is_an_origin(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if parts.scheme not in {"http", "https"} or issuer != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("must be scheme and host and nothing behind them, as in https://login.example.com")
        if not parts.hostname or "@" in parts.netloc or issuer != issuer.lower() or not _has_a_port(parts):
            raise ValueError("must name a host in lower case, perhaps with a port, without a user name")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("may be http on this machine (127.0.0.1, localhost) only; use https")
        return issuer

    @field_validator("secret_keys", "key_encryption_keys")
    @classmethod
    def _secrets_are_long(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value().encode()) < MIN_SECRET_BYTES for key in keys):
            raise ValueError(f"each key needs at least {MIN_SECRET_BYTES} bytes; make one with: openssl rand -hex 32")
        return keys

    @field_validator("database_url")
    @classmethod
    def _database_is_supported(cls, url: SecretStr) -> SecretStr:
        scheme = url.get_secret_value().partition(":")[0]
        if scheme not in {"sqlite", "postgresql+psycopg"}:
            raise ValueError("must start with postgresql+psycopg:// or sqlite:///")
        if scheme == "sqlite" and not url.get_secret_value().startswith("sqlite:////"):
            raise ValueError("must name SQLite's file by its absolute path, as in sqlite:////var/lib/idp/idp.db")
        return url

    @field_validator("redis_url")
    @classmethod
    def _redis_is_a_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url and urlsplit(url.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must start with redis://, rediss:// or unix://")
        return url

    @field_validator("mail_url")
    @classmethod
    def _mail_is_smtp(cls, url: SecretStr | None) -> SecretStr | None:
        if url:
            MailServer.parse(url.get_secret_value())
        return url

    @field_validator("mail_from")
    @classmethod
    def _sender_is_an_address(cls, sender: str) -> str:
        if sender and not mail.is_sender(sender):
            raise ValueError("must be one address, perhaps with a name: Deepdesk <no-reply@login.example.com>")
        return sender

    @field_validator("rate_limits")
    @classmethod
    def _limits_are_readable(cls, text: str) -> str:
        if not rates.is_readable(text):
            raise ValueError("must be on, off, or overrides such as magic_link=5/15m,sign_in=30/1m")
        return text

    @model_validator(mode="after")
    def _production_is_safe(self) -> Self:
        problems = insecure(self) if self.is_production else []
        if self.refresh_token_max < self.refresh_token_ttl:
            problems.append("IDP_REFRESH_TOKEN_MAX: must not be below IDP_REFRESH_TOKEN_TTL")
        if self.session_ttl < self.session_idle:
            problems.append("IDP_SESSION_TTL: must not be below IDP_SESSION_IDLE")
        if self.cookie_domain is not None and not _covers(self.cookie_domain, self.issuer):
            problems.append("IDP_COOKIE_DOMAIN: must be the issuer's host, or a domain above it; browsers drop others")
        if problems:
            raise ValueError("\n".join(problems))
        return self


def _covers(domain: str, issuer: str) -> bool:
    """Say whether cookies for a domain are kept from the issuer's host (RFC 6265 §5.1.3)."""
    host = urlsplit(issuer).hostname or ""
    return host == domain or ("." in domain.strip(".") and host.endswith(f".{domain}"))


def _has_a_port(parts: SplitResult) -> bool:
    """Say whether the port is a number, or left out."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _problems(model: type[Settings], values: dict[str, Any]) -> list[str]:
    """Return all problems: those of single settings, and those between the ones that are right by themselves."""
    errors = _errors(model, values)
    wrong = {str(error["loc"][0]) for error in errors if error["loc"]}
    lines = [_sentence(error) for error in errors if error["loc"]]
    between = [error for error in errors if not error["loc"]]
    if wrong:
        between = _errors(model, {name: value for name, value in values.items() if name not in wrong})
    about_wrong = tuple(f"{PREFIX}{name.upper()}:" for name in wrong)
    return lines + [
        line for error in between for line in _sentence(error).splitlines() if not line.startswith(about_wrong)
    ]


def _errors(model: type[Settings], values: dict[str, Any]) -> list[Any]:
    try:
        model.model_validate(values)
    except ValidationError as refused:
        return list(refused.errors(include_url=False, include_input=False))
    return []


def _sentence(error: Any) -> str:
    """Turn one validation error into ``NAME: sentence`` (or the lines that a check wrote itself)."""
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "int_parsing":
        message = "must be a whole number, as in 3600"
    if not error["loc"]:
        return message
    return f"{PREFIX}{str(error['loc'][0]).upper()}: {message[0].lower()}{message[1:]}"
