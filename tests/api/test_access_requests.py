"""``access-requests`` of the management API: reading, deciding, taking back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.domain.mail_sign_in import MagicLinks
from idp.services.registry import accounts
from idp.services.registry.accounts import AccountSettings
from idp.store.access_requests import AccessRequest, RequestKind, RequestStatus
from idp.store.unit_of_work import unit_of_work
from tests.support.app import SAM, OpenIdProvider
from tests.support.management import API, Caller, by_token, is_a_problem
from tests.support.rp import RelyingParty

ROBIN = "robin@elsewhere.example"


def asks(op: OpenIdProvider, name: str, *, account: str = "acme", minutes: int = 0) -> str:
    """Let somebody have asked for access; the request's id."""
    at = op.clock.now() + timedelta(minutes=minutes)
    with op.app.app_context(), unit_of_work() as session:
        session.add(
            AccessRequest(
                id=f"request-of-{name}",
                account_code=account,
                kind=RequestKind.ACCESS,
                status=RequestStatus.PENDING,
                email=f"{name}@elsewhere.example",
                email_canonical=f"{name}@elsewhere.example",
                email_vouched=False,
                attempts=1,
                created_at=at,
                last_attempt_at=at,
                expires_at=at + timedelta(days=7),
            )
        )
    return f"request-of-{name}"


@pytest.fixture
def robin(op: OpenIdProvider) -> str:
    """A request of somebody who would come in by mail."""
    with op.app.app_context():
        accounts.update("acme", AccountSettings(magic_link=MagicLinks.ALL), context=op.context)
    return asks(op, "robin")


def test_requests_are_listed_the_oldest_first_and_page_by_page(op: OpenIdProvider, mia: Caller) -> None:
    asked = [asks(op, name, minutes=minutes) for name, minutes in (("b", 1), ("a", 0), ("c", 1))]
    page = mia.gets("/access-requests?limit=2&status=pending")
    assert [one["id"] for one in page["items"]] == [asked[1], asked[0]]
    rest = mia.gets(f"/access-requests?limit=2&status=pending&cursor={page['next']}")
    assert [one["id"] for one in rest["items"]] == [asked[2]]
    assert rest["next"] is None
    assert mia.gets("/access-requests?status=denied")["items"] == []


def test_somebody_is_let_in(mia: Caller, robin: str) -> None:
    approved = mia.calls("POST", f"/access-requests/{robin}/approval", json={"role": "deepdesk.editor"})
    assert approved.status_code == 200, approved.text
    told = approved.get_json()
    assert (told["status"], told["role"], told["decided_by"]) == (
        "approved",
        "deepdesk.editor",
        mia.gets(f"{API}/session")["user"],
    )
    assert told["undo_until"] is not None
    assert mia.gets(f"/users/{told['user']}")["email"] == ROBIN
    again = mia.calls("POST", f"/access-requests/{robin}/denial", json={})
    assert is_a_problem(again, 409, "decided")


def test_or_is_not(mia: Caller, robin: str) -> None:
    denied = mia.calls("POST", f"/access-requests/{robin}/denial", json={"reason": "we do not  know you"})
    assert denied.status_code == 200, denied.text
    assert (denied.get_json()["status"], denied.get_json()["reason"]) == ("denied", "we do not know you")


def test_a_decision_is_taken_back_for_seconds(op: OpenIdProvider, mia: Caller, robin: str) -> None:
    assert is_a_problem(mia.calls("DELETE", f"/access-requests/{robin}/decision"), 409, "decided")
    mia.calls("POST", f"/access-requests/{robin}/denial", json={})
    assert mia.calls("DELETE", f"/access-requests/{robin}/decision").status_code == 204
    assert mia.gets(f"/access-requests/{robin}")["status"] == "pending"
    mia.calls("POST", f"/access-requests/{robin}/denial", json={})
    op.clock.advance(seconds=11)
    assert is_a_problem(mia.calls("DELETE", f"/access-requests/{robin}/decision"), 409, "decided")


def test_a_role_above_agent_wants_a_fresh_proof(op: OpenIdProvider, page: Caller, robin: str) -> None:
    op.clock.advance(minutes=16)
    where = f"/access-requests/{robin}/approval"
    refused = page.calls("POST", where, json={"role": "deepdesk.editor"})
    assert is_a_problem(refused, 401, "insufficient_user_authentication")
    assert page.calls("POST", where, json={"role": "deepdesk.agent"}).status_code == 200


def test_requests_of_other_accounts_are_not_there(op: OpenIdProvider, mia: Caller) -> None:
    op.account("beta")
    other = asks(op, "other", account="beta")
    for method, path in (("GET", ""), ("POST", "/approval"), ("POST", "/denial"), ("DELETE", "/decision")):
        assert is_a_problem(mia.calls(method, f"/access-requests/{other}{path}", json={}), 404, "not_found"), path
    assert mia.gets("/access-requests")["items"] == []


class TestByADeputy:
    @pytest.fixture
    def sam(self, op: OpenIdProvider, rp: RelyingParty, robin: str) -> Caller:
        """A service with the token of an agent who decides what no manager did in time."""
        op.signs_in(op.browser(), SAM)
        with op.app.app_context():
            accounts.update("acme", AccountSettings(deputies=("sam@acme.example",)), context=op.context)
        return by_token(op, rp, SAM)

    def test_it_is_theirs_once_nobody_did_in_time(self, op: OpenIdProvider, rp: RelyingParty, sam: Caller) -> None:
        [robin] = _ids(by_token(op, rp))
        assert _ids(sam) == []
        assert is_a_problem(sam.calls("GET", f"/access-requests/{robin}"), 404, "not_found")
        refused = sam.calls("POST", f"/access-requests/{robin}/approval", json={})
        assert is_a_problem(refused, 403, "not_yours")
        assert refused.get_json()["permission"] == "access_requests.change_accessrequest"
        assert "permission.denied" in op.audited()
        op.clock.advance(hours=25)
        sam = by_token(op, rp, SAM)
        assert _ids(sam) == [robin]
        above = sam.calls("POST", f"/access-requests/{robin}/approval", json={"role": "deepdesk.editor"})
        assert is_a_problem(above, 403, "not_yours")
        approved = sam.calls("POST", f"/access-requests/{robin}/approval", json={})
        assert approved.get_json()["status"] == "approved", approved.text

    def test_and_nothing_else_is(self, sam: Caller) -> None:
        assert is_a_problem(sam.calls("GET", "/users"), 403, "permission_missing")


def _ids(caller: Caller) -> list[str]:
    return [one["id"] for one in caller.gets("/access-requests")["items"]]
