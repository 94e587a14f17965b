"""Where mail goes and in whose name: what ``IDP_MAIL_URL`` and ``IDP_MAIL_FROM`` may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.settings import Settings, SettingsError
from idp.settings.mail import MailServer, MailTls, domain_of

SECRET = "shown-nowhere"
PRODUCTION = {
    "IDP_ENV": "production",
    "IDP_ISSUER": "https://login.example",
    "IDP_SECRET_KEYS": "k" * 32,
    "IDP_DATABASE_URL": "postgresql+psycopg://idp@db.example/idp",
}


def problems(directory: Path, **given: str) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.load(given, root=directory)
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("smtp://mail.example", "mail.example", 587, MailTls.STARTTLS),
        ("smtp://mail.example/?tls=starttls", "mail.example", 587, MailTls.STARTTLS),
        ("smtp://mail.example:2525?tls=starttls", "mail.example", 2525, MailTls.STARTTLS),
        ("smtp://127.0.0.1?tls=none", "127.0.0.1", 25, MailTls.NONE),
        ("smtps://mail.example", "mail.example", 465, MailTls.IMPLICIT),
        ("smtps://[2001:db8::1]:4650", "2001:db8::1", 4650, MailTls.IMPLICIT),
        ("smtps://mäil.example", "xn--mil-qla.example", 465, MailTls.IMPLICIT),
    ],
)
def test_a_url_says_where_and_how(url: str, host: str, port: int, tls: MailTls) -> None:
    assert MailServer.parse(url) == MailServer(host=host, port=port, tls=tls)


def test_user_and_password_are_percent_decoded_and_in_no_representation() -> None:
    server = MailServer.parse("smtp://i%40p:s%2Fh%3Aown%25@mail.example")
    assert (server.user, server.password) == ("i@p", "s/h:own%")
    assert "s/h" not in repr(server)
    assert "i@p" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        f"smtp://idp:{SECRET}@",
        f"smtp://idp:{SECRET}@mail.example:0",
        f"smtp://idp:{SECRET}@mail.example:99999",
        f"smtp://idp:{SECRET}@mail.example:port",
        f"smtp://idp:{SECRET}@mail.example/path",
        f"smtp://idp:{SECRET}@mail.example?tls=none&tls=starttls",
        f"smtp://idp:{SECRET}@mail.example?tls=",
        f"smtp://idp:{SECRET}@mail.example?tls=none&verify=no",
        f"smtps://idp:{SECRET}@mail.example?tls=none",
        f"smtp://:{SECRET}@mail.example",
        f"smtp://{SECRET}@mail.example",
        f"smtp://idp:{SECRET}%00@mail.example",
        f"smtp://idp:{SECRET}@{'x' * 64}.example",
    ],
)
def test_a_url_that_means_nothing_is_refused_without_its_password(tmp_path: Path, url: str) -> None:
    told = problems(tmp_path, IDP_MAIL_URL=url)
    assert told.startswith("IDP_MAIL_URL: ")
    assert len(told.splitlines()) == 1
    assert SECRET not in told


@pytest.mark.parametrize("url", ["smtp://mail.example?tls=none", "smtp://mail.example?tls=none&tls=starttls"])
def test_production_sends_nothing_in_clear_over_the_network(tmp_path: Path, url: str) -> None:
    assert "IDP_MAIL_URL" in problems(tmp_path, **PRODUCTION, IDP_MAIL_URL=url)


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply@login.example",
        "Deepdesk <no-reply@login.example>",
        '"Deepdesk, Inc." <no-reply@login.example>',
        "Für Müller <no-reply@login.example>",
    ],
)
def test_a_sender_is_an_address_perhaps_with_a_name(tmp_path: Path, sender: str) -> None:
    assert Settings.load({"IDP_MAIL_FROM": sender}, root=tmp_path).mail_from == sender


@pytest.mark.parametrize(
    "sender",
    [
        "Deepdesk",
        "Deepdesk, Inc. <no-reply@login.example>",
        "no-reply@login.example, other@login.example",
        "Deepdesk <no-reply@login.example>\nBcc: mia@acme.example",
        "Deepdesk <no-reply@login.example> mia@acme.example",
        "mïa@login.example",
        "@login.example",
        "no-reply@",
    ],
)
def test_another_sender_is_refused(tmp_path: Path, sender: str) -> None:
    assert problems(tmp_path, IDP_MAIL_FROM=sender).startswith("IDP_MAIL_FROM: must be one address")


@pytest.mark.parametrize("issuer", ["http://[::1]:8000", "http://localhost:8000", "http://127.0.0.1:8000"])
def test_every_issuer_has_a_sender(tmp_path: Path, issuer: str) -> None:
    assert "@" in Settings.load({"IDP_ISSUER": issuer}, root=tmp_path).mail_from


@pytest.mark.parametrize(
    ("issuer", "domain"),
    [
        ("https://login.example", "login.example"),
        ("http://127.0.0.1:8000", "[127.0.0.1]"),
        ("http://[::1]:8000", "[IPv6:::1]"),
        ("http://localhost:8000", "localhost"),
    ],
)
def test_mail_servers_know_a_host_by_name_or_address_literal(issuer: str, domain: str) -> None:
    assert domain_of(issuer) == domain


@pytest.mark.parametrize(
    ("given", "can_mail"),
    [({}, True), (PRODUCTION, False), (PRODUCTION | {"IDP_MAIL_URL": "smtps://mail.example"}, True)],
    ids=["development", "production", "production with a server"],
)
def test_production_mails_through_a_server_only(tmp_path: Path, given: dict[str, str], can_mail: bool) -> None:
    assert Settings.load(given, root=tmp_path).can_mail is can_mail
