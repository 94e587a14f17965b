"""The people of each simulated platform.

The same five work at the customer whatever platform it uses; each platform
adds those who are special to it.
"""

from idp.sandbox.platform.people.acme import PEOPLE
from idp.sandbox.platform.people.elsewhere import (
    OAUTH2_PEOPLE,
    RINGCENTRAL_ACCOUNT,
    RINGCENTRAL_OTHER_ACCOUNT,
    RINGCENTRAL_PEOPLE,
    SALESFORCE_ORGANISATION,
    SALESFORCE_OTHER_ORGANISATION,
    SALESFORCE_PEOPLE,
)
from idp.sandbox.platform.people.entra import (
    ENTRA_CONSUMERS,
    ENTRA_OTHER_TENANT,
    ENTRA_PEOPLE,
    ENTRA_TENANT,
    OVERAGE,
)
from idp.sandbox.platform.people.genesys import (
    GENESYS_ORGANISATION,
    GENESYS_ORGANISATION_NAMES,
    GENESYS_OTHER_ORGANISATION,
    GENESYS_PEOPLE,
    GENESYS_ROLE_IDS,
    RENAMED_ROLE,
)
from idp.sandbox.platform.people.google import GOOGLE_DOMAIN, GOOGLE_OTHER_DOMAIN, GOOGLE_PEOPLE
from idp.sandbox.platform.people.person import Person

__all__ = [
    "ENTRA_CONSUMERS",
    "ENTRA_OTHER_TENANT",
    "ENTRA_PEOPLE",
    "ENTRA_TENANT",
    "GENESYS_ORGANISATION",
    "GENESYS_ORGANISATION_NAMES",
    "GENESYS_OTHER_ORGANISATION",
    "GENESYS_PEOPLE",
    "GENESYS_ROLE_IDS",
    "GOOGLE_DOMAIN",
    "GOOGLE_OTHER_DOMAIN",
    "GOOGLE_PEOPLE",
    "OAUTH2_PEOPLE",
    "OVERAGE",
    "PEOPLE",
    "RENAMED_ROLE",
    "RINGCENTRAL_ACCOUNT",
    "RINGCENTRAL_OTHER_ACCOUNT",
    "RINGCENTRAL_PEOPLE",
    "SALESFORCE_ORGANISATION",
    "SALESFORCE_OTHER_ORGANISATION",
    "SALESFORCE_PEOPLE",
    "Person",
]
