"""The two agents who share the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.sandbox.platform.people import GENESYS_PEOPLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Somebody who works at the desk.

    :param bridge_id: by which id an API key or a platform JWT names them.
    :param sign_in_id: their id at the platform that signs them in itself. Another one, since whom a sign-in
        knows by an id, no bridge may claim by the same.
    """

    key: str
    name: str
    email: str
    bridge_id: str
    sign_in_id: str


def _of(key: str, bridge_id: str) -> Agent:
    person = next(one for one in GENESYS_PEOPLE if one.key == key)
    return Agent(key=key, name=person.name, email=person.email or "", bridge_id=bridge_id, sign_in_id=person.subject)


AGENTS: Final = (_of("agent", "8001"), _of("no-role", "8002"))
