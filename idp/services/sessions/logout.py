"""Signing out, whose page can say how far it got (RP-Initiated Logout 1.0; CONTRACT §6 rule 14)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any

from sqlalchemy.orm import Session

from idp.domain.context import Context
from idp.domain.identifiers import ClientId, SessionId
from idp.domain.secrets import new_secret
from idp.services.parts import Parts
from idp.services.sessions import ending
from idp.services.sessions.ending import Ended, Told
from idp.store import outbox, sign_outs, sso_sessions
from idp.store.outbox import State
from idp.store.unit_of_work import reading, unit_of_work

TOLD_FOR = timedelta(hours=1)
"""How long the page after a sign-out can be looked at."""


class Progress(IntEnum):
    """How far a service has been told, the best news first."""

    TOLD = 1
    DEAF = 2
    """It has no address at which it could be told."""
    WAITING = 3
    UNREACHABLE = 4
    """We have given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of a sign-out."""

    client_id: ClientId
    client_name: str
    progress: Progress


def sign_out(sids: Collection[SessionId], *, context: Context) -> str:
    """End sessions and all that hangs on them.

    :returns: a reference, 43 base64url characters, by which :func:`progress_of` tells how far that got.
    """
    with unit_of_work() as session:
        return note(session, ending.end_sessions(session, list(sids), context=context), context=context)


def note(session: Session, ended: Ended, *, context: Context) -> str:
    """Keep in the caller's transaction whom an ending reached, for the page that tells how far they were told.

    :returns: as :func:`sign_out`; where nothing ended it tells of nothing.
    """
    reference = new_secret()
    if not ended.sessions:
        return reference
    services = [_kept(one) for one in ended.told]
    sign_outs.add(session, reference, services, now=context.now, expires_at=context.now + TOLD_FOR)
    return reference


def sign_out_of_everything(cookies: Collection[str], sids: Collection[SessionId] = (), *, context: Context) -> str:
    """Sign a browser out of all its sessions.

    :param sids: of those that have token cookies alone.
    :returns: as :func:`sign_out`.
    """
    with reading() as session:
        present = sso_sessions.unended(session, cookies, sids)
    return sign_out([one.sid for one in present], context=context)


def progress_of(reference: str, *, context: Context) -> Sequence[Service] | None:
    """Return the services of a sign-out, each once, by name; none when it is unknown or long ago."""
    with reading() as session:
        kept = sign_outs.services_of(session, reference, now=context.now)
        if kept is None:
            return None
        items = [one["item"] for one in kept if one["item"] is not None]
        states = outbox.states(session, items)
    found: dict[str, Service] = {}
    for one in kept:
        service = Service(
            client_id=ClientId(one["client_id"]),
            client_name=one["client_name"],
            progress=_progress(one["item"], states),
        )
        known = found.get(service.client_id)
        if known is None or known.progress < service.progress:
            found[service.client_id] = service
    return list(found.values())


def may_return_to(uri: str, client_id: str, *, parts: Parts, context: Context) -> bool:
    """Say whether a client registered an address for the way back after signing out (RP-Initiated Logout §3)."""
    client = parts.clients.find(client_id, context=context)
    if client is not None and uri not in client.metadata.post_logout_redirect_uris:
        # It may be a new one, which counts at once.
        client = parts.clients.again(client_id, context=context)
    return client is not None and uri in client.metadata.post_logout_redirect_uris


def _kept(told: Told) -> dict[str, Any]:
    return {"client_id": told.client_id, "client_name": told.client_name, "item": told.item}


def _progress(item: str | None, states: Mapping[str, State]) -> Progress:
    """Say how far one item got; one that an operator removed will not be delivered any more."""
    if item is None:
        return Progress.DEAF
    match states.get(item):
        case State.DONE:
            return Progress.TOLD
        case State.OPEN:
            return Progress.WAITING
        case _:
            return Progress.UNREACHABLE
