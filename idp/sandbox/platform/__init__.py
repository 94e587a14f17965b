"""Simulated platforms of customers: real providers with people to pick from, and faults by switch.

A platform by the book (OpenID Connect), Google Workspace, Microsoft Entra,
Genesys Cloud, RingCentral, Salesforce, and a plain OAuth2 server. Written
without the provider's own code, so that the two cannot share a mistake.
"""

from idp.sandbox.platform.app import create_platform
from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.kinds import KINDS, Kind
from idp.sandbox.platform.people import PEOPLE, Person
from idp.sandbox.platform.state import Platform, PlatformClient, platform_of

__all__ = [
    "KINDS",
    "PEOPLE",
    "Fault",
    "Kind",
    "Person",
    "Platform",
    "PlatformClient",
    "create_platform",
    "platform_of",
]
