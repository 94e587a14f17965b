"""Who signs in with Google: Deepdesk's own staff, and those who must not pass for them."""

from __future__ import annotations

from dataclasses import replace

from idp.sandbox.platform.people.person import Person

GOOGLE_DOMAIN = "deepdesk.example"
GOOGLE_OTHER_DOMAIN = "other.example"

STAFF = Person(
    key="staff",
    subject="104857600000000000001",
    given_name="Casey",
    family_name="Staff",
    email="casey.staff@deepdesk.example",
    about="Works at Deepdesk",
    hosted_domain=GOOGLE_DOMAIN,
    groups=("everyone@deepdesk.example", "support@deepdesk.example"),
)

GOOGLE_PEOPLE = (
    STAFF,
    Person(
        key="staff-2",
        subject="104857600000000000002",
        given_name="Kim",
        family_name="Staff",
        email="kim.staff@deepdesk.example",
        about="Works at Deepdesk too",
        hosted_domain=GOOGLE_DOMAIN,
        groups=("everyone@deepdesk.example",),
    ),
    Person(
        key="consumer",
        subject="104857600000000000003",
        given_name="Sam",
        family_name="Consumer",
        email="sam.consumer@gmail.com",
        about="A private gmail.com account, with no hosted domain",
    ),
    Person(
        key="other-domain",
        subject="104857600000000000004",
        given_name="Alex",
        family_name="Elsewhere",
        email="alex@other.example",
        about="Works at another organisation that uses Google",
        hosted_domain=GOOGLE_OTHER_DOMAIN,
    ),
    Person(
        key="secondary",
        subject="104857600000000000005",
        given_name="Robin",
        family_name="Staff",
        email="robin.staff@deepdesk.nl.example",
        about="Works at Deepdesk, with an address in its secondary domain",
        hosted_domain=GOOGLE_DOMAIN,
    ),
    replace(
        STAFF,
        key="newcomer-same-address",
        subject="104857600000000000006",
        about="Somebody new who was given Casey’s old address",
        groups=(),
    ),
)
