"""What somebody sees and ends of their own: sessions, services that they allowed, their language.

Everything is looked up among the rows of the people who are signed in to the
asking browser, so another person's session or service does not exist here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.audit import trail
from idp.audit.events import ConsentWithdrawn
from idp.domain.consent import Disclosure
from idp.domain.context import Context
from idp.domain.errors import NotFound
from idp.domain.identifiers import ClientId, SessionId
from idp.services.oauth import consent
from idp.services.sessions import ending, logout
from idp.store import clients, consents, services_in_use, sessions_of_people, sso_sessions, users
from idp.store.sessions_of_people import SessionOfUser
from idp.store.sso_sessions import LiveSession
from idp.store.unit_of_work import reading, unit_of_work


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """One of a person's sessions.

    :param here: it is the one of the asking browser.
    :param services: names of those that were reached through it.
    """

    known: SessionOfUser
    here: bool
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedService:
    """A service that a person allowed to know something about them."""

    client_id: ClientId
    name: str
    since: datetime
    disclosures: tuple[Disclosure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """One person of the browser, with all they have open and allowed.

    :param sessions: the asking browser's first, then the latest sign-in.
    :param connected: names of the services that act for them while they are away.
    """

    person: LiveSession
    language: str | None
    sessions: tuple[OwnSession, ...]
    allowed: tuple[AllowedService, ...]
    connected: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedHere:
    """A browser's own session, which has ended.

    :param reference: by which ``services.sessions.logout.progress_of`` tells how far the services have been told.
    """

    session: LiveSession
    reference: str


def overview(present: Sequence[LiveSession], *, context: Context) -> tuple[OwnAccount, ...]:
    """Return what each person of a browser has open.

    :param present: the browser's live sessions.
    """
    return tuple(_own(person, context) for person in present)


def of_account(account: str, *, present: Sequence[LiveSession], context: Context) -> OwnAccount:
    """Return the same for one of them.

    :raises NotFound: nobody of that account is signed in to this browser.
    """
    return _own(_person_of(account, present), context)


def end_session(sid: str, *, present: Sequence[LiveSession], context: Context) -> EndedHere | None:
    """End one session of a person of this browser, and all that hangs on it.

    :returns: the browser's own session when that is the one, else none.
    :raises NotFound: it is nobody's of this browser, or ended before.
    """
    with unit_of_work() as session:
        own = {
            one.sid
            for person in present
            for one in sessions_of_people.of_user(session, person.user_id, now=context.now)
        }
        if sid not in own:
            raise NotFound
        ended = ending.end_sessions(session, [SessionId(sid)], context=context)
        here = next((one for one in present if one.sid == sid), None)
        return EndedHere(session=here, reference=logout.note(session, ended, context=context)) if here else None


def sign_out_everywhere(account: str, *, present: Sequence[LiveSession], context: Context) -> EndedHere:
    """End all that a person has open, in every browser and at every service.

    :returns: their session in this browser, which ended as well.
    :raises NotFound: as for :func:`of_account`.
    """
    person = _person_of(account, present)
    with unit_of_work() as session:
        ended = ending.end_all_of_user(session, person.user_id, context=context)
        return EndedHere(session=person, reference=logout.note(session, ended, context=context))


def withdraw(account: str, client_id: str, *, present: Sequence[LiveSession], context: Context) -> None:
    """Take back what a person allowed a service; what it holds of them ends in the same transaction.

    :raises NotFound: as for :func:`of_account`, or they allowed that service nothing.
    """
    person = _person_of(account, present)
    with unit_of_work() as session:
        own = {row.client_id for row in consents.of_user(session, person.user_id)}
        client = clients.find(session, ClientId(client_id)) if client_id in own else None
        if client is None or not consents.withdraw(session, person.user_id, ClientId(client_id)):
            raise NotFound
        ending.end_at_client(session, person.user_id, ClientId(client_id), context=context)
        event = ConsentWithdrawn(
            account=client.account_code or person.account_code, user=person.user_id, client=client_id
        )
        trail.record(session, event, context)


def choose_language(language: str, *, present: Sequence[LiveSession]) -> None:
    """Let the people of this browser be spoken to in a language from now on.

    :param language: one that the pages speak.
    """
    with unit_of_work() as session:
        for person in present:
            user = users.get(session, person.user_id)
            if user is not None:
                user.language = language


def language_of(sid: SessionId) -> str | None:
    """Return the language that the person of a session chose."""
    with reading() as session:
        return sso_sessions.language_of(session, sid)


def _person_of(account: str, present: Sequence[LiveSession]) -> LiveSession:
    found = next((one for one in present if one.account_code == account), None)
    if found is None:
        raise NotFound
    return found


def _own(person: LiveSession, context: Context) -> OwnAccount:
    with reading() as session:
        known = sessions_of_people.of_user(session, person.user_id, now=context.now)
        reached = services_in_use.of_sessions(session, [one.sid for one in known])
        sessions = [OwnSession(known=one, here=one.sid == person.sid, services=reached[one.sid]) for one in known]
        allowed = [
            AllowedService(
                client_id=ClientId(row.client_id),
                name=client.client_name,
                since=row.granted_at,
                disclosures=consent.allowed(row),
            )
            for row in consents.of_user(session, person.user_id)
            if (client := clients.find(session, ClientId(row.client_id))) is not None
        ]
        user = users.get(session, person.user_id)
        return OwnAccount(
            person=person,
            language=None if user is None else user.language,
            sessions=tuple(sorted(sessions, key=lambda one: not one.here)),
            allowed=tuple(allowed),
            connected=services_in_use.staying_connected(session, person.user_id, now=context.now),
        )
