"""Mail by SMTP against real servers on loopback: trust, deadlines, bounces, and connections that are used again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idp.domain.errors import DeliveryFailed, DeliveryRefused
from idp.domain.mail import Mail
from idp.outbound import smtp
from idp.outbound.smtp import SmtpMailer
from idp.settings.mail import MailServer as Address
from tests.outbound.servers import Authority
from tests.support.mail_server import MailServer, mail_server

SENDER = "Deepdesk <no-reply@login.example>"
TO = "mia@acme.example"
PASSWORD = "pa:ss/wörd@%"
ENCODED = "pa%3Ass%2Fw%C3%B6rd%40%25"
BRIEF = timedelta(seconds=0.5)
AT_MOST_SECONDS = 6
"""Far above what a brief timeout allows, so that a busy machine does not matter, and below the usual one."""
PATIENCE_SECONDS = 10

MailerAt = Callable[..., SmtpMailer]
Serve = Callable[..., MailServer]


def a_mail(number: int = 1, **changes: str) -> Mail:
    mail = Mail(
        message_id=f"<{number}@login.example>",
        to=TO,
        subject="Sign in",
        text="Press the button.",
        html="<p>Press the button.</p>",
        language="en",
    )
    return replace(mail, **changes)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers, which end with the test."""
    with ExitStack() as servers:

        def served(**options: Any) -> MailServer:
            return servers.enter_context(mail_server(**options))

        yield served


@pytest.fixture
def mailer_at(authority: Authority) -> Iterator[MailerAt]:
    """Make mailers for an ``IDP_MAIL_URL`` that trust the authority; they are closed with the test."""
    with ExitStack() as mailers:

        def made(url: str, *, ca_file: Path | None = authority.file, **options: timedelta) -> SmtpMailer:
            made = SmtpMailer(Address.parse(url), sender=SENDER, greeting="login.example", ca_file=ca_file, **options)
            mailers.callback(made.close)
            return made

        yield made


@pytest.fixture
def plain(serve: Serve) -> MailServer:
    return serve()


def at(server: MailServer, **parts: str) -> str:
    return server.url(tls="none", **parts)


def failure(mailer: SmtpMailer, mail: Mail | None = None) -> str:
    """Send what cannot be sent now, and return why."""
    with pytest.raises(DeliveryFailed) as caught:
        mailer.send(mail or a_mail())
    return str(caught.value)


def bounce(mailer: SmtpMailer) -> str:
    """Send what will never be taken, and return why."""
    with pytest.raises(DeliveryRefused) as caught:
        mailer.send(a_mail())
    return str(caught.value)


# Trust


def test_a_mail_goes_encrypted_where_the_server_offers_starttls(
    serve: Serve, mailer_at: MailerAt, authority: Authority
) -> None:
    server = serve(starttls=authority.server_context("localhost"))
    mailer_at(server.url(host="localhost")).send(a_mail())
    [received] = server.received
    assert (received.is_encrypted, received.to, received.sender) == (True, TO, "no-reply@login.example")


def test_a_mail_goes_by_tls_from_the_first_byte_on(serve: Serve, mailer_at: MailerAt, authority: Authority) -> None:
    server = serve(tls=authority.server_context("127.0.0.1"))
    mailer_at(server.url(scheme="smtps")).send(a_mail())
    assert [received.is_encrypted for received in server.received] == [True]


@pytest.mark.parametrize("way", ["starttls", "tls"])
@pytest.mark.parametrize("fault", ["another name", "an authority that nobody trusts"])
def test_a_certificate_that_is_not_the_servers_stops_the_mail(
    serve: Serve, mailer_at: MailerAt, authority: Authority, way: str, fault: str
) -> None:
    named = "other.example" if fault == "another name" else "localhost"
    server = serve(**{way: authority.server_context(named)}, users={"idp": PASSWORD})
    url = server.url(scheme="smtp" if way == "starttls" else "smtps", host="localhost", login=f"idp:{ENCODED}@")
    ca_file = authority.file if fault == "another name" else None
    told = failure(mailer_at(url, ca_file=ca_file))
    assert "the certificate of localhost is not trusted" in told
    assert server.received == []


def test_a_server_without_starttls_gets_no_mail_and_no_password(plain: MailServer, mailer_at: MailerAt) -> None:
    plain.manners.users = {"idp": PASSWORD}
    told = failure(mailer_at(plain.url(login=f"idp:{ENCODED}@")))
    assert told == "127.0.0.1 offers no STARTTLS"
    assert plain.received == []


# Signing in


@pytest.mark.parametrize("way", ["starttls", "tls", "none"])
def test_user_and_password_are_decoded_from_the_url(
    serve: Serve, mailer_at: MailerAt, authority: Authority, way: str
) -> None:
    encrypted = {} if way == "none" else {way: authority.server_context("127.0.0.1")}
    server = serve(**encrypted, users={"i@p": PASSWORD})
    scheme, tls = ("smtps", "") if way == "tls" else ("smtp", way)
    mailer_at(server.url(scheme=scheme, login=f"i%40p:{ENCODED}@", tls=tls)).send(a_mail())
    assert [received.user for received in server.received] == ["i@p"]


