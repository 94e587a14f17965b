"""Who signs in with Genesys Cloud: the customer's five, and those whom the customer has not admitted."""

from __future__ import annotations

from types import MappingProxyType

from idp.sandbox.platform.people.acme import AGENT, MANAGER, known_as
from idp.sandbox.platform.people.person import Person

GENESYS_ORGANISATION = "5d1b8f0a-3c62-4f19-9d40-7e0a11c00001"
GENESYS_OTHER_ORGANISATION = "e4a7c3d2-91f5-4b08-8c6e-7e0a11c00002"

GENESYS_ORGANISATION_NAMES = MappingProxyType(
    {GENESYS_ORGANISATION: "Acme Contact Center", GENESYS_OTHER_ORGANISATION: "Umbrella Contact Center"}
)

RENAMED_ROLE = "Contact center agent"

GENESYS_ROLE_IDS = MappingProxyType(
    {
        "employee": "b7d0e3a4-0000-4c00-9a00-000000000000",
        "deepdesk.agent": "b7d0e3a4-0000-4c00-9a00-000000000001",
        "deepdesk.assistant_editor": "b7d0e3a4-0000-4c00-9a00-000000000002",
        "deepdesk.editor": "b7d0e3a4-0000-4c00-9a00-000000000003",
        "deepdesk.manager": "b7d0e3a4-0000-4c00-9a00-000000000004",
        RENAMED_ROLE: "b7d0e3a4-0000-4c00-9a00-000000000001",
    }
)
"""Ids by name; the renamed role is ``deepdesk.agent`` still, by its id."""


def _user_id(number: int) -> str:
    return f"d2f60b7e-18c4-4a9d-b3e1-{number:012x}"


GENESYS_PEOPLE = (
    *known_as(_user_id, GENESYS_ORGANISATION),
    Person(
        key="other-organisation",
        subject=_user_id(6),
        given_name="Sam",
        family_name="Elsewhere",
        email="sam@umbrella.example",
        about="Somebody of another organisation, with the role of a manager there",
        roles=MANAGER.roles,
        tenant=GENESYS_OTHER_ORGANISATION,
    ),
    Person(
        key="inactive",
        subject=_user_id(7),
        given_name="Kim",
        family_name="Inactive",
        email="inactive@acme.example",
        about="Agent whose account is inactive",
        roles=AGENT.roles,
        tenant=GENESYS_ORGANISATION,
        is_active=False,
    ),
    Person(
        key="clone",
        subject=_user_id(8),
        given_name="Charlie",
        family_name="Partner",
        email="charlie@umbrella.example",
        about="A partner’s employee, cloned into this organisation",
        roles=MANAGER.roles,
        tenant=GENESYS_ORGANISATION,
        home_tenant=GENESYS_OTHER_ORGANISATION,
    ),
    Person(
        key="renamed-role",
        subject=_user_id(9),
        given_name="Alex",
        family_name="Renamed",
        email="renamed@acme.example",
        about="Agent whose role was given another name",
        roles=(RENAMED_ROLE,),
        tenant=GENESYS_ORGANISATION,
    ),
)
