"""Who acts, when and from where: given to every service that changes something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from idp.domain.secrets import new_identifier


class ActorKind(StrEnum):
    """What kind of somebody acts."""

    OPERATOR = "operator"
    """A person on the command line of this machine."""
    USER = "user"
    CLIENT = "client"
    ANONYMOUS = "anonymous"
    """A browser before anybody signed in."""
    WORKER = "worker"
    """What runs by itself, beside the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts.

    :param id: the user's or client's identifier; for an operator the system's login name.
    """

    kind: ActorKind
    id: str | None = None


ANONYMOUS = Actor(kind=ActorKind.ANONYMOUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The circumstances of one act.

    :param now: aware, UTC.
    :param network: the peer's IP address in text, or none on the command line.
    :param request_id: ties the audit trail, the log and an error page's code together.
    """

    now: datetime
    actor: Actor
    network: str | None = None
    request_id: str

    @classmethod
    def of_operator(cls, name: str, now: datetime) -> Context:
        """Return the context of a command typed on this machine."""
        return cls(now=now, actor=Actor(kind=ActorKind.OPERATOR, id=name), request_id=new_identifier())

    @classmethod
    def of_worker(cls, now: datetime) -> Context:
        """Return the context of what the worker does by itself."""
        return cls(now=now, actor=Actor(kind=ActorKind.WORKER), request_id=new_identifier())
