"""The people who work at the simulated customer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody to sign in as.

    :param key: names the person in the picker's form.
    :param subject: the immutable id that tokens carry as ``sub``.
    :param about: what is special about them, in a few words.
    :param roles: as the platform assigns them; none leaves the claim out.
    """

    key: str
    subject: str
    given_name: str
    family_name: str
    email: str
    about: str
    email_verified: bool = True
    roles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.given_name} {self.family_name}"


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
