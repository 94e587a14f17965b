"""Who signs in with Microsoft: the customer's five, and those from other tenants or with unusual accounts."""

from __future__ import annotations

from dataclasses import replace

from idp.sandbox.platform.people.acme import AGENT, known_as
from idp.sandbox.platform.people.person import Person

ENTRA_TENANT = "3b0c6a52-7a3f-4d7e-9f5e-2a51c0de0001"
ENTRA_OTHER_TENANT = "c81f2d94-50be-4f6a-8d1b-2a51c0de0002"
ENTRA_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""Where Microsoft keeps private accounts, in reality too."""

OVERAGE = 200
"""More groups than this are left out of a token."""


def _object_id(number: int) -> str:
    return f"0a4e51d0-6f0b-4c3a-b2c7-{number:012x}"


def _group_id(number: int) -> str:
    return f"6e2b9c1f-94d7-4e08-a5f3-{number:012x}"


_GROUPS_OF = {
    "agent": (_group_id(1),),
    "editor": (_group_id(1), _group_id(2)),
    "manager": (_group_id(1), _group_id(3)),
}
_VERIFIED = {"agent": True, "editor": True, "manager": True, "unverified": False}

_FIVE = tuple(
    replace(person, groups=_GROUPS_OF.get(person.key, ()), domain_owner_verified=_VERIFIED.get(person.key))
    for person in known_as(_object_id, ENTRA_TENANT)
)

ENTRA_PEOPLE = (
    *_FIVE,
    Person(
        key="guest",
        subject=_object_id(6),
        given_name="Robin",
        family_name="Guest",
        email="robin.guest@umbrella.example",
        about="A guest from another tenant",
        roles=AGENT.roles,
        tenant=ENTRA_TENANT,
        home_tenant=ENTRA_OTHER_TENANT,
        username="robin.guest_umbrella.example#EXT#@acme.example",
    ),
    Person(
        key="other-tenant",
        subject=_object_id(7),
        given_name="Sam",
        family_name="Elsewhere",
        email="sam@umbrella.example",
        about="Somebody of another tenant, with the role of a manager there",
        roles=("deepdesk.manager",),
        tenant=ENTRA_OTHER_TENANT,
        domain_owner_verified=True,
    ),
    Person(
        key="consumer",
        subject="00000000-0000-0000-a5f3-000000000008",
        given_name="Charlie",
        family_name="Consumer",
        email="charlie.consumer@outlook.com",
        about="A private Microsoft account",
        tenant=ENTRA_CONSUMERS,
    ),
    Person(
        key="no-email",
        subject=_object_id(9),
        given_name="Kim",
        family_name="Agent",
        email=None,
        about="Agent without a mailbox, and so without an address",
        roles=AGENT.roles,
        tenant=ENTRA_TENANT,
        username="kim.agent@acme.example",
    ),
    Person(
        key="many-groups",
        subject=_object_id(10),
        given_name="Alex",
        family_name="Everywhere",
        email="alex@acme.example",
        about="Agent in more than 200 groups",
        roles=AGENT.roles,
        tenant=ENTRA_TENANT,
        groups=tuple(_group_id(number) for number in range(1, OVERAGE + 13)),
        domain_owner_verified=True,
    ),
)