def test_a_server_that_knows_login_only_is_signed_in_at(serve: Serve, mailer_at: MailerAt) -> None:
    server = serve(users={"idp": "ascii"}, without_plain=True)
    mailer_at(at(server, login="idp:ascii@")).send(a_mail())
    assert [received.user for received in server.received] == ["idp"]
    assert "ASCII only" in failure(mailer_at(at(server, login=f"idp:{ENCODED}@")))


def test_a_wrong_password_is_told_without_it(serve: Serve, mailer_at: MailerAt) -> None:
    server = serve(users={"idp": PASSWORD})
    told = failure(mailer_at(at(server, login="idp:another-password@")))
    assert told == "127.0.0.1 answered 535 to user and password; check IDP_MAIL_URL"


def test_a_server_that_wants_a_sign_in_is_no_bounce(serve: Serve, mailer_at: MailerAt) -> None:
    """Every mail would be lost for a setting that somebody forgot."""
    assert "530" in failure(mailer_at(at(serve(users={"idp": PASSWORD}))))


# Deadlines


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of a server that takes a connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_says_nothing_is_given_up_in_time(mailer_at: MailerAt, mute: int, scheme: str) -> None:
    began = time.monotonic()
    told = failure(mailer_at(f"{scheme}://127.0.0.1:{mute}", timeout=BRIEF))
    assert told == "127.0.0.1 did not answer in time"
    assert time.monotonic() - began < AT_MOST_SECONDS


