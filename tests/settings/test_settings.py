"""Settings: the names and defaults of CONTRACT §3, checked whole, every problem in a line of its own."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from idp.settings import Settings, SettingsError

SECRET = "0123456789abcdef0123456789abcdef"
PRODUCTION = {
    "IDP_ENV": "production",
    "IDP_ISSUER": "https://login.example.com",
    "IDP_SECRET_KEYS": SECRET,
    "IDP_DATABASE_URL": "postgresql+psycopg://idp@db.example.com/idp",
}
DAY = 86400

DEFAULTS = {
    "IDP_ENV": "development",
    "IDP_ISSUER": "http://127.0.0.1:8000",
    "IDP_KEY_ENCRYPTION_KEYS": (),
    "IDP_REDIS_URL": None,
    "IDP_MAIL_URL": None,
    "IDP_MAIL_FROM": "Deepdesk <no-reply@127.0.0.1>",
    "IDP_MAGIC_LINK_TTL": 600,
    "IDP_ACCESS_TOKEN_TTL": 900,
    "IDP_ID_TOKEN_TTL": 3600,
    "IDP_REFRESH_TOKEN_TTL": 30 * DAY,
    "IDP_REFRESH_TOKEN_MAX": 90 * DAY,
    "IDP_SESSION_IDLE": 3600,
    "IDP_SESSION_TTL": DAY // 2,
    "IDP_COOKIE_ACCESS_TTL": 900,
    "IDP_COOKIE_REFRESH_TTL": DAY,
    "IDP_EXCHANGE_TOKEN_TTL": 3600,
    "IDP_KEY_PUBLISH_AHEAD": 600,
    "IDP_REFRESH_GRACE": 10,
    "IDP_REGISTRATION": "token",
    "IDP_RATE_LIMITS": "on",
    "IDP_OUTBOUND_CA_FILE": None,
    "IDP_OUTBOUND_ALLOW": ("127.0.0.1/32", "::1/128"),
    "IDP_TRUSTED_PROXIES": 0,
    "IDP_COOKIE_DOMAIN": None,
    "IDP_LOG_LEVEL": "info",
    "IDP_METRICS_TOKEN": None,
}
"""What CONTRACT §3 says, for development."""
DEPEND_ON_THE_PLACE = {"IDP_INSTANCE_DIR", "IDP_SECRET_KEYS", "IDP_DATABASE_URL", "IDP_LOG_FORMAT"}


@pytest.fixture
def load(tmp_path):
    def loaded(**environ: str) -> Settings:
        return Settings.load(environ, root=tmp_path)

    return loaded


@pytest.fixture
def problems(load):
    def told(**environ: str) -> list[str]:
        with pytest.raises(SettingsError) as refused:
            load(**environ)
        assert all("\n" not in line for line in refused.value.problems)
        return list(refused.value.problems)

    return told


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_a_setting_that_is_not_given_has_the_default_of_the_contract(load, name):
    assert getattr(load(), name.removeprefix("IDP_").lower()) == DEFAULTS[name]


def test_there_are_no_settings_beyond_the_contract():
    assert {f"IDP_{name.upper()}" for name in Settings.model_fields} == DEFAULTS.keys() | DEPEND_ON_THE_PLACE


def test_local_data_lives_in_the_instance_directory(load, tmp_path):
    settings = load()
    assert settings.instance_dir == tmp_path / "instance"
    assert settings.instance_dir.is_dir()
    assert settings.database_url.get_secret_value() == f"sqlite:///{tmp_path}/instance/idp.db"
    assert stat.S_IMODE(settings.instance_dir.stat().st_mode) == 0o700


def test_another_instance_directory_takes_the_database_along(load, tmp_path):
    assert (
        load(IDP_INSTANCE_DIR="elsewhere").database_url.get_secret_value() == f"sqlite:///{tmp_path}/elsewhere/idp.db"
    )


def test_logs_are_json_in_production_and_readable_elsewhere(load):
    assert load().log_format == "console"
    assert load(**PRODUCTION).log_format == "json"
    assert load(**PRODUCTION, IDP_LOG_FORMAT="console").log_format == "console"


def test_in_production_no_private_address_is_reached(load):
    assert load(**PRODUCTION).outbound_allow == ()


def test_mail_comes_from_the_issuers_host(load):
    assert load(**PRODUCTION).mail_from == "Deepdesk <no-reply@login.example.com>"


def test_lists_are_comma_separated_with_the_newest_key_first(load):
    other = SECRET[::-1]
    settings = load(IDP_SECRET_KEYS=f"{SECRET}, {other},", IDP_OUTBOUND_ALLOW="10.0.0.0/8, okta.internal:8443")
    assert [key.get_secret_value() for key in settings.secret_keys] == [SECRET, other]
    assert settings.outbound_allow == ("10.0.0.0/8", "okta.internal:8443")


def test_settings_cannot_be_changed(load):
    with pytest.raises(ValidationError):
        load().issuer = "https://evil.example"


def test_a_lifetime_is_a_duration(load):
    assert load(IDP_SESSION_IDLE="60").lifetime("session_idle").total_seconds() == 60


# Problems


def test_all_problems_are_told_at_once_each_with_its_name(problems):
    told = problems(
        IDP_ENV="production",
        IDP_ISSUER="https://login.example.com",
        IDP_ACCESS_TOKEN_TTL="soon",
        IDP_SECRET_KEYS="short",
        IDP_REGISTRATION="open",
        IDP_TRUSTED_PROXIES="-1",
        IDP_MADE_UP="1",
        IDP_METRICS_TOKEN_FILE="/nowhere",
        IDP_REFRESH_TOKEN_MAX="60",
    )
    assert sorted(line.partition(":")[0] for line in told) == [
        "IDP_ACCESS_TOKEN_TTL",
        "IDP_MADE_UP",
        "IDP_METRICS_TOKEN_FILE",
        "IDP_REFRESH_TOKEN_MAX",
        "IDP_REGISTRATION",
        "IDP_SECRET_KEYS",
        "IDP_TRUSTED_PROXIES",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDP_ENV", "staging"),
        ("IDP_ENV", "Production"),
        ("IDP_ENV", ""),
        ("IDP_ISSUER", ""),
        ("IDP_ISSUER", "login.example.com"),
        ("IDP_ISSUER", "https://login.example.com/"),
        ("IDP_ISSUER", "https://login.example.com/idp"),
        ("IDP_ISSUER", "https://login.example.com?a=b"),
        ("IDP_ISSUER", "https://login.example.com#a"),
        ("IDP_ISSUER", "https://Login.example.com"),
        ("IDP_ISSUER", "https://user@login.example.com"),
        ("IDP_ISSUER", "https://"),
        ("IDP_ISSUER", "http://login.example.com"),
        ("IDP_ISSUER", "http://127.0.0.1.evil.example"),
        ("IDP_ISSUER", "ftp://login.example.com"),
        ("IDP_ISSUER", "https://login.example.com\n"),
        ("IDP_ISSUER", "https://[::1"),
        ("IDP_ISSUER", "https://login.example.com:port"),
        ("IDP_ISSUER", "https://login.example.com:0"),
        ("IDP_ISSUER", "https://login.example.com:99999"),
        ("IDP_SECRET_KEYS", "x" * 31),
        ("IDP_SECRET_KEYS", f"{SECRET},short"),
        ("IDP_KEY_ENCRYPTION_KEYS", "x" * 31),
        ("IDP_DATABASE_URL", ""),
        ("IDP_DATABASE_URL", "postgresql://idp@db/idp"),
        ("IDP_DATABASE_URL", "mysql://idp@db/idp"),
        ("IDP_REDIS_URL", "http://redis"),
        ("IDP_MAIL_URL", "mailto:ops@example.com"),
        ("IDP_MAIL_URL", "smtp://"),
        ("IDP_MAIL_URL", "smtp://mail.example.com?tls=maybe"),
        ("IDP_ACCESS_TOKEN_TTL", "0"),
        ("IDP_ACCESS_TOKEN_TTL", "-1"),
        ("IDP_ACCESS_TOKEN_TTL", ""),
        ("IDP_ACCESS_TOKEN_TTL", "15m"),
        ("IDP_ACCESS_TOKEN_TTL", "1e3"),
        ("IDP_ACCESS_TOKEN_TTL", "99999999999"),
        ("IDP_KEY_PUBLISH_AHEAD", "299"),
        ("IDP_REFRESH_GRACE", "-1"),
        ("IDP_REFRESH_TOKEN_MAX", "60"),
        ("IDP_SESSION_TTL", "60"),
        ("IDP_REGISTRATION", "yes"),
        ("IDP_RATE_LIMITS", "maybe"),
        ("IDP_RATE_LIMITS", "sign_in=30/1y"),
        ("IDP_RATE_LIMITS", "sign_in=/1m"),
        ("IDP_RATE_LIMITS", "sign_in=30/1m,"),
        ("IDP_TRUSTED_PROXIES", "11"),
        ("IDP_TRUSTED_PROXIES", "true"),
        ("IDP_LOG_FORMAT", "xml"),
        ("IDP_LOG_LEVEL", "loud"),
        ("IDP_LOG_LEVEL", "INFO"),
    ],
)
def test_a_wrong_value_is_told_in_one_line_that_begins_with_its_name(problems, name, value):
    (line,) = problems(**{name: value})
    assert line.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDP_ISSUER", "http://localhost:9000"),
        ("IDP_ISSUER", "http://[::1]:9000"),
        ("IDP_ISSUER", "https://login.example.com:8443"),
        ("IDP_KEY_PUBLISH_AHEAD", "300"),
        ("IDP_REFRESH_GRACE", "0"),
        ("IDP_MAIL_URL", "smtp://user:password@mail.example.com:587?tls=starttls"),
        ("IDP_MAIL_URL", "smtps://mail.example.com"),
        ("IDP_MAIL_URL", ""),
        ("IDP_REDIS_URL", "redis://127.0.0.1/0"),
        ("IDP_RATE_LIMITS", "off"),
        ("IDP_RATE_LIMITS", "magic_link=5/15m,sign_in=30/1m"),
        ("IDP_RATE_LIMITS", "bridge_people=500"),
        ("IDP_REGISTRATION", "open"),
    ],
)
def test_a_right_value_is_taken(load, name, value):
    assert load(**{name: value})


@pytest.mark.parametrize(
    "name", ["IDP_MADE_UP", "IDP_ISSUERS", "IDP_FILE", "IDP_", "IDP_ISSUER_FILE_FILE", "IDP_issuer "]
)
def test_an_unknown_name_stops_the_start(problems, name):
    (line,) = problems(**{name: "1"})
    assert "unknown setting" in line


def test_names_without_the_prefix_are_nobodys_business(load):
    assert load(ISSUER="https://evil.example", XIDP_ISSUER="x").issuer == "http://127.0.0.1:8000"


# Production


def test_good_production_settings_pass_without_warning(load):
    settings = load(**PRODUCTION)
    assert settings.is_production
    assert settings.is_https
    assert not settings.uses_sqlite
    assert settings.warnings() == ()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"IDP_ISSUER": "http://127.0.0.1:8000"}, "IDP_ISSUER"),
        ({"IDP_SECRET_KEYS": ""}, "IDP_SECRET_KEYS"),
        ({"IDP_SECRET_KEYS": "x" * 31}, "IDP_SECRET_KEYS"),
        ({"IDP_MAIL_URL": "smtp://mail.example.com?tls=none"}, "IDP_MAIL_URL"),
        ({"IDP_REGISTRATION": "open"}, "IDP_REGISTRATION"),
        ({"IDP_RATE_LIMITS": "off"}, "IDP_RATE_LIMITS"),
    ],
)
def test_production_refuses_what_is_insecure(problems, changes, name):
    (line,) = problems(**{**PRODUCTION, **changes})
    assert line.startswith(f"{name}: ")


def test_production_needs_secrets_of_its_own(problems):
    told = problems(IDP_ENV="production")
    assert [line.partition(":")[0] for line in told] == ["IDP_ISSUER", "IDP_SECRET_KEYS"]


@pytest.mark.parametrize("issuer", ["https://127.0.0.1:8443", "https://idp.test"])
def test_on_this_machine_and_for_tests_production_may_be_open(load, issuer):
    assert load(**{**PRODUCTION, "IDP_ISSUER": issuer, "IDP_REGISTRATION": "open", "IDP_RATE_LIMITS": "off"})


def test_mail_may_go_in_clear_to_this_machine(load):
    assert load(**PRODUCTION, IDP_MAIL_URL="smtp://127.0.0.1:25?tls=none")


def test_production_on_sqlite_starts_with_a_warning(load, tmp_path):
    settings = load(**{**PRODUCTION, "IDP_DATABASE_URL": f"sqlite:///{tmp_path}/idp.db"})
    assert len(settings.warnings()) == 1
    assert settings.warnings()[0].startswith("IDP_DATABASE_URL: ")


# Files


def test_any_setting_may_come_from_a_file(load, tmp_path):
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    assert load(IDP_SECRET_KEYS_FILE=str(tmp_path / "secret")).secret_keys == (SecretStr(SECRET),)


def test_a_name_that_ends_in_file_by_itself_is_not_a_file_with_its_value(load, tmp_path):
    assert load(IDP_OUTBOUND_CA_FILE=str(tmp_path / "ca.pem")).outbound_ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told(problems, tmp_path, content):
    if content:
        (tmp_path / "secret").write_bytes(content)
    (line,) = problems(IDP_SECRET_KEYS_FILE=str(tmp_path / "secret"))
    assert line.startswith("IDP_SECRET_KEYS_FILE: ")
    assert "cannot be read" in line


def test_a_value_and_a_file_contradict_each_other(problems, tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    (line,) = problems(IDP_SECRET_KEYS=SECRET, IDP_SECRET_KEYS_FILE=str(tmp_path / "secret"))
    assert "not both" in line


# .env


def test_development_reads_a_dot_env_file_and_the_environment_wins(load, tmp_path):
    (tmp_path / ".env").write_text("IDP_SESSION_IDLE=61\nIDP_REFRESH_GRACE=7\nOTHER=1\n")
    settings = load(IDP_REFRESH_GRACE="8")
    assert (settings.session_idle, settings.refresh_grace) == (61, 8)


def test_production_reads_no_dot_env_file(load, tmp_path):
    (tmp_path / ".env").write_text("IDP_SESSION_IDLE=61\nIDP_MADE_UP=1\n")
    assert load(**PRODUCTION).session_idle == 3600


def test_an_unknown_name_in_a_dot_env_file_stops_the_start(problems, tmp_path):
    (tmp_path / ".env").write_text("IDP_MADE_UP=1\n")
    assert len(problems()) == 1


# The development secret


def test_a_development_secret_is_made_once_for_its_owner_only(load, tmp_path):
    first, second = load(), load()
    assert first.secret_keys == second.secret_keys
    assert len(first.secret_keys[0].get_secret_value()) >= 32
    assert stat.S_IMODE((tmp_path / "instance" / "secret_keys").stat().st_mode) == 0o600


def test_every_instance_has_a_secret_of_its_own(load):
    assert load(IDP_INSTANCE_DIR="one").secret_keys != load(IDP_INSTANCE_DIR="other").secret_keys


def test_a_given_secret_is_not_written_down(load, tmp_path):
    load(IDP_SECRET_KEYS=SECRET)
    assert not (tmp_path / "instance" / "secret_keys").exists()


def test_wrong_settings_make_no_files(problems, tmp_path):
    problems(IDP_MADE_UP="1")
    assert list(tmp_path.iterdir()) == []


# Secrets are never shown

HIDDEN = {
    "IDP_SECRET_KEYS": "shown-nowhere-" * 4,
    "IDP_KEY_ENCRYPTION_KEYS": "shown-nowhere-" * 5,
    "IDP_DATABASE_URL": "postgresql+psycopg://idp:shown-nowhere@db/idp",
    "IDP_REDIS_URL": "redis://:shown-nowhere@redis",
    "IDP_MAIL_URL": "smtp://idp:shown-nowhere@mail.example.com",
    "IDP_METRICS_TOKEN": "shown-nowhere",
}


def test_no_secret_stands_in_what_settings_look_like(load):
    settings = load(**HIDDEN)
    assert "shown-nowhere" not in f"{settings!r} {settings!s} {settings.model_dump()!r}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDP_SECRET_KEYS", "shown-nowhere"),
        ("IDP_KEY_ENCRYPTION_KEYS", "shown-nowhere"),
        ("IDP_DATABASE_URL", "mysql://idp:shown-nowhere@db/idp"),
        ("IDP_REDIS_URL", "http://:shown-nowhere@redis"),
        ("IDP_MAIL_URL", "http://idp:shown-nowhere@mail.example.com"),
        ("IDP_MAIL_URL", "smtp://idp:shown-nowhere@mail.example.com?tls=maybe"),
        ("IDP_MAIL_URL", "smtp://idp:shown-nowhere@[mail"),
        ("IDP_REDIS_URL", "redis://:shown-nowhere@[redis"),
    ],
)
def test_no_secret_stands_in_a_problem(problems, name, value):
    for told in (problems(**{name: value}), problems(**{name: value}, IDP_ISSUER="x", IDP_ENV="production")):
        assert any(line.startswith(f"{name}: ") for line in told)
        assert "shown-nowhere" not in "\n".join(told)


def test_the_surroundings_are_not_read(load, monkeypatch):
    """What is loaded is what was passed: the one reader of the environment is its caller."""
    monkeypatch.setitem(os.environ, "IDP_SESSION_IDLE", "61")
    assert load().session_idle == 3600


def test_relative_paths_are_relative_to_the_root(load, tmp_path):
    assert load(IDP_INSTANCE_DIR="a/b").instance_dir == tmp_path / "a" / "b"
    assert load(IDP_INSTANCE_DIR=str(tmp_path / "c")).instance_dir == Path(tmp_path / "c")


@pytest.mark.parametrize("domain", ["login.example.com", "example.com"])
def test_cookies_may_be_shared_with_the_domain_above(load, domain):
    settings = load(IDP_ISSUER="https://login.example.com", IDP_COOKIE_DOMAIN=domain)
    assert settings.cookie_domain == domain


@pytest.mark.parametrize("domain", ["com", "other.example.com", "ample.com", "login.example.com.", ".com", "a b"])
def test_a_domain_that_browsers_would_drop_is_refused(load, domain):
    with pytest.raises(SettingsError, match="IDP_COOKIE_DOMAIN: must be the issuer's host"):
        load(IDP_ISSUER="https://login.example.com", IDP_COOKIE_DOMAIN=domain)
