"""Where settings come from: the environment, ``.env``, files; and the secret that development keeps."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from idp.settings.values import MIN_SECRET_BYTES, PREFIX, Environment, LogFormat, SettingsError

FILE_SUFFIX = "_FILE"


def named(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Collect the ``IDP_`` names of the environment and, in development, of ``.env``."""
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    if given.get(f"{PREFIX}ENV", Environment.DEVELOPMENT) == Environment.DEVELOPMENT:
        kept = dotenv_values(root / ".env")
        given = {name: value or "" for name, value in kept.items() if name.startswith(PREFIX)} | given
    return {name.removeprefix(PREFIX): value for name, value in given.items()}


def from_files(named: Mapping[str, str], known: Collection[str], problems: list[str]) -> dict[str, str]:
    """Replace each ``X_FILE`` by ``X`` with the file's content; names become lower case.

    :param known: names of settings, lower case; some end in ``_file`` themselves.
    :param problems: takes what cannot be read.
    """
    values: dict[str, str] = {}
    for name, value in named.items():
        field = name.lower()
        target = field.removesuffix(FILE_SUFFIX.lower())
        if field in known or target == field or target not in known:
            values[field] = value
            continue
        if target.upper() in named:
            problems.append(f"{PREFIX}{name}: give either this or {PREFIX}{target.upper()}, not both")
        try:
            values[target] = Path(value).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            problems.append(f"{PREFIX}{name}: the file {value!r} cannot be read")
    return values


def split(name: str, value: str) -> Any:
    """Return a list for a setting that is one, and none for an empty value that means none."""
    if name in {"secret_keys", "key_encryption_keys", "outbound_allow"}:
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if value == "" and name in {"redis_url", "mail_url", "outbound_ca_file", "cookie_domain", "metrics_token"}:
        return None
    return value


def with_defaults(given: dict[str, Any], root: Path) -> dict[str, Any]:
    """Fill in the defaults that depend on other settings."""
    production = given.get("env") == Environment.PRODUCTION
    instance = (root / given.get("instance_dir", "instance")).absolute()
    host = _host_of(given.get("issuer", "http://127.0.0.1:8000")) or "localhost"
    computed: dict[str, Any] = {
        "database_url": f"sqlite:///{instance / 'idp.db'}",
        "mail_from": f"Deepdesk <no-reply@{f'[IPv6:{host}]' if ':' in host else host}>",
        "log_format": LogFormat.JSON if production else LogFormat.CONSOLE,
    }
    if not production:
        computed["outbound_allow"] = ("127.0.0.1/32", "::1/128")
    return computed | given | {"instance_dir": instance}


def kept_secret(instance: Path) -> str:
    """Return the development secret, made once and readable by its owner only.

    It appears under its name whole or not at all, so two processes that start at once agree.
    """
    path = instance / "secret_keys"
    with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=instance, prefix=".secret_keys.") as made:
        made.write(secrets.token_hex(MIN_SECRET_BYTES))
        made.flush()
        with suppress(FileExistsError):
            os.link(made.name, path)
    secret = path.read_text(encoding="ascii").strip()
    if len(secret) < MIN_SECRET_BYTES:
        raise SettingsError((f"IDP_SECRET_KEYS: the key kept in {path} is damaged; remove the file to start anew",))
    return secret


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # told when the setting itself is checked
        return None
