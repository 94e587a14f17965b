"""The customer's five at RingCentral, Salesforce and a plain OAuth2 server."""

from __future__ import annotations

from dataclasses import replace

from idp.sandbox.platform.people.acme import AGENT, MANAGER, known_as
from idp.sandbox.platform.people.person import Person

RINGCENTRAL_ACCOUNT = "400100000001"
RINGCENTRAL_OTHER_ACCOUNT = "400100000002"

SALESFORCE_ORGANISATION = "00D5f0000001AcmEAE"
SALESFORCE_OTHER_ORGANISATION = "00D5f0000002UmbEAE"


def _extension_id(number: int) -> str:
    return str(400_200_000_000 + number)


def _salesforce_id(number: int) -> str:
    return f"0055f00000{number}aAcmAAE"


def _number(number: int) -> str:
    return str(100_200 + number)


def _others(other_tenant: str, agent: Person, manager: Person) -> tuple[Person, Person]:
    """Return somebody of another organisation, and somebody whose account is out of use."""
    stranger = replace(
        manager,
        key="other-organisation",
        given_name="Sam",
        family_name="Elsewhere",
        email="sam@umbrella.example",
        about="Somebody of another organisation, with the role of a manager there",
        tenant=other_tenant,
    )
    inactive = replace(
        agent,
        key="inactive",
        given_name="Kim",
        family_name="Inactive",
        email="inactive@acme.example",
        about="Agent whose account is inactive",
        is_active=False,
    )
    return stranger, inactive


RINGCENTRAL_PEOPLE = (
    *known_as(_extension_id, RINGCENTRAL_ACCOUNT),
    *_others(
        RINGCENTRAL_OTHER_ACCOUNT,
        replace(AGENT, subject=_extension_id(7), tenant=RINGCENTRAL_ACCOUNT),
        replace(MANAGER, subject=_extension_id(6)),
    ),
)
SALESFORCE_PEOPLE = (
    *known_as(_salesforce_id, SALESFORCE_ORGANISATION),
    *_others(
        SALESFORCE_OTHER_ORGANISATION,
        replace(AGENT, subject=_salesforce_id(7), tenant=SALESFORCE_ORGANISATION),
        replace(MANAGER, subject=_salesforce_id(6)),
    ),
)
OAUTH2_PEOPLE = known_as(_number)
