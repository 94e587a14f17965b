"""``idp access-requests``: letting people in who asked, and saying whether a new sign-in is the person it met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from idp.cli.runtime import refusing
from idp.domain import errors
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.services.parts import EXTENSION, Parts
from idp.services.people import overdue_requests
from idp.services.registry import providers
from idp.services.sign_in import access_requests, entry, magic_link, mail_use
from idp.store import outbox
from idp.store.access_requests import AccessRequest
from idp.store.mail_proofs import Window
from idp.store.outbox import OutboxKind
from idp.store.unit_of_work import unit_of_work
from idp.tokens.mail_link import LinkKind
from tests.cli.conftest import Operator
from tests.cli.mailbox import Letter, delivered

SAM = "sam@acme.example"
ISSUER = "https://acme.okta.example"
CREATE = ("providers", "create", "acme", "okta", "--kind", "oidc", "--issuer", ISSUER, "--client-id", "x")


def parts_of(operator: Operator) -> Parts:
    parts: Parts = operator.app.extensions[EXTENSION]
    return parts


def context_of(operator: Operator) -> Context:
    return Context.of_operator("test", datetime.now(UTC))


def asks(operator: Operator, email: str = SAM, message: str = "I am new.\nMia knows me.") -> str:
    """Ask for access as somebody does who presses the mail's button; returns the request's id."""
    parts, context = parts_of(operator), context_of(operator)
    window = Window(service_name="Studio")
    with operator.app.app_context():
        proof = magic_link.ask(email, AccountCode("acme"), window=window, parts=parts, context=context)
        token = parts.mail_links.make(LinkKind.MAIL, proof)
        status = access_requests.confirm(token, message, parts=parts, context=context)
        return parts.mail_links.read(LinkKind.REQUEST, status)


def meets(operator: Operator, *, vouched: bool = True) -> str:
    """Sign in at okta with the address of Kim, who signs in there by another id; returns the request's id."""
    operator.gets(*CREATE, "--client-secret-file", "-", stdin="secret")
    operator.gets("users", "create", "kim@acme.example", "--account", "acme", "--role", "deepdesk.editor")
    parts, context = parts_of(operator), context_of(operator)
    kim = UpstreamIdentity(
        issuer=ISSUER,
        subject="kims-own",
        authenticated_at=context.now,
        email="kim@acme.example",
        email_vouched=True,
        name="Kim",
        roles=RoleEvidence(claim="roles"),
    )
    stranger = replace(kim, subject="00u1", email_vouched=vouched, name="Kim K.")
    with operator.app.app_context():
        okta = providers.show("acme", "okta")
        entry.enter(okta, kim, cookies=(), parts=parts, context=context)
        with pytest.raises(errors.NotAdmitted):
            entry.enter(okta, stranger, cookies=(), parts=parts, context=context)
    [request] = operator.gets("access-requests", "list")
    found: str = request["id"]
    return found


def subjects_of_kim(operator: Operator) -> set[str]:
    """Return by which ids Kim signs in."""
    kim = operator.gets("users", "show", "kim@acme.example", "--account", "acme")
    return {link["subject"] for link in kim["upstream_identities"]}


def approves(operator: Operator, request_id: str) -> Letter:
    """Approve a request, and return the mail about it."""
    earlier = delivered(operator)
    operator.gets("access-requests", "approve", request_id)
    [letter] = [one for one in delivered(operator) if one not in earlier]
    return letter


def the(operator: Operator, request_id: str) -> dict[str, Any]:
    """Return a request as it is listed."""
    [found] = [one for one in operator.gets("access-requests", "list") if one["id"] == request_id]
    return dict(found)


def set_of(operator: Operator, request_id: str, **values: object) -> None:
    """Let time have passed for a request."""
    with operator.app.app_context(), unit_of_work() as session:
        session.execute(update(AccessRequest).where(AccessRequest.id == request_id).values(**values))


