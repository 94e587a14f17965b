"""What every way of sending mail promises: the same message whole, and nothing that was not asked for."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from idp.domain.errors import DeliveryFailed, DeliveryRefused
from idp.domain.mail import Mail
from idp.outbound.mailbox import MailboxMailer
from idp.outbound.mailer import UNSET, Mailer, mailer_of
from idp.outbound.smtp import SmtpMailer
from idp.settings import Settings
from idp.settings.mail import MailServer as Address
from tests.support.mail_server import MailServer, mail_server

SENDER = "Deepdesk für Müller <no-reply@login.example>"
TO = "mia@acme.example"
MAIL = Mail(
    message_id="<a-b_c@login.example>",
    to=TO,
    subject="Anmelden bei „Müller & Söhne“ – jetzt",
    text="Grüße,\n\nhttps://login.example/" + "x" * 1500 + "\n.\n..\nFrom here\n",
    html="<!doctype html><p>" + "é" * 3000 + "</p>",
    language="de",
)
LONG_DOMAIN = ".".join(("d" * 60, "e" * 60, "f" * 50, "example"))

Arrived = Callable[[], Sequence[bytes]]


class MailerContract:
    @pytest.fixture
    def mailer(self) -> Mailer:
        raise NotImplementedError

    @pytest.fixture
    def arrived(self) -> Arrived:
        """Tell the messages that arrived, byte for byte."""
        raise NotImplementedError

    def test_a_mail_arrives_with_all_it_says(self, mailer: Mailer, arrived: Arrived) -> None:
        mailer.send(MAIL)
        message = the(arrived)
        assert {name: str(message[name]) for name in ("Subject", "From", "To", "Message-ID", "Content-Language")} == {
            "Subject": MAIL.subject,
            "From": SENDER,
            "To": TO,
            "Message-ID": MAIL.message_id,
            "Content-Language": "de",
        }
        assert message["Auto-Submitted"] == "auto-generated"
        assert abs(message["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
        assert message.defects == []

    def test_it_says_the_same_as_text_and_as_html_the_better_last(self, mailer: Mailer, arrived: Arrived) -> None:
        mailer.send(MAIL)
        message = the(arrived)
        assert message.get_content_type() == "multipart/alternative"
        text, html = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
        assert (text, html.rstrip("\n")) == (MAIL.text, MAIL.html)

    def test_every_server_on_the_way_can_pass_it_on(self, mailer: Mailer, arrived: Arrived) -> None:
        """ASCII and short lines (RFC 5321 §4.5.3.1.6), whatever stands in it."""
        mailer.send(MAIL)
        [content] = arrived()
        assert content.isascii()
        assert all(len(line) <= 998 for line in content.split(b"\r\n"))
        assert b"\n" not in content.replace(b"\r\n", b"")

    @pytest.mark.parametrize(
        "to", [f"{'a' * 64}@{LONG_DOMAIN}", "mia+idp@acme.example", f"=?utf-8?q?x?=@{LONG_DOMAIN}"]
    )
    def test_an_address_stays_as_it_is(self, mailer: Mailer, arrived: Arrived, to: str) -> None:
        mailer.send(replace(MAIL, to=to, message_id=f"<x@{LONG_DOMAIN}>"))
        [content] = arrived()
        assert f"\r\nTo: {to}\r\n".encode() in content
        assert f"\r\nMessage-ID: <x@{LONG_DOMAIN}>\r\n".encode() in content

    def test_the_same_mail_has_the_same_message_id_each_time(self, mailer: Mailer, arrived: Arrived) -> None:
        mailer.send(MAIL)
        mailer.send(MAIL)
        assert [parsed(content)["Message-ID"] for content in arrived()] == [MAIL.message_id] * 2

    @pytest.mark.parametrize(
        "to",
        [
            "mia@acme.example\r\nBcc: adam@acme.example",
            "mia@acme.example\nBcc: adam@acme.example",
            "mia@acme.example, adam@acme.example",
            "mia@acme.example>\r\nRCPT TO:<adam@acme.example",
            "Mia <mia@acme.example>",
            '"mia adam"@acme.example',
            "mia@acme.example\x85Bcc: adam@acme.example",
            "mïa@acme.example",
            "mia@äcme.example",
            f"{'a' * 320}@acme.example",
            "mia",
            "",
        ],
    )
    def test_an_address_that_is_no_single_one_gets_nothing(self, mailer: Mailer, arrived: Arrived, to: str) -> None:
        with pytest.raises(DeliveryRefused) as caught:
            mailer.send(replace(MAIL, to=to))
        assert "acme" not in str(caught.value)
        assert arrived() == []

    @pytest.mark.parametrize("breaks", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1e", "\x85", "\u2028", "\u2029", "\0"])
    @pytest.mark.parametrize("name", ["subject", "message_id", "language"])
    def test_no_header_can_be_slipped_in(self, mailer: Mailer, arrived: Arrived, name: str, breaks: str) -> None:
        for between in (breaks, f"{breaks} "):
            with pytest.raises(DeliveryRefused):
                mailer.send(replace(MAIL, **{name: f"x{between}Bcc: adam@acme.example"}))
        assert arrived() == []

    def test_eight_threads_send_at_once(self, mailer: Mailer, arrived: Arrived) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: mailer.send(replace(MAIL, message_id=f"<{n}@login.example>")), range(40)))
        assert {parsed(content)["Message-ID"] for content in arrived()} == {f"<{n}@login.example>" for n in range(40)}

    def test_a_probe_sends_nothing(self, mailer: Mailer, arrived: Arrived) -> None:
        mailer.probe()
        assert arrived() == []

    def test_what_was_closed_can_send_again(self, mailer: Mailer, arrived: Arrived) -> None:
        mailer.send(MAIL)
        mailer.close()
        mailer.send(MAIL)
        assert len(arrived()) == 2


class TestSmtp(MailerContract):
    @pytest.fixture
    def server(self) -> Iterator[MailServer]:
        with mail_server() as server:
            yield server

    @pytest.fixture
    def mailer(self, server: MailServer) -> Iterator[Mailer]:
        mailer = SmtpMailer(Address.parse(server.url(tls="none")), sender=SENDER, greeting="login.example")
        yield mailer
        mailer.close()

    @pytest.fixture
    def arrived(self, server: MailServer) -> Arrived:
        return lambda: [received.content for received in server.received]

    def test_the_envelope_names_one_receiver_and_the_bare_sender(self, mailer: Mailer, server: MailServer) -> None:
        mailer.send(MAIL)
        assert [(received.sender, received.to) for received in server.received] == [("no-reply@login.example", TO)]


class TestMailbox(MailerContract):
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "instance" / "mailbox"

    @pytest.fixture
    def mailer(self, folder: Path) -> Mailer:
        return MailboxMailer(folder, sender=SENDER)

    @pytest.fixture
    def arrived(self, folder: Path) -> Arrived:
        return lambda: [path.read_bytes() for path in sorted(folder.glob("*"))]

    def test_mails_are_their_owners_only(self, mailer: Mailer, folder: Path) -> None:
        mailer.send(MAIL)
        [path] = folder.iterdir()
        assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)

    def test_the_names_sort_by_time(self, mailer: Mailer, folder: Path) -> None:
        mailer.send(MAIL)
        [path] = folder.iterdir()
        milliseconds, _, rest = path.name.partition("-")
        assert len(milliseconds) == 13
        assert abs(int(milliseconds) / 1000 - datetime.now(UTC).timestamp()) < 60
        assert rest.endswith(".eml")

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "taken").write_text("a file")
        mailer = MailboxMailer(tmp_path / "taken", sender=SENDER)
        for fails in (mailer.probe, lambda: mailer.send(MAIL)):
            with pytest.raises(DeliveryFailed, match="taken cannot be written to"):
                fails()


def settings(directory: Path, **given: str) -> Settings:
    return Settings.load({"IDP_INSTANCE_DIR": str(directory), **given}, root=directory)


PRODUCTION = {"IDP_ENV": "production", "IDP_ISSUER": "https://login.example", "IDP_SECRET_KEYS": "k" * 32}


def test_development_has_a_mailbox(tmp_path: Path) -> None:
    mailer_of(settings(tmp_path)).send(MAIL)
    [path] = (tmp_path / "mailbox").glob("*.eml")
    assert parsed(path.read_bytes())["From"] == "Deepdesk <no-reply@127.0.0.1>"


def test_a_mail_url_is_gone_by_in_development_too(tmp_path: Path) -> None:
    with mail_server() as server:
        mailer = mailer_of(settings(tmp_path, IDP_MAIL_URL=server.url(tls="none")))
        mailer.send(MAIL)
        mailer.close()
        assert len(server.received) == 1


def test_production_without_a_mail_url_says_so(tmp_path: Path) -> None:
    mailer = mailer_of(settings(tmp_path, **PRODUCTION))
    for fails in (mailer.probe, lambda: mailer.send(MAIL)):
        with pytest.raises(DeliveryFailed, match=UNSET):
            fails()
    assert not (tmp_path / "mailbox").exists()


def the(arrived: Arrived) -> EmailMessage:
    [content] = arrived()
    return parsed(content)


def parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)