def test_a_server_that_drips_is_given_up_in_time(mailer_at: MailerAt) -> None:
    """One line after the other, each well within a timeout of its own."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            until = time.monotonic() + 2 * AT_MOST_SECONDS
            with connection:
                while not over.wait(0.05) and time.monotonic() < until:
                    try:
                        connection.sendall(b"220-more\r\n")
                    except OSError:
                        return

        dripping = threading.Thread(target=drip)
        dripping.start()
        began = time.monotonic()
        told = failure(mailer_at(f"smtp://127.0.0.1:{listener.getsockname()[1]}?tls=none", timeout=BRIEF))
        over.set()
        dripping.join()
    assert told == "127.0.0.1 did not answer in time"
    assert time.monotonic() - began < AT_MOST_SECONDS


def test_a_server_that_hangs_with_the_mail_in_hand_is_given_up_in_time(plain: MailServer, mailer_at: MailerAt) -> None:
    plain.holds()
    began = time.monotonic()
    assert "did not answer in time" in failure(mailer_at(at(plain), timeout=BRIEF))
    assert time.monotonic() - began < AT_MOST_SECONDS
    plain.goes_on()


def test_a_server_may_take_its_time_over_a_mail(plain: MailServer, mailer_at: MailerAt) -> None:
    """Longer than for a handshake: it may be looking for viruses, and given up it would get the mail twice."""
    plain.holds()
    threading.Timer(2 * BRIEF.total_seconds(), plain.goes_on).start()
    mailer_at(at(plain), timeout=BRIEF).send(a_mail())
    assert len(plain.received) == 1


def test_all_together_ends_before_another_worker_takes_over() -> None:
    from idp.services.operations.delivery import LEASE

    longest = (2 + smtp.PATIENCE) * smtp.TIMEOUT + smtp.GOODBYE
    assert longest < LEASE


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("smtp://mail.invalid?tls=none", "the name mail.invalid cannot be resolved"),
        ("smtp://127.0.0.1:1?tls=none", "nothing answers at 127.0.0.1 port 1"),
    ],
)
def test_a_server_that_is_not_there_is_told(mailer_at: MailerAt, url: str, told: str) -> None:
    assert failure(mailer_at(url)) == told


# What the server answers


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("550 5.1.1 <mia@acme.example>: no such user", "550 5.1.1 about the recipient (there is no such mailbox)"),
        ("552 5.2.2 mia@acme.example is over quota", "552 5.2.2 about the recipient (the mailbox is full)"),
        ("550 mia@acme.example: who?", "550 about the recipient"),
    ],
)
def test_a_recipient_that_is_refused_for_good_is_a_bounce(
    plain: MailServer, mailer_at: MailerAt, answer: str, told: str
) -> None:
    plain.manners.about_recipient = {TO: answer}
    assert bounce(mailer_at(at(plain))) == f"127.0.0.1 answered {told}"


@pytest.mark.parametrize(
    "answer", ["450 4.2.1 mia@acme.example: try later", "451 greylisted", "421 4.3.2 down", "530 sign in"]
)
def test_a_recipient_that_is_refused_for_now_is_tried_again(
    plain: MailServer, mailer_at: MailerAt, answer: str
) -> None:
    plain.manners.about_recipient = {TO: answer}
    told = failure(mailer_at(at(plain)))
    assert answer[:3] in told
    assert "mia" not in told


def test_a_message_that_is_refused_for_good_is_a_bounce(plain: MailServer, mailer_at: MailerAt) -> None:
    plain.manners.about_message = "554 5.7.1 looks like spam to mia@acme.example"
    assert bounce(mailer_at(at(plain))) == "127.0.0.1 answered 554 5.7.1 about the message (not permitted)"


def test_a_message_that_is_refused_for_now_is_tried_again(plain: MailServer, mailer_at: MailerAt) -> None:
    plain.manners.about_message = "452 4.3.1 the disk is full"
    assert failure(mailer_at(at(plain))) == "127.0.0.1 answered 452 4.3.1 about the message"


def test_a_sender_that_is_refused_is_an_operators_matter_and_no_bounce(plain: MailServer, mailer_at: MailerAt) -> None:
    plain.manners.about_sender = "553 5.7.1 not yours"
    assert "check IDP_MAIL_FROM" in failure(mailer_at(at(plain)))


def test_after_a_bounce_the_next_mail_goes_out(plain: MailServer, mailer_at: MailerAt) -> None:
    mailer = mailer_at(at(plain))
    plain.manners.about_recipient = {TO: "550 no"}
    bounce(mailer)
    mailer.send(a_mail(to="adam@acme.example"))
    assert [received.to for received in plain.received] == ["adam@acme.example"]


# Connections


def test_mails_after_each_other_go_over_one_connection(plain: MailServer, mailer_at: MailerAt) -> None:
    mailer = mailer_at(at(plain))
    for number in range(10):
        mailer.send(a_mail(number))
    assert (len(plain.received), plain.connections) == (10, 1)


def test_threads_share_no_connection_at_the_same_time_and_use_each_again(
    plain: MailServer, mailer_at: MailerAt
) -> None:
    mailer = mailer_at(at(plain))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: mailer.send(a_mail(number)), range(200)))
    assert sorted(received.message_id for received in plain.received) == sorted(
        f"<{number}@login.example>" for number in range(200)
    )
    assert plain.connections <= 8


def test_a_connection_that_the_server_closed_is_replaced_before_the_mail(serve: Serve, mailer_at: MailerAt) -> None:
    server = serve(unused_for=0.3)
    mailer = mailer_at(at(server))
    mailer.send(a_mail(1))
    wait_until(lambda: server.lost == 1)
    mailer.send(a_mail(2))
    assert [received.message_id for received in server.received] == ["<1@login.example>", "<2@login.example>"]
    assert server.connections == 2


def test_a_connection_that_the_server_is_about_to_close_is_replaced_before_the_mail(
    plain: MailServer, mailer_at: MailerAt
) -> None:
    mailer = mailer_at(at(plain))
    mailer.send(a_mail(1))
    plain.manners.about_noop = "421 4.4.2 idle for too long"
    mailer.send(a_mail(2))
    assert (len(plain.received), plain.connections) == (2, 2)


def test_after_the_server_was_away_all_waiting_connections_are_replaced(plain: MailServer, mailer_at: MailerAt) -> None:
    mailer = mailer_at(at(plain))
    plain.holds()
    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(mailer.send, a_mail(number)) for number in range(4)]
        for _ in sending:
            plain.arriving.get(timeout=PATIENCE_SECONDS)
        plain.goes_on()
        for one in sending:
            one.result(PATIENCE_SECONDS)
    plain.goes()
    assert "nothing answers" in failure(mailer)
    plain.comes()
    mailer.send(a_mail(4))
    assert len(plain.received) == 5


def test_a_connection_that_nobody_uses_is_closed_by_us(plain: MailServer, mailer_at: MailerAt) -> None:
    mailer_at(at(plain), idle=timedelta(seconds=0.2)).send(a_mail())
    wait_until(lambda: plain.lost == 1)


def test_a_connection_is_left_after_a_hundred_mails(plain: MailServer, mailer_at: MailerAt) -> None:
    mailer = mailer_at(at(plain))
    for number in range(smtp.MOST_MAILS + 1):
        mailer.send(a_mail(number))
    assert (len(plain.received), plain.connections) == (smtp.MOST_MAILS + 1, 2)


def test_a_mail_whose_receipt_got_lost_is_not_called_delivered(plain: MailServer, mailer_at: MailerAt) -> None:
    """So it comes twice, with the same Message-ID: better than not at all."""
    plain.manners.loses = 1
    mailer = mailer_at(at(plain))
    assert "closed the connection" in failure(mailer)
    mailer.send(a_mail())
    assert [received.message_id for received in plain.received] == ["<1@login.example>"] * 2


def test_closing_says_goodbye_and_a_later_mail_opens_again(plain: MailServer, mailer_at: MailerAt) -> None:
    mailer = mailer_at(at(plain))
    mailer.send(a_mail(1))
    mailer.close()
    wait_until(lambda: plain.lost == 1)
    mailer.send(a_mail(2))
    assert plain.connections == 2


# The handshake that the doctor makes


def test_a_probe_goes_all_the_way_and_sends_nothing(serve: Serve, mailer_at: MailerAt, authority: Authority) -> None:
    server = serve(starttls=authority.server_context("127.0.0.1"), users={"idp": PASSWORD})
    mailer_at(server.url(login=f"idp:{ENCODED}@")).probe()
    assert (server.connections, server.received) == (1, [])
    with pytest.raises(DeliveryFailed, match="535"):
        mailer_at(server.url(login="idp:wrong@")).probe()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