class TestListing:
    def test_both_kinds_stand_side_by_side_the_oldest_first(self, operator: Operator) -> None:
        link, access = meets(operator, vouched=False), asks(operator)
        listed = operator.gets("access-requests", "list", "--account", "acme")
        assert [(one["id"], one["kind"]) for one in listed] == [(link, "link"), (access, "access")]
        assert set(listed[0]) == set(listed[1])
        assert (listed[0]["provider"], listed[0]["subject"], listed[0]["email_vouched"]) == ("okta", "00u1", False)
        assert listed[0]["meets"] == "Kim <kim@acme.example> deepdesk.editor"
        asked = listed[1]
        assert (asked["email"], asked["message"], asked["service"]) == (SAM, "I am new.\nMia knows me.", "Studio")
        assert (asked["email_vouched"], asked["role"], asked["bounced"]) == (None, None, False)
        created, expires = (datetime.fromisoformat(asked[name]) for name in ("created_at", "expires_at"))
        assert expires - created == timedelta(days=7)

    def test_people_see_what_any_of_them_has_and_a_message_on_one_line(self, operator: Operator) -> None:
        asks(operator)
        heading, row = operator.types("access-requests", "list").out.splitlines()
        assert "I am new. Mia knows me." in row
        assert "service" in heading
        assert "subject" not in heading
        meets_nobody = operator.types("access-requests", "list", "--status", "denied")
        assert (meets_nobody.out, meets_nobody.err) == ("", "Nothing to decide.\n")

    def test_people_see_that_an_address_is_not_vouched_for(self, operator: Operator) -> None:
        meets(operator, vouched=False)
        heading, row = operator.types("access-requests", "list").out.splitlines()
        assert "email vouched" in heading
        assert " no " in row
        assert "message" not in heading

    def test_one_accounts_only(self, operator: Operator) -> None:
        asks(operator)
        operator.gets("accounts", "create", "globex", "--name", "Globex")
        assert operator.gets("access-requests", "list", "--account", "globex") == []
        assert operator.types("access-requests", "list", "--account", "nobody").exit_code == 1

    def test_what_nobody_decided_has_expired(self, operator: Operator) -> None:
        request = asks(operator)
        set_of(operator, request, expires_at=datetime.now(UTC))
        with operator.app.app_context():
            overdue_requests.look_after(parts=parts_of(operator), context=context_of(operator))
        [expired] = operator.gets("access-requests", "list", "--status", "expired")
        assert (expired["id"], expired["status"]) == (request, "expired")
        assert operator.gets("access-requests", "list", "--status", "pending") == []

    def test_a_mail_about_the_decision_that_bounced_is_shown(self, operator: Operator) -> None:
        request, now = asks(operator), datetime.now(UTC)
        delivered(operator)
        operator.gets("access-requests", "deny", request)
        with operator.app.app_context(), unit_of_work() as session:
            until = now + timedelta(minutes=1)
            [item] = outbox.lease(
                session, holder="w", kinds=[OutboxKind.MAIL], most=9, now=until, until=until + timedelta(minutes=1)
            )
            outbox.bury(session, item, error="mail.example answered 550", now=until)
        assert the(operator, request)["bounced"] is True


class TestApproving:
    def test_somebody_is_let_in_as_an_agent_and_mailed_a_link_at_once(self, operator: Operator) -> None:
        request = asks(operator)
        letter, approved = approves(operator, request), the(operator, request)
        assert (approved["status"], approved["role"]) == ("approved", "deepdesk.agent")
        made = operator.gets("users", "show", SAM, "--account", "acme")
        assert (made["id"], made["roles"], made["email_proved"]) == (approved["user"], ["deepdesk.agent"], False)
        assert letter.to == SAM
        assert letter.token
        assert letter.code

    def test_or_as_what_is_said(self, operator: Operator) -> None:
        approved = operator.gets("access-requests", "approve", asks(operator), "--role", "deepdesk.manager")
        assert approved["role"] == "deepdesk.manager"
        assert operator.gets("users", "show", approved["user"])["roles"] == ["deepdesk.manager"]

    @pytest.mark.parametrize("role", ["boss", "", "deepdesk.Manager", "é"])
    def test_a_role_that_is_none_is_refused_in_one_line_that_names_the_choices(
        self, operator: Operator, role: str
    ) -> None:
        request = asks(operator)
        done = operator.types("access-requests", "approve", request, "--role", role)
        assert (done.exit_code, len(done.problems)) == (1, 1)
        assert "choose from: deepdesk.manager, " in done.err
        assert the(operator, request)["status"] == "pending"

    def test_once_they_came_it_is_known_how_long_it_took(self, operator: Operator) -> None:
        request = asks(operator)
        letter = approves(operator, request)
        set_of(operator, request, created_at=datetime.now(UTC) - timedelta(hours=2))
        assert (the(operator, request)["arrived_at"], the(operator, request)["seconds_to_access"]) == (None, None)
        parts, context = parts_of(operator), context_of(operator)
        with operator.app.app_context():
            mail_use.press(letter.token, letter.code, browser="", cookies=(), parts=parts, context=context)
        row = the(operator, request)
        assert row["arrived_at"] is not None
        assert 7200 <= row["seconds_to_access"] < 7260
        assert operator.gets("users", "show", SAM, "--account", "acme")["email_proved"] is True
        assert "seconds to access" in operator.types("access-requests", "list").out

    def test_what_was_denied_or_expired_can_be_approved_after_all(self, operator: Operator) -> None:
        request = asks(operator)
        operator.gets("access-requests", "deny", request, "--reason", "a mistake")
        assert operator.gets("access-requests", "approve", request)["status"] == "approved"
        assert the(operator, request)["reason"] is None

    def test_a_sign_in_becomes_whom_it_met(self, operator: Operator) -> None:
        request = meets(operator)
        done = operator.types("access-requests", "approve", request, "--json")
        assert (done.exit_code, done.err, done.json["status"]) == (0, "", "approved")
        assert subjects_of_kim(operator) == {"kims-own", "00u1"}

    def test_of_an_address_that_nobody_vouched_for_is_told_how_to_undo_it(self, operator: Operator) -> None:
        request = meets(operator, vouched=False)
        done = operator.types("access-requests", "approve", request, "--json")
        assert done.json["status"] == "approved"
        assert f"idp access-requests deny {request}" in done.err

    def test_a_sign_in_keeps_the_roles_of_whom_it_met(self, operator: Operator) -> None:
        request = meets(operator)
        done = operator.types("access-requests", "approve", request, "--role", "deepdesk.agent")
        assert (done.exit_code, len(done.problems)) == (1, 1)
        assert "leave it out" in done.err
        assert the(operator, request)["status"] == "pending"


