"""Mail as operators meet it: what the doctor finds at the server, and what ``idp outbox list`` shows of a mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from idp.domain.context import Context
from idp.mails.kinds import Asked, ProofCode
from idp.services.mailing.post import post
from idp.services.parts import EXTENSION
from idp.store import outbox
from idp.store.outbox import OutboxKind
from idp.store.unit_of_work import unit_of_work
from tests.cli.conftest import Operator
from tests.outbound.servers import Authority
from tests.support.mail_server import mail_server

PASSWORD = "a-password-that-nobody-sees"
TO = "mia@acme.example"
PRODUCTION = {"IDP_ENV": "production", "IDP_ISSUER": "https://login.example", "IDP_SECRET_KEYS": "k" * 32}

At = Callable[..., Operator]


def finding(operator: Operator) -> tuple[str, str, int]:
    """Return verdict and sentence about mail, and how the doctor exits."""
    operator.gets("init")
    done = operator.types("doctor", "--json")
    [row] = [one for one in done.json if one["part"] == "mail"]
    assert PASSWORD not in done.out + done.err
    return row["verdict"], row["finding"], done.exit_code


@pytest.fixture
def at(at_database: At, migrated_url: str) -> At:
    def made(**settings: str) -> Operator:
        return at_database(migrated_url, **settings)

    return made


class TestTheDoctor:
    def test_shakes_hands_with_the_server_as_for_a_mail(self, at: At, tmp_path: Path) -> None:
        authority = Authority.make(tmp_path)
        context = authority.server_context("localhost")
        with mail_server(starttls=context, users={"idp": PASSWORD}) as server:
            url = server.url(host="localhost", login=f"idp:{PASSWORD}@")
            operator = at(IDP_MAIL_URL=url, IDP_OUTBOUND_CA_FILE=str(authority.file))
            verdict, told, exit_code = finding(operator)
            assert (verdict, exit_code) == ("ok", 0)
            assert told.startswith(f"The mail server localhost port {server.port} answers with STARTTLS")
            assert (server.connections, server.received) == (1, [])

    def test_names_a_wrong_password_and_does_not_show_it(self, at: At) -> None:
        with mail_server(users={"idp": "another"}) as server:
            operator = at(IDP_MAIL_URL=server.url(login=f"idp:{PASSWORD}@", tls="none"))
            verdict, told, exit_code = finding(operator)
        assert (verdict, exit_code) == ("broken", 1)
        assert "answered 535 to user and password" in told

    def test_names_a_certificate_that_is_not_trusted(self, at: At, tmp_path: Path) -> None:
        context = Authority.make(tmp_path).server_context("localhost")
        with mail_server(starttls=context) as server:
            verdict, told, _ = finding(at(IDP_MAIL_URL=server.url(host="localhost")))
        assert verdict == "broken"
        assert "the certificate of localhost is not trusted" in told

    def test_names_a_server_that_is_away(self, at: At) -> None:
        verdict, told, exit_code = finding(at(IDP_MAIL_URL=f"smtp://idp:{PASSWORD}@127.0.0.1:1"))
        assert (verdict, exit_code) == ("broken", 1)
        assert "nothing answers at 127.0.0.1 port 1" in told

    def test_points_at_production_without_a_server(self, at: At) -> None:
        verdict, told, exit_code = finding(at(**PRODUCTION))
        assert (verdict, exit_code) == ("look", 0)
        assert "IDP_MAIL_URL is not set" in told

    def test_says_where_mails_are_in_development(self, at: At) -> None:
        verdict, told, _ = finding(at())
        assert verdict == "ok"
        assert "mailbox" in told


def posted(operator: Operator) -> str:
    with operator.app.app_context(), unit_of_work() as session:
        now = datetime.now(UTC)
        code = ProofCode(
            account_name="Acme",
            code="ABCD-EFGH",
            service_name=None,
            asked=Asked(at=now, network=None),
            lives_for=timedelta(minutes=10),
        )
        given = {"to": TO, "language": "en", "account": "acme", "parts": operator.app.extensions[EXTENSION]}
        return post(session, code, **given, context=Context.of_operator("a-test", now))


def bounced(operator: Operator) -> str:
    item_id = posted(operator)
    now = datetime.now(UTC)
    kind = OutboxKind.MAIL
    with operator.app.app_context(), unit_of_work() as session:
        [item] = outbox.lease(session, holder="w", kinds=[kind], most=1, now=now, until=now + timedelta(minutes=1))
        outbox.bury(session, item, error="mail.example answered 550 5.1.1 about the recipient", now=now)
    return item_id


class TestTheListing:
    def test_shows_a_bounce_with_address_subject_and_reason(self, operator: Operator) -> None:
        item_id = bounced(operator)
        [item] = operator.gets("outbox", "list", "--account", "acme")
        assert (item["id"], item["kind"], item["state"], item["to"]) == (item_id, "mail", "dead", TO)
        assert item["subject"]
        assert item["last_error"] == "mail.example answered 550 5.1.1 about the recipient"

    def test_shows_it_to_people_too(self, operator: Operator) -> None:
        bounced(operator)
        told = "".join(operator.types("outbox", "list").out.split())
        assert TO in told
        assert "answered5505.1.1" in told

    def test_shows_nothing_that_is_sealed(self, operator: Operator) -> None:
        posted(operator)
        with operator.app.app_context(), unit_of_work() as session:
            [item] = outbox.unsettled(session, account=None)
            sealed, message_id = item.payload["sealed"], item.payload["message_id"]
        for done in (operator.types("outbox", "list"), operator.types("outbox", "list", "--json")):
            for hidden in (sealed[:40], message_id, "ABCD-EFGH"):
                assert hidden not in done.out

    def test_a_logout_has_neither_address_nor_subject(self, operator: Operator) -> None:
        with operator.app.app_context(), unit_of_work() as session:
            payload = {"to": "not-an-address", "subject": "a-person"}
            kind = OutboxKind.BACKCHANNEL_LOGOUT
            outbox.enqueue(session, kind, payload, account="acme", now=datetime.now(UTC))
        [item] = operator.gets("outbox", "list")
        assert (item["to"], item["subject"]) == (None, None)
