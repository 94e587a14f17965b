"""The five who work at the simulated customer, at whichever platform that customer uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from idp.sandbox.platform.people.person import Person

PEOPLE = (
    Person(
        key="agent",
        subject="acme-7f3a0001",
        given_name="Sam",
        family_name="Agent",
        email="agent@acme.example",
        about="Agent: works with customers all day",
        roles=("deepdesk.agent",),
    ),
    Person(
        key="editor",
        subject="acme-7f3a0002",
        given_name="Kim",
        family_name="Editor",
        email="editor@acme.example",
        about="Editor: looks after texts in Studio",
        roles=("deepdesk.editor",),
    ),
    Person(
        key="manager",
        subject="acme-7f3a0003",
        given_name="Alex",
        family_name="Manager",
        email="manager@acme.example",
        about="Manager: decides who may do what",
        roles=("deepdesk.manager",),
    ),
    Person(
        key="no-role",
        subject="acme-7f3a0004",
        given_name="Robin",
        family_name="Newcomer",
        email="newcomer@acme.example",
        about="Nobody has given Robin a role yet",
    ),
    Person(
        key="unverified",
        subject="acme-7f3a0005",
        given_name="Charlie",
        family_name="Unverified",
        email="unverified@acme.example",
        about="Agent whose email address was never verified",
        email_verified=False,
        roles=("deepdesk.agent",),
    ),
)

AGENT, EDITOR, MANAGER, NO_ROLE, UNVERIFIED = PEOPLE


def known_as(subject: Callable[[int], str], tenant: str = "") -> tuple[Person, ...]:
    """Return the five as another platform knows them.

    :param subject: gives the immutable id of the person with that number, from 1.
    """
    return tuple(
        replace(person, subject=subject(number), tenant=tenant) for number, person in enumerate(PEOPLE, start=1)
    )
