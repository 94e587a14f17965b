"""Which of a browser's sessions a client may be answered with, and what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from idp.domain import proof
from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode, ProviderCode
from idp.domain.proof import SignedIn, Verdict
from idp.domain.staff import covers, entry_into
from idp.services.registry.clients import RegisteredClient
from idp.store import providers, staff_entries, staff_grants
from idp.store.sso_sessions import LiveSession
from idp.store.unit_of_work import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Nobody:
    """None of the browser's sessions will do: somebody has to sign in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The client can be answered."""

    session: LiveSession


@dataclass(frozen=True, slots=True, kw_only=True)
class MustChoose:
    """A staff member who may enter, and has not said so for this client yet."""

    session: LiveSession


@dataclass(frozen=True, slots=True, kw_only=True)
class NoGrant:
    """A staff member who may not enter.

    :param wanted: the request asked for staff, so nobody else will do.
    """

    session: LiveSession
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """Somebody signed in for this request, and it is still not the person or the proof that it asks for."""

    session: LiveSession


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofMissing:
    """The person signed in for this request, and nobody says that they proved themselves anew: a mailed code may."""

    session: LiveSession


@dataclass(frozen=True, slots=True, kw_only=True)
class TooOld:
    """Somebody is there whose last proof is older than the request allows: they have to prove themselves anew."""

    session: LiveSession


Presence = Nobody | Ready | MustChoose | NoGrant | Unproven | ProofMissing | TooOld


def of(
    request: AuthorizationRequest,
    client: RegisteredClient,
    sessions: Sequence[LiveSession],
    *,
    context: Context,
) -> Presence:
    """Say who is there for a client, and whether that is whom and what the request asks for.

    The client's own people go first, unless the request asks for staff.

    :param sessions: the browser's live ones, the latest sign-in first.
    """
    found = _present(request, client, sessions, context)
    if not isinstance(found, Ready | MustChoose):
        return found
    person = _signed_in(found.session)
    match proof.judge(request, person, now=context.now):
        case Verdict.ENOUGH:
            return found
        case Verdict.PROOF_MISSING:
            return ProofMissing(session=found.session)
        case Verdict.UNPROVEN:
            return Unproven(session=found.session)
        case Verdict.SIGN_IN if proof.is_too_old(request, person, now=context.now):
            return TooOld(session=found.session)
        case _:
            return Nobody()


def _signed_in(session: LiveSession) -> SignedIn:
    return SignedIn(
        user_id=session.user_id,
        authentication=session.authentication,
        at=session.signed_in_at,
        proven_at=session.proven_at,
    )


def _present(
    request: AuthorizationRequest, client: RegisteredClient, sessions: Sequence[LiveSession], context: Context
) -> Presence:
    own = (request.account,) if request.account else client.accounts
    mine = next((one for one in sessions if one.account_code in own), None)
    if not client.is_entered_by_staff:
        return Nobody() if mine is None else Ready(session=mine)
    guest = next((one for one in sessions if one.account_code == STAFF_ACCOUNT), None)
    if mine is not None and request.staff_hint is None:
        return Ready(session=mine)
    with reading() as session:
        wanted = _asks_for_staff(session, request)
        if mine is not None and not wanted:
            return Ready(session=mine)
        return Nobody() if guest is None else _guest(session, guest, client, wanted, context)


def _asks_for_staff(session: Session, request: AuthorizationRequest) -> bool:
    """Say whether ``idp_hint`` names a provider that staff have; another hint is a wish that nobody can fulfil."""
    hint = request.staff_hint
    return hint is not None and providers.find(session, AccountCode(STAFF_ACCOUNT), ProviderCode(hint)) is not None


def _guest(session: Session, guest: LiveSession, client: RegisteredClient, wanted: bool, context: Context) -> Presence:
    account = client.accounts[0]
    grants = [row.as_grant() for row in staff_grants.of_user(session, guest.user_id)]
    entry = entry_into(account, grants, now=context.now)
    if entry is None:
        return NoGrant(session=guest, wanted=wanted)
    if covers(staff_entries.entered_as(session, guest.sid, client.client_id), entry.roles):
        return Ready(session=guest)
    return MustChoose(session=guest)
