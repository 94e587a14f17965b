"""When a session is enough for a request: the right person, the right class of proof, and recent enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.domain.authentication import ACR_EMAIL, ACR_INTERACTIVE, Authentication
from idp.domain.authorization_request import AuthorizationRequest, Prompt
from idp.domain.identifiers import ClientId, UserId
from idp.domain.proof import LEEWAY, SignedIn, Verdict, judge
from idp.domain.scope import Scope

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ASKED = NOW - timedelta(minutes=5)
BEFORE, AFTER = ASKED - timedelta(hours=3), ASKED + timedelta(minutes=1)
PLAIN = AuthorizationRequest(
    client_id=ClientId("studio"), redirect_uri="https://a.example/", scope=(Scope.OPENID,), asked_at=ASKED
)
ANEW = replace(PLAIN, prompts=(Prompt.LOGIN,))
CHOSEN = replace(PLAIN, prompts=(Prompt.SELECT_ACCOUNT,))
AN_HOUR = replace(PLAIN, max_age=3600)
OUTLIVED = replace(AN_HOUR, outlived=True)


def person(
    at: datetime, *, proven_at: datetime | None = None, acr: str = ACR_INTERACTIVE, user: str = "kim"
) -> SignedIn:
    """Return somebody who came through the sign-in at a moment."""
    authentication = Authentication(at=at, acr=acr, amr=("fed",))
    return SignedIn(user_id=UserId(user), authentication=authentication, at=at, proven_at=proven_at)


@pytest.mark.parametrize(
    ("request_", "before", "after", "after_a_proof"),
    [
        (PLAIN, Verdict.ENOUGH, Verdict.ENOUGH, Verdict.ENOUGH),
        (ANEW, Verdict.SIGN_IN, Verdict.PROOF_MISSING, Verdict.ENOUGH),
        (CHOSEN, Verdict.SIGN_IN, Verdict.ENOUGH, Verdict.ENOUGH),
        (AN_HOUR, Verdict.SIGN_IN, Verdict.ENOUGH, Verdict.ENOUGH),
        (OUTLIVED, Verdict.SIGN_IN, Verdict.PROOF_MISSING, Verdict.ENOUGH),
        (replace(PLAIN, subject="kim"), Verdict.ENOUGH, Verdict.ENOUGH, Verdict.ENOUGH),
        (replace(PLAIN, subject="robin"), Verdict.SIGN_IN, Verdict.UNPROVEN, Verdict.UNPROVEN),
        (replace(ANEW, subject="robin"), Verdict.SIGN_IN, Verdict.UNPROVEN, Verdict.UNPROVEN),
        (replace(PLAIN, acr=(ACR_INTERACTIVE,)), Verdict.ENOUGH, Verdict.ENOUGH, Verdict.ENOUGH),
        (replace(PLAIN, acr=(ACR_EMAIL, ACR_INTERACTIVE)), Verdict.ENOUGH, Verdict.ENOUGH, Verdict.ENOUGH),
        (replace(PLAIN, acr=(ACR_EMAIL,)), Verdict.SIGN_IN, Verdict.UNPROVEN, Verdict.UNPROVEN),
        (replace(ANEW, acr=(ACR_EMAIL,)), Verdict.SIGN_IN, Verdict.UNPROVEN, Verdict.UNPROVEN),
        (replace(ANEW, acr=(ACR_INTERACTIVE,)), Verdict.SIGN_IN, Verdict.PROOF_MISSING, Verdict.ENOUGH),
    ],
)
def test_what_a_request_is_answered_with(request_, before, after, after_a_proof):
    """By whoever signed in before it, came back from a sign-in that dates nothing, and proved themselves since."""
    assert judge(request_, person(BEFORE, proven_at=BEFORE), now=NOW) is before
    assert judge(request_, person(AFTER), now=NOW) is after
    assert judge(request_, person(AFTER, proven_at=AFTER), now=NOW) is after_a_proof


@pytest.mark.parametrize("request_", [ANEW, OUTLIVED])
def test_a_proof_is_missing_until_somebody_dates_it_late_enough(request_):
    since = ASKED if request_ is ANEW else NOW - timedelta(hours=1)
    late, early = since - LEEWAY, since - LEEWAY - timedelta(microseconds=1)
    assert judge(request_, person(AFTER, proven_at=late), now=NOW) is Verdict.ENOUGH
    assert judge(request_, person(AFTER, proven_at=early), now=NOW) is Verdict.PROOF_MISSING
    assert judge(request_, person(AFTER, proven_at=None), now=NOW) is Verdict.PROOF_MISSING


def test_whoever_signed_in_at_the_very_moment_of_asking_has_not_come_back():
    assert judge(ANEW, person(ASKED, proven_at=ASKED), now=NOW) is Verdict.SIGN_IN


def test_a_request_that_never_waited_sends_to_the_sign_in():
    fresh = replace(ANEW, asked_at=None)
    assert judge(fresh, person(AFTER, proven_at=AFTER), now=NOW) is Verdict.SIGN_IN


def test_a_class_of_proof_that_is_not_had_is_asked_for_before_a_fresh_one():
    """Otherwise somebody would be mailed a code, and be refused after it."""
    wanted = replace(ANEW, acr=(ACR_EMAIL,))
    assert judge(wanted, person(AFTER, acr=ACR_INTERACTIVE), now=NOW) is Verdict.UNPROVEN
    assert judge(wanted, person(AFTER, acr=ACR_EMAIL), now=NOW) is Verdict.PROOF_MISSING


def test_a_mailed_code_makes_a_proof_fresh_and_no_stronger():
    proven = Authentication(at=BEFORE, acr=ACR_INTERACTIVE, amr=("fed", "pwd")).proven_by_mail(NOW)
    assert proven == Authentication(at=NOW, acr=ACR_INTERACTIVE, amr=("fed", "pwd", "email"))
    assert proven.proven_by_mail(NOW) == proven
    assert Authentication.by_mail(NOW) == Authentication(at=NOW, acr=ACR_EMAIL, amr=("email",))
