"""Whether the person of a session is who a request asks for, and proved it recently enough (CONTRACT §6 rule 9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from idp.domain.authentication import Authentication
from idp.domain.authorization_request import AuthorizationRequest, Prompt
from idp.domain.identifiers import UserId

LEEWAY = timedelta(seconds=60)
"""How far an upstream's clock may be from ours."""


class Verdict(Enum):
    """What a request may be answered with."""

    ENOUGH = auto()
    """The session will do."""
    SIGN_IN = auto()
    """The person has to sign in first."""
    PROOF_MISSING = auto()
    """They did, and are who is asked for; nobody says when they last proved it."""
    UNPROVEN = auto()
    """They did, and it is still not what was asked for: going round once more would not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What a session says about its person.

    :param at: when they last came through the sign-in.
    :param proven_at: when they demonstrably proved who they are; none where nobody says.
    """

    user_id: UserId
    authentication: Authentication
    at: datetime
    proven_at: datetime | None


def judge(request: AuthorizationRequest, person: SignedIn, *, now: datetime) -> Verdict:
    """Say whether a session is enough for a request."""
    came_back = request.asked_at is not None and person.at > request.asked_at
    if not _is_asked_for(request, person, came_back=came_back):
        return Verdict.UNPROVEN if came_back else Verdict.SIGN_IN
    if _is_fresh(request, person, came_back=came_back, now=now):
        return Verdict.ENOUGH
    return Verdict.PROOF_MISSING if came_back else Verdict.SIGN_IN


def is_too_old(request: AuthorizationRequest, person: SignedIn, *, now: datetime) -> bool:
    """Say whether the last proof is older than the request's ``max_age`` (OpenID Connect Core §3.1.2.1)."""
    return request.max_age is not None and now > person.authentication.at + timedelta(seconds=request.max_age)


def _is_asked_for(request: AuthorizationRequest, person: SignedIn, *, came_back: bool) -> bool:
    """Say whether it is the person, and the class of proof, that the request asks for."""
    if request.subject not in {None, person.user_id}:
        return False
    if request.acr and person.authentication.acr not in request.acr:
        return False
    return came_back or Prompt.SELECT_ACCOUNT not in request.prompts


def _is_fresh(request: AuthorizationRequest, person: SignedIn, *, came_back: bool, now: datetime) -> bool:
    if request.wants_a_new_proof:
        return came_back and _is_proven(person, since=request.asked_at)
    if request.outlived and request.max_age is not None:
        return came_back and _is_proven(person, since=now - timedelta(seconds=request.max_age))
    return not is_too_old(request, person, now=now)


def _is_proven(person: SignedIn, *, since: datetime | None) -> bool:
    """Say whether the proof is dated late enough, by the upstream itself or by us: that it answered proves nothing."""
    return person.proven_at is not None and (since is None or person.proven_at >= since - LEEWAY)