class TestDenying:
    def test_the_asker_reads_why(self, operator: Operator) -> None:
        request = asks(operator)
        denied = operator.gets("access-requests", "deny", request, "--reason", "Ask Mia for a seat first.")
        assert (denied["status"], denied["reason"]) == ("denied", "Ask Mia for a seat first.")
        [letter] = [one for one in delivered(operator) if "Ask Mia for a seat first." in one.text]
        assert letter.to == SAM
        assert operator.gets("users", "list") == []

    @pytest.mark.parametrize("reason", ["x" * 501, "a\nb"])
    def test_a_reason_is_short_and_printable(self, operator: Operator, reason: str) -> None:
        request = asks(operator)
        done = operator.types("access-requests", "deny", request, "--reason", reason)
        assert (done.exit_code, len(done.problems)) == (1, 1)
        assert the(operator, request)["status"] == "pending"

    def test_a_sign_in_that_was_approved_is_untied(self, operator: Operator) -> None:
        request = meets(operator)
        operator.gets("access-requests", "approve", request)
        assert operator.gets("access-requests", "deny", request)["status"] == "denied"
        assert subjects_of_kim(operator) == {"kims-own"}


@pytest.mark.parametrize("made", [asks, meets])
@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_deciding_twice_is_refused_in_one_line_that_says_where_to_look(
    operator: Operator, made: Callable[[Operator], str], verb: str
) -> None:
    request = made(operator)
    operator.gets("access-requests", verb, request)
    mails = len(delivered(operator))
    done = operator.types("access-requests", verb, request)
    assert (done.exit_code, done.out, len(done.problems)) == (1, "", 1)
    assert "idp access-requests list" in done.err
    assert len(delivered(operator)) == mails


@pytest.mark.parametrize("made", [asks, meets])
@pytest.mark.parametrize(("verb", "status"), [("approve", "approved"), ("deny", "denied")])
def test_people_are_told_in_words(operator: Operator, made: Callable[[Operator], str], verb: str, status: str) -> None:
    done = operator.types("access-requests", verb, made(operator))
    assert (done.exit_code, done.err) == (0, "")
    assert status in done.out
    assert "\ufffd" not in done.out


def test_what_somebody_was_let_in_by_cannot_be_denied(operator: Operator) -> None:
    request = asks(operator)
    operator.gets("access-requests", "approve", request)
    assert operator.types("access-requests", "deny", request).exit_code == 1
    assert the(operator, request)["status"] == "approved"


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_what_nobody_asked_is_not_found(operator: Operator, verb: str) -> None:
    done = operator.types("access-requests", verb, "nothing")
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert "idp access-requests list" in done.err


def test_every_decision_is_in_the_trail(operator: Operator) -> None:
    request = asks(operator)
    operator.gets("access-requests", "deny", request, "--reason", "a mistake")
    operator.gets("access-requests", "approve", request, "--role", "deepdesk.editor")
    events = [one for one in operator.gets("audit", "list") if one["kind"] == "access.decided"]
    assert [(one["details"]["decision"], one["details"]["role"]) for one in events] == [
        ("denied", None),
        ("approved", "deepdesk.editor"),
    ]
    assert all(one["actor"].startswith("operator:") for one in events)


@pytest.mark.parametrize(
    "refusal",
    [
        errors.DecisionTooLate("it was decided"),
        errors.DecisionNotYours("another person has to decide it"),
        errors.MailNotOffered(),
        errors.AddressRefused(),
        errors.MailLinkRefused("altered"),
        errors.MailLinkSpent(used=True, token=None),
        errors.TooManyRequests(timedelta(minutes=1)),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
def test_a_refusal_is_one_line_that_says_what_to_do(
    refusal: errors.DomainError, capsys: pytest.CaptureFixture[str]
) -> None:
    @refusing
    def command() -> None:
        raise refusal

    with pytest.raises(SystemExit) as ended:
        command()
    [line] = capsys.readouterr().err.splitlines()
    assert ended.value.code == 1
    assert line.startswith("Error: ")
    assert type(refusal).__name__ not in line
    assert any(mend in line for mend in ("idp ", "ask ", "give ", "try "))
